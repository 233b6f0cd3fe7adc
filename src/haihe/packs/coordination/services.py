"""The only door to this pack. Importing it registers its actions and who sees what."""

from haihe.packs.coordination import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.packs.coordination.decisions import DecisionLine, decide, decide_problem, decision_lines, line_of
from haihe.packs.coordination.drafts import own_among
from haihe.packs.coordination.meetings import (
    answer_invitation,
    approve_minutes,
    cancel_meeting,
    change_meeting,
    convene,
    correct_minutes,
    record_attendance,
    save_minutes,
)
from haihe.packs.coordination.members import add_member, end_member, member_units, members_on
from haihe.packs.coordination.rounds import (
    asked_units,
    close_problem,
    compile_bulletin,
    correct_bulletin,
    current_notes,
    gathered,
    hand_in,
    issue_bulletin,
    open_round,
    save_bulletin,
)
from haihe.packs.coordination.screen import Screen, screen_of
from haihe.packs.coordination.yearly import (
    LedgerLine,
    LedgerPage,
    add_item,
    adopt_year_plan,
    change_item,
    ledger_lines,
    ledger_page,
    light_of,
    remove_item,
    report_item,
    return_year_plan,
    start_year_plan,
    submit_year_plan,
)

__all__ = [
    "DecisionLine", "LedgerLine", "LedgerPage", "Screen", "add_item", "add_member", "adopt_year_plan", "answer_invitation", "approve_minutes",
    "asked_units", "cancel_meeting", "change_item", "change_meeting", "close_problem", "compile_bulletin", "convene",
    "correct_bulletin", "correct_minutes", "current_notes", "decide", "decide_problem", "decision_lines", "end_member", "gathered",
    "hand_in", "issue_bulletin", "ledger_lines", "ledger_page", "light_of", "line_of", "member_units", "members_on", "open_round", "own_among",
    "record_attendance", "remove_item", "report_item", "return_year_plan", "save_bulletin", "save_minutes", "screen_of",
    "start_year_plan", "submit_year_plan",
]  # fmt: skip
