"""How posts stand at an instant: who is on duty, whether they took over, who comes next, and the gaps ahead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from haihe.kernel.identity import Account, Role, RoleGrant
from haihe.kernel.policies import parameter
from haihe.kernel.rosters.gaps import Gap, find_gaps
from haihe.kernel.rosters.models import DutyPost, Shift


@dataclass(frozen=True)
class Standing:
    """`on_duty`: shifts that run now; `next`: the shift that begins next; `gap`: the first one within the time of warning."""

    post: DutyPost
    on_duty: list[Shift]
    next: Shift | None
    gap: Gap | None

    def phase(self, at: datetime) -> DutyPost.Phase:
        if self.gap is None:
            return DutyPost.Phase.NONE
        return DutyPost.Phase.NOW if self.gap.since <= at else DutyPost.Phase.AHEAD


def warning_ahead(at: datetime) -> timedelta:
    return timedelta(hours=float(parameter("rosters.gap_warning_hours", timezone.localdate(at))))


def list_standings(posts: Iterable[DutyPost], at: datetime) -> list[Standing]:
    """Every post as it stands. Asks the database once, whatever the number of posts."""
    posts = list(posts)
    ahead = at + warning_ahead(at)
    shifts: dict[int, list[Shift]] = {post.pk: [] for post in posts}
    rows = Shift.counting().filter(post__in=posts, ends_at__gt=at, starts_at__lt=ahead + timedelta(days=1))
    for shift in rows.select_related("account", "taking", "note"):
        shifts[shift.post_id].append(shift)
    return [_standing(post, shifts[post.pk], at, ahead) for post in posts]


def people_for(post: DutyPost) -> list[Account]:
    """Who can be on duty there: officers whose unit, or the scope of whose role, holds the post's unit; its own people first."""
    unit = post.organisation
    rows = RoleGrant.holding().filter(role=Role.OFFICER, account__is_active=True)
    found: dict[int, Account] = {}
    for grant in rows.select_related("account__organisation", "scope"):
        scope = grant.scope or grant.account.organisation
        if scope is not None and unit.is_within(scope):
            found[grant.account_id] = grant.account
    return sorted(
        found.values(), key=lambda person: (person.organisation_id != unit.pk, person.display_name, person.pk)
    )


def standing_of(post: DutyPost, at: datetime) -> Standing:
    return list_standings([post], at)[0]


def _standing(post: DutyPost, shifts: list[Shift], at: datetime, ahead: datetime) -> Standing:
    first = max(at, post.since)
    gaps = (
        find_gaps(((s.starts_at, s.ends_at) for s in shifts), first, ahead)
        if first < ahead and not post.is_retired
        else []
    )
    return Standing(
        post, [s for s in shifts if s.runs_at(at)], next((s for s in shifts if s.starts_at > at), None), gaps[0] if gaps else None
    )  # fmt: skip
