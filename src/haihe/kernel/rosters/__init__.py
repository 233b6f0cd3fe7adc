"""Duty rosters 值班: posts of units that have to be manned day and night, who is on duty when, the hand-over 交接, the check 查岗.

A post is a Thing, so that a gap in its roster and an unanswered check are alerts like any other: seen on the board, handled, made
a case. Nothing here says how somebody works: a roster tells who answers now, and its history tells that somebody did.
"""

from haihe.kernel.rosters import cases as _cases  # noqa: F401  (declares the case type)
from haihe.kernel.rosters import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.kernel.rosters.acting import (
    answer_check,
    arrange_shifts,
    ask_for_answer,
    hand_over,
    open_post,
    retire_post,
    take_over,
    withdraw_shift,
)
from haihe.kernel.rosters.gaps import Gap, find_gaps
from haihe.kernel.rosters.models import CheckResult, DutyCheck, DutyPost, HandoverNote, Shift, TakeOver
from haihe.kernel.rosters.standing import Standing, list_standings, standing_of
from haihe.kernel.rosters.watching import watch

__all__ = [
    "CheckResult", "DutyCheck", "DutyPost", "Gap", "HandoverNote", "Shift", "Standing", "TakeOver", "answer_check", "arrange_shifts",
    "ask_for_answer", "find_gaps", "hand_over", "list_standings", "open_post", "retire_post", "standing_of", "take_over", "watch", "withdraw_shift",
]  # fmt: skip
