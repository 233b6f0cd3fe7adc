"""What an account may do and see. Two questions, asked everywhere: `allows(account, action, object)` and
`visible(account, queryset)`.

Every change of the district is an *action*: a function declared with @action, which names its permission and writes its audit
record in the same transaction. An action without either cannot be declared. Evaluation order of `allows`:

1. no account, or one that is switched off: no;
2. a role of the account that the action names, whose scope holds the object: yes;
3. the role of the account's unit on the object itself (`unit_roles`), where the action names it: yes;
4. the same two questions for everybody whose deputy the account is today (never for administrators' roles): yes, on behalf;
5. otherwise no.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, runtime_checkable

from django.db import models, transaction

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput, NotAllowed
from haihe.kernel.identity import ADMINISTRATORS, Account, Deputy, Role, RoleGrant
from haihe.kernel.organisations import Organisation, units_carried_on

WHOLE = frozenset(
    {Role.SUPERVISOR, Role.VIEWER}
)  # roles that see the whole district, where a model does not say otherwise

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)


@runtime_checkable
class BelongsToUnits(Protocol):
    """An object that units have a role on, such as a task."""

    def units_with_roles(self) -> Iterable[tuple[Organisation, str]]: ...


@dataclass(frozen=True)
class Action:
    """`roles`: who may do it anywhere in their scope. `as_unit`: roles on the object which let an officer of that unit do it."""

    name: str
    title_zh: str
    title_en: str
    roles: frozenset[str]
    as_unit: frozenset[str]


ACTIONS: dict[str, Action] = {}


def declare(name: str, title_zh: str, title_en: str, *, roles: Iterable[str], as_unit: Iterable[str] = ()) -> Action:
    """Declare a permission. Reading permissions are declared bare; changes come with @action."""
    if name in ACTIONS:
        raise ValueError(f"the action {name!r} is declared twice")
    if not (title_zh and title_en and (roles or as_unit)):
        raise ValueError(f"the action {name!r} needs two titles and somebody who may do it")
    ACTIONS[name] = Action(name, title_zh, title_en, frozenset(roles), frozenset(as_unit))
    return ACTIONS[name]


def action(
    name: str, title_zh: str, title_en: str, *, roles: Iterable[str], as_unit: Iterable[str] = ()
) -> Callable[[Callable[Concatenate[Account, Any, P], R]], Callable[Concatenate[Account, Any, P], R]]:
    """Declare a function (account, object, …) as an action.

    The object (None for actions that create something) is read again under a lock, the permission is checked, the function
    runs, and its audit record, with whatever it passed to `audit.note`, is written: all in one transaction.
    """
    declare(name, title_zh, title_en, roles=roles, as_unit=as_unit)

    def wrap(function: Callable[Concatenate[Account, Any, P], R]) -> Callable[Concatenate[Account, Any, P], R]:
        @functools.wraps(function)
        def perform(account: Account, target: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
            # An action may call another one: on whose behalf the outer one runs is not the inner one's business.
            before = getattr(account, "acting_for", "")
            try:
                with _asking_anew(), transaction.atomic(), audit.collecting() as details:
                    if isinstance(target, models.Model):
                        target = type(target)._base_manager.select_for_update().get(pk=target.pk)
                    demand(account, name, target)
                    result = function(account, target, *args, **kwargs)
                    found = [row for row in (target, result) if isinstance(row, models.Model)]
                    audit.record(account, name, found[0] if found else None, **details)
            finally:
                if account is not None:
                    account.acting_for = before
            return result

        return perform

    return wrap


def allows(account: Account | None, action: str | Action, target: Any = None) -> bool:
    """Whether the account may do the action (on the object). An unknown name is a programming error: KeyError.

    An `Action` that is not declared may be given where the object itself names who may act, such as the step of a case."""
    return _ground(account, ACTIONS[action] if isinstance(action, str) else action, target) is not None


def demand(account: Account | None, action: str | Action, target: Any = None) -> None:
    """Raise NotAllowed unless allowed (see `allows`); notes on the account for whom a deputy acts."""
    wanted = ACTIONS[action] if isinstance(action, str) else action
    ground = _ground(account, wanted, target)
    if account is None or ground is None:
        raise NotAllowed(
            f"您没有“{wanted.title_zh}”的权限。", f"You may not: {wanted.title_en}.", where=wanted.name,
            to_do_zh="如工作需要，请联系安全管理员授权。", to_do_en="Ask the security administrator for the role if your work needs it.",
        )  # fmt: skip
    account.acting_for = "" if ground.pk == account.pk else ground.username


def _ground(account: Account | None, wanted: Action, target: Any) -> Account | None:
    """The person (the account itself or a principal) through whom the action is allowed."""
    if account is None or not account.is_active:
        return None
    for person, grants in _persons_and_grants(account):
        if any(_grant_allows(grant, wanted, target) for grant in grants):
            return person
    return None


class _Asked:
    """What was asked while one page is read: roles by account, units that are carried on by paths and day."""

    def __init__(self) -> None:
        self.grants: dict[int, list[tuple[Account, list[RoleGrant]]]] = {}
        self.carried_on: dict[tuple[tuple[str, ...], date], set[int]] = {}


_asked: ContextVar[_Asked | None] = ContextVar("_asked", default=None)


@contextmanager
def asking_once() -> Iterator[None]:
    """While one page is read, the roles of an account and what its units carry on are asked for once; a change meanwhile shows on the
    next page. Only for what changes nothing: an action always asks anew."""
    token = _asked.set(_Asked())
    try:
        yield
    finally:
        _asked.reset(token)


@contextmanager
def _asking_anew() -> Iterator[None]:
    token = _asked.set(None)
    try:
        yield
    finally:
        _asked.reset(token)


def _persons_and_grants(account: Account) -> list[tuple[Account, list[RoleGrant]]]:
    known = _asked.get()
    if known is None or account.pk is None:
        return _ask_for_grants(account)
    if account.pk not in known.grants:
        known.grants[account.pk] = _ask_for_grants(account)
    return known.grants[account.pk]


def _ask_for_grants(account: Account) -> list[tuple[Account, list[RoleGrant]]]:
    """The account with its grants of today, and each person whose deputy it is with theirs."""
    found = [(account, list(account.grants_on()))]
    for deputy in Deputy.holding().filter(deputy=account).select_related("principal"):
        found.append((deputy.principal, [g for g in deputy.principal.grants_on() if g.role not in ADMINISTRATORS]))
    return found


def _grant_allows(grant: RoleGrant, wanted: Action, target: Any) -> bool:
    if grant.role in wanted.roles and (grant.scope is None or _in_scope(target, grant.scope)):
        return True
    if not wanted.as_unit or grant.role != Role.OFFICER or not isinstance(target, BelongsToUnits):
        return False
    scope = grant.scope or grant.account.organisation
    return scope is not None and any(
        role in wanted.as_unit and unit.is_within(scope) for unit, role in target.units_with_roles()
    )


def _in_scope(target: Any, scope: Organisation) -> bool:
    if target is None:
        return True
    if isinstance(target, Organisation):
        return target.is_within(scope)
    if isinstance(target, BelongsToUnits):
        return any(unit.is_within(scope) for unit, _ in target.units_with_roles())
    organisation = getattr(target, "organisation", None)
    return isinstance(organisation, Organisation) and organisation.is_within(scope)


# --- seeing ---------------------------------------------------------------------------------------------------------

_visibility: dict[type[models.Model], list[Callable[[Account | None, Any], Any]]] = {}


def visibility(
    model: type[M],
) -> Callable[
    [Callable[[Account | None, models.QuerySet[M]], models.QuerySet[M]]],
    Callable[[Account | None, models.QuerySet[M]], models.QuerySet[M]],
]:
    """Declare who sees which rows of a model: a function (account or None for the public, queryset) → queryset.

    A model may have several: a row is seen where any of them lets it be seen (evidence belongs to reports, cases …)."""

    def wrap(
        function: Callable[[Account | None, models.QuerySet[M]], models.QuerySet[M]],
    ) -> Callable[[Account | None, models.QuerySet[M]], models.QuerySet[M]]:
        _visibility.setdefault(model, []).append(function)
        return function

    return wrap


def visible(account: Account | None, rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """The rows this account may see; nothing of a model that declares no visibility."""
    rules = _visibility.get(rows.model, [])
    if len(rules) == 1:
        return rules[0](account, rows)
    seen = models.Q(pk__in=[])
    for rule in rules:
        seen |= models.Q(pk__in=rule(account, rows.model._default_manager.all()).values("pk"))
    return rows.filter(seen)


def roles_of(account: Account | None) -> set[str]:
    """All roles the account has today, those of its principals (without administrators' roles) included."""
    if account is None or not account.is_active:
        return set()
    return {grant.role for _, grants in _persons_and_grants(account) for grant in grants}


def role_paths(account: Account | None, *roles: str) -> list[str]:
    """Paths of the subtrees in which the account holds one of the roles; "/" stands for the whole district."""
    if account is None or not account.is_active:
        return []
    grants = [grant for _, grants in _persons_and_grants(account) for grant in grants]
    return [grant.scope.path if grant.scope else "/" for grant in grants if grant.role in roles]


def persons_of(account: Account | None) -> list[Account]:
    """The account and those whose deputy it is today."""
    return [person for person, _ in _persons_and_grants(account)] if account and account.is_active else []


def unit_paths(account: Account | None) -> list[str]:
    """Paths of the subtrees for which the account is officer (or deputy of one)."""
    if account is None or not account.is_active:
        return []
    paths = []
    for person, grants in _persons_and_grants(account):
        for grant in grants:
            scope = grant.scope or person.organisation
            if grant.role == Role.OFFICER and scope is not None:
                paths.append(scope.path)
    return paths


def carried_on_below(paths: Iterable[str], day: date) -> set[int]:
    """Numbers of the units whose work has passed to units below one of the paths (organisations.units_carried_on)."""
    below, known = tuple(paths), _asked.get()
    if not below:
        return set()
    if known is None:
        return units_carried_on(below, day)
    if (below, day) not in known.carried_on:
        known.carried_on[below, day] = units_carried_on(below, day)
    return known.carried_on[below, day]


def of_own_units(account: Account | None, *fields: str) -> models.Q:
    """Rows of which one of `fields` (ways to an Organisation) lies in a subtree for which the account is officer or deputy."""
    mine = models.Q(pk__in=[])
    for path in unit_paths(account):
        for field in fields:
            mine |= models.Q(**{f"{field}__path__startswith": path})
    return mine


def own_work(account: Account | None, handed_in_by: int | None, unit: Organisation | None = None) -> bool:
    """Whether the account would review its own work: what it handed in itself (id of the account that did), or what `unit` handed
    in where it belongs to that unit or acts for it or for a unit below. A bureau above may review the units below it."""
    if account is None:
        return False
    if handed_in_by is not None and handed_in_by == account.pk:
        return True
    if unit is None:
        return False
    own = account.organisation
    return (own is not None and own.is_within(unit)) or any(path.startswith(unit.path) for path in unit_paths(account))


# --- granting -------------------------------------------------------------------------------------------------------


def check_separation(account: Account, role: str) -> None:
    """Raise InvalidInput if `role` may not stand beside the roles the account already has."""
    held = set(RoleGrant.holding().filter(account=account).values_list("role", flat=True)) - {role}
    if held and (role in ADMINISTRATORS or held & ADMINISTRATORS):
        titles = "、".join(str(Role(r).label) for r in sorted(held))
        raise InvalidInput(
            f"三员分立：“{Role(role).label}”不能与“{titles}”由同一账号担任。",
            "The three administrators are kept apart: this role cannot stand beside the account's other roles.",
            where=account.username,
            to_do_zh="请为另一人另建账号。",
            to_do_en="Make another account for another person.",
        )
