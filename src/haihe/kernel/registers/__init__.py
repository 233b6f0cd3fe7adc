"""Registers: entries that units keep and a bureau reviews, each with a life cycle, evidence and a history written once.

A pack declares a register as a class in its register.py (declaring.py here says how). An entry carries a copy of the words of its
declaration, so that it stays readable although its pack is gone. What counts at an instant is computed from the history, so that
a number of any past day can be computed again (counting.py).
"""

from haihe.kernel.registers.acting import (
    change_entry,
    hand_in,
    may_change,
    may_review,
    open_entry,
    review,
    steps_for,
    take_back,
    withdraw_entry,
)
from haihe.kernel.registers.counting import COUNTS, Count, Snapshot, in_states, offer_count, snapshots_at
from haihe.kernel.registers.declaring import (
    CHANGE,
    OWNER,
    REGISTERS,
    REVIEWER,
    Register,
    State,
    Step,
    get_register,
    number,
)
from haihe.kernel.registers.fields import Field
from haihe.kernel.registers.models import EntryEvent, RegisterEntry
from haihe.kernel.registers.visibility import waiting_for_review

__all__ = [
    "CHANGE", "COUNTS", "OWNER", "REGISTERS", "REVIEWER", "Count", "EntryEvent", "Field", "Register", "RegisterEntry", "Snapshot", "State", "Step",
    "change_entry", "get_register", "hand_in", "in_states", "may_change", "may_review", "number", "offer_count", "open_entry", "review", "snapshots_at",
    "steps_for", "take_back", "waiting_for_review", "withdraw_entry",
]  # fmt: skip
