"""Papers that leave as files: the task-division table as a workbook; notice, letter, ledger and bulletin as Word and on A4."""

from haihe.packs.plans.papers.division import division_table, release_division_table
from haihe.packs.plans.papers.wording import written_deadline, written_goal

__all__ = ["division_table", "release_division_table", "written_deadline", "written_goal"]
