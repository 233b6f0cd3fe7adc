"""What every protocol must pass that `haihe decode NAME` and `haihe encode NAME` speak (haihe/protocols.py).

class TestMeters(ProtocolContract):
    name = "water_meter"
    lines = ("68 01 …", …)      # frames as `haihe encode` prints them, each decoded without an issue
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cached_property
from random import Random
from types import ModuleType
from typing import Any

from haihe.kernel.errors import HaiheError
from haihe.protocols import LINE_LIMIT_BYTES, get_protocol

ROUNDS = 60
# Lines that are no frame of anything; a carriage return ends what a Windows machine sent and is not part of it.
NO_FRAMES = ("", " ", "0", "zz", "{}", "温度", "\x00", "ff" * 3000, "7e" * 50, "-1", "nan", '"', "\udc80".encode("utf-8", "replace").decode())  # fmt: skip
NO_MESSAGES: tuple[Any, ...] = (
    None,
    5,
    "x",
    [],
    {},
    {"body": []},
    {"body": {}},
    {"issues": 1},
    {"a": {"b": [None]}},
    True,
)


class ProtocolContract:
    """Subclass with `name` and `lines`."""

    name: str
    lines: tuple[str, ...]

    @cached_property
    def protocol(self) -> ModuleType:
        return get_protocol(self.name)

    def spoilt(self) -> list[str]:
        """The lines with characters changed, lost or put in, and lines that are no frame at all."""
        dice = Random(13)
        found = list(NO_FRAMES)
        for _ in range(ROUNDS):
            text = list(dice.choice(self.lines))
            for _ in range(dice.randrange(1, 5)):
                at = dice.randrange(len(text) + 1)
                match dice.randrange(3):
                    case 0:
                        text[at : at + 1] = dice.choice("0123456789abcdefz ")
                    case 1:
                        del text[at : at + dice.randrange(1, 8)]
                    case _:
                        text[at:at] = dice.choice(self.lines)[: dice.randrange(12)]
            found.append("".join(text))
        return found

    def test_it_has_two_titles(self) -> None:
        assert self.protocol.TITLE_ZH and self.protocol.TITLE_EN
        assert any(letter >= "\u4e00" for letter in self.protocol.TITLE_ZH)

    def test_the_lines_of_the_contract_are_read_without_an_issue(self) -> None:
        """Otherwise little below would be proved."""
        assert len(self.lines) >= 2
        for line in self.lines:
            assert self.protocol.decode_line(line)["issues"] == [], line

    def test_encoding_is_the_inverse_of_decoding(self) -> None:
        """Through JSON, as on the command line."""
        for line in self.lines:
            assert self.protocol.encode_line(through_json(self.protocol.decode_line(line))) == line

    def test_decoding_never_raises_and_says_what_is_odd(self) -> None:
        for line in self.spoilt():
            found = through_json(self.protocol.decode_line(line))
            assert isinstance(found, dict) and isinstance(found["issues"], list), line
            for issue in found["issues"]:
                assert issue["zh"] and issue["en"], f"{line}: an issue has no sentence"

    def test_a_line_that_is_no_frame_has_an_issue(self) -> None:
        for line in ("", "zz", "温度"):
            assert self.protocol.decode_line(line)["issues"], repr(line)

    def test_what_was_read_without_an_issue_can_be_written_again(self) -> None:
        """Spaces and capitals may go; what is said stays."""
        for line in self.spoilt():
            found = through_json(self.protocol.decode_line(line))
            if not found["issues"]:
                written = self.protocol.encode_line(found)
                assert through_json(self.protocol.decode_line(written)) == found, line
                assert self.protocol.encode_line(through_json(self.protocol.decode_line(written))) == written

    def test_the_same_line_says_the_same(self) -> None:
        for line in [*self.lines, *self.spoilt()]:
            assert self.protocol.decode_line(line) == self.protocol.decode_line(line)

    def test_what_is_no_message_is_refused_with_a_sentence(self) -> None:
        for given in NO_MESSAGES:
            try:
                written = self.protocol.encode_line(given)
            except HaiheError:
                continue
            assert isinstance(written, str), f"{given!r} became {written!r}"

    def test_a_long_line_is_read_in_a_moment(self) -> None:
        found = self.protocol.decode_line("5a" * (LINE_LIMIT_BYTES // 4))
        assert isinstance(found, dict)

    def test_the_command_answers_each_line_in_order(self) -> None:
        """`haihe decode` and `haihe encode` in processes of their own: as many lines as went in, each the one that it should be."""
        given = [line for line in [*self.lines, *self.spoilt(), *self.lines] if "\n" not in line and "\r" not in line]
        told, code = command("decode", self.name, given)
        assert code == 0 and len(told) == len(given)
        for line, answer in zip(given, told, strict=True):
            assert json.loads(answer) == through_json(self.protocol.decode_line(line)), line
        clean = [line for line in told if not json.loads(line)["issues"]]
        written, code = command("encode", self.name, [*clean, "no json", clean[0]])
        assert code == 1 and len(written) == len(clean) + 2
        assert written[-2] == "" and written[-1] == written[0] == self.lines[0]


def through_json(value: Any) -> Any:
    """What arrives on the other side; fails where something is no JSON (bytes, not-a-number)."""
    return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False))


def command(verb: str, name: str, lines: list[str]) -> tuple[list[str], int]:
    """The lines that `haihe VERB NAME` prints for those, and its exit code."""
    given = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "haihe.command", verb, name], input=given.encode(), capture_output=True, timeout=60, check=False
    )  # fmt: skip
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.stdout.decode().split("\n")[:-1], done.returncode
