"""Indicators: what is counted, how, since when; its measured and reported values; and how it stands against a target.

Measured values come from pure functions of time registered with @measure; reported ones from a person, with evidence. Both are
kept side by side and never overwritten (database triggers, migration 0002): a correction is a new row that names the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import structlog
from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import visible

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

log = structlog.get_logger()


class Indicator(models.Model):
    """Something that is counted. `key` is stable and typed by people: ai.industry_scale.

    `measured_at`: when its measure last answered, whether or not the value changed; `failing_since`, `failure`: since when and
    how the measure fails, until it answers again."""

    key = models.SlugField(max_length=80, unique=True, allow_unicode=True)
    title = models.CharField("名称", max_length=200)
    unit = models.CharField("单位", max_length=30, blank=True)
    owner = models.ForeignKey("kernel.Organisation", models.PROTECT, null=True, blank=True, related_name="indicators")
    retired_at = models.DateTimeField(null=True, blank=True)
    measured_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    failure = models.CharField(max_length=300, blank=True, editable=False)

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

    class Meta:
        # The newest value of each of thousands of indicators is found without reading the others.
        indexes = [models.Index(fields=["indicator", "kind", "-as_of", "-recorded_at"], name="kernel_newest_value")]


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
class RowBehind:
    """One row that a number is made of. `value`: what it contributes; `since`: from when on it has counted; `link`: its page;
    `evidence`: how many files were handed in for it; `unit`: whose it is, with a note where that unit was dissolved; `subject`:
    the record itself, which decides who may see title and link."""

    title: str
    link: str
    state: str
    value: Decimal
    evidence: int
    since: datetime | None
    unit: str = ""
    subject: models.Model | None = None


@dataclass(frozen=True)
class Offered:
    """An indicator that a pack measures by itself, whether or not a plan asks for it. `key` is also the name of its measure.

    `rows`: the rows that the number was made of at an instant, for leading down from it. A definition that changes is
    offered with another `since`: the old one stays, and values keep the definition under which they were measured."""

    key: str
    title_zh: str
    title_en: str
    unit: str
    definition: str
    source: str
    since: date
    rows: Callable[[datetime], Sequence[RowBehind]] | None = None


OFFERED: dict[str, Offered] = {}


def offer(indicator: Offered) -> None:
    """Declare an indicator of a pack; the worker makes its row when it first measures."""
    if indicator.key in OFFERED:
        raise ValueError(f"the indicator {indicator.key!r} is offered twice")
    OFFERED[indicator.key] = indicator


def make_offered() -> int:
    """Rows for offered indicators, and for the definitions of later days that a pack offers for them; returns how many."""
    known = set(IndicatorDefinition.objects.filter(indicator__key__in=OFFERED).values_list("indicator__key", "since"))
    missing = [row for row in OFFERED.values() if (row.key, row.since) not in known]
    made = 0
    for row in missing:
        with transaction.atomic():
            indicator, _ = Indicator.objects.get_or_create(
                key=row.key, defaults={"title": row.title_zh, "unit": row.unit}
            )
            # Another process may have come to the same between our look and here.
            _, fresh = IndicatorDefinition.objects.get_or_create(
                indicator=indicator,
                since=row.since,
                defaults={"text": row.definition, "measure": row.key, "source_clause": row.source[:300]},
            )
            if fresh:
                audit.record(None, "indicator.offer", indicator, key=row.key, since=row.since)
                made += 1
    return made


def take_measurements(at: datetime) -> int:
    """Write today's value of every measured indicator whose value changed since the last one; returns how many.

    A measure that fails does not stop the others: its failure is noted on the indicator and in the audit record, once when it
    begins and once when it is over."""
    make_offered()
    return _measure_all(Indicator.objects.filter(retired_at=None), at)


def measure_now(keys: Sequence[str], at: datetime | None = None) -> int:
    """The same at once for a few indicators, by their keys: for whoever knows that something just moved them. With `at` in the
    past: what a measure that reads a history says about that day."""
    make_offered()
    return _measure_all(Indicator.objects.filter(retired_at=None, key__in=keys), at or timezone.now())


def _measure_all(indicators: models.QuerySet[Indicator], at: datetime) -> int:
    written = 0
    answered: list[Indicator] = []
    for indicator in indicators:
        definition = indicator.definition_on(timezone.localdate(at))
        if definition is None or definition.measure not in MEASURES:
            continue
        try:
            value = MEASURES[definition.measure](at)
            written += value is not None and _write_measured(indicator, definition, value, at)
        except Exception as error:
            _note_failure(indicator, error, at)
            continue
        if value is not None or indicator.failing_since is not None:
            answered.append(indicator)
    _note_answers(answered, at)
    return written


def _write_measured(indicator: Indicator, definition: IndicatorDefinition, value: Decimal, at: datetime) -> bool:
    """Whether the value is new: on another day, under another definition, or another number."""
    day = timezone.localdate(at)
    if _is_written(indicator, definition, value, day):
        return False
    with transaction.atomic():
        # Whoever reviews and the worker may measure in the same instant: one of them writes the number. One who looked earlier and took
        # longer has a number that is no longer true: the day keeps that of the later look.
        last = Indicator.objects.select_for_update().get(pk=indicator.pk).measured_at
        if last is not None and last > at and timezone.localdate(last) == day:
            return False
        if _is_written(indicator, definition, value, day):
            return False
        _note_looked([indicator], at)
        row = IndicatorValue.objects.create(
            indicator=indicator, definition=definition, kind=IndicatorValue.Kind.MEASURED, value=value, as_of=day
        )
        audit.record(None, "indicator.measure", row, indicator=indicator.key, value=value)
    return True


def _is_written(indicator: Indicator, definition: IndicatorDefinition, value: Decimal, day: date) -> bool:
    last = indicator.values.filter(kind=IndicatorValue.Kind.MEASURED).order_by("-recorded_at", "-pk").first()
    return last is not None and (last.as_of, last.value, last.definition_id) == (day, value, definition.pk)


def _note_failure(indicator: Indicator, error: Exception, at: datetime) -> None:
    said = f"{type(error).__name__}: {error}"[:300]
    if indicator.failing_since is not None and indicator.failure == said:
        return
    log.error("measure fails", indicator=indicator.key, error=said)
    with transaction.atomic():
        since = indicator.failing_since or at
        Indicator.objects.filter(pk=indicator.pk).update(failing_since=since, failure=said)
        audit.record(None, "indicator.fail", indicator, key=indicator.key, error=said)


def _note_answers(answered: Sequence[Indicator], at: datetime) -> None:
    """The instant at which each number was true, in one statement for all of them."""
    with transaction.atomic():
        for indicator in answered:
            if indicator.failing_since is not None:
                log.info("measure works again", indicator=indicator.key)
                audit.record(None, "indicator.works_again", indicator, key=indicator.key)
        Indicator.objects.filter(pk__in=[i.pk for i in answered]).update(failing_since=None, failure="")
        _note_looked(answered, at)


def _note_looked(measured: Sequence[Indicator], at: datetime) -> None:
    """A look that ends after a later one does not take it back."""
    Indicator.objects.filter(pk__in=[i.pk for i in measured]).exclude(measured_at__gt=at).update(measured_at=at)


# --- leading down from a number ---------------------------------------------------------------------------------------


def rows_behind(indicator: Indicator, at: date | datetime, account: Account | None = None) -> list[RowBehind]:
    """The rows that the indicator's measure counts at an instant, or at the end of a day; none where it declares none.

    With an `account`, rows that it may not see keep their value and state but lose title, link and unit."""
    instant, day = _instant_and_day(at)
    definition = indicator.definition_on(day)
    offered = OFFERED.get(definition.measure) if definition is not None else None
    rows = list(offered.rows(instant)) if offered is not None and offered.rows is not None else []
    return rows if account is None else _only_seen(account, rows)


def _instant_and_day(at: date | datetime) -> tuple[datetime, date]:
    if isinstance(at, datetime):
        return at, timezone.localdate(at)
    return min(timezone.now(), timezone.make_aware(datetime.combine(at, time.max))), at


def _only_seen(account: Account, rows: Sequence[RowBehind]) -> list[RowBehind]:
    by_model: dict[type[models.Model], list[Any]] = {}
    for row in rows:
        if row.subject is not None:
            by_model.setdefault(type(row.subject), []).append(row.subject.pk)
    seen = {
        (model, pk)
        for model, pks in by_model.items()
        for pk in visible(account, model._default_manager.filter(pk__in=pks)).values_list("pk", flat=True)
    }
    return [row if row.subject is None or (type(row.subject), row.subject.pk) in seen else _hidden(row) for row in rows]


def _hidden(row: RowBehind) -> RowBehind:
    title = pick("（其他单位的登记项）", "(an entry of another unit)")
    return replace(row, title=title, link="", unit="", subject=None)


def last_true(indicator: Indicator) -> datetime | None:
    """When the indicator's number was last true: the instant at which its measure last answered with it; for a reported number the
    beginning of the day that it is about. None where there is no number yet."""
    if indicator.measured_at is not None:
        return indicator.measured_at
    last = indicator.values_up_to(timezone.localdate()).first()
    if last is None:
        return None
    if last.kind == IndicatorValue.Kind.MEASURED:
        return last.recorded_at
    return timezone.make_aware(datetime.combine(last.as_of, time.min))


# --- standing against a target (pure) -------------------------------------------------------------------------------

State = Literal["met", "on_track", "at_risk", "late", "no_data"]


class Point(NamedTuple):
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
    a = b = None
    for point in points:
        if point.day <= day:
            a = point
        elif b is None:
            b = point
    if a is None or b is None:
        return a.value if a else None
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
