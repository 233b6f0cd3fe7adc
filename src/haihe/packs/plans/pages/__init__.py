"""Pages of the plans pack: documents and their checking, the programme, a unit's week, tasks and targets, what is public."""

from haihe.packs.plans.pages.base import pages

from haihe.packs.plans.pages import documents, check, compare, findings, units, programme, week, tasks, targets, public  # isort: skip  (each registers its pages)

__all__ = [
    "check",
    "compare",
    "documents",
    "findings",
    "pages",
    "programme",
    "public",
    "targets",
    "tasks",
    "units",
    "week",
]
