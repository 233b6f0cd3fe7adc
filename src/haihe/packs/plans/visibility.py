"""Who sees which plans, targets and tasks."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import declare, of_own_units, roles_of, unit_paths, visibility
from haihe.packs.plans.models import Clause, Plan, Report, Target, Task
from haihe.packs.plans.models_supervision import Binding, Contact, Evaluation, KeyProject

declare("plan.read", "查看规划", "read plans", roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER])
declare(
    "plan.export",
    "导出任务分工表",
    "export the task-division table",
    roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER],
)

WHOLE = {Role.SUPERVISOR, Role.VIEWER}


def _own_tasks(account: Account) -> Q:
    """Tasks on which a unit of the account, or a unit that it succeeded, has a part."""
    mine = Q(pk__in=[])
    for path in unit_paths(account):
        inherited = Organisation.objects.filter(successions__successor__path__startswith=path)
        mine |= Q(units__organisation__path__startswith=path) | Q(units__organisation__in=inherited)
    return mine


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


@visibility(Task)
def _tasks(account: Account | None, rows: QuerySet[Task]) -> QuerySet[Task]:
    roles = roles_of(account)
    if roles & WHOLE:
        return rows
    if account is not None and Role.OFFICER in roles:
        return rows.filter(pk__in=Task.objects.filter(_own_tasks(account)).values("pk"))
    return rows.none()


@visibility(Report)
def _reports(account: Account | None, rows: QuerySet[Report]) -> QuerySet[Report]:
    roles = roles_of(account)
    if roles & WHOLE:
        return rows
    if account is None or Role.OFFICER not in roles:
        return rows.none()
    own = Task.objects.filter(_own_tasks(account))
    return rows.filter(Q(task__in=own) | Q(target__tasks__in=own) | Q(account=account)).distinct()


def _of_visible_targets(account: Account | None, rows: QuerySet[Binding]) -> QuerySet[Binding]:
    return rows.filter(target__in=_of_visible_plans(account, Target.objects.all()))


def _of_visible_tasks(account: Account | None, rows: Any) -> Any:
    return rows.filter(task__in=_tasks(account, Task.objects.all()))


visibility(Binding)(_of_visible_targets)
visibility(KeyProject)(_of_visible_tasks)
visibility(Evaluation)(_of_visible_tasks)


@visibility(Contact)
def _contacts(account: Account | None, rows: QuerySet[Contact]) -> QuerySet[Contact]:
    return rows if roles_of(account) & WHOLE else rows.filter(of_own_units(account, "organisation"))


@visibility(EvidenceFile)
def _evidence(account: Account | None, rows: QuerySet[EvidenceFile]) -> QuerySet[EvidenceFile]:
    """A file is seen with the report it belongs to, or by whoever uploaded it."""
    if account is None:
        return rows.none()
    return rows.filter(Q(reports__in=_reports(account, Report.objects.all())) | Q(uploaded_by=account)).distinct()
