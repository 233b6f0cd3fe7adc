"""Spot checks 抽查: whoever supervises a carrier picks a vehicle's recorded day, or has it drawn, looks at it and writes what was found.

A draw can be repeated: the days that stand to choose from are listed in one order, and the seed picks one of them. So nobody can say
afterwards that a firm was picked on, and nobody can leave one out.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from django.db.models import QuerySet
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action, allows, own_work, visible
from haihe.kernel.policies import parameter
from haihe.packs.transport.models import Carrier, SpotCheck, SpotFinding, Vehicle
from haihe.packs.transport.months import month_instants
from haihe.packs.transport.visibility import with_vehicles

CHECKERS = [Role.SUPERVISOR]
UNIT = ["carrier"]  # officers of the carrier's unit and of units above; the carrier itself is refused below
Choice = tuple[int, str]  # a vehicle and a day


def choices(vehicles: Sequence[int], today: date, days: int) -> list[Choice]:
    """What a draw chooses from: each vehicle with each of the `days` days before today, in one order."""
    dates = [(today - timedelta(days=back)).isoformat() for back in range(1, days + 1)]
    return [(vehicle, day) for vehicle in sorted(vehicles) for day in sorted(dates)]


def digest_of(listed: Sequence[Choice]) -> str:
    return hashlib.sha256("\n".join(f"{vehicle} {day}" for vehicle, day in listed).encode()).hexdigest()


def pick_by(seed: str, listed: Sequence[Choice]) -> Choice:
    """The one that the seed picks: the same for the same list, whoever asks."""
    return listed[Random(seed).randrange(len(listed))]  # noqa: S311  (a fair draw that can be repeated, no secret)


def _demand_other(account: Account, carrier: Carrier) -> None:
    if own_work(account, None, carrier.organisation):
        raise NotAllowed(
            "企业不能抽查自己的车辆。", "A carrier does not check its own vehicles.", where=str(carrier),
            to_do_zh="抽查由主管局或督查人员进行。", to_do_en="The bureau above or the supervision office does.",
        )  # fmt: skip


def may_check(account: Account, carrier: Carrier) -> bool:
    """Whether the account may check vehicles of this carrier, for showing a form."""
    check = SpotCheck(carrier=carrier)
    return allows(account, "spot_check.pick", check) and not own_work(account, None, carrier.organisation)


@action("spot_check.pick", "抽查车辆", "pick a vehicle's day to check", roles=CHECKERS, as_unit=UNIT)
def pick_day(account: Account, vehicle: Vehicle, *, on: date) -> SpotCheck:
    """A day that the account chose itself."""
    _demand_other(account, vehicle.carrier)
    if not date(2000, 1, 1) <= on <= timezone.localdate():
        raise InvalidInput("请选择今天或以前的日期。", "Choose today or a day before.", where="on")
    _demand_new(vehicle, on)
    return SpotCheck.objects.create(vehicle=vehicle, carrier=vehicle.carrier, on=on, by=account, at=timezone.now())


def _demand_new(vehicle: Vehicle, on: date) -> None:
    if SpotCheck.objects.filter(vehicle=vehicle, on=on, finding=None).exists():
        raise Conflict(
            "这一天已在抽查，尚未写明结果。", "This day is being checked already and has no finding yet.", where=f"{vehicle} {on}",
            to_do_zh="请在抽查列表中找到它并写明结果。", to_do_en="Find it in the list and write what was found.",
        )  # fmt: skip


@action("spot_check.draw", "随机抽查", "draw a vehicle's day to check", roles=[Role.SUPERVISOR, Role.OFFICER])
def draw_day(account: Account, _: None, *, carrier: Carrier | None = None, seed: str = "") -> SpotCheck:
    """A vehicle that the account may check, of one carrier or of all, and one of the last days (dated parameter), by a seed that is kept.
    Without a seed one is made up by the system."""
    today = timezone.localdate()
    vehicles = visible(account, Vehicle.objects.select_related("carrier__organisation")).filter(thing__retired_at=None)
    if carrier is not None:
        _demand_other(account, carrier)
        vehicles = vehicles.filter(carrier=carrier)
    known = {vehicle.pk: vehicle for vehicle in vehicles if may_check(account, vehicle.carrier)}
    open_days = {(c.vehicle_id, c.on.isoformat()) for c in SpotCheck.objects.filter(finding=None)}
    days = int(parameter("transport.spot_check_days", today))
    listed = [choice for choice in choices(list(known), today, days) if choice not in open_days]
    if not listed:
        raise Conflict(
            "没有可抽查的车辆。", "There is no vehicle to draw from.", where=str(carrier or ""),
            to_do_zh="企业不能抽查自己的车辆；正在抽查的不再抽取。", to_do_en="A carrier draws none of its own; days being checked are left out.",
        )  # fmt: skip
    seed = seed.strip()[:64] or secrets.token_hex(8)
    pk, on = pick_by(seed, listed)
    made = SpotCheck.objects.create(
        vehicle=known[pk], carrier=known[pk].carrier, on=date.fromisoformat(on), by=account, at=timezone.now(), drawn=True, seed=seed,
        drawn_from=len(listed), digest=digest_of(listed),
    )  # fmt: skip
    audit.note(vehicle=str(known[pk]), on=on, seed=seed, drawn_from=len(listed), digest=made.digest)
    return made


@action("spot_check.conclude", "写明抽查结果", "write what a spot check found", roles=CHECKERS, as_unit=UNIT)
def conclude(account: Account, check: SpotCheck, *, result: str, text: str = "") -> SpotFinding:
    """Once. Gaps and violations need a sentence."""
    _demand_other(account, check.carrier)
    if check.outcome is not None:
        raise Conflict("该次抽查已有结果。", "This spot check has its finding.", where=str(check))
    if result not in SpotFinding.Result.values:
        raise InvalidInput("请选择抽查结果。", "Choose what was found.", where="result",
                           to_do_zh="可选：数据完整、数据缺失、发现违规。", to_do_en=f"One of: {', '.join(SpotFinding.Result.values)}.")  # fmt: skip
    if result != SpotFinding.Result.COMPLETE and not text.strip():
        raise InvalidInput("请写明缺失或违规的情况。", "Say what is missing or was violated.", where="text")
    audit.note(vehicle=str(check.vehicle), on=check.on, result=result, text=text.strip())
    return SpotFinding.objects.create(spot_check=check, result=result, text=text.strip(), by=account, at=timezone.now())


# --- how much was checked -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """A carrier's month: vehicles that it has, how many of them were checked to the end, and what was found how often."""

    carrier: Carrier
    vehicles: int
    checked: int
    results: dict[str, int]

    @property
    def share(self) -> float:
        return self.checked / self.vehicles if self.vehicles else 0.0


def list_shares(account: Account, month: date) -> list[Share]:
    """Each carrier that the account may see. A check counts for the month in which its finding was written."""
    first, after = month_instants(month)
    found: dict[int, list[tuple[int, str]]] = {}
    rows = SpotFinding.objects.filter(at__gte=first, at__lt=after)
    for firm, vehicle, result in rows.values_list("spot_check__carrier", "spot_check__vehicle", "result"):
        found.setdefault(firm, []).append((vehicle, result))
    shares = []
    for carrier, vehicles in with_vehicles(account):
        mine = found.get(carrier.pk, [])
        results = {value: sum(result == value for _, result in mine) for value in SpotFinding.Result.values}
        shares.append(Share(carrier, vehicles, len({vehicle for vehicle, _ in mine}), results))
    return shares


def list_checks(account: Account, carrier: Carrier | None = None) -> QuerySet[SpotCheck]:
    """Spot checks that the account may see, newest first."""
    rows = visible(account, SpotCheck.objects.select_related("vehicle", "carrier__organisation", "by", "finding__by"))
    return rows.filter(carrier=carrier) if carrier is not None else rows
