"""Members of the mechanism: which unit, in which part, through which post, from when to when."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.permissions import action
from haihe.packs.coordination.models import Member


def members_on(day: date | None = None) -> models.QuerySet[Member]:
    """The members of a day (default today)."""
    day = day or timezone.localdate()
    holding = models.Q(until=None) | models.Q(until__gte=day)
    return Member.objects.filter(holding, since__lte=day).select_related("organisation")


def member_units(day: date | None = None) -> list[Organisation]:
    """The member units of a day, each by the unit that carries on its work."""
    day = day or timezone.localdate()
    return list(dict.fromkeys(successor_on(member.organisation, day) for member in members_on(day)))


@action("member.add", "登记成员单位", "add a member unit", roles=[Role.SUPERVISOR])
def add_member(
    account: Account, organisation: Organisation, *, part: str = Member.Part.MEMBER, contact_role: str = "",
    contact: Account | None = None, since: date | None = None,
) -> Member:  # fmt: skip
    if part not in Member.Part.values:
        raise InvalidInput("没有这种身份。", "There is no such part.", where="part")
    if Member.objects.filter(organisation=organisation, until=None).exists():
        raise Conflict("该单位已是成员。", "The unit is a member already.", where=organisation.name,
                       to_do_zh="如身份变化，请先注明原身份的截止日期。", to_do_en="End the present membership first.")  # fmt: skip
    audit.note(organisation=organisation.name, part=part, contact_role=contact_role)
    return Member.objects.create(
        organisation=organisation, part=part, contact_role=contact_role.strip()[:80], contact=contact, since=since or timezone.localdate()
    )  # fmt: skip


@action("member.end", "终止成员身份", "end a membership", roles=[Role.SUPERVISOR])
def end_member(account: Account, member: Member, *, until: date) -> Member:
    if member.until is not None:
        raise Conflict("该成员身份已终止。", "The membership has ended already.", where=str(member))
    if until < member.since:
        raise InvalidInput("截止日期早于起始日期。", "It cannot end before it began.", where="until")
    member.until = until
    member.save(update_fields=["until"])
    audit.note(organisation=member.organisation.name, until=until)
    return member
