"""The alerts board: what rules of any pack have raised, the most pressing first, and what people do about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.alerts import board, lifecycle
from haihe.kernel.alerts.models import Alert
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.cases import Case
from haihe.kernel.errors import Conflict, HaiheError, InvalidInput, NotAllowed
from haihe.kernel.identity import Account
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import ACTIONS, allows, visible
from haihe.kernel.things import Thing
from haihe.web.fields import ids_in, visible_row
from haihe.web.pages import AccountRequest, go, may
from haihe.web.paging import page_of
from haihe.web.site import pages
from haihe.web.units import in_words

ROWS_A_PAGE = 50
# Kind of thing → its page; a pack that shows the kind adds itself (`PAGE_OF_KIND["vehicle"] = …`).
PAGE_OF_KIND: dict[str, Callable[[Thing], str]] = {}
# Rule → what its pack adds to the page of an alert of it: a template and what it shows as `card`, or None (`CARD_OF_RULE["…"] = …`).
CARD_OF_RULE: dict[str, Callable[[AccountRequest, Alert], tuple[str, dict[str, Any]] | None]] = {}
SEVERITIES = {
    "Extreme": ("特别严重", "Extreme", "red"), "Severe": ("严重", "Severe", "red"), "Moderate": ("较重", "Moderate", "amber"), "Minor": ("一般", "Minor", "blue"),
    "Unknown": ("未定级", "Unknown", ""),
}  # fmt: skip
LEVEL_COLOUR = {"raised": "red", "warning": "amber"}
PLACE = ("longitude_deg", "latitude_deg")
STATE_COLOUR = {"raised": "red", "acknowledged": "amber", "handled": "blue", "ended": "green", "false_alarm": ""}
STEPS: dict[str, tuple[str, Callable[..., Alert], str, str]] = {
    "acknowledge": ("alert.acknowledge", lifecycle.acknowledge, "受理", "Acknowledge"),
    "handle": ("alert.handle", lifecycle.handle, "处置完毕", "Handled"),
    "false-alarm": ("alert.false_alarm", lifecycle.call_false_alarm, "标为误报", "False alarm"),
    "end": ("alert.end", lifecycle.end, "审核通过，结束", "Accept and end"),
}
NEXT = {
    Alert.State.RAISED: ("acknowledge", "handle", "false-alarm"), Alert.State.ACKNOWLEDGED: ("handle", "false-alarm"), Alert.State.HANDLED: ("end", "false-alarm"),
}  # fmt: skip


def _row(alert: Alert) -> dict[str, Any]:
    zh, en, colour = SEVERITIES.get(alert.severity, SEVERITIES["Unknown"])
    return {
        "alert": alert, "severity": pick(zh, en), "colour": colour, "state_colour": STATE_COLOUR[alert.state], "level_colour": LEVEL_COLOUR.get(alert.level, ""),
    }  # fmt: skip


def _cases_of(account: Account, alerts: Sequence[Alert]) -> dict[int, Case]:
    """Alert → the newest case about it that the account may see."""
    about = Case.objects.filter(about_type=Alert._meta.label_lower, about_id__in=[str(alert.pk) for alert in alerts])
    return {int(case.about_id): case for case in visible(account, about).order_by("pk")}


def _facts(alert: Alert) -> list[tuple[str, str]]:
    """What the rule noted, in words: a rule names its facts as `facts = {key: (zh, en, unit)}`. Where it happened is shown as a map."""
    named = getattr(RULES.get(alert.rule), "facts", {})
    found = []
    for key, value in sorted(alert.evidence.items()):
        if key in PLACE or value is None:
            continue
        zh, en, unit = named.get(key, (key, key, ""))
        written = f"{value:,.1f}".removesuffix(".0") if isinstance(value, int | float) else str(value)
        found.append((pick(zh, en), f"{written} {in_words(unit)}".strip()))
    return found


def _place(alert: Alert) -> tuple[float, float] | None:
    where = [alert.evidence.get(name) for name in PLACE]
    return (float(where[0]), float(where[1])) if all(isinstance(value, int | float) for value in where) else None


@pages.page("alerts/", "alerts", permission="alert.read")
def alerts(request: AccountRequest) -> HttpResponse:
    chosen = {name: request.GET.get(name, "") for name in ("severity", "rule", "state", "level")}
    states = (
        (chosen["state"],) if chosen["state"] in Alert.State.values else () if chosen["state"] == "all" else Alert.OPEN
    )
    words = request.GET.get("q", "").strip()[:60]
    found = board.visible_alerts(
        request.user, states=states, severity=chosen["severity"], rule=chosen["rule"], level=chosen["level"] or "raised", words=words
    )  # fmt: skip
    counts = board.counts_by_severity(request.user)
    page = page_of(request, found, ROWS_A_PAGE)
    cases = _cases_of(request.user, list(page))
    content = {
        "rows": [{**_row(alert), "case": cases.get(alert.pk)} for alert in page], "page": page, "chosen": chosen, "q": words, "states": Alert.State.choices,
        "steps": [(name, pick(zh, en)) for name, (action, _, zh, en) in STEPS.items() if may(request.user, action)],
        "open": sum(counts.values()), "severities": [(key, pick(zh, en)) for key, (zh, en, _) in SEVERITIES.items()],
        "counts": [{"key": key, "title": pick(*SEVERITIES[key][:2]), "colour": SEVERITIES[key][2], "count": n} for key, n in counts.items() if key in SEVERITIES],
        "today": board.counts_by_state(request.user, timezone.now() - timedelta(hours=24)), "rules": board.list_rules(),
    }  # fmt: skip
    return render(request, "web/alerts.html", content)


@pages.page("alerts/steps/", "alert_steps", permission="alert.read", methods=("POST",))
def alert_steps(request: AccountRequest) -> HttpResponse:
    """One step for all alerts that were ticked, each as on its own page. Where it does not fit (any more) nothing is changed, and that is said."""
    _, take, zh, en = _step(request.POST.get("step", ""))
    ticked = list(visible(request.user, Alert.objects.filter(pk__in=ids_in(request, "alert"))).order_by("pk"))
    if not ticked:
        raise InvalidInput("请先勾选预警。", "Tick the alerts first.", where="alert")
    refused: list[HaiheError] = []
    for alert in ticked:
        try:
            take(request.user, alert, text=request.POST.get("text", ""))
        except (Conflict, NotAllowed) as error:
            refused.append(error)
    done = len(ticked) - len(refused)
    if not done:
        raise refused[0]
    left = pick(f"{len(refused)} 条未改动，例如：{refused[0].zh}", f"{len(refused)} were left as they are, such as: {refused[0].en}") if refused else ""  # fmt: skip
    messages.success(request, " ".join([pick(f"{zh}：{done} 条。", f"{en}: {done}."), left]))
    asked = QueryDict(request.POST.get("asked", "")[:500]).urlencode()
    return go(request, reverse("web:alerts") + (f"?{asked}" if asked else ""))


@pages.page("alerts/<int:pk>/", "alert", permission="alert.read")
def alert(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, Alert.objects.select_related("thing", "organisation", "suppression"), pk)
    steps = [{"name": name, "title": pick(zh, en), "needs_text": name in ("handle", "false-alarm")} for name in NEXT.get(found.state, ())
             for action, _, zh, en in [STEPS[name]] if allows(request.user, action, found)]  # fmt: skip
    history = [
        {"at": row.at, "who": row.actor_name, "what": pick(ACTIONS[row.action].title_zh, ACTIONS[row.action].title_en) if row.action in ACTIONS else row.action, "text": row.details.get("text", "")}
        for row in audit.history(found)
    ]  # fmt: skip
    added = CARD_OF_RULE[found.rule](request, found) if found.rule in CARD_OF_RULE else None
    return render(
        request,
        "web/alert.html",
        {
            **_row(found),
            "steps": steps,
            "history": history,
            "facts": _facts(found),
            "place": _place(found),
            "case": _cases_of(request.user, [found]).get(found.pk),
            "about_url": _address_of(found),
            "card_template": added[0] if added else "",
            "card": added[1] if added else {},
        },  # fmt: skip
    )


def describe(alert: Alert) -> dict[str, Any]:
    """What `web/alert_facts.html` shows: the alert with its chips, what was noted in words, where it happened, whom it is about."""
    return {**_row(alert), "facts": _facts(alert), "place": _place(alert), "about_url": _address_of(alert)}


def _address_of(alert: Alert) -> str:
    """The page of the thing that the alert is about, where its pack has one: pages that show a kind of thing say so (PAGE_OF_KIND)."""
    find = PAGE_OF_KIND.get(alert.thing.kind)
    return find(alert.thing) if find else ""


@pages.page("alerts/<int:pk>/<str:step>/", "alert_step", permission="alert.read", methods=("POST",))
def alert_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    found = visible_row(request.user, Alert.objects.all(), pk)
    _, take, _, _ = _step(step)
    take(request.user, found, text=request.POST.get("text", ""))
    messages.success(request, pick("已记录。", "Recorded."))
    return go(request, reverse("web:alert", args=[pk]))


def _step(name: str) -> tuple[str, Callable[..., Alert], str, str]:
    if name not in STEPS:
        raise InvalidInput("没有这一步。", "There is no such step.", where=name[:40])
    return STEPS[name]


pages.in_nav("alerts", two("预警", "Alerts"), order=29, group="supervision", roles=["supervisor", "viewer", "officer"])
