"""Drifting and frozen positions, terminal faults, forbidden hours: cases that an official can read, and the contract of rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from haihe.kernel.alerts.rules import RULES
from haihe.packs.transport.fault_rule import ANY, FAULTS
from haihe.packs.transport.jt808.bits import ALARMS
from haihe.testing.rules import RuleContract, case_name, positions, read_cases, run_case

CASES = Path(__file__).parent.parent / "policies" / "cases" / "technical.yaml"
START = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)  # half past one at night
THINGS = pl.DataFrame({"thing": [1, 2, 3]})
JUMP = {"seconds": 30, "speed_kmh": 60, "positions_off_km": 20}


@pytest.mark.parametrize("case", read_cases(CASES), ids=case_name)
def test_rules_as_in_the_cases(case: dict[str, Any]) -> None:
    expected, found = run_case(RULES[f"transport.{case['rule']}"], case)
    assert found == expected


def fleet() -> pl.DataFrame:
    """Three vehicles for two hours of night: jumping, standing still on paper, with faults that come and go, and silent for a while."""
    drive = {"minutes": 9, "speed_kmh": 60}
    tracks = [
        [drive, JUMP, drive, JUMP, JUMP, drive, {"minutes": 15, "silent": True}, JUMP, drive],
        [drive, {"minutes": 6, "speed_kmh": 50, "true_kmh": 0}, drive, {"minutes": 3, "silent": True}, drive],
        [{**drive, "alarm_bits": 0x30}, drive, {**drive, "alarm_bits": 0x1010}, {"minutes": 4}, drive, drive],
    ]
    parts = [positions(n, START + timedelta(seconds=n), track, 30) for n, track in enumerate(tracks, 1)]
    return pl.concat(parts).sort("received_at", "thing")


class TestDriftContract(RuleContract):
    rule, things = RULES["transport.drift"], THINGS

    def rows(self) -> pl.DataFrame:
        return fleet()


class TestFrozenContract(RuleContract):
    rule, things = RULES["transport.frozen"], THINGS

    def rows(self) -> pl.DataFrame:
        return fleet()


class TestFaultContract(RuleContract):
    rule, things = RULES["transport.fault"], THINGS

    def rows(self) -> pl.DataFrame:
        return fleet()


class TestHoursContract(RuleContract):
    rule, things = RULES["transport.hours"], THINGS.with_columns(use=pl.lit("passenger"))

    def rows(self) -> pl.DataFrame:
        return fleet()


def test_faults_are_the_bits_that_the_protocol_calls_faults() -> None:
    of_equipment = [row for row in ALARMS if "fault" in row.en or "antenna" in row.en or "power" in row.en]
    assert sum(row.mask for row in of_equipment) == ANY and len(FAULTS) == 9
