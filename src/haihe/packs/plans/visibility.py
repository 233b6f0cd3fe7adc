"""Who sees which plans, targets and tasks."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import WHOLE, carried_on_below, declare, of_own_units, roles_of, unit_paths, visibility
from haihe.packs.plans.models import Clause, FilledSheet, FindingMark, IssuedPaper, Plan, Report, Target, Task, TaskUnit
from haihe.packs.plans.models_linkage import Inspection, InspectionAnswer, InspectionLine, TaskLink
from haihe.packs.plans.models_supervision import Binding, Contact, Evaluation, KeyProject, TaskVersion

declare("plan.read", "查看规划", "read plans", roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER])
declare(
    "plan.export",
    "导出任务分工表",
    "export the task-division table",
    roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER],
)


def _tasks_of(units: set[int]) -> Q:
    """Tasks on which one of the units has a part. The few units are asked for first, so that the parts are found by their index however
    many there are."""
    return Q(pk__in=TaskUnit.objects.filter(organisation__in=units).order_by().values("task"))


def units_showing(account: Account | None) -> set[int] | None:
    """Numbers of the units whose tasks the account sees: an officer's own ones and those that they succeeded; None: of all units."""
    if roles_of(account) & WHOLE:
        return None
    mine = Q(pk__in=[])
    for path in unit_paths(account):
        mine |= Q(path__startswith=path) | Q(successions__successor__path__startswith=path)
    return set(Organisation.objects.filter(mine).order_by().values_list("pk", flat=True))


@visibility(Plan)
def _plans(account: Account | None, rows: QuerySet[Plan]) -> QuerySet[Plan]:
    roles = roles_of(account)
    if Role.SUPERVISOR in roles:
        return rows
    if roles & {Role.VIEWER, Role.OFFICER}:
        return rows.exclude(filed_at=None)
    return rows.exclude(published_at=None)


def _of_visible_plans(account: Account | None, rows: Any) -> Any:
    return rows.filter(plan__in=_plans(account, Plan.objects.all()))


visibility(Clause)(_of_visible_plans)
visibility(Target)(_of_visible_plans)


@visibility(FindingMark)
def _marks(account: Account | None, rows: QuerySet[FindingMark]) -> QuerySet[FindingMark]:
    return rows.filter(file__plans__in=_plans(account, Plan.objects.all())).distinct()


@visibility(Task)
def _tasks(account: Account | None, rows: QuerySet[Task]) -> QuerySet[Task]:
    units = units_showing(account)
    return rows if units is None else rows.filter(_tasks_of(units))


@visibility(Report)
def _reports(account: Account | None, rows: QuerySet[Report]) -> QuerySet[Report]:
    units = units_showing(account)
    if units is None:
        return rows
    if account is None or Role.OFFICER not in roles_of(account):
        return rows.none()
    own = Task.objects.filter(_tasks_of(units))
    return rows.filter(Q(task__in=own) | Q(target__tasks__in=own) | Q(account=account)).distinct()


def _of_visible_targets(account: Account | None, rows: QuerySet[Binding]) -> QuerySet[Binding]:
    return rows.filter(target__in=_of_visible_plans(account, Target.objects.all()))


def _of_visible_tasks(account: Account | None, rows: Any) -> Any:
    return rows.filter(task__in=_tasks(account, Task.objects.all()))


visibility(Binding)(_of_visible_targets)
visibility(KeyProject)(_of_visible_tasks)
visibility(Evaluation)(_of_visible_tasks)
visibility(TaskVersion)(_of_visible_tasks)


@visibility(TaskLink)
def _links(account: Account | None, rows: QuerySet[TaskLink]) -> QuerySet[TaskLink]:
    """A link is seen with either of its tasks."""
    tasks = _tasks(account, Task.objects.all()).values("pk")
    return rows.filter(Q(city__in=tasks) | Q(district__in=tasks))


@visibility(InspectionLine)
def _lines(account: Account | None, rows: QuerySet[InspectionLine]) -> QuerySet[InspectionLine]:
    """The supervision office and leaders see every line, a unit its own and those of the units that it carries on."""
    if roles_of(account) & WHOLE:
        return rows
    paths = unit_paths(account)
    carried_on = carried_on_below(paths, timezone.localdate())
    return rows.filter(of_own_units(account, "organisation") | Q(organisation__in=carried_on))


@visibility(InspectionAnswer)
def _answers(account: Account | None, rows: QuerySet[InspectionAnswer]) -> QuerySet[InspectionAnswer]:
    return rows.filter(line__in=_lines(account, InspectionLine.objects.all()).order_by().values("pk"))


@visibility(Inspection)
def _inspections(account: Account | None, rows: QuerySet[Inspection]) -> QuerySet[Inspection]:
    if roles_of(account) & WHOLE:
        return rows
    own = _lines(account, InspectionLine.objects.all()).order_by()
    return rows.filter(pk__in=own.values("inspection"))


@visibility(Contact)
def _contacts(account: Account | None, rows: QuerySet[Contact]) -> QuerySet[Contact]:
    return rows if roles_of(account) & WHOLE else rows.filter(of_own_units(account, "organisation"))


@visibility(EvidenceFile)
def _evidence(account: Account | None, rows: QuerySet[EvidenceFile]) -> QuerySet[EvidenceFile]:
    """A file is seen with the report it belongs to, or by whoever uploaded it."""
    if account is None:
        return rows.none()
    return rows.filter(Q(reports__in=_reports(account, Report.objects.all())) | Q(uploaded_by=account)).distinct()


@visibility(IssuedPaper)
def _papers(account: Account | None, rows: QuerySet[IssuedPaper]) -> QuerySet[IssuedPaper]:
    """The supervision office and leaders see every paper, a unit those that go to it."""
    roles = roles_of(account)
    if roles & WHOLE:
        return rows
    if account is None or Role.OFFICER not in roles:
        return rows.none()
    return rows.filter(pk__in=IssuedPaper.objects.filter(of_own_units(account, "addressees")).values("pk"))


@visibility(FilledSheet)
def _sheets(account: Account | None, rows: QuerySet[FilledSheet]) -> QuerySet[FilledSheet]:
    """A sheet is its sender's; the supervision office sees all."""
    if Role.SUPERVISOR in roles_of(account):
        return rows
    return rows.filter(account=account) if account is not None else rows.none()


@visibility(EvidenceFile)
def _files_of_papers(account: Account | None, rows: QuerySet[EvidenceFile]) -> QuerySet[EvidenceFile]:
    return rows.filter(papers__in=_papers(account, IssuedPaper.objects.all())).distinct()
