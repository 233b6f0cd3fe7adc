"""What alerts keep: the alerts, windows in which they are suppressed, the rules' state and how far the stream was evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import WHOLE, declare, of_own_units, roles_of, visibility
from haihe.kernel.things import Thing

if TYPE_CHECKING:
    from datetime import datetime

declare("alert.read", "查看预警", "see alerts", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])


class Suppression(models.Model):
    """From `since` until `until` new alerts of a rule, a thing or a unit's things are kept but neither shown nor made a case."""

    rule = models.CharField("规则", max_length=80, blank=True)
    thing = models.ForeignKey(Thing, models.PROTECT, null=True, blank=True, related_name="suppressions")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="suppressions")
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField("原因", max_length=300)
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-since"]

    def covers(self, rule: str, thing: Thing, at: datetime) -> bool:
        """Whether an alert that begins at an instant falls into this window (the end of which does not count)."""
        end = min(self.until, self.revoked_at) if self.revoked_at else self.until
        if not self.since <= at < end or (self.rule and self.rule != rule):
            return False
        if self.thing_id and self.thing_id != thing.pk:
            return False
        return self.organisation is None or (
            thing.organisation is not None and thing.organisation.is_within(self.organisation)
        )


class Alert(models.Model):
    """What a rule raised about a thing. Titles, unit and organisation are copied, so that it can be read without its pack.

    `level` and the times come from the rule (folding.py); `state` from the people who handle it (lifecycle.py).
    """

    class Level(models.TextChoices):
        WARNING = "warning", two("提醒", "Warning")
        RAISED = "raised", two("报警", "Alert")

    class State(models.TextChoices):
        RAISED = "raised", two("待处置", "Raised")
        ACKNOWLEDGED = "acknowledged", two("已受理", "Acknowledged")
        HANDLED = "handled", two("已处置", "Handled")
        ENDED = "ended", two("已结束", "Ended")
        FALSE_ALARM = "false_alarm", two("误报", "False alarm")

    OPEN = (State.RAISED, State.ACKNOWLEDGED)

    rule = models.CharField(max_length=80, db_index=True)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120)
    unit = models.CharField(max_length=20, blank=True)
    thing = models.ForeignKey(Thing, models.PROTECT, related_name="alerts")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="alerts")
    key = models.CharField(max_length=80, blank=True)
    level = models.CharField(max_length=10, choices=Level.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RAISED)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    urgency = models.CharField(max_length=10, choices=Urgency.choices)
    certainty = models.CharField(max_length=10, choices=Certainty.choices)
    started_at = models.DateTimeField()
    raised_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=0)
    value = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    evidence = models.JSONField(default=dict)
    suppression = models.ForeignKey(Suppression, models.PROTECT, null=True, related_name="alerts")
    case_opened = models.BooleanField(default=False)
    written_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["state", "severity"]), models.Index(fields=["thing", "started_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "thing", "key"], condition=models.Q(state__in=("raised", "acknowledged")),
                name="one_open_alert_per_rule_thing_key",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.title} · {self.thing}"

    @property
    def title(self) -> str:
        return pick(self.title_zh, self.title_en)

    @property
    def is_kept_data(self) -> bool:
        """Whether the rule that raised it is not installed any more."""
        return self.rule not in RULES

    @property
    def is_suppressed(self) -> bool:
        return self.suppression_id is not None


@visibility(Alert)
def _alerts(account: Account | None, rows: models.QuerySet[Alert]) -> models.QuerySet[Alert]:
    """Supervisors and viewers see all; officers those of their units' subtrees; the public none."""
    return rows if WHOLE & roles_of(account) else rows.filter(of_own_units(account, "organisation"))


@visibility(Suppression)
def _suppressions(account: Account | None, rows: models.QuerySet[Suppression]) -> models.QuerySet[Suppression]:
    if WHOLE & roles_of(account):
        return rows
    return rows.filter(of_own_units(account, "organisation", "thing__organisation"))


class RuleState(models.Model):
    """What a rule remembers of the things of one block (consecutive numbers), as an Arrow IPC file. `journal` names the one through
    which the things' rows come ("" for the embedded one): two workers never write the same row."""

    rule = models.CharField(max_length=80)
    journal = models.CharField(max_length=40, default="", blank=True)
    block = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "journal", "block"], name="one_state_per_rule_journal_and_block")
        ]


class RuleCursor(models.Model):
    """How far a journal was evaluated; written in the same transaction as what its rows led to."""

    name = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(auto_now=True)
    asked = models.JSONField(
        default=dict
    )  # of each rule that speaks of silence: until when it was asked about these things


class RuleStatus(models.Model):
    """Whether a rule runs, and how it does. A rule that raises an error skips the rows of that step and is shown as failing."""

    rule = models.CharField(max_length=80, primary_key=True)
    enabled = models.BooleanField(default=True)
    evaluated_rows = models.BigIntegerField(default=0)
    skipped_rows = models.BigIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    def failed(self, error: Exception, rows: int, at: Any) -> None:
        self.failing_since = self.failing_since or at
        self.error = repr(error)[:500]
        self.skipped_rows += rows
