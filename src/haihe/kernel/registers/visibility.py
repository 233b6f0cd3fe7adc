"""Who sees which entries: supervisors and viewers in the subtree of their role, officers those that their unit owns or reviews."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import (
    allows,
    carried_on_below,
    declare,
    of_own_units,
    own_work,
    role_paths,
    unit_paths,
    visibility,
)
from haihe.kernel.registers.declaring import OWNER
from haihe.kernel.registers.models import EntryEvent, RegisterEntry

READERS = [Role.SUPERVISOR, Role.VIEWER, Role.OFFICER]
declare("register.read", "查看登记册", "read registers", roles=READERS)


@visibility(RegisterEntry)
def _entries(account: Account | None, rows: QuerySet[RegisterEntry]) -> QuerySet[RegisterEntry]:
    whole = role_paths(account, Role.SUPERVISOR, Role.VIEWER)
    if "/" in whole:
        return rows
    seen = of_own_units(account, "owner", "reviewer")
    for path in whole:
        seen |= Q(owner__path__startswith=path) | Q(reviewer__path__startswith=path)
    paths = [*whole, *unit_paths(account)]
    if paths:
        carried_on = carried_on_below(paths, timezone.localdate())
        seen |= Q(owner__in=carried_on) | Q(reviewer__in=carried_on)
    return rows.filter(seen)


@visibility(EntryEvent)
def _events(account: Account | None, rows: QuerySet[EntryEvent]) -> QuerySet[EntryEvent]:
    return rows.filter(entry__in=_entries(account, RegisterEntry.objects.all()))


@visibility(EvidenceFile)
def _evidence(account: Account | None, rows: QuerySet[EvidenceFile]) -> QuerySet[EvidenceFile]:
    """A file is seen with the entry it was handed in for."""
    return rows.filter(entry_events__entry__in=_entries(account, RegisterEntry.objects.all())).distinct()


def reviews_own(account: Account | None, entry: RegisterEntry, handed_in_by: int | None) -> bool:
    """Whether it would be the account's own work, or that of its own unit: the owner, or whoever carries on the owner's work."""
    owners = [unit for unit, role in entry.units_with_roles() if role == OWNER]
    return any(own_work(account, handed_in_by, unit) for unit in owners)


def may_review(account: Account | None, entry: RegisterEntry) -> bool:
    """Whether the account may decide on what waits: as reviewer, and neither on its own work nor for its own unit."""
    is_reviewer = bool(entry.pending) and allows(account, "entry.review", entry)
    return is_reviewer and not reviews_own(account, entry, entry.handed_in_by_id)


def waiting_for_review(account: Account, rows: Iterable[RegisterEntry]) -> list[RegisterEntry]:
    """Those of the entries on which the account may decide."""
    return [entry for entry in rows if may_review(account, entry)]
