"""What a case keeps. Its history is written once: the database refuses to change it (migration written once)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.cases.limits import last_day, marks
from haihe.kernel.cases.types import CLOSED, HOURS
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation, successor_on


def step_named(steps: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((step for step in steps if step["name"] == name), None)


class Case(models.Model):
    """A piece of work at one of its steps. `steps` is the copy of its type's steps (types.CaseType.copy_on); `visit` counts the
    steps entered, so that a step entered again has limits and reminders again; `watch_at` is when the duty looks at it next."""

    class Severity(models.TextChoices):
        """As in CAP 1.2."""

        EXTREME = "extreme", two("特别严重", "Extreme")
        SEVERE = "severe", two("严重", "Severe")
        MODERATE = "moderate", two("较重", "Moderate")
        MINOR = "minor", two("一般", "Minor")
        UNKNOWN = "unknown", two("未定", "Unknown")

    number = models.CharField(max_length=30, unique=True)
    type_name = models.CharField(max_length=80, db_index=True)
    type_title_zh = models.CharField(max_length=80)
    type_title_en = models.CharField(max_length=120)
    steps = models.JSONField()
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.UNKNOWN)
    about_type = models.CharField(max_length=80, blank=True)
    about_id = models.CharField(max_length=40, blank=True)
    about_title = models.CharField(max_length=300, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    step = models.CharField(max_length=40)
    visit = models.PositiveIntegerField(default=1)
    step_since = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    watch_at = models.DateTimeField(null=True, db_index=True)
    closed_at = models.DateTimeField(null=True, db_index=True)
    withdrawn = models.BooleanField(default=False)

    class Meta:
        ordering = ["-opened_at", "-pk"]
        indexes = [models.Index(fields=["about_type", "about_id"])]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("cases:case", args=[self.pk])

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        """Every unit with its part and, once it has been succeeded, the unit that carries on its work."""
        today = timezone.localdate()
        for part in self.units.all():
            yield part.organisation, part.role
            heir = successor_on(part.organisation, today)
            if heir.pk != part.organisation_id:
                yield heir, part.role

    @property
    def type_title(self) -> str:
        return pick(self.type_title_zh, self.type_title_en)

    @property
    def current(self) -> dict[str, Any] | None:
        """The step at which the case stands; None once it is closed."""
        return self.step_named(self.step)

    def step_named(self, name: str) -> dict[str, Any] | None:
        return step_named(self.steps, name)

    def title_of(self, step: str) -> str:
        known = self.step_named(step)
        if known is not None:
            return pick(known["title_zh"], known["title_en"])
        return pick("撤销", "Withdrawn") if self.withdrawn else pick("办结", "Closed")

    @property
    def step_title(self) -> str:
        return self.title_of(self.step)

    @property
    def last_day(self) -> date | None:
        """The last day in time, where the limit is in working days; an hour limit has `due_at` only."""
        counts_hours = (self.current or {}).get("limit") or {}
        return last_day(self.due_at) if self.due_at and counts_hours.get("unit") != HOURS else None

    def is_overdue(self, at: datetime | None = None) -> bool:
        return self.closed_at is None and self.due_at is not None and self.due_at <= (at or timezone.now())

    def light(self, at: datetime | None = None) -> str:
        """closed; red once overdue; amber from the first reminder on; green before; none without a limit."""
        now = at or timezone.now()
        if self.closed_at is not None:
            return "closed"
        if self.due_at is None or self.current is None:
            return "none"
        fallen = [name for name, when in marks(self.current, self.step_since, self.due_at) if when <= now]
        return "red" if self.due_at <= now else "amber" if fallen else "green"

    def find_about(self) -> models.Model | None:
        """The row that the case is about, or None where it, or its pack, is gone."""
        try:
            model = apps.get_model(self.about_type)
        except (LookupError, ValueError):
            return None
        return model._default_manager.filter(pk=self.about_id).first()

    @classmethod
    def about(cls, *rows: models.Model) -> models.QuerySet[Case]:
        """All cases about any of these rows (of one model)."""
        ids = [str(row.pk) for row in rows]
        return (
            cls.objects.filter(about_type=rows[0]._meta.label_lower, about_id__in=ids) if rows else cls.objects.none()
        )


class CaseUnit(models.Model):
    """A unit's part in a case: handler 承办, opener 发起, reviewer 审核."""

    class Part(models.TextChoices):
        HANDLER = "handler", two("承办", "Handler")
        OPENER = "opener", two("发起", "Opener")
        REVIEWER = "reviewer", two("审核", "Reviewer")

    case = models.ForeignKey(Case, models.CASCADE, related_name="units")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Part.choices)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["case", "organisation", "role"], name="one_part_in_a_case")]


class CaseEvent(models.Model):
    """One line of a case's history, written once. `mark` names a reminder or escalation, which a visit of a step has once."""

    class Kind(models.TextChoices):
        OPENED = "opened", two("立案", "Opened")
        TAKEN = "taken", two("办理", "Step taken")
        REMINDED = "reminded", two("到期提醒", "Reminded")
        OVERDUE = "overdue", two("逾期上报", "Overdue")
        WITHDRAWN = "withdrawn", two("撤销", "Withdrawn")

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    visit = models.PositiveIntegerField()
    step = models.CharField(max_length=40)
    to_step = models.CharField(max_length=40, blank=True)
    mark = models.CharField(max_length=40, blank=True)
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    on_behalf_of = models.CharField(max_length=150, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    evidence = models.ManyToManyField(EvidenceFile, related_name="case_events")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "visit", "mark"], condition=~models.Q(mark=""), name="each_mark_once_a_visit"
            )
        ]

    @property
    def title(self) -> str:
        """The way out that was chosen, in the words of its button; otherwise the kind."""
        for step in self.case.steps if self.kind == self.Kind.TAKEN else ():
            for leave in step["exits"]:
                if step["name"] == self.step and leave["to"] == self.to_step:
                    return pick(leave["title_zh"], leave["title_en"])
        return str(self.Kind(self.kind).label)


class CaseCounter(models.Model):
    """The last number given in a series such as DB-2026."""

    series = models.CharField(max_length=20, unique=True)
    last = models.PositiveIntegerField(default=0)


def next_number(prefix: str, day: date) -> str:
    """The next number of the year, like DB-2026-0001, given within the running transaction: a rolled-back one is given again."""
    counter, _ = CaseCounter.objects.get_or_create(series=f"{prefix}-{day.year}")
    counter = CaseCounter.objects.select_for_update().get(pk=counter.pk)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{counter.series}-{counter.last:04d}"


def is_closed(step: str) -> bool:
    return step == CLOSED
