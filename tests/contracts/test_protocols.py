"""Every installed protocol keeps the contract, and the contract notices what is wrong."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from haihe.kernel.errors import InvalidInput
from haihe.packs.transport.jt808.build import Terminal, location_body
from haihe.protocols import other_protocols, own_protocols
from haihe.testing.protocols import ProtocolContract

AT = datetime(2026, 3, 2, tzinfo=UTC)


def frames(version: str) -> tuple[str, ...]:
    """A terminal's messages, as `haihe encode` prints them."""
    terminal = Terminal("10000000000", version, "模A00000")
    said = (
        terminal.registration(), terminal.authentication("code"), terminal.heartbeat(), terminal.location(AT, 117.5, 39.1, 63.5, mileage_km=12.5),
        terminal.batch([location_body(AT, 117.4, 39.0, 50)]),
    )  # fmt: skip
    return tuple(frame.hex() for frame in said)


class TestJT808(ProtocolContract):
    name = "jt808"
    lines = (*frames("2013"), *frames("2019"))


def test_every_installed_protocol_is_tried() -> None:
    assert {**own_protocols(), **other_protocols()}.keys() == {"jt808"}, "a new protocol gets a class beside TestJT808"


# --- the contract notices -----------------------------------------------------------------------------------------------


class Good(ModuleType):
    """Lines such as `7=36.5`."""

    TITLE_ZH, TITLE_EN = "示例", "An example"

    def decode_line(self, line: str) -> dict[str, Any]:
        number, _, value = line.partition("=")
        if number.isdecimal() and number.isascii() and value.isascii() and value.isdecimal():
            return {"number": number, "value": value, "issues": []}
        return {"raw_text": line, "issues": [{"zh": "不是读数", "en": "not a reading"}]}

    def encode_line(self, given: Any) -> str:
        if not isinstance(given, dict) or not {"number", "value"} <= given.keys():
            raise InvalidInput("不是读数。", "Not a reading.")
        return f"{given['number']}={given['value']}"


class Untitled(Good):
    TITLE_ZH = ""


class Raising(Good):
    def decode_line(self, line: str) -> dict[str, Any]:
        number, value = line.split("=")
        return {"number": number, "value": value, "issues": []}


class Mute(Good):
    """Sees that something is odd and does not say what."""

    def decode_line(self, line: str) -> dict[str, Any]:
        found = super().decode_line(line)
        return found if "number" in found else {"issues": [{"zh": "", "en": ""}]}


class Credulous(Good):
    def decode_line(self, line: str) -> dict[str, Any]:
        return {**super().decode_line(line), "issues": []}


class Lossy(Good):
    def encode_line(self, given: Any) -> str:
        return super().encode_line(given).lstrip("0")


class Blunt(Good):
    def encode_line(self, given: Any) -> str:
        return f"{given['number']}={given['value']}"


class Moody(Good):
    asked = 0

    def decode_line(self, line: str) -> dict[str, Any]:
        Moody.asked += 1
        return {**super().decode_line(line), "asked": self.asked}


class Contract(ProtocolContract):
    """Not collected by its name; its tests are called below."""

    name, lines = "good", ("007=36", "8=12")
    made: type[Good] = Good

    @cached_property
    def protocol(self) -> ModuleType:
        return self.made("good")


class TestGood(Contract):
    def test_the_command_answers_each_line_in_order(self) -> None:
        """Good is no protocol of a pack, and so no command knows it."""


@pytest.mark.parametrize(
    ("made", "test"),
    [
        (Untitled, "it_has_two_titles"),
        (Raising, "decoding_never_raises_and_says_what_is_odd"),
        (Mute, "decoding_never_raises_and_says_what_is_odd"),
        (Credulous, "a_line_that_is_no_frame_has_an_issue"),
        (Credulous, "what_was_read_without_an_issue_can_be_written_again"),
        (Lossy, "encoding_is_the_inverse_of_decoding"),
        (Blunt, "what_is_no_message_is_refused_with_a_sentence"),
        (Moody, "the_same_line_says_the_same"),
    ],
)
def test_the_contract_notices(made: type[Good], test: str) -> None:
    contract = Contract()
    contract.made = made
    with pytest.raises(Exception):  # noqa: B017  (a failed claim, or what the protocol raised)
        getattr(contract, f"test_{test}")()


def test_a_command_that_answers_fewer_lines_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A protocol that prints on its own account puts the answers out of step."""
    from haihe.testing import protocols

    script = tmp_path / "haihe-quiet"
    script.write_text(f"#!{sys.executable}\nimport sys\nprint(*sys.stdin.read().split('\\n')[1:], sep='\\n')\n")
    script.chmod(0o755)
    monkeypatch.setattr(protocols.sys, "executable", str(script))
    with pytest.raises((AssertionError, ValueError)):
        TestJT808().test_the_command_answers_each_line_in_order()
