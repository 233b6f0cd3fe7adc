"""The quick road says what the slow one says, on every frame."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haihe.packs.transport.jt808.acks import build_frames, encode_acks
from haihe.packs.transport.jt808.build import Terminal, location_body, location_frames
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.columns import Columns, decode_locations
from haihe.packs.transport.jt808.issues import Issue
from haihe.packs.transport.jt808.item_columns import COLUMN_IDS
from haihe.packs.transport.jt808.times import NOT_A_TIME
from haihe.packs.transport.tests.published import everything, yezhihao
from haihe.packs.transport.tests.strategies import FRAMES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OF_A_FRAME = ("header_cut", "checksum", "length", "escape", "flag_inside", "phone_digits", "fragment", "encrypted")
OF_A_LOCATION = ("time", "latitude", "longitude", "heading", "items_cut", "item_length")
WITH_LOCATIONS = ("0x0200", "0x0201", "0x0500", "0x0704")


def codes(bits: int, wanted: tuple[str, ...]) -> set[str]:
    return {str(issue.name).lower() for issue in Issue if issue & bits} & set(wanted)


def noted(found: dict[str, Any], wanted: tuple[str, ...], within: str = "") -> set[str]:
    return {issue["code"] for issue in found["issues"] if issue["where"].startswith(within)} & set(wanted)


def assert_same(frames: list[bytes], columns: Columns) -> None:
    rows = columns.locations.frame.tolist()
    assert rows == sorted(rows) and len(columns.frames.serial) == len(frames)
    for number, frame in enumerate(frames):
        found = decode(frame)
        assert_same_header(found, columns, number)
        mine = [row for row, of in enumerate(rows) if of == number]
        entries = found["body"].get("locations", [found["body"]])
        whole = [(at, entry) for at, entry in enumerate(entries) if "longitude_deg" in entry and "time" in entry]
        assert len(mine) == len(whole)
        for row, (at, entry) in zip(mine, whole, strict=True):
            assert_same_location(entry, columns, row)
            within = f"locations[{at}]." if "locations" in found["body"] else ""
            assert codes(int(columns.locations.issues[row]), OF_A_LOCATION) == noted(found, OF_A_LOCATION, within)


def assert_same_header(found: dict[str, Any], columns: Columns, number: int) -> None:
    ours = columns.frames
    assert int(ours.message_id[number]) == int(found["message_id"] or "0", 16)
    assert bool(ours.checksum_ok[number]) is found["checksum_ok"] and bool(ours.length_ok[number]) is found["length_ok"]
    assert ours.phone[number].decode() == (found["phone"] or "") and int(ours.serial[number]) == (found["serial"] or 0)
    assert int(ours.version[number]) == int(found["version"] or 0)
    wanted = (*OF_A_FRAME, "body_cut", "batch") if found["message_id"] in WITH_LOCATIONS else OF_A_FRAME
    assert codes(int(ours.issues[number]), wanted) == noted(found, wanted)


def assert_same_location(entry: dict[str, Any], columns: Columns, row: int) -> None:
    ours = columns.locations
    for name in (
        "longitude_deg",
        "latitude_deg",
        "altitude_m",
        "speed_kmh",
        "heading_deg",
        "alarm_bits",
        "status_bits",
    ):
        assert getattr(ours, name)[row] == entry[name], name
    if entry["time"] is None:
        assert ours.time_us[row] == NOT_A_TIME
    else:
        assert EPOCH + timedelta(microseconds=int(ours.time_us[row])) == datetime.fromisoformat(entry["time"])
    assert_same_items(entry["items"], columns, row)
    assert columns.item_bytes(row) == b"".join(
        bytes.fromhex(item["hex"])
        if key == "cut"
        else bytes([int(key[:4], 16), len(item["hex"]) // 2]) + bytes.fromhex(item["hex"])
        for key, item in entry["items"].items()
    )


def assert_same_items(items: dict[str, Any], columns: Columns, row: int) -> None:
    last = {int(key[:4], 16): item["value"] for key, item in items.items() if key != "cut" and "value" in item}
    for number in COLUMN_IDS:
        ours = columns.locations.items.value(number)[row]
        if number in last:
            assert ours == last[number], hex(number)
        else:
            assert math.isnan(ours), hex(number)


def test_published_frames() -> None:
    frames = everything()
    columns = decode_locations(frames)
    assert_same(frames, columns)
    assert len(columns.locations.frame) > 60


@given(st.lists(FRAMES, max_size=12))
@settings(max_examples=400, deadline=None)
def test_frames_of_any_kind_mixed(frames: list[bytes]) -> None:
    assert_same(frames, decode_locations(frames))


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_bytes(frames: list[bytes]) -> None:
    assert_same(frames, decode_locations(frames))


def test_none_at_all() -> None:
    columns = decode_locations([])
    assert columns.positions().height == 0 and encode_acks(columns.frames) == []


@pytest.mark.parametrize("data", [b"\x7d" * 65536, b"\x7d\x01" * 32768, bytes.fromhex("0200000001234567890100010000") + bytes(65000),
                                  bytes.fromhex("0704000001234567890100017fff01") + bytes(65000)], ids=["7d", "7d01", "items", "batch"])  # fmt: skip
def test_hostile_64_kilobytes_among_others(data: bytes) -> None:
    frames = [data, *everything(), data]
    started = time.process_time()
    columns = decode_locations(frames)
    assert time.process_time() - started < 2
    assert_same(frames[-2:], decode_locations(frames[-2:]))
    assert len(columns.frames.serial) == len(frames)


def test_batches_and_items_beyond_the_limits_end_alike() -> None:
    for count in (511, 512, 513):
        items = b"\xe1\x00" * count
        body = location_body(EPOCH + timedelta(days=20000), 117, 39)[:28] + items
        batch = b"\x02\x01\x01" + b"\x00\x00" * count
        frames = [b"".join([b"\x02\x00", bytes(10), body, b"\0"]), b"".join([b"\x07\x04", bytes(10), batch, b"\0"])]
        assert_same(frames, decode_locations(frames))


def test_positions_are_a_table_with_the_fields_of_the_kernel() -> None:
    frames = [published.frame for published in yezhihao()]
    table = decode_locations(frames).positions()
    first = table.row(0, named=True)
    assert (first["phone"], first["mileage_km"], first["satellites"], first["temperature_c"]) == (
        "123456789012",
        1.1,
        40,
        2,
    )
    assert first["observed_at"].isoformat() == "2020-07-07T11:23:59+00:00"
    assert first["items"].hex().startswith("01040000000b0202") and table[
        "phone"
    ].str.len_chars().unique().sort().to_list() == [12, 20]
    assert table["mileage_km"].null_count() == table.height - 2


def test_positions_without_a_time_are_null() -> None:
    terminal = Terminal("13900000001")
    frame = terminal.frame(0x0200, location_body(datetime(2026, 1, 1, tzinfo=UTC), 1, 1)[:22] + bytes(6))
    assert decode_locations([frame]).positions()["observed_at"].to_list() == [None]


# --- replies and simulated frames


@given(st.lists(FRAMES, max_size=10), st.integers(0, 0xFFFF), st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_replies_answer_each_frame_in_its_edition(frames: list[bytes], first: int, result: int) -> None:
    asked = [decode(frame) for frame in frames]
    replies = encode_acks(decode_locations(frames).frames, result, np.arange(len(frames)) + first)
    for number, (question, reply) in enumerate(zip(asked, replies, strict=True)):
        if question["version"] is None:
            assert reply == b""
            continue
        answer = decode(reply)
        assert (
            answer["checksum_ok"]
            and answer["length_ok"]
            and (answer["message_id"], answer["version"]) == ("0x8001", question["version"])
        )
        assert (answer["phone"], answer["serial"]) == (question["phone"], (first + number) & 0xFFFF)
        assert answer["body"] == {
            "reply_serial": question["serial"],
            "reply_id": question["message_id"],
            "result": result,
        }
        assert {issue["code"] for issue in answer["issues"]} <= {"phone_digits"} and b"\x7e" not in reply[1:-1]


@pytest.mark.parametrize("version", ["2013", "2019"])
def test_a_simulated_terminal_speaks_valid_frames(version: str) -> None:
    at = datetime(2026, 11, 24, 3, 4, 5, tzinfo=UTC)
    terminal = Terminal("13912345678", version, "津A12345")
    frames = [
        terminal.registration(), terminal.authentication("code", "123456789012345", "1.0"), terminal.heartbeat(),
        terminal.location(at, 117.2, -39.1, 61.5, mileage_km=1234.5, heading_deg=90), terminal.reply(3, 0x8300),
        terminal.batch([location_body(at, 117.1, 39.0), location_body(at, 117.2, 39.0)]),
    ]  # fmt: skip
    found = [decode(frame) for frame in frames]
    assert [each["serial"] for each in found] == [1, 2, 3, 4, 5, 6] and not any(each["issues"] for each in found)
    assert all(each["checksum_ok"] and each["length_ok"] and each["version"] == version for each in found)
    assert found[0]["body"]["plate"] == "津A12345" and found[1]["body"]["auth_code"] == "code"
    body = found[3]["body"]
    assert (body["time"], body["latitude_deg"], body["speed_kmh"]) == ("2026-11-24T11:04:05+08:00", -39.1, 61.5)
    assert body["items"]["0x01"]["value"] == 1234.5 and len(found[5]["body"]["locations"]) == 2


@pytest.mark.parametrize(("version", "digits"), [(2013, 12), (2019, 20)])
def test_many_simulated_locations_at_once(version: int, digits: int) -> None:
    count = 700
    phones = np.array([f"{13900000000 + number:0{digits}d}".encode() for number in range(count)])
    longitude = np.linspace(116.7, 118.1, count)
    frames = location_frames(phones, np.arange(count), datetime(2026, 1, 2, tzinfo=UTC), longitude, np.full(count, 39.0),
                             np.full(count, 61.5), np.full(count, 90), np.full(count, 10.1), version)  # fmt: skip
    columns = decode_locations(frames)
    assert columns.frames.checksum_ok.all() and columns.frames.length_ok.all() and not columns.locations.issues.any()
    assert (
        np.abs(columns.locations.longitude_deg - longitude).max() < 1e-6
        and (columns.locations.items.value(0x01) == 10.1).all()
    )
    assert columns.frames.phone.tolist() == phones.tolist()
    assert any(b"\x7d" in frame for frame in frames)


def test_rows_of_no_edition_give_no_frame() -> None:
    assert build_frames(np.array([1]), np.array([0]), np.array([b""]), np.array([0]), np.zeros((1, 5), np.uint8)) == [
        b""
    ]
