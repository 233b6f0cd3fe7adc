"""Every message of the tables, in both editions: what is written is read again, and the tables say what they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from haihe.packs.transport.jt808.codec import decode, encode
from haihe.packs.transport.jt808.fields import Repeated
from haihe.packs.transport.jt808.frame import Header, build_frame
from haihe.packs.transport.jt808.messages import MESSAGES, Layout, Message
from haihe.packs.transport.tests.message_strategies import of_fields
from haihe.packs.transport.tests.strategies import BYTES

EDITIONS = [(message, layout) for message in MESSAGES.values() for layout in message.layouts]


def contains(given: Any, found: Any) -> bool:
    """Whether what was given is in what was read, which may say more (names of bits, bytes of parameters)."""
    if isinstance(given, dict):
        return isinstance(found, dict) and all(contains(value, found.get(name)) for name, value in given.items())
    if isinstance(given, list):
        return len(given) == len(found) and all(map(contains, given, found))
    return bool(given == found)


@given(st.sampled_from(EDITIONS), st.data())
@settings(max_examples=300, deadline=None)
def test_values_are_read_as_they_were_written(edition: tuple[Message, Layout], data: st.DataObject) -> None:
    message, layout = edition
    values = data.draw(of_fields(layout.fields))
    version = "2019" if layout.edition.startswith("2019") else "2013"
    frame = encode({"message_id": f"0x{message.id:04X}", "version": version, "phone": "13900000001", "serial": 7,
                    "body": values | {"layout": layout.edition}})  # fmt: skip
    found = decode(frame)
    assert encode(found) == frame
    assume(found["body"].get("layout", version) == layout.edition)  # 2011 and 2013 are told apart by what they hold
    assert contains(values, found["body"]) and "raw_frame" not in found["body"], (values, found["body"])
    assert {issue["code"] for issue in found["issues"]} <= {"body_cut"}


@given(st.sampled_from(sorted(MESSAGES)), st.sampled_from(["2013", "2019"]), BYTES)
@settings(max_examples=300, deadline=None)
def test_any_body_of_any_message_is_read_and_built_again(number: int, version: str, body: bytes) -> None:
    frame = build_frame(Header(number, 0, version, "13900000001", 1), body)
    assert encode(decode(frame)) == frame


def test_seventy_one_messages_of_the_standard_and_five_of_active_safety() -> None:
    active_safety = {0x9208, 0x1210, 0x1211, 0x1212, 0x9212}
    assert active_safety < set(MESSAGES) and len(set(MESSAGES) - active_safety) == 71


@pytest.mark.parametrize("message", MESSAGES.values(), ids=lambda message: f"{message.id:04x}")
def test_every_row_has_two_titles_and_a_source(message: Message) -> None:
    def check(fields: tuple[Any, ...]) -> None:
        names = [row.name for row in fields if row.when is None]
        assert len(names) == len(set(names)) and not {"hex", "rest", "header", "layout"} & set(names)
        for row in fields:
            assert row.zh and row.en and row.source
            if isinstance(row.kind, Repeated):
                check(row.kind.fields)

    assert message.zh and message.en
    for layout in message.layouts:
        check(layout.fields)


def test_a_route_of_2019_with_hours_and_limits() -> None:
    point = {
        "id": 1, "section_id": 4, "latitude_deg": 39.05, "longitude_deg": 117.7, "width_m": 30, "section_bits": 3, "longest_s": 900,
        "shortest_s": 60, "speed_limit_kmh": 60, "overspeed_s": 10, "night_speed_limit_kmh": 50,
    }  # fmt: skip
    body = {
        "id": 7,
        "attribute_bits": 1,
        "start_time": "07:00:00",
        "end_time": "2026-12-31T19:00:00+08:00",
        "points": [point],
        "name": "泰达大街",
    }
    found = decode(encode({"message_id": "0x8606", "version": "2019", "phone": "1", "body": body}))
    assert found["body"] == body and not found["issues"]
    older = decode(encode({"message_id": "0x8606", "version": "2013", "phone": "1", "body": body}))["body"]
    assert (
        "name" not in older and "night_speed_limit_kmh" not in older["points"][0] and older["start_time"] == "07:00:00"
    )


def test_a_driver_card_of_three_editions() -> None:
    card = {"state": 1, "time": "2026-03-01T08:00:00+08:00", "result": 0, "name": "张三", "qualification": "120000000000000001",
            "issuer": "天津市道路运输管理局", "valid_until": "20301231"}  # fmt: skip
    of_2011 = {"name": "张三", "id_card": "", "qualification": "1", "issuer": "天津", "layout": "2011"}
    for version, body in (("2013", card), ("2019", card | {"id_card": "120116199001010011"}), ("2013", of_2011)):
        assert decode(encode({"message_id": "0x0702", "version": version, "phone": "1", "body": body}))["body"] == body
    taken_out = decode(build_frame(Header(0x0702, 0, "2013", "1", 1), bytes.fromhex("02260301080000")))
    assert taken_out["body"]["state"] == 2 and not taken_out["issues"]
