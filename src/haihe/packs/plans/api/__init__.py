"""`/api/v1/plans`: documents, clauses, targets and tasks for programs. Each call is the same action as on the pages."""

from haihe.packs.plans.api.base import router

from haihe.packs.plans.api import documents, targets, programme, tasks, supervision  # isort: skip  (each adds its calls, in this order)

__all__ = ["documents", "programme", "router", "supervision", "targets", "tasks"]
