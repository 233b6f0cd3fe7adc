"""BCD times of whole batches."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

# No time: the value numpy and polars use for it as well (NaT).
NOT_A_TIME = np.iinfo(np.int64).min
_UTC_BEHIND_S = 8 * 3600  # the standard's times are GMT+8
_DECIMAL = np.array(
    [(byte >> 4) * 10 + (byte & 15) if byte >> 4 < 10 and byte & 15 < 10 else 255 for byte in range(256)], np.uint8
)


def _months() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Days from 1970 to the first of each month of 2000–2099 and the length of each month; row year, column month, 0 = none."""
    first, length = np.zeros((100, 13), np.int64), np.zeros((100, 13), np.int64)
    for year in range(100):
        for month in range(1, 13):
            following = date(2000 + year + month // 12, month % 12 + 1, 1)
            first[year, month] = (date(2000 + year, month, 1) - date(1970, 1, 1)).days
            length[year, month] = (following - date(2000 + year, month, 1)).days
    return first.reshape(-1), length.reshape(-1)


_FIRST_DAY, _MONTH_LENGTH = _months()


def bcd_times_us(sent: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(n, 6) BCD bytes YYMMDDhhmmss of GMT+8 → microseconds since 1970 UTC, NOT_A_TIME where they are no time."""
    year, month, day, hour, minute, second = _DECIMAL[sent].T.astype(np.int64)
    valid = (year < 100) & (month < 13) & (hour < 24) & (minute < 60) & (second < 60)
    index = np.where(valid, year * 13 + month, 0)
    valid &= (day > 0) & (day <= _MONTH_LENGTH[index])
    seconds = ((_FIRST_DAY[index] + day - 1) * 24 + hour) * 3600 + minute * 60 + second - _UTC_BEHIND_S
    times: NDArray[np.int64] = np.where(valid, seconds * 1_000_000, NOT_A_TIME)
    return times
