"""What holds for a whole document: its period, status and signature, what a letter or a page says of it, and what was before it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import takewhile

from haihe.packs.plans.reading import metadata
from haihe.packs.plans.reading.boundaries import Span
from haihe.packs.plans.reading.model import Document, Period, Target
from haihe.packs.plans.reading.outline import numbering_of

Line = tuple[int, str]
Facts = tuple[str | None, str | None, str | None]  # number, date of issue, issuer


def with_past(document: Document) -> Document:
    """Figures of a year before the document was issued and before its period began say what was: baselines."""
    issued = re.search(r"(?:19|20)\d\d", document.issued_on or document.number or "")
    years = [year for year in (document.period.start, issued[0] if issued else None) if year]
    if not years:
        return document
    targets = tuple(
        replace(t, kind="baseline", strength="binding") if (year_of(t) or "9999") < min(years) else t
        for t in document.targets
    )
    return replace(document, targets=targets)


def year_of(target: Target) -> str | None:
    """The year to which a figure belongs: its deadline's, or the last of the five that “十三五”期间 names."""
    if target.deadline:
        return target.deadline[:4]
    span = re.search(r"“?十[一二三四五六七]五”?(?:期间|时期|末)", target.text)
    return metadata.period_in(span[0], []).end if span else None


def with_facts(document: Document, facts: Facts) -> Document:
    """The document with those facts that it does not give itself."""
    number, issued_on, issuer = facts
    return replace(
        document, number=document.number or number, issued_on=document.issued_on or issued_on, issuer=document.issuer or issuer
    )  # fmt: skip


def header_facts(header: list[Line], originals: list[str]) -> Facts:
    """Number, date and issuer from what stands above the first title: the letter that forwards it, without a title of its own."""
    return (
        metadata.number_in(header[-40:], originals),
        metadata.issued_on(header[-6:]),
        metadata.signer_of(header[-40:]),
    )


def notice_facts(notice: Span, header: list[Line], originals: list[str]) -> tuple[str | None, str | None, str | None]:
    near = [*header[-6:], *notice.body]
    return metadata.number_in(near, originals), metadata.issued_on(near), metadata.issuer_of(notice.title, notice.body)


def signed(span: Span, header: list[Line]) -> str | None:
    """Who issued a document whose title does not say so: the signature above it, under its title, or with a date at its end."""
    under = list(takewhile(lambda line: numbering_of(line[1]) is None and "。" not in line[1], span.body[:8]))
    at_the_end = span.body[-4:] if metadata.issued_on(span.body[-4:]) else []
    return metadata.signer_of(header[-40:]) or metadata.issuer_of("", under) or metadata.signer_of(at_the_end)


def period(span: Span) -> Period:
    """Its own period; that of an article is the period of the plan it tells of."""
    own = metadata.period_in(span.title, span.body)
    if own.start is None and span.kind == "news":
        cited = (m[0] for _, text in span.body for m in re.finditer(r"《[^》]*》", text))
        return next((period for title in cited if (period := metadata.period_in(title, [])).start), own)
    return own


def status(title: str, span: Span) -> str:
    own = metadata.status_of(title)
    if own == "final" and span.kind == "news":
        return next((metadata.status_of(m[0]) for _, text in span.body if (m := re.search(r"《[^》]*》", text))), own)
    return own


def without_own_titles(document: Document, documents: list[Document]) -> Document:
    """A document does not cite itself, nor a notice the plan that it forwards in the same text."""
    own = {re.sub(r"\W", "", each.title) for each in documents}
    cited = tuple(each for each in document.references if re.sub(r"\W", "", each.title) not in own)
    return replace(document, references=cited)
