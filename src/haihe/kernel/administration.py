"""What the three administrators do: units, accounts, roles, deputies. Each is an action: permission and audit included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput, NotFound
from haihe.kernel.identity import (
    ADMINISTRATORS,
    Account,
    ApiToken,
    Deputy,
    Role,
    RoleGrant,
    hand_over_open_work,
    random_password,
    set_password,
)
from haihe.kernel.language import pick, pinyin
from haihe.kernel.organisations import (
    Organisation,
    OrganisationAlias,
    Proposal,
    Succession,
    find_organisation,
    guess_kind,
    normalise_name,
    propose_organisations,
)
from haihe.kernel.permissions import action, check_separation, declare, visibility

declare("organisation.read", "查看单位", "see units", roles=Role.values)
declare("account.read", "查看账号", "see accounts", roles=[Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR])
declare("audit.read", "查看审计记录", "read the audit record", roles=[Role.AUDITOR])


@visibility(Organisation)
def _organisations(account: Account | None, rows: models.QuerySet[Organisation]) -> models.QuerySet[Organisation]:
    return rows if account else rows.none()


@visibility(Account)
def _accounts(account: Account | None, rows: models.QuerySet[Account]) -> models.QuerySet[Account]:
    if account and account.has_role(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR):
        return rows
    return rows.filter(pk=account.pk) if account else rows.none()


@visibility(audit.AuditRecord)
def _audit(account: Account | None, rows: models.QuerySet[audit.AuditRecord]) -> models.QuerySet[audit.AuditRecord]:
    return rows if account and account.has_role(Role.AUDITOR) else rows.none()


# --- units ----------------------------------------------------------------------------------------------------------


@action("organisation.create", "登记单位", "register a unit", roles=[Role.SYSTEM_ADMIN])
def create_organisation(
    account: Account, _: None, *, name: str, kind: str = "", parent: Organisation | None = None, short_name: str = "",
    credit_code: str = "", area_code: str = "", since: date | None = None,
) -> Organisation:  # fmt: skip
    name = normalise_name(name)
    if not name:
        raise InvalidInput("单位名称不能为空。", "A unit needs a name.", where="名称")
    if find_organisation(name) or Organisation.objects.filter(name=name).exists():
        raise Conflict(f"单位“{name}”已登记。", f"The unit {name} is registered already.", where="名称",
                       to_do_zh="如为别称，请登记为别名。", to_do_en="If it is another name of a unit, record an alias.")  # fmt: skip
    organisation = Organisation(
        name=name, kind=kind or guess_kind(name), parent=parent, short_name=normalise_name(short_name),
        credit_code=credit_code or None, area_code=area_code, since=since,
    )  # fmt: skip
    organisation.save()
    audit.note(name=name, parent=parent.name if parent else None)
    return organisation


@action(
    "organisation.alias", "确认单位别名", "confirm another name of a unit", roles=[Role.SYSTEM_ADMIN, Role.SUPERVISOR]
)
def add_alias(account: Account, organisation: Organisation, *, name: str) -> OrganisationAlias:
    name = normalise_name(name)
    if not name:
        raise InvalidInput("别名不能为空。", "Another name cannot be empty.", where="别名",
                           to_do_zh="请填写别名。", to_do_en="Give the name.")  # fmt: skip
    known = find_organisation(name) or next((a.organisation for a in OrganisationAlias.objects.filter(name=name)), None)
    if known is not None and known.pk != organisation.pk:
        raise Conflict(f"“{name}”已是“{known.name}”的名称。", f"{name} already names {known.name}.", where="别名")
    alias, _ = OrganisationAlias.objects.get_or_create(
        organisation=organisation, name=name, defaults={"confirmed_by": account}
    )
    audit.note(alias=name)
    return alias


@action(
    "organisation.succeed",
    "登记单位承接关系",
    "record that a unit carries on another's work",
    roles=[Role.SYSTEM_ADMIN, Role.SUPERVISOR],
)
def add_succession(
    account: Account, predecessor: Organisation, *, successor: Organisation, on: date, source: str
) -> Succession:
    if successor.pk == predecessor.pk or not source.strip():
        raise InvalidInput(
            "请选择另一个单位并写明依据（如机构改革文件）。",
            "Name another unit and the source of the change.",
            where="承接关系",
        )
    row, _ = Succession.objects.update_or_create(
        predecessor=predecessor,
        successor=successor,
        defaults={"on": on, "source": source.strip(), "recorded_by": account},
    )
    audit.note(successor=successor.name, on=on, source=source)
    return row


@dataclass(frozen=True)
class PastedUnit:
    """One line of a pasted list: the unit it already names, or proposals, or neither (then it would be new)."""

    line: int
    name: str
    known: Organisation | None
    proposals: list[Proposal]
    kind: str


def read_pasted_units(text: str) -> list[PastedUnit]:
    """Split a pasted list of units (one a line, or separated by 、，；) without storing anything."""
    units: list[PastedUnit] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        for part in (
            line.replace("，", "、")
            .replace("；", "、")
            .replace(",", "、")
            .replace(";", "、")
            .replace("\t", "、")
            .split("、")
        ):
            name = normalise_name(part)
            if not name or name in seen:
                continue
            seen.add(name)
            known = find_organisation(name)
            proposals = [] if known else propose_organisations(name)
            units.append(PastedUnit(number, name, known, proposals, guess_kind(name)))
    return units


@dataclass(frozen=True)
class Registered:
    """What became of one pasted name; `account` has `.new_password` where one was made."""

    name: str
    organisation: Organisation
    account: Account | None


def register_pasted(
    account: Account, rows: Sequence[tuple[str, Organisation | None, str, bool]], *, parent: Organisation | None
) -> list[Registered]:
    """Register a checked list in one transaction: rows of (name, the unit that a person says it names or None for a new one, kind
    or "", whether to make an account). Each step is an action of its own and leaves its record."""
    done = []
    with transaction.atomic():
        for name, same_as, kind, wants_account in rows:
            unit = same_as or find_organisation(name)
            if unit is None:
                unit = create_organisation(account, None, name=name, kind=kind, parent=parent)
            elif find_organisation(name) is None:
                add_alias(account, unit, name=name)
            made = _account_of(account, unit) if wants_account else None
            done.append(Registered(normalise_name(name), unit, made))
    return done


def _account_of(account: Account, unit: Organisation) -> Account:
    return create_account(
        account,
        None,
        username=propose_username(unit),
        display_name=pick(f"{unit}联络员", f"{unit} officer"),
        organisation=unit,
    )


# --- accounts -------------------------------------------------------------------------------------------------------


def propose_username(organisation: Organisation) -> str:
    """A free account name from the initials of the unit's pinyin: 区数据局 → qsjj, qsjj2 …"""
    initials = (
        "".join(syllable[0] for syllable in pinyin(str(organisation)) if syllable[:1].isalnum()).lower()[:20] or "unit"
    )
    number = 1
    while Account.objects.filter(username=initials if number == 1 else f"{initials}{number}").exists():
        number += 1
    return initials if number == 1 else f"{initials}{number}"


@action("account.create", "建立账号", "make an account", roles=[Role.SYSTEM_ADMIN])
def create_account(
    account: Account,
    _: None,
    *,
    username: str,
    display_name: str,
    organisation: Organisation | None,
    password: str = "",
) -> Account:
    """A new account without any role; the security administrator grants roles. Returns it with `.new_password` set."""
    if Account.objects.filter(username__iexact=username).exists():
        raise Conflict(
            f"账号“{username}”已存在。",
            f"The account {username} exists.",
            where="账号",
            to_do_zh="请换一个账号名。",
            to_do_en="Choose another.",
        )
    fresh = Account(username=username.strip(), display_name=display_name.strip(), organisation=organisation)
    password = password or random_password()
    fresh.set_unusable_password()
    fresh.save()
    set_password(fresh, password, must_change=True)
    fresh.new_password = password  # type: ignore[attr-defined]
    audit.note(username=username, organisation=organisation.name if organisation else None)
    return fresh


@action("account.disable", "停用账号", "switch an account off", roles=[Role.SYSTEM_ADMIN])
def disable_account(account: Account, other: Account) -> None:
    if other.pk == account.pk:
        raise InvalidInput("不能停用自己的账号。", "You cannot switch off your own account.", where=other.username)
    other.is_active = False
    other.save(update_fields=["is_active"])


@action("account.reset_password", "重置密码", "reset a password", roles=[Role.SECURITY_ADMIN])
def reset_password(account: Account, other: Account) -> str:
    """A new random password that must be changed at the next sign-in; also unlocks."""
    password = random_password()
    other.failed_attempts, other.locked_until = 0, None
    other.save(update_fields=["failed_attempts", "locked_until"])
    set_password(other, password, must_change=True)
    return password


@action("role.grant", "授予角色", "grant a role", roles=[Role.SECURITY_ADMIN])
def grant_role(
    account: Account, other: Account, *, role: str, scope: Organisation | None = None, until: date | None = None
) -> RoleGrant:
    if other.pk == account.pk:
        raise InvalidInput("不能给自己授权。", "Nobody grants roles to themselves.", where=other.username)
    check_separation(other, role)
    if role == Role.OFFICER and scope is None:
        scope = other.organisation
    if role == Role.OFFICER and scope is None:
        raise InvalidInput("单位联络员须指定单位。", "A unit officer needs a unit.", where="scope")
    grant = RoleGrant.objects.create(
        account=other, role=role, scope=scope, since=timezone.localdate(), until=until, granted_by=account
    )
    audit.note(role=role, scope=scope.name if scope else None, until=until)
    return grant


@action("role.revoke", "收回角色", "take a role back", roles=[Role.SECURITY_ADMIN])
def revoke_role(account: Account, other: Account, *, grant_id: int) -> None:
    grant = RoleGrant.objects.filter(pk=grant_id, account=other).first()
    if grant is None:
        raise NotFound("该账号没有这项授权。", "This account has no such grant.", where=f"grant {grant_id}",
                       to_do_zh="请刷新后重试。", to_do_en="Reload and try again.")  # fmt: skip
    if grant.role in ADMINISTRATORS and RoleGrant.holding().filter(role=grant.role).count() == 1:
        raise Conflict("这是最后一名该类管理员。", "This is the last administrator of this kind.", where=grant.role,
                       to_do_zh="请先授权他人。", to_do_en="Grant it to somebody else first.")  # fmt: skip
    audit.note(role=grant.role, since=grant.since)
    grant.delete()


@action(
    "deputy.appoint",
    "指定代岗（A/B岗）",
    "appoint a deputy",
    roles=[Role.SECURITY_ADMIN, Role.SUPERVISOR, Role.OFFICER],
)
def appoint_deputy(
    account: Account, principal: Account, *, deputy: Account, since: date, until: date, reason: str
) -> Deputy:
    """A person appoints their own deputy; the security administrator may do it for anybody."""
    if principal.pk != account.pk and not account.has_role(Role.SECURITY_ADMIN):
        raise InvalidInput("只能为自己指定代岗人。", "You may appoint only your own deputy.", where=principal.username)
    if deputy.pk == principal.pk or until < since:
        raise InvalidInput(
            "请选择另一人，且结束日期不早于开始日期。",
            "Choose another person and an end not before the start.",
            where="代岗",
        )
    if deputy.has_role(*ADMINISTRATORS):
        raise InvalidInput(
            "管理员账号不能代岗业务工作。", "An administrator's account cannot deputise.", where=deputy.username
        )
    audit.note(deputy=deputy.username, since=since, until=until, reason=reason)
    return Deputy.objects.create(principal=principal, deputy=deputy, since=since, until=until, reason=reason[:200])


@action("account.hand_over", "移交在办工作", "hand open work over", roles=[Role.SYSTEM_ADMIN, Role.SUPERVISOR])
def hand_over(account: Account, leaver: Account, *, successor: Account) -> int:
    """Move everything the leaver is in charge of to a successor of the same unit; returns how many things moved."""
    if successor.pk == leaver.pk or successor.organisation_id != leaver.organisation_id or not successor.is_active:
        raise InvalidInput(
            "接手人应为同一单位的另一名在用账号。",
            "The successor must be another active account of the same unit.",
            where=successor.username,
        )
    moved = hand_over_open_work(leaver, successor)
    audit.note(successor=successor.username, moved=moved)
    return moved


@action("token.revoke", "吊销接口令牌", "revoke a token", roles=Role.values)
def revoke_token(account: Account, token: ApiToken) -> None:
    if token.account_id != account.pk and not account.has_role(Role.SECURITY_ADMIN):
        raise InvalidInput("只能吊销自己的令牌。", "You may revoke only your own tokens.", where=token.name)
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])


def make_first_administrators() -> list[tuple[str, str, str]]:
    """For a real, empty district: the three administrators with random passwords that must be changed. (name, password, title)"""
    made = []
    for username, role in (
        ("sysadmin", Role.SYSTEM_ADMIN),
        ("secadmin", Role.SECURITY_ADMIN),
        ("auditor", Role.AUDITOR),
    ):
        account = Account(username=username, display_name=str(role.label))
        password = random_password()
        account.set_unusable_password()
        account.save()
        set_password(account, password, must_change=True)
        RoleGrant.objects.create(account=account, role=role, since=timezone.localdate())
        audit.record(None, "account.first_administrator", account, role=str(role))
        made.append((username, password, str(role.label)))
    return made


def operator() -> Account:
    """The account in whose name commands typed on the server act. It cannot sign in; whoever types commands there can read the
    database anyway, and the audit record shows which of the changes came this way."""
    account, fresh = Account.objects.get_or_create(
        username="operator", defaults={"display_name": "命令行", "password": "!", "must_change_password": True}
    )
    if fresh:
        RoleGrant.objects.create(account=account, role=Role.SUPERVISOR, since=timezone.localdate())
    return account
