"""The stream of a partition: how it is made and known again, and how it stands."""

from __future__ import annotations

import re
import secrets
import threading
import time
from dataclasses import dataclass

import nats.js.errors
from nats.js.api import DiscardPolicy, StreamConfig, StreamInfo

from haihe.kernel.errors import ConfigurationError, NotStored
from haihe.kernel.observations.stream_client import StreamClient
from haihe.kernel.observations.stream_notes import NoteBook, notes_config

# For so long the stream knows a message that it has already: the broker may be away as long before a repetition could count.
KNOWN_S = 600
SETTLE_S = 2.0
REPLICAS = 3
NAME_TAKEN, NO_PEERS, NOT_CLUSTERED = 10058, 10005, 10074


@dataclass(frozen=True)
class State:
    """How one stream stands."""

    last_seq: int
    size_bytes: int
    replicas: int
    leader: str
    behind: list[str]  # replicas that are away or not up to date


class StreamStore:
    """Partition `partition` of `partitions` of the district `prefix`; its stream is made on first use."""

    def __init__(self, client: StreamClient, prefix: str, partition: int = 0, partitions: int = 1) -> None:
        self.client, self.prefix, self.partition, self.partitions = client, prefix, partition, partitions
        self.stream, self.subject = f"{prefix}-{partition}", f"{prefix}.rows.{partition}"
        self._turn = threading.RLock()
        self._identity = ""

    @property
    def name(self) -> str:
        return f"{self.partition}.{self.identity}"

    @property
    def path(self) -> str:
        return f"stream {self.stream}"

    @property
    def identity(self) -> str:
        """A random name made with the stream: the lake counts the numbers of each stream separately."""
        with self._turn:
            if not self._identity:
                self._identity = self._open()
            return self._identity

    @property
    def notes(self) -> NoteBook:
        return NoteBook(self.client, self.prefix, self.identity)

    def last_seq(self) -> int:
        """The greatest number ever given, 0 in the beginning."""
        return self._end(0)

    def _end(self, reached: int) -> int:
        """The last number, which cannot be less than what a consumer has `reached`: a leader just elected may need a moment."""
        until = time.monotonic() + SETTLE_S
        while (end := self.state().last_seq) < reached:
            if time.monotonic() > until:
                break
            time.sleep(0.1)
        else:
            return end
        raise ConfigurationError(
            "消息流比已处理的位置短：节点断电丢失了已应答的数据，或只恢复了其中之一。",
            f"The stream ends at {end}, but {reached} has been dealt with: its nodes lost power and data, or only one of the two was restored.",
            where=self.path, to_do_zh="请按 docs/how-to/scale-out.md 改用新的 HAIHE_STREAM_NAME。",
            to_do_en="Choose a new HAIHE_STREAM_NAME, as docs/how-to/scale-out.md says.",
        )  # fmt: skip

    def state(self) -> State:
        info = self._info()
        cluster = info.cluster
        peers = (cluster.replicas or []) if cluster else []
        return State(
            int(info.state.last_seq), int(info.state.bytes), int(info.config.num_replicas or 1), (cluster.leader or "") if cluster else "",
            [peer.name or "?" for peer in peers if peer.offline or not peer.current],
        )  # fmt: skip

    def size_bytes(self) -> int:
        return self.state().size_bytes

    def _info(self) -> StreamInfo:
        identity = self.identity
        try:
            info = self.client.call(lambda js: js.stream_info(self.stream))
        except nats.js.errors.NotFoundError:
            raise _replaced(self.path) from None
        if self._read_description(info) != identity:
            raise _replaced(self.path)
        return info

    def _open(self) -> str:
        """The identity of the stream, which is made where it is missing: by the first process that comes."""
        try:
            info = self.client.call(lambda js: js.stream_info(self.stream))
        except nats.js.errors.NotFoundError:
            info = self._make()
        return self._read_description(info)

    def _make(self) -> StreamInfo:
        replicas = REPLICAS if self.client.nodes() >= REPLICAS else 1
        self._make_one(notes_config(self.prefix, replicas))
        self._make_one(
            StreamConfig(name=f"{self.prefix}-aside", subjects=[f"{self.prefix}.aside.*"], num_replicas=replicas)
        )
        return self._make_one(
            StreamConfig(
                name=self.stream, subjects=[self.subject], num_replicas=replicas, duplicate_window=KNOWN_S, allow_direct=True,
                deny_delete=True, discard=DiscardPolicy.NEW,
                description=f"haihe {self.partition}/{self.partitions} {secrets.token_hex(8)}",
            )
        )  # fmt: skip

    def _make_one(self, config: StreamConfig) -> StreamInfo:
        try:
            return self.client.call(lambda js: js.add_stream(config))
        except nats.js.errors.APIError as error:
            if error.err_code == NAME_TAKEN:  # another process was first, with a random name of its own
                return self.client.call(lambda js: js.stream_info(str(config.name)))
            if error.err_code in (NO_PEERS, NOT_CLUSTERED):
                raise NotStored(
                    f"NATS 集群现在没有 {config.num_replicas} 个可用节点，无法建立消息流。",
                    f"The NATS cluster has not {config.num_replicas} nodes to make the stream on now.", where=self.path,
                    to_do_zh="请启动全部节点；之后自动继续。", to_do_en="Start all nodes; it goes on by itself then.",
                ) from error  # fmt: skip
            raise

    def _read_description(self, info: StreamInfo) -> str:
        found = re.fullmatch(r"haihe (\d+)/(\d+) ([0-9a-f]{16})", info.config.description or "")
        if found is None:
            raise ConfigurationError(
                "这个名字的消息流不是本系统建立的。", "A stream of this name was not made by Haihe.", where=self.path,
                to_do_zh="请改用另一个 HAIHE_STREAM_NAME。", to_do_en="Choose another HAIHE_STREAM_NAME.",
            )  # fmt: skip
        if int(found[2]) != self.partitions:
            raise ConfigurationError(
                f"消息流建立时有 {found[2]} 个分区，现在的设置是 {self.partitions} 个。",
                f"The streams were made with {found[2]} partitions, the setting says {self.partitions}.", where="HAIHE_STREAM_PARTITIONS",
                to_do_zh=f"请改回 {found[2]}，或按 docs/how-to/scale-out.md 换一个 HAIHE_STREAM_NAME。",
                to_do_en=f"Set it back to {found[2]}, or change HAIHE_STREAM_NAME as docs/how-to/scale-out.md says.",
            )  # fmt: skip
        return found[3]


def _replaced(path: str) -> ConfigurationError:
    return ConfigurationError(
        "消息流在运行中被删除或重建。", "The stream was deleted or made anew while the district was running.", where=path,
        to_do_zh="请重启海河；未入湖的数据在旧流里。", to_do_en="Restart Haihe; what the lake did not have yet was in the old stream.",
    )  # fmt: skip
