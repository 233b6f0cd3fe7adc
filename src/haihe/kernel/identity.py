"""Accounts, roles, deputies, tokens: who somebody is. What they may do is in permissions.py.

The three administrators are kept apart (三员分立): the system administrator makes accounts and units, the security
administrator grants roles and unlocks, the auditor reads the audit record. Nobody holds two of these roles, and none of them
holds a role of the business beside it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput, NotAllowed
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation

FAILURES_UNTIL_LOCK = 5
LOCK_MINUTES = 15
LONGEST_TOKEN_DAYS = 366
# Without letters and digits that are easily confused when read from paper.
PASSWORD_CHARACTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"  # noqa: S105


class Role(models.TextChoices):
    SYSTEM_ADMIN = "system_admin", two("系统管理员", "System administrator")
    SECURITY_ADMIN = "security_admin", two("安全管理员", "Security administrator")
    AUDITOR = "auditor", two("审计员", "Auditor")
    SUPERVISOR = "supervisor", two("督查人员", "Supervisor")
    OFFICER = "officer", two("单位联络员", "Unit officer")
    VIEWER = "viewer", two("查看人员", "Viewer")


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})


class AccountManager(BaseUserManager["Account"]):
    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(username__iexact=username)


class Account(AbstractBaseUser):
    """A person (or a program of an organisation). Personal data is the least that work needs: a name to show and the unit."""

    username = models.CharField("账号", max_length=60, unique=True)
    display_name = models.CharField("姓名", max_length=60)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="accounts")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=True)
    failed_attempts = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["display_name"]
    objects = AccountManager()

    acting_for: str = ""  # set by permissions while a deputy acts; copied into the audit record

    def __str__(self) -> str:
        return self.display_name or self.username

    def grants_on(self, on: date | None = None) -> models.QuerySet[RoleGrant]:
        """Role grants of this account itself that hold on a day (default today)."""
        return RoleGrant.holding(on).filter(account=self).select_related("scope")

    def has_role(self, *roles: str) -> bool:
        return self.grants_on().filter(role__in=roles).exists()

    @property
    def is_locked(self) -> bool:
        return self.locked_until is not None and self.locked_until > timezone.now()


class RoleGrant(models.Model):
    """`account` has `role` within `scope` and everything below it (no scope: the whole district), from `since` to `until`."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role.choices)
    scope = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")

    @staticmethod
    def holding(on: date | None = None) -> models.QuerySet[RoleGrant]:
        day = on or timezone.localdate()
        return RoleGrant.objects.filter(since__lte=day).filter(models.Q(until=None) | models.Q(until__gte=day))


class Deputy(models.Model):
    """A/B岗: while it holds, `deputy` may do what `principal`'s business roles allow; the record shows for whom."""

    principal = models.ForeignKey(Account, models.CASCADE, related_name="deputies")
    deputy = models.ForeignKey(Account, models.CASCADE, related_name="principals")
    since = models.DateField()
    until = models.DateField()
    reason = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)

    @staticmethod
    def holding(on: date | None = None) -> models.QuerySet[Deputy]:
        day = on or timezone.localdate()
        return Deputy.objects.filter(since__lte=day, until__gte=day, revoked_at=None, principal__is_active=True)


class ApiToken(models.Model):
    """A secret for programs, shown once and stored as a hash. It never allows more than its account."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    may_write = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)


# --- passwords and sign-in ------------------------------------------------------------------------------------------


def random_password() -> str:
    """Four groups of four characters: about 90 bits, readable from paper."""
    return "-".join("".join(secrets.choice(PASSWORD_CHARACTERS) for _ in range(4)) for _ in range(4))


def set_password(account: Account, password: str, *, must_change: bool = False) -> None:
    """Set a password that satisfies the policy; InvalidInput says what it lacks. Does not write an audit record."""
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise InvalidInput(
            "新密码不符合要求：" + " ".join(error.messages), "The password does not satisfy the policy.", where="密码",
            to_do_zh="至少 10 位，不能是常用密码，也不能全是数字。", to_do_en="At least 10 characters, not common, not only digits.",
        ) from error  # fmt: skip
    account.set_password(password)
    account.must_change_password = must_change
    account.save(update_fields=["password", "must_change_password"])


@cache
def _nobodys_password() -> str:
    """Compared when no such account exists, so that the time of the answer does not tell which names exist. Made by the first who
    signs in, whoever that is: it takes as long as a comparison."""
    return make_password(secrets.token_urlsafe(16))


def sign_in(username: str, password: str, *, at: datetime | None = None) -> Account:
    """The account if name and password fit and it is neither locked nor switched off; NotAllowed otherwise.

    FAILURES_UNTIL_LOCK wrong passwords lock the account for LOCK_MINUTES; the message never tells whether the name exists.
    """
    at = at or timezone.now()
    nobodys = _nobodys_password()
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(username__iexact=username.strip()).first()
        if account is not None and account.locked_until and account.locked_until > at:
            audit.record(None, "sign_in.refused", account, reason="locked")
            refused = "locked"
        elif check_password(password, account.password if account else nobodys) and account and account.is_active:
            account.failed_attempts, account.locked_until = 0, None
            account.save(update_fields=["failed_attempts", "locked_until"])
            audit.record(account, "sign_in", account)
            return account
        else:
            refused = "wrong"
            if account is not None:
                account.failed_attempts += 1
                if account.failed_attempts >= FAILURES_UNTIL_LOCK:
                    account.failed_attempts, account.locked_until = 0, at + timedelta(minutes=LOCK_MINUTES)
                account.save(update_fields=["failed_attempts", "locked_until"])
            audit.record(None, "sign_in.refused", account, username=username[:60], reason="wrong name or password")
    if refused == "locked":
        raise NotAllowed(
            f"登录失败次数过多，账号已锁定 {LOCK_MINUTES} 分钟。", f"Too many failures: locked for {LOCK_MINUTES} minutes.",
            to_do_zh="请稍后再试，或请安全管理员解锁。", to_do_en="Wait, or ask the security administrator to unlock it.",
        )  # fmt: skip
    raise NotAllowed("账号或密码不正确。", "Wrong name or password.", to_do_zh="请重新输入。", to_do_en="Try again.")


class PasswordBackend:
    """Lets Django's sessions find the account again; signing in itself goes through `sign_in`."""

    def authenticate(self, request: Any, username: str | None = None, password: str | None = None) -> Account | None:
        try:
            return sign_in(username or "", password or "")
        except NotAllowed:
            return None

    def get_user(self, user_id: int) -> Account | None:
        return Account.objects.filter(pk=user_id, is_active=True).select_related("organisation").first()


# --- tokens ---------------------------------------------------------------------------------------------------------


def issue_token(account: Account, name: str, *, days: int, may_write: bool) -> tuple[ApiToken, str]:
    """A new token and its secret, which is not kept anywhere."""
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise InvalidInput(
            f"有效期应为 1–{LONGEST_TOKEN_DAYS} 天。", f"A token lives 1–{LONGEST_TOKEN_DAYS} days.", where="days"
        )
    secret = "hh_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            account=account, name=name[:80], digest=hashlib.sha256(secret.encode()).hexdigest(), may_write=may_write,
            expires_at=timezone.now() + timedelta(days=days),
        )  # fmt: skip
        audit.record(account, "token.issue", token, name=name[:80], days=days, may_write=may_write)
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """The valid token of this secret, its last use noted (at most once a minute)."""
    token = (
        ApiToken.objects.filter(
            digest=hashlib.sha256(secret.encode()).hexdigest(), revoked_at=None, account__is_active=True
        )
        .select_related("account__organisation")
        .first()
    )
    now = timezone.now()
    if token is None or token.expires_at <= now:
        return None
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


# --- hand-over ------------------------------------------------------------------------------------------------------

_hand_over_hooks: list[Callable[[Account, Account], int]] = []


def on_hand_over(hook: Callable[[Account, Account], int]) -> Callable[[Account, Account], int]:
    """Register a function (leaver, successor) → number of open things moved. For packs that keep a person in charge."""
    _hand_over_hooks.append(hook)
    return hook


def hand_over_open_work(leaver: Account, successor: Account) -> int:
    """Run every hook; the caller holds the transaction and the permission."""
    return sum(hook(leaver, successor) for hook in _hand_over_hooks)
