"""Which measured indicators could serve a target: proposed by words and unit, confirmed by a person, undone by a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone
from rapidfuzz import fuzz

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.indicators import MEASURES, Indicator, IndicatorDefinition, IndicatorValue
from haihe.kernel.permissions import action
from haihe.kernel.policies import parameter
from haihe.packs.plans.models import Plan, Target
from haihe.packs.plans.models_supervision import Binding
from haihe.packs.plans.units_of_measure import compare_units

# Words that say how much rather than what; they are no ground for likeness.
_QUANTITY_WORDS = re.compile(r"(?:总数量|数量|总数|总量|个数|数)$")
_SPACES_AND_BRACKETS = re.compile(r"[\s（）()“”\"、，,]+")


@dataclass(frozen=True)
class Candidate:
    """A measured indicator that could serve a target. `likeness` 0–100; `words`: what both say, longest first; `units`: how the
    two units go together, as a pair of sentences; `latest`: its newest measured value."""

    indicator: Indicator
    likeness: int
    words: tuple[str, ...]
    units: tuple[str, str]
    latest: IndicatorValue | None


@dataclass(frozen=True)
class Suggestion:
    """A target that could measure itself. `rivals`: more than one indicator claims it, so that a person has to choose."""

    target: Target
    candidates: tuple[Candidate, ...]
    rivals: bool


def measured_indicators(day: date | None = None) -> list[Indicator]:
    """Indicators whose definition in force names a measure of a loaded pack, with definitions and measured values at hand."""
    day = day or timezone.localdate()
    rows = Indicator.objects.filter(retired_at=None, definitions__measure__in=list(MEASURES)).distinct()
    rows = rows.prefetch_related(
        Prefetch("definitions", IndicatorDefinition.objects.filter(since__lte=day).order_by("since"), "in_force")
    )
    return [row for row in rows if row.in_force and row.in_force[-1].measure in MEASURES]


def _plain(text: str) -> str:
    return _QUANTITY_WORDS.sub("", _SPACES_AND_BRACKETS.sub("", text))


def likeness(wanted: str, offered: str) -> int:
    """How alike two titles are, 0–100: all words the same is 100, one within the other 90."""
    a, b = _plain(wanted), _plain(offered)
    if min(len(a), len(b)) < 2:
        return 0
    return round(max(fuzz.ratio(a, b), 0.9 * fuzz.partial_ratio(a, b)))


def shared_words(wanted: str, offered: str) -> tuple[str, ...]:
    """The longest runs of at least two characters that both titles hold, for saying why one was proposed."""
    a, b = _plain(wanted), _plain(offered)
    runs = {a[i:j] for i in range(len(a)) for j in range(i + 2, len(a) + 1) if a[i:j] in b}
    kept: list[str] = []
    for run in sorted(runs, key=lambda run: (-len(run), a.index(run))):
        if not any(run in longer for longer in kept):
            kept.append(run)
    return tuple(kept[:3])


def candidates_of(target: Target, offered: Sequence[Indicator], day: date | None = None) -> tuple[Candidate, ...]:
    """The indicators to propose for a target, best first: their unit fits and their words are alike enough."""
    least = int(parameter("plans.bind_least_likeness", day or timezone.localdate()))
    found = []
    for indicator in offered:
        fit = compare_units(target.indicator.unit, indicator.unit)
        if fit is None or indicator.pk == target.indicator_id:
            continue
        score = likeness(target.indicator.title, indicator.title) - fit.penalty
        words = shared_words(target.indicator.title, indicator.title)
        if score >= least and words:
            found.append(Candidate(indicator, score, words, fit.sentence, latest_measured(indicator)))
    return tuple(sorted(found, key=lambda c: (-c.likeness, c.indicator.key)))


def latest_measured(indicator: Indicator) -> IndicatorValue | None:
    return indicator.values.filter(kind=IndicatorValue.Kind.MEASURED).order_by("-as_of", "-recorded_at", "-pk").first()


def are_rivals(candidates: Sequence[Candidate], day: date | None = None) -> bool:
    """Whether the best two are so close that words alone must not decide."""
    near = int(parameter("plans.bind_rival_points", day or timezone.localdate()))
    return len(candidates) > 1 and candidates[0].likeness - candidates[1].likeness < near


def suggestions(plans: Iterable[Plan]) -> list[Suggestion]:
    """Targets of these plans that nothing measures yet and for which an indicator could be proposed."""
    from haihe.packs.plans.progress import leading_targets

    offered = measured_indicators()
    if not offered:
        return []
    # Titles and units tell; only the targets for which something is proposed are shown, and few of thousands are.
    free = leading_targets(plans).exclude(Exists(Binding.objects.filter(target=OuterRef("pk"), ended_at=None)))
    rows = (
        free.exclude(indicator__in=offered)
        .prefetch_related(None)
        .select_related("indicator", "plan")
        .defer("plan__content")
    )
    found = []
    for target in rows:
        proposed = candidates_of(target, offered)
        if proposed:
            found.append(Suggestion(target, proposed, are_rivals(proposed)))
    return sorted(found, key=lambda s: (s.rivals, -s.candidates[0].likeness, s.target.pk))


# --- what a person decides ------------------------------------------------------------------------------------------


@action("target.bind", "绑定测得指标", "bind a measured indicator to a target", roles=[Role.SUPERVISOR])
def bind(account: Account, target: Target, *, indicator: Indicator, reason: str) -> Binding:
    """From now on the indicator's measured values decide how the target stands. InvalidInput: its unit does not fit, or nothing
    measures it; Conflict: another indicator serves the target already."""
    _demand_reason(reason)
    _demand_free(target, indicator)
    fit = compare_units(target.indicator.unit, indicator.unit)
    if fit is None:
        raise InvalidInput(
            f"单位不一致：指标用“{target.indicator.unit}”，测得值用“{indicator.unit}”。",
            f"The units differ: {target.indicator.unit!r} and {indicator.unit!r}.",
            where=indicator.key, to_do_zh="请选择单位相同的测得指标。", to_do_en="Choose an indicator in the same unit.",
        )  # fmt: skip
    if indicator.pk not in {row.pk for row in measured_indicators()}:
        raise InvalidInput(
            "该指标没有系统测得的数值。", "Nothing measures this indicator.", where=indicator.key,
            to_do_zh="请在“可自动测得的指标”页选择。", to_do_en="Choose one on the page of targets that could measure themselves.",
        )  # fmt: skip
    score = max(0, likeness(target.indicator.title, indicator.title) - fit.penalty)
    grounds = {"words": list(shared_words(target.indicator.title, indicator.title)), "units": list(fit.sentence)}
    audit.note(indicator=indicator.key, reason=reason.strip(), likeness=score)
    return Binding.objects.create(
        target=target, indicator=indicator, likeness=score, grounds=grounds, reason=reason.strip(), made_by=account
    )


def _demand_free(target: Target, indicator: Indicator) -> None:
    held = target.bindings.filter(ended_at=None).select_related("indicator", "made_by").first()
    if target.repeat_of_id:
        raise Conflict(
            "该指标是重复表述，请绑定到为准的一项。",
            "This target repeats another one: bind that one.",
            where=str(target),
        )
    if held is not None and held.indicator_id == indicator.pk:
        raise Conflict("已绑定该测得指标。", "This indicator serves the target already.", where=indicator.key)
    if held is not None:
        raise Conflict(
            f"两项指标争用：该目标已由“{held.indicator.title}”测得（{held.made_by} 绑定）。",
            f"Two indicators claim this target: {held.indicator.title!r} serves it already (bound by {held.made_by}).",
            where=indicator.key, to_do_zh="请先解除现有绑定并写明原因，再绑定新的。", to_do_en="Undo the present binding with a reason first.",
        )  # fmt: skip


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput("请写明理由。", "Give a reason.", where="reason")


@action("target.unbind", "解除绑定", "undo the binding of a measured indicator", roles=[Role.SUPERVISOR])
def unbind(account: Account, target: Target, *, reason: str) -> Binding:
    """The target stands by what is reported again; what was measured meanwhile stays on the indicator."""
    _demand_reason(reason)
    held = target.bindings.filter(ended_at=None).select_related("indicator").first()
    if held is None:
        raise Conflict("该目标没有绑定测得指标。", "No measured indicator serves this target.", where=str(target))
    held.ended_by, held.ended_at, held.end_reason = account, timezone.now(), reason.strip()
    held.save(update_fields=["ended_by", "ended_at", "end_reason"])
    audit.note(indicator=held.indicator.key, reason=reason.strip())
    return held


@action("target.redefine", "修订指标口径", "change the definition of a target's indicator", roles=[Role.SUPERVISOR])
def redefine(account: Account, target: Target, *, text: str, since: date, source: str) -> IndicatorDefinition:
    """A definition of its own indicator that holds from `since` on; values before stay under the earlier one, and pace is never
    computed across the two. What a pack measures is defined by the pack."""
    indicator = target.indicator
    if not text.strip() or not source.strip():
        raise InvalidInput("请写明口径和依据。", "Say what is counted, and on what ground.", where="text")
    last = indicator.definitions.order_by("-since").first()
    if last is not None and since <= last.since:
        raise Conflict(
            f"新口径须晚于现行口径的起始日（{last.since}）。",
            f"A new definition begins after the present one ({last.since}).",
            where="since",
        )
    audit.note(before=last.text if last else "", after=text.strip(), since=since, source=source.strip())
    return IndicatorDefinition.objects.create(
        indicator=indicator, since=since, text=text.strip(), source_clause=source.strip()[:300], decided_by=account,
        measure=last.measure if last else "",
    )  # fmt: skip


def serves(indicator: Indicator, at: datetime | None = None) -> list[Target]:
    """The targets that an indicator serves now."""
    rows = Binding.objects.filter(indicator=indicator, ended_at=None).select_related(
        "target__indicator", "target__plan"
    )
    return [row.target for row in rows]
