"""What is said of frames beside what they say: whose they are, and what was odd about them."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haihe.packs.transport.jt808.issues import SENTENCES, Issue


def known_things(things: NDArray[np.int64]) -> pl.Series:
    """The things of frames, null for 0."""
    strangers = things == 0
    found = pl.Series(things)
    return found.set(pl.Series(strangers), None) if strangers.any() else found


def sentences(issues: NDArray[np.uint32], strangers: NDArray[np.bool_]) -> list[str | None]:
    """What was odd about each frame, in words, None for most; an empty list where nothing was."""
    rows = np.flatnonzero((issues != 0) | strangers).tolist()
    told: list[str | None] = [None] * (len(issues) if rows else 0)
    for row in rows:
        words = ["未鉴权 not authenticated"] if strangers[row] else []
        words += [" ".join(SENTENCES[issue]) for issue in Issue if int(issues[row]) & issue]
        told[row] = "; ".join(words)
    return told
