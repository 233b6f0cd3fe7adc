"""What a register keeps. The history is written once: the database refuses to change it (migration registers_written_once)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.places import Place
from haihe.kernel.registers.declaring import CHANGE, OWNER, REVIEWER, WITHDRAWN
from haihe.kernel.registers.fields import shown


class RegisterEntry(models.Model):
    """One entry as it stands now. `values` are checked against the declaration, whose words are copied into `words`. `version`
    counts its changes, for whoever changes it to say what they saw. `pending` is the step that waits for a reviewer,
    `pending_values` the values that come with it."""

    register = models.CharField(max_length=40, db_index=True)
    number = models.CharField(max_length=30, unique=True)
    natural_key = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    place = models.ForeignKey(Place, models.PROTECT, null=True, blank=True, related_name="+")
    words = models.JSONField()
    values = models.JSONField()
    state = models.CharField(max_length=40)
    state_since = models.DateTimeField()
    pending = models.CharField(max_length=40, blank=True)
    pending_values = models.JSONField(default=dict, blank=True)
    handed_in_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    handed_in_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    withdrawn = models.BooleanField(default=False)
    synthetic = models.BooleanField(default=False)

    class Meta:
        ordering = ["-changed_at", "-pk"]
        indexes = [models.Index(fields=["register", "state"])]
        constraints = [
            models.UniqueConstraint(
                fields=["register", "natural_key"],
                condition=models.Q(withdrawn=False),
                name="one_entry_per_natural_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("registers:entry", args=[self.pk])

    def units_with_roles(self) -> Iterator[tuple[Organisation, str]]:
        """Owner and reviewer and, once one has been succeeded, the unit that carries on its work."""
        today = timezone.localdate()
        for unit, role in ((self.owner, OWNER), (self.reviewer, REVIEWER)):
            if unit is None:
                continue
            yield unit, role
            heir = successor_on(unit, today)
            if heir.pk != unit.pk:
                yield heir, role

    @property
    def register_title(self) -> str:
        return pick(self.words["title_zh"], self.words["title_en"])

    @property
    def state_title(self) -> str:
        return self.title_of_state(self.state)

    @property
    def pending_title(self) -> str:
        return self.title_of_step(self.pending)

    def title_of_state(self, key: str) -> str:
        if key == WITHDRAWN:
            return pick("已撤回", "Withdrawn")
        return next((pick(s["title_zh"], s["title_en"]) for s in self.words["states"] if s["key"] == key), key)

    def title_of_step(self, name: str) -> str:
        if name == CHANGE:
            return pick("更改数据", "Change of values")
        return next((pick(s["title_zh"], s["title_en"]) for s in self.words["steps"] if s["name"] == name), name)

    @property
    def counts(self) -> bool:
        """Whether its present state is one that counts."""
        return any(s["key"] == self.state and s["counts"] for s in self.words["states"])

    def labelled(self, values: dict[str, Any] | None = None) -> list[tuple[str, str, dict[str, Any]]]:
        """(title, value as read, words of the field) of every field that the copied words know."""
        values = self.values if values is None else values
        return [(pick(f["title_zh"], f["title_en"]), shown(f, values.get(f["key"])), f) for f in self.words["fields"]]


class EntryEvent(models.Model):
    """One line of an entry's history, written once. `state` and `values` are those after it, so that the entry as it was at any
    instant is the last line before; `changes` holds {field: [before, after]} of this line."""

    class Kind(models.TextChoices):
        OPENED = "opened", two("登记", "Registered")
        CHANGED = "changed", two("修改", "Changed")
        HANDED_IN = "handed_in", two("报请审核", "Handed in")
        TAKEN_BACK = "taken_back", two("撤回报请", "Taken back")
        ACCEPTED = "accepted", two("审核通过", "Accepted")
        RETURNED = "returned", two("退回", "Sent back")
        TAKEN = "taken", two("办理", "Step taken")
        WITHDRAWN = "withdrawn", two("撤回登记", "Withdrawn")

    entry = models.ForeignKey(RegisterEntry, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    step = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=40)
    values = models.JSONField()
    changes = models.JSONField(default=dict)
    version = models.PositiveIntegerField()
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=150, blank=True)
    on_behalf_of = models.CharField(max_length=150, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    evidence = models.ManyToManyField(EvidenceFile, related_name="entry_events")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["entry", "at"])]
        constraints = [models.UniqueConstraint(fields=["entry", "version"], name="one_event_per_version")]

    @property
    def title(self) -> str:
        kind = str(self.Kind(self.kind).label)
        return f"{kind}{pick('：', ': ')}{self.entry.title_of_step(self.step)}" if self.step else kind

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """(field, before, after) as a person reads them."""
        by_key = {f["key"]: f for f in self.entry.words["fields"]}
        return [
            (pick(by_key[key]["title_zh"], by_key[key]["title_en"]), shown(by_key[key], old), shown(by_key[key], new))
            for key, (old, new) in self.changes.items()
            if key in by_key
        ]


def entry_at(entry: RegisterEntry, at: datetime) -> EntryEvent | None:
    """The line of history that says how an entry stood at an instant; None before it was registered."""
    return entry.events.filter(at__lte=at).order_by("-pk").first()
