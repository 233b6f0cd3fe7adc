"""What checks of registers share: an entry handed in by one unit and accepted by another, over the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from haihe.kernel.systems.providing import Client

PROOF = (("files", "proof.txt", "佐证材料".encode()),)
Entry = dict[str, Any]


def open_entry(who: Client, register: str, owner: str, reviewer: str, values: Mapping[str, Any]) -> Entry:
    body = {"owner": owner, "reviewer": reviewer, "values": dict(values)}
    entry: Entry = who.post(f"/registers/{register}/entries", body)
    return entry


def take_step(who: Client, judge: Client, entry: Entry, step: str, values: Mapping[str, Any] | None = None) -> Entry:
    """`who` takes the step with a file; where it waits for a review, `judge` accepts it and fills `values` in."""
    address = f"/registers/entries/{entry['id']}"
    after: Entry = who.post(f"{address}/steps/{step}", form={"version": entry["version"], "text": "检查"}, files=PROOF)
    if after["pending"]:
        form = {"version": after["version"], "decision": "accept", "text": "属实", "values": json.dumps(values or {})}
        after = judge.post(f"{address}/review", form=form)
    return after
