"""A port for a process that is started for a while."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of this machine that nobody listens on now; whoever asked for it takes it at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
