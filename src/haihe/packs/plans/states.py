"""How each of thousands of targets stands, told from few columns and one or two values each; `progress.standing` tells all about one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Exists, F, FilteredRelation, FloatField, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, JSONObject

from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue, Point, State, assess
from haihe.packs.plans.models import Milestone, Target
from haihe.packs.plans.models_supervision import Binding
from haihe.packs.plans.trajectories import Facts, trajectory

Source = tuple[int, str]  # an indicator and a kind of values
MEASURED, REPORTED = IndicatorValue.Kind.MEASURED.value, IndicatorValue.Kind.REPORTED.value


class Line(NamedTuple):
    """A target: its own indicator, facts and upper end, and the newest of the values that decide how it stands, where there is one."""

    pk: int
    indicator: int
    facts: Facts[float]
    value_max: float | None
    source: Source | None
    last: Point | None


def states_of(targets: QuerySet[Target], at: date) -> dict[int, State]:
    """Number of the target → met, on_track, at_risk, late or no_data, in the order in which they were filed; as `standing` tells them."""
    lines = _lines(targets, at)
    milestones: dict[int, list[tuple[date, float, bool]]] = {}
    rows = Milestone.objects.filter(target__in=targets.order_by().values("pk")).order_by("due")
    for target, *point in rows.values_list("target", "due", _float("value"), "assumed"):
        milestones.setdefault(target, []).append((point[0], point[1], point[2]))
    # Whether a milestone was ever reached is asked only where a person set one whose day is over.
    passed = {pk for pk, points in milestones.items() if any(due < at and not assumed for due, _, assumed in points)}
    extremes = _extremes({line.source for line in lines if line.source and line.pk in passed}, at)
    firsts = _firsts({line.indicator for line in lines if line.facts.needs_first})
    filed = _filed([line.pk for line in lines if line.facts.needs_filing])
    found: dict[int, State] = {}
    for pk, own, facts, value_max, source, last in lines:
        if facts.needs_first or facts.needs_filing:
            facts = facts._replace(first=firsts.get(own) if facts.needs_first else None, filed_at=filed.get(pk))
        actuals = [Point(last.day, value) for value in extremes.get(source, ())] + [last] if source and last else []
        found[pk] = assess(
            trajectory(facts, 0.0, milestones.get(pk, ())), facts.comparator, value_max, actuals, at
        ).state
    return found


def deciding(targets: QuerySet[Target], at: date) -> dict[int, tuple[int, str, bool]]:
    """Number of the target → the indicator whose newest value decides how it stands, its kind, and whether that value has evidence."""
    evidence = IndicatorValue.evidence.through.objects.filter(indicatorvalue=OuterRef("pk"))
    rows = _with_newest(targets, at, proven=Exists(evidence)).order_by("pk")
    asked = rows.values_list("pk", "indicator", "open_binding__indicator", "newest")
    return {pk: (*_source(own, bound, newest), bool(newest["proven"])) for pk, own, bound, newest in asked if newest}


def definitions_behind(targets: QuerySet[Target]) -> QuerySet[IndicatorDefinition]:
    """All definitions of the indicators of the targets, own and bound ones."""
    plain = targets.order_by()
    bound = Binding.objects.order_by().filter(target__in=plain.values("pk"), ended_at=None)
    of_either = Q(indicator__in=plain.values("indicator")) | Q(indicator__in=bound.values("indicator"))
    return IndicatorDefinition.objects.filter(of_either)


def _float(name: str) -> Cast:
    """As a float straight from the database: thousands of Decimals would take as long as all the rest."""
    return Cast(name, FloatField())


def _with_newest(targets: QuerySet[Target], at: date, **more: Any) -> QuerySet[Any]:
    """The targets with `newest`: kind, day and value (and `more`) of the newest value that decides. Measured values do where there are
    any; otherwise the reported ones of the target's own indicator. Each is found by the index, and by one question for all targets:
    a list of thousands of numbers costs both sides more than the answer. (On SQLite a value keeps 15 digits on this way, as each Decimal does.)"""
    columns = JSONObject(kind=F("kind"), day=F("as_of"), value=_float("value"), **more)
    newest = _holding(at).order_by("-as_of", "-recorded_at", "-pk").values_list(columns)
    source = Coalesce(OuterRef("open_binding__indicator"), OuterRef("indicator"))
    return targets.annotate(open_binding=FilteredRelation("bindings", condition=Q(bindings__ended_at=None))).annotate(
        newest=Coalesce(
            Subquery(newest.filter(kind=MEASURED, indicator=source)[:1]),
            Subquery(newest.filter(kind=REPORTED, indicator=OuterRef("indicator"))[:1]),
        )
    )


def _source(own: int, bound: int | None, newest: dict[str, Any]) -> Source:
    return (bound or own, MEASURED) if newest["kind"] == MEASURED else (own, REPORTED)


def _lines(targets: QuerySet[Target], at: date) -> list[Line]:
    rows = _with_newest(targets, at).order_by("pk").values_list(
        "pk", "indicator", "open_binding__indicator", "newest", _float("value_max"), "comparator", _float("value"), "deadline",
        _float("baseline_value"), "baseline_on", "plan__period_start", "plan__issued_on", "indicator__title",
    )  # fmt: skip
    return [_line(*row) for row in rows]


def _line(pk: int, own: int, bound: int | None, newest: dict[str, Any] | None, most: float | None, *facts: Any) -> Line:
    if newest is None:
        return Line(pk, own, Facts(*facts), most, None, None)
    last = Point(date.fromisoformat(newest["day"]), float(newest["value"]))
    return Line(pk, own, Facts(*facts), most, _source(own, bound, newest), last)


def _holding(at: date | None = None) -> QuerySet[IndicatorValue]:
    """Values that no later one corrects, up to a day."""
    rows = IndicatorValue.objects.filter(replaced_by=None)
    return rows.filter(as_of__lte=at) if at else rows


def _extremes(sources: set[Source], at: date) -> dict[Source, tuple[float, float]]:
    rows = _holding(at).filter(indicator__in={own for own, _ in sources}).order_by().values_list("indicator", "kind")
    found = rows.annotate(least=Min(_float("value")), most=Max(_float("value")))
    return {(own, kind): (least, most) for own, kind, least, most in found}


def _firsts(indicators: set[int]) -> dict[int, tuple[date, float]]:
    """The oldest value of each indicator."""
    of_one = _holding().filter(indicator=OuterRef("pk")).order_by("as_of", "pk").values("pk")[:1]
    ids = Indicator.objects.filter(pk__in=indicators).values_list(Subquery(of_one), flat=True)
    rows = IndicatorValue.objects.filter(pk__in=[pk for pk in ids if pk]).values_list(
        "indicator", "as_of", _float("value")
    )
    return {own: (day, value) for own, day, value in rows}


def _filed(targets: Iterable[int]) -> dict[int, Any]:
    return dict(Target.objects.filter(pk__in=list(targets)).order_by().values_list("pk", "filed_at"))
