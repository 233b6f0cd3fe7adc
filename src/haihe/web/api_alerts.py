"""`/api/v1/alerts`, `/rules`, `/things` and `/indicators/measured`: what is watched and what was noticed, for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.timezone import is_aware, make_aware
from ninja import Field, Query, Router, Schema

from haihe.kernel.alerts import board, lifecycle
from haihe.kernel.alerts.models import Alert, Suppression
from haihe.kernel.alerts.trial import prepare_trial, run_trial
from haihe.kernel.errors import InvalidInput
from haihe.kernel.indicators import MEASURES, Indicator, IndicatorValue
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import visible
from haihe.kernel.things import Thing
from haihe.web.api_administration import asker, pick

router = Router(tags=["alerts"])
STEPS: dict[str, Callable[..., Alert]] = {
    "acknowledge": lifecycle.acknowledge, "handle": lifecycle.handle, "false-alarm": lifecycle.call_false_alarm, "end": lifecycle.end,
}  # fmt: skip


class AlertOut(Schema):
    """`severity`, `urgency`, `certainty` as in CAP 1.2; instants are UTC."""

    id: int
    rule: str
    title_zh: str
    title_en: str
    thing_id: int
    thing: str
    organisation: str | None
    key: str
    level: str
    state: str
    severity: str
    urgency: str
    certainty: str
    started_at: datetime
    raised_at: datetime | None
    last_at: datetime
    over_at: datetime | None
    count: int
    value: float | None
    limit: float | None
    unit: str
    evidence: dict[str, Any]


class TextIn(Schema):
    text: str = Field("", max_length=2000)


class RuleOut(Schema):
    name: str
    title_zh: str
    title_en: str
    table: str
    enabled: bool
    evaluated_rows: int
    skipped_rows: int
    error: str


class SwitchIn(Schema):
    enabled: bool
    reason: str = Field(max_length=300)


class SuppressionIn(Schema):
    """A window needs a rule, a thing or an organisation (by name)."""

    until: datetime
    reason: str = Field(max_length=300)
    rule: str = Field("", max_length=80)
    thing_id: int | None = None
    organisation: str = Field("", max_length=120)


class SuppressionOut(Schema):
    id: int
    rule: str
    thing_id: int | None
    since: datetime
    until: datetime
    reason: str
    revoked_at: datetime | None


class ThingOut(Schema):
    id: int
    kind: str
    key: str
    name: str
    organisation: str | None
    pack: str
    registered_at: datetime
    retired_at: datetime | None


class MeasuredOut(Schema):
    key: str
    title: str
    unit: str
    definition: str
    source: str
    value: Decimal | None
    measured_at: datetime | None


def _alert(alert: Alert) -> dict[str, Any]:
    names = AlertOut.model_fields.keys() - {"thing", "organisation"}
    return {name: getattr(alert, name) for name in names} | {
        "thing": str(alert.thing), "organisation": alert.organisation.name if alert.organisation else None,
    }  # fmt: skip


@router.get("/alerts", response=list[AlertOut], summary="Alerts that the account may see, the most pressing first")
def list_alerts(
    request: HttpRequest, state: str = "", severity: str = "", rule: str = "", level: str = "", q: str = "", limit: int = Query(100, ge=1, le=1000)
) -> list[dict[str, Any]]:  # fmt: skip
    """`state`: one of the life cycle, "all", or empty for the open ones. `q`: part of a thing's key or name or of a unit's name."""
    account = asker(request, "alert.read")
    states = () if state == "all" else (state,) if state else Alert.OPEN
    return [
        _alert(alert)
        for alert in board.visible_alerts(
            account, states=states, severity=severity, rule=rule, level=level, words=q[:60]
        )[:limit]
    ]


@router.get("/alerts/{pk}", response=AlertOut, summary="One alert")
def get_alert(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _alert(pick(asker(request, "alert.read"), Alert.objects.select_related("thing", "organisation"), pk))


@router.post("/alerts/{pk}/steps/{step}", response=AlertOut, summary="Acknowledge, handle, call a false alarm, or end")
def take_alert_step(request: HttpRequest, pk: int, step: str, data: TextIn) -> dict[str, Any]:
    account = asker(request, "alert.read")
    found = pick(account, Alert.objects.all(), pk)
    if step not in STEPS:
        raise InvalidInput(
            "没有这一步。",
            "There is no such step.",
            where=step[:40],
            to_do_zh="、".join(STEPS),
            to_do_en=", ".join(STEPS),
        )
    return _alert(STEPS[step](account, found, text=data.text))


@router.get("/rules", response=list[RuleOut], summary="Installed rules and how they run")
def list_rules(request: HttpRequest) -> list[dict[str, Any]]:
    asker(request, "alert.read")
    return [
        {
            "name": row.rule.name, "title_zh": row.rule.title_zh, "title_en": row.rule.title_en, "table": row.rule.table, "enabled": row.status.enabled,
            "evaluated_rows": row.status.evaluated_rows, "skipped_rows": row.status.skipped_rows, "error": row.status.error,
        }
        for row in board.list_rules()
    ]  # fmt: skip


@router.post("/rules/{name}/switch", response=RuleOut, summary="Switch a rule on or off")
def switch_rule(request: HttpRequest, name: str, data: SwitchIn) -> dict[str, Any]:
    account = asker(request, "rule.switch")
    lifecycle.switch_rule(account, None, rule=name, enabled=data.enabled, reason=data.reason)
    return next(row for row in list_rules(request) if row["name"] == name)


class TrialIn(Schema):
    """`changed`: parameters of the rule without the pack's prefix, each with the shape of its present value."""

    since: datetime
    until: datetime
    changed: dict[str, Any] = {}


class TrialOut(Schema):
    """Alerts raised with the values in force (`now`) and with those tried (`then`), and the rows that were read."""

    now: int
    then: int
    rows: int


@router.post(
    "/rules/{name}/trials", response=TrialOut, summary="What other limits would have raised in a stored period"
)
def try_limits(request: HttpRequest, name: str, data: TrialIn) -> dict[str, int]:
    """Answers when it is done: some seconds for a month of a small fleet."""
    account = asker(request, "rule.try")
    since, until = (at if is_aware(at) else make_aware(at) for at in (data.since, data.until))
    found = run_trial(prepare_trial(account, None, rule=name, since=since, until=until, changed=data.changed))
    return {"now": len(found.now.raised), "then": len(found.then.raised), "rows": found.now.rows}


@router.get("/suppressions", response=list[SuppressionOut], summary="Windows in which alerts are suppressed")
def list_suppressions(request: HttpRequest) -> Any:
    return visible(asker(request, "alert.read"), Suppression.objects.all())[:500]


@router.post("/suppressions", response=SuppressionOut, summary="Suppress alerts for a time")
def suppress(request: HttpRequest, data: SuppressionIn) -> Suppression:
    account = asker(request, "alert.suppress")
    thing = pick(account, Thing.objects.all(), data.thing_id) if data.thing_id else None
    organisation = get_organisation(data.organisation) if data.organisation else None
    return lifecycle.suppress(
        account, None, reason=data.reason, until=data.until, rule=data.rule, thing=thing, organisation=organisation
    )


@router.post("/suppressions/{pk}/revoke", response=SuppressionOut, summary="Revoke a window")
def revoke_suppression(request: HttpRequest, pk: int) -> Suppression:
    account = asker(request, "alert.revoke_suppression")
    return lifecycle.revoke_suppression(account, pick(account, Suppression.objects.all(), pk))


@router.get("/things", response=list[ThingOut], summary="Registered things that the account may see")
def list_things(request: HttpRequest, kind: str = "", limit: int = Query(100, ge=1, le=1000)) -> list[dict[str, Any]]:
    rows = visible(asker(request, "thing.read"), Thing.objects.select_related("organisation"))
    rows = rows.filter(kind=kind) if kind else rows
    names = ThingOut.model_fields.keys() - {"organisation"}
    return [
        {n: getattr(row, n) for n in names} | {"organisation": row.organisation.name if row.organisation else None}
        for row in rows[:limit]
    ]


@router.get("/indicators/measured", response=list[MeasuredOut], summary="Indicators that the running systems measure")
def measured(request: HttpRequest) -> list[dict[str, Any]]:
    asker(request, "indicator.read")
    found = []
    for indicator in Indicator.objects.filter(definitions__measure__in=MEASURES, retired_at=None).distinct():
        last = indicator.values.filter(kind=IndicatorValue.Kind.MEASURED).order_by("-recorded_at").first()
        definition = indicator.definitions.last()
        found.append({
            "key": indicator.key, "title": indicator.title, "unit": indicator.unit, "definition": definition.text if definition else "",
            "source": definition.source_clause if definition else "", "value": last.value if last else None, "measured_at": last.recorded_at if last else None,
        })  # fmt: skip
    return found
