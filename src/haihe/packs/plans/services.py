"""The only door to this pack: what pages, programs and other packs may ask of it. Importing it registers the actions."""

from haihe.packs.plans import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.packs.plans.auditing import CHECKS, findings
from haihe.packs.plans.binding import bind, candidates_of, measured_indicators, redefine, suggestions, unbind
from haihe.packs.plans.bundles import Side, compare_stored, release_comparison, side_of
from haihe.packs.plans.chasing import chase
from haihe.packs.plans.checking import add_clause, confirm, confirm_rest, correct, reject, reopen
from haihe.packs.plans.contacts import log_contact
from haihe.packs.plans.contradictions import Judged, findings_of, mark_intended, unmark
from haihe.packs.plans.fill_in import apply_sheet, hand_in, release_marked, release_sheet
from haihe.packs.plans.foreseeing import foresee, notices_about, pace_sentence
from haihe.packs.plans.importing import Imported, import_evidence
from haihe.packs.plans.inspections import answer_line, inspect, open_lines
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
from haihe.packs.plans.linkage import Proposal, link_tasks, links_of, proposals, unlink_tasks
from haihe.packs.plans.models import Plan, Target, Task
from haihe.packs.plans.package import release_package
from haihe.packs.plans.papers.issuing import Wish, draft, issue, open_series, release_draft, release_paper, revoke
from haihe.packs.plans.progress import (
    Programme,
    Standing,
    Week,
    leading_targets,
    light,
    my_week,
    programme,
    standing,
    with_values,
)
from haihe.packs.plans.projects import evaluate, is_red, open_reviews, release, reviews_of, supervise, to_evaluate

__all__ = [
    "CHECKS", "Imported", "Judged", "Plan", "Programme", "Proposal", "Side", "Standing", "Target", "Task", "Week", "Wish", "accept",
    "add_clause", "add_step", "answer_line", "apply_sheet", "assign", "assign_all", "bind", "candidates_of", "chase", "close",
    "compare_stored", "confirm", "confirm_rest", "correct", "draft", "evaluate", "file_plan", "findings", "findings_of", "finish_step",
    "foresee", "hand_in", "import_evidence", "inspect", "is_red", "issue", "leading_targets", "light", "link_tasks", "link_units",
    "links_of", "log_contact", "mark_intended", "measured_indicators", "my_week", "notices_about", "open_lines", "open_reviews",
    "open_series", "pace_sentence", "parts_of", "programme", "proposals", "publish", "redefine", "reject", "release",
    "release_comparison", "release_draft", "release_marked", "release_package", "release_paper", "release_sheet", "reopen",
    "report_done", "report_progress", "report_target", "reviews_of", "revoke", "send_back", "set_baseline", "set_deadline",
    "set_milestones", "set_owner", "side_of", "standing", "suggestions", "supervise", "to_evaluate", "unbind", "unlink_tasks",
    "unlinked_names", "unmark", "with_values", "withdraw",
]  # fmt: skip
