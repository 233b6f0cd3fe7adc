"""What the duties' process does for rosters: tell of gaps, ahead and now, and note checks that nobody answered. Every change of how a
post stands is told once: the post is locked, and the alert, its messages and what was told are one transaction."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.alerts.models import RuleStatus
from haihe.kernel.alerts.rules import FINDINGS, RULES
from haihe.kernel.alerts.writing import write_findings
from haihe.kernel.notices import notify
from haihe.kernel.rosters.gaps import Gap
from haihe.kernel.rosters.models import CheckResult, DutyCheck, DutyPost
from haihe.kernel.rosters.rules import RosterGap, UnansweredCheck
from haihe.kernel.rosters.standing import list_standings, standing_of

GAP, CHECK = "gap", "check"  # keys of the alerts
Phase = DutyPost.Phase
# What findings lead from what was told to what holds now.
STEPS: dict[tuple[str, str], tuple[str, ...]] = {
    (Phase.NONE, Phase.AHEAD): ("warning",), (Phase.NONE, Phase.NOW): ("raise",), (Phase.AHEAD, Phase.NOW): ("raise",),
    (Phase.AHEAD, Phase.NONE): ("end",), (Phase.NOW, Phase.NONE): ("end",), (Phase.NOW, Phase.AHEAD): ("end", "warning"),
}  # fmt: skip


def watch(at: datetime) -> int:
    """Tell what changed by `at`; returns how many changes. A post that fails does not keep the others waiting: its error is raised
    at the end."""
    told, failed = 0, None
    posts = DutyPost.objects.filter(Q(thing__retired_at=None) | ~Q(gap_phase=Phase.NONE))
    changed = [
        standing.post.pk
        for standing in list_standings(posts.select_related("thing__organisation"), at)
        if _news(standing.post, standing.phase(at), standing.gap, at)
    ]
    overdue = DutyCheck.objects.filter(result=None, answer_by__lte=at).values_list("pk", flat=True)
    for step, keys in ((_tell_gap, changed), (_note_unanswered, list(overdue))):
        for key in keys:
            try:
                with transaction.atomic():
                    told += step(key, at)
            except Exception as error:
                failed = failed or error
    if failed is not None:
        raise failed
    return told


# --- gaps -----------------------------------------------------------------------------------------------------------


def _news(post: DutyPost, phase: str, gap: Gap | None, at: datetime) -> bool:
    """Whether the roster stands otherwise than was told: another phase, or another gap ahead."""
    if phase != post.gap_phase:
        return True
    return phase == Phase.AHEAD and gap is not None and gap.since != post.gap_from


def _tell_gap(pk: int, at: datetime) -> int:
    post = DutyPost.objects.select_for_update(of=("self",)).select_related("thing__organisation").get(pk=pk)
    standing = standing_of(post, at)
    phase, gap = standing.phase(at), standing.gap
    if not _news(post, phase, gap, at):
        return 0  # another worker was first
    if not _is_enabled(RosterGap.name):
        return 0
    before = post.gap_phase
    begun = gap.since if gap is not None else at
    if phase == Phase.NOW and before == Phase.AHEAD and post.gap_from is not None:
        begun = min(begun, post.gap_from)
    evidence = {"from": _clock(gap.since), "until": _clock(gap.until)} if gap is not None else {}
    hours = gap.hours if gap is not None else None
    # Another gap ahead than the one that was told is a warning again, which finds the one that is open.
    for name in STEPS.get((before, phase), ("warning",)):
        _write(RosterGap, post, GAP, name, at if name == "end" else begun, hours if name != "end" else None, evidence)
    post.gap_phase, post.gap_from = phase, gap.since if gap is not None else None
    post.save(update_fields=["gap_phase", "gap_from"])
    if gap is not None:
        _tell_units(post, phase, gap)
    audit.record(None, "roster.gap" if gap is not None else "roster.gap_over", post, post=str(post), phase=str(phase), **evidence)  # fmt: skip
    return 1


def _tell_units(post: DutyPost, phase: str, gap: Gap) -> None:
    """The unit of the post and the unit above it."""
    begin, end = _clock(gap.since), _clock(gap.until)
    if phase == Phase.NOW:
        subject = f"值班缺岗：{post}", f"Nobody on duty: {post}"
        text = (
            f"现在无人当班，至少到 {end}。请立即安排。",
            f"Nobody is on duty, at least until {end}. Arrange a shift now.",
        )
    else:
        subject = f"即将缺岗：{post}", f"Gap ahead: {post}"
        text = f"{begin} 起无人当班。请提前排班。", f"Nobody is on duty from {begin}. Arrange a shift in time."
    for unit in (post.organisation, post.organisation.parent):
        if unit is not None:
            notify(unit, subject, text, about=post)


# --- checks ---------------------------------------------------------------------------------------------------------


def _note_unanswered(pk: int, at: datetime) -> int:
    check = DutyCheck.objects.select_for_update(of=("self",)).select_related("post__thing__organisation").get(pk=pk)
    if CheckResult.objects.filter(check_asked=check).exists():
        return 0
    CheckResult.objects.create(check_asked=check, outcome=CheckResult.Outcome.UNANSWERED, at=check.answer_by)
    audit.record(
        None, "roster.unanswered", check.post, post=str(check.post), asked_at=check.asked_at, by=check.answer_by
    )
    minutes = (check.answer_by - check.asked_at).total_seconds() / 60
    evidence = {"asked": _clock(check.asked_at), "by": _clock(check.answer_by)}
    if _is_enabled(UnansweredCheck.name):
        _write(UnansweredCheck, check.post, CHECK, "raise", check.answer_by, minutes, evidence)
    subject = f"查岗无应答：{check.post}", f"Duty check without an answer: {check.post}"
    text = f"{evidence['by']} 前没有应答。", f"There was no answer by {evidence['by']}."
    for unit in (check.post.organisation, check.post.organisation.parent):
        if unit is not None:
            notify(unit, subject, text, about=check.post)
    return 1


def tell_answered(check: DutyCheck, at: datetime) -> None:
    """An alert about an earlier check of the post learns that somebody answers again; runs in the answer's transaction."""
    _write(UnansweredCheck, check.post, CHECK, "end", at, None, {})


# --- findings -------------------------------------------------------------------------------------------------------


def _is_enabled(rule: str) -> bool:
    """Whether the rule is switched on. One that is off tells what it missed as soon as it is on again."""
    return not RuleStatus.objects.filter(rule=rule, enabled=False).exists()


def _write(rule: type[RosterGap | UnansweredCheck], post: DutyPost, key: str, phase: str, at: datetime, value: float | None, evidence: dict[str, Any]) -> None:  # fmt: skip
    row = {
        "thing": post.thing_id, "key": key, "phase": phase, "observed_at": at, "value": value, "limit": None,
        "evidence": json.dumps(evidence, ensure_ascii=False),
    }  # fmt: skip
    write_findings(RULES.get(rule.name) or rule(), pl.DataFrame([row], schema=FINDINGS), timezone.now())


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
