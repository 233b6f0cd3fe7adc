"""Attachments of alarms: frames and pieces of files on one connection, gaps asked for, and only who was asked is believed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from haihe.packs.transport.jt808 import attachments
from haihe.packs.transport.jt808.attachments import Piece, PieceSplitter, Upload, read_piece, write_piece
from haihe.packs.transport.jt808.build import Terminal
from haihe.packs.transport.jt808.frame import strip_flags
from haihe.packs.transport.simulator.answering import PIXEL, Answering
from haihe.packs.transport.simulator.calling import CallingTerminal
from haihe.packs.transport.tests.live import SYNTHETIC, Live, eventually
from haihe.ports import free_port
from haihe.testing.database import query

ORDER = """
import sys
from haihe.kernel.administration import operator
from haihe.packs.transport import services
from haihe.packs.transport.models import Vehicle
values = {"alarm_terminal": "0000001", "alarm_time": "2026-03-02 10:00", "number": 0, "attachments": 1, "address": "127.0.0.1", "tcp_port": sys.argv[2]}
print(services.give_order(operator(), Vehicle.objects.get(plate=sys.argv[1]), order="attachments", values=values, reason="核查疲劳驾驶报警").pk)
"""


def test_frames_and_pieces_come_out_however_the_stream_is_cut() -> None:
    beat = Terminal("13900000001").heartbeat()
    piece = write_piece("00_65_6501_0_number.jpg", 7, bytes(range(256)) * 3 + b"\x7e01cd\x7e")
    stream = beat + piece + beat + beat + piece
    chance = random.Random(5)
    for _ in range(60):
        cuts = sorted(chance.sample(range(1, len(stream)), 5))
        splitter, found = PieceSplitter(), []
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            found += splitter.feed(stream[start:end])
        assert (
            found == [strip_flags(beat), piece, strip_flags(beat), strip_flags(beat), piece]
            and not splitter.dropped_bytes
        )
    assert read_piece(piece) == Piece("00_65_6501_0_number.jpg", 7, piece[62:])


def test_garbage_and_giant_pieces_are_dropped_and_counted() -> None:
    splitter = PieceSplitter()
    giant = b"01cd" + bytes(50) + bytes(4) + b"\xff\xff\xff\xff"
    piece = write_piece("a", 0, b"x")
    assert splitter.feed(b"GET / HTTP" + giant + piece) == [piece] and splitter.dropped_bytes > 60
    for _ in range(10):
        splitter.feed(b"\x7e" + bytes(5000))
    assert splitter.dropped_bytes > 40_000


def test_ranges_are_merged_and_gaps_are_told() -> None:
    upload = Upload("a", 0, 100)
    assert upload.missing == [(0, 100)]
    for start, end in ((50, 60), (0, 10), (5, 20), (90, 100)):
        assert upload.put(Piece("a", start, b"x" * (end - start)))
    assert upload.missing == [(20, 30), (60, 30)] and not upload.put(Piece("a", 95, bytes(6)))
    assert upload.put(Piece("a", 20, bytes(70))) and upload.missing == []


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, int]]:
    live, port = Live(tmp_path_factory.mktemp("files") / "home"), free_port()
    live.environment["HAIHE_FEED_PORTS"] += f",jt808_files={port}"
    live.run(SYNTHETIC, 2)
    live.start("gateway")
    yield live, port
    live.stop()


class FileTerminal(CallingTerminal):
    """The second connection, on which files are sent."""


def test_a_terminal_that_was_asked_sends_a_file_and_what_was_lost_of_it_again(district: tuple[Live, int]) -> None:
    live, port = district
    device = live.device(0).sign_on()
    pk = live.run(ORDER, device.terminal.plate, port)
    asked = device.hear()
    assert (
        asked is not None
        and asked["message_id"] == "0x9208"
        and (asked["body"]["address"], asked["body"]["tcp_port"]) == ("127.0.0.1", port)
    )
    device.send(device.terminal.reply(asked["serial"], 0x9208))
    eventually(
        lambda: query(live.home, "SELECT state FROM kernel_command WHERE id = ?", (pk,)) == [("done",)],
        what="the order confirmed",
    )

    data = PIXEL + bytes(200_000)
    name = f"00_65_6501_0_{asked['body']['alarm_number']}.jpg"
    told = {"terminal_id": "0000001", "identifier": asked["body"]["identifier"], "alarm_number": asked["body"]["alarm_number"], "again": 0,
            "files": [{"name": name, "size_bytes": len(data)}]}  # fmt: skip
    connection = FileTerminal(port, device.phone)
    speaking = Answering(connection.terminal)
    [first] = speaking.say(0x1210, told)
    assert connection.ask(first)["result"] == 0
    file = {"name": name, "kind": 0, "size_bytes": len(data)}
    [to_come] = speaking.say(0x1211, file)
    assert connection.ask(to_come)["result"] == 0
    for offset in (0, 131_072):  # the second of four pieces is lost, the last one is short
        connection.send(write_piece(name, offset, data[offset : offset + 65_536]))
    connection.send(write_piece(name, 196_608, data[196_608:]))
    [sent] = speaking.say(0x1212, file)
    connection.send(sent)
    answer = connection.hear()
    assert answer is not None and answer["message_id"] == "0x9212"
    assert (answer["body"]["result"], answer["body"]["missing"]) == (
        1,
        [{"offset_bytes": 65_536, "length_bytes": 65_536}],
    )
    connection.send(write_piece(name, 65_536, data[65_536:131_072]))
    connection.send(speaking.say(0x1212, file)[0])
    answer = connection.hear()
    assert answer is not None and answer["body"]["result"] == 0
    [(kept, kind, content)] = query(
        live.home,
        "SELECT f.size_bytes, f.content_type, r.content FROM transport_report r JOIN kernel_evidencefile f ON f.id = r.file_id",
    )
    assert (kept, kind) == (len(data), "image/jpeg") and "0000001" in content


def test_who_was_not_asked_is_not_believed_and_what_is_too_large_is_refused(district: tuple[Live, int]) -> None:
    live, port = district
    connection = FileTerminal(port, "10000000001")
    speaking = Answering(connection.terminal)
    identifier = {
        "terminal_id": "0000001",
        "time": "2026-03-02T10:00:00+08:00",
        "number": 0,
        "attachments": 1,
        "reserved": "00",
    }
    forged = {"terminal_id": "0000001", "identifier": identifier, "alarm_number": "0" * 32, "again": 0, "files": []}
    assert connection.ask(speaking.say(0x1210, forged)[0])["result"] == 1
    file = {"name": "a.jpg", "kind": 0, "size_bytes": 10}
    assert connection.ask(speaking.say(0x1211, file)[0])["result"] == 1
    device = live.device(1).sign_on()
    live.run(ORDER, device.terminal.plate, port)
    asked = device.hear()
    assert asked is not None
    assert (
        connection.ask(speaking.say(0x1210, forged | {"alarm_number": asked["body"]["alarm_number"]})[0])["result"] == 0
    )
    assert (
        connection.ask(speaking.say(0x1211, file | {"size_bytes": attachments.FILE_LIMIT_BYTES + 1})[0])["result"] == 1
    )
    issues = live.rows("raw_frame")["issues"].drop_nulls().to_list()
    assert any("not ours" in issue for issue in issues) and any("beyond the limits" in issue for issue in issues)
