"""Active-safety alarms in positions: raised, warned, repeated, ended, each with the alarm that its attachments belong to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from haihe.kernel.alerts.rules import RULES
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.items import write_items
from haihe.packs.transport.safety_rule import KEYS, KINDS, events_in
from haihe.packs.transport.tests.published import yezhihao
from haihe.testing.rules import RuleContract, positions, replay

RULE = RULES["transport.active_safety"]
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
THINGS = pl.DataFrame({"thing": [1, 2, 3]})


def alarm(item: int, kind: int, level: int, state: int = 0, number: int = 0) -> bytes:
    """The additional item of one alarm, as a terminal would send it."""
    place = {
        "speed_kmh": 60,
        "altitude_m": 3,
        "latitude_deg": 39.1,
        "longitude_deg": 117.5,
        "time": "2026-03-02T10:00:00+08:00",
        "vehicle_status_bits": 0,
    }
    identifier = {
        "terminal_id": "0000001",
        "time": "2026-03-02T10:00:00+08:00",
        "number": number,
        "attachments": 2,
        "reserved": "00",
    }
    value: dict[str, Any] = {
        "alarm_id": 7,
        "state": state,
        "type": kind,
        "level": level,
        **place,
        "identifier": identifier,
    }
    if item == 0x64:
        value |= {"front_speed_kmh": 0, "front_distance_ds": 0, "deviation": 0, "road_sign": 0, "road_sign_value": 0}
    elif item == 0x65:
        value |= {"fatigue_level": 50, "reserved": "00000000"}
    elif item == 0x66:
        value |= {"tyres": []}
    return write_items({f"0x{item:02X}": {"value": value}})


def drive(thing: int, *alarms: tuple[int, bytes], minutes: int = 20, since: datetime = START) -> pl.DataFrame:
    """A position every 30 s; `alarms` are (row, items)."""
    rows = positions(thing, since, [{"minutes": minutes, "speed_kmh": 60}])
    at = dict(alarms)
    return rows.with_columns(
        items=pl.Series(
            [at.get(n, bytes.fromhex("0104000001F43101640203E8")) for n in range(rows.height)], dtype=pl.Binary
        )
    )


def told(*alarms: tuple[int, bytes]) -> list[tuple[str, str, int]]:
    """(phase, key, minute) of everything found."""
    found = replay(RULE, [drive(1, *alarms)], things=THINGS.head(1), now=START).findings
    return [
        (row["phase"], row["key"], round((row["observed_at"] - START).total_seconds() / 60, 1))
        for row in found.iter_rows(named=True)
    ]


def test_an_alarm_of_the_second_level_is_raised_and_over_after_five_quiet_minutes() -> None:
    assert told((3, alarm(0x65, 1, 2))) == [("raise", "fatigue", 2.0), ("end", "fatigue", 7.5)]


def test_one_of_the_first_level_warns_until_a_graver_one_comes() -> None:
    first, again, graver = alarm(0x64, 3, 1), alarm(0x64, 3, 1, number=1), alarm(0x64, 3, 2, number=2)
    assert told((1, first), (2, again), (3, graver), (4, again)) == [
        ("warning", "distance", 1.0), ("update", "distance", 1.5), ("raise", "distance", 2.0), ("update", "distance", 2.5), ("end", "distance", 8.0),
    ]  # fmt: skip


def test_an_end_that_the_terminal_sends_ends_it_and_alone_is_nothing() -> None:
    assert told((1, alarm(0x67, 2, 0, 1)), (2, alarm(0x67, 2, 0, 2)), (3, alarm(0x65, 2, 1, 2))) == [
        ("raise", "left", 1.0),
        ("end", "left", 1.5),
    ]


def test_pictures_and_signs_are_no_alarms_and_unknown_kinds_have_a_key() -> None:
    assert told((1, alarm(0x64, 16, 2)), (2, alarm(0x65, 17, 2))) == []
    assert told((1, alarm(0x65, 10, 2)), (1, alarm(0x65, 10, 2)))[0] == ("raise", "driver", 1.0)
    assert told((1, alarm(0x66, 0, 2)))[0] == ("raise", "tyres", 1.0)


def test_the_evidence_names_the_alarm_to_which_attachments_belong() -> None:
    found = replay(RULE, [drive(1, (3, alarm(0x65, 1, 2, number=4)))], things=THINGS.head(1), now=START).findings
    evidence = json.loads(found["evidence"][0])
    assert (evidence["alarm_terminal"], evidence["alarm_number"], evidence["attachments"]) == ("0000001", 4, 2)
    assert evidence["longitude_deg"] and evidence["alarm_time"] == "2026-03-02T10:00:00+08:00"


def test_alarms_of_published_frames_are_found() -> None:
    """Two identifiers, of Jiangsu and of Guangdong, in the frames of another implementation."""
    found: list[int] = []
    for published in yezhihao():
        body = decode(published.frame)["body"]
        if any(name in body.get("items", {}) for name in ("0x64", "0x65", "0x66", "0x67")):
            events = list(events_in(write_items(body["items"])))
            found += [event.place for event in events]
            assert all(event.evidence["alarm_terminal"] for event in events)
    assert len(found) >= 4


def test_bytes_that_only_look_like_an_alarm_are_none() -> None:
    assert told((1, bytes.fromhex("01 04 642F642F 31 01 66")), (2, b"\x64\x2f"), (3, b"\x65\x2f" + bytes(3))) == []


def test_keys_are_told_apart() -> None:
    assert len(set(KINDS.values())) == len(KEYS) <= 32


class TestActiveSafetyContract(RuleContract):
    rule, things = RULE, THINGS

    def rows(self) -> pl.DataFrame:
        parts = [
            drive(1, (3, alarm(0x65, 1, 2)), (4, alarm(0x64, 1, 1)), (30, alarm(0x64, 1, 2))),
            drive(2, (5, alarm(0x67, 1, 0, 1)), (9, alarm(0x67, 1, 0, 2)), since=START + timedelta(seconds=7)),
            drive(
                3,
                (1, alarm(0x66, 0, 2)),
                (2, alarm(0x65, 2, 1)),
                (18, alarm(0x65, 2, 2)),
                since=START + timedelta(seconds=3),
            ),
        ]
        return pl.concat(parts).sort("received_at", "thing")
