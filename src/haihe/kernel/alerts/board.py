"""What boards of alerts ask: counts and lists of what an account may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from haihe.kernel.alerts.cap import SEVERITY_ORDER
from haihe.kernel.alerts.models import Alert, RuleStatus
from haihe.kernel.alerts.rules import RULES, Rule
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import visible
from haihe.kernel.things import Thing

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

PRESSING = Case(
    *[When(severity=value, then=Value(place)) for place, value in enumerate(SEVERITY_ORDER)],
    default=Value(len(SEVERITY_ORDER)),
    output_field=IntegerField(),
)


def visible_alerts(
    account: Account | None, *, states: tuple[str, ...] = Alert.OPEN, level: str = "", severity: str = "", rule: str = "",
    thing: Thing | None = None, organisation: Organisation | None = None, since: datetime | None = None,
    suppressed: bool = False, words: str = "",
) -> QuerySet[Alert]:  # fmt: skip
    """Alerts that the account may see, the most pressing and newest first. `states` empty means every state; suppressed ones
    are listed only on demand. `words`: part of a thing's key or name or of a unit's name."""
    rows = visible(account, Alert.objects.all()).select_related("thing", "organisation", "suppression")
    wanted = Q(suppression=None) if not suppressed else Q()
    wanted &= Q(state__in=states) if states else Q()
    for name, value in (("level", level), ("severity", severity), ("rule", rule), ("thing", thing)):
        wanted &= Q(**{name: value}) if value else Q()
    wanted &= Q(organisation__path__startswith=organisation.path) if organisation else Q()
    wanted &= Q(started_at__gte=since) if since else Q()
    if words:
        of_things = Q(thing__key__icontains=words) | Q(thing__name__icontains=words)
        wanted &= of_things | Q(organisation__name__icontains=words) | Q(organisation__short_name__icontains=words)
    return rows.filter(wanted).order_by(PRESSING, "-started_at", "-pk")


def counts_by_severity(account: Account | None, *, level: str = "raised") -> dict[str, int]:
    """Open alerts (not suppressed) by severity, most pressing first, zeros included."""
    rows = visible_alerts(account, level=level).order_by().values_list("severity").annotate(Count("pk"))
    found = dict(rows)
    return {severity: found.get(severity, 0) for severity in SEVERITY_ORDER}


def counts_by_state(account: Account | None, since: datetime) -> dict[str, int]:
    """Alerts begun since an instant, by what people did with them."""
    rows = visible_alerts(account, states=(), level="raised", since=since)
    found = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    return {state: found.get(state, 0) for state in Alert.State.values}


def counts_by_rule(account: Account | None, since: datetime) -> dict[str, int]:
    """Alerts (no mere warnings) begun since an instant, by rule; rules without any are missing."""
    rows = visible_alerts(account, states=(), level="raised", since=since)
    return dict(rows.order_by().values_list("rule").annotate(Count("pk")))


@dataclass(frozen=True)
class RuleRow:
    rule: Rule
    status: RuleStatus


def list_rules() -> list[RuleRow]:
    """Every installed rule and how it runs."""
    statuses = RuleStatus.objects.in_bulk(list(RULES))
    return [RuleRow(RULES[name], statuses.get(name) or RuleStatus(rule=name)) for name in sorted(RULES)]
