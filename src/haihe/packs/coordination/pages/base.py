"""What the pages of this pack share: the registry, words of lights, and what a form holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import visible
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Decision
from haihe.web.fields import id_in, ids_in, row_or_none, visible_row
from haihe.web.pages import AccountRequest, Pages

pages = Pages("coordination")
LIGHTS = {
    "red": two("逾期", "Overdue"), "amber": two("临期", "Due soon"), "green": two("正常", "On time"), "closed": two("已办结", "Closed"),
    "none": two("无时限", "No limit"),
}  # fmt: skip


def lines_in(request: AccountRequest, name: str) -> list[str]:
    return request.POST.get(name, "").splitlines()


def number_in(request: AccountRequest, name: str) -> int:
    """A revision or version that the form carried; 0 where it is none."""
    return id_in(request.POST.get(name)) or 0


def units_to_choose(request: AccountRequest) -> QuerySet[Organisation]:
    return visible(request.user, Organisation.objects.filter(until=None))


def unit_in(request: AccountRequest, name: str = "organisation") -> Organisation:
    """The unit that a form names; NotFound where it names none."""
    found: Organisation = visible_row(request.user, Organisation.objects.all(), request.POST.get(name))
    return found


def own_unit_in(request: AccountRequest) -> Organisation | None:
    """For which of their units an officer acts, where the form asked."""
    found: Organisation | None = row_or_none(request.user, Organisation.objects.all(), request.POST.get("organisation"))
    return found


def chosen_units(request: AccountRequest) -> list[Organisation]:
    return list(units_to_choose(request).filter(pk__in=ids_in(request, "unit")))


def unit_choices(request: AccountRequest) -> dict[str, Any]:
    """Member units first, everybody else after them, for forms in which units are chosen."""
    members = services.member_units()
    known = {unit.pk for unit in members}
    return {"member_units": members, "other_units": [u for u in units_to_choose(request) if u.pk not in known]}


def seen_cases(account: Account, decisions: Iterable[Decision]) -> set[int]:
    """Numbers of those cases that the account may open: whoever sat at a meeting reads its decisions, not everybody's work."""
    wanted = [decision.case_id for decision in decisions if decision.case_id]
    return set(visible(account, Case.objects.filter(pk__in=wanted)).values_list("pk", flat=True))


def decision_rows(account: Account, lines: list[services.DecisionLine]) -> list[dict[str, Any]]:
    seen = seen_cases(account, [line.decision for line in lines])
    return [
        {"line": line, "decision": line.decision, "light_title": LIGHTS[line.light], "opens": line.decision.case_id in seen}
        for line in lines
    ]  # fmt: skip
