"""The terminals that are counted, and how new the positions of this district are."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from haihe.kernel.observations.queries import latest
from haihe.kernel.systems import Live, Saw, counts
from haihe.packs.transport.models import Terminal, Vehicle


@counts("TRA-02")
def terminals(at: datetime) -> Saw | None:
    """Positioning terminals that are registered in a vehicle; the simulator's are told apart."""
    rows = Terminal.objects.filter(enabled=True, vehicle__thing__retired_at=None).exclude(vehicle=None)
    synthetic = rows.filter(vehicle__thing__attributes__synthetic=True).count()
    total = rows.count()
    if not total:
        return None
    return Saw(
        f"登记在用车载终端 {total} 台，其中模拟 {synthetic} 台。", f"{total} terminals are registered in vehicles, {synthetic} of them synthetic.",
        {"terminals": total, "synthetic": synthetic},
    )  # fmt: skip


def newest_position(at: datetime) -> Live | None:
    """The newest position of any vehicle; synthetic where only simulated vehicles sent within the last month."""
    rows = latest("position").filter(pl.col("thing").is_not_null())
    simulated = Vehicle.objects.filter(thing__attributes__synthetic=True).values_list("thing_id", flat=True)
    is_synthetic = pl.col("thing").is_in(list(simulated))
    real, newest = rows.filter(~is_synthetic)["observed_at"].max(), rows["observed_at"].max()
    if isinstance(real, datetime) and real >= at - timedelta(days=30):
        return Live(real)
    return Live(newest, synthetic=True) if isinstance(newest, datetime) else None
