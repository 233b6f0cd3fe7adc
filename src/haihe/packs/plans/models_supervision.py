"""What supervision adds to the ledger: which measured indicator serves a target, key projects and their reviews, evaluations of
projects at their node, contacts with firms."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.indicators import Indicator
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation


class Binding(models.Model):
    """A measured indicator that serves a target, as a person confirmed it. The target keeps its own indicator, which holds what is
    reported; a target has one open binding, an indicator may serve several targets. `grounds`: why it had been proposed."""

    target = models.ForeignKey("plans.Target", models.PROTECT, related_name="bindings")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="bindings")
    likeness = models.PositiveSmallIntegerField(default=0)
    grounds = models.JSONField(default=dict)
    reason = models.TextField()
    made_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["target"], condition=models.Q(ended_at=None), name="one_open_binding_of_a_target"
            )
        ]


class KeyProject(models.Model):
    """A task under the district's supervision 重点项目: reviewed every so many weeks until it is taken off the list."""

    task = models.ForeignKey("plans.Task", models.PROTECT, related_name="supervised")
    every_weeks = models.PositiveSmallIntegerField()
    next_review = models.DateField()
    reason = models.TextField()
    placed_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["next_review", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["task"], condition=models.Q(ended_at=None), name="supervised_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.task.heading

    @property
    def reviews(self) -> models.QuerySet[Case]:
        """The rounds of its review, newest first."""
        return Case.about(self)


class Evaluation(models.Model):
    """The verdict on a project at its node, by somebody whose unit has no part in it. Written once for each node."""

    class Outcome(models.TextChoices):
        DONE = "done", two("完成", "Done")
        PARTLY = "partly", two("部分完成", "Partly done")
        NOT_DONE = "not_done", two("未完成", "Not done")

    task = models.ForeignKey("plans.Task", models.PROTECT, related_name="evaluations")
    node = models.DateField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reasons = models.TextField()
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["task", "node"], name="one_evaluation_a_node")]


class TaskVersion(models.Model):
    """What a task asked for from `at` on; 1 is what was filed (without reason and person), each later one says why. Written once."""

    task = models.ForeignKey("plans.Task", models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    heading = models.CharField(max_length=300)
    text = models.TextField()
    deadline = models.DateField(null=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["task", "number"]
        constraints = [models.UniqueConstraint(fields=["task", "number"], name="one_version_a_number")]

    def __str__(self) -> str:
        return f"{self.task} {self.number}"


class Contact(models.Model):
    """A contact of a unit with a firm: what it was about and what came of it. Firms, not persons, are written down."""

    class Kind(models.TextChoices):
        VISIT = "visit", two("走访", "Visit")
        MEETING = "meeting", two("座谈", "Meeting")
        CALL = "call", two("电话", "Call")
        LETTER = "letter", two("来函", "Letter")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    firm = models.CharField("企业", max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    on = models.DateField()
    subject = models.CharField(max_length=300)
    result = models.TextField(blank=True)
    task = models.ForeignKey("plans.Task", models.PROTECT, null=True, related_name="contacts")
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-on", "-pk"]

    def __str__(self) -> str:
        return f"{self.firm} {self.on:%Y-%m-%d}"
