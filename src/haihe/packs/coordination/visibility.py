"""Who sees what: supervisors and viewers everything; officers what their units are members of, invited to, asked for or owners of."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from haihe.kernel.cases import Case
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import carried_on_below, declare, of_own_units, roles_of, unit_paths, visibility, visible
from haihe.packs.coordination.models import (
    Decision,
    Meeting,
    Member,
    Note,
    Problem,
    Round,
    YearItem,
    YearPlan,
    YearReport,
)

READERS = (Role.SUPERVISOR, Role.VIEWER, Role.OFFICER)
WHOLE = {Role.SUPERVISOR, Role.VIEWER}
declare("coordination.read", "查看工作协调", "see the coordination mechanism", roles=READERS)
declare("screen.read", "查看领导大屏", "see the leader's screen", roles=[Role.SUPERVISOR, Role.VIEWER])


def own(account: Account | None, field: str) -> Q:
    """Everything, for whoever sees the whole; otherwise rows of own units and of those whose work these carry on."""
    if roles_of(account) & WHOLE:
        return Q()
    return own_units(account, field)


def own_units(account: Account | None, field: str) -> Q:
    """Rows of the units for which the account is officer, and of those whose work these carry on."""
    paths = unit_paths(account)
    if not paths:
        return Q(pk__in=[])
    carried_on = carried_on_below(paths, timezone.localdate())
    return of_own_units(account, field) | Q(**{f"{field}__in": carried_on})


@visibility(Member)
def _members(account: Account | None, rows: QuerySet[Member]) -> QuerySet[Member]:
    """Whoever works in the mechanism knows who else does: units and posts, no persons."""
    return rows if roles_of(account) & set(READERS) else rows.none()


@visibility(Meeting)
def _meetings(account: Account | None, rows: QuerySet[Meeting]) -> QuerySet[Meeting]:
    return rows.filter(pk__in=Meeting.objects.filter(own(account, "attendance__organisation")).values("pk"))


@visibility(Round)
def _rounds(account: Account | None, rows: QuerySet[Round]) -> QuerySet[Round]:
    return rows.filter(pk__in=Round.objects.filter(own(account, "units__organisation")).values("pk"))


@visibility(Note)
def _notes(account: Account | None, rows: QuerySet[Note]) -> QuerySet[Note]:
    return rows.filter(own(account, "organisation"))


@visibility(Problem)
def _problems(account: Account | None, rows: QuerySet[Problem]) -> QuerySet[Problem]:
    return rows.filter(own(account, "note__organisation"))


@visibility(Decision)
def _decisions(account: Account | None, rows: QuerySet[Decision]) -> QuerySet[Decision]:
    """With its case; whoever sat at the meeting sees all of its decisions once they are in the approved minutes."""
    sat = visible(account, Meeting.objects.exclude(versions=None))
    return rows.filter(Q(case__in=visible(account, Case.objects.all())) | Q(meeting__in=sat.values("pk")))


@visibility(YearPlan)
def _year_plans(account: Account | None, rows: QuerySet[YearPlan]) -> QuerySet[YearPlan]:
    return rows.filter(own(account, "organisation"))


@visibility(YearItem)
def _year_items(account: Account | None, rows: QuerySet[YearItem]) -> QuerySet[YearItem]:
    return rows.filter(own(account, "plan__organisation"))


@visibility(EvidenceFile)
def _evidence(account: Account | None, rows: QuerySet[EvidenceFile]) -> QuerySet[EvidenceFile]:
    """A file is seen with the report it was handed in with."""
    if account is None:
        return rows.none()
    return rows.filter(year_reports__in=YearReport.objects.filter(own(account, "item__plan__organisation"))).distinct()
