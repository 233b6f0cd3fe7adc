"""Who sees which carriers and vehicles: supervisors and viewers all, an officer those of the units in their subtree."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import WHOLE, declare, of_own_units, roles_of, visibility, visible
from haihe.packs.transport.models import Area, Carrier, Report, SpotCheck, SpotFinding, Terminal, Vehicle

READERS = [Role.SUPERVISOR, Role.VIEWER, Role.OFFICER]
declare("vehicle.read", "查看车辆", "see vehicles on the map", roles=READERS)
declare("track.read", "查看车辆轨迹", "read a vehicle's track", roles=[Role.SUPERVISOR, Role.OFFICER])
declare("report.read", "查看终端上报（照片、驾驶员卡、运单）", "read pictures, drivers' cards and waybills of terminals", roles=[Role.SUPERVISOR, Role.OFFICER])  # fmt: skip


def _within(account: Account | None, field: str) -> Q:
    return Q() if roles_of(account) & WHOLE else of_own_units(account, field)


@visibility(Carrier)
def _carriers(account: Account | None, rows: QuerySet[Carrier]) -> QuerySet[Carrier]:
    return rows.filter(_within(account, "organisation"))


def with_vehicles(account: Account) -> list[tuple[Carrier, int]]:
    """The carriers that the account may see, as they stand in the tree, each with the number of its vehicles in use."""
    living = Count("vehicles", filter=Q(vehicles__thing__retired_at=None))
    seen = visible(account, Carrier.objects.select_related("organisation")).annotate(living=living)
    return [(carrier, carrier.living) for carrier in seen.order_by("organisation__path")]


@visibility(Vehicle)
def _vehicles(account: Account | None, rows: QuerySet[Vehicle]) -> QuerySet[Vehicle]:
    return rows.filter(_within(account, "carrier__organisation"))


@visibility(Terminal)
def _terminals(account: Account | None, rows: QuerySet[Terminal]) -> QuerySet[Terminal]:
    return rows.filter(_within(account, "vehicle__carrier__organisation"))


@visibility(Report)
def _reports(account: Account | None, rows: QuerySet[Report]) -> QuerySet[Report]:
    return rows.filter(_within(account, "vehicle__carrier__organisation"))


@visibility(Area)
def _areas(account: Account | None, rows: QuerySet[Area]) -> QuerySet[Area]:
    """Who sees every vehicle sees every area; officers those that hold for a vehicle of theirs."""
    return (
        rows
        if roles_of(account) & WHOLE
        else rows.filter(_within(account, "vehicles__carrier__organisation")).distinct()
    )


@visibility(SpotCheck)
def _spot_checks(account: Account | None, rows: QuerySet[SpotCheck]) -> QuerySet[SpotCheck]:
    """A carrier sees what was found about it."""
    return rows.filter(_within(account, "carrier__organisation"))


@visibility(SpotFinding)
def _spot_findings(account: Account | None, rows: QuerySet[SpotFinding]) -> QuerySet[SpotFinding]:
    return rows.filter(_within(account, "spot_check__carrier__organisation"))
