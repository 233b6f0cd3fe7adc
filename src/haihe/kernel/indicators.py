"""Indicators: what is counted, how, since when; its measured and reported values; and how it stands against a target.

Measured values come from pure functions of time registered with @measure; reported ones from a person, with evidence. Both are
kept side by side and never overwritten (database triggers, migration 0002): a correction is a new row that names the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.language import two

if TYPE_CHECKING:
    from haihe.kernel.identity import Account


class Indicator(models.Model):
    """Something that is counted. `key` is stable and typed by people: ai.industry_scale."""

    key = models.SlugField(max_length=80, unique=True, allow_unicode=True)
    title = models.CharField("名称", max_length=200)
    unit = models.CharField("单位", max_length=30, blank=True)
    owner = models.ForeignKey("kernel.Organisation", models.PROTECT, null=True, blank=True, related_name="indicators")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.title

    def definition_on(self, day: date) -> IndicatorDefinition | None:
        """The definition in force on a day."""
        return self.definitions.filter(since__lte=day).order_by("-since").first()

    def values_up_to(self, at: date) -> models.QuerySet[IndicatorValue]:
        """Values as of `at` or before that no later row corrects, newest first."""
        return self.values.filter(as_of__lte=at, replaced_by=None).order_by("-as_of", "-recorded_at", "-pk")


class IndicatorDefinition(models.Model):
    """What the indicator means from `since` on, with the clause that says so. `measure` names a registered function."""

    indicator = models.ForeignKey(Indicator, models.CASCADE, related_name="definitions")
    since = models.DateField()
    text = models.TextField("定义")
    measure = models.CharField(max_length=80, blank=True)
    source_clause = models.CharField("依据条款", max_length=300, blank=True)
    decided_by = models.ForeignKey("kernel.Account", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["since"]
        constraints = [models.UniqueConstraint(fields=["indicator", "since"], name="one_definition_a_day")]


class IndicatorValue(models.Model):
    """One value as of a date. Written once; `replaces` names the row that it corrects."""

    class Kind(models.TextChoices):
        MEASURED = "measured", two("系统测得", "Measured")
        REPORTED = "reported", two("人工填报", "Reported")

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="values")
    definition = models.ForeignKey(IndicatorDefinition, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.DecimalField(max_digits=24, decimal_places=6)
    as_of = models.DateField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey("kernel.Account", models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True)
    evidence = models.ManyToManyField(EvidenceFile, related_name="values")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")


# --- writing values -------------------------------------------------------------------------------------------------


def report_value(
    account: Account, indicator: Indicator, value: Decimal, *, as_of: date, note: str = "",
    evidence: Sequence[EvidenceFile] = (), replaces: IndicatorValue | None = None,
) -> IndicatorValue:  # fmt: skip
    """A person's value. The caller is an action that checked the permission and writes the audit record."""
    if as_of > timezone.localdate():
        raise InvalidInput("数据日期不能晚于今天。", "The date of a value cannot lie in the future.", where="as_of")
    if replaces is not None and replaces.indicator_id != indicator.pk:
        raise InvalidInput("更正的对象不是同一指标。", "A correction must be of the same indicator.", where="replaces")
    row = IndicatorValue.objects.create(
        indicator=indicator, definition=indicator.definition_on(as_of), kind=IndicatorValue.Kind.REPORTED, value=value,
        as_of=as_of, by=account, note=note, replaces=replaces,
    )  # fmt: skip
    row.evidence.add(*evidence)
    return row


Measure = Callable[[datetime], Decimal | None]
MEASURES: dict[str, Measure] = {}


def measure(name: str) -> Callable[[Measure], Measure]:
    """Register a pure function of time that measures an indicator; None means that nothing can be said yet."""

    def wrap(function: Measure) -> Measure:
        if name in MEASURES:
            raise ValueError(f"the measure {name!r} is registered twice")
        MEASURES[name] = function
        return function

    return wrap


@dataclass(frozen=True)
class Offered:
    """An indicator that a pack measures by itself, whether or not a plan asks for it. `key` is also the name of its measure."""

    key: str
    title_zh: str
    title_en: str
    unit: str
    definition: str
    source: str
    since: date


OFFERED: dict[str, Offered] = {}


def offer(indicator: Offered) -> None:
    """Declare an indicator of a pack; the worker makes its row when it first measures."""
    if indicator.key in OFFERED:
        raise ValueError(f"the indicator {indicator.key!r} is offered twice")
    OFFERED[indicator.key] = indicator


def make_offered() -> int:
    """Rows for offered indicators that have none yet; returns how many."""
    known = set(Indicator.objects.filter(key__in=OFFERED).values_list("key", flat=True))
    missing = [row for key, row in OFFERED.items() if key not in known]
    for row in missing:
        with transaction.atomic():
            indicator = Indicator.objects.create(key=row.key, title=row.title_zh, unit=row.unit)
            IndicatorDefinition.objects.create(
                indicator=indicator,
                since=row.since,
                text=row.definition,
                measure=row.key,
                source_clause=row.source[:300],
            )
            audit.record(None, "indicator.offer", indicator, key=row.key)
    return len(missing)


def take_measurements(at: datetime) -> int:
    """Write today's value of every measured indicator whose value changed since the last one; returns how many."""
    make_offered()
    written = 0
    day = timezone.localdate(at)
    for indicator in Indicator.objects.filter(retired_at=None):
        definition = indicator.definition_on(day)
        if definition is None or definition.measure not in MEASURES:
            continue
        value = MEASURES[definition.measure](at)
        last = indicator.values.filter(kind=IndicatorValue.Kind.MEASURED).order_by("-recorded_at", "-pk").first()
        if value is None or (last is not None and last.as_of == day and last.value == value):
            continue
        with transaction.atomic():
            row = IndicatorValue.objects.create(
                indicator=indicator, definition=definition, kind=IndicatorValue.Kind.MEASURED, value=value, as_of=day
            )
            audit.record(None, "indicator.measure", row, indicator=indicator.key, value=value)
        written += 1
    return written


# --- standing against a target (pure) -------------------------------------------------------------------------------

State = Literal["met", "on_track", "at_risk", "late", "no_data"]


@dataclass(frozen=True)
class Point:
    """A value on a day. `assumed`: nobody wrote it down, it lies on the straight line between two that somebody did."""

    day: date
    value: float
    assumed: bool = False


@dataclass(frozen=True)
class Assessment:
    """`expected`: the trajectory's value on the day of the last actual; `assumption`: the line has no interim milestone that
    a person set, so being on it or not is only an assumption."""

    state: State
    actual: float | None
    actual_on: date | None
    expected: float | None
    assumption: bool


def reaches(
    actual: float, comparator: str, value: float, value_max: float | None = None, *, falling: bool = False
) -> bool:
    """Whether an actual value satisfies a target.

    "=" and "range" of a plan are counts to be reached: more is not a miss; ">" asks for more than the value; "~" for all but 5 %
    of it. `falling`: the plan wants less than there was (年均浓度降至35), so that for these three less is not a miss; a range is
    reached at its upper end then.
    """
    if falling and comparator in ("=", "~", "range"):
        upper = value_max if comparator == "range" and value_max is not None else value
        return actual <= upper + (abs(value) * 0.05 if comparator == "~" else 0)
    match comparator:
        case ">":
            return actual > value
        case "<":
            return actual < value
        case "<=":
            return actual <= value
        case "~":
            return actual >= value - abs(value) * 0.05
        case _:
            return actual >= value


def trajectory_value(points: Sequence[Point], day: date) -> float | None:
    """The straight-line value between the neighbouring points; None before the first one."""
    before = [point for point in points if point.day <= day]
    after = [point for point in points if point.day > day]
    if not before:
        return None
    if not after:
        return before[-1].value
    a, b = before[-1], after[0]
    return a.value + (b.value - a.value) * (day - a.day).days / (b.day - a.day).days


def assess(
    trajectory: Sequence[Point], comparator: str, value_max: float | None, actuals: Sequence[Point], at: date
) -> Assessment:
    """How a target stands on a day. `trajectory` is ordered: baseline, milestones, and last the target itself.

    met: the target is reached; an upper limit, or a number that is to fall, only once its day has come. late: the deadline, or a
    milestone that a person set, has passed unreached. at risk: behind the trajectory. on track: on it or better, or within the limit
    already. no data: nothing was reported or measured. A number falls where its baseline lies above the target.
    """
    target = trajectory[-1]
    known = sorted((p for p in actuals if p.day <= at), key=lambda p: p.day)
    interim = [point for point in trajectory[1:-1] if not point.assumed]
    if not known:
        return Assessment(
            "late" if at > target.day else "no_data", None, None, trajectory_value(trajectory, at), not interim
        )
    last = known[-1]
    expected = trajectory_value(trajectory, last.day)
    falling = comparator in ("=", "~", "range") and trajectory[0].value > (value_max or target.value)
    lower_is_better = falling or comparator in ("<", "<=")
    reached = reaches(last.value, comparator, target.value, value_max, falling=falling)
    state: State
    if reached and (not lower_is_better or at >= target.day):
        state = "met"
    elif at > target.day or any(_missed(point, known, at, lower_is_better) for point in interim):
        state = "late"
    elif reached:
        state = "on_track"
    elif expected is not None and (last.value > expected if lower_is_better else last.value < expected):
        state = "at_risk"
    else:
        state = "on_track"
    return Assessment(state, last.value, last.day, expected, not interim)


def _missed(milestone: Point, actuals: Sequence[Point], at: date, lower_is_better: bool) -> bool:
    """Whether a milestone's day has passed and no value so far reached it."""
    if milestone.day >= at:
        return False
    direction = "<=" if lower_is_better else ">="
    return not any(reaches(actual.value, direction, milestone.value) for actual in actuals)
