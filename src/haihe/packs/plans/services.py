"""The only door to this pack: what pages, programs and other packs may ask of it. Importing it registers the actions."""

from haihe.packs.plans import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.packs.plans.chasing import chase
from haihe.packs.plans.checking import add_clause, confirm, confirm_rest, correct, reject, reopen
from haihe.packs.plans.importing import Imported, import_evidence
from haihe.packs.plans.ledger import (
    accept,
    add_step,
    assign,
    assign_all,
    close,
    file_plan,
    finish_step,
    link_units,
    parts_of,
    publish,
    report_done,
    report_progress,
    report_target,
    send_back,
    set_baseline,
    set_deadline,
    set_milestones,
    set_owner,
    unlinked_names,
    withdraw,
)
from haihe.packs.plans.models import Plan, Target, Task
from haihe.packs.plans.progress import Programme, Standing, Week, light, my_week, programme, standing

__all__ = [
    "Imported", "Plan", "Programme", "Standing", "Target", "Task", "Week", "accept", "add_clause", "add_step", "assign", "assign_all", "chase", "close",
    "confirm", "confirm_rest", "correct", "file_plan", "finish_step", "import_evidence", "light", "link_units", "my_week",
    "parts_of", "programme", "publish", "reject", "reopen", "report_done", "report_progress", "report_target", "send_back",
    "set_baseline", "set_deadline", "set_milestones", "set_owner", "standing", "unlinked_names", "withdraw",
]  # fmt: skip
