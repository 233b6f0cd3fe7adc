"""Messages on their way to a stream, and what an append that failed has left: the same append again goes on with it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

KEPT = 16


@dataclass
class Sent:
    """A message, its id, whether it may have arrived, and its number once that is acknowledged."""

    message: bytes
    name: str = field(default_factory=lambda: secrets.token_hex(12))
    maybe: bool = False
    seq: int = 0


class Unfinished:
    """Appends of which some message was not acknowledged. A repetition keeps the ids, so that the streams can tell it, and leaves out what
    was acknowledged: one partition may have its rows while another has no leader."""

    def __init__(self) -> None:
        self._kept: dict[bytes, list[list[Sent]]] = {}

    def take(self, messages: Sequence[Sequence[bytes]]) -> list[list[Sent]]:
        """The messages for each stream, as they stood when the same append failed before."""
        made = [[Sent(message) for message in of] for of in messages]
        return self._kept.pop(_key(made), made) if self._kept else made

    def keep(self, outgoing: list[list[Sent]]) -> None:
        self._kept[_key(outgoing)] = outgoing
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]


def _key(outgoing: list[list[Sent]]) -> bytes:
    whole = hashlib.blake2b(digest_size=16)
    for of in outgoing:
        whole.update(len(of).to_bytes(4, "big"))
        for sent in of:
            whole.update(hashlib.blake2b(sent.message, digest_size=16).digest())
    return whole.digest()
