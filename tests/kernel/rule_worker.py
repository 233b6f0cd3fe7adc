"""A real process for the kill test: evaluates a journal entry by entry until nothing is left. Arguments: folder of the journal."""

from __future__ import annotations

import sys
from pathlib import Path

from haihe.runtime import set_up_django

set_up_django()
sys.path.insert(0, str(Path(__file__).parent))

from rule_for_tests import HighWater, policy  # noqa: E402

from haihe.kernel.alerts.processing import Memory, process_once  # noqa: E402
from haihe.kernel.alerts.rules import RULES  # noqa: E402
from haihe.kernel.observations.journal import Journal  # noqa: E402

RULES.clear()
RULES["water.high"] = HighWater()
journal, memory = Journal(Path(sys.argv[1]) / "journal.sqlite3"), Memory()
print("ready", flush=True)
while process_once(journal, limit_rows=1, memory=memory, policy=policy).rows:
    pass
print("done", flush=True)
