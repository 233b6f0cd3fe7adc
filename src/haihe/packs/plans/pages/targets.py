"""One target: its figure, its trajectory, and where the number comes from (这个数从哪来)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.cases import Case
from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Role
from haihe.kernel.indicators import IndicatorValue, last_true, rows_behind
from haihe.kernel.language import pick as in_language
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, roles_of, visible
from haihe.packs.plans import services
from haihe.packs.plans.binding import are_rivals, serves
from haihe.packs.plans.ledger import start_of
from haihe.packs.plans.models import Report, Target
from haihe.packs.plans.pages.base import STATE_COLOUR, STATES, pages
from haihe.packs.plans.pages.measuring import chosen_indicator
from haihe.packs.plans.pages.tasks import history_of
from haihe.packs.plans.progress import Standing, standing
from haihe.web.fields import day_from, is_given, number_from, received, row_or_none, visible_row
from haihe.web.pages import AccountRequest, go

ENTRIES_SHOWN = 50  # more than this are read on the register's own page


def _provenance(request: AccountRequest, found: Target) -> dict[str, object]:
    """Clause → reports → files → who and when, with the definition; the audit rows for auditors and supervisors."""
    same = visible(request.user, Target.objects.filter(indicator=found.indicator)).select_related("clause", "plan")
    reports = (
        visible(request.user, Report.objects.filter(target__in=same))
        .select_related("account", "organisation", "value")
        .prefetch_related("evidence")
    )
    chain = (
        audit.history(found)
        if roles_of(request.user) & {Role.SUPERVISOR, Role.AUDITOR}
        else audit.AuditRecord.objects.none()
    )
    return {
        "target": found, "clauses": same, "reports": reports, "definition": found.indicator.definition_on(timezone.localdate()),
        "standing": (row := standing(found, timezone.localdate())), "measured_values": _newest_measured(row), "history": history_of(chain),
    }  # fmt: skip


def _newest_measured(row: Standing) -> list[IndicatorValue]:
    """The newest few; a value is measured every day, and all of them stand in the table beside the chart."""
    return [value for value in row.values if value.kind == "measured"][-5:][::-1]


def points_of(row: Standing) -> list[dict[str, object]]:
    """The chart as a table: day, expected, actual, whether the expectation is assumed; by day."""
    expected: list[dict[str, object]] = [
        {"day": point.day, "expected": point.value, "actual": None, "assumed": point.assumed}
        for point in row.trajectory
        if point.day.year < 9999
    ]
    actual: list[dict[str, object]] = [
        {
            "day": value.as_of,
            "expected": None,
            "actual": value.value,
            "assumed": False,
            "kind": value.get_kind_display(),
        }
        for value in row.values
    ]
    return sorted(expected + actual, key=lambda point: str(point["day"]))


@pages.page("targets/<int:pk>/", "target", permission="plan.read")
def target(request: AccountRequest, pk: int) -> HttpResponse:
    rows = services.with_values(Target.objects.select_related("repeat_of"))
    found = visible_row(request.user, rows, pk)
    row = standing(found, timezone.localdate())
    start, value, start_assumed = start_of(found)
    content = {
        **_provenance(request, found), "state": row.assessment.state, "state_title": in_language(*STATES[row.assessment.state]),
        "colour": STATE_COLOUR[row.assessment.state], "start": start, "start_value": value, "start_assumed": start_assumed, "milestones": list(found.milestones.all()),
        "can_report": allows(request.user, "target.report", found), "can_set": allows(request.user, "target.set_milestones", found),
        "organisations": visible(request.user, Organisation.objects.all()), "tasks": visible(request.user, found.tasks.all()), "today": timezone.localdate(),
        "points": points_of(row), **_measuring(request, row),
        "chart": {
            "trajectory": [[p.day.isoformat(), p.value, p.assumed] for p in row.trajectory if p.day.year < 9999],
            "reported": [[v.as_of.isoformat(), float(v.value)] for v in row.values if v.kind == "reported"],
            "measured": [[v.as_of.isoformat(), float(v.value)] for v in row.values if v.kind == "measured"],
            "projected": _projected(row), "breaks": [d.since.isoformat() for d in row.breaks],
            "unit": found.indicator.unit, "assumption": row.assessment.assumption,
            "words": {
                "trajectory": in_language("应有进度（假设）", "Expected (assumed)") if row.assessment.assumption else in_language("应有进度", "Expected"),
                "reported": in_language("填报值", "Reported"), "measured": in_language("测得值", "Measured"), "today": in_language("今天", "Today"),
                "projected": in_language("照此进度（推算）", "At this pace (projected)"), "break": in_language("口径变更", "New definition"),
            },
            "today": timezone.localdate().isoformat(),
        },
    }  # fmt: skip
    return render(request, "plans/target.html", content)


def _projected(row: Standing) -> list[list[object]]:
    """The dashed line from the newest value to the day of the deadline; empty where nothing is foreseen."""
    last, end, value = row.pace.last, row.target.deadline, row.pace.projected
    if last is None or end is None or value is None:
        return []
    return [[last.day.isoformat(), last.value], [end.isoformat(), round(value, 2)]]


def _measuring(request: AccountRequest, row: Standing) -> dict[str, object]:
    """What measures the target, the entries behind the number, when it was last true, the pace, and what could measure it."""
    found, today = row.target, timezone.localdate()
    source = found.bound.indicator if found.bound else found.indicator
    entries = rows_behind(source, timezone.now(), request.user)
    proposed = () if found.bound or row.measured else services.candidates_of(found, services.measured_indicators())
    return {
        "bound": found.bound, "source": source, "measured_by": source.definition_on(today), "last_true": last_true(source) if row.measured else None,
        "entries": entries[:ENTRIES_SHOWN], "entry_count": len(entries), "pace": row.pace, "pace_sentence": in_language(*services.pace_sentence(found, row.pace, today)),
        "breaks": row.breaks, "proposed": proposed[:3], "rivals": are_rivals(proposed), "also_serves": [t for t in serves(source) if t.pk != found.pk],
        "notices": [n for n in visible(request.user, Case.about(found))],
        "may_bind": allows(request.user, "target.bind", found),
    }  # fmt: skip


@pages.page("targets/<int:pk>/provenance/", "provenance", permission="plan.read")
def provenance(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, services.with_values(Target.objects.all()), pk)
    return render(request, "plans/provenance.html", _provenance(request, found))


@pages.page("targets/<int:pk>/<str:step>/", "target_step", permission="plan.read", methods=("POST",))
def target_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    found = visible_row(request.user, Target.objects.all(), pk)
    account, text = request.user, request.POST.get("text", "")
    if step == "report":
        value = number_from(request, "value")
        files = received(request) if allows(account, "target.report", found) else []
        services.report_target(
            account,
            found,
            value=value,
            as_of=day_from(request, "as_of") if is_given(request, "as_of") else None,
            text=text,
            evidence=files,
        )
    elif step == "baseline":
        value, on = number_from(request, "value"), day_from(request, "on")
        services.set_baseline(account, found, value=value, on=on, source=text)
    elif step == "milestones":
        services.set_milestones(account, found, points=_points(request))
    elif step == "bind":
        services.bind(account, found, indicator=chosen_indicator(request), reason=text)
    elif step == "unbind":
        services.unbind(account, found, reason=text)
    elif step == "definition":
        services.redefine(
            account, found, text=text, since=day_from(request, "since"), source=request.POST.get("source", "")
        )
    elif step == "owner":
        organisation = row_or_none(account, Organisation.objects.all(), request.POST.get("organisation"))
        if organisation is None:
            raise InvalidInput("请选择单位。", "Choose the unit.", where="organisation")
        services.set_owner(account, found, organisation=organisation)
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, reverse("plans:target", args=[pk]))


def _points(request: AccountRequest) -> list[tuple[date, Decimal]]:
    """The rows of the milestone editor; empty rows are left out."""
    points = []
    for due, value in zip(request.POST.getlist("due"), request.POST.getlist("milestone"), strict=False):
        if not due.strip() and not value.strip():
            continue
        try:
            points.append((date.fromisoformat(due.strip()), Decimal(value.replace(",", "").strip())))
        except (ValueError, InvalidOperation) as error:
            raise InvalidInput(
                "阶段目标须有日期和数值。", "A milestone needs a day and a number.", where=f"{due} {value}"
            ) from error
    return points
