"""What leaves and comes back on paper: numbered papers, each kept as it was sent, and fill-in sheets handed in."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation


class PaperSeries(models.Model):
    """The numbers of one issuing organ: `code` is its 发文机关代字, `organ` its name in the red mark."""

    code = models.CharField(max_length=20, unique=True)
    organ = models.CharField(max_length=60)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    printed_by = models.CharField(max_length=60, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code}（{self.organ}）"


class PaperCounter(models.Model):
    """The last number given in a year. It only ever grows: a revoked number is not given again."""

    series = models.ForeignKey(PaperSeries, models.PROTECT, related_name="counters")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="one_counter_a_series_and_year")]


class IssuedPaper(models.Model):
    """A paper as it was issued: its number, its content, and the very bytes with their hash."""

    series = models.ForeignKey(PaperSeries, models.PROTECT, related_name="papers")
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()
    number = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=300)
    content = models.JSONField()
    file = models.ForeignKey(EvidenceFile, models.PROTECT, related_name="papers")
    sha256 = models.CharField(max_length=64)
    addressees = models.ManyToManyField(Organisation, related_name="+")
    tasks = models.ManyToManyField("plans.Task", related_name="papers")
    issued_by = models.ForeignKey(Account, models.PROTECT, related_name="+")
    issued_at = models.DateTimeField(auto_now_add=True)
    revoked_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["series", "year", "serial"], name="a_number_is_given_once")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        for unit in self.addressees.all():
            yield unit, "addressee"


class FilledSheet(models.Model):
    """A fill-in sheet as a unit handed it in, with what was found in it; nothing is imported before somebody confirms."""

    class State(models.TextChoices):
        CHECKED = "checked", two("待确认", "To confirm")
        APPLIED = "applied", two("已导入", "Imported")

    file = models.ForeignKey(EvidenceFile, models.PROTECT, related_name="+")
    attachments = models.ManyToManyField(EvidenceFile, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKED)
    findings = models.JSONField(default=list)  # [{"cell", "zh", "en"}]
    ready = models.PositiveIntegerField(default=0)  # rows that may be imported
    received_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)
    applied_rows = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-received_at", "-pk"]
