"""Framing and the codec: exact inverses, and nothing that comes in makes them fail or hang."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haihe.kernel.errors import HaiheError, InvalidInput, TooLarge
from haihe.packs.transport.jt808.codec import decode, encode
from haihe.packs.transport.jt808.frame import (
    FRAME_LIMIT_BYTES,
    Header,
    build_frame,
    checksum,
    escape,
    strip_flags,
    unescape,
)
from haihe.packs.transport.jt808.items import temperature
from haihe.packs.transport.jt808.splitter import Splitter
from haihe.packs.transport.tests.published import everything
from haihe.packs.transport.tests.strategies import BYTES, FRAMES, valid_frames

SHAPE = ["message_id", "name", "version", "phone", "serial", "checksum_ok", "length_ok", "body", "issues"]


@given(FRAMES)
@settings(max_examples=600, deadline=None)
def test_encoding_is_the_inverse_of_decoding_through_json(frame: bytes) -> None:
    found = decode(frame)
    assert list(found) == SHAPE
    assert encode(json.loads(json.dumps(found, ensure_ascii=False))) == frame


@given(valid_frames())
@settings(max_examples=300, deadline=None)
def test_a_valid_frame_has_the_right_checksum_and_length(frame: bytes) -> None:
    found = decode(frame)
    assert found["checksum_ok"] and found["length_ok"]


def test_published_frames_are_built_anew_from_their_fields_alone() -> None:
    kept = [frame for frame in everything() if "raw_frame" in decode(frame)["body"]]
    # Texts padded in front, a broken checksum, digits that are none: nothing else needs the frame itself.
    assert len(kept) <= 6 < len(everything()) / 30


@given(BYTES)
def test_escaping_is_undone_by_unescaping(data: bytes) -> None:
    assert b"\x7e" not in escape(data) and unescape(escape(data)) == (data, True)


@given(BYTES)
def test_checksum_is_the_exclusive_or_of_all_bytes(data: bytes) -> None:
    expected = 0
    for byte in data:
        expected ^= byte
    assert checksum(data) == expected


def test_escapes_of_the_standard_and_lonely_ones() -> None:
    assert escape(bytes.fromhex("307e087d55")) == bytes.fromhex("307d02087d0155")
    assert unescape(b"\x7d\x03\x7d\x7d\x02\x7d") == (b"\x7d\x03\x7d\x7e\x7d", False)


@given(st.binary(max_size=3000))
@settings(deadline=None)
def test_any_bytes_are_decoded_to_something(data: bytes) -> None:
    assert encode(decode(data)) == data


HOSTILE = [b"\x7d" * 65536, b"\x7d\x01" * 32768, b"\x00" * 65536, bytes.fromhex("0200000001234567890100010000") + b"\x00" * 65000,
           bytes.fromhex("0704000001234567890100017fff01") + b"\x00" * 65000, b"\x7e" * 65536, bytes.fromhex("81030000012345678901000108") + bytes(65000)]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: data[:4].hex())
def test_hostile_64_kilobytes_take_less_than_a_second(data: bytes) -> None:
    started = time.process_time()
    assert encode(decode(data)) == data
    assert (
        time.process_time() - started < 2
    )  # decoded thrice; far below on any machine, seconds if anything were quadratic


@pytest.mark.parametrize(("digits", "expected"), [("700101000000", "2070-01-01T00:00:00+08:00"), ("991231235959", "2099-12-31T23:59:59+08:00"),
                         ("000000000000", None), ("240230000000", None), ("2a0101000000", None)])  # fmt: skip
def test_clocks_that_cannot_be_right_are_kept(digits: str, expected: str | None) -> None:
    found = decode(location(digits))
    assert found["body"]["time"] == expected
    assert [issue["code"] for issue in found["issues"]] == ([] if expected else ["time"])
    assert expected or found["body"]["time_bcd"] == digits


def location(digits: str, latitude: int = 39_000_000, longitude: int = 117_000_000, heading: int = 0) -> bytes:
    body = (
        bytes(7)
        + b"\x03"
        + latitude.to_bytes(4, "big")
        + longitude.to_bytes(4, "big")
        + bytes(4)
        + heading.to_bytes(2, "big")
    )
    return build_frame(Header(0x0200, 0, "2013", "13900000000", 7), body + bytes.fromhex(digits))


def test_coordinates_and_headings_out_of_range_are_kept_and_noted() -> None:
    found = decode(location("240101000000", 116_307_629, 4_000_000_000, 360))
    assert (found["body"]["latitude_deg"], found["body"]["longitude_deg"], found["body"]["heading_deg"]) == (
        116.307629,
        4000.0,
        360,
    )
    assert {issue["code"] for issue in found["issues"]} == {"latitude", "longitude", "heading"}


def test_wrong_digits_of_a_phone_number_are_shown_and_noted() -> None:
    frame = bytes.fromhex("0002000001234567890f0001")
    found = decode(frame + bytes([checksum(frame)]))
    assert found["phone"] == "01234567890f" and found["issues"][0]["code"] == "phone_digits" and found["checksum_ok"]


def test_a_text_that_is_not_gbk_is_shown_as_far_as_it_is_and_kept() -> None:
    frame = build_frame(Header(0x8300, 0, "2013", "13900000000", 1), b"\x08\xc7\xeb\xff\xff")
    found = decode(frame)
    assert found["body"]["text"].startswith("请") and found["issues"][0]["code"] == "text" and encode(found) == frame


def test_fragments_and_encrypted_bodies_stay_bytes_with_their_header() -> None:
    for header, code in (
        (Header(0x0200, 0, "2019", "1", 1, 1, 3, 2), "fragment"),
        (Header(0x0200, 0x400, "2013", "1", 1), "encrypted"),
    ):
        found = decode(build_frame(header, b"abc"))
        assert found["body"]["hex"] == "616263" and found["issues"][0]["code"] == code and found["body"]["header"]


def test_changed_values_are_encoded_anew() -> None:
    found = decode(location("240101000000"))
    found["body"] |= {
        "speed_kmh": 88.8,
        "longitude_deg": -3.5,
        "items": {"0x01": {"value": 12.3}, "0x06": {"value": -7}, "0xE1": {"hex": "0102"}},
    }
    again = decode(encode(found))["body"]
    assert (
        again["speed_kmh"],
        again["longitude_deg"],
        again["items"]["0x01"]["value"],
        again["items"]["0x06"]["value"],
    ) == (88.8, -3.5, 12.3, -7)
    assert again["items"]["0xE1"] == {"hex": "0102"} and again["status_bits"] & 8


def test_a_person_can_write_a_text_to_a_vehicle() -> None:
    given_by_hand = {
        "message_id": "0x8300",
        "version": "2019",
        "phone": "13912345678",
        "serial": 5,
        "body": {"flags": 8, "kind": 1, "text": "请减速行驶"},
    }
    found = decode(encode(given_by_hand))
    assert found["body"] == given_by_hand["body"] and found["phone"] == "00000000013912345678" and not found["issues"]


@pytest.mark.parametrize("wrong", [
    {}, {"body": {}}, {"message_id": "zz", "version": "2013", "phone": "1", "body": {}},
    {"message_id": "0x8300", "version": "2013", "phone": "1", "body": {"text": "x"}},
    {"message_id": "0x8300", "version": "2013", "phone": "1", "body": {"flags": 300, "text": "x"}},
    {"message_id": "0x0002", "version": "2013", "phone": "1234567890123", "body": {}},
    {"message_id": "0x1234", "version": "2013", "phone": "1", "body": {"hex": "0"}},
    {"message_id": None, "body": {"raw_frame": 7}},
])  # fmt: skip
def test_what_cannot_be_encoded_is_refused_with_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(HaiheError) as caught:
        encode(wrong)
    assert isinstance(caught.value, InvalidInput) and caught.value.zh


def test_a_body_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLarge):
        build_frame(Header(0x0900, 0, "2013", "1", 1), bytes(1024))


@pytest.mark.parametrize(("sent", "degrees"), [(0, 0), (25, 25), (0x800A, -10), (0xFFF6, -10), (0x7FFF, 32767)])
def test_temperatures_below_zero_in_both_ways_they_are_sent(sent: int, degrees: int) -> None:
    assert temperature(sent) == degrees


# --- the splitter


@given(st.lists(valid_frames(), max_size=6), st.lists(st.integers(0, 400), max_size=8))
@settings(max_examples=200, deadline=None)
def test_frames_come_out_however_the_stream_is_cut(frames: list[bytes], cuts: list[int]) -> None:
    splitter, found, stream = Splitter(), [], b"".join(frames)
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    for start, end in pairwise(places):
        found += splitter.feed(stream[start:end])
    assert found == [strip_flags(frame) for frame in frames] and splitter.pending_bytes == 0


def test_garbage_before_between_and_shared_flags() -> None:
    splitter = Splitter()
    assert splitter.feed(b"GET / HTTP\x7eaa\x7e\x7ebb\x7ecc\x7e\x7e\x7e") == [b"aa", b"bb", b"cc"]
    assert splitter.dropped_bytes == 10


@pytest.mark.parametrize(
    "flood", [b"\x7d" * 65536, b"\x00" * 65536, b"\x7d\x02" * 32768], ids=["escapes", "zeros", "pairs"]
)
def test_a_stream_without_flags_holds_no_memory_and_the_next_frame_comes_through(flood: bytes) -> None:
    splitter = Splitter()
    splitter.feed(b"\x7e")
    for _ in range(50):
        assert splitter.feed(flood) == []
        assert splitter.pending_bytes <= FRAME_LIMIT_BYTES
    assert splitter.oversize == 1 and splitter.dropped_bytes == 50 * 65536
    assert splitter.feed(b"x\x7eaa\x7e") == [b"aa"]


def test_a_frame_beyond_the_limit_within_one_chunk_is_dropped_alone() -> None:
    splitter = Splitter(limit_bytes=10)
    assert splitter.feed(b"\x7eaa\x7e" + b"b" * 11 + b"\x7ecc\x7e") == [b"aa", b"cc"]
    assert splitter.oversize == 1


def test_single_bytes_cost_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        splitter, started = Splitter(limit_bytes=1 << 20), time.process_time()
        splitter.feed(b"\x7e")
        for _ in range(count):
            splitter.feed(b"\x7d")
        splitter.feed(b"\x7e")
        return time.process_time() - started

    assert faster_than(lambda: seconds(100_000), 40 * max(seconds(10_000), 0.002))


def faster_than(measure: Callable[[], float], limit_s: float) -> bool:
    return min(measure() for _ in range(3)) < limit_s
