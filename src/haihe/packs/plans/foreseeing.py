"""A foreseen miss opens a supervision notice: once for a target while one is open, and not again soon after its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from haihe.kernel.cases import Case, open_case
from haihe.kernel.duties import duty
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.policies import parameter
from haihe.packs.plans.cases import SUPERVISION_NOTICE
from haihe.packs.plans.chasing import handlers_of
from haihe.packs.plans.models import Plan, Target
from haihe.packs.plans.pace import Pace
from haihe.packs.plans.progress import Standing, leading_targets, standing

EVERY_S = 600


def _number(value: float | None) -> str:
    """For a sentence: three significant digits are enough of a rate, whole numbers above a hundred."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{float(f'{value:.3g}'):,g}"


def pace_sentence(target: Target, found: Pace, at: date) -> tuple[str, str]:
    """The pace as one simple sentence, Chinese and English."""
    least, days = int(parameter("plans.pace_least_values", at)), int(parameter("plans.pace_least_days", at))
    match found.state:
        case "no_deadline":
            return "未定时限，无法推算。", "There is no deadline to foresee anything for."
        case "over":
            return "时限已到，不再推算。", "The deadline has come: nothing is foreseen any more."
        case "too_little":
            return (
                f"数据不足：同一口径下至少 {least} 个数值、前后相隔 {days} 天才能推算，现有 {found.count} 个。",
                f"Too little history: it takes {least} values of one definition, {days} days apart; there are {found.count}.",
            )
        case "reached":
            return "已达到目标值。", "The goal has been reached."
        case _:
            return _going_on(target, found)


def _going_on(target: Target, found: Pace) -> tuple[str, str]:
    unit, deadline = target.indicator.unit, target.deadline
    day_zh = f"{deadline.year}年{deadline.month}月{deadline.day}日" if deadline else ""
    ends_zh = f"预计差 {_number(found.short_by)} {unit}" if found.state == "short" else "预计可按期达成"
    ends_en = f"{_number(found.short_by)} {unit} short" if found.state == "short" else "in time"
    rates = _number(found.so_far), _number(found.needed)
    return (
        f"此前平均每月变化 {rates[0]} {unit}，此后每月需要 {rates[1]} {unit}；照此进度，{day_zh}约为 {_number(found.projected)} {unit}，{ends_zh}。",
        f"So far {rates[0]} {unit} a month, needed from now on {rates[1]} {unit} a month; at this pace it will be about "
        f"{_number(found.projected)} {unit} on {deadline}: {ends_en}.",
    )


def notices_about(target: Target) -> list[Case]:
    """The supervision notices about a target, newest first."""
    return list(Case.about(target).filter(type_name=SUPERVISION_NOTICE.name))


def is_foreseen_miss(row: Standing, at: date) -> bool:
    """Whether the shortfall is large enough for a notice."""
    least = float(parameter("plans.foreseen_shortfall_percent", at))
    goal = abs(float(row.target.value))
    return row.pace.state == "short" and row.pace.short_by >= goal * least / 100


def units_to_ask(target: Target, day: date) -> list[Organisation]:
    """Who answers for a target: the owner of its number; without one the units accountable for its tasks."""
    if target.indicator.owner is not None:
        return [successor_on(target.indicator.owner, day)]
    units = [successor_on(unit, day) for task in target.tasks.all() for unit in handlers_of(task)]
    return list(dict.fromkeys(units))


def foreseen_misses(at: date) -> Iterator[Standing]:
    """Targets of the filed plans in force that, going on like this, miss their goal by more than a little."""
    plans = Plan.objects.filter(replaced_by=None).exclude(filed_at=None)
    for target in leading_targets(plans).filter(deadline__gt=at):
        row = standing(target, at)
        if is_foreseen_miss(row, at):
            yield row


def open_notice(row: Standing, at: datetime) -> Case | None:
    """A notice about a foreseen miss; None where one is open or ended lately, or nobody could be asked."""
    day = timezone.localdate(at)
    with transaction.atomic():
        target = Target.objects.select_for_update().get(pk=row.target.pk)
        quiet = at - timedelta(days=int(parameter("plans.foreseen_again_days", day)))
        if any(case.closed_at is None or case.closed_at > quiet for case in notices_about(target)):
            return None
        units = units_to_ask(target, day)
        if not units:
            return None
        zh, en = pace_sentence(target, row.pace, day)
        text = f"预计不能按期达成。{zh}请说明原因和补救措施。\n{en}"
        return open_case(
            None, SUPERVISION_NOTICE.name, f"预计不达标：{target.indicator.title}", units, about=target, text=text
        )


@duty("plans.foresee", every_s=EVERY_S)
def foresee(at: datetime) -> int:
    """Open a notice for each foreseen miss; returns how many."""
    return sum(open_notice(row, at) is not None for row in list(foreseen_misses(timezone.localdate(at))))
