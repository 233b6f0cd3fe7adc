"""总览: every target against its trajectory, tasks by unit and state, what is late, what needs a decision; 督查台: all tasks."""

from __future__ import annotations

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.pages.base import LIGHTS, STATE_COLOUR, STATES, pages
from haihe.packs.plans.pages.charts import charts_of
from haihe.packs.plans.progress import Standing
from haihe.web.fields import ids_in, visible_row
from haihe.web.pages import AccountRequest, go

WORST_FIRST = ("late", "at_risk", "on_track", "met", "no_data")


def standing_row(row: Standing) -> dict[str, object]:
    """What a target's card shows: figure, bar, state, and the little chart's points."""
    state = row.assessment.state
    title = STATES[state]
    expected = row.assessment.expected
    goal = float(row.target.value)
    return {
        "standing": row, "target": row.target, "state": state, "state_title": in_language(*title), "colour": STATE_COLOUR[state],
        "share": row.share_percent, "expected_share": max(0, min(100, round(100 * expected / goal))) if expected is not None and goal else None,
        "spark": spark(row),
    }  # fmt: skip


def spark(row: Standing, width: int = 150, height: int = 40) -> dict[str, object]:
    """Points of a small chart: the trajectory as a line, actual values as a second one, both within width × height."""
    values = [(v.as_of, float(v.value)) for v in row.values]
    line = [(p.day, p.value) for p in row.trajectory if p.day.year < 9999]
    everything = line + values
    if len(line) < 2:
        return {}
    first, last = min(d for d, _ in everything), max(d for d, _ in everything)
    low, high = min(v for _, v in everything), max(v for _, v in everything)
    days, span = max(1, (last - first).days), (high - low) or 1.0

    def place(points: list[tuple[date, float]]) -> list[str]:
        across = [4 + (width - 8) * (d - first).days / days for d, _ in points]
        down = [height - 4 - (height - 8) * (v - low) / span for _, v in points]
        return [f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True)]

    actual = place(values)
    return {
        "line": " ".join(place(line)), "actual": " ".join(actual), "last": actual[-1].split(",") if actual else None, "width": width, "height": height,
    }  # fmt: skip


@pages.page("programme/", "programme", permission="plan.read")
def programme(request: AccountRequest) -> HttpResponse:
    chosen = request.GET.get("plan", "")
    plans = visible(request.user, Plan.objects.filter(replaced_by=None).exclude(filed_at=None))
    plan = visible_row(request.user, Plan.objects.all(), chosen) if chosen else None
    found = services.programme(request.user, timezone.localdate(), plan)
    rows = sorted((standing_row(row) for row in found.standings), key=lambda row: WORST_FIRST.index(str(row["state"])))
    wanted = request.GET.get("state", "")
    content = {
        "found": found, "rows": [r for r in rows if r["state"] == wanted or (not wanted and r["state"] != "no_data")],
        "without_data": [r for r in rows if not wanted and r["state"] == "no_data"], "plans": plans, "total": len(rows), "chosen": plan, "wanted": wanted,
        "states": [(key, in_language(*STATES[key]), count, STATE_COLOUR[key]) for key, count in found.by_standing().items()],
        "task_states": [(str(Task.State(key).label), key, count) for key, count in found.by_state().items()], "charts": charts_of(found),
        "to_decide": [task for task in found.tasks if task.state == Task.State.REPORTED],
        "unaccepted": [task for task in found.tasks if task.state == Task.State.ASSIGNED],
    }  # fmt: skip
    return render(request, "plans/programme.html", content)


@pages.page("board/", "board", permission="plan.read", methods=("GET", "POST"))
def board(request: AccountRequest) -> HttpResponse:
    """督查台: tasks with filters, late first; several can be chased at once."""
    if request.method == "POST":
        chosen = visible(request.user, Task.objects.filter(pk__in=ids_in(request, "task")))
        if not chosen:
            raise InvalidInput("请先勾选任务。", "Tick the tasks first.", where="task")
        for task in chosen:
            services.chase(request.user, task, text=request.POST.get("text", ""))
        return go(request, reverse("plans:board"))
    found = services.programme(request.user, timezone.localdate())
    unit, state, lamp, words = (request.GET.get(name, "") for name in ("unit", "state", "light", "q"))
    tasks = [
        task
        for task in found.tasks
        if (not state or task.state == state)
        and (not words or words in task.heading or words in task.text)
        and (
            not unit
            or any(unit == (part.organisation.name if part.organisation else part.name) for part in task.units.all())
        )
    ]
    order = {"red": 0, "amber": 1, "green": 2, "none": 3, "closed": 4}
    tasks.sort(
        key=lambda task: (
            order[found.lights[task.pk]],
            task.deadline or timezone.localdate().replace(year=9999),
            task.pk,
        )
    )
    # The lights are tabs: each says how many of the otherwise chosen tasks it holds.
    lights = [
        (key, in_language(*title), sum(found.lights[task.pk] == key for task in tasks)) for key, title in LIGHTS.items()
    ]
    rows = [
        {"task": task, "light": found.lights[task.pk], "light_title": in_language(*LIGHTS[found.lights[task.pk]])}
        for task in tasks
        if not lamp or found.lights[task.pk] == lamp
    ]
    content = {
        "rows": rows, "units": sorted({u.name for u in found.units}), "states": Task.State.choices,
        "lights": [each for each in lights if each[2] or each[0] == lamp], "all": len(tasks), "filtered": bool(unit or state or words), "unit": unit, "state": state, "light": lamp, "q": words,
    }  # fmt: skip
    return render(request, "plans/board.html", content)


pages.in_nav("programme", two("总览", "Overview"), order=10, roles=["supervisor", "viewer"])
pages.in_nav("board", two("督查台", "Supervision"), order=20, roles=["supervisor"])
pages.in_nav("units", two("单位关联", "Link units"), order=40, roles=["supervisor"])
pages.first_page_of("supervisor", "programme", order=10)
pages.first_page_of("viewer", "programme", order=20)
