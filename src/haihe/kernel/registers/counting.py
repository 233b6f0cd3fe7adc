"""Numbers from a register as of any instant, computed from the history alone: the same question about a past day has the same answer
today as it had then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from haihe.kernel.indicators import Offered, RowBehind, measure, offer
from haihe.kernel.language import pick
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.registers.declaring import WITHDRAWN
from haihe.kernel.registers.models import EntryEvent, RegisterEntry


@dataclass(frozen=True)
class Snapshot:
    """An entry as it stood at an instant."""

    entry_id: int
    state: str
    values: dict[str, Any]
    at: datetime

    def number(self, key: str) -> Decimal:
        """A number of it; 0 where it is empty."""
        return Decimal(self.values.get(key) or 0)


Chosen = Iterable[tuple[Snapshot, Decimal]]


@dataclass(frozen=True)
class Count:
    """How a number is made from a register. `choose`: snapshots and the day → those that count with what each contributes; `total`: the
    contributions → the number, None where nothing can be said."""

    register: str
    choose: Callable[[Sequence[Snapshot], date], Chosen]
    total: Callable[[Sequence[tuple[Snapshot, Decimal]]], Decimal | None] = lambda chosen: sum(
        (value for _, value in chosen), Decimal(0)
    )

    def value_at(self, at: datetime) -> Decimal | None:
        """The number at an instant; None before anything was registered."""
        known = snapshots_at(self.register, at)
        if not known and not EntryEvent.objects.filter(entry__register=self.register, at__lte=at).exists():
            return None
        return self.total(self._chosen(known, at))

    def rows_at(self, at: datetime) -> list[RowBehind]:
        chosen = self._chosen(snapshots_at(self.register, at), at)
        entries = (
            RegisterEntry.objects.filter(pk__in=[s.entry_id for s, _ in chosen])
            .select_related("owner", "reviewer")
            .prefetch_related("events__evidence")
        )
        by_pk = {entry.pk: entry for entry in entries}
        return [self._row(by_pk[s.entry_id], s, value, at) for s, value in chosen]

    def _chosen(self, known: Sequence[Snapshot], at: datetime) -> list[tuple[Snapshot, Decimal]]:
        return list(self.choose(known, timezone.localdate(at)))

    def _row(self, entry: RegisterEntry, snapshot: Snapshot, value: Decimal, at: datetime) -> RowBehind:
        return RowBehind(
            title=f"{entry.number} {entry.title}", link=entry.get_absolute_url(), state=entry.title_of_state(snapshot.state), value=value,
            evidence=len({file.pk for event in entry.events.all() if event.at <= at for file in event.evidence.all()}), since=self._since(entry, at), unit=unit_with_note(entry.owner, timezone.localdate(at)), subject=entry,
        )  # fmt: skip

    def _since(self, entry: RegisterEntry, at: datetime) -> datetime | None:
        """From when on the entry has counted without a break, as far as it alone decides that."""
        since = None
        for event in entry.events.all():
            if event.at > at:
                break
            known = [Snapshot(entry.pk, event.state, event.values, event.at)]
            counts = event.state != WITHDRAWN and bool(list(self.choose(known, timezone.localdate(at))))
            since = (since or event.at) if counts else None
        return since


def snapshots_at(register: str, at: datetime) -> list[Snapshot]:
    """Every entry of the register that had been registered and not withdrawn at the instant, as it stood then."""
    last = EntryEvent.objects.filter(entry=OuterRef("pk"), at__lte=at).order_by("-pk").values("pk")[:1]
    latest = RegisterEntry.objects.filter(register=register).annotate(last=Subquery(last)).values("last")
    rows = EntryEvent.objects.filter(pk__in=latest).exclude(state=WITHDRAWN).order_by("entry_id")
    return [Snapshot(*row) for row in rows.values_list("entry_id", "state", "values", "at")]


def unit_with_note(unit: Organisation, day: date) -> str:
    """The unit's name; with whoever carries on its work once it was succeeded, or that it was dissolved."""
    heir = successor_on(unit, day)
    if heir.pk != unit.pk:
        return pick(f"{unit}（已由{heir}承接）", f"{unit} (carried on by {heir})")
    if unit.until is not None and unit.until <= day:
        return pick(f"{unit}（已撤销）", f"{unit} (dissolved)")
    return str(unit)


COUNTS: dict[str, Count] = {}  # key of the indicator → how it is counted


def offer_count(indicator: Offered, count: Count) -> None:
    """Offer an indicator that is counted from a register: its measure, and the rows that lead down to the entries."""
    COUNTS[indicator.key] = count
    measure(indicator.key)(count.value_at)
    offer(replace(indicator, rows=count.rows_at))


def in_states(*states: str) -> Callable[[Sequence[Snapshot], date], Chosen]:
    """Choose the entries in one of the states, each of which counts one."""
    return lambda known, _day: [(s, Decimal(1)) for s in known if s.state in states]
