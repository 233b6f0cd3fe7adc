"""Orders: each can be given with values of its own, reaches a terminal of either edition, and is settled by what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from haihe.kernel.errors import InvalidInput
from haihe.packs.transport.jt808.codec import decode, encode_all
from haihe.packs.transport.jt808.messages import MESSAGES
from haihe.packs.transport.orders.conversation import Conversation
from haihe.packs.transport.orders.forms import Input
from haihe.packs.transport.orders.table import GROUPS, ORDERS
from haihe.packs.transport.simulator.answering import Answering, Terminal

AREA = {"id": 7, "start_time": "07:00", "end_time": "19:00", "speed_limit_kmh": 60}
VALUES: dict[str, dict[str, Any]] = {
    "query_parameters": {"ids": "0x0029\n0x0055"}, "recorder": {"command": 1}, "query_areas": {"kind": 4}, "text": {"text": "前方施工"},
    "question": {"text": "是否到达？", "answers": "1=是\n2=否"}, "events": {"action": 1, "events": "1=上车\n2=下车"}, "services": {"action": 2, "services": "1=天气"},
    "service": {"kind": 1, "text": "晴"}, "phone_book": {"action": 1, "contacts": "调度=02212345678"}, "confirm_alarm": {"alarm_bits": 1},
    "tracking": {"interval_s": 5}, "media_search": {"kind": 0}, "media_upload": {"kind": 0}, "media_one": {"media_id": 1}, "call_back": {"phone": "02212345678"},
    "circle": AREA | {"centre": "117.7,39.05", "radius_m": 500}, "rectangle": AREA | {"corners": "117.6,39.1\n117.8,39.0"},
    "polygon": AREA | {"points": [[117.6, 39.0], [117.8, 39.0], [117.7, 39.1]]}, "route": AREA | {"points": "117.6,39.0\n117.8,39.0", "name": "港城大道"},
    "delete_areas": {"kind": 1, "ids": "7"}, "set_parameters": {"parameters": "0x0029=30\n0x0083=津A12345"}, "control": {"command": 4}, "door": {"lock": 1},
    "upgrade": {"maker": "HAIHE", "firmware_version": "1.1", "data": "AAEC"}, "recorder_parameters": {"command": 130, "data": "00"},
    "attachments": {"alarm_terminal": "0000001", "alarm_time": "2026-03-02 10:00", "number": 0, "attachments": 1, "address": "127.0.0.1"},
    "transparent": {"kind": 240, "data": "0102"}, "platform_key": {"modulus": "01" * 128},
}  # fmt: skip


@pytest.mark.parametrize("version", ["2013", "2019"])
@pytest.mark.parametrize("name", ORDERS)
def test_an_order_is_built_heard_and_settled(name: str, version: str) -> None:
    order = ORDERS[name]
    if order.edition not in ("", version):
        with pytest.raises(InvalidInput):
            order.message(order.check(VALUES.get(name, {})), version)
        return
    message_id, body = order.message(order.check(VALUES.get(name, {})), version)
    frames = encode_all(
        {"message_id": message_id, "version": version, "phone": "13900000001", "serial": 9, "body": body}
    )
    terminal, talk = Answering(Terminal("13900000001", version)), Conversation()
    terminal.media[1] = {
        "media_id": 1,
        "kind": 0,
        "format": 0,
        "event": 0,
        "channel": 1,
        "location": terminal.location(),
    }
    talk.begin(9, len(frames), order)
    settled: list[Any] = []
    session: Any = object()
    for frame in frames:
        found = decode(frame)
        assert not found["issues"], found["issues"]
        for answer in terminal.hear(found):
            heard = decode(answer)
            if heard["message_id"] == "0x0001":
                settled += talk.general_reply(session, heard["body"])
            else:
                settled += talk.answer(session, int(heard["message_id"], 16), heard["body"])
    assert [(answer.serial, answer.refused) for answer in settled] == [(9, "")] and not talk.waiting
    assert (settled[0].told is not None) is (order.answer is not None)


def test_what_a_terminal_keeps_is_what_it_was_ordered() -> None:
    terminal = Answering(Terminal("1", "2019"))

    def order(name: str, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        message_id, body = ORDERS[name].message(
            ORDERS[name].check(VALUES.get(name, {}) if values is None else values), "2019"
        )
        frames = encode_all({"message_id": message_id, "version": "2019", "phone": "1", "serial": 3, "body": body})
        return [decode(answer) for frame in frames for answer in terminal.hear(decode(frame))]

    order("set_parameters")
    [told] = order("query_parameters")
    assert [(row["id"], row["value"]) for row in told["body"]["parameters"]] == [("0x0029", 30), ("0x0055", 80)]
    order("route")
    [told] = order("query_areas")
    [route] = told["body"]["areas"]
    assert (route["name"], route["start_time"], len(route["points"])) == ("港城大道", "07:00:00", 2)
    assert route["points"][0]["speed_limit_kmh"] == 60 and route["attribute_bits"] & 1
    order("circle")
    order("delete_areas")
    assert [key for key in terminal.areas] == [(4, 7)]
    taken, uploaded = order("photograph", {})
    assert taken["body"]["media"] == [{"media_id": 1}] and uploaded["body"]["data"].startswith("ffd8ff")
    order("door")
    assert terminal.locked


def test_a_route_of_ten_thousand_turns_is_settled_by_its_last_package_and_more_are_refused() -> None:
    points = [[117 + n / 1e5, 39.0] for n in range(10_000)]
    order, terminal, talk = ORDERS["route"], Answering(Terminal("1", "2013")), Conversation()
    message_id, body = order.message(order.check({"id": 1, "points": points}), "2013")
    frames = encode_all({"message_id": message_id, "version": "2013", "phone": "1", "serial": 65_530, "body": body})
    talk.begin(65_530, len(frames), order)
    session: Any = object()
    settled = [
        talk.general_reply(session, decode(answer)["body"])
        for frame in frames
        for answer in terminal.hear(decode(frame))
    ]
    assert len(frames) > 100 and not any(settled[:-1]) and [answer.serial for answer in settled[-1]] == [65_530]
    assert len(terminal.areas[4, 1]["points"]) == 10_000
    with pytest.raises(InvalidInput, match="10000"):
        order.check({"id": 1, "points": [*points, [117, 39]]})


def test_a_refusal_settles_an_order_that_waits_for_an_answer_of_its_own() -> None:
    talk = Conversation()
    session: Any = object()
    talk.begin(5, 1, ORDERS["photograph"])
    assert talk.general_reply(session, {"reply_serial": 5, "result": 0}) == []
    [answer] = talk.general_reply(session, {"reply_serial": 5, "result": 3})
    assert "unsupported" in answer.refused
    talk.begin(6, 1, ORDERS["photograph"])
    [failed] = talk.answer(session, 0x0805, {"reply_serial": 6, "result": 2})
    assert failed.refused
    assert talk.answer(session, 0x0805, {"reply_serial": 6, "result": 0}) == [], "nobody waits any more"


def test_what_a_driver_says_of_himself_is_not_kept_with_the_order() -> None:
    talk = Conversation()
    talk.begin(1, 1, ORDERS["driver"])
    [answer] = talk.answer(object(), 0x0702, {"state": 1, "time": None, "result": 0, "name": "张三", "id_card": "1"})  # type: ignore[arg-type]
    assert answer.told == {"state": 1, "time": None, "result": 0}


@pytest.mark.parametrize(("name", "values", "where"), [
    ("text", {"text": ""}, "text"), ("text", {"text": "好" * 250}, "text"), ("tracking", {"interval_s": 5000}, "interval_s"),
    ("tracking", {"interval_s": "x"}, "interval_s"), ("confirm_alarm", {"alarm_bits": 2}, "alarm_bits"), ("circle", AREA | {"centre": "here", "radius_m": 5}, "centre"),
    ("circle", AREA | {"centre": "117,39", "radius_m": 5, "end_time": None}, "end_time"), ("circle", AREA | {"centre": "117,39", "radius_m": 5, "start_time": "25:00"}, "start_time"),
    ("rectangle", AREA | {"corners": "117.8,39\n117.6,39.1"}, "corners"), ("polygon", AREA | {"points": "117,39"}, "points"),
    ("set_parameters", {"parameters": "0x9999=1"}, "parameters"), ("set_parameters", {"parameters": "0x0029=fast"}, "parameters"),
    ("set_parameters", {"parameters": "29h=1"}, "parameters"), ("upgrade", {"maker": "A", "firmware_version": "1", "data": "?"}, "data"),
    ("transparent", {"kind": 1, "data": "0"}, "data"), ("question", {"text": "?", "answers": "one"}, "answers"), ("text", {"text": "a", "colour": 1}, "colour"),
    ("media_search", {"kind": 0, "start_time": "08:00"}, "start_time"), ("platform_key", {"modulus": "00"}, "modulus"),
])  # fmt: skip
def test_what_cannot_be_ordered_is_refused_at_its_field(name: str, values: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        order = ORDERS[name]
        order.message(order.check(values), "2013")
    assert caught.value.where == where and caught.value.zh


@pytest.fixture
def rows() -> Iterator[list[Input]]:
    yield [row for order in ORDERS.values() for row in order.inputs]


def test_the_tables_are_whole(rows: list[Input]) -> None:
    for order in ORDERS.values():
        assert order.zh and order.en and order.group in GROUPS and int(order.message_id, 16) in MESSAGES
        assert order.answer is None or int(order.answer, 16) in MESSAGES
        assert len({row.name for row in order.inputs}) == len(order.inputs)
    for row in rows:
        assert row.zh and row.en and row.kind in ("number", "text", "choice", "lines", "points", "hex", "time", "file")
        assert bool(row.choices) is (row.kind == "choice") and (row.most > 0 or row.kind in ("choice", "time"))
