"""文书: drafting, issuing and showing again notices, letters, ledgers and bulletins; the A4 print view of each."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from haihe.kernel.errors import HaiheError, InvalidInput
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.counting import lights_of, urgent_slice
from haihe.packs.plans.models import IssuedPaper, PaperSeries, Plan, Task, TaskUnit
from haihe.packs.plans.pages.base import pages
from haihe.packs.plans.papers.content import KINDS, Paper, get_kind, written_day
from haihe.packs.plans.papers.layout import FALLBACKS, POINT_MM, Layout
from haihe.packs.plans.papers.word import WORD_TYPE
from haihe.packs.plans.papers.wording import title_lines
from haihe.web.fields import id_in, visible_row
from haihe.web.pages import AccountRequest, go

SHOWN = 200


@pages.page("papers/", "papers", permission="plan.read")
def papers(request: AccountRequest) -> HttpResponse:
    rows = visible(request.user, IssuedPaper.objects.select_related("issued_by", "series"))
    kind = request.GET.get("kind", "")
    if kind in KINDS:
        rows = rows.filter(kind=kind)
    content = {
        "rows": [(row, KINDS.get(row.kind)) for row in rows[:SHOWN]], "kinds": KINDS.values(), "kind": kind,
        "may_issue": allows(request.user, "paper.issue"), "series": PaperSeries.objects.all(),
    }  # fmt: skip
    return render(request, "plans/papers.html", content)


TASKS_LISTED = 200  # the most urgent; the page of every other task leads here with that task ticked


@pages.page("papers/new/", "paper_new", permission="paper.issue")
def paper_new(request: AccountRequest) -> HttpResponse:
    """The form of one kind: what it is about, own words, and whose number it gets."""
    kind = get_kind(request.GET.get("kind", "supervision_notice"))
    today = timezone.localdate()
    open_tasks = services.in_force(request.user).tasks.filter(~Q(state=Task.State.CLOSED))
    chosen = _numbers(request, "task")
    counts = lights_of(open_tasks, today)
    rows = open_tasks.filter(pk__in=[*urgent_slice(open_tasks, counts, 0, TASKS_LISTED), *chosen])
    content = {
        "kind": kind, "series": PaperSeries.objects.all(), "tasks": rows.only("number", "heading", "deadline").order_by(F("deadline").asc(nulls_last=True), "pk"), "chosen": chosen, "most": TASKS_LISTED if sum(counts.values()) > TASKS_LISTED else 0,
        "units": Organisation.objects.filter(Exists(TaskUnit.objects.filter(organisation=OuterRef("pk")))), "plans": visible(request.user, Plan.objects.filter(replaced_by=None, kind="plan").exclude(filed_at=None)).values_list("pk", "title"),
        "year": today.year, "unit": id_in(request.GET.get("organisation")),
    }  # fmt: skip
    return render(request, "plans/paper_new.html", content)


def _numbers(request: AccountRequest, name: str) -> tuple[int, ...]:
    given = request.POST if request.method == "POST" else request.GET
    return tuple(number for written in given.getlist(name) if (number := id_in(written)))


def _wish(request: AccountRequest) -> services.Wish:
    given = request.POST if request.method == "POST" else request.GET
    return services.Wish(
        kind=given.get("kind", ""), tasks=_numbers(request, "task"), organisation=id_in(given.get("organisation")), plan=id_in(given.get("plan")),
        year=_year(given.get("year", "")), title=given.get("title", ""), words=given.get("words", ""), copy_to=given.get("copy_to", ""),
    )  # fmt: skip


def _year(written: str) -> int | None:
    if not written.strip():
        return None
    if not (written.isascii() and written.isdigit() and 1990 <= int(written) <= 2100):
        raise InvalidInput(
            "年份无效。", "Not a usable year.", where="year", to_do_zh="如 2026。", to_do_en="Like 2026."
        )
    return int(written)


def _series(request: AccountRequest) -> PaperSeries | None:
    given = request.POST if request.method == "POST" else request.GET
    return PaperSeries.objects.filter(pk=id_in(given.get("series")) or 0).first()


@pages.page("papers/draft/", "paper_draft", permission="paper.issue")
def paper_draft(request: AccountRequest) -> HttpResponse:
    """The draft on A4, as the form now stands; nothing is stored."""
    return _print(request, services.draft(request.user, _series(request), _wish(request)), None)


@pages.page("papers/issue/", "paper_issue", permission="paper.issue", methods=("POST",))
def paper_issue(request: AccountRequest) -> HttpResponse:
    series = _series(request)
    if series is None:
        raise InvalidInput("请选择发文字号。", "Choose the series of the number.", where="series",
                           to_do_zh="没有可选时，请先在文书页设立。", to_do_en="Open one first where there is none.")  # fmt: skip
    row = services.issue(request.user, series, wish=_wish(request))
    return go(request, reverse("plans:paper", args=[row.pk]))


@pages.page("papers/series/", "paper_series", permission="paper.open_series", methods=("POST",))
def paper_series(request: AccountRequest) -> HttpResponse:
    given = request.POST
    services.open_series(
        request.user, None, code=given.get("code", ""), organ=given.get("organ", ""), printed_by=given.get("printed_by", ""), organisation=request.user.organisation,
    )  # fmt: skip
    return go(request, reverse("plans:papers"))


@pages.page("papers/<int:pk>/", "paper", permission="plan.read")
def paper(request: AccountRequest, pk: int) -> HttpResponse:
    row = visible_row(request.user, IssuedPaper.objects.select_related("file", "issued_by", "revoked_by"), pk)
    whole: HaiheError | None = None
    try:
        row.file.open_checked()
    except HaiheError as error:
        whole = error
    content = {
        "paper": row, "kind": get_kind(row.kind), "addressees": row.addressees.all(), "tasks": visible(request.user, row.tasks.all()),
        "broken": whole, "may_revoke": allows(request.user, "paper.revoke") and row.revoked_at is None,
    }  # fmt: skip
    return render(request, "plans/paper.html", content)


@pages.page("papers/<int:pk>/revoke/", "paper_revoke", permission="paper.revoke", methods=("POST",))
def paper_revoke(request: AccountRequest, pk: int) -> HttpResponse:
    row = visible_row(request.user, IssuedPaper.objects.all(), pk)
    services.revoke(request.user, row, reason=request.POST.get("reason", ""))
    return go(request, reverse("plans:paper", args=[pk]))


@pages.page("papers/<int:pk>/word/", "paper_word", permission="plan.export", methods=("POST",))
def paper_word(request: AccountRequest, pk: int) -> HttpResponse:
    row = visible_row(request.user, IssuedPaper.objects.select_related("file"), pk)
    return _download(*services.release_paper(request.user, row, purpose=request.POST.get("purpose") or "发文"))


@pages.page("papers/draft/word/", "paper_draft_word", permission="paper.issue", methods=("POST",))
def paper_draft_word(request: AccountRequest) -> HttpResponse:
    return _download(*services.release_draft(request.user, _series(request), _wish(request), purpose="核稿"))


def _download(name: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type=WORD_TYPE)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


# --- A4 -------------------------------------------------------------------------------------------------------------


@pages.page("papers/<int:pk>/print/", "paper_print", permission="plan.read")
def paper_print(request: AccountRequest, pk: int) -> HttpResponse:
    """The issued content on A4, from what was kept when it was issued."""
    row = visible_row(request.user, IssuedPaper.objects.all(), pk)
    return _print(request, Paper.from_json(row.content), row)


def _print(request: AccountRequest, shown: Paper, row: IssuedPaper | None) -> HttpResponse:
    layout = Layout.on(shown.day)
    width_mm = layout.paper_text_height_mm if shown.form == "table" else layout.paper_text_width_mm
    tables = [(block, [round(100 * w / sum(block.widths), 2) for w in block.widths] if block.widths else []) for block in shown.blocks]  # fmt: skip
    content = {
        "paper": shown, "row": row, "title_lines": title_lines(shown.title, int(width_mm / POINT_MM / layout.paper_title_pt)), "blocks": tables,
        "kind": get_kind(shown.kind), "written_day": written_day(shown.day),
    }  # fmt: skip
    return render(request, "plans/paper_print.html", content)


@pages.page("papers/layout/<str:day>/<str:form>/<int:letters>.css", "paper_layout", permission="plan.read")
def paper_layout(request: AccountRequest, day: str, form: str, letters: int) -> HttpResponse:
    """The layout in force on a day as a style sheet; `letters`: of the organ's mark, which fills at most a line."""
    try:
        layout = Layout.on(date.fromisoformat(day))
    except ValueError as error:
        raise InvalidInput("日期无效。", "Not a day.", where="day") from error
    values: dict[str, Any] = {
        "l": layout, "across": form == "table", "letter": form == "letter", "mark_pt": layout.mark_pt("字" * min(letters, 60)),
        "spacing_pt": layout.spacing_twips / 20, "dash_gap_mm": layout.paper_page_number_gap_mm, "signature_em": layout.paper_date_right_characters,
        "outside_mm": (layout.letter_line_width_mm - layout.paper_text_width_mm) / 2, "letter_up_mm": layout.paper_top_mm - layout.letter_mark_top_mm,
    }  # fmt: skip
    for name, font in (("body", layout.paper_body_font), ("title", layout.paper_title_font), ("heading", layout.paper_heading_font), ("subheading", layout.paper_subheading_font), ("page", layout.paper_page_number_font)):  # fmt: skip
        values[f"font_{name}"] = ", ".join(f'"{n}"' if n not in ("serif", "sans-serif") else n for n in (font, *FALLBACKS.get(font, ("serif",))))  # fmt: skip
    return render(request, "plans/paper_layout.css", values, content_type="text/css; charset=utf-8")


pages.in_nav("papers", two("文书", "Papers"), order=34, group="coordination", roles=["supervisor", "viewer", "officer"])
