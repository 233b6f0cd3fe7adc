"""核对: the original on the left, what was read on the right; a person confirms, corrects or rejects each clause, keyboard first.

Everything a card shows is computed here once, from rows that one query brings: the page stays fast with hundreds of clauses.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Clause, Plan, Target, Task, TaskUnit
from haihe.packs.plans.pages.base import pages
from haihe.packs.plans.pages.check_original import shown_lines
from haihe.packs.plans.papers import written_goal
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, go

FIELD_TITLES = {
    "subject": two("对象", "subject"), "kind": two("性质", "nature"), "comparator": two("比较", "comparison"),
    "value": two("数值", "value"), "value_max": two("上限", "upper value"), "unit": two("单位", "unit"),
    "deadline": two("时限", "deadline"), "strength": two("约束性", "strength"), "number": two("序号", "number"),
    "heading": two("标题", "heading"), "text": two("原文", "text"), "units": two("责任单位", "units"),
    "line": two("行号", "line"), "name": two("名称", "name"), "verb": two("动词", "verb"),
}  # fmt: skip
VALUE_TITLES = {
    "binding": two("约束", "binding"), "strive": two("力争", "strive"), "target": two("目标", "target"),
    "baseline": two("现状", "baseline"), "=": "=", ">": ">", ">=": "≥", "<": "<", "<=": "≤", "~": two("约", "about"),
    "range": two("区间", "range"),
}  # fmt: skip
COMPARATORS = (
    ("=", two("等于", "equals")), (">=", two("不少于 ≥", "at least ≥")), (">", two("超过 >", "more than >")),
    ("<=", two("不超过 ≤", "at most ≤")), ("<", two("少于 <", "less than <")), ("~", two("约", "about")),
    ("range", two("区间", "range")),
)  # fmt: skip
EDITABLE = {
    "target": ("subject", "kind", "comparator", "value", "value_max", "unit", "deadline", "strength"),
    "task": ("number", "heading", "deadline"),
    "system": ("name", "verb"),
}
ROLES = (TaskUnit.Role.LEAD, TaskUnit.Role.RESPONSIBLE, TaskUnit.Role.SUPPORT)
# Names are separated by 、 or a comma, but not inside brackets: 区数据局（区政务服务办、区信息中心）is one name.
_BETWEEN_NAMES = re.compile(r"[、，,；;\n](?![^（(]*[）)])")
_CLAUSE_ROWS = (
    "target__repeat_of__clause", "target__repeat_of__indicator", "target__indicator", "task", "decided_by", "carried_from",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One field before and after, as sentences."""

    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Card:
    """A clause as its card shows it."""

    clause: Clause
    now: dict[str, Any]
    goal: str
    since: list[Change]  # against the earlier version of the document
    corrected: list[Change]  # against what was read
    entry: Target | Task | None  # where it is filed
    repeats: Target | None

    @property
    def needs_look(self) -> bool:
        return bool(self.since) and self.clause.decision == Clause.Decision.PROPOSED


def card_of(clause: Clause) -> Card:
    now = clause.current
    target: Target | None = getattr(clause, "target", None)
    earlier = clause.carried_from.read if clause.carried_from else {}
    return Card(
        clause=clause,
        now=now,
        goal=written_goal(now) if clause.kind == Clause.Kind.TARGET else "",
        since=[_change(name, earlier.get(name), clause.read.get(name)) for name in clause.changed_since],
        corrected=[_change(name, clause.read.get(name), value) for name, value in clause.correction.items()]
        if clause.read
        else [],
        entry=target or getattr(clause, "task", None),
        repeats=target.repeat_of if target else None,
    )


def _change(name: str, before: Any, after: Any) -> Change:
    return Change(str(FIELD_TITLES.get(name, name)), _sentence(before), _sentence(after))


def _sentence(value: Any) -> str:
    if value in (None, "", []):
        return in_language("（无）", "(none)")
    if isinstance(value, list):
        return "、".join(f"{unit['name']}（{TaskUnit.Role(unit['role']).label}）" for unit in value)
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    written = str(value)
    return str(VALUE_TITLES.get(written, written if len(written) <= 160 else written[:160] + "…"))


@dataclass(frozen=True)
class Standing:
    """How far a document is: for the counter and for the buttons that come next."""

    total: int
    done: int
    open_unchanged: int
    open_changed: int
    to_file: int
    to_assign: int
    filed: int

    @property
    def left(self) -> int:
        return self.total - self.done


def standing_of(plan: Plan, clauses: Sequence[Clause]) -> Standing:
    waiting = [c for c in clauses if c.decision == Clause.Decision.PROPOSED]
    filed = [c for c in clauses if hasattr(c, "target") or hasattr(c, "task")]
    to_file = [
        c
        for c in clauses
        if c.binds
        and not (hasattr(c, "target") or hasattr(c, "task"))
        and (c.kind == Clause.Kind.TASK or (c.kind == Clause.Kind.TARGET and c.current.get("kind") == "target"))
    ]
    return Standing(
        total=len(clauses),
        done=len(clauses) - len(waiting),
        open_unchanged=sum(not c.changed_since for c in waiting),
        open_changed=sum(bool(c.changed_since) for c in waiting),
        to_file=len(to_file),
        to_assign=sum(hasattr(c, "task") and c.task.state == Task.State.FILED for c in filed),
        filed=len(filed),
    )


def _content(request: AccountRequest, plan: Plan) -> dict[str, Any]:
    """What the page and each answer share: the clauses in reading order, the counter, whether the reader may decide."""
    clauses = sorted(plan.clauses.select_related(*_CLAUSE_ROWS), key=lambda c: (c.line, c.position))
    return {
        "plan": plan,
        "clauses": clauses,
        "standing": standing_of(plan, clauses),
        "may_check": plan.is_current and allows(request.user, "clause.confirm"),
        # What is filed is a link only for whoever may open it.
        "may_open": set(visible(request.user, plan.tasks.all()).values_list("pk", flat=True)),
    }


@pages.page("plans/<int:pk>/check/", "check", permission="plan.read")
def check(request: AccountRequest, pk: int) -> HttpResponse:
    plan = visible_row(request.user, Plan.objects.select_related("file__file", "replaces", "replaced_by"), pk)
    content = _content(request, plan)
    clauses = content["clauses"]
    cards = [card_of(clause) for clause in clauses]
    kinds = [
        (kind, Clause.Kind(kind).label, n) for kind in Clause.Kind.values if (n := sum(c.kind == kind for c in clauses))
    ]
    decisions = {name: sum(c.decision == name for c in clauses) for name in Clause.Decision.values}
    content |= {
        "cards": cards,
        "lines": shown_lines(plan, clauses),
        "kinds": kinds,
        "rejected": decisions["rejected"],
        "comparators": COMPARATORS,
        "blank_units": [(role.value, str(role.label), "") for role in ROLES],
        "changed": sum(bool(card.since) for card in cards),
        "parts": list(visible(request.user, plan.file.plans.defer("content")).order_by("line")),
        "opens_earlier": visible(request.user, Plan.objects.filter(pk=plan.replaces_id)).exists(),
        "opens_later": not plan.is_current
        and visible(request.user, Plan.objects.filter(pk=plan.replaced_by.pk)).exists(),
        "issues": _issues(plan),
        "dropped": plan.content.get("dropped", []),
    }
    return render(request, "plans/check.html", content)


def _issues(plan: Plan) -> list[dict[str, Any]]:
    """Odd places inside this document, in the order of its lines."""
    of_file = [issue for issue in plan.file.issues if plan.line <= issue["line"] <= plan.end_line]
    return sorted([*plan.content.get("issues", []), *of_file], key=lambda issue: issue["line"])


# --- decisions ------------------------------------------------------------------------------------------------------


def _clause(request: AccountRequest, pk: int) -> Clause:
    found: Clause = visible_row(request.user, Clause.objects.select_related("plan__file"), pk)
    return found


def _answer(request: AccountRequest, clause: Clause) -> HttpResponse:
    """The card as it now is, with the counter and the next steps; without htmx, the page at this clause."""
    if not request.headers.get("HX-Request"):
        return go(request, reverse("plans:check", args=[clause.plan_id]) + f"#c{clause.pk}")
    content = _content(request, clause.plan)
    fresh = next(each for each in content["clauses"] if each.pk == clause.pk)
    return render(request, "plans/check_answer.html", {**content, "card": card_of(fresh)})


@pages.page("clauses/<int:pk>/edit/", "edit_clause", permission="clause.confirm")
def edit_clause(request: AccountRequest, pk: int) -> HttpResponse:
    """The editor of one clause, fetched into its card; a page of its own without htmx."""
    clause = _clause(request, pk)
    content = {
        "clause": clause, "now": {name: as_typed(value) for name, value in clause.current.items()},
        "comparators": COMPARATORS, "units": _units_by_role(clause),
        "quote": clause.current.get("text") or clause.current.get("name") or "",
    }  # fmt: skip
    is_part = bool(request.headers.get("HX-Request"))
    return render(request, "plans/check_edit.html" if is_part else "plans/check_edit_page.html", content)


def _units_by_role(clause: Clause) -> list[tuple[str, str, str]]:
    """Role, its title, the names of the units that have it."""
    units = clause.current.get("units") or []
    return [
        (role.value, str(role.label), "、".join(u["name"] for u in units if u["role"] == role.value)) for role in ROLES
    ]


def as_typed(value: Any) -> str:
    """A field's value as the editor shows it."""
    if value is None:
        return ""
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@contextlib.contextmanager
def _fields_in_words() -> Iterator[None]:
    """An error about a field names it as the form does."""
    try:
        yield
    except InvalidInput as error:
        error.where = str(FIELD_TITLES.get(error.where, error.where))
        raise


@pages.page("clauses/<int:pk>/<str:step>/", "decide", permission="clause.confirm", methods=("POST",))
def decide(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    clause = _clause(request, pk)
    steps = {"confirm": services.confirm, "reject": services.reject, "reopen": services.reopen}
    if step in steps:
        return _answer(request, steps[step](request.user, clause))
    if step == "correct":
        fields = fields_from(request, clause.kind, clause.current)
        with _fields_in_words():
            clause = services.correct(request.user, clause, fields=fields)
        return _answer(request, clause)
    raise InvalidInput("没有这一步。", "There is no such step.", where=step)


def fields_from(request: AccountRequest, kind: str, now: dict[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """The fields that the form sets differently from `now`. The units of a task come as one field a role; where only their
    order differs from the document they are unchanged."""
    posted = {name: request.POST.get(prefix + name) for name in EDITABLE[kind]}
    fields: dict[str, Any] = {
        name: value.strip()
        for name, value in posted.items()
        if value is not None and value.strip() != as_typed(now.get(name))
    }
    if kind == Clause.Kind.TASK and any(f"{prefix}units_{role}" in request.POST for role in ROLES):
        units = [
            {"name": name, "role": str(role)}
            for role in ROLES
            for name in names_in(request.POST.get(f"{prefix}units_{role}", ""))
        ]
        if _pairs(units) != _pairs(now.get("units") or []):
            fields["units"] = units
    return fields


def _pairs(units: Iterable[dict[str, str]]) -> set[tuple[str, str]]:
    return {(unit["name"], unit["role"]) for unit in units}


def names_in(text: str) -> list[str]:
    """区数据局、区财政局 → two names; what stands in brackets belongs to the name before it."""
    return [name.strip() for name in _BETWEEN_NAMES.split(text) if name.strip()]


@pages.page("plans/<int:pk>/clauses/", "add_clause", permission="clause.add", methods=("POST",))
def add_clause(request: AccountRequest, pk: int) -> HttpResponse:
    plan = visible_row(request.user, Plan.objects.all(), pk)
    kind = request.POST.get("new_kind", "")
    if kind not in Clause.Kind.values:
        raise InvalidInput("请选择条目类别。", "Choose what to add.", where="new_kind")
    line = request.POST.get("line", "")
    # The form holds the fields of all kinds, each under its kind's prefix; empty ones are left to their defaults.
    fields = fields_from(request, kind, {}, prefix=f"{kind}_")
    with _fields_in_words():
        number = int(line) if line.isascii() and line.isdigit() else 0
        clause = services.add_clause(request.user, plan, kind=kind, line=number, fields=fields)
    # The number in the query makes the browser load the page again; a fragment alone would not.
    return go(request, reverse("plans:check", args=[plan.pk]) + f"?added={clause.pk}#c{clause.pk}")


# --- the document as a whole ----------------------------------------------------------------------------------------


@pages.page("plans/<int:pk>/<str:step>/do/", "plan_step", permission="plan.file", methods=("POST",))
def plan_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Confirm the rest, file, assign all, publish, withdraw: then back to the page, with a sentence on what happened."""
    plan = visible_row(request.user, Plan.objects.all(), pk)
    done = _STEPS.get(step)
    if done is None:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    sentence, page = done(request, plan)
    messages.success(request, sentence)
    return go(request, reverse(page, args=[plan.pk]) if page == "plans:check" else reverse(page))


def _confirm_rest(request: AccountRequest, plan: Plan) -> tuple[str, str]:
    count = services.confirm_rest(request.user, plan)
    left = plan.clauses.filter(decision=Clause.Decision.PROPOSED).count()
    zh, en = f"已确认 {count} 条。", f"{count} confirmed."
    if left:
        zh += f"还有 {left} 条与旧版本不同，请逐条核对。"
        en += f" {left} changed since the earlier version: please look at each."
    return in_language(zh, en), "plans:check"


def _file(request: AccountRequest, plan: Plan) -> tuple[str, str]:
    targets, tasks = services.file_plan(request.user, plan)
    repeated = plan.targets.exclude(repeat_of=None).count()
    zh, en = f"已立项：{targets} 个指标、{tasks} 项任务。", f"Filed: {targets} targets, {tasks} tasks."
    if repeated:
        zh += f"其中 {repeated} 个指标与其他条款重复表述，已归并。"
        en += f" {repeated} targets repeat another clause and are joined to it."
    return in_language(zh, en), "plans:check"


def _assign(request: AccountRequest, plan: Plan) -> tuple[str, str]:
    done, waiting = services.assign_all(request.user, plan)
    if waiting:
        zh = f"已交办 {done} 项；{len(waiting)} 项任务的单位尚未关联，关联后再交办。"
        return in_language(zh, f"{done} assigned; {len(waiting)} tasks wait until a unit is linked."), "plans:units"
    return in_language(f"已交办 {done} 项任务。", f"{done} tasks assigned."), "plans:check"


def _publish(request: AccountRequest, plan: Plan) -> tuple[str, str]:
    services.publish(request.user, plan)
    return in_language("已向社会公开。", "The plan is public now."), "plans:check"


def _withdraw(request: AccountRequest, plan: Plan) -> tuple[str, str]:
    services.withdraw(request.user, plan)
    return in_language("已撤回公开。", "The plan is not public any more."), "plans:check"


_STEPS = {
    "confirm-rest": _confirm_rest, "file": _file, "assign": _assign, "publish": _publish, "withdraw": _withdraw,
}  # fmt: skip
