"""Which messages are of a kind, as a table by message id: a look into it costs a batch less than searching a list."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def by_id(ids: Iterable[int]) -> NDArray[np.bool_]:
    """For each of the 65,536 message ids, whether it is one of `ids`."""
    table = np.zeros(1 << 16, np.bool_)
    table[list(ids)] = True
    return table
