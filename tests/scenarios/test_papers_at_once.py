"""Many processes issue papers at the same moment on a real database: every number is given once, without a gap."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scenarios.district import new_district, run, start

pytestmark = [pytest.mark.xdist_group("at-once"), pytest.mark.all]
WRITERS, EACH = 3, 6

OPEN = """
from haihe.kernel.administration import operator
from haihe.packs.plans import services
services.open_series(operator(), None, code="望督", organ="望河区督查室")
"""
ISSUE = """
import sys
from haihe.kernel.administration import operator
from haihe.packs.plans import services
from haihe.packs.plans.models import PaperSeries
series, account = PaperSeries.objects.get(), operator()
for number in range(int(sys.argv[1])):
    services.issue(account, series, wish=services.Wish(kind="ledger", title=f"台账{number}"))
"""
NUMBERS = """
from haihe.packs.plans.models import IssuedPaper
rows = IssuedPaper.objects.order_by("serial")
print(*rows.values_list("serial", flat=True))
print(len({row.sha256 for row in rows}), sum(row.file.open_checked() is not None for row in rows))
"""


def test_parallel_processes_get_numbers_without_gap_or_repeat(tmp_path: Path) -> None:
    home = new_district(tmp_path / "district")
    run(home, OPEN)
    writers = [start(home, ISSUE, str(EACH)) for _ in range(WRITERS)]
    for writer in writers:
        _out, problem = writer.communicate(timeout=120)
        assert writer.returncode == 0, problem
    serials, kept = run(home, NUMBERS).splitlines()
    assert serials.split() == [str(n) for n in range(1, WRITERS * EACH + 1)]
    assert kept == f"{WRITERS * EACH} {WRITERS * EACH}", "each says its own number, and each can be shown again"
