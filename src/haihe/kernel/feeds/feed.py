"""What a protocol has to say to become a feed. A Feed holds no sockets: it cuts bytes into frames, reads a whole batch of frames
of many devices at once into observation batches, and says what to answer once those are durable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from haihe.kernel.errors import ConfigurationError, InvalidInput
from haihe.kernel.packs import find_module, loaded_packs

if TYPE_CHECKING:
    import polars as pl

    from haihe.kernel.feeds.session import Session


class Splitter(Protocol):
    """Cuts one connection's bytes into frames; keeps what is incomplete. Never raises, never grows past the largest frame.

    `dropped_bytes` counts what could belong to no frame: the gateway closes a peer that sends too much of it."""

    dropped_bytes: int

    def feed(self, data: bytes) -> list[bytes]: ...


@dataclass(slots=True)
class Batch:
    """Frames of many devices in the order of their arrival: three columns of the same length."""

    frames: list[bytes] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    received_us: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.frames)

    def cut_off(self, count: int) -> Batch:
        """Keep the first `count` frames and give the rest as a batch of its own."""
        if len(self.frames) <= count:
            return Batch()
        rest = Batch(self.frames[count:], self.sessions[count:], self.received_us[count:])
        del self.frames[count:], self.sessions[count:], self.received_us[count:]
        return rest


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device said to a command: the command's serial, "" or why it was refused, and what it told, if anything."""

    session: Session
    serial: int
    refused: str = ""
    told: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What must stand in the registers before its device hears so. `store` runs in the storing thread, where it may take its time and
    fail as databases and disks do; storing the same once more changes nothing, since a device that heard no answer sends it again.
    `stored` and `refused` are what is said then, `size_bytes` what the record holds while it waits. Records that make no file share a
    transaction with others of their batch."""

    session: Session
    what: str
    store: Callable[[], object]
    stored: bytes = b""
    refused: bytes = b""
    size_bytes: int = 0
    has_file: bool = False


@dataclass(slots=True)
class Read:
    """What a batch says. `replies` are sent once `tables` are durable; `close` lists devices to be cut off after that. `records` are
    stored after that, each answered for itself, and `answered` is what devices said to commands."""

    tables: list[tuple[str, pl.DataFrame]] = field(default_factory=list)
    replies: list[tuple[Session, bytes]] = field(default_factory=list)
    close: list[tuple[Session, str]] = field(default_factory=list)
    answered: list[Answer] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def unsay(self) -> None:
        """The batch could not be made durable: nothing of it is acknowledged or stored."""
        self.replies.clear()
        self.records.clear()


class Feed:
    """One protocol. `name` names its port in HAIHE_FEED_PORTS; `read` never raises on what devices send."""

    name: str
    title_zh: str
    title_en: str
    default_port: int
    speaks_udp: bool = False  # also over UDP, at the same port
    frames_are_large: bool = False  # then a connection is read again only once what it sent was taken

    def datagrams(self, data: bytes) -> list[bytes]:
        """What is sent at once, as datagrams; a feed that sends several frames at once cuts between them."""
        return [data]

    def splitter(self) -> Splitter:
        """A fresh splitter for one connection."""
        raise NotImplementedError

    def read(self, batch: Batch) -> Read:
        """Observations and answers of a batch; runs in the gateway's reading thread, where it may ask the database but writes nothing
        into it: that is what `Read.records` are for."""
        raise NotImplementedError

    def command(self, session: Session, kind: str, content: dict[str, object]) -> tuple[int, bytes]:
        """The serial number and the frame that carry a command to a connected device; InvalidInput where there is no such one."""
        raise InvalidInput(
            f"{self.title_zh}没有命令“{kind}”。", f"{self.title_en} have no command {kind!r}.", where="kind"
        )

    def refresh(self) -> None:
        """Called every few seconds in the reading thread: read again what the registers say about devices."""


def feeds_in(module: ModuleType) -> Iterator[Feed]:
    """One instance of each Feed that the module, or a file of the folder `feeds/`, declares; what it imports from elsewhere is not its own."""
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and issubclass(value, Feed)
            and f"{value.__module__}.".startswith(f"{module.__name__}.")
        ):
            yield value()


def all_feeds() -> list[Feed]:
    """One instance of every Feed that a loaded pack declares in its `feeds.py` or `feeds/__init__.py`."""
    return [feed for pack in loaded_packs() if (module := find_module(pack, "feeds")) for feed in feeds_in(module)]


def ports_of(feeds: Sequence[Feed], written: str) -> dict[str, int]:
    """Feed name → port. `written` is HAIHE_FEED_PORTS: "jt808=7611,other=0"; a feed that is not named has its default port and
    port 0 switches a feed off."""
    ports = {feed.name: feed.default_port for feed in feeds}
    for part in filter(None, (part.strip() for part in written.split(","))):
        name, _, number = part.partition("=")
        if name not in ports or not number.isdigit() or int(number) > 65535:
            raise ConfigurationError(
                f"设置 HAIHE_FEED_PORTS 中的“{part}”无效。", f"HAIHE_FEED_PORTS holds {part!r}, which names no feed and port.", where="HAIHE_FEED_PORTS",
                to_do_zh=f"已安装的协议：{'、'.join(ports) or '无'}；写法如 {next(iter(ports), 'jt808')}=7611。",
                to_do_en=f"Installed feeds: {', '.join(ports) or 'none'}; write {next(iter(ports), 'jt808')}=7611.",
            )  # fmt: skip
        ports[name] = int(number)
    return {name: port for name, port in ports.items() if port}
