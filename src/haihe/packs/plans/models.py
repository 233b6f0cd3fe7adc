"""What the plans pack keeps: files and what was read from them, a person's decisions on each clause, and the ledger of
targets and tasks that are filed from confirmed clauses."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.cases import Case
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.indicators import Indicator, IndicatorValue
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation, successor_on

# --- documents ------------------------------------------------------------------------------------------------------


class PlanFile(models.Model):
    """A file and its text as numbered lines. The same bytes are read once per version of the reader."""

    file = models.ForeignKey(EvidenceFile, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, unique=True)
    format = models.CharField(max_length=10)
    text = models.TextField()
    reader_version = models.CharField(max_length=20)
    issues = models.JSONField(default=list)
    imported_at = models.DateTimeField(auto_now_add=True)

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


class Plan(models.Model):
    """One document of a file. `replaces` is the earlier version whose corrections were carried over."""

    file = models.ForeignKey(PlanFile, models.PROTECT, related_name="plans")
    title = models.CharField(max_length=300)
    series = models.CharField(
        max_length=300, db_index=True
    )  # the title without status, spaces and brackets: links versions
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=10)
    issuer = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=80, blank=True)
    issued_on = models.DateField(null=True)
    period_start = models.CharField(max_length=10, blank=True)
    period_end = models.CharField(max_length=10, blank=True)
    bundle_title = models.CharField(max_length=300, blank=True)
    bundle_index = models.PositiveIntegerField(null=True)
    line = models.PositiveIntegerField()
    end_line = models.PositiveIntegerField()
    content = models.JSONField(default=dict)  # outline, references, budget, phases, subsidies, annexes, issues as read
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    imported_at = models.DateTimeField(auto_now_add=True)
    filed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-imported_at", "bundle_index", "pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_current(self) -> bool:
        return not hasattr(self, "replaced_by")

    @property
    def last_day(self) -> datetime.date | None:
        """The last day of the plan's period, on which tasks without a deadline of their own end."""
        return end_of_period(self.period_end)


class Clause(models.Model):
    """One commitment as read, and what a person decided about it. `read` is never changed; `correction` holds the fields that
    a person set differently."""

    class Kind(models.TextChoices):
        TARGET = "target", two("指标", "Target")
        TASK = "task", two("任务", "Task")
        SYSTEM = "system", two("系统", "System")

    class Decision(models.TextChoices):
        PROPOSED = "proposed", two("待核对", "To check")
        CONFIRMED = "confirmed", two("已确认", "Confirmed")
        CORRECTED = "corrected", two("已更正", "Corrected")
        REJECTED = "rejected", two("不采纳", "Rejected")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="clauses")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    position = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    end_line = models.PositiveIntegerField()
    span_start = models.PositiveIntegerField(null=True)
    span_end = models.PositiveIntegerField(null=True)
    read = models.JSONField(default=dict)  # {} for a clause that a person added
    fingerprint = models.CharField(max_length=64, db_index=True)
    decision = models.CharField(max_length=10, choices=Decision.choices, default=Decision.PROPOSED)
    correction = models.JSONField(default=dict)
    carried_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="carried_to")
    changed_since = models.JSONField(default=list)  # fields that read differently from the earlier version
    decided_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]

    @property
    def current(self) -> dict[str, Any]:
        """The clause as it now holds: what was read, with the person's corrections over it."""
        return {**self.read, **self.correction}

    @property
    def binds(self) -> bool:
        return self.decision in (self.Decision.CONFIRMED, self.Decision.CORRECTED)


class FindingMark(models.Model):
    """A person's word that what contradicts itself is meant so. `key` is made of the words (comparing/finding.py), so that the
    mark holds on while other lines of the file change."""

    file = models.ForeignKey(PlanFile, models.CASCADE, related_name="marks")
    key = models.CharField(max_length=16)
    kind = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "key"], name="one_mark_a_finding")]


def end_of_period(written: str | None) -> datetime.date | None:
    """The last day of "2027", "2026-06" or "2019-11-11"; None for anything else."""
    parts = (written or "").split("-")
    try:
        numbers = [int(part) for part in parts]
        if len(numbers) == 1:
            return datetime.date(numbers[0], 12, 31)
        if len(numbers) == 2:
            datetime.date(numbers[0], numbers[1], 1)  # raises for a thirteenth month
            following = datetime.date(numbers[0] + numbers[1] // 12, numbers[1] % 12 + 1, 1)
            return following - datetime.timedelta(days=1)
        return datetime.date(*numbers)
    except (ValueError, TypeError):
        return None


# --- the ledger -----------------------------------------------------------------------------------------------------


class Target(models.Model):
    """A number that the plan commits to, bound to the indicator that counts it. `repeat_of`: the same target stated again."""

    clause = models.OneToOneField(Clause, models.PROTECT, related_name="target")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="targets")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="targets")
    repeat_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="repeats")
    comparator = models.CharField(max_length=6)
    value = models.DecimalField(max_digits=24, decimal_places=6)
    value_max = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    strength = models.CharField(max_length=10, default="binding")
    deadline = models.DateField(null=True)
    deadline_assumed = models.BooleanField(default=False)  # taken from the plan's period, not from the clause
    baseline_value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    baseline_on = models.DateField(null=True)
    filed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["clause__position"]

    def __str__(self) -> str:
        return self.indicator.title

    def get_absolute_url(self) -> str:
        return reverse("plans:target", args=[self.pk])

    @property
    def bound(self) -> Binding | None:
        """The open binding to a measured indicator (read from what is prefetched)."""
        return next((binding for binding in self.bindings.all() if binding.ended_at is None), None)

    @property
    def goal(self) -> str:
        """The target as people write it: ≥ 50 个."""
        sign = {"=": "", ">=": "≥ ", "<=": "≤ ", ">": "> ", "<": "< ", "~": "约 ", "range": ""}[self.comparator]
        value = f"{self.value.normalize():,f}"
        if self.value_max is not None:
            value += f"–{self.value_max.normalize():,f}"
        return f"{sign}{value} {self.indicator.unit}".strip()

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        """The owner of the indicator, and every unit of a task that the target hangs on."""
        if self.indicator.owner is not None:
            yield self.indicator.owner, "responsible"
        for task in self.tasks.all():
            yield from task.units_with_roles()


class Milestone(models.Model):
    """What a target should have reached by a day. `assumed`: on the straight line, until a person sets it."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="milestones")
    due = models.DateField()
    value = models.DecimalField(max_digits=24, decimal_places=6)
    assumed = models.BooleanField(default=True)
    set_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["due"]
        constraints = [models.UniqueConstraint(fields=["target", "due"], name="one_milestone_a_day")]


class Task(models.Model):
    """A task of the plan on its way: filed 立项 → assigned 交办 → accepted 签收 → under way 跟踪 → reported done → closed 办结."""

    class State(models.TextChoices):
        FILED = "filed", two("已立项", "Filed")
        ASSIGNED = "assigned", two("待签收", "To accept")
        UNDER_WAY = "under_way", two("办理中", "Under way")
        REPORTED = "reported", two("待审核", "To review")
        CLOSED = "closed", two("已办结", "Closed")

    OPEN = (State.FILED, State.ASSIGNED, State.UNDER_WAY, State.REPORTED)

    clause = models.OneToOneField(Clause, models.PROTECT, related_name="task")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="tasks")
    number = models.CharField(max_length=60, blank=True)
    heading = models.CharField(max_length=300)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.FILED)
    deadline = models.DateField(null=True)
    deadline_assumed = models.BooleanField(default=False)
    targets = models.ManyToManyField(Target, related_name="tasks")
    filed_at = models.DateTimeField(auto_now_add=True)
    assigned_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing_note = models.TextField(blank=True)

    class Meta:
        ordering = ["clause__position"]
        # Overview and board count and order by these alone.
        indexes = [
            models.Index(fields=["state", "deadline", "plan"], name="plans_task_counting"),
            models.Index(fields=["deadline", "id", "state", "plan"], name="plans_task_by_deadline"),
            models.Index(fields=["state", "plan"], name="plans_task_by_state"),
            models.Index(
                fields=["closed_at", "deadline", "plan"],
                name="plans_task_closed_late",
                condition=models.Q(state="closed"),
            ),
        ]

    def __str__(self) -> str:
        return self.heading

    def get_absolute_url(self) -> str:
        return reverse("plans:task", args=[self.pk])

    def get_state_display(self) -> str:  # type: ignore[no-redef]
        """As Django's own, which makes the table of choices anew for each row of a list."""
        return str(TASK_STATES.get(self.state, self.state))

    @property
    def notices(self) -> models.QuerySet[Case]:
        """The supervision notices 督办单 about this task, newest first."""
        return Case.about(self)

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        """Every linked unit and, once it has been succeeded, the unit that carries on its work."""
        today = timezone.localdate()
        for unit in self.units.all():
            if unit.organisation is not None:
                yield unit.organisation, unit.role
                heir = successor_on(unit.organisation, today)
                if heir.pk != unit.organisation_id:
                    yield heir, unit.role


TASK_STATES = dict(Task.State.choices)
ACCOUNTABLE = ("lead", "responsible")  # the roles of a part that answer for a task
COUNTED_BY = ("task_state", "task_deadline", "accepted_at", "task_plan")


class TaskUnit(models.Model):
    """A unit's part in a task. `organisation` stays empty until a person has linked the name as written.

    `task_state`, `task_deadline` and `task_plan` are copies of what stands in the task. The database itself keeps them the same
    (triggers of migration 0010), whoever writes: parts are only counted and chosen by them, and nothing else sets or reads them."""

    class Role(models.TextChoices):
        LEAD = "lead", two("牵头", "Lead")
        RESPONSIBLE = "responsible", two("责任", "Responsible")
        SUPPORT = "support", two("配合", "Support")

    task = models.ForeignKey(Task, models.CASCADE, related_name="units")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12, choices=Role.choices)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="task_units")
    officer = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    task_state = models.CharField(max_length=10, editable=False, default="")
    task_deadline = models.DateField(null=True, editable=False)
    task_plan = models.BigIntegerField(null=True, editable=False)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["task", "name", "role"], name="one_part_per_unit_and_role")]
        indexes = [
            models.Index(
                fields=["name", *COUNTED_BY], name="plans_unlinked_names", condition=models.Q(organisation=None)
            ),
            models.Index(fields=["organisation", *COUNTED_BY], name="plans_part_counting"),
            models.Index(
                fields=["organisation", "task", "accepted_at", "task_state", "task_deadline"], name="plans_part_of_unit"
            ),
            # Narrow ones, of which PostgreSQL reads all faster than the table: all parts, those that nobody accepted, those due first.
            models.Index(fields=["organisation", "task_state"], name="plans_part_by_state"),
            models.Index(
                fields=["organisation", "task_state", "task_plan"],
                name="plans_part_waiting",
                condition=models.Q(accepted_at=None),
            ),
            models.Index(
                fields=["task_deadline", "organisation", "task_state", "task_plan"],
                name="plans_part_due",
                condition=~models.Q(task_state="closed"),
            ),
            models.Index(
                fields=["task"],
                name="plans_part_answering",
                condition=models.Q(role__in=ACCOUNTABLE) & ~models.Q(organisation=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_role_display(self) -> str:  # type: ignore[no-redef]
        """See Task.get_state_display."""
        return str(PART_ROLES.get(self.role, self.role))


PART_ROLES = dict(TaskUnit.Role.choices)


class Step(models.Model):
    """A part into which a unit broke its task down (分解), with its own day."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="steps")
    title = models.CharField(max_length=200)
    due = models.DateField()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due", "pk"]


class Report(models.Model):
    """What a unit reported on a task or target: text, number, evidence. Never changed; a correction is another report."""

    class Kind(models.TextChoices):
        PROGRESS = "progress", two("进展", "Progress")
        DONE = "done", two("办结报告", "Reported done")
        RETURNED = "returned", two("退回", "Sent back")

    task = models.ForeignKey(Task, models.PROTECT, null=True, related_name="reports")
    target = models.ForeignKey(Target, models.PROTECT, null=True, related_name="reports")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PROGRESS)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    text = models.TextField()
    value = models.OneToOneField(IndicatorValue, models.PROTECT, null=True, related_name="report")
    evidence = models.ManyToManyField(EvidenceFile, related_name="reports")

    class Meta:
        ordering = ["-at", "-pk"]


class Reminder(models.Model):
    """Written once per task, kind and due day by the worker; shown to the units on their week page."""

    class Kind(models.TextChoices):
        AMBER = "amber", two("临期", "Due soon")
        RED = "red", two("逾期", "Overdue")
        UNACCEPTED = "unaccepted", two("超期未签收", "Not accepted in time")

    task = models.ForeignKey(Task, models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    due = models.DateField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "kind", "due"], name="one_reminder_per_due_day")]


# What leaves and comes back on paper, and supervision, have files of their own; Django looks for models here.
from haihe.packs.plans.models_linkage import Inspection, InspectionAnswer, InspectionLine, TaskLink  # noqa: E402
from haihe.packs.plans.models_supervision import Binding, Contact, Evaluation, KeyProject  # noqa: E402
from haihe.packs.plans.records import FilledSheet, IssuedPaper, PaperCounter, PaperSeries  # noqa: E402

__all__ = [
    "Binding", "Clause", "Contact", "Evaluation", "FilledSheet", "FindingMark", "Inspection", "InspectionAnswer", "InspectionLine", "IssuedPaper", "KeyProject", "Milestone", "PaperCounter", "PaperSeries", "Plan", "PlanFile",
    "Reminder", "Report", "Step", "Target", "Task", "TaskLink", "TaskUnit", "end_of_period",
]  # fmt: skip
