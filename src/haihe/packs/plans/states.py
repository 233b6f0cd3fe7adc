"""How each of thousands of targets stands, told from few columns and one or two values each; `progress.standing` tells all about one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import FilteredRelation, FloatField, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from haihe.kernel.indicators import Indicator, IndicatorValue, Point, State, assess
from haihe.packs.plans.models import Milestone, Target
from haihe.packs.plans.models_supervision import Binding
from haihe.packs.plans.trajectories import Facts, trajectory

Source = tuple[int, str]  # an indicator and a kind of values
Line = tuple[int, int, int | None, Facts[float], float | None]
MEASURED, REPORTED = IndicatorValue.Kind.MEASURED.value, IndicatorValue.Kind.REPORTED.value


def states_of(targets: QuerySet[Target], at: date) -> dict[int, State]:
    """Number of the target → met, on_track, at_risk, late or no_data, in the order in which they were filed; as `standing` tells them."""
    lines, newest = _lines(targets), _newest(targets, at)
    milestones: dict[int, list[tuple[date, float, bool]]] = {}
    rows = Milestone.objects.filter(target__in=targets.order_by().values("pk")).order_by("due")
    for target, *point in rows.values_list("target", "due", _float("value"), "assumed"):
        milestones.setdefault(target, []).append((point[0], point[1], point[2]))
    sources = _sources(lines, newest)
    # Whether a milestone was ever reached is asked only where a person set one whose day is over.
    passed = {pk for pk, points in milestones.items() if any(due < at and not assumed for due, _, assumed in points)}
    extremes = _extremes({sources[pk] for pk in passed if pk in sources}, at)
    firsts = _firsts({own for _, own, _, facts, _ in lines if facts.needs_first})
    found: dict[int, State] = {}
    for pk, own, _, facts, value_max in lines:
        line = replace(facts, first=firsts.get(own)) if facts.needs_first else facts
        _, last = newest.get(sources[pk], (0, None))
        actuals = [Point(last.day, value) for value in extremes.get(sources[pk], ())] + [last] if last else []
        found[pk] = assess(trajectory(line, 0.0, milestones.get(pk, ())), line.comparator, value_max, actuals, at).state
    return found


def deciding(targets: QuerySet[Target], at: date) -> dict[int, tuple[int, str, int]]:
    """Number of the target → the indicator whose newest value decides how it stands, its kind, and the number of that value."""
    lines, newest = _lines(targets), _newest(targets, at)
    return {pk: (*source, newest[source][0]) for pk, source in _sources(lines, newest).items() if source in newest}


def _sources(lines: Iterable[Line], newest: Mapping[Source, Any]) -> dict[int, Source]:
    """Measured values decide where there are any; otherwise the reported ones of the target's own indicator."""
    return {
        pk: (bound or own, MEASURED) if (bound or own, MEASURED) in newest else (own, REPORTED) for pk, own, bound, _, _ in lines
    }  # fmt: skip


def _float(name: str) -> Cast:
    """As a float straight from the database: thousands of Decimals would take as long as all the rest."""
    return Cast(name, FloatField())


def _lines(targets: QuerySet[Target]) -> list[Line]:
    """Number, own indicator, bound indicator, facts and upper end of each target."""
    open_binding = FilteredRelation("bindings", condition=Q(bindings__ended_at=None))
    rows = targets.annotate(open_binding=open_binding).order_by("pk").values_list(
        "pk", "indicator", "open_binding__indicator", _float("value_max"), "comparator", _float("value"), "deadline", _float("baseline_value"),
        "baseline_on", "plan__period_start", "plan__issued_on", "filed_at", "indicator__title",
    )  # fmt: skip
    return [(pk, own, other, Facts(*facts), most) for pk, own, other, most, *facts in rows]


def _holding(at: date | None = None) -> QuerySet[IndicatorValue]:
    """Values that no later one corrects, up to a day."""
    rows = IndicatorValue.objects.filter(replaced_by=None)
    return rows.filter(as_of__lte=at) if at else rows


def _newest(targets: QuerySet[Target], at: date) -> dict[Source, tuple[int, Point]]:
    """Number, day and value of the newest measured and reported value of each indicator of the targets, found by the index and not by
    reading all of them."""
    plain = targets.order_by()
    bound = Binding.objects.order_by().filter(target__in=plain.values("pk"), ended_at=None).values("indicator")
    indicators = Indicator.objects.order_by().filter(Q(pk__in=plain.values("indicator")) | Q(pk__in=bound))
    of_one = _holding(at).filter(indicator=OuterRef("pk")).order_by("-as_of", "-recorded_at", "-pk").values("pk")
    asked = indicators.values_list(*(Subquery(of_one.filter(kind=kind)[:1]) for kind in (MEASURED, REPORTED)))
    ids = [pk for pair in asked for pk in pair if pk]
    rows = _by_number(ids, "pk", "indicator", "kind", "as_of")
    return {(own, kind): (pk, Point(day, value)) for pk, own, kind, day, value in rows}


def _by_number(ids: Iterable[int], *columns: str) -> Iterable[Any]:
    return IndicatorValue.objects.filter(pk__in=list(ids)).values_list(*columns, _float("value"))


def _extremes(sources: set[Source], at: date) -> dict[Source, tuple[float, float]]:
    rows = _holding(at).filter(indicator__in={own for own, _ in sources}).order_by().values_list("indicator", "kind")
    found = rows.annotate(least=Min(_float("value")), most=Max(_float("value")))
    return {(own, kind): (least, most) for own, kind, least, most in found}


def _firsts(indicators: set[int]) -> dict[int, tuple[date, float]]:
    """The oldest value of each indicator."""
    of_one = _holding().filter(indicator=OuterRef("pk")).order_by("as_of", "pk").values("pk")[:1]
    ids = Indicator.objects.filter(pk__in=indicators).values_list(Subquery(of_one), flat=True)
    return {own: (day, value) for own, day, value in _by_number([pk for pk in ids if pk], "indicator", "as_of")}
