"""What rosters keep. Notes, takings-over, checks and their results are written once: the database refuses to change them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import models
from django.urls import reverse

from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.things import Thing

KIND = "duty_post"  # kind of the thing that a post is


class DutyPost(models.Model):
    """A post 岗位 of a unit that has to be manned from `since` on. Name, unit and retirement are those of its thing.

    `gap_phase` and `gap_from` are what the watch told last about its roster: nothing, a gap ahead, or a gap now, and when it began."""

    class Phase(models.TextChoices):
        NONE = "", two("无缺岗", "No gap")
        AHEAD = "ahead", two("即将缺岗", "Gap ahead")
        NOW = "now", two("缺岗", "Nobody on duty")

    thing = models.OneToOneField(Thing, models.PROTECT, related_name="duty_post")
    since = models.DateTimeField()
    telephone = models.CharField("值班电话", max_length=40, blank=True)
    gap_phase = models.CharField(max_length=5, choices=Phase.choices, blank=True, default=Phase.NONE)
    gap_from = models.DateTimeField(null=True)

    class Meta:
        ordering = ["thing__organisation__path", "pk"]

    def __str__(self) -> str:
        return f"{self.organisation} {self.thing.name}"

    def get_absolute_url(self) -> str:
        return reverse("rosters:post", args=[self.pk])

    @property
    def name(self) -> str:
        return self.thing.name

    @property
    def organisation(self) -> Organisation:
        unit = self.thing.organisation
        if unit is None:
            raise ValueError(f"the post {self.pk} belongs to no unit")
        return unit

    @property
    def is_retired(self) -> bool:
        return self.thing.retired_at is not None

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield self.organisation, "unit"


class Shift(models.Model):
    """A person on duty at a post from `starts_at` until `ends_at`. One that was withdrawn before it began is not counted."""

    post = models.ForeignKey(DutyPost, models.PROTECT, related_name="shifts")
    account = models.ForeignKey(Account, models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    arranged_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["post", "ends_at"]), models.Index(fields=["account", "ends_at"])]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="shift_ends_after_start")
        ]

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from self.post.units_with_roles()

    @classmethod
    def counting(cls) -> models.QuerySet[Shift]:
        """Shifts that count: not withdrawn, of people whose account still works."""
        return cls.objects.filter(withdrawn_at=None, account__is_active=True)

    @classmethod
    def overlapping(cls, person: Account, begin: datetime, end: datetime) -> models.QuerySet[Shift]:
        """Shifts of a person, at any post, that share time with [begin, end)."""
        return cls.objects.filter(account=person, withdrawn_at=None, starts_at__lt=end, ends_at__gt=begin)

    def runs_at(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


class HandoverNote(models.Model):
    """What the outgoing person leaves open 交班, signed once a shift."""

    post = models.ForeignKey(DutyPost, models.PROTECT, related_name="notes")
    shift = models.OneToOneField(Shift, models.PROTECT, related_name="note")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["pk"]


class TakeOver(models.Model):
    """That the incoming person began the shift 接班, and the notes that were read with it."""

    post = models.ForeignKey(DutyPost, models.PROTECT, related_name="takings")
    shift = models.OneToOneField(Shift, models.PROTECT, related_name="taking")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    notes: models.ManyToManyField[HandoverNote, models.Model] = models.ManyToManyField(
        HandoverNote, related_name="takings"
    )

    class Meta:
        ordering = ["pk"]


class DutyCheck(models.Model):
    """A check 查岗: `account`, who is on duty by the roster, is asked to answer by `answer_by`."""

    post = models.ForeignKey(DutyPost, models.PROTECT, related_name="checks")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="checks")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer_by = models.DateTimeField(db_index=True)
    question = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from self.post.units_with_roles()

    @property
    def outcome(self) -> CheckResult | None:
        """The result, or None while it is waited for."""
        return getattr(self, "result", None)


class CheckResult(models.Model):
    """What came of a check: the answer, or that there was none in time."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", two("已应答", "Answered")
        UNANSWERED = "unanswered", two("无应答", "No answer")

    check_asked = models.OneToOneField(DutyCheck, models.PROTECT, related_name="result")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    at = models.DateTimeField()
    text = models.CharField(max_length=300, blank=True)
