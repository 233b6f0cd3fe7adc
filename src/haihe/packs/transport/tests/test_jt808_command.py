"""`haihe decode jt808` and `haihe encode jt808` as a shell sees them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from haihe import protocols
from haihe.packs.transport import jt808
from haihe.packs.transport.tests.published import everything

HEARTBEAT = "7e000200001234567890120001897e"
SHAPE = {"message_id", "name", "version", "phone", "serial", "checksum_ok", "length_ok", "body", "issues"}


def haihe(*arguments: str, sent: bytes = b"", module: str = "haihe.command") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], input=sent, capture_output=True, check=False, timeout=60
    )


@pytest.mark.parametrize("module", ["haihe.command", "haihe.cli"])
def test_frames_as_arguments_give_one_object_each_in_order(module: str) -> None:
    run = haihe("decode", "jt808", HEARTBEAT, "nonsense", "0x7E 0x00 0x02", HEARTBEAT[2:-2].upper(), module=module)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0 and [set(row) for row in rows] == [SHAPE] * 4
    assert [row["message_id"] for row in rows] == ["0x0002", None, "0x0002", "0x0002"]
    assert [row["checksum_ok"] for row in rows] == [True, False, False, True]
    assert rows[0] == {
        "message_id": "0x0002", "name": "终端心跳 heartbeat", "version": "2013", "phone": "123456789012", "serial": 1,
        "checksum_ok": True, "length_ok": True, "body": {}, "issues": [],
    }  # fmt: skip
    assert rows[1]["body"] == {"raw_text": "nonsense"} and rows[1]["issues"][0]["code"] == "unreadable"


def test_lines_go_through_decode_and_encode_unchanged() -> None:
    lines = [frame.hex() for frame in everything()] + ["", "not a frame", "7e", "7e7e", HEARTBEAT[2:-2]]
    sent = "\n".join(lines).encode() + b"\n"
    decoded = haihe("decode", "jt808", sent=sent)
    assert decoded.stdout.count(b"\n") == len(lines)
    again = haihe("encode", "jt808", sent=decoded.stdout)
    assert again.returncode == 0 and again.stdout == sent


def test_what_cannot_be_encoded_keeps_its_place_and_fails_the_command() -> None:
    run = haihe(
        "encode",
        "jt808",
        sent=b'{"message_id": "0x0002", "version": "2013", "phone": "1", "serial": 1, "body": {}}\nxx\n[]\n',
    )
    assert run.returncode == 1 and run.stdout.count(b"\n") == 3 and run.stdout.endswith(b"\n\n\n")
    assert "第 2 行" in run.stderr.decode() and "line 3" in run.stderr.decode()


def test_bytes_that_are_no_text_and_lines_without_end_are_answered() -> None:
    run = haihe("decode", "jt808", sent=b"\xff\xfe\n" + b"7d" * 2_000_000 + b"\n" + HEARTBEAT.encode())
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0 and len(rows) == 3 and rows[2]["message_id"] == "0x0002"


def test_a_live_stream_is_answered_line_by_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "haihe.command", "decode", "jt808"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for _ in range(3):
            process.stdin.write(HEARTBEAT.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["phone"] == "123456789012"
        process.stdin.close()
        assert process.wait(10) == 0


def test_protocols_are_listed_and_an_unknown_one_is_named() -> None:
    assert haihe("decode", "--list").stdout.decode().startswith("jt808\tJT/T 808")
    unknown = haihe("decode", "morse", "00")
    assert unknown.returncode == 1 and "morse" in unknown.stderr.decode() and "jt808" in unknown.stderr.decode()
    assert haihe("decode").returncode == 2 and "haihe decode NAME" in haihe("decode", "--help").stdout.decode()


def test_a_protocol_of_another_pack_needs_no_registration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weather" / "semaphore"
    folder.mkdir(parents=True)
    (folder / "protocol.py").write_text("")
    monkeypatch.setattr(protocols, "PACKS_FOLDER", tmp_path)
    assert protocols.own_protocols() == {"semaphore": "haihe.packs.weather.semaphore.protocol"}


def test_the_command_loads_neither_django_nor_numpy_and_starts_at_once() -> None:
    code = "import sys; from haihe import protocols; protocols.get_protocol('jt808'); print([m for m in ('django', 'numpy', 'typer', 'polars') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"
    bare = min(seconds([sys.executable, "-c", "import json, re, dataclasses, enum, datetime"]) for _ in range(3))
    ours = min(seconds([sys.executable, "-m", "haihe.command", "decode", "jt808", HEARTBEAT]) for _ in range(3))
    assert ours < 5 * bare + 0.2


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True, env=os.environ)
    return time.perf_counter() - started


def test_the_protocol_needs_no_django_and_no_other_part_of_haihe_but_its_errors() -> None:
    for path in Path(jt808.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] != "django", path
                assert not name.startswith("haihe") or name.startswith(
                    ("haihe.packs.transport.jt808", "haihe.kernel.errors")
                ), path
