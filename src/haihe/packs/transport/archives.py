"""How carriers stand: which kinds they are, who holds which duty, what they lack, which archives were not updated in a month; and work
that is given to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from haihe.kernel.cases import Case, open_case
from haihe.kernel.errors import InvalidInput, NotAllowed
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick
from haihe.kernel.permissions import action, allows, own_work, visible
from haihe.kernel.registers import EntryEvent, RegisterEntry
from haihe.packs.transport.cases import WORK
from haihe.packs.transport.models import Carrier
from haihe.packs.transport.months import month_instants
from haihe.packs.transport.register import HELD, HOLDERS, KEY, REQUIRED
from haihe.packs.transport.visibility import with_vehicles


@dataclass(frozen=True)
class CarrierStanding:
    """`holders`: kind of duty → names; `lacking`: required kinds of which nothing is on file; `stale`: entries on file that nobody
    updated in the month."""

    carrier: Carrier
    vehicles: int
    holders: dict[str, list[str]]
    lacking: list[str]
    stale: list[RegisterEntry]

    @property
    def lacking_titles(self) -> list[str]:
        return [pick(*REQUIRED[kind]) for kind in self.lacking]


def list_carriers(account: Account, month: date) -> list[CarrierStanding]:
    """The carriers that the account may see; `month`: any day of it."""
    carriers = with_vehicles(account)
    units = [carrier.organisation_id for carrier, _ in carriers]
    rows = RegisterEntry.objects.filter(register=KEY, state=HELD, withdrawn=False, owner__in=units)
    mine: dict[int, list[RegisterEntry]] = {}
    for entry in rows.order_by("number"):
        mine.setdefault(entry.owner_id, []).append(entry)
    updated = _updated_in(month)
    return [_standing(carrier, count, mine.get(carrier.organisation_id, []), updated) for carrier, count in carriers]


def _standing(carrier: Carrier, vehicles: int, entries: list[RegisterEntry], updated: set[int]) -> CarrierStanding:
    names = {kind: [entry.title for entry in entries if entry.values["kind"] == kind] for kind in REQUIRED}
    stale = [entry for entry in entries if entry.pk not in updated]
    return CarrierStanding(carrier, vehicles, {kind: names[kind] for kind in HOLDERS}, [kind for kind in REQUIRED if not names[kind]], stale)  # fmt: skip


def _updated_in(month: date) -> set[int]:
    """Numbers of entries of which something was accepted in the month, or was handed in then and waits."""
    since, until = month_instants(month)
    accepted = EntryEvent.objects.filter(
        entry__register=KEY, kind=EntryEvent.Kind.ACCEPTED, at__gte=since, at__lt=until
    )
    waiting = RegisterEntry.objects.filter(register=KEY, handed_in_at__gte=since, handed_in_at__lt=until).exclude(pending="")  # fmt: skip
    return {*accepted.values_list("entry", flat=True), *waiting.values_list("pk", flat=True)}


def may_give_work(account: Account, carrier: Carrier) -> bool:
    return allows(account, "carrier.give_work", carrier) and not own_work(account, None, carrier.organisation)


@action("carrier.give_work", "向企业部署工作", "give a carrier work", roles=[Role.SUPERVISOR], as_unit=["carrier"])
def give_work(account: Account, carrier: Carrier, *, title: str, text: str, due: date) -> Case:
    """A case that the carrier answers by the day; the unit that gave it checks the answer."""
    if own_work(account, None, carrier.organisation):
        raise NotAllowed("企业不能给自己部署工作。", "A carrier gives itself no work.", where=str(carrier))
    if not title.strip() or not text.strip():
        raise InvalidInput("请写明工作名称和要求。", "Say what has to be done.", where="title")
    if due < timezone.localdate():
        raise InvalidInput("完成日期已过。", "The day has passed.", where="due")
    return open_case(account, WORK.name, title, carrier.organisation, about=carrier, text=text, reviewer=account.organisation, due_on=due)  # fmt: skip


def list_work(account: Account) -> list[Case]:
    """Work given to carriers that the account may see: what is open first, then the newest."""
    rows = visible(account, Case.objects.filter(type_name=WORK.name)).prefetch_related("units__organisation")
    return sorted(rows.order_by("-pk")[:200], key=lambda case: case.closed_at is not None)
