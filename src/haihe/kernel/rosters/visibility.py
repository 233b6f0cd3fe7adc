"""Who sees which rosters: supervisors and viewers all, an officer those of the units in their subtree."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import WHOLE, declare, of_own_units, roles_of, visibility
from haihe.kernel.rosters.models import CheckResult, DutyCheck, DutyPost, HandoverNote, Shift, TakeOver

declare("roster.read", "查看值班", "see duty rosters", roles=[Role.SUPERVISOR, Role.VIEWER, Role.OFFICER])


def _within(account: Account | None, way: str) -> Q:
    return Q() if roles_of(account) & WHOLE else of_own_units(account, f"{way}thing__organisation")


@visibility(DutyPost)
def _posts(account: Account | None, rows: QuerySet[DutyPost]) -> QuerySet[DutyPost]:
    return rows.filter(_within(account, ""))


@visibility(Shift)
def _shifts(account: Account | None, rows: QuerySet[Shift]) -> QuerySet[Shift]:
    return rows.filter(_within(account, "post__"))


@visibility(HandoverNote)
def _notes(account: Account | None, rows: QuerySet[HandoverNote]) -> QuerySet[HandoverNote]:
    return rows.filter(_within(account, "post__"))


@visibility(TakeOver)
def _takings(account: Account | None, rows: QuerySet[TakeOver]) -> QuerySet[TakeOver]:
    return rows.filter(_within(account, "post__"))


@visibility(DutyCheck)
def _checks(account: Account | None, rows: QuerySet[DutyCheck]) -> QuerySet[DutyCheck]:
    return rows.filter(_within(account, "post__"))


@visibility(CheckResult)
def _results(account: Account | None, rows: QuerySet[CheckResult]) -> QuerySet[CheckResult]:
    return rows.filter(_within(account, "check_asked__post__"))
