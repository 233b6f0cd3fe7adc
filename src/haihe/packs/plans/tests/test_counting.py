"""What the overview counts is what counting by hand gives: after every kind of step, on every day, for whoever looks."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from haihe.kernel.errors import HaiheError
from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.counting import UnitLine, lights_of_some
from haihe.packs.plans.models import Plan, Target, Task, TaskUnit
from haihe.packs.plans.progress import light, standing
from haihe.packs.plans.tests.conftest import evidence_of, make_plan, target, task

STEPS = 45


def check(account: Any, day: date, plan: Plan | None = None) -> None:
    """Compare everything that is counted with a loop over rows."""
    found = services.programme(account, day, plan)
    plans = [p for p in visible(account, Plan.objects.all()) if p.is_current and p.filed_at and plan in (None, p)]
    tasks = [t for t in visible(account, Task.objects.all()) if t.plan in plans]
    lights = {t.pk: light(t, day) for t in tasks}
    assert {p.pk for p in found.plans} == {p.pk for p in plans}
    assert Counter(found.by_light()) == Counter(lights.values())
    assert Counter(found.by_state()) == Counter(t.state for t in tasks)
    assert [t.pk for t in found.late] == sorted(
        (t.pk for t in tasks if lights[t.pk] == "red"), key=lambda pk: (Task.objects.get(pk=pk).deadline, pk)
    )
    assert {line.name: line for line in found.units} == lines_of(tasks, lights)
    for most in (1, 2, 3, 50):
        assert found.first_units(most) == found.units[:most]
    assert lights_of_some(found.rows, day) == found.by_light()
    leading = Target.objects.filter(plan__in=plans, repeat_of=None)
    assert found.states == {t.pk: standing(t, day).assessment.state for t in leading}
    assert [row.target.pk for row in found.standings] == list(found.states)
    assert list(found.states.values()) == [row.assessment.state for row in found.standings_of(list(found.states))]


def lines_of(tasks: list[Task], lights: dict[int, str]) -> dict[str, UnitLine]:
    lines: dict[str, UnitLine] = {}
    for each in tasks:
        for part in each.units.all():
            name = part.organisation.name if part.organisation else part.name
            line = lines.setdefault(name, UnitLine(name, part.organisation_id))
            lamp, state = lights[each.pk], str(each.state)
            line.total += 1
            line.closed += state == "closed"
            line.under_way += state in ("under_way", "reported")
            line.unaccepted += part.accepted_at is None and state in ("assigned", "under_way")
            line.late += lamp == "red"
            line.amber += lamp == "amber"
            key = "closed" if state == "closed" else {"red": "late", "amber": "amber"}.get(lamp, state)
            line.shown[key if key in line.shown else "to_accept"] += 1
    return lines


def copies_differ() -> list[TaskUnit]:
    return [
        p for p in TaskUnit.objects.select_related("task")
        if (p.task_state, p.task_deadline, p.task_plan) != (p.task.state, p.task.deadline, p.task.plan_id)
    ]  # fmt: skip


class Steps:
    """Everything that people, duties and programs may do to a ledger, each step by chance upon something that is there."""

    def __init__(self, people: SimpleNamespace, dice: random.Random) -> None:
        self.people, self.dice, self.today = people, dice, timezone.localdate()
        self.officers = [people.data, people.city, people.health, people.town]

    def one(self, rows: Any) -> Any:
        return self.dice.choice(list(rows))

    def day(self, reach: int = 400) -> date:
        return self.today + timedelta(days=self.dice.randint(-reach, reach))

    def file_another(self) -> None:
        units = [
            ("区数据局", "lead"),
            ("区城市管理委", "support"),
            ("谁也不认识的办公室", "support"),
            ("柳渡镇", "responsible"),
        ]
        items: list[Any] = [("task", task(n + 2, f"任务{n}", *self.dice.sample(units, 2), deadline=self.dice.choice(["2025", "2027-06", None]))) for n in range(3)]  # fmt: skip
        comparator, deadline = self.dice.choice([">=", "<=", "~", "="]), self.dice.choice(["2028", "2025", None])
        items.append(("target", target(3, f"指标{self.dice.random()}", 30, "个", comparator=comparator, deadline=deadline)))  # fmt: skip
        plan = make_plan(self.people.supervisor, items, title=f"方案{self.dice.random()}")
        services.file_plan(self.people.supervisor, plan)

    def replace(self) -> None:
        """A newer version takes some clauses along; filed or not."""
        old = self.one(p for p in Plan.objects.exclude(filed_at=None) if p.is_current)
        kept = [c for c in old.clauses.all() if self.dice.random() < 0.6]
        fresh = make_plan(self.people.supervisor, [(c.kind, c.read) for c in kept], replaces=old)
        for clause, earlier in zip(fresh.clauses.all(), kept, strict=True):
            clause.carried_from = earlier
            clause.save()
        if self.dice.random() < 0.7:
            services.file_plan(self.people.supervisor, fresh)

    def file_again(self) -> None:
        plan = self.one(p for p in Plan.objects.all() if p.is_current)
        before = plan.tasks.count(), plan.targets.count()
        services.file_plan(self.people.supervisor, plan)
        services.file_plan(self.people.supervisor, plan)
        assert plan.filed_at is None or (plan.tasks.count(), plan.targets.count()) == before

    def assign(self) -> None:
        services.assign_all(self.people.supervisor, self.one(Plan.objects.exclude(filed_at=None)))

    def accept(self) -> None:
        services.accept(self.one(self.officers), self.one(Task.objects.all()))

    def report_done(self) -> None:
        officer = self.one(self.officers)
        services.report_done(officer, self.one(Task.objects.all()), text="完成", evidence=[evidence_of(officer)])

    def close(self) -> None:
        services.close(self.people.supervisor, self.one(Task.objects.filter(state="reported")))

    def send_back(self) -> None:
        services.send_back(self.people.supervisor, self.one(Task.objects.filter(state="reported")), reason="不全")

    def set_deadline(self) -> None:
        near = self.dice.choice([3, 10, 400])
        services.set_deadline(
            self.people.supervisor, self.one(Task.objects.all()), deadline=self.day(near), reason="调整"
        )

    def link(self) -> None:
        part = self.one(TaskUnit.objects.filter(organisation=None))
        services.link_units(self.people.supervisor, self.people.town.organisation, name=part.name)

    def report_number(self) -> None:
        found, value = self.one(Target.objects.all()), Decimal(self.dice.randint(-5, 90)) / self.dice.choice([1, 3, 7])
        services.report_target(
            self.people.supervisor, found, value=round(value, 3), as_of=self.today - timedelta(days=self.dice.randint(0, 500)), text="统计",
            evidence=[evidence_of(self.people.supervisor)],
        )  # fmt: skip

    def correct_number(self) -> None:
        old = self.one(IndicatorValue.objects.filter(replaced_by=None))
        IndicatorValue.objects.create(indicator=old.indicator, kind=old.kind, value=old.value + 20, as_of=old.as_of, replaces=old)  # fmt: skip

    def measure(self) -> None:
        IndicatorValue.objects.create(
            indicator=self.one(Indicator.objects.all()), kind="measured", value=Decimal(self.dice.randint(0, 60)), as_of=self.day(200)
        )  # fmt: skip

    def bind(self) -> None:
        indicator = Indicator.objects.create(key=f"m-{self.dice.random()}".replace(".", ""), title="测得", unit="个")
        IndicatorDefinition.objects.create(indicator=indicator, since=date(2020, 1, 1), text="测", measure="plans.closed_share")  # fmt: skip
        services.bind(self.people.supervisor, self.one(Target.objects.all()), indicator=indicator, reason="同一件事")

    def baseline(self) -> None:
        found = self.one(Target.objects.all())
        services.set_baseline(self.people.supervisor, found, value=Decimal(self.dice.randint(0, 90)), on=date(2024, 12, 31), source="年鉴")  # fmt: skip

    def milestones(self) -> None:
        points = {self.day(300): Decimal(self.dice.randint(0, 40)) for _ in range(2)}
        services.set_milestones(self.people.supervisor, self.one(Target.objects.all()), points=list(points.items()))

    # --- past the services ---

    def in_bulk(self) -> None:
        Task.objects.filter(pk__in=self.dice.sample(list(Task.objects.values_list("pk", flat=True)), 2)).update(
            state=self.dice.choice(Task.State.values), deadline=self.dice.choice([None, self.day(20)]), closed_at=timezone.now()
        )  # fmt: skip

    def save_what_was_read_before(self) -> None:
        part = self.one(TaskUnit.objects.all())
        Task.objects.filter(pk=part.task_id).update(state=self.dice.choice(Task.State.values), deadline=self.day(20))
        part.save()

    def add_and_drop_parts(self) -> None:
        units = [self.people.data.organisation, self.people.health.organisation, None]
        rows = [TaskUnit(task=t, position=9, name=f"新{t.pk}", role="support", organisation=self.one(units)) for t in Task.objects.all()[:2]]  # fmt: skip
        TaskUnit.objects.bulk_create(rows, ignore_conflicts=True)
        self.one(TaskUnit.objects.all()).delete()


KINDS = [name for name in vars(Steps) if not name.startswith("_") and name not in ("one", "day")]


@pytest.mark.parametrize("seed", range(2))
def test_counts_are_what_counting_by_hand_gives_after_every_kind_of_step(people, filed, seed: int) -> None:
    dice = random.Random(seed)
    steps, taken = Steps(people, dice), Counter[str]()
    for name in [*dice.sample(KINDS, len(KINDS)), *dice.choices(KINDS, k=STEPS - len(KINDS))]:
        with contextlib.suppress(HaiheError, IndexError):  # what may not be done, or nothing is there to do it to
            getattr(steps, name)()
            taken[name] += 1
        assert not copies_differ(), name
        account = dice.choice([people.supervisor, people.viewer, people.data, people.town])
        check(account, steps.day(dice.choice([0, 8, 700])))
    for account in (people.supervisor, people.viewer, people.data, people.town, people.nobody, None):
        for day in (steps.today, steps.today + timedelta(days=1)):
            check(account, day)
    for plan in Plan.objects.exclude(filed_at=None):
        check(people.supervisor, steps.today, plan)
    assert len(taken) > len(KINDS) / 2, taken


def test_the_overview_turns_at_midnight_without_anybody_counting_anew(people, filed) -> None:
    today = date(2026, 5, 12)
    Task.objects.update(deadline=today)
    assert services.programme(people.supervisor, today).by_light()["red"] == 0
    tomorrow = services.programme(people.supervisor, today + timedelta(days=1))
    assert tomorrow.by_light()["red"] == Task.objects.count() and all(line.late for line in tomorrow.units)


def test_the_number_of_questions_does_not_grow_with_the_ledger(people, filed) -> None:
    asked = []
    for _ in range(2):
        for number in range(4):
            Steps(people, random.Random(number)).file_another()
        asked.append(_questions(people))
    assert asked[0] == asked[1]


def _questions(people: SimpleNamespace) -> int:
    with CaptureQueriesContext(connection) as captured:
        found = services.programme(people.supervisor, timezone.localdate())
        assert found.units and found.states and found.by_light() and found.lateness
    return len(captured)
