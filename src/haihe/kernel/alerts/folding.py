"""The life of an alert as its findings tell it: one pure step, used live on stored alerts and in replay on drafts alike.

* A *warning* opens an alert of level warning, or finds one open already.
* A *raise* opens an alert, lifts an open warning, or, when the condition of an open alert had been over, is a repeat that the alert
  counts.
* An *update* brings newer evidence. An *end* says that the condition is over; a mere warning is closed by it, an alert stays with
  the people who have to handle it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

WARNING, RAISED = "warning", "raised"


class AlertLike(Protocol):
    level: str
    started_at: datetime
    raised_at: datetime | None
    last_at: datetime
    over_at: datetime | None
    count: int
    value: float | None
    limit: float | None
    evidence: Any


@dataclass
class Draft:
    """An alert that is not stored: what replay tells."""

    rule: str
    thing: int
    key: str
    level: str
    started_at: datetime
    last_at: datetime
    raised_at: datetime | None = None
    over_at: datetime | None = None
    count: int = 0
    value: float | None = None
    limit: float | None = None
    evidence: Any = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return not (self.level == WARNING and self.over_at is not None)


def _text(finding: dict[str, Any]) -> Any:
    return json.loads(finding["evidence"]) if finding["evidence"] else {}


def opens(finding: dict[str, Any]) -> bool:
    """Whether a finding opens an alert where none is open; an end or update without one is of no consequence."""
    return finding["phase"] in ("warning", "raise")


def opening(finding: dict[str, Any]) -> dict[str, Any]:
    """The fields of the alert that a first finding opens."""
    raised = finding["phase"] == "raise"
    at = finding["observed_at"]
    return {
        "level": RAISED if raised else WARNING, "started_at": at, "last_at": at, "raised_at": at if raised else None, "over_at": None,
        "count": int(raised), "value": finding["value"], "limit": finding["limit"], "evidence": _text(finding),
    }  # fmt: skip


def apply(alert: AlertLike, finding: dict[str, Any]) -> bool:
    """Let a further finding act on an open alert; returns whether the alert is now closed by the end of its condition."""
    at, phase = finding["observed_at"], finding["phase"]
    alert.last_at = max(alert.last_at, at)
    if phase == "end":
        alert.over_at = at
    elif phase == "raise":
        alert.count += 1
        alert.level, alert.raised_at, alert.over_at = RAISED, alert.raised_at or at, None
    elif alert.level == WARNING or alert.over_at is None:
        alert.over_at = None
    if finding["value"] is not None and not (phase == "warning" and alert.level == RAISED):
        greater = alert.value is None or finding["value"] >= alert.value
        if greater:
            alert.value, alert.limit, alert.evidence = finding["value"], finding["limit"], _text(finding)
    return phase == "end" and alert.level == WARNING


def fold(rule: str, findings: Iterable[dict[str, Any]]) -> list[Draft]:
    """The alerts that findings in order make when nobody handles any of them, in the order in which they were opened."""
    standing: dict[tuple[int, str], Draft] = {}
    drafts: list[Draft] = []
    for finding in findings:
        place = (finding["thing"], finding["key"])
        draft = standing.get(place)
        if draft is not None:
            if apply(draft, finding):
                del standing[place]
        elif opens(finding):
            standing[place] = Draft(rule, *place, **opening(finding))
            drafts.append(standing[place])
    return drafts
