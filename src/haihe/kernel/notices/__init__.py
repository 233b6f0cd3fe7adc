"""Outgoing messages: a row per message and channel, written in the transaction of what it tells about, sent by a duty.

    notify(organisation_or_account, ("主题", "Subject"), ("正文", "Text"), about=row)

Channels (channels.py): the outbox page that everybody has, mail, and a webhook. Nothing is sent to an address that nobody
configured. An outside channel gets each message at least once: a worker that dies between sending and noting it sends again,
with the same message number.
"""

from haihe.kernel.notices.models import ContactAddress, Notice, NoticeReading
from haihe.kernel.notices.reading import mark_read, own_notices, send_again, set_contact, unread_count
from haihe.kernel.notices.sending import holders_of_role, notify, send_due

__all__ = [
    "ContactAddress", "Notice", "NoticeReading", "holders_of_role", "mark_read", "notify", "own_notices", "send_again", "send_due",
    "set_contact", "unread_count",
]  # fmt: skip
