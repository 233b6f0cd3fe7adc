"""Additional items of whole batches: the k-th item of all locations is read at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haihe.packs.transport.jt808.fields import Number
from haihe.packs.transport.jt808.issues import Issue
from haihe.packs.transport.jt808.items import ITEM_LIMIT, ITEMS, Temperature, temperature

# Items that get a column: those of the standard that are one number.
COLUMN_IDS = tuple(number for number, item in ITEMS.items() if isinstance(item.kind, Number | Temperature))
_COLUMN_OF = {number: column for column, number in enumerate(COLUMN_IDS)}
_OTHER = len(COLUMN_IDS)


def _tables() -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """By id × 256 + length: the column of the item, and whether the standard gives another length."""
    column = np.full(65536, _OTHER, np.intp)
    wrong = np.zeros(65536, np.bool_)
    for number, item in ITEMS.items():
        if item.lengths:
            wrong[number * 256 : number * 256 + 256] = True
        for length in item.lengths:
            wrong[number * 256 + length] = False
            column[number * 256 + length] = _COLUMN_OF.get(number, _OTHER)
    return column, wrong


_COLUMN, _WRONG_LENGTH = _tables()
_BIT = np.array([1 << column for column in range(_OTHER)] + [0], np.uint32)
# The value is read as four bytes; an item of fewer is shifted down.
_SHIFT = np.array([32 - 8 * min(length, 4) for length in range(256)], np.uint64)


@dataclass
class ItemColumns:
    """Values as sent (`sent[column, row]`) and a bit per column where there is one; the last of several of one id counts."""

    sent: NDArray[np.uint32]
    present: NDArray[np.uint32]

    def has(self, number: int) -> NDArray[np.bool_]:
        mask: NDArray[np.bool_] = self.present & _BIT[_COLUMN_OF[number]] != 0
        return mask

    def value(self, number: int) -> NDArray[np.float64]:
        """Item `number` (say 0x01) in the unit of its table row, not-a-number where a location has none."""
        kind, sent = ITEMS[number].kind, self.sent[_COLUMN_OF[number]]
        if isinstance(kind, Temperature):
            values = _temperatures(sent)
        else:
            values = sent / (kind.divisor if isinstance(kind, Number) else 1)
        return np.where(self.has(number), values, np.nan)


def _temperatures(sent: NDArray[np.uint32]) -> NDArray[np.float64]:
    distinct, at = np.unique(sent, return_inverse=True)
    return np.array([temperature(int(each)) for each in distinct], np.float64)[at]


def step_items(
    data: bytes, offset: NDArray[np.int64], length: NDArray[np.int64], issues: NDArray[np.uint32]
) -> ItemColumns:
    """Walk the items at `offset` of `data`; odd ones are noted in `issues`. `data` goes on for 8 bytes after the last item."""
    count = len(offset)
    sent = np.zeros((_OTHER + 1) * count, np.uint32)
    present = np.zeros(count, np.uint32)
    words: NDArray[np.uint64] = np.ndarray(len(data) - 7, np.dtype("<u8"), data, strides=(1,))
    row: NDArray[Any] = np.arange(count)
    at, end = offset, offset + length
    for _ in range(ITEM_LIMIT):
        going = at < end
        if not going.all():
            row, at, end = row[going], at[going], end[going]
        if not len(row):
            break
        word = words[at].byteswap()
        head: NDArray[Any] = (word >> np.uint64(48)).astype(np.intp)
        size: NDArray[Any] = head & 255
        following = at + 2 + size
        whole = following <= end
        if not whole.all():
            issues[row[~whole]] |= np.uint32(Issue.ITEMS_CUT)
            row, end, word = row[whole], end[whole], word[whole]
            head, size, following = head[whole], size[whole], following[whole]
        wrong = _WRONG_LENGTH[head]
        if wrong.any():
            issues[row[wrong]] |= np.uint32(Issue.ITEM_LENGTH)
        column = _COLUMN[head]
        sent[column * count + row] = (word >> np.uint64(16)).astype(np.uint32) >> _SHIFT[size]
        present[row] |= _BIT[column]
        at = following
    else:
        issues[row[at < end]] |= np.uint32(Issue.ITEMS_CUT)
    return ItemColumns(sent.reshape(_OTHER + 1, count), present)
