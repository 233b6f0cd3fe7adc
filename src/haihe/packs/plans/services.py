"""The only door to this pack: what pages, programs and other packs may ask of it. Importing it registers the actions."""

from haihe.packs.plans import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.packs.plans.bundles import Side, compare_stored, release_comparison, side_of
from haihe.packs.plans.chasing import chase
from haihe.packs.plans.checking import add_clause, confirm, confirm_rest, correct, reject, reopen
from haihe.packs.plans.contradictions import Judged, findings_of, mark_intended, unmark
from haihe.packs.plans.fill_in import apply_sheet, hand_in, release_marked, release_sheet
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
from haihe.packs.plans.package import release_package
from haihe.packs.plans.papers.issuing import Wish, draft, issue, open_series, release_draft, release_paper, revoke
from haihe.packs.plans.progress import Programme, Standing, Week, light, my_week, programme, standing

__all__ = [
    "Imported", "Judged", "Plan", "Programme", "Side", "Standing", "Target", "Task", "Week", "Wish", "accept", "add_clause", "add_step",
    "apply_sheet", "assign", "assign_all", "chase", "close", "compare_stored", "confirm", "confirm_rest", "correct", "draft", "file_plan",
    "findings_of", "finish_step", "hand_in", "import_evidence", "issue", "light", "link_units", "mark_intended", "my_week", "open_series",
    "parts_of", "programme", "publish", "reject", "release_comparison", "release_draft", "release_marked", "release_package", "release_paper",
    "release_sheet", "reopen", "report_done", "report_progress", "report_target", "revoke", "send_back", "set_baseline", "set_deadline",
    "set_milestones", "set_owner", "side_of", "standing", "unlinked_names", "unmark", "withdraw",
]  # fmt: skip
