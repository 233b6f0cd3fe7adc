"""Every installed register keeps the contract, and the contract notices what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from haihe.kernel.registers import REGISTERS, Field, Register, State, Step
from haihe.testing.registers import problems


@pytest.mark.parametrize("key", sorted(REGISTERS))
def test_every_installed_register_keeps_the_contract(key: str) -> None:
    assert problems(REGISTERS[key]) == []


@pytest.fixture
def flawed() -> Iterator[type[Register]]:
    class Flawed(Register):
        key, prefix, title_zh, title_en = "test_flawed", "TF", "有误", "Flawed"
        fields = (Field("name", "名称", "Name"),)
        states = (State("a", "甲", "A"), State("b", "乙", "B", counts=True), State("c", "丙", ""))
        steps = (Step("x", "", "X", ("a",), "b"),)
        natural_key = ("name",)

    yield Flawed
    del REGISTERS["test_flawed"]


def test_the_contract_names_each_flaw(flawed: type[Register]) -> None:
    said = "\n".join(problems(flawed))
    for flaw in ("c is never reached", "x lacks a title", "c lacks a title", "asks for no evidence", "not required"):
        assert flaw in said, flaw
