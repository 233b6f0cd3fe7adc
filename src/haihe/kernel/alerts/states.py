"""What rules remember of things, stored in blocks: a step writes only the blocks that hold a thing it touched, each as one value."""

from __future__ import annotations

import io

import numpy as np
import polars as pl

from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.models import RuleState
from haihe.kernel.alerts.rules import Rule

# Things have consecutive numbers, so that a fleet lies in few blocks; one of them is packed within a millisecond.
BLOCK_THINGS = 4096


def pack_state(state: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    state.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def unpack_state(content: bytes | memoryview) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(bytes(content)))


def load_state(rule: Rule) -> pl.DataFrame:
    """The stored state of a rule, sorted by thing. Columns that the rule has gained are null, those it has lost are dropped."""
    blocks = [unpack_state(row.content) for row in RuleState.objects.filter(rule=rule.name)]
    state = pl.concat([rule.empty_state(), *blocks], how="diagonal_relaxed") if blocks else rule.empty_state()
    return state.select(pl.col(name).cast(kind) for name, kind in rule.state_schema.items()).sort("thing")


def save_state(rule: Rule, state: pl.DataFrame, touched: Array) -> None:
    """Write the blocks that hold any of the touched things. `state`: sorted by thing."""
    things = state["thing"].to_numpy()
    rows = []
    for block in np.unique(touched // BLOCK_THINGS).tolist():
        begin, end = np.searchsorted(things, [block * BLOCK_THINGS, (block + 1) * BLOCK_THINGS]).tolist()
        rows.append(
            RuleState(
                rule=rule.name, block=block, rows=end - begin, content=pack_state(state.slice(begin, end - begin))
            )
        )
    RuleState.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["rule", "block"], update_fields=["rows", "content"]
    )
