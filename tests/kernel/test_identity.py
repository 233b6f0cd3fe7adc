"""Who may do what: lock-out, separation of administrators, scopes, deputies, tokens, actions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from haihe.kernel import administration, identity
from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Deputy, Role, find_token, issue_token, sign_in
from haihe.kernel.permissions import ACTIONS, allows, asking_once, demand, roles_of, visible


def test_five_wrong_passwords_lock_and_time_unlocks(account_with) -> None:
    account = account_with("viewer")
    now = timezone.now()
    for _ in range(identity.FAILURES_UNTIL_LOCK):
        with pytest.raises(NotAllowed):
            sign_in(account.username, "wrong", at=now)
    with pytest.raises(NotAllowed, match="locked"):
        sign_in(account.username, "correct-horse-7", at=now)
    later = now + timedelta(minutes=identity.LOCK_MINUTES, seconds=1)
    assert sign_in(account.username, "correct-horse-7", at=later) == account


def test_the_answer_does_not_tell_whether_a_name_exists(account_with) -> None:
    account = account_with("viewer")
    messages = []
    for name in (account.username, "nobody-of-that-name"):
        with pytest.raises(NotAllowed) as caught:
            sign_in(name, "wrong")
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_a_switched_off_account_cannot_sign_in(account_with) -> None:
    account = account_with("viewer")
    administration.disable_account(account_with(Role.SYSTEM_ADMIN), account)
    with pytest.raises(NotAllowed):
        sign_in(account.username, "correct-horse-7")


@pytest.mark.parametrize("weak", ["short", "1234567890", "password123", "望河区数据局"])
def test_weak_passwords_are_refused(account_with, weak: str) -> None:
    with pytest.raises(InvalidInput):
        identity.set_password(account_with("viewer"), weak)


@pytest.mark.parametrize(
    ("held", "wanted"), [("auditor", "system_admin"), ("supervisor", "auditor"), ("security_admin", "viewer")]
)
def test_the_three_administrators_are_kept_apart(account_with, held: str, wanted: str) -> None:
    with pytest.raises(InvalidInput, match="kept apart"):
        administration.grant_role(account_with(Role.SECURITY_ADMIN), account_with(held), role=wanted)


def test_nobody_grants_roles_to_themselves(account_with) -> None:
    admin = account_with(Role.SECURITY_ADMIN)
    with pytest.raises(InvalidInput):
        administration.grant_role(admin, admin, role=Role.VIEWER)


def test_the_last_administrator_of_a_kind_stays(account_with) -> None:
    admin, auditor = account_with(Role.SECURITY_ADMIN), account_with(Role.AUDITOR)
    grant = auditor.grants.get()
    with pytest.raises(Conflict):
        administration.revoke_role(admin, auditor, grant_id=grant.pk)


def test_a_refused_action_leaves_nothing_behind(account_with) -> None:
    records = AuditRecord.objects.count()
    with pytest.raises(NotAllowed):
        administration.create_organisation(account_with(Role.OFFICER), None, name="新单位")
    assert AuditRecord.objects.count() == records


def test_an_action_leaves_one_record_with_its_facts(account_with) -> None:
    admin = account_with(Role.SYSTEM_ADMIN)
    unit = administration.create_organisation(admin, None, name="望河区水务局")
    row = AuditRecord.objects.get(action="organisation.create")
    assert (row.actor_name, row.object_id, row.details["name"]) == (admin.username, str(unit.pk), "望河区水务局")


def test_a_deputy_acts_on_behalf_and_the_record_says_for_whom(account_with, district) -> None:
    principal, deputy = account_with(Role.SUPERVISOR), account_with(Role.OFFICER, district.data)
    today = timezone.localdate()
    Deputy.objects.create(principal=principal, deputy=deputy, since=today, until=today, reason="休假")
    administration.add_alias(deputy, district.city, name="区城管局")
    row = AuditRecord.objects.get(action="organisation.alias")
    assert (row.actor_name, row.on_behalf_of) == (deputy.username, principal.username)


def test_a_deputy_never_gets_an_administrators_role(account_with, district) -> None:
    principal, deputy = account_with(Role.SECURITY_ADMIN), account_with(Role.OFFICER, district.data)
    today = timezone.localdate()
    Deputy.objects.create(principal=principal, deputy=deputy, since=today, until=today, reason="休假")
    assert roles_of(deputy) == {Role.OFFICER}
    assert not allows(deputy, "role.grant")


def test_a_deputy_loses_the_right_the_day_after(account_with, district) -> None:
    principal, deputy = account_with(Role.SUPERVISOR), account_with(Role.OFFICER, district.data)
    yesterday = timezone.localdate() - timedelta(days=1)
    Deputy.objects.create(principal=principal, deputy=deputy, since=yesterday, until=yesterday, reason="休假")
    with pytest.raises(NotAllowed):
        demand(deputy, "organisation.alias", district.city)


def test_a_person_appoints_only_their_own_deputy(account_with, district) -> None:
    officer, other = account_with(Role.OFFICER, district.data), account_with(Role.OFFICER, district.data)
    with pytest.raises(InvalidInput):
        administration.appoint_deputy(
            officer, other, deputy=officer, since=date(2026, 1, 1), until=date(2026, 1, 2), reason=""
        )


def test_tokens_expire_and_can_be_revoked(account_with) -> None:
    account = account_with("viewer")
    token, secret = issue_token(account, "报表程序", days=1, may_write=False)
    assert find_token(secret) == token
    token.expires_at = timezone.now() - timedelta(seconds=1)
    token.save()
    assert find_token(secret) is None
    other, secret = issue_token(account, "报表程序", days=1, may_write=False)
    administration.revoke_token(account, other)
    assert find_token(secret) is None


def test_a_token_is_not_stored_in_the_clear(account_with) -> None:
    token, secret = issue_token(account_with("viewer"), "x", days=1, may_write=False)
    assert secret not in token.digest and len(token.digest) == 64


def test_an_unregistered_model_shows_nothing(account_with) -> None:
    from haihe.kernel.identity import ApiToken

    issue_token(account_with("viewer"), "x", days=1, may_write=False)
    assert not visible(account_with("supervisor"), ApiToken.objects.all()).exists()


def test_pasted_units_are_told_apart_into_known_likely_and_new(district) -> None:
    rows = administration.read_pasted_units("区数据局、区卫生健康委员会\n区水务局；各镇街园区\n区数据局")
    assert [(row.name, row.known is not None, bool(row.proposals)) for row in rows[:2]] == [
        ("区数据局", True, False),
        ("区卫生健康委员会", False, True),
    ]
    assert [row.name for row in rows] == ["区数据局", "区卫生健康委员会", "区水务局", "各镇街园区"]


def test_every_reading_permission_has_an_action_name() -> None:
    for name in ("organisation.read", "account.read", "audit.read"):
        assert name in ACTIONS


def test_a_page_asks_for_roles_once_and_the_next_page_sees_the_change(account_with, django_assert_num_queries) -> None:
    account = account_with("viewer")
    with asking_once():
        assert roles_of(account) == {"viewer"}
        with django_assert_num_queries(0):
            assert roles_of(account) == {"viewer"} and not allows(account, "account.create")
        identity.RoleGrant.objects.filter(account=account).update(until=date(2000, 1, 1))
    assert roles_of(account) == set()


def test_an_action_asks_for_roles_anew_even_while_a_page_is_read(account_with) -> None:
    security, other = account_with("security_admin"), account_with("viewer")
    with asking_once():
        assert roles_of(security) == {"security_admin"}
        identity.RoleGrant.objects.filter(account=security).update(until=date(2000, 1, 1))
        with pytest.raises(NotAllowed):
            administration.reset_password(security, other)
