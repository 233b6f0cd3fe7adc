"""What was told to whom, through which channel, and whether it arrived."""

from __future__ import annotations

from django.db import models

from haihe.kernel.identity import Account
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation

OUTBOX = "outbox"


class Notice(models.Model):
    """One message on one channel: to an account, to a unit (everybody who is its officer), or to the district's webhook.

    `about_*` name what it is about without a foreign key, so that it stays readable when that pack is gone; `link` is the path
    of its page. `next_at`: when the duty may take it next."""

    class State(models.TextChoices):
        WAITING = "waiting", two("待发送", "Waiting")
        SENT = "sent", two("已发送", "Sent")
        GIVEN_UP = "given_up", two("发送失败", "Given up")

    channel = models.CharField(max_length=20)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    subject_zh = models.CharField(max_length=200)
    subject_en = models.CharField(max_length=300)
    text_zh = models.TextField()
    text_en = models.TextField()
    about_type = models.CharField(max_length=80, blank=True)
    about_id = models.CharField(max_length=40, blank=True)
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "next_at"]),
            models.Index(fields=["channel", "account"]),
            models.Index(fields=["channel", "organisation"]),
        ]

    @property
    def subject(self) -> str:
        return pick(self.subject_zh, self.subject_en)

    @property
    def text(self) -> str:
        return pick(self.text_zh, self.text_en)


class NoticeReading(models.Model):
    """Who has read a message of the outbox; a unit's message is read by each of its officers."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="readings")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "account"], name="one_reading_per_account")]


class ContactAddress(models.Model):
    """The mail address at which an account wants its messages too; there is none until its owner enters one."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="contact_address")
    email = models.EmailField()
