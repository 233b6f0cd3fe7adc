"""Findings become stored alerts: the same steps as in folding.py, on rows, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from haihe.kernel import search
from haihe.kernel.alerts import folding
from haihe.kernel.alerts.models import Alert, Suppression
from haihe.kernel.alerts.rules import Rule
from haihe.kernel.cases import Case, open_case
from haihe.kernel.errors import InvalidInput
from haihe.kernel.policies import parameter
from haihe.kernel.things import Thing

log = structlog.get_logger()
CHANGING = ("level", "state", "raised_at", "last_at", "over_at", "count", "value", "limit", "evidence", "case_opened", "closed_at", "suppression")  # fmt: skip


def write_findings(rule: Rule, findings: pl.DataFrame, at: datetime) -> list[Alert]:
    """Let findings (in order) act on the open alerts of the rule; returns the alerts they opened or changed.

    Two findings of the same batch may open, close and open again: rows are made in the order of the findings, so that the
    database's one open alert per rule, thing and key holds at every moment.
    """
    if findings.is_empty():
        return []
    things = Thing.objects.select_related("organisation").in_bulk(findings["thing"].unique().to_list())
    windows = list(
        Suppression.objects.filter(until__gt=findings["observed_at"].min()).select_related("organisation", "thing")
    )
    # Locked, so that what a person does to one of them meanwhile is not written over.
    mine = Alert.objects.filter(rule=rule.name, thing__in=things).select_related("thing").order_by("started_at")
    mine = mine.select_for_update(of=("self",))
    standing = {(a.thing_id, a.key): a for a in mine.filter(state__in=Alert.OPEN)}
    # An alert that people handled while its condition went on still learns that the condition is over.
    going_on = {(a.thing_id, a.key): a for a in mine.filter(state=Alert.State.HANDLED, over_at=None)}
    touched: dict[int, Alert] = {}
    made: list[Alert] = []
    warned: dict[int, Alert] = {}
    for finding in findings.iter_rows(named=True):
        place = (finding["thing"], finding["key"])
        thing = things.get(finding["thing"])
        alert = standing.get(place)
        if thing is None:
            continue  # Retired things stay in the register: only a foreign number can be missing here.
        if alert is None and not folding.opens(finding):
            alert = going_on.pop(place, None)
            if alert is None:
                continue
            alert.last_at, alert.over_at = finding["observed_at"], finding["observed_at"]
        elif alert is None:
            alert = _open(rule, thing, finding, windows, at)
            standing[place] = alert
            made.append(alert)
        elif folding.apply(alert, finding):
            alert.state, alert.closed_at = Alert.State.ENDED, at
            del standing[place]
        elif finding["phase"] == "raise" and (alert.count == 1 or alert.suppression is not None):
            # A suppressed alert that is raised again after its window shows itself.
            alert.suppression = _window(rule, thing, finding["observed_at"], windows)
        touched[id(alert)] = alert
        if finding["phase"] == "warning":
            warned[id(alert)] = alert
    new = {id(alert) for alert in made}
    # Old ones first: one of them may have been closed to make room for a new one.
    Alert.objects.bulk_update([a for key, a in touched.items() if key not in new], CHANGING, batch_size=200)
    Alert.objects.bulk_create(made, batch_size=500)
    search.index(made)
    _open_cases(rule, touched.values())
    _open_warning_cases(rule, warned.values(), at)
    return list(touched.values())


def _open(rule: Rule, thing: Thing, finding: dict[str, Any], windows: list[Suppression], at: datetime) -> Alert:
    return Alert(
        rule=rule.name, title_zh=rule.title_zh, title_en=rule.title_en, unit=rule.unit, thing=thing, organisation=thing.organisation,
        key=finding["key"], severity=rule.severity, urgency=rule.urgency, certainty=rule.certainty, written_at=at,
        suppression=_window(rule, thing, finding["observed_at"], windows), **folding.opening(finding),
    )  # fmt: skip


def _window(rule: Rule, thing: Thing, at: datetime, windows: Iterable[Suppression]) -> Suppression | None:
    return next((window for window in windows if window.covers(rule.name, thing, at)), None)


def _open_cases(rule: Rule, alerts: Iterable[Alert]) -> None:
    """Once for each raised alert that is not suppressed, in the transaction of the alert. A case that cannot be opened is reported,
    tried again when the alert is next touched, and does not hold up the stream."""
    if not rule.opens_case:
        return
    for alert in alerts:
        if alert.case_opened or alert.suppression_id is not None or alert.level != Alert.Level.RAISED:
            continue
        alert.case_opened = True
        if _open_case(rule, rule.opens_case, f"{rule.title_zh}：{alert.thing}", alert):
            alert.save(update_fields=["case_opened"])
        else:
            alert.case_opened = False


def _open_warning_cases(rule: Rule, warned: Iterable[Alert], at: datetime) -> None:
    """Once for each alert that a warning opened, whatever became of it in the same step, and not again for the thing within the pause."""
    if not rule.warning_opens_case:
        return
    pause = timedelta(hours=float(parameter(f"{rule.pack}.{rule.warning_case_pause}", timezone.localdate(at))))
    for alert in warned:
        if alert.suppression_id is not None:
            continue
        earlier = Alert.objects.filter(rule=rule.name, thing=alert.thing_id, key=alert.key).values_list("pk", flat=True)
        told = Case.objects.filter(
            type_name=rule.warning_opens_case, about_type=Alert._meta.label_lower, about_id__in=[str(pk) for pk in earlier]
        )  # fmt: skip
        if not told.filter(Q(opened_at__gt=at - pause) | Q(about_id=str(alert.pk))).exists():
            _open_case(rule, rule.warning_opens_case, f"{rule.title_zh}提前预警：{alert.thing}", alert)


def _open_case(rule: Rule, type_name: str, subject: str, alert: Alert) -> bool:
    """Whether the case could be opened; the unit above the thing's own reviews."""
    try:
        if alert.organisation is None:
            raise InvalidInput("该对象没有所属单位。", "The thing belongs to no unit.", where=str(alert.thing))
        with transaction.atomic():
            open_case(
                None, type_name, subject, alert.organisation, about=alert, severity=alert.severity.lower(),
                reviewer=alert.organisation.parent,
            )  # fmt: skip
    except Exception as error:
        log.error("no case could be opened for an alert", rule=rule.name, alert=alert.pk, error=str(error))
        return False
    return True
