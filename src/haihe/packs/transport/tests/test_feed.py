"""The JT/T 808 feed as terminals meet it: the real gateway process, its real database and journal, real connections."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from haihe.kernel.observations.quality import Quality
from haihe.packs.transport.jt808.build import location_body
from haihe.packs.transport.jt808.codec import encode
from haihe.packs.transport.jt808.frame import Header, build_frame
from haihe.packs.transport.jt808.packages import build_frames
from haihe.packs.transport.orders.table import ORDERS
from haihe.packs.transport.simulator.answering import PIXEL, Answering
from haihe.packs.transport.simulator.calling import DatagramTerminal
from haihe.packs.transport.tests.live import SYNTHETIC, Device, Live, eventually
from haihe.packs.transport.tests.test_orders import VALUES
from haihe.testing.database import query

pytestmark = pytest.mark.xdist_group("feed")
SEND_TEXT = """
import sys
from haihe.kernel.administration import operator
from haihe.packs.transport import services
from haihe.packs.transport.models import Vehicle
print(services.send_text(operator(), Vehicle.objects.get(plate=sys.argv[1]), text=sys.argv[2]).pk)
"""
GIVE_ALL = """
import json, sys
from haihe.kernel.administration import operator
from haihe.packs.transport import services
from haihe.packs.transport.models import Vehicle
values, vehicle = json.loads(sys.argv[2]), Vehicle.objects.get(plate=sys.argv[1])
given = [services.give_order(operator(), vehicle, order=name, values=values.get(name, {}), reason="联合演练") for name in services.ORDERS]
print(len(given))
"""
REVOKE = """
import sys
from haihe.kernel.administration import operator
from haihe.packs.transport import services
from haihe.packs.transport.models import Vehicle
services.revoke_terminal(operator(), Vehicle.objects.get(plate=sys.argv[1]), reason="丢失")
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A gateway for fifty registered vehicles; each test takes vehicles of its own."""
    district = Live(tmp_path_factory.mktemp("feed") / "home")
    district.run(SYNTHETIC, 50)
    district.start("gateway")
    yield district
    district.stop()


@pytest.fixture(scope="module")
def strict(live: Live) -> Iterator[Live]:
    """A second gateway of the same district, which gives 6 s to say who one is and closes after 8 s without a whole frame."""
    gateway = Live(live.home, HAIHE_FEED_AUTHENTICATE_S="6", HAIHE_FEED_IDLE_S="8", HAIHE_FEED_FRAMES_PER_S="1000000")
    gateway.start("gateway")
    yield gateway
    gateway.stop()


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def thing_of(live: Live, device: Device) -> int:
    sql = (
        "SELECT v.thing_id FROM transport_terminal t JOIN transport_vehicle v ON v.id = t.vehicle_id WHERE t.phone = ?"
    )
    return int(query(live.home, sql, (device.phone,))[0][0])


def positions_of(live: Live, device: Device) -> pl.DataFrame:
    return live.rows("position").filter(pl.col("thing") == thing_of(live, device))


def frames_of(live: Live, device: Device) -> pl.DataFrame:
    """Frames that came over the device's connection, known by its address."""
    host, port = device.socket.getsockname()
    return live.rows("raw_frame").filter(pl.col("session") == f"{host}:{port}")


def command(live: Live, pk: str) -> str:
    return str(query(live.home, "SELECT state FROM kernel_command WHERE id = ?", (pk,))[0][0])


# --- the usual way ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "version"), [(0, "2013"), (1, "2019")])
def test_a_terminal_registers_authenticates_beats_and_reports(live: Live, number: int, version: str) -> None:
    device = live.device(number, version).sign_on()
    assert device.ask(device.terminal.heartbeat()) == {
        "reply_serial": device.terminal.serial,
        "reply_id": "0x0002",
        "result": 0,
    }
    at = now()
    assert device.report(at, speed_kmh=63.5, heading_deg=90, mileage_km=1234.5) == 0
    earlier = [location_body(at - timedelta(minutes=20, seconds=-s), 117.4, 39.0, 50) for s in range(3)]
    assert device.ask(device.terminal.batch(earlier))["result"] == 0
    rows = positions_of(live, device)
    first = rows.filter(pl.col("observed_at") == at).row(0, named=True)
    assert (first["speed_kmh"], first["heading_deg"], first["mileage_km"], first["quality"]) == (63.5, 90, 1234.5, 0)
    assert (first["longitude_deg"], first["latitude_deg"]) == (117.5, 39.1)
    late = rows.filter(pl.col("observed_at") < at)
    assert late.height == 3 and set(late["quality"]) == {int(Quality.LATE)}
    assert frames_of(live, device)["issues"].null_count() == 5, "nothing is odd about these five frames"


def test_a_terminal_over_udp_is_believed_acknowledged_and_ordered_as_over_tcp(live: Live) -> None:
    device = DatagramTerminal(live.port, "10000000034", "2013", "模A00034")
    assert device.report(now()) == 1, "who has not said who he is is not believed"
    device.sign_on()
    at = now()
    frames = b"".join(device.terminal.location(at - timedelta(seconds=n), 117.5, 39.1, 40) for n in range(5))
    device.send(frames)  # several frames of one datagram
    heard = [device.hear() for _ in range(5)]
    assert [message["body"]["result"] for message in heard if message] == [0] * 5
    assert positions_of(live, device).height == 5, "durable when it is acknowledged"
    pk = live.run(SEND_TEXT, device.terminal.plate, "请回场")
    message = device.hear()
    assert message is not None and message["body"]["text"] == "请回场"
    device.send(device.terminal.reply(message["serial"], 0x8300))
    eventually(lambda: command(live, pk) == "done", what="the text confirmed")


def test_half_a_frame_of_a_datagram_does_not_go_on_in_the_next(live: Live) -> None:
    device = DatagramTerminal(live.port, "10000000035", "2013", "模A00035").sign_on()
    frame = device.terminal.heartbeat()
    device.send(frame[:9])
    device.send(frame[9:])
    assert device.report(now()) == 0
    assert frames_of(live, device).filter(pl.col("frame").bin.contains(bytes.fromhex("00020000"))).height == 0


def test_what_a_udp_peer_wastes_closes_its_session_and_it_may_begin_anew(live: Live) -> None:
    device = DatagramTerminal(live.port, "10000000036", "2013", "模A00036").sign_on()
    for _ in range(3):
        device.send(b"\0" * 40_000)
    eventually(
        lambda: (live.rows("presence").filter(pl.col("device") == "10000000036")["state"] == "lost").any(),
        what="the session's end",
    )
    assert device.authenticate() == 0 and device.report(now()) == 0


def test_a_registration_of_2011_is_told_by_its_layout(live: Live) -> None:
    device = live.device(2)
    body = {"province": 12, "city": 116, "maker": "HAIHE", "model": "SIM", "terminal_id": "0000001", "plate_colour": 2,
            "plate": device.terminal.plate, "layout": "2011"}  # fmt: skip
    device.terminal.serial += 1
    message = {"message_id": "0x0100", "version": "2013", "phone": device.phone, "serial": device.terminal.serial}
    answer = device.ask(encode({**message, "body": body}))
    assert answer["result"] == 0 and device.authenticate(answer["auth_code"]) == 0
    known = query(live.home, "SELECT version, maker FROM transport_terminal WHERE phone = ?", (device.phone,))
    assert known == [("2011", "HAIHE")]


def test_a_batch_of_several_packages_becomes_positions_and_what_is_missing_is_asked_for(live: Live) -> None:
    device = live.device(30).sign_on()
    start = now() - timedelta(minutes=8)
    bodies = [location_body(start + timedelta(seconds=n), 117.5, 39.1, 40) for n in range(60)]
    message = (60).to_bytes(2, "big") + b"\1" + b"".join(len(b).to_bytes(2, "big") + b for b in bodies)
    device.terminal.serial += 1
    head = Header(0x0704, 0, "2013", device.phone, device.terminal.serial)
    frames = build_frames(head, message)
    device.terminal.serial += len(frames) - 1
    assert len(frames) == 3
    for place in (2, 0):
        device.terminal.serial = head.serial + place
        assert device.ask(frames[place])["result"] == 0, "each package is acknowledged once it is durable"
    assert positions_of(live, device).height == 0
    asked = device.hear(45)
    assert asked is not None and asked["message_id"] == "0x8003"
    assert asked["body"] == {"first_serial": head.serial, "packages": [{"number": 2}]}
    device.terminal.serial = head.serial + 1
    assert device.ask(frames[1])["result"] == 0
    assert eventually(lambda: positions_of(live, device).height == 60)


def test_a_message_of_50_megabytes_is_refused_with_its_reason(live: Live) -> None:
    device = live.device(31).sign_on()
    device.terminal.serial += 1
    header = Header(0x0801, 0, "2013", device.phone, device.terminal.serial, None, 50_000, 1)
    assert device.ask(build_frame(header, bytes(1000)))["result"] == 1
    issues = frames_of(live, device)["issues"].drop_nulls().to_list()
    assert any("8 MB" in issue for issue in issues)
    told = "SELECT issue FROM transport_report"
    eventually(
        lambda: any("8 MB" in issue for (issue,) in query(live.home, told)), what="the refusal on the vehicle's page"
    )


def test_a_text_reaches_the_terminal_and_its_answer_settles_the_command(live: Live) -> None:
    device = live.device(3, "2019").sign_on()
    done, refused = (live.run(SEND_TEXT, device.terminal.plate, text) for text in ("前方施工，请减速", "第二条"))
    for pk, result, state in ((done, 0, "done"), (refused, 1, "refused")):
        message = device.hear()
        assert message is not None and message["message_id"] == "0x8300" and command(live, pk) == "sent"
        assert message["body"]["text"] == {done: "前方施工，请减速", refused: "第二条"}[pk]
        device.send(device.terminal.reply(message["serial"], 0x8300, result))
        eventually(lambda pk=pk, state=state: command(live, pk) == state, what=f"command {state}")


def test_a_picture_of_several_packages_is_stored_before_it_is_answered(live: Live) -> None:
    device = live.device(33).sign_on()
    answering = Answering(device.terminal)
    head = {"media_id": 77, "kind": 0, "format": 0, "event": 0, "channel": 1, "location": answering.location()}
    frames = answering.say(0x0801, head | {"data": (PIXEL + bytes(2500)).hex()})
    assert len(frames) == 3
    for frame in (frames[0], frames[2]):
        device.send(frame)

    def request_of_media() -> dict[str, Any]:
        while True:
            message = device.hear(45)
            assert message is not None
            if message["message_id"] == "0x8800":
                return dict(message["body"])

    assert request_of_media() == {"media_id": 77, "packages": [{"number": 2}]}
    device.send(frames[1])
    assert request_of_media() == {"media_id": 77}
    sql = "SELECT r.kind, f.size_bytes FROM transport_report r JOIN kernel_evidencefile f ON f.id = r.file_id WHERE r.vehicle_id = (SELECT vehicle_id FROM transport_terminal WHERE phone = ?)"
    assert query(live.home, sql, (device.phone,)) == [("media", len(PIXEL) + 2500)]


def test_can_transparent_and_compressed_data_are_stored_before_they_are_answered(live: Live) -> None:
    device = live.device(37).sign_on()
    bodies = {
        0x0705: {"time_bcd": "0800000000", "frames": [{"id": "0xCCF00400", "data": "ff" * 8}]},
        0x0900: {"kind": 0x41, "data": "0102"},
        0x0901: {"data": gzip.compress(device.terminal.heartbeat()).hex()},
    }
    answering = Answering(device.terminal)
    for number, body in bodies.items():
        [frame] = answering.say(number, body)
        assert [device.ask(frame)["result"] for _ in range(2)] == [0, 0], "the second time as the first"
    sql = "SELECT r.kind, r.issue FROM transport_report r JOIN transport_terminal t ON t.vehicle_id = r.vehicle_id WHERE t.phone = ?"
    assert query(live.home, sql, (device.phone,)) == [("data", "")] * 3


def test_every_order_is_answered_by_a_terminal_and_its_answer_is_kept(live: Live) -> None:
    device = live.device(32, "2019").sign_on()
    answering = Answering(device.terminal)
    count = int(live.run(GIVE_ALL, device.terminal.plate, json.dumps(VALUES)))
    assert count == len(ORDERS)

    def states() -> dict[str, str]:
        sql = "SELECT kind, state FROM kernel_command WHERE device = ?"
        return dict(query(live.home, sql, (device.phone,)))

    end = time.monotonic() + 90
    while time.monotonic() < end and set(states().values()) != {"done"}:
        with suppress(TimeoutError):
            message = device.hear(0.3)
            assert message is not None
            for frame in answering.hear(message):
                device.send(frame)
    # Of media that the terminal does not have it says so, and a picture that came later has an answer of its own.
    assert {name for name, state in states().items() if state != "done"} <= {"media_one"}, states()
    answers = {kind: json.loads(answer) for kind, answer in query(
        live.home, "SELECT kind, answer FROM kernel_command WHERE device = ? AND answer IS NOT NULL", (device.phone,))}  # fmt: skip
    assert answers["attributes"]["maker"] == "HAIHE" and answers["photograph"]["media"] == [{"media_id": 1}]
    assert answers["driver"].keys() == {"state", "time", "result"}
    assert {row["id"] for row in answers["query_parameters"]["parameters"]} == {"0x0029", "0x0055"}


def test_a_text_waits_for_a_terminal_that_is_away(live: Live) -> None:
    pk = live.run(SEND_TEXT, "模A00004", "请回场")
    time.sleep(3)
    assert command(live, pk) == "queued"
    message = live.device(4).sign_on().hear()
    assert message is not None and message["body"]["text"] == "请回场"


# --- who is not believed ----------------------------------------------------------------------------------------------


def test_unknown_terminals_and_wrong_plates_get_no_code(live: Live) -> None:
    stranger = Device(live.port, "13900000000", "2013", "津A12345")
    assert stranger.register() == {"reply_serial": 1, "result": 4, "auth_code": ""}
    wrong = live.device(5)
    wrong.terminal.plate = "津A12345"
    assert wrong.register() == {"reply_serial": 1, "result": 2, "auth_code": ""}


def test_a_wrong_code_is_refused_and_the_third_ends_the_connection(live: Live) -> None:
    device = live.device(6)
    assert [device.authenticate(code) for code in ("guess", "", "A" * 16)] == [1, 1, 1]
    assert device.hear() is None, "closed"
    other = live.device(7)
    other.register()
    thief = live.device(6)
    assert thief.authenticate(other.code) == 1, "a code opens one terminal only"


def test_a_location_before_authentication_is_refused_and_kept_as_a_frame(live: Live) -> None:
    device = live.device(8)
    assert device.report(now()) == 1
    assert positions_of(live, device).is_empty()
    kept = frames_of(live, device).row(0, named=True)
    assert kept["thing"] is None and "未鉴权" in kept["issues"] and kept["frame"][:2] == b"\x02\x00"
    device.sign_on()
    assert device.report(now()) == 0 and positions_of(live, device).height == 1


def test_authentication_and_locations_in_one_packet_are_believed_in_their_order(live: Live) -> None:
    device = live.device(9)
    device.register()
    at = now()
    before = device.terminal.location(at, 117.1, 39.1)
    device.send(before + device.terminal.authentication(device.code) + device.terminal.location(at, 117.2, 39.2))
    results = [message["body"]["result"] for message in (device.hear(), device.hear(), device.hear()) if message]
    assert sorted(results) == [0, 0, 1]
    assert positions_of(live, device)["longitude_deg"].to_list() == [117.2]


def test_another_ones_phone_number_is_refused(live: Live) -> None:
    device, victim = live.device(10).sign_on(), live.device(11)
    device.send(victim.terminal.location(now(), 117.9, 39.9))
    answer = device.hear()
    assert answer is not None and answer["body"]["result"] == 1
    assert positions_of(live, device).is_empty() and positions_of(live, victim).is_empty()


def test_two_terminals_with_one_phone_number(live: Live) -> None:
    """The later connection stands, the earlier one is closed, and both facts can be read."""
    first, second = live.device(12).sign_on(), live.device(12).sign_on()
    assert first.hear(5) is None
    assert second.report(now()) == 0
    noted = live.rows("presence").filter(pl.col("device") == first.phone)
    assert noted["state"].to_list() == ["back", "replaced"]


def test_a_connection_that_becomes_another_terminal_gets_none_of_the_firsts_commands(live: Live) -> None:
    device, other = live.device(13).sign_on(), live.device(14)
    other.register()
    device.send(other.terminal.authentication(other.code))
    answer = device.hear()
    assert answer is not None and answer["body"]["result"] == 0
    pk = live.run(SEND_TEXT, "模A00013", "只给十三号")
    with pytest.raises(TimeoutError):
        device.hear(4)
    assert command(live, pk) == "queued"


def test_a_switched_off_terminal_is_cut_off_within_seconds_and_its_code_is_worthless(live: Live) -> None:
    device = live.device(15).sign_on()
    live.run(REVOKE, device.terminal.plate)
    started = time.monotonic()
    assert device.hear(10) is None and time.monotonic() - started < 6
    again = live.device(15)
    assert again.authenticate(device.code) == 1 and again.register()["result"] == 4
    assert again.report(now()) == 1


# --- what is odd ------------------------------------------------------------------------------------------------------


def test_clocks_of_1970_and_2099_are_kept_and_marked(live: Live) -> None:
    """The time has two digits for the year: 1970 arrives as 2070, so that both are ahead; 2001 is behind."""
    device = live.device(16).sign_on()
    years = {1970: Quality.CLOCK_AHEAD, 2099: Quality.CLOCK_AHEAD, 2001: Quality.CLOCK_BEHIND | Quality.LATE}
    for year in years:
        assert device.report(datetime(year, 5, 6, 7, 8, 9, tzinfo=UTC)) == 0
    rows = positions_of(live, device)
    assert rows["observed_at"].dt.year().to_list() == [2070, 2099, 2001]
    assert rows["quality"].to_list() == [int(bits) for bits in years.values()]


def test_no_time_and_coordinates_out_of_range_are_kept_and_marked(live: Live) -> None:
    device = live.device(17).sign_on()
    at = now()
    body = bytearray(location_body(at, 117.5, 39.1))
    body[22:28] = b"\xff" * 6
    assert device.ask(device.terminal.frame(0x0200, bytes(body)))["result"] == 0
    assert device.report(at, longitude_deg=200.0, latitude_deg=95.0) == 0
    assert device.report(at + timedelta(seconds=1), status_bits=0) == 0
    quality = positions_of(live, device)["quality"].to_list()
    assert quality[0] & Quality.NO_TIME and quality[1] & (Quality.OUT_OF_RANGE | Quality.DECODED_IN_PART)
    assert quality[2] == Quality.NOT_FIXED
    issues = frames_of(live, device)["issues"].drop_nulls().to_list()
    assert any("时间" in text for text in issues) and any("纬度" in text and "经度" in text for text in issues)


def test_a_broken_checksum_gets_no_answer_and_no_row(live: Live) -> None:
    device = live.device(18).sign_on()
    good = device.terminal.location(now(), 117.5, 39.1)
    device.send(good[:-2] + bytes([good[-2] ^ 1]) + b"\x7e")
    assert device.ask(device.terminal.heartbeat())["reply_id"] == "0x0002", "the next answer is the heartbeat's"
    assert positions_of(live, device).is_empty()
    assert sum("校验" in text for text in frames_of(live, device)["issues"].drop_nulls()) == 1


def test_frames_stuck_together_and_cut_anywhere_come_out_whole(live: Live) -> None:
    device = live.device(19).sign_on()
    at = now()
    frames = [device.terminal.location(at + timedelta(seconds=n), 117.5, 39.1, heading_deg=n) for n in range(12)]
    # One flag may end a frame and begin the next.
    stream = frames[0] + b"".join(frame[1:] for frame in frames[1:6]) + b"".join(frames[6:])
    for start in range(0, len(stream), 7):
        device.send(stream[start : start + 7])
        time.sleep(0.001)
    assert [device.hear()["body"]["result"] for _ in frames] == [0] * 12  # type: ignore[index]
    assert positions_of(live, device)["heading_deg"].to_list() == list(range(12))


def test_an_unknown_message_is_answered_as_not_supported_and_kept(live: Live) -> None:
    device = live.device(20).sign_on()
    assert device.ask(device.terminal.frame(0x0F0F, b"\x01\x02\x03")) == {
        "reply_serial": device.terminal.serial, "reply_id": "0x0F0F", "result": 3,
    }  # fmt: skip
    assert frames_of(live, device)["frame"].to_list()[-1][:2] == b"\x0f\x0f"


def test_64_kilobytes_of_0x7d_and_other_noise_harm_nobody(live: Live) -> None:
    witness = live.device(21).sign_on()
    for noise in (b"\x7d" * 65_536, b"\x7e" + b"\x7d" * 65_536, b"\x7e" + b"\x7d" * 65_536 + b"\x7e", b"\x7e" * 65_536,
                  b"\x7e\x7d\x7e" * 1000):  # fmt: skip
        peer = socket.create_connection(("127.0.0.1", live.port), 5)
        with suppress(ConnectionError):
            peer.sendall(noise)
        started = time.monotonic()
        assert witness.report(now()) == 0 and time.monotonic() - started < 3
        peer.close()
    assert "not read" not in json.dumps(live.rows("raw_frame")["issues"].drop_nulls().to_list())


# --- peers that behave badly ------------------------------------------------------------------------------------------


def test_slow_and_silent_peers_are_closed_and_noted(strict: Live) -> None:
    slow, silent = strict.device(22), strict.device(23).sign_on()
    slow.send(b"\x7e")
    started = time.monotonic()
    closed = False
    while time.monotonic() - started < 20 and not closed:
        try:
            slow.send(b"\x01")
            slow.socket.settimeout(0.3)
            closed = slow.socket.recv(10) == b""
        except TimeoutError:
            continue
        except OSError:
            closed = True
    assert closed and time.monotonic() - started < 14
    assert silent.hear(15) is None
    because = eventually(
        lambda: strict.rows("presence").filter((pl.col("device") == silent.phone) & (pl.col("state") == "lost"))["because"].to_list()
    )  # fmt: skip
    assert "silent for too long" in because[0]


def test_a_peer_that_never_reads_its_answers_is_cut_off_in_the_end(strict: Live) -> None:
    """It is read no more when its answers pile up, and counts as silent from then on."""
    deaf = strict.device(24).sign_on()
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.socket.settimeout(0.5)
    stuck = b"".join(deaf.terminal.heartbeat() for _ in range(5000))
    started = time.monotonic()
    with suppress(OSError):
        while time.monotonic() - started < 15:
            deaf.socket.sendall(stuck)
    assert strict.device(25).sign_on().report(now()) == 0, "others are served meanwhile"
    gone = lambda: strict.rows("presence").filter((pl.col("device") == deaf.phone) & (pl.col("state") == "lost"))  # noqa: E731
    eventually(lambda: not gone().is_empty(), 60, "the deaf peer's end")


def test_a_flood_does_not_keep_others_waiting(live: Live) -> None:
    flood, witness = live.device(26).sign_on(), live.device(27).sign_on()
    flood.socket.setblocking(False)
    burst = b"".join(flood.terminal.location(now(), 117.5, 39.1) for _ in range(2000))
    slowest = 0.0
    for _ in range(15):
        with suppress(BlockingIOError):
            flood.socket.send(burst)
        started = time.monotonic()
        assert witness.report(now()) == 0
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 5
    flood.close()
