"""`/api/v1/plans`: documents, clauses, targets and tasks for programs. Each call is the same action as on the pages."""

from haihe.packs.plans.api import papers, sheets
from haihe.packs.plans.api.base import router

from haihe.packs.plans.api import documents, targets, programme, tasks, supervision, linkage, comparing  # isort: skip  (each adds its calls, in this order)

router.add_router("/papers", papers.router)
router.add_router("/sheets", sheets.router)
router.add_router("/packages", sheets.packages)

__all__ = ["comparing", "documents", "linkage", "programme", "router", "supervision", "targets", "tasks"]
