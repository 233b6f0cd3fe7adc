"""Every installed case type keeps the contract, and the contract notices what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from haihe.kernel.cases import CASE_TYPES, CLOSED, CaseStep, CaseType, Exit
from haihe.testing.case_types import problems


@pytest.mark.parametrize("name", sorted(CASE_TYPES))
def test_every_installed_case_type_keeps_the_contract(name: str) -> None:
    assert problems(CASE_TYPES[name], timezone.localdate()) == []


def test_the_example_keeps_the_contract(alarm_type: CaseType) -> None:
    assert problems(alarm_type, timezone.localdate()) == []


def changed(alarm: CaseType, position: int, **fields: object) -> CaseType:
    steps = list(alarm.steps)
    steps[position] = replace(steps[position], **fields)
    return replace(alarm, steps=tuple(steps))


@pytest.mark.parametrize(
    ("position", "fields", "said"),
    [
        (0, {"exits": (Exit(CLOSED, "办结", "Close"),)}, "never reached"),
        (1, {"exits": (Exit("answer", "退回", "Back"),)}, "never lead to the end"),
        (0, {"limit": "test.nowhere"}, "no parameter"),
        (0, {"remind": ("test.answer_hours",)}, "before the step's start"),
        (0, {"remind": ("test.review_remind_days",)}, "different units"),
        (0, {"limit": "", "remind": ()}, "no limit"),
        (1, {"title_en": ""}, "title is missing"),
        (1, {"exits": (Exit(CLOSED, "", "Close"), Exit("answer", "退回", "Back"))}, "lacks a title"),
    ],
)  # fmt: skip
def test_the_contract_notices(alarm_type: CaseType, position: int, fields: dict, said: str) -> None:
    assert any(said in problem for problem in problems(changed(alarm_type, position, **fields), timezone.localdate()))


@pytest.mark.parametrize(
    ("steps", "prefix"),
    [
        ((), "TS"),
        ((CaseStep("a", "甲", "A", ("handler",), (Exit("b", "乙", "B"),)),), "TS"),
        ((CaseStep("a", "甲", "A", ("nobody",), (Exit(CLOSED, "结", "End"),)),), "TS"),
        ((CaseStep("a", "甲", "A", (), (Exit(CLOSED, "结", "End"),)),), "TS"),
        ((CaseStep(CLOSED, "甲", "A", ("handler",), (Exit(CLOSED, "结", "End"),)),), "TS"),
        ((CaseStep("a", "甲", "A", ("handler",), (Exit(CLOSED, "结", "End"),)),), "督办"),
    ],
)
def test_a_type_that_cannot_work_cannot_be_declared(steps: tuple[CaseStep, ...], prefix: str) -> None:
    with pytest.raises(ValueError, match="case type"):
        CaseType("test.broken", prefix, "坏", "Broken", steps)
