"""What the coordination mechanism keeps: its members, meetings with minutes, rounds of notes with a bulletin, and decisions.

What was approved or handed in is written once (migration 0002): a correction is a new version beside the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation, successor_on


def with_heirs(units: Iterator[Organisation], role: str) -> Iterator[tuple[Organisation, str]]:
    """Each unit and, once it has been succeeded, the unit that carries on its work."""
    today = timezone.localdate()
    for unit in units:
        yield unit, role
        heir = successor_on(unit, today)
        if heir.pk != unit.pk:
            yield heir, role


class Member(models.Model):
    """A unit's place in the mechanism from `since` to `until`. `contact_role` is a post, not a person's name: 分管副局长."""

    class Part(models.TextChoices):
        LEAD = "lead", two("牵头单位", "Leading unit")
        OFFICE = "office", two("办公室", "Office")
        MEMBER = "member", two("成员单位", "Member unit")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    part = models.CharField(max_length=10, choices=Part.choices, default=Part.MEMBER)
    contact_role = models.CharField(max_length=80, blank=True)
    contact = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        ordering = ["until", "organisation__path"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(until=None), name="one_open_membership_per_unit"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.get_part_display()}"


class Draft(models.Model):
    """A text that several officers may work on: whoever saves says which revision they saw, and a second one is refused."""

    draft = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)
    edited_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Meeting(Draft):
    """A meeting of the mechanism 协调会议; the draft is that of its minutes."""

    class State(models.TextChoices):
        PLANNED = "planned", two("待召开", "To be held")
        HELD = "held", two("已召开", "Held")
        CANCELLED = "cancelled", two("已取消", "Cancelled")

    title = models.CharField(max_length=200)
    at = models.DateTimeField()
    place = models.CharField(max_length=120, blank=True)
    chair = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    cancel_reason = models.CharField(max_length=300, blank=True)
    convened_by = models.ForeignKey(Account, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("coordination:meeting", args=[self.pk])

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from with_heirs((row.organisation for row in self.attendance.select_related("organisation")), "invited")

    @property
    def minutes(self) -> Minutes | None:
        """The approved minutes as they now hold."""
        return self.versions.order_by("-version").first()


class AgendaItem(models.Model):
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="agenda")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)

    class Meta:
        ordering = ["position", "pk"]


class Attendance(models.Model):
    """A unit's place at a meeting: what it answered, then how it was. `role`: the post that comes."""

    class State(models.TextChoices):
        INVITED = "invited", two("待回复", "No answer yet")
        COMING = "coming", two("将出席", "Coming")
        EXCUSED = "excused", two("请假", "Excused")
        PRESENT = "present", two("到会", "Present")
        ABSENT = "absent", two("缺席", "Absent")

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendance")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.INVITED)
    role = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["organisation__path"]
        constraints = [models.UniqueConstraint(fields=["meeting", "organisation"], name="one_seat_per_unit")]


class Minutes(models.Model):
    """One approved version of a meeting's minutes 会议纪要, written once; a later version says why it corrects."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="versions")
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    reason = models.CharField(max_length=300, blank=True)
    approved_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["meeting", "version"], name="one_minutes_per_version")]


class Round(Draft):
    """A coordination round: units hand in notes by a day, the coordinator compiles them; the draft is that of the bulletin."""

    title = models.CharField(max_length=200)
    asked = models.TextField(blank=True)
    notes_by = models.DateField()
    opened_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("coordination:round", args=[self.pk])

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from with_heirs((row.organisation for row in self.units.select_related("organisation")), "asked")

    @property
    def bulletin(self) -> Bulletin | None:
        """The bulletin as it now holds."""
        return self.bulletins.order_by("-version").first()


class RoundUnit(models.Model):
    round = models.ForeignKey(Round, models.CASCADE, related_name="units")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["organisation__path"]
        constraints = [models.UniqueConstraint(fields=["round", "organisation"], name="asked_once_a_round")]


class Note(models.Model):
    """A unit's situation note 情况专报 in a round, written once; handing in again before the bulletin makes the next version."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="notes")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["organisation__path", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["round", "organisation", "version"], name="one_note_per_version")
        ]


class Problem(models.Model):
    """A problem that a note names 需协调解决的问题. It is open until a decision takes it up or somebody says why none is needed."""

    note = models.ForeignKey(Note, models.PROTECT, related_name="problems")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    closed_reason = models.CharField(max_length=300, blank=True)
    closed_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["note__organisation__path", "position", "pk"]

    def __str__(self) -> str:
        return self.text[:80]

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from with_heirs(iter([self.note.organisation]), "asked")

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and not hasattr(self, "decision")


class Bulletin(models.Model):
    """One issued version of a round's bulletin 信息通报, written once. `issue` counts within the year."""

    round = models.ForeignKey(Round, models.PROTECT, related_name="bulletins")
    year = models.PositiveSmallIntegerField()
    issue = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField()
    text = models.TextField()
    reason = models.CharField(max_length=300, blank=True)
    issued_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["round", "version"], name="one_bulletin_per_version"),
            models.UniqueConstraint(fields=["year", "issue", "version"], name="one_bulletin_per_issue"),
        ]


class Decision(models.Model):
    """An item that a meeting or a round decided 议定事项: what, which unit, by when. Its work is the case."""

    meeting = models.ForeignKey(Meeting, models.PROTECT, null=True, related_name="decisions")
    problem = models.OneToOneField(Problem, models.PROTECT, null=True, related_name="decision")
    text = models.CharField(max_length=300)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    due = models.DateField()
    made_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    case = models.OneToOneField(Case, models.PROTECT, null=True, related_name="decision")

    class Meta:
        ordering = ["due", "pk"]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        """Where it was made: the case shows the work itself."""
        if self.meeting_id:
            return reverse("coordination:meeting", args=[self.meeting_id])
        return reverse("coordination:round", args=[self.problem.note.round_id]) if self.problem else ""


class YearPlan(models.Model):
    """A unit's work plan for a year 年度工作计划: the unit writes and submits it, the coordinator adopts it or sends it back."""

    class State(models.TextChoices):
        DRAFT = "draft", two("编制中", "Being written")
        SUBMITTED = "submitted", two("待审定", "Submitted")
        ADOPTED = "adopted", two("已纳入台账", "In the ledger")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    remark = models.CharField(max_length=300, blank=True)  # why it was sent back

    class Meta:
        ordering = ["-year", "organisation__path"]
        constraints = [models.UniqueConstraint(fields=["organisation", "year"], name="one_plan_a_year")]

    def __str__(self) -> str:
        return f"{self.organisation} {self.year}"

    def get_absolute_url(self) -> str:
        return reverse("coordination:year_plan", args=[self.pk])

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from with_heirs(iter([self.organisation]), "owner")


class YearItem(models.Model):
    """A measure of a unit's yearly plan with its time node. `revision` guards against two officers editing one measure."""

    plan = models.ForeignKey(YearPlan, models.CASCADE, related_name="items")
    measure = models.CharField(max_length=300)
    result = models.CharField(max_length=300, blank=True)
    basis = models.CharField(max_length=200, blank=True)
    due = models.DateField()
    percent = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["due", "pk"]

    def __str__(self) -> str:
        return self.measure

    def get_absolute_url(self) -> str:
        return f"{self.plan.get_absolute_url()}#item-{self.pk}"

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        yield from self.plan.units_with_roles()


class YearReport(models.Model):
    """What a unit reported on a measure: share done in percent, words, evidence. Never changed; a correction is another report."""

    item = models.ForeignKey(YearItem, models.PROTECT, related_name="reports")
    percent = models.PositiveSmallIntegerField()
    text = models.TextField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    evidence = models.ManyToManyField("kernel.EvidenceFile", related_name="year_reports")

    class Meta:
        ordering = ["-at", "-pk"]


class Told(models.Model):
    """A reminder that was sent once: what about, which kind, for which day."""

    kind = models.CharField(max_length=20)
    row = models.BigIntegerField()
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    due = models.DateField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "row", "organisation", "due"], name="told_once_about_a_day")
        ]
