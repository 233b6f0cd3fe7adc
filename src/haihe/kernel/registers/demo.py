"""What the demos of registers share."""

from __future__ import annotations

from haihe.kernel import evidence
from haihe.kernel.identity import Account
from haihe.kernel.registers.moving import days_ago

__all__ = ["days_ago", "paper"]


def paper(account: Account, name: str, text: str) -> evidence.EvidenceFile:
    """A file of the demo that says of itself that it is not real."""
    return evidence.receive(name, [f"（演示材料，非真实）\n{text}".encode()], account)
