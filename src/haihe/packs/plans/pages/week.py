"""我的一周: what a unit officer has to do, made for a phone."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.cases import Case
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.chasing import open_notices
from haihe.packs.plans.counting import most_urgent_first
from haihe.packs.plans.models import Task, TaskUnit
from haihe.packs.plans.pages.base import LIGHTS, pages
from haihe.packs.plans.progress import light, own_parts_for
from haihe.web.pages import AccountRequest
from haihe.web.paging import page_of

# list of services.my_week, title, colour of its lamp
SECTIONS = (
    ("to_accept", "待签收", "To accept", "amber"), ("late", "已逾期", "Overdue", "red"), ("chased", "被催办", "Chased", "red"),
    ("due", "本周到期", "Due soon", "amber"), ("under_way", "办理中", "Under way", "green"), ("waiting", "待审核", "Waiting for review", "blue"),
)  # fmt: skip


CARDS = 30  # of each section, and a page of all tasks


def _row(task: Task, parts: list[TaskUnit], notices: dict[int, Case]) -> dict[str, object]:
    lamp = light(task, timezone.localdate())
    accepted = bool(parts) and all(part.accepted_at for part in parts)
    return {
        "task": task,
        "light": lamp,
        "light_title": in_language(*LIGHTS[lamp]),
        "parts": parts,
        "waits_for_others": accepted and task.state == Task.State.ASSIGNED,
        "notice": notices.get(task.pk),
    }


@pages.page("week/", "week", permission="plan.read")
def week(request: AccountRequest) -> HttpResponse:
    found = services.my_week(request.user, timezone.localdate(), of_each=CARDS)
    own = own_parts_for(request.user, timezone.localdate())
    sections = [
        {
            "name": name,
            "title": in_language(zh, en),
            "colour": colour,
            "total": found.totals[name],
            "rows": [_row(task, own(task), found.notices) for task in getattr(found, name)],
        }
        for name, zh, en, colour in SECTIONS
    ]
    return render(
        request, "plans/week.html", {"sections": [s for s in sections if s["rows"]], "needs_action": found.needs_action}
    )


@pages.page("my-tasks/", "my_tasks", permission="plan.read")
def my_tasks(request: AccountRequest) -> HttpResponse:
    """All tasks of the officer's unit, closed ones included."""
    tasks = visible(request.user, Task.objects.select_related("plan").defer("plan__content", "text"))
    rows = most_urgent_first(tasks).prefetch_related("units__organisation")
    page = page_of(request, rows, CARDS)
    notices, own = open_notices(request.user), own_parts_for(request.user, timezone.localdate())
    content = {"rows": [_row(task, own(task), notices) for task in page], "page": page}
    return render(request, "plans/my_tasks.html", content)


pages.in_nav("week", two("我的一周", "My week"), order=5, group="", roles=["officer"])
pages.in_nav("my_tasks", two("本单位任务", "Our tasks"), order=6, group="", roles=["officer"])
pages.first_page_of("officer", "week", order=5)
