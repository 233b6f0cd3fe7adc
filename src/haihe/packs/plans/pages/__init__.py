"""Pages of the plans pack: documents and their checking, the programme, a unit's week, tasks and targets, what is public."""

from haihe.packs.plans.pages import (
    check,
    compare,
    documents,
    fill_in,
    findings,
    inspections,
    linkage,
    measuring,
    packages,
    papers,
    programme,
    projects,
    public,
    targets,
    tasks,
    units,
    week,
)  # isort: skip  (each registers its pages)
from haihe.packs.plans.pages.base import pages

__all__ = [
    "check",
    "compare",
    "documents",
    "fill_in",
    "findings",
    "inspections",
    "linkage",
    "measuring",
    "packages",
    "pages",
    "papers",
    "programme",
    "projects",
    "public",
    "targets",
    "tasks",
    "units",
    "week",
]
