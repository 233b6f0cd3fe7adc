"""Working days and dated parameters."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from haihe.kernel.calendar import add_working_days, is_known, is_working_day, working_days_until
from haihe.kernel.errors import ConfigurationError, NotFound
from haihe.kernel.policies import all_parameters, parameter, read_parameters


def test_a_working_weekend_counts_and_a_holiday_does_not() -> None:
    """2025: the Spring Festival holiday began on 28 January; Sunday 26 January was worked."""
    assert is_working_day(date(2025, 1, 26))
    assert not is_working_day(date(2025, 1, 29))


def test_three_working_days_before_the_end_of_a_holiday_week_lie_before_it() -> None:
    """National Day 2025 was free from 1 to 8 October."""
    assert add_working_days(date(2025, 10, 10), -3) == date(2025, 9, 29)


def test_years_without_a_notice_count_only_weekends_and_say_so() -> None:
    assert not is_known(date(2035, 1, 1))
    assert is_working_day(date(2035, 1, 1))  # a Monday


def test_days_until_a_passed_deadline_are_negative() -> None:
    assert working_days_until(date(2025, 6, 9), date(2025, 6, 5)) == -2
    assert working_days_until(date(2025, 6, 9), date(2025, 6, 9)) == 0


def test_a_parameter_has_the_value_of_its_day(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "limit:\n  title_zh: 上限\n  title_en: limit\n  values:\n"
        "    - {since: 2026-01-01, value: 5, source: unverified}\n    - {since: 2020-01-01, value: 3, source: unverified}\n"
    )
    limit = read_parameters(path, "x")["x.limit"]
    assert (limit.on(date(2025, 12, 31)).value, limit.on(date(2026, 1, 1)).value) == (3, 5)
    with pytest.raises(NotFound):
        limit.on(date(2019, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: {}",
        "a: {title_zh: x, title_en: y, values: []}",
        "a: {title_zh: x, title_en: y, values: [{since: soon, value: 1, source: z}]}",
        "[]",
    ],
)
def test_a_broken_parameter_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    if text == "[]":
        assert read_parameters(path, "x") == {}
    else:
        with pytest.raises(ConfigurationError, match=r"broken\.yaml"):
            read_parameters(path, "x")


def test_every_parameter_names_a_source_or_says_unverified() -> None:
    for each in all_parameters().values():
        for value in each.values:
            assert value.source == "unverified" or len(value.source) > 10, each.key
    assert parameter("plans.amber_working_days", date(2026, 11, 24)) == 3
