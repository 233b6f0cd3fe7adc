"""What rules remember of things, stored in blocks: a step writes only the blocks that hold a thing it touched, each as one value."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
from django.db import transaction

from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.models import RuleCursor, RuleState
from haihe.kernel.alerts.rules import RULES, Rule
from haihe.kernel.observations.any_journal import AnyJournal

# Things have consecutive numbers, so that a fleet lies in few blocks; one of them is packed within a millisecond.
BLOCK_THINGS = 4096
CURSOR = "rules"


def pack_state(state: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    state.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def unpack_state(content: bytes | memoryview) -> pl.DataFrame:
    return pl.read_ipc(bytes(content))


def load_state(rule: Rule, journal: str | None = None) -> pl.DataFrame:
    """The stored state of a rule, sorted by thing: of the things of one journal, or (without a name) of all, where that of the journal
    evaluated last counts. Columns that the rule has gained are null, those it has lost are dropped."""
    rows = RuleState.objects.filter(rule=rule.name)
    if journal is not None:
        stored = list(rows.filter(journal=journal))
    else:
        order = dict(RuleCursor.objects.values_list("name", "moved_at"))
        stored = sorted(rows, key=lambda row: (cursor_of(row.journal) in order, order.get(cursor_of(row.journal))))
    blocks = [unpack_state(row.content) for row in stored]
    state = pl.concat([rule.empty_state(), *blocks], how="diagonal_relaxed") if blocks else rule.empty_state()
    state = state.select(pl.col(name).cast(kind) for name, kind in rule.state_schema.items())
    if len({row.journal for row in stored}) > 1:
        state = state.unique("thing", keep="last", maintain_order=True)
    return state.sort("thing")


def save_state(rule: Rule, state: pl.DataFrame, touched: Array, journal: str = "") -> None:
    """Write the blocks that hold any of the touched things. `state`: of the things of this journal, sorted by thing."""
    things = state["thing"].to_numpy()
    rows = []
    for block in np.unique(touched // BLOCK_THINGS).tolist():
        begin, end = np.searchsorted(things, [block * BLOCK_THINGS, (block + 1) * BLOCK_THINGS]).tolist()
        content = pack_state(state.slice(begin, end - begin))
        rows.append(RuleState(rule=rule.name, journal=journal, block=block, rows=end - begin, content=content))
    RuleState.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["rule", "journal", "block"], update_fields=["rows", "content"]
    )


def cursor_of(journal: str) -> str:
    """The name of the cursor of the rules over a journal."""
    return f"{CURSOR}.{journal}" if journal else CURSOR


def begin(journal: AnyJournal, *, afresh: bool = True) -> RuleCursor:
    """The cursor over a journal. A new partition begins with what rules remember of its things from elsewhere; so does, in a process that
    starts `afresh`, the embedded journal of a district that comes back from a stream."""
    name = cursor_of(journal.name)
    found = RuleCursor.objects.filter(name=name).first()
    if found is not None and (journal.name or not journal.grows or not afresh or not _moved_since(found)):
        return found
    with transaction.atomic():
        cursor, is_new = RuleCursor.objects.select_for_update().get_or_create(name=name)
        if is_new or _moved_since(cursor):
            for rule in RULES.values():
                state = load_state(rule)
                state = state.filter(pl.Series(journal.mine(state["thing"].to_numpy()), dtype=pl.Boolean))
                if not state.is_empty():
                    save_state(rule, state, state["thing"].to_numpy(), journal.name)
            if not is_new and not journal.name:
                cursor.save()
    return cursor


def _moved_since(cursor: RuleCursor) -> bool:
    """Whether rules were evaluated over partitions of a stream after they were over this journal."""
    return RuleCursor.objects.filter(name__startswith=f"{CURSOR}.", moved_at__gt=cursor.moved_at).exists()
