"""Rules as people see them: what is watched, by which limits and on whose word, and what other limits would have raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.alerts import board, lifecycle
from haihe.kernel.alerts.models import RuleStatus
from haihe.kernel.alerts.processing import parameter_of
from haihe.kernel.alerts.replay import get_judging_rule, get_rule
from haihe.kernel.alerts.rules import Rule
from haihe.kernel.alerts.trial import LONGEST, Compared, Trial, prepare_trial, run_trial
from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import allows
from haihe.kernel.policies import Parameter, all_parameters
from haihe.kernel.things import Thing
from haihe.web import jobs
from haihe.web.pages import AccountRequest, go
from haihe.web.site import pages
from haihe.web.units import in_words

SHOWN = 50


# --- values of parameters as fields of a form -----------------------------------------------------------------------


def fields_of(parameter: Parameter, day: date) -> list[dict[str, Any]]:
    """One field a number: a value by use has several, hours have two. `name` is what the form sends."""
    value, name = parameter.on(day).value, parameter.key.partition(".")[2]
    return [{"name": key, "of": _called(parameter, of), "value": number} for key, of, number in _flat(name, (), value)]


def _called(parameter: Parameter, of: tuple[str, ...]) -> str:
    """What people call a part of the parameter's value."""
    return " ".join(pick(*parameter.names.get(part, (part, part))) for part in of)


def _flat(name: str, of: tuple[str, ...], value: Any) -> Iterable[tuple[str, tuple[str, ...], Any]]:
    """Each number in a value: its name in the form, the parts that lead to it, itself."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{name}:{key}", (*of, key), each)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield f"{name}:{place}", (*of, str(place + 1)), each
    else:
        yield name, of, value


def changed_by(rule: Rule, form: Any, day: date) -> dict[str, Any]:
    """The parameters whose fields differ from the values in force; an empty field means "no limit"."""
    changed = {}
    for key in rule.parameters:
        known = parameter_of(f"{rule.pack}.{key}").on(day).value
        given = _read(key, known, form)
        if given != known:
            changed[key] = given
    return changed


def _read(name: str, known: Any, form: Any) -> Any:
    if isinstance(known, dict):
        return {key: _read(f"{name}:{key}", each, form) for key, each in known.items()}
    if isinstance(known, list):
        return [_read(f"{name}:{place}", each, form) for place, each in enumerate(known)]
    if name not in form:
        return known
    text = str(form[name]).strip()
    try:
        return None if not text else float(text) if "." in text else int(text)
    except ValueError:
        raise InvalidInput("请填写数字。", "Give a number.", where=name) from None


# --- pages ----------------------------------------------------------------------------------------------------------


def _parameters(rule: Rule) -> list[dict[str, Any]]:
    today, found = timezone.localdate(), []
    known = all_parameters()
    for parameter in [known[f"{rule.pack}.{key}"] for key in rule.parameters if f"{rule.pack}.{key}" in known]:
        value, key = parameter.on(today), parameter.key.partition(".")[2]
        found.append({
            "key": key, "title": pick(parameter.title_zh, parameter.title_en), "unit": in_words(parameter.unit), "since": value.since,
            "source": value.source, "is_verified": value.is_verified, "fields": fields_of(parameter, today),
        })  # fmt: skip
    return found


@pages.page("rules/", "rules", permission="alert.read")
def rules(request: AccountRequest) -> HttpResponse:
    raised = board.counts_by_rule(request.user, timezone.now() - timedelta(days=7))
    rows = [
        {"rule": row.rule, "title": pick(row.rule.title_zh, row.rule.title_en), "status": row.status, "raised": raised.get(row.rule.name, 0),
         "unverified": sum(not p["is_verified"] for p in _parameters(row.rule)), "parameters": len(row.rule.parameters)}
        for row in board.list_rules()
    ]  # fmt: skip
    return render(request, "web/rules.html", {"rows": rows})


@pages.page("rules/<str:rule>/", "rule", permission="alert.read", methods=("GET", "POST"))
def rule(request: AccountRequest, rule: str) -> HttpResponse:
    found = get_rule(rule)
    if request.method == "POST":
        enabled = request.POST.get("enabled") == "1"
        lifecycle.switch_rule(request.user, None, rule=rule, enabled=enabled, reason=request.POST.get("reason", ""))
        messages.success(request, pick("已记录。", "Recorded."))
        return go(request, reverse("web:rule", args=[rule]))
    today = timezone.localdate()
    content = {
        "rule": found, "title": pick(found.title_zh, found.title_en), "parameters": _parameters(found),
        "status": RuleStatus.objects.filter(rule=rule).first() or RuleStatus(rule=rule), "since": today - timedelta(days=7), "until": today,
        "may_switch": allows(request.user, "rule.switch"), "may_try": bool(found.table) and allows(request.user, "rule.try"), "longest": LONGEST.days,
    }  # fmt: skip
    return render(request, "web/rule.html", content)


@pages.page("rules/<str:rule>/trials/", "rule_try", permission="rule.try", methods=("POST",))
def try_rule(request: AccountRequest, rule: str) -> HttpResponse:
    found, today = get_judging_rule(rule), timezone.localdate()
    trial = prepare_trial(
        request.user, None, rule=rule, since=_day(request.POST.get("since", ""), "since"),
        until=_day(request.POST.get("until", ""), "until") + timedelta(days=1), changed=changed_by(found, request.POST, today),
    )  # fmt: skip
    job = jobs.start(request.user, trial, lambda tell: run_trial(trial, tell))
    return go(request, reverse("web:rule_trial", args=[rule, job.key]))


def _day(text: str, where: str) -> datetime:
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time()))
    except ValueError:
        raise InvalidInput("请选择日期。", "Choose a day.", where=where) from None


@pages.page("rules/<str:rule>/trials/<str:key>/", "rule_trial", permission="rule.try")
def trial(request: AccountRequest, rule: str, key: str) -> HttpResponse:
    job = jobs.find(request.user, key)
    told: Trial = job.about
    content: dict[str, Any] = {
        "rule": told.rule, "title": pick(told.rule.title_zh, told.rule.title_en), "trial": told, "job": job,
        "until": told.until - timedelta(microseconds=1), "changed": _changes(told), "error": job.error and job.error.sentence(pick("zh", "en")),
    }  # fmt: skip
    if job.result is not None:
        content |= _comparison(job.result)
    return render(request, "web/rule_trial.html", content)


def _changes(told: Trial) -> list[dict[str, Any]]:
    """Each changed number: what it is, what is in force, what was tried."""
    today, found = timezone.localdate(), []
    for key, given in told.changed.items():
        parameter = parameter_of(f"{told.rule.pack}.{key}")
        for (_, of, before), (_, _, after) in zip(
            _flat(key, (), parameter.on(today).value), _flat(key, (), given), strict=True
        ):
            if before != after:
                found.append({"title": pick(parameter.title_zh, parameter.title_en), "of": _called(parameter, of), "before": before, "after": after, "unit": in_words(parameter.unit)})  # fmt: skip
    return found


def _comparison(result: Compared) -> dict[str, Any]:
    now, then = result.now.raised, result.then.raised
    of_thing = Counter(alert.thing for alert in now), Counter(alert.thing for alert in then)
    of_day = tuple(Counter(timezone.localdate(alert.raised_at) for alert in found) for found in (now, then))
    things = sorted(
        set(of_thing[0]) | set(of_thing[1]),
        key=lambda pk: (-abs(of_thing[1][pk] - of_thing[0][pk]), -of_thing[1][pk], pk),
    )
    names = Thing.objects.in_bulk(things[:SHOWN])
    first, last = (
        timezone.localdate(result.trial.since),
        timezone.localdate(result.trial.until - timedelta(microseconds=1)),
    )
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    most = max([1, *of_day[0].values(), *of_day[1].values()])
    return {
        "now": len(now), "then": len(then), "rows": result.now.rows,
        "days": [{"day": day, "now": of_day[0][day], "then": of_day[1][day], "now_share": 100 * of_day[0][day] / most,
                  "then_share": 100 * of_day[1][day] / most} for day in days],
        "things": [{"thing": names[pk], "now": of_thing[0][pk], "then": of_thing[1][pk]} for pk in things[:SHOWN] if pk in names],
        "more": max(0, len(things) - SHOWN),
    }  # fmt: skip


pages.in_nav("rules", two("预警规则", "Rules"), order=30, group="supervision", roles=["supervisor", "viewer"])
