"""What terminals report beside positions, under faults, with real processes and connections: killed between storing and answering, a
locked database, a full disk. Each report stands once, and locations go on being acknowledged."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.scenarios.test_road import mounted

from haihe.packs.transport.jt808.attachments import write_piece
from haihe.packs.transport.simulator.answering import DRIVER, PIXEL, Answering
from haihe.packs.transport.simulator.calling import CallingTerminal
from haihe.packs.transport.tests.live import SYNTHETIC, Live, eventually
from haihe.packs.transport.tests.test_attachments import ORDER
from haihe.ports import free_port
from haihe.testing.database import locked, query

pytestmark = pytest.mark.xdist_group("feed")
# The gateway as it is, but it is killed at the first record that it has stored, before it can say so.
STRUCK_DOWN = """
import os, signal, sys
from haihe import runtime
from haihe.kernel.feeds.storing import Storing
say = Storing.say
def struck_down(storing, record, data):
    if record.what == "registration":
        say(storing, record, data)
    else:
        os.kill(os.getpid(), signal.SIGKILL)
Storing.say = struck_down
sys.argv = ["gateway", "gateway"]
runtime.main()
"""
CARD = DRIVER | {"time": "2026-05-01T08:00:00+08:00"}


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Live:
    found = Live(tmp_path_factory.mktemp("reports") / "home")
    found.run(SYNTHETIC, 5)
    return found


@pytest.fixture
def live(district: Live) -> Iterator[Live]:
    """The district without a gateway; each test takes vehicles of its own."""
    try:
        yield district
    finally:
        district.stop()
        (district.home / "gateway.log").unlink(missing_ok=True)


def start_to_be_struck_down(live: Live) -> subprocess.Popen[bytes]:
    with (live.home / "gateway.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", STRUCK_DOWN], env=live.environment, stdin=subprocess.PIPE, stderr=log
        )
    live.processes["gateway"] = process
    eventually(lambda: live._listens(live.port), 60, "the gateway's port")
    return process


def reports(live: Live, device: CallingTerminal) -> list[tuple[str, bool]]:
    """Kind and whether there is a file, of all that the device's vehicle reported."""
    sql = "SELECT r.kind, r.file_id FROM transport_report r JOIN transport_terminal t ON t.vehicle_id = r.vehicle_id WHERE t.phone = ? ORDER BY r.id"
    return [(kind, file is not None) for kind, file in query(live.home, sql, (device.phone,))]


def picture(answering: Answering, media_id: int = 7, size_bytes: int = 3000) -> list[bytes]:
    head = {"media_id": media_id, "kind": 0, "format": 0, "event": 0, "channel": 1, "location": answering.location()}
    return answering.say(0x0801, head | {"data": (PIXEL + bytes(size_bytes - len(PIXEL))).hex()})


def heard_until(device: CallingTerminal, message_id: str, seconds: float = 20) -> dict[str, Any]:
    """The body of the next message of this id."""
    while True:
        message = device.hear(seconds)
        assert message is not None, f"closed before {message_id}"
        if message["message_id"] == message_id:
            return dict(message["body"])


def result_of(device: CallingTerminal, serial: int, seconds: float = 20) -> int:
    """The result in the general reply to the frame of this serial."""
    while True:
        body = heard_until(device, "0x8001", seconds)
        if body["reply_serial"] == serial:
            return int(body["result"])


def send(device: CallingTerminal, frames: list[bytes]) -> None:
    for frame in frames:
        device.send(frame)


def test_killed_between_storing_and_answering_a_picture_is_sent_again_and_stands_once(live: Live) -> None:
    process = start_to_be_struck_down(live)
    device = live.device(0).sign_on()
    frames = picture(Answering(device.terminal))
    last = device.terminal.serial
    with suppress(ConnectionError):
        send(device, frames)
    assert process.wait(20) == -9
    assert reports(live, device) == [("media", True)], "stored, and nobody was told"
    with suppress(TimeoutError):
        while message := device.hear(1):
            assert message["message_id"] != "0x8800" and message["body"].get("reply_serial") != last

    live.start("gateway")
    device = live.device(0).sign_on()
    send(device, frames)
    assert result_of(device, last) == 0 and heard_until(device, "0x8800")["media_id"] == 7
    assert reports(live, device) == [("media", True)], "one report"
    assert query(live.home, "SELECT count(*) FROM kernel_evidencefile") == [(1,)]
    # Another picture of the same number, a card, and the card again.
    device.terminal.serial = last + 10
    send(device, picture(Answering(device.terminal), size_bytes=2000))
    assert heard_until(device, "0x8800")["media_id"] == 7
    card = Answering(device.terminal).say(0x0702, CARD)[0]
    assert [device.ask(card)["result"] for _ in range(2)] == [0, 0]
    assert reports(live, device) == [("media", True), ("media", True), ("card", False)]


@pytest.mark.all
def test_killed_between_storing_and_answering_an_attachment_is_sent_again_and_stands_once(live: Live) -> None:
    port = free_port()
    live.environment["HAIHE_FEED_PORTS"] += f",jt808_files={port}"
    process = start_to_be_struck_down(live)
    device = live.device(1).sign_on()
    live.run(ORDER, device.terminal.plate, port)
    asked = heard_until(device, "0x9208")
    name, data = f"00_65_6501_0_{asked['alarm_number']}.jpg", PIXEL + bytes(5000)

    def upload() -> tuple[CallingTerminal, Answering]:
        connection = CallingTerminal(port, device.phone)
        speaking = Answering(connection.terminal)
        told = {"terminal_id": "0000001", "identifier": asked["identifier"], "alarm_number": asked["alarm_number"], "again": 0,
                "files": [{"name": name, "size_bytes": len(data)}]}  # fmt: skip
        file = {"name": name, "kind": 0, "size_bytes": len(data)}
        assert [connection.ask(speaking.say(number, body)[0])["result"] for number, body in ((0x1210, told), (0x1211, file))] == [0, 0]  # fmt: skip
        connection.send(write_piece(name, 0, data))
        connection.send(speaking.say(0x1212, file)[0])
        return connection, speaking

    upload()
    assert process.wait(20) == -9
    live.start("gateway")
    connection, speaking = upload()
    assert heard_until(connection, "0x9212")["result"] == 0
    # The answer was lost, and the terminal says once more on the same connection that it is done.
    connection.send(speaking.say(0x1212, {"name": name, "kind": 0, "size_bytes": len(data)})[0])
    assert heard_until(connection, "0x9212")["result"] == 0
    assert reports(live, device) == [("media", True)]


def test_a_locked_database_delays_the_report_and_no_location(live: Live) -> None:
    """Whoever reports a card waits; he and others report where they are and are acknowledged, also while the registers are looked at
    (every 2 s) and a terminal's order is waiting."""
    live.start("gateway")
    reporting, driving = live.device(2).sign_on(), live.device(3).sign_on()
    with locked(live.home):
        card = Answering(reporting.terminal).say(0x0702, CARD)[0]
        serial = reporting.terminal.serial
        reporting.send(card)
        for _ in range(12):  # 3 s
            assert driving.report(datetime.now(UTC)) == 0 and reporting.report(datetime.now(UTC)) == 0
            time.sleep(0.25)
        with pytest.raises(TimeoutError):
            reporting.hear(0.2)
        assert reports(live, reporting) == []
    assert result_of(reporting, serial) == 0
    assert reports(live, reporting) == [("card", False)]


def test_a_full_disk_for_pictures_refuses_them_and_acknowledges_locations(live: Live) -> None:
    folder = live.home / "evidence"
    with mounted(folder, "size=32k"):
        live.start("gateway")
        device = live.device(4).sign_on()
        frames = picture(Answering(device.terminal), size_bytes=60_000)
        last = device.terminal.serial
        send(device, frames)
        assert result_of(device, last) == 1, "not stored, not confirmed"
        assert device.report(datetime.now(UTC)) == 0
        assert reports(live, device) == [] and "cannot store what devices report" in live.log("gateway")
        subprocess.run(["mount", "-o", "remount,size=1m", str(folder)], check=True, capture_output=True)
        send(device, frames)
        assert heard_until(device, "0x8800") == {"media_id": 7}
        assert reports(live, device) == [("media", True)] and "storing works again" in live.log("gateway")
        assert not list(folder.glob(".incoming-*"))
