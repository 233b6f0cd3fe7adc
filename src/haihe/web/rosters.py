"""Duty rosters: who answers now and who comes next; the week of a post, its hand-overs and checks."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import rosters
from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, visible
from haihe.kernel.rosters import DutyCheck, DutyPost, Shift, TakeOver
from haihe.kernel.rosters.acting import open_notes, shift_to_take
from haihe.kernel.rosters.standing import people_for
from haihe.web.alerts import PAGE_OF_KIND
from haihe.web.fields import id_in, instant_from, visible_row
from haihe.web.pages import AccountRequest, Pages, go

pages = Pages("rosters")
READERS = (Role.SUPERVISOR, Role.VIEWER, Role.OFFICER)
PHASES = {
    "": ("正常", "Manned", "green"),
    "ahead": ("即将缺岗", "Gap ahead", "amber"),
    "now": ("现在缺岗", "Nobody on duty", "red"),
}
WHOLE_DAY = timedelta(days=1)
LISTED = 30


def _posts(account: Account) -> Any:
    return visible(account, DutyPost.objects.select_related("thing__organisation"))


def _waits(account: Account, post: DutyPost, at: datetime) -> dict[str, Any]:
    """What the account itself has to do at a post now."""
    check = DutyCheck.objects.filter(post=post, account=account, result=None, answer_by__gt=at).first()
    begun = Shift.counting().filter(
        post=post, account=account, starts_at__lte=at, ends_at__gt=at - WHOLE_DAY, note=None
    )
    return {"check": check, "take": shift_to_take(account, post, at), "leave": begun.order_by("-starts_at").first()}


def number_waiting(account: Account) -> int:
    """Checks to answer and shifts to take over, for the navigation."""
    now = timezone.now()
    checks = DutyCheck.objects.filter(account=account, result=None, answer_by__gt=now).count()
    begun = Shift.counting().filter(account=account, starts_at__lte=now, ends_at__gt=now, taking=None)
    return checks + begun.filter(post__thing__retired_at=None).count()


def _row(standing: rosters.Standing, at: datetime) -> dict[str, Any]:
    zh, en, colour = PHASES[standing.phase(at)]
    return {"standing": standing, "post": standing.post, "phase": pick(zh, en), "colour": colour}


# --- the list -------------------------------------------------------------------------------------------------------


@pages.page("rosters/", "posts", permission="roster.read", methods=("GET", "POST"))
def posts(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        unit = visible_row(request.user, Organisation.objects.filter(until=None), request.POST.get("organisation"))
        made = rosters.open_post(
            request.user, unit, name=request.POST.get("name", ""), telephone=request.POST.get("telephone", "")
        )
        return go(request, made.get_absolute_url())
    now = timezone.now()
    standings = rosters.list_standings(_posts(request.user).filter(thing__retired_at=None), now)
    order = ("now", "ahead", "")
    standings.sort(key=lambda standing: order.index(standing.phase(now)))
    near = _near(request.user, now)
    mine = [
        {**_waits(request.user, s.post, now), "post": s.post, "open_notes": open_notes(s.post)} for s in standings if s.post.pk in near
    ]  # fmt: skip
    content = {
        "rows": [_row(standing, now) for standing in standings], "mine": [each for each in mine if each["check"] or each["take"] or each["leave"]],
        "counts": [(pick(zh, en), colour, sum(s.phase(now) == phase for s in standings)) for phase, (zh, en, colour) in reversed(PHASES.items())],
        "units": _units_to_open(request.user), "now": now,
    }  # fmt: skip
    return render(request, "web/rosters.html", content)


def _near(account: Account, at: datetime) -> set[int]:
    """Posts that the account has to do with today: it is on duty, comes next, or left within a day."""
    rows = Shift.counting().filter(account=account, starts_at__lt=at + WHOLE_DAY, ends_at__gt=at - WHOLE_DAY)
    return set(rows.values_list("post", flat=True))


def _units_to_open(account: Account) -> list[Organisation]:
    """Units for which the account may open a post."""
    if not allows(account, "roster.open_post"):
        return []
    units = visible(account, Organisation.objects.filter(until=None))
    return [unit for unit in units if allows(account, "roster.open_post", unit)]


# --- one post -------------------------------------------------------------------------------------------------------


@pages.page("rosters/<int:pk>/", "post", permission="roster.read")
def post(request: AccountRequest, pk: int) -> HttpResponse:
    found: DutyPost = visible_row(request.user, DutyPost.objects.select_related("thing__organisation"), pk)
    now = timezone.now()
    monday = _monday(request.GET.get("week", ""), now)
    standing = rosters.standing_of(found, now)
    may_arrange = allows(request.user, "roster.arrange", found) and not found.is_retired
    checks = found.checks.select_related("account", "asked_by", "result")[:LISTED]
    content = {
        **_row(standing, now), **_waits(request.user, found, now), "now": now, "days": _week(found, monday, now), "monday": monday,
        "sunday": monday + timedelta(days=6), "before": (monday - timedelta(days=7)).isoformat(), "after": (monday + timedelta(days=7)).isoformat(),
        "may_arrange": may_arrange, "people": people_for(found) if may_arrange else [], "open_notes": open_notes(found), "checks": checks,
        "log": _log(found), "may_check": allows(request.user, "roster.check", found) and bool(standing.on_duty) and not found.is_retired,
        "may_retire": allows(request.user, "roster.retire_post", found) and not found.is_retired,
        "starts": _next_hour(now), "ends": _next_hour(now) + timedelta(hours=8),
    }  # fmt: skip
    return render(request, "web/roster.html", content)


def _monday(written: str, now: datetime) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = timezone.localdate(now)
    if not 2000 <= day.year <= 2200:
        day = timezone.localdate(now)
    return day - timedelta(days=day.weekday())


def _next_hour(now: datetime) -> datetime:
    return timezone.localtime(now).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _week(post: DutyPost, monday: date, now: datetime) -> list[dict[str, Any]]:
    """Seven days, each with its shifts and its gaps as bars: places in percent of the day."""
    edges = [timezone.make_aware(datetime.combine(monday + timedelta(days=n), time())) for n in range(8)]
    shifts = list(Shift.counting().filter(post=post, starts_at__lt=edges[-1], ends_at__gt=edges[0]).select_related("account", "taking", "note"))  # fmt: skip
    found = []
    for begin, end in itertools.pairwise(edges):
        today = [shift for shift in shifts if shift.starts_at < end and shift.ends_at > begin]
        since = max(begin, post.since)
        gaps = rosters.find_gaps(((s.starts_at, s.ends_at) for s in today), since, end) if since < end and not post.is_retired else []  # fmt: skip
        found.append({
            "title": _day_title(begin), "is_today": begin <= now < end, "now": _percent(now, begin, end) if begin <= now < end else None,
            "shifts": [{"shift": s, **_bar(s.starts_at, s.ends_at, begin, end), "runs": s.runs_at(now), "is_over": s.ends_at <= now} for s in today],
            "gaps": [{"gap": g, **_bar(g.since, g.until, begin, end)} for g in gaps],
        })  # fmt: skip
    return found


def _day_title(begin: datetime) -> str:
    day = timezone.localtime(begin)
    return pick(f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}", f"{day:%a %-d %b}")


def _percent(at: datetime, begin: datetime, end: datetime) -> float:
    return round(100 * (at - begin) / (end - begin), 3)


def _bar(since: datetime, until: datetime, begin: datetime, end: datetime) -> dict[str, float]:
    left = _percent(max(since, begin), begin, end)
    return {"left": left, "width": round(_percent(min(until, end), begin, end) - left, 3)}


def _log(post: DutyPost) -> list[dict[str, Any]]:
    """Hand-overs and takings-over, newest first."""
    found: list[dict[str, Any]] = [
        {"at": note.at, "what": pick("交班", "Handed over"), "who": note.account, "text": note.text}
        for note in post.notes.select_related("account").order_by("-pk")[:LISTED]
    ]
    takings = TakeOver.objects.filter(post=post).select_related("account").prefetch_related("notes").order_by("-pk")
    found += [
        {"at": t.at, "what": pick("接班", "Taken over"), "who": t.account, "text": t.text, "notes": len(t.notes.all())}
        for t in takings[:LISTED]
    ]
    return sorted(found, key=lambda each: each["at"], reverse=True)[:LISTED]


# --- steps ----------------------------------------------------------------------------------------------------------


def _arrange(request: AccountRequest, post: DutyPost) -> str:
    chosen = id_in(request.POST.get("person"))
    person = next((person for person in people_for(post) if person.pk == chosen), None)
    if person is None:
        raise InvalidInput("请选择值班人员。", "Choose a person.", where="person")
    made = rosters.arrange_shifts(
        request.user, post, person=person, starts_at=instant_from(request, "starts_at"), ends_at=instant_from(request, "ends_at"),
        days=id_in(request.POST.get("days")) or 1,
    )  # fmt: skip
    return pick(f"已排 {len(made)} 班。", f"{len(made)} shifts arranged.")


def _withdraw(request: AccountRequest, post: DutyPost) -> str:
    shift = visible_row(request.user, Shift.objects.filter(post=post), request.POST.get("shift"))
    rosters.withdraw_shift(request.user, shift, reason=request.POST.get("reason", ""))
    return pick("已撤销该班次。", "The shift is withdrawn.")


def _hand_over(request: AccountRequest, post: DutyPost) -> str:
    rosters.hand_over(request.user, post, text=request.POST.get("text", ""))
    return pick("已交班。", "Handed over.")


def _take_over(request: AccountRequest, post: DutyPost) -> str:
    rosters.take_over(request.user, post, text=request.POST.get("text", ""))
    return pick("已接班。", "Taken over.")


def _check(request: AccountRequest, post: DutyPost) -> str:
    check = rosters.ask_for_answer(request.user, post, question=request.POST.get("question", ""))
    by = timezone.localtime(check.answer_by).strftime("%H:%M")
    return pick(f"已发出查岗，{by} 前应答。", f"Asked; the answer is due by {by}.")


def _answer(request: AccountRequest, post: DutyPost) -> str:
    check = visible_row(request.user, DutyCheck.objects.filter(post=post), request.POST.get("check"))
    rosters.answer_check(request.user, check, text=request.POST.get("text", ""))
    return pick("已应答。", "Answered.")


def _retire(request: AccountRequest, post: DutyPost) -> str:
    rosters.retire_post(request.user, post, reason=request.POST.get("reason", ""))
    return pick("该岗位已撤销。", "The post is retired.")


STEPS: dict[str, Callable[[AccountRequest, DutyPost], str]] = {
    "arrange": _arrange, "withdraw": _withdraw, "hand-over": _hand_over, "take-over": _take_over, "check": _check, "answer": _answer, "retire": _retire,
}  # fmt: skip


@pages.page("rosters/<int:pk>/<str:step>/", "step", permission="roster.read", methods=("POST",))
def take_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    found = visible_row(request.user, DutyPost.objects.select_related("thing__organisation"), pk)
    if step not in STEPS:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step[:40])
    messages.success(request, STEPS[step](request, found))
    return go(request, found.get_absolute_url())


def _page_of(thing: Any) -> str:
    found = DutyPost.objects.filter(thing=thing).first()
    return reverse("rosters:post", args=[found.pk]) if found else ""


PAGE_OF_KIND["duty_post"] = _page_of
pages.in_nav("posts", two("值班", "Duty"), order=28, group="supervision", roles=READERS, count=number_waiting)
