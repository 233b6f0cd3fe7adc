"""One target: its figure, its trajectory, and where the number comes from (这个数从哪来)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Role
from haihe.kernel.language import pick as in_language
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, roles_of, visible
from haihe.packs.plans import services
from haihe.packs.plans.ledger import start_of
from haihe.packs.plans.models import Report, Target
from haihe.packs.plans.pages.base import STATE_COLOUR, STATES, pages
from haihe.packs.plans.pages.tasks import history_of
from haihe.packs.plans.progress import Standing, standing
from haihe.web.fields import day_from, is_given, number_from, received, row_or_none, visible_row
from haihe.web.pages import AccountRequest, go


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
        "standing": standing(found, timezone.localdate()), "history": history_of(chain),
    }  # fmt: skip


def points_of(row: Standing) -> list[dict[str, object]]:
    """The chart as a table: day, expected, actual, whether the expectation is assumed; by day."""
    expected: list[dict[str, object]] = [
        {"day": point.day, "expected": point.value, "actual": None, "assumed": point.assumed}
        for point in row.trajectory
        if point.day.year < 9999
    ]
    actual: list[dict[str, object]] = [
        {"day": value.as_of, "expected": None, "actual": value.value, "assumed": False} for value in row.values
    ]
    return sorted(expected + actual, key=lambda point: str(point["day"]))


@pages.page("targets/<int:pk>/", "target", permission="plan.read")
def target(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(
        request.user, Target.objects.select_related("indicator__owner", "clause", "plan", "repeat_of"), pk
    )
    row = standing(found, timezone.localdate())
    start, value, start_assumed = start_of(found)
    content = {
        **_provenance(request, found), "state": row.assessment.state, "state_title": in_language(*STATES[row.assessment.state]),
        "colour": STATE_COLOUR[row.assessment.state], "start": start, "start_value": value, "start_assumed": start_assumed, "milestones": list(found.milestones.all()),
        "can_report": allows(request.user, "target.report", found), "can_set": allows(request.user, "target.set_milestones", found),
        "organisations": visible(request.user, Organisation.objects.all()), "tasks": visible(request.user, found.tasks.all()), "today": timezone.localdate(),
        "points": points_of(row),
        "chart": {
            "trajectory": [[p.day.isoformat(), p.value, p.assumed] for p in row.trajectory if p.day.year < 9999],
            "reported": [[v.as_of.isoformat(), float(v.value)] for v in row.values if v.kind == "reported"],
            "measured": [[v.as_of.isoformat(), float(v.value)] for v in row.values if v.kind == "measured"],
            "unit": found.indicator.unit, "assumption": row.assessment.assumption,
            "words": {
                "trajectory": in_language("应有进度（假设）", "Expected (assumed)") if row.assessment.assumption else in_language("应有进度", "Expected"),
                "reported": in_language("填报值", "Reported"), "measured": in_language("测得值", "Measured"), "today": in_language("今天", "Today"),
            },
            "today": timezone.localdate().isoformat(),
        },
    }  # fmt: skip
    return render(request, "plans/target.html", content)


@pages.page("targets/<int:pk>/provenance/", "provenance", permission="plan.read")
def provenance(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, Target.objects.select_related("indicator", "clause", "plan"), pk)
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
