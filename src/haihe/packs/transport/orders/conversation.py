"""Which answer belongs to which order, on one connection.

A general reply settles an order that has no answer of its own, and refuses any. An answer of its own names the serial of its order, or
comes alone: then the oldest order that waits for such an answer is meant. Of an order in several packages the last one's reply counts.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from haihe.kernel.feeds.feed import Answer
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.orders.forms import Order

REMEMBERED = 500  # orders of one connection
TAKEN = (0, 4)  # results of a general reply that mean yes
LONGEST_TOLD = 60_000  # characters of an answer that are kept with the order
RESULTS = {1: "失败 failed", 2: "消息有误 bad message", 3: "不支持 unsupported"}


@dataclass
class Conversation:
    """Orders by the serial of their first package: how many packages, and which order."""

    waiting: OrderedDict[int, tuple[int, Order]] = field(default_factory=OrderedDict)

    def begin(self, serial: int, packages: int, order: Order) -> None:
        self.waiting[serial] = packages, order
        while len(self.waiting) > REMEMBERED:
            self.waiting.popitem(last=False)

    def general_reply(self, session: Session, body: dict[str, Any]) -> list[Answer]:
        serial, result = body.get("reply_serial", -1), body.get("result", 0)
        for first, (packages, order) in self.waiting.items():
            place = (serial - first) & 0xFFFF
            if place >= packages:
                continue
            if result not in TAKEN:
                del self.waiting[first]
                return [
                    Answer(session, first, f"终端应答 {result} result {result}：{RESULTS.get(result, '')}".rstrip("："))
                ]
            if place == packages - 1 and order.answer is None:
                del self.waiting[first]
                return [Answer(session, first)]
            return []
        return []

    def answer(self, session: Session, number: int, body: dict[str, Any]) -> list[Answer]:
        wanted = f"0x{number:04X}"
        mine = [first for first, (_, order) in self.waiting.items() if order.answer == wanted]
        serial = body.get("reply_serial")
        named = [first for first in mine if serial is not None and (serial - first) & 0xFFFF < self.waiting[first][0]]
        if not mine or (serial is not None and not named):
            return []
        first = named[0] if named else mine[0]
        _, order = self.waiting.pop(first)
        shown = order.shown or tuple(name for name in body if name not in ("reply_serial", "count", "header", "layout"))
        told: dict[str, Any] = {name: body[name] for name in shown if name in body}
        if len(str(told)) > LONGEST_TOLD:
            told = {"rest": str(told)[:LONGEST_TOLD]}
        refused = number in (0x0805, 0x0108) and body.get("result")
        return [Answer(session, first, f"终端应答 result {body['result']}" if refused else "", told)]


def conversation(session: Session) -> Conversation:
    found: Conversation = session.memory.setdefault("conversation", Conversation())
    return found
