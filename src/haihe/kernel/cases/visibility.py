"""Who sees which cases: supervisors and viewers in the subtree of their role, officers by the part of their unit."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from haihe.kernel.cases.models import Case, CaseEvent
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import units_carried_on
from haihe.kernel.permissions import declare, own_work, role_paths, unit_paths, visibility

declare("case.read", "查看案件", "read cases", roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER])


@visibility(Case)
def _cases(account: Account | None, rows: QuerySet[Case]) -> QuerySet[Case]:
    whole = role_paths(account, Role.SUPERVISOR, Role.VIEWER)
    if "/" in whole:
        return rows
    paths = [*whole, *unit_paths(account)]
    seen = Q(units__organisation__in=units_carried_on(paths, timezone.localdate())) if paths else Q(pk__in=[])
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


def waiting_for(account: Account, rows: Iterable[Case]) -> list[Case]:
    """Those of the open cases whose present step the account may take. The same answer as `may_take` for each, without asking
    the database for each; `rows` come with their units prefetched (`units__organisation`)."""
    by_role = {role: role_paths(account, role) for role in set(Role.values)}
    own = unit_paths(account)
    carried_on = units_carried_on(own, timezone.localdate()) if own else set()

    def waits(case: Case) -> bool:
        performers = (case.current or {"performers": []})["performers"]
        paths = [path for role in performers for path in by_role.get(role, [])]
        for part in case.units.all():
            unit = part.organisation
            if any(unit.path.startswith(path) for path in paths):
                return True
            is_own = unit.pk in carried_on or any(unit.path.startswith(path) for path in own)
            if part.role in performers and is_own:
                return True
        return "/" in paths

    waiting = [case for case in rows if case.closed_at is None and waits(case)]
    own_answers = _last_taken_by(account, [case for case in waiting if _is_review(case)])
    return [case for case in waiting if case.pk not in own_answers]


def _is_review(case: Case) -> bool:
    return case.current is not None and "reviewer" in case.current["performers"]


def _last_taken_by(account: Account, cases: list[Case]) -> set[int]:
    """Ids of the cases whose last step this account took."""
    taken = CaseEvent.objects.filter(case__in=cases, kind=CaseEvent.Kind.TAKEN).order_by("pk")
    last = dict(taken.values_list("case_id", "account_id")) if cases else {}
    return {case for case, who in last.items() if own_work(account, who)}


def would_review_oneself(account: Account | None, case: Case) -> bool:
    """Whether the step reviews what this very account handed in: an officer of the unit above could otherwise do both."""
    return account is not None and _is_review(case) and case.pk in _last_taken_by(account, [case])
