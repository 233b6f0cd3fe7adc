"""BCD times of whole batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# No time: the value numpy and polars use for it as well (NaT).
NOT_A_TIME = np.iinfo(np.int64).min
_UTC_BEHIND_S = 8 * 3600  # the standard's times are GMT+8
_INVALID = 255


def _two_decimals() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every pair of bytes the two numbers that they are in BCD, _INVALID where a digit is none."""
    byte = np.arange(256)
    decimal = np.where((byte >> 4 < 10) & (byte & 15 < 10), (byte >> 4) * 10 + (byte & 15), _INVALID)
    return np.repeat(decimal, 256), np.tile(decimal, 256)


_HIGH, _LOW = _two_decimals()


def _months() -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """By BCD year and month of this century: seconds from 1970 to its beginning at GMT+8, and its days (0 = no month)."""
    valid = (_HIGH < 100) & (_LOW > 0) & (_LOW < 13)
    month = np.datetime64("2000-01", "M") + np.where(valid, _HIGH * 12 + _LOW - 1, 0)
    first, following = month.astype("M8[D]"), (month + 1).astype("M8[D]")
    days = np.where(valid, (following - first).astype(np.int64), 0)
    return first.astype(np.int64) * 86400 - _UTC_BEHIND_S, days.astype(np.int8)


_MONTH_S, _MONTH_DAYS = _months()
# By BCD day and hour: seconds since the month began, and the day (100 = no day or hour, more than any month has).
_DAY_HOUR_S = ((_HIGH - 1) * 24 + _LOW) * 3600
_DAY = np.where((_HIGH > 0) & (_HIGH < 32) & (_LOW < 24), _HIGH, 100).astype(np.int8)
# By BCD minute and second: seconds since the hour began, -1 = none.
_MINUTE_SECOND_S = np.where((_HIGH < 60) & (_LOW < 60), _HIGH * 60 + _LOW, -1)


def bcd_times_us(year_month: NDArray[Any], day_hour: NDArray[Any], minute_second: NDArray[Any]) -> NDArray[np.int64]:
    """The six BCD bytes YYMMDDhhmmss of GMT+8 as three columns of two bytes → microseconds since 1970 UTC, NOT_A_TIME where they
    are no time. YY counts from 2000."""
    month, day, second = (column.astype(np.intp) for column in (year_month, day_hour, minute_second))
    seconds = _MINUTE_SECOND_S.take(second)
    valid = (_DAY.take(day) <= _MONTH_DAYS.take(month)) & (seconds >= 0)
    times: NDArray[np.int64] = (seconds + _DAY_HOUR_S.take(day) + _MONTH_S.take(month)) * 1_000_000
    if not valid.all():
        times[~valid] = NOT_A_TIME
    return times
