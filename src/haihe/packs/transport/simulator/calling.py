"""One terminal on one connection, as blocking calls: for checks and tests that ask something and look at the answer."""

from __future__ import annotations

import socket
import time
from datetime import datetime
from typing import Any

from haihe.packs.transport.jt808.build import Terminal
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.splitter import Splitter


class CallingTerminal:
    """Speaks JT/T 808 to a gateway. ConnectionError where the platform hangs up or refuses, TimeoutError where it is silent."""

    def __init__(self, port: int, phone: str, version: str = "2013", plate: str = "", host: str = "127.0.0.1") -> None:
        self.terminal = Terminal(phone, version, plate)
        self.phone, self.code, self.host = phone, "", host
        self.connect(port)

    def connect(self, port: int) -> None:
        self.socket = socket.create_connection((self.host, port), 10)
        self.splitter, self.heard = Splitter(), list[dict[str, Any]]()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self, seconds: float = 20) -> dict[str, Any] | None:
        """The next message of the platform; None when it closes the connection. TimeoutError when it says nothing."""
        end = time.monotonic() + seconds
        while not self.heard:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(65_536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.heard += [decode(frame) for frame in self.splitter.feed(data)]
        message = self.heard.pop(0)
        message["body"].pop("raw_frame", None)
        return message

    def ask(self, frame: bytes) -> dict[str, Any]:
        """Send a frame and return the body of the answer that names its serial."""
        self.send(frame)
        serial = self.terminal.serial
        while True:
            message = self.hear()
            if message is None:
                raise ConnectionError("the platform closed the connection")
            if message["body"].get("reply_serial") == serial:
                return dict(message["body"])

    def register(self) -> dict[str, Any]:
        body = self.ask(self.terminal.registration())
        self.code = str(body.get("auth_code") or "")
        return body

    def authenticate(self, code: str | None = None) -> int:
        return int(self.ask(self.terminal.authentication(self.code if code is None else code))["result"])

    def sign_on(self) -> CallingTerminal:
        if self.register()["result"] != 0 or self.authenticate() != 0:
            raise ConnectionError("the platform refuses the terminal")
        return self

    def report(self, at: datetime, **more: Any) -> int:
        """One location; the result in its answer (0: stored)."""
        known = {"longitude_deg": 117.5, "latitude_deg": 39.1, "speed_kmh": 60.0, **more}
        return int(self.ask(self.terminal.location(at, **known))["result"])

    def close(self) -> None:
        self.socket.close()


class DatagramTerminal(CallingTerminal):
    """The same over UDP."""

    def connect(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((self.host, port))
        self.splitter, self.heard = Splitter(), list[dict[str, Any]]()
