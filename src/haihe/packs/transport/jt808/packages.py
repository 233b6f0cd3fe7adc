"""Messages of several packages: put together as they arrive, within limits, and cut up when we send them.

A device has one message of an id under way at a time. A package is known by its number; another one of the same number with other
bytes begins a new message. What is missing is asked for again (0x8003) a few times, then the message is given up.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from haihe.kernel.errors import TooLarge
from haihe.packs.transport.jt808.frame import BODY_LIMIT_BYTES, Header, build_frame

LONGEST_BYTES = 8 << 20  # of one message: a photograph has some 100 KB, a short film some MB
MESSAGES_AT_ONCE = 4  # of one device
HELD_BYTES = 256 << 20  # of all devices
ASK_AFTER_S = 10.0  # without a further package
ASK_TIMES = 3
ASK_AT_ONCE = 125  # packages that one request names
KEPT_MESSAGES = 4  # sent ones, from which the device may ask packages again (0x0005)


@dataclass
class Whole:
    """A message that is complete. `serial` is that of its first package."""

    message_id: int
    version: str
    serial: int
    body: bytes


@dataclass
class Partial:
    """A message under way."""

    message_id: int
    version: str
    count: int
    first_serial: int
    touched_at: float
    parts: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    asked: int = 0

    @property
    def missing(self) -> list[int]:
        return [number for number in range(1, self.count + 1) if number not in self.parts]


@dataclass
class Held:
    """Bytes of unfinished messages of all devices."""

    size: int = 0


class Assembly:
    """The messages under way of one device. `held` counts the bytes of all devices and belongs to whoever made it."""

    def __init__(self, held: Held, clock: Callable[[], float] = time.monotonic) -> None:
        self._held, self._clock = held, clock
        self._under_way: OrderedDict[int, Partial] = OrderedDict()

    def take(self, header: Header, body: bytes) -> Whole | str | None:
        """The message that this package completes, a sentence why it is refused, or None while others are missing."""
        count, number = header.package_count or 0, header.package_number or 0
        if not 1 <= number <= count:
            return "分包序号不在总包数之内 the number of the package is not among those announced"
        partial = self._under_way.get(header.message_id)
        if partial is not None and (partial.count != count or partial.parts.get(number, body) != body):
            self._drop(partial)
            partial = None
        if partial is None:
            # All packages but the last are as long as one another: what is announced is refused before it is kept.
            if (count - 1) * len(body) > LONGEST_BYTES and number < count:
                return _too_large(count * len(body))
            first = (header.serial - number + 1) & 0xFFFF
            partial = Partial(header.message_id, header.version, count, first, self._clock())
            self._under_way[header.message_id] = partial
            while len(self._under_way) > MESSAGES_AT_ONCE:
                self._drop(next(iter(self._under_way.values())))
        if number in partial.parts:
            return None
        if partial.size + len(body) > LONGEST_BYTES:
            self._drop(partial)
            return _too_large(partial.size + len(body))
        if self._held.size + len(body) > HELD_BYTES:
            return "网关暂存的分包已满 too many packages of unfinished messages are held"
        partial.parts[number], partial.touched_at = body, self._clock()
        partial.size += len(body)
        self._held.size += len(body)
        if len(partial.parts) < count:
            return None
        self._drop(partial)
        whole = b"".join(partial.parts[each] for each in range(1, count + 1))
        return Whole(header.message_id, header.version, partial.first_serial, whole)

    def overdue(self) -> tuple[list[Partial], list[Partial]]:
        """Messages whose missing packages are to be asked for now, and those that are given up."""
        late = [p for p in self._under_way.values() if self._clock() - p.touched_at > ASK_AFTER_S]
        given_up = [p for p in late if p.asked >= ASK_TIMES]
        for partial in given_up:
            self._drop(partial)
        ask = [p for p in late if p.asked < ASK_TIMES]
        for partial in ask:
            partial.asked += 1
            partial.touched_at = self._clock()
        return ask, given_up

    def _drop(self, partial: Partial) -> None:
        if self._under_way.get(partial.message_id) is partial:
            del self._under_way[partial.message_id]
            self._held.size -= partial.size


def _too_large(size: int) -> str:
    return f"消息超过 {LONGEST_BYTES >> 20} MB（约 {size / 1e6:.0f} MB），拒收 the message is larger than {LONGEST_BYTES >> 20} MB and refused"


@dataclass
class Sent:
    """The latest messages of several packages that a device was sent: it may ask for some of their packages again."""

    by_serial: OrderedDict[int, list[bytes]] = field(default_factory=OrderedDict)

    def keep(self, first_serial: int, frames: list[bytes]) -> None:
        self.by_serial[first_serial] = frames
        while len(self.by_serial) > KEPT_MESSAGES:
            self.by_serial.popitem(last=False)

    def again(self, first_serial: int, numbers: list[int]) -> list[bytes]:
        """The packages asked for, all where none is named; nothing where the message is not known (any more)."""
        frames = self.by_serial.get(first_serial, [])
        return [frames[n - 1] for n in numbers if 1 <= n <= len(frames)] if numbers else list(frames)


def build_frames(header: Header, body: bytes) -> list[bytes]:
    """The frames of a message of any length; those after the first have the serials after the header's."""
    if len(body) <= BODY_LIMIT_BYTES:
        return [build_frame(header, body)]
    if len(body) > LONGEST_BYTES:
        raise TooLarge(
            f"消息体 {len(body)} 字节，超过 {LONGEST_BYTES} 字节。", f"The body has {len(body)} bytes, more than {LONGEST_BYTES}.", where="body",
            to_do_zh="请分成几条下发。", to_do_en="Send it as several messages.",
        )  # fmt: skip
    parts = [body[at : at + BODY_LIMIT_BYTES] for at in range(0, len(body), BODY_LIMIT_BYTES)]
    return [
        build_frame(
            Header(header.message_id, header.attributes, header.version, header.phone, (header.serial + place) & 0xFFFF,
                   header.protocol_version, len(parts), place + 1), part)
        for place, part in enumerate(parts)
    ]  # fmt: skip
