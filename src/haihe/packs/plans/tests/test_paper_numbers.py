"""Many people issue at the same moment: every number is given once, without a gap."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from haihe.packs.plans import services
from haihe.packs.plans.models import IssuedPaper

WRITERS, EACH = 4, 3


@pytest.fixture
def series(writable_rows: None, people: Any) -> Any:
    return services.open_series(people.supervisor, None, code="望督", organ="望河区督查室")


def test_parallel_writers_get_numbers_without_gap_or_repeat(series: Any, people: Any) -> None:
    problems: list[BaseException] = []
    start = threading.Barrier(WRITERS)

    def write() -> None:
        try:
            start.wait()
            for _ in range(EACH):
                services.issue(people.supervisor, series, wish=services.Wish(kind="ledger"))
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert sorted(IssuedPaper.objects.values_list("serial", flat=True)) == list(range(1, WRITERS * EACH + 1))
    assert len(set(IssuedPaper.objects.values_list("sha256", flat=True))) == WRITERS * EACH, "each says its own number"
