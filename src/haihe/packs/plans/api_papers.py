"""`/api/v1/plans/papers`: drafting, issuing, revoking and showing again official papers. Each call is the same action as on the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Field, Query, Router, Schema

from haihe.kernel.errors import NotFound
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.api import asker, file_of, pick
from haihe.packs.plans.models import IssuedPaper, PaperSeries
from haihe.packs.plans.papers.word import WORD_TYPE

router = Router(tags=["papers"])


class SeriesIn(Schema):
    code: str = Field(max_length=12)
    organ: str = Field(max_length=60)
    printed_by: str = Field(default="", max_length=60)


class SeriesOut(Schema):
    id: int
    code: str
    organ: str
    printed_by: str


class WishIn(Schema):
    """What is to be written: `kind`, and what it is about."""

    kind: str = Field(max_length=30)
    tasks: list[int] = Field(default=[], max_length=2000)
    organisation: int | None = Field(default=None, ge=1, lt=2**63)
    plan: int | None = Field(default=None, ge=1, lt=2**63)
    year: int | None = Field(default=None, ge=1990, le=2100)
    title: str = Field(default="", max_length=200)
    words: str = Field(default="", max_length=5000)
    copy_to: str = Field(default="", max_length=300)

    def wish(self) -> services.Wish:
        said = {name: value for name, value in self.dict().items() if name != "series"}
        return services.Wish(**{**said, "tasks": tuple(number for number in self.tasks if 0 < number < 2**63)})


class IssueIn(WishIn):
    series: int = Field(ge=1, lt=2**63)


class PaperOut(Schema):
    """An issued paper; `sha256` is that of the Word file as it was issued."""

    id: int
    number: str
    year: int
    serial: int
    kind: str
    title: str
    sha256: str
    issued_at: datetime
    revoked_at: datetime | None
    revoked_reason: str
    content: dict[str, Any]


class ReasonIn(Schema):
    reason: str = Field(max_length=300)


@router.get("/series", response=list[SeriesOut], summary="Series of document numbers")
def series(request: HttpRequest) -> Any:
    asker(request)
    return PaperSeries.objects.all()


@router.post("/series", response=SeriesOut, summary="Open a series of document numbers")
def open_series(request: HttpRequest, body: SeriesIn) -> Any:
    account = asker(request)
    return services.open_series(account, None, **body.dict(), organisation=account.organisation)


@router.get("", response=list[PaperOut], summary="Issued papers that this account sees, newest first")
def papers(request: HttpRequest, kind: str | None = None, year: int | None = None) -> Any:
    rows = visible(asker(request), IssuedPaper.objects.all())
    if kind:
        rows = rows.filter(kind=kind)
    return rows.filter(year=year) if year is not None and 0 <= year < 32768 else rows


@router.post("/draft", response=dict[str, Any], summary="What a paper would say today; nothing is stored")
def draft(request: HttpRequest, body: WishIn, series: int | None = Query(None, ge=1, lt=2**63)) -> Any:
    account = asker(request, "paper.issue")
    chosen = PaperSeries.objects.filter(pk=series).first() if series else None
    return services.draft(account, chosen, body.wish()).as_json()


@router.post("", response=PaperOut, summary="签发: number a paper and keep it")
def issue(request: HttpRequest, body: IssueIn) -> Any:
    account = asker(request, "paper.issue")
    chosen = PaperSeries.objects.filter(pk=body.series).first()
    if chosen is None:
        raise NotFound("没有这个发文字号。", "There is no such series of numbers.", where=f"series {body.series}")
    return services.issue(account, chosen, wish=body.wish())


@router.get("/{pk}", response=PaperOut, summary="One issued paper with its content")
def paper(request: HttpRequest, pk: int) -> Any:
    return pick(asker(request), IssuedPaper.objects.all(), pk)


@router.post("/{pk}/revoke", response=PaperOut, summary="作废: revoke a paper; its number is never given again")
def revoke(request: HttpRequest, pk: int, body: ReasonIn) -> Any:
    account = asker(request, "paper.revoke")
    return services.revoke(account, pick(account, IssuedPaper.objects.all(), pk), reason=body.reason)


@router.get("/{pk}/paper.docx", response={200: bytes}, openapi_extra=file_of(WORD_TYPE), summary="The Word file as it was issued")  # fmt: skip
def paper_word(request: HttpRequest, pk: int, purpose: str = Query("接口下载", max_length=200)) -> HttpResponse:
    account = asker(request, "plan.export")
    row = pick(account, IssuedPaper.objects.select_related("file"), pk)
    name, content = services.release_paper(account, row, purpose=purpose)
    response = HttpResponse(content, content_type=WORD_TYPE)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
