"""What joins the levels: a city task and the district task that answers it; and rounds of inspection 督查, each a picture of what was
behind on its day with what the units said to it. Lines and answers are written once: the database refuses to change them."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation, successor_on

BEHIND = {
    "late": two("逾期", "Late"),
    "silent": two("久未报告", "No report for long"),
    "missed": two("督查未按期", "A review was missed"),
}


class TaskLink(models.Model):
    """A task of the city and a task of the district on one goal, as a person confirmed it. `grounds`: why it had been proposed
    ({"shared": words, "units": offices}, empty where the person found it without a proposal); `score` as in the comparison."""

    city = models.ForeignKey("plans.Task", models.PROTECT, related_name="links_down")
    district = models.ForeignKey("plans.Task", models.PROTECT, related_name="links_up")
    goal = models.CharField(max_length=300)
    score = models.DecimalField(max_digits=4, decimal_places=1, null=True)
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
                fields=["city", "district"], condition=models.Q(ended_at=None), name="linked_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.goal


class Inspection(models.Model):
    """A round of inspection over the open tasks of a plan, or over chosen ones, on one day. `silent_days`: working days without a
    report from which a task counted as silent."""

    title = models.CharField(max_length=200)
    plan = models.ForeignKey("plans.Plan", models.PROTECT, null=True, related_name="inspections")
    on = models.DateField()
    silent_days = models.PositiveSmallIntegerField()
    looked_at = models.PositiveIntegerField()  # tasks
    opened_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-opened_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("plans:inspection", args=[self.pk])

    @property
    def cases(self) -> models.QuerySet[Case]:
        """One a unit that has something to answer."""
        return Case.about(self)

    @property
    def is_open(self) -> bool:
        return self.cases.filter(closed_at=None).exists()


class InspectionLine(models.Model):
    """One task that was behind and one unit that answers for it (none where no unit is linked). `behind`: [{"kind", "since"}], the
    day from which it was."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, related_name="lines")
    task = models.ForeignKey("plans.Task", models.PROTECT, related_name="inspected")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    behind = models.JSONField()
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["organisation__name", "pk"]

    @property
    def marks(self) -> list[tuple[str, str]]:
        """(title, day) of everything that was behind."""
        return [(str(BEHIND[row["kind"]]), row["since"]) for row in self.behind]

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        if self.organisation is not None:
            yield self.organisation, "answerer"
            heir = successor_on(self.organisation, timezone.localdate())
            if heir.pk != self.organisation_id:
                yield heir, "answerer"


class InspectionAnswer(models.Model):
    """What the unit said to one line; a later answer, after it was sent back, stands beside the first."""

    line = models.ForeignKey(InspectionLine, models.PROTECT, related_name="answers")
    text = models.TextField()
    by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]
