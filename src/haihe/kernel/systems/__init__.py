"""Named systems 点名系统: what plan documents name, and how honestly each can be said to run here."""

from haihe.kernel.systems.catalogue import DOMAINS, KINDS, System, catalogue, get_system
from haihe.kernel.systems.models import SystemCheck
from haihe.kernel.systems.providing import (
    COUNTERS,
    PROVIDERS,
    TRACKERS,
    Client,
    Live,
    Provider,
    Saw,
    ScratchDistrict,
    counts,
    expect,
    expect_refusal,
    provides,
    tracks,
)
from haihe.kernel.systems.standing import STATUSES, Row, list_systems, note_check, providers_to_check

__all__ = [
    "COUNTERS",
    "DOMAINS",
    "KINDS",
    "PROVIDERS",
    "STATUSES",
    "TRACKERS",
    "Client",
    "Live",
    "Provider",
    "Row",
    "Saw",
    "ScratchDistrict",
    "System",
    "SystemCheck",
    "catalogue",
    "counts",
    "expect",
    "expect_refusal",
    "get_system",
    "list_systems",
    "note_check",
    "providers_to_check",
    "provides",
    "tracks",
]  # fmt: skip
