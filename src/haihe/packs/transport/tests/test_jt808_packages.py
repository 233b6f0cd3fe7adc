"""Messages of several packages: put together whatever the order, within limits, asked for again, given up."""

from __future__ import annotations

import random

import pytest

from haihe.kernel.errors import TooLarge
from haihe.packs.transport.jt808 import packages
from haihe.packs.transport.jt808.codec import decode, encode_all
from haihe.packs.transport.jt808.frame import Header
from haihe.packs.transport.jt808.packages import ASK_TIMES, Assembly, Held, Sent, Whole, build_frames


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def package(number: int, count: int, serial: int = 100, message_id: int = 0x0801) -> Header:
    return Header(message_id, 0, "2013", "13900000001", serial + number - 1, None, count, number)


def test_packages_in_any_order_and_twice_make_the_message_once() -> None:
    body = bytes(range(256)) * 20
    parts = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    order = [*range(len(parts)), 2, 4]
    random.Random(1).shuffle(order)
    held = Held()
    assembly = Assembly(held)
    found = [assembly.take(package(place + 1, len(parts)), parts[place]) for place in order]
    whole = [each for each in found if isinstance(each, Whole)]
    assert [(w.message_id, w.serial, w.body) for w in whole] == [(0x0801, 100, body)]
    assert held.size == 0 or len(order) > len(parts), "what is complete is not held any more"


def test_a_message_that_never_completes_is_asked_for_and_given_up() -> None:
    clock, held = Clock(), Held()
    assembly = Assembly(held, clock)
    assembly.take(package(1, 4), b"a" * 900)
    assembly.take(package(3, 4), b"c" * 900)
    assert assembly.overdue() == ([], []) and held.size == 1800
    for _ in range(ASK_TIMES):
        clock.now += packages.ASK_AFTER_S + 1
        ask, given_up = assembly.overdue()
        assert [(p.first_serial, p.missing) for p in ask] == [(100, [2, 4])] and not given_up
    clock.now += packages.ASK_AFTER_S + 1
    ask, given_up = assembly.overdue()
    assert not ask and [p.missing for p in given_up] == [[2, 4]] and held.size == 0


def test_a_photograph_of_50_megabytes_is_refused_before_anything_is_kept() -> None:
    held = Held()
    assembly = Assembly(held)
    refused = assembly.take(package(1, 50_000), bytes(1000))
    assert isinstance(refused, str) and "8 MB" in refused and held.size == 0


def test_packages_that_grow_beyond_what_the_first_announced_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "LONGEST_BYTES", 3000)
    held = Held()
    assembly = Assembly(held)
    assert assembly.take(package(1, 5), b"a") is None  # announces next to nothing
    found = [assembly.take(package(number, 5), bytes(1000)) for number in (2, 3, 4)]
    assert found[:2] == [None, None] and isinstance(found[2], str) and held.size == 0


def test_memory_is_bounded_for_one_device_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "HELD_BYTES", 5000)
    held = Held()
    one, other = Assembly(held), Assembly(held)
    for number in range(10):
        one.take(package(1, 2, message_id=0x0800 + number), bytes(1000))
    assert held.size == 4000, "four messages at once"
    assert other.take(package(1, 3), bytes(900)) is None
    assert isinstance(other.take(package(2, 3), bytes(900)), str), "all devices together have a limit"


def test_numbers_beyond_the_count_and_a_new_message_of_the_same_id() -> None:
    assembly = Assembly(Held())
    assert isinstance(assembly.take(package(5, 3), b"x"), str) and isinstance(assembly.take(package(0, 3), b"x"), str)
    assembly.take(package(1, 2), b"old")
    assembly.take(package(1, 2, serial=300), b"new")
    found = assembly.take(package(2, 2, serial=300), b"!")
    assert isinstance(found, Whole) and (found.body, found.serial) == (b"new!", 300)


def test_a_route_of_ten_thousand_turns_is_cut_up_and_put_together_again() -> None:
    turns = [
        {
            "id": n,
            "section_id": n,
            "latitude_deg": 39 + n / 1e6,
            "longitude_deg": 117.5,
            "width_m": 20,
            "section_bits": 0,
        }
        for n in range(10_000)
    ]
    body = {"id": 1, "attribute_bits": 0, "points": turns, "name": "长路线"}
    given = {"message_id": "0x8606", "version": "2019", "phone": "13900000001", "serial": 65_500, "body": body}
    frames = encode_all(given)
    assert len(frames) == 176 and all(len(frame) < 2100 for frame in frames)
    serials = [decode(frame)["serial"] for frame in frames]
    assert serials[:2] == [65_500, 65_501] and serials[-1] == (65_500 + 175) % 65_536
    assembly, whole = Assembly(Held()), None
    for frame in frames:
        found = decode(frame)
        said = found["body"]["header"]
        header = Header(0x8606, 0, "2019", "1", found["serial"], 1, said["package_count"], said["package_number"])
        whole = assembly.take(header, bytes.fromhex(found["body"]["hex"]))
    assert isinstance(whole, Whole) and whole.serial == 65_500
    from haihe.packs.transport.jt808.codec import read_body

    assert read_body(0x8606, "2019", whole.body, []) == body


def test_what_is_too_long_for_any_message_is_refused() -> None:
    with pytest.raises(TooLarge):
        build_frames(Header(0x8108, 0, "2013", "1", 1), bytes(packages.LONGEST_BYTES + 1))


def test_sent_packages_are_kept_for_a_while() -> None:
    sent = Sent()
    for first in range(6):
        sent.keep(first * 10, [b"a", b"b", b"c"])
    assert sent.again(50, [2, 3, 9]) == [b"b", b"c"] and sent.again(50, []) == [b"a", b"b", b"c"]
    assert sent.again(0, [1]) == [], "the oldest were given up"
