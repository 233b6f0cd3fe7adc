"""Protocols that packs speak, found by being there: `packs/<pack>/<name>/protocol.py` makes `haihe decode <name>` work.

The module gives TITLE_ZH and TITLE_EN, `decode_line(text) -> dict` (never raises: what cannot be read comes back as such, with its
issues) and `encode_line(dict) -> text` (its exact inverse; raises HaiheError). It needs no Django, so that the command starts at
once; packs installed from elsewhere (entry points `haihe.packs`) are asked only where no folder of Haihe's own has the name.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from haihe.kernel.errors import HaiheError, InvalidInput, NotFound

PACKS_FOLDER = Path(__file__).parent / "packs"
CHUNK_BYTES = 1 << 16
# A line longer than this is no frame of any protocol; it is answered as unreadable instead of filling the memory.
LINE_LIMIT_BYTES = 1 << 20

USAGE = """haihe decode NAME [HEX…]   一行一帧 one frame a line → 一行一个 JSON one JSON object a line
haihe encode NAME          相反 the inverse
haihe decode --list        列出协议 list the protocols
"""


def own_protocols() -> dict[str, str]:
    """Name → dotted module of the protocols in Haihe's own packs folder."""
    return {
        path.parent.name: ".".join(("haihe.packs", path.parent.parent.name, path.parent.name, "protocol"))
        for path in sorted(PACKS_FOLDER.glob("*/*/protocol.py"))
    }


def other_protocols() -> dict[str, str]:
    """The same for packs installed from elsewhere."""
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found: dict[str, str] = {}
    for entry in sorted(entry_points(group="haihe.packs"), key=lambda each: each.name):
        spec = find_spec(entry.value)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            for path in sorted(Path(folder).glob("*/protocol.py")):
                found.setdefault(path.parent.name, f"{entry.value}.{path.parent.name}.protocol")
    return found


def get_protocol(name: str) -> ModuleType:
    """The protocol module of that name; NotFound lists those that are there."""
    own = own_protocols()
    dotted = own.get(name) or other_protocols().get(name)
    if dotted is None:
        there = ", ".join(sorted({**own, **other_protocols()})) or "—"
        raise NotFound(f"没有名为“{name}”的协议。", f"There is no protocol named {name!r}.",
                       to_do_zh=f"已有：{there}。", to_do_en=f"There are: {there}.")  # fmt: skip
    return import_module(dotted)


def lines_of(descriptor: int) -> Iterator[tuple[str, bool]]:
    """Lines of a stream as they come, each with "no further line is at hand now", so that a live stream is answered at once."""
    held = b""
    while chunk := os.read(descriptor, CHUNK_BYTES):
        *lines, held = (held + chunk if b"\n" in chunk or not held else _joined(held, chunk)).split(b"\n")
        for number, line in enumerate(lines):
            yield _text(line), number == len(lines) - 1
    if held:
        yield _text(held), True


def _joined(held: bytes, chunk: bytes) -> bytes:
    """A line that does not end: its beginning is kept, what goes beyond the limit is dropped."""
    return held if len(held) > LINE_LIMIT_BYTES else held + chunk


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


def decode_all(protocol: ModuleType, frames: Sequence[str], descriptor: int = 0) -> int:
    """Print one JSON object a frame: of the arguments, or of the lines on standard input where there are none."""
    source = ((frame, False) for frame in frames) if frames else lines_of(descriptor)

    def printed(line: str) -> str:
        return json.dumps(protocol.decode_line(line), ensure_ascii=False)

    return _print(source, printed)


def encode_all(protocol: ModuleType, descriptor: int = 0) -> int:
    """Print one frame a JSON line. A line that cannot be encoded is told on standard error, leaves an empty line in its place and
    makes the exit code 1."""

    def printed(line: str) -> str:
        try:
            given = json.loads(line)
        except ValueError as error:
            raise InvalidInput("不是 JSON。", f"This is not JSON: {error}.") from error
        return str(protocol.encode_line(given))

    return _print(lines_of(descriptor), printed)


def _print(source: Iterator[tuple[str, bool]], printed: Callable[[str], str]) -> int:
    out, failed = sys.stdout, 0
    for number, (line, idle) in enumerate(source, 1):
        try:
            out.write(printed(line) + "\n")
        except HaiheError as error:
            failed = 1
            out.write("\n")
            print(f"第 {number} 行 line {number}: {error.sentence('zh')} {error.sentence('en')}", file=sys.stderr)
        if idle:
            out.flush()
    out.flush()
    return failed


def _list() -> int:
    for name, dotted in {**other_protocols(), **own_protocols()}.items():
        module = import_module(dotted)
        print(f"{name}\t{module.TITLE_ZH}\t{module.TITLE_EN}")
    return 0


def run(arguments: Sequence[str]) -> int:
    """`haihe decode …` and `haihe encode …`; returns the exit code. `arguments` begins with the verb."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    verb, *rest = arguments
    try:
        if rest[:1] == ["--list"]:
            return _list()
        if not rest or rest[0].startswith("-"):
            print(USAGE, end="")
            return 0 if rest[:1] in (["--help"], ["-h"]) else 2
        protocol: Any = get_protocol(rest[0])
        return encode_all(protocol) if verb == "encode" else decode_all(protocol, rest[1:])
    except HaiheError as error:
        print(f"错误 error: {error.sentence('zh')}\n  {error.sentence('en')}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
