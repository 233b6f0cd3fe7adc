"""The only door to this pack: what pages, programs and other packs may ask of it. Importing it registers the actions."""

from haihe.packs.plans import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.packs.plans.bundles import Side, compare_stored, release_comparison, side_of
from haihe.packs.plans.chasing import chase
from haihe.packs.plans.checking import add_clause, confirm, confirm_rest, correct, reject, reopen
from haihe.packs.plans.contradictions import Judged, findings_of, mark_intended, unmark
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
    "Imported", "Judged", "Plan", "Programme", "Side", "Standing", "Target", "Task", "Week", "accept", "add_clause", "add_step", "assign", "assign_all", "chase", "close", "compare_stored",
    "confirm", "confirm_rest", "correct", "file_plan", "findings_of", "finish_step", "import_evidence", "light", "link_units", "mark_intended", "my_week",
    "parts_of", "programme", "publish", "reject", "release_comparison", "reopen", "report_done", "report_progress", "report_target", "send_back",
    "set_baseline", "set_deadline", "set_milestones", "set_owner", "side_of", "standing", "unlinked_names", "unmark", "withdraw",
]  # fmt: skip
