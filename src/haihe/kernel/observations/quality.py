"""Quality of a row: bits of one UInt16, 0 = nothing odd. A bit never makes a row disappear; it says how far to trust it.

The limits of the clock bits are the project's own choice, not a standard's: they only mark rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntFlag

import numpy as np
import polars as pl
from numpy.typing import NDArray

CLOCK_AHEAD_S = 60
LATE_S = 600
CLOCK_BEHIND_DAYS = 30


class Quality(IntFlag):
    """Bits 0–7 are set by `ObservationTable.check`, 8–11 by decoders, 12–15 are a pack's own."""

    OUT_OF_RANGE = 1 << 0
    CLOCK_AHEAD = 1 << 1
    CLOCK_BEHIND = 1 << 2
    LATE = 1 << 3
    NO_TIME = 1 << 4
    UNKNOWN_THING = 1 << 5
    NOT_A_NUMBER = 1 << 6
    NOT_FIXED = 1 << 8
    DECODED_IN_PART = 1 << 9
    CHECKSUM_WRONG = 1 << 10


TITLES = {
    Quality.OUT_OF_RANGE: ("数值超出范围", "a value is out of range"),
    Quality.CLOCK_AHEAD: ("设备时钟超前", "the device's clock is ahead"),
    Quality.CLOCK_BEHIND: (
        "设备时钟落后（或补传已逾三十日）",
        "the device's clock is behind (or the row over 30 days late)",
    ),
    Quality.LATE: ("补传（晚到十分钟以上）", "sent afterwards (over ten minutes late)"),
    Quality.NO_TIME: ("没有观测时间", "no time of observation"),
    Quality.UNKNOWN_THING: ("未登记的设备", "unknown device"),
    Quality.NOT_A_NUMBER: ("不是有效数字", "not a finite number"),
    Quality.NOT_FIXED: ("未定位", "position not fixed"),
    Quality.DECODED_IN_PART: ("仅部分解码", "decoded in part"),
    Quality.CHECKSUM_WRONG: ("校验错误", "wrong checksum"),
}


def names_of(bits: int, language: str = "zh") -> list[str]:
    """Words for the bits that are set; bits that only a pack knows are named by number."""
    named = [title[language != "zh"] for bit, title in TITLES.items() if bits & bit]
    own = [f"bit {n}" for n in range(16) if bits & (1 << n) and 1 << n not in list(Quality)]
    return named + own


def clock_is_ahead() -> pl.Expr:
    return pl.col("observed_at") > pl.col("received_at") + pl.duration(seconds=CLOCK_AHEAD_S)


def clock_is_behind() -> pl.Expr:
    return pl.col("observed_at") < pl.col("received_at") - pl.duration(days=CLOCK_BEHIND_DAYS)


def is_null(column: pl.Series) -> NDArray[np.bool_]:
    """Per row, whether there is no value."""
    return column.is_null().to_numpy() if column.null_count() else np.zeros(len(column), np.bool_)


def clock_oddities(observed_at: pl.Series, received_at: pl.Series) -> Iterator[tuple[NDArray[np.bool_], Quality]]:
    """Per row, whether its time of observation lies ahead, far behind, or is late."""
    # Where there is no time the difference is not-a-number, which no comparison finds.
    # (`to_physical` would plan a query each time.)
    ahead_us = observed_at.cast(pl.Int64).to_numpy() - received_at.cast(pl.Int64).to_numpy()
    yield ahead_us > CLOCK_AHEAD_S * 1_000_000, Quality.CLOCK_AHEAD
    yield ahead_us < -CLOCK_BEHIND_DAYS * 86_400_000_000, Quality.CLOCK_BEHIND
    yield ahead_us < -LATE_S * 1_000_000, Quality.LATE
