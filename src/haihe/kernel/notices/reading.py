"""Who sees which messages, and what people do with them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.notices.models import OUTBOX, ContactAddress, Notice, NoticeReading
from haihe.kernel.permissions import action, declare, of_own_units, persons_of, visibility

declare("notice.read", "查看消息", "read one's messages", roles=Role.values)
declare("notice.watch", "查看消息发送情况", "see which messages could not be sent", roles=[Role.SYSTEM_ADMIN])


def own_notices(account: Account) -> models.QuerySet[Notice]:
    """Messages of the outbox to the account, to those whose deputy it is, and to the units for which it is officer."""
    mine = models.Q(account__in=persons_of(account)) | of_own_units(account, "organisation")
    return Notice.objects.filter(mine, channel=OUTBOX)


def unread_count(account: Account) -> int:
    return own_notices(account).exclude(readings__account=account).count()


@visibility(Notice)
def _notices(account: Account | None, rows: models.QuerySet[Notice]) -> models.QuerySet[Notice]:
    if account is None or not account.is_active:
        return rows.none()
    seen = models.Q(pk__in=own_notices(account).values("pk"))
    if account.has_role(Role.SYSTEM_ADMIN):
        seen |= ~models.Q(channel=OUTBOX)
    return rows.filter(seen)


def mark_read(account: Account, notices: models.QuerySet[Notice]) -> int:
    """Note that the account read these of its own messages; returns how many were new to it. Not a change of the district:
    it is neither an action nor in the audit record."""
    fresh = list(own_notices(account).filter(pk__in=notices.values("pk")).exclude(readings__account=account))
    NoticeReading.objects.bulk_create((NoticeReading(notice=n, account=account) for n in fresh), ignore_conflicts=True)
    return len(fresh)


@action("notice.send_again", "重新发送消息", "send a message again that was given up", roles=[Role.SYSTEM_ADMIN])
def send_again(account: Account, notice: Notice) -> Notice:
    if notice.state != Notice.State.GIVEN_UP:
        raise Conflict("该消息不在发送失败之列。", "This message was not given up.", where=str(notice.pk),
                       to_do_zh="待发送的消息会自动重试。", to_do_en="Waiting messages are tried again by themselves.")  # fmt: skip
    notice.state, notice.attempts, notice.next_at, notice.error = Notice.State.WAITING, 0, timezone.now(), ""
    notice.save(update_fields=["state", "attempts", "next_at", "error"])
    return notice


@action("self.contact", "登记通知邮箱", "enter an address for messages", roles=Role.values)
def set_contact(account: Account, _: None, *, email: str) -> ContactAddress | None:
    """The account's own address for messages by mail; an empty one removes it. The audit record does not hold the address."""
    written = email.strip()
    audit.note(given=bool(written))
    if not written:
        ContactAddress.objects.filter(account=account).delete()
        return None
    try:
        validate_email(written)
    except ValidationError as error:
        raise InvalidInput("邮箱地址不正确。", "This is not a mail address.", where="email",
                           to_do_zh="格式：name@example.cn。", to_do_en="Like name@example.cn.") from error  # fmt: skip
    return ContactAddress.objects.update_or_create(account=account, defaults={"email": written})[0]
