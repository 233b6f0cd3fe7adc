"""The two rules of rosters. No stream of observations tells of them: the watch (watching.py) finds what they speak of."""

from __future__ import annotations

from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.rules import Rule
from haihe.kernel.rosters.models import KIND

_FROM_UNTIL = {"from": ("缺岗自", "nobody from", ""), "until": ("至", "until", "")}


class RosterGap(Rule):
    """A post without anybody on duty: a warning while the gap is ahead, an alert from its beginning, the end when somebody is."""

    name = "rosters.gap"
    title_zh, title_en, unit = "值班缺岗", "Gap in a duty roster", "h"
    thing_kind = KIND
    parameters = ("gap_warning_hours",)
    severity, urgency, certainty = Severity.MODERATE, Urgency.IMMEDIATE, Certainty.OBSERVED
    opens_case = "rosters.duty"
    facts = _FROM_UNTIL


class UnansweredCheck(Rule):
    """A check of a post that nobody answered in time; the end when a later check is answered."""

    name = "rosters.unanswered"
    title_zh, title_en, unit = "查岗无应答", "Duty check without an answer", "min"
    thing_kind = KIND
    parameters = ("check_answer_min",)
    severity, urgency, certainty = Severity.MODERATE, Urgency.IMMEDIATE, Certainty.OBSERVED
    opens_case = "rosters.duty"
    facts = {"asked": ("查岗时间", "asked at", ""), "by": ("应答时限", "answer due", "")}
