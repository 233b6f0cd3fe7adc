"""From a file to stored documents and clauses. The same bytes import once; a revised document keeps what a person corrected."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import models
from rapidfuzz import fuzz

from haihe.kernel import audit, locks, search
from haihe.kernel.errors import InvalidInput, UnreadableDocument
from haihe.kernel.evidence import EvidenceFile, discard
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action
from haihe.packs.plans.models import Clause, Plan, PlanFile
from haihe.packs.plans.reading.model import SCHEMA_VERSION

READING_LIMIT_S = 90
SAME_CLAUSE_LIKENESS = 75  # below this two clauses of two versions are different clauses
_STATUS_WORDS = re.compile(r"[（(](?:试行|征求意见稿|公开征求意见稿|送审稿|暂行|草案|修订稿|修订)[）)]|三年(?=行动)")


@dataclass(frozen=True)
class Imported:
    """What an import did. `created` is False where these bytes were imported before."""

    plans: list[Plan]
    created: bool


def read_isolated(path: Path, name: str) -> dict[str, Any]:
    """Read a file in a process of its own (see reading/__main__.py); the errors are UnreadableDocument."""
    command = [sys.executable, "-m", "haihe.packs.plans.reading", str(path), name]
    try:
        done = subprocess.run(command, capture_output=True, timeout=READING_LIMIT_S, check=False)
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise UnreadableDocument(
            "读取该文件用时过长或出错，已中止。", "Reading took too long or failed and was stopped.", where=name,
            to_do_zh="请另存为 .docx 或 .txt 后再试。", to_do_en="Save it as .docx or .txt and try again.",
        ) from error  # fmt: skip
    if "error" in answer:
        told = answer["error"]
        raise UnreadableDocument(
            told["message_zh"],
            told["message_en"],
            where=told["where"],
            to_do_zh=told["to_do_zh"],
            to_do_en=told["to_do_en"],
        )
    return dict(answer)


def import_evidence(account: Account, file: EvidenceFile) -> Imported:
    """Read a received file and store its documents and clauses: all of it or nothing, the received file included."""
    known = PlanFile.objects.filter(sha256=file.sha256, reader_version=SCHEMA_VERSION).first()
    try:
        reading = read_isolated(file.path, file.name) if known is None else None
        imported = store_reading(account, None, file=file, reading=reading)
    except BaseException:
        discard(file)
        raise
    if not imported.created:
        discard(file)  # the bytes were kept with the first import
    return imported


@action("plan.import", "导入规划文件", "import a plan document", roles=[Role.SUPERVISOR])
def store_reading(account: Account, _: None, *, file: EvidenceFile, reading: dict[str, Any] | None) -> Imported:
    """Store a reading (the JSON of reading.Reading). With None the file must have been imported before."""
    # Of two imports at once the second waits here and then finds the first one's file stored, or its document to replace.
    locks.hold("plans.import")
    known = PlanFile.objects.filter(sha256=file.sha256).first()
    if known is not None and (reading is None or known.reader_version == SCHEMA_VERSION):
        audit.note(file=file.name, sha256=file.sha256, again=True)
        return Imported(list(known.plans.order_by("line", "pk")), created=False)
    if reading is None:
        raise InvalidInput("文件尚未读取。", "The file was not read.", where=file.name)
    if not any(document["kind"] not in ("other",) for document in reading["documents"]):
        raise InvalidInput(
            "这个文件里没有读出规划、通知或报道。", "No plan, notice or news about a plan was found in this file.", where=file.name,
            to_do_zh="请确认是规划类文件，且文字未被扫描成图片。", to_do_en="Check that it is a plan and that its text is not a scanned picture.",
        )  # fmt: skip
    values = {
        "file": file, "format": reading["source"]["format"], "text": "\n".join(reading["source"]["lines"]),
        "reader_version": SCHEMA_VERSION, "issues": [*reading["source"]["issues"], *reading["issues"]],
    }  # fmt: skip
    stored, created = PlanFile.objects.get_or_create(sha256=file.sha256, defaults=values)
    if not created:  # read by an older version of the reader
        for name, value in values.items():
            setattr(stored, name, value)
        stored.save()
    plans: list[Plan] = []
    for document in reading["documents"]:
        plans.append(_store_document(stored, document, plans))
    audit.note(file=file.name, sha256=file.sha256, documents=[plan.title for plan in plans])
    return Imported(plans, created=True)


def series_of(title: str) -> str:
    """What the versions of one document have in common: the title without status, brackets, spaces and punctuation."""
    return re.sub(r"[\s《》“”\"（）()—\-–~]", "", _STATUS_WORDS.sub("", title))[:300]


def _store_document(file: PlanFile, document: dict[str, Any], before: Sequence[Plan]) -> Plan:
    """Store one document; `before` are those of the same file that stand before it."""
    series = series_of(document["title"])
    if document["kind"] == "annex":
        # Annexes of different plans have the same titles (任务分工表): an annex belongs to the plan before it.
        parent = next((plan for plan in reversed(before) if plan.kind != "annex"), None)
        series = f"{parent.series[:150]}/{series}"[:300] if parent else series
    earlier = _earlier_version(series, document, before)
    period, bundle = document["period"], document["bundle"]
    issued_on = document["issued_on"]
    plan = Plan.objects.create(
        file=file, title=document["title"][:300], series=series, kind=document["kind"], status=document["status"],
        issuer=(document["issuer"] or "")[:200], number=(document["number"] or "")[:80], issued_on=_date(issued_on),
        period_start=period["start"] or "", period_end=period["end"] or "",
        bundle_title=(bundle["title"] if bundle else "")[:300], bundle_index=bundle["index"] if bundle else None,
        line=document["line"], end_line=document["end_line"], replaces=earlier,
        content={key: document[key] for key in ("outline", "references", "budget", "phases", "subsidies", "annexes", "issues", "notice")},
    )  # fmt: skip
    fresh = _clauses_of(plan, document)
    if earlier is not None:
        carry_over(list(earlier.clauses.all()), fresh, plan)
    Clause.objects.bulk_create(fresh)
    search.index(fresh)
    return plan


def _earlier_version(series: str, document: dict[str, Any], before: Sequence[Plan]) -> Plan | None:
    """The current version of the same document.

    Two bodies that issued under the same title issued two documents; a draft is put out by another body than the final text.
    """
    if document["kind"] not in ("plan", "annex"):
        return None
    found = Plan.objects.filter(series=series, kind=document["kind"], replaced_by=None)
    found = found.exclude(pk__in=[plan.pk for plan in before])
    if document["issuer"] and document["status"] != "draft":
        same_body = models.Q(issuer__in=("", document["issuer"][:200]))
        found = found.filter(same_body | models.Q(status="draft"))
    return found.order_by("-pk").first()


def _date(written: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(written) if written else None
    except ValueError:
        return None


def fingerprint(kind: str, text: str) -> str:
    """The same for the same words, whatever their spacing and width."""
    return hashlib.sha256((kind + re.sub(r"\s+", "", text)).encode()).hexdigest()


def _clauses_of(plan: Plan, document: dict[str, Any]) -> list[Clause]:
    items = [(kind, item) for kind in ("target", "task", "system") for item in document[f"{kind}s"]]
    items.sort(
        key=lambda pair: (pair[1]["line"], (pair[1]["span"] or [0])[0], ("task", "target", "system").index(pair[0]))
    )
    clauses = []
    for position, (kind, item) in enumerate(items):
        span = item["span"] or (None, None)
        clauses.append(
            Clause(
                plan=plan,
                kind=kind,
                position=position,
                line=item["line"],
                end_line=item.get("end_line") or item["line"],
                span_start=span[0],
                span_end=span[1],
                read=item,
                fingerprint=fingerprint(kind, words_of(kind, item)),
            )  # fmt: skip
        )
    return clauses


def words_of(kind: str, item: dict[str, Any]) -> str:
    """The words by which a clause is known again in another version."""
    if kind == "system":
        return str(item["name"])
    if kind == "target":
        return f"{item.get('subject') or ''}|{item['text']}"
    return f"{item['heading']}|{item['text']}"


# --- versions -------------------------------------------------------------------------------------------------------

_FIELDS = {
    "target": ("subject", "comparator", "value", "value_max", "unit", "deadline", "strength", "kind"),
    "task": ("number", "heading", "text", "units", "deadline"),
    "system": ("name", "verb"),
}


def carry_over(earlier: list[Clause], fresh: list[Clause], plan: Plan) -> None:
    """Match the clauses of a new version to the earlier ones and carry the person's decisions over.

    The same words: decision and corrections as they were. Changed words: corrections of fields that still read the same, the
    changed fields listed, and the decision open again. Earlier clauses without a match are listed in plan.content["dropped"].
    """
    left = list(earlier)
    pairs: list[tuple[Clause, Clause]] = []
    for clause in fresh:
        match = next((old for old in left if old.fingerprint == clause.fingerprint), None)
        if match is not None:
            pairs.append((clause, match))
            left.remove(match)
    matched = {id(clause) for clause, _ in pairs}
    for clause in (c for c in fresh if id(c) not in matched):
        match = _likeliest(clause, left)
        if match is not None:
            pairs.append((clause, match))
            left.remove(match)
    for clause, old in pairs:
        _carry(old, clause)
    for old in [old for old in left if not old.read]:  # a person added it: it stays
        left.remove(old)
        added = Clause(plan=plan, kind=old.kind, position=len(fresh), line=min(old.line, plan.end_line), end_line=min(old.end_line, plan.end_line), fingerprint=old.fingerprint)  # fmt: skip
        _carry(old, added)
        fresh.append(added)
    plan.content["dropped"] = [
        {"clause": old.pk, "line": old.line, "text": words_of(old.kind, old.current)[:200]} for old in left
    ]
    plan.save(update_fields=["content"])


def _likeliest(clause: Clause, candidates: list[Clause]) -> Clause | None:
    words = words_of(clause.kind, clause.read)
    scored = [
        (fuzz.ratio(words, words_of(old.kind, old.read)), old)
        for old in candidates
        if old.kind == clause.kind and old.read
    ]
    likeness, best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return best if likeness >= SAME_CLAUSE_LIKENESS else None


def _carry(old: Clause, clause: Clause) -> None:
    changed = [name for name in _FIELDS[clause.kind] if clause.read and old.read.get(name) != clause.read.get(name)]
    clause.carried_from = old
    clause.correction = {name: value for name, value in old.correction.items() if name not in changed}
    if changed:
        clause.changed_since = changed
    else:
        clause.decision, clause.decided_by, clause.decided_at = old.decision, old.decided_by, old.decided_at


def clauses_to_check(plan: Plan) -> models.QuerySet[Clause]:
    return plan.clauses.filter(decision=Clause.Decision.PROPOSED)
