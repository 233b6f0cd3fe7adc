"""Who sees which cases: supervisors and viewers in the subtree of their role, officers by the part of their unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from haihe.kernel.cases.models import Case, CaseEvent, CaseUnit, step_named
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import carried_on_below, declare, own_work, role_paths, unit_paths, visibility

declare("case.read", "查看案件", "read cases", roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER])


@visibility(Case)
def _cases(account: Account | None, rows: QuerySet[Case]) -> QuerySet[Case]:
    whole = role_paths(account, Role.SUPERVISOR, Role.VIEWER)
    if "/" in whole:
        return rows
    paths = [*whole, *unit_paths(account)]
    seen = Q(units__organisation__in=carried_on_below(paths, timezone.localdate()))
    for path in paths:
        seen |= Q(units__organisation__path__startswith=path)
    return rows.filter(pk__in=Case.objects.filter(seen).values("pk"))


@visibility(CaseEvent)
def _events(account: Account | None, rows: QuerySet[CaseEvent]) -> QuerySet[CaseEvent]:
    return rows.filter(case__in=_cases(account, Case.objects.all()))


@visibility(EvidenceFile)
def _evidence(account: Account | None, rows: QuerySet[EvidenceFile]) -> QuerySet[EvidenceFile]:
    """A file is seen with the case it was handed in for, or by whoever uploaded it."""
    if account is None:
        return rows.none()
    return rows.filter(Q(case_events__case__in=_cases(account, Case.objects.all())) | Q(uploaded_by=account)).distinct()


Part = tuple[str, int, str]  # role of a unit in a case, its number and path
Step = dict[str, Any] | None


def waiting_for(account: Account, rows: Iterable[Case]) -> list[Case]:
    """Those of the open cases whose present step the account may take. The same answer as `may_take` for each, without asking
    the database for each; `rows` come with their units prefetched (`units__organisation`)."""
    waits = _asks(account)
    waiting = {
        case.pk: case for case in rows
        if case.closed_at is None and waits(case.current, ((p.role, p.organisation_id, p.organisation.path) for p in case.units.all()))
    }  # fmt: skip
    own_answers = _last_taken_by(account, [pk for pk, case in waiting.items() if _is_review(case.current)])
    return [case for pk, case in waiting.items() if pk not in own_answers]


def count_waiting(account: Account, rows: QuerySet[Case]) -> int:
    """How many of the open cases `waiting_for` would name, told from few columns."""
    waits, parts = _asks(account), defaultdict[int, list[Part]](list)
    steps = {pk: step_named(steps, step) for pk, steps, step in rows.values_list("pk", "steps", "step")}
    units = CaseUnit.objects.filter(case__in=list(steps)).order_by()
    for case, role, unit, path in units.values_list("case", "role", "organisation", "organisation__path"):
        parts[case].append((role, unit, path))
    waiting = [pk for pk, step in steps.items() if waits(step, parts[pk])]
    return len(waiting) - len(_last_taken_by(account, [pk for pk in waiting if _is_review(steps[pk])]))


def _asks(account: Account) -> Callable[[Step, Iterable[Part]], bool]:
    """A function (present step of a case, its parts) → whether the account may take the step, as far as its roles go."""
    by_role = {role: role_paths(account, role) for role in set(Role.values)}
    own = unit_paths(account)
    carried_on = carried_on_below(own, timezone.localdate())

    def asks(step: Step, parts: Iterable[Part]) -> bool:
        performers = step["performers"] if step else []
        paths = [path for role in performers for path in by_role.get(role, [])]
        if "/" in paths:
            return True
        return any(
            any(path.startswith(above) for above in paths)
            or (role in performers and (unit in carried_on or any(path.startswith(above) for above in own)))
            for role, unit, path in parts
        )

    return asks


def _is_review(step: Step) -> bool:
    return step is not None and "reviewer" in step["performers"]


def _last_taken_by(account: Account, cases: list[int]) -> set[int]:
    """Numbers of those of the cases whose last step this account took."""
    taken = CaseEvent.objects.filter(case__in=cases, kind=CaseEvent.Kind.TAKEN).order_by("pk")
    last = dict(taken.values_list("case_id", "account_id")) if cases else {}
    return {case for case, who in last.items() if own_work(account, who)}


def would_review_oneself(account: Account | None, case: Case) -> bool:
    """Whether the step reviews what this very account handed in: an officer of the unit above could otherwise do both."""
    return account is not None and _is_review(case.current) and case.pk in _last_taken_by(account, [case.pk])
