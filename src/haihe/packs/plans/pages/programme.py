"""总览: every target against its trajectory, tasks by unit and state, what is late, what needs a decision; 督查台: all tasks."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Account
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import WHOLE, roles_of, visible
from haihe.kernel.search import matching
from haihe.packs.plans import services
from haihe.packs.plans.counting import has_light, lights_of, lights_of_some, urgent_slice
from haihe.packs.plans.models import Plan, Task, TaskUnit
from haihe.packs.plans.pages.base import LIGHTS, STATE_COLOUR, STATES, pages
from haihe.packs.plans.pages.charts import charts_of
from haihe.packs.plans.progress import Standing, light
from haihe.web.fields import ids_in, visible_row
from haihe.web.pages import AccountRequest, go
from haihe.web.paging import page_of

CARDS = 30  # cards of targets a page
ROWS_A_PAGE = 50
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
    plan = visible_row(request.user, Plan.objects.all(), chosen) if chosen else None
    found = services.programme(request.user, timezone.localdate(), plan)
    in_force = services.in_force(request.user) if plan else found
    plans = [(pk, _short(title)) for pk, title in in_force.plans.values_list("pk", "title")]
    if not (found.plans.exists() if plan else plans):
        return render(
            request, "plans/programme.html", {"found": found, "is_empty": True, "plans": plans, "chosen": plan}
        )
    ordered = sorted(found.states, key=lambda pk: WORST_FIRST.index(found.states[pk]))
    wanted = request.GET.get("state", "")
    shown = [pk for pk in ordered if found.states[pk] == wanted or (not wanted and found.states[pk] != "no_data")]
    page = page_of(request, shown, CARDS)
    without_data = [] if wanted else [pk for pk in ordered if found.states[pk] == "no_data"][:CARDS]
    late, states, standing = found.by_light()["red"], found.by_state(), found.by_standing()
    content = {
        "found": found, "rows": [standing_row(row) for row in found.standings_of(list(page))], "page": page,
        "without_data": found.targets_of(without_data), "plans": plans, "without_data_count": standing["no_data"], "total": len(ordered), "chosen": plan, "wanted": wanted,
        "states": [(key, in_language(*STATES[key]), count, STATE_COLOUR[key]) for key, count in standing.items()],
        "task_states": [(str(Task.State(key).label), key, count) for key, count in states.items()], "charts": charts_of(found),
        "late": found.first() if late else [], "late_count": late, "task_count": sum(states.values()), "unaccepted_count": states[Task.State.ASSIGNED],
        "to_decide": found.first(state=Task.State.REPORTED) if states[Task.State.REPORTED] else [], "to_decide_count": states[Task.State.REPORTED],
    }  # fmt: skip
    return render(request, "plans/programme.html", content)


@pages.page("programme/units/", "programme_units", permission="plan.read")
def programme_units(request: AccountRequest) -> HttpResponse:
    """The table beside the chart of the overview, which asks for it once somebody opens it: every unit, where the chart has the first few."""
    chosen = request.GET.get("plan", "")
    plan = visible_row(request.user, Plan.objects.all(), chosen) if chosen else None
    found = services.programme(request.user, timezone.localdate(), plan)
    return render(request, "plans/programme_units.html", {"units": found.units, "chosen": plan, "found": found})


def _short(title: str) -> str:
    return title if len(title) <= 34 else f"{title[:33]}…"


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
    today = timezone.localdate()
    seen = services.in_force(request.user).tasks
    unit, state, lamp, words = (request.GET.get(name, "") for name in ("unit", "state", "light", "q"))
    lamp, words = lamp if lamp in LIGHTS else "", words.strip()[:60]
    tasks = _chosen(seen, unit, state, words)
    # The lights are tabs: each says how many of the otherwise chosen tasks it holds.
    filtered = bool(unit or state or words)
    counts = lights_of_some(tasks, today) if unit or words else lights_of(tasks, today)
    total = counts[lamp] if lamp else sum(counts.values())
    page = page_of(request, range(total), ROWS_A_PAGE)
    rows = _rows_on(tasks, lamp, counts, page.number, today)
    content = {
        "rows": [_board_row(task, today) for task in rows], "page": page,
        "units": _names_of_units(request.user, seen), "states": Task.State.choices,
        "lights": [(key, in_language(*title), counts[key]) for key, title in LIGHTS.items() if counts[key] or key == lamp],
        "all": sum(counts.values()), "filtered": filtered, "unit": unit, "state": state, "light": lamp, "q": words,
    }  # fmt: skip
    return render(request, "plans/board.html", content)


def _rows_on(tasks: QuerySet[Task], lamp: str, counts: dict[str, int], number: int, today: date) -> list[Task]:
    """One page of the chosen tasks, the most urgent first: found by number, and only these rows are read whole."""
    if lamp:
        tasks, counts = tasks.filter(has_light(lamp, today)), {key: n * (key == lamp) for key, n in counts.items()}
    chosen = urgent_slice(tasks, counts, (number - 1) * ROWS_A_PAGE, ROWS_A_PAGE)
    whole = Task.objects.select_related("plan").defer("plan__content", "text").prefetch_related("units__organisation")
    rows = whole.in_bulk(chosen)
    return [rows[pk] for pk in chosen if pk in rows]


def _chosen(tasks: QuerySet[Task], unit: str, state: str, words: str) -> QuerySet[Task]:
    if state:
        tasks = tasks.filter(state=state)
    if words:
        tasks = matching(tasks, words)
    if unit:
        units = list(Organisation.objects.filter(name=unit).values_list("pk", flat=True))
        named = Q(organisation__in=units) | Q(organisation=None, name=unit)
        tasks = tasks.filter(pk__in=TaskUnit.objects.filter(named).order_by().values("task"))
    return tasks


def _names_of_units(account: Account, seen: QuerySet[Task]) -> list[str]:
    """Names of all units that have a part in the tasks, linked or as written. Each unit is asked for a first part, which the index
    of parts answers; only whoever sees a part of the tasks has those listed."""
    parts = TaskUnit.objects.order_by()
    parts = parts if roles_of(account) & WHOLE else parts.filter(task__in=seen.order_by())
    linked = Organisation.objects.filter(Exists(parts.filter(organisation=OuterRef("pk"))))
    unlinked = parts.filter(organisation=None).values_list("name", flat=True).distinct()
    return sorted({*linked.values_list("name", flat=True), *unlinked})


def _board_row(task: Task, today: date) -> dict[str, object]:
    lamp = light(task, today)
    return {"task": task, "light": lamp, "light_title": in_language(*LIGHTS[lamp])}


pages.in_nav("programme", two("总览", "Overview"), order=10, group="", roles=["supervisor", "viewer"])
pages.in_nav("board", two("督查台", "Supervision"), order=20, group="", roles=["supervisor"])
pages.in_nav("units", two("单位关联", "Link units"), order=40, group="administration", roles=["supervisor"])
pages.first_page_of("supervisor", "programme", order=10)
pages.first_page_of("viewer", "programme", order=20)
