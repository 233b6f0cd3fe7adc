"""Cases: pieces of work that travel through units step by step, with limits and evidence (CMMN's words where they fit).

A pack declares case types in its cases.py (types.py here says how). A case carries a copy of its type's steps as they stood on
the day it was opened, so that it can be read, worked on and closed although its pack is gone.
"""

from haihe.kernel.cases.models import Case, CaseCounter, CaseEvent, CaseUnit
from haihe.kernel.cases.running import may_take, open_case, take_step, withdraw
from haihe.kernel.cases.types import CASE_TYPES, CLOSED, DUE_DATE, CaseStep, CaseType, Exit, case_type, get_case_type
from haihe.kernel.cases.visibility import count_waiting, waiting_for
from haihe.kernel.cases.watching import watch

__all__ = [
    "CASE_TYPES", "CLOSED", "DUE_DATE", "Case", "CaseCounter", "CaseEvent", "CaseStep", "CaseType", "CaseUnit", "Exit", "case_type",
    "count_waiting", "get_case_type", "may_take", "open_case", "take_step", "waiting_for", "watch", "withdraw",
]  # fmt: skip
