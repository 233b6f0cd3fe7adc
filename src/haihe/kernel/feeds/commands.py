"""Commands to devices: queued by a person's action, carried by the gateway when the device is connected, answered by the device.

A command is marked as sent before it is sent: it may be lost on the way, it is never sent twice.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from django.db import close_old_connections, models
from django.utils import timezone

from haihe.kernel.errors import HaiheError
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.things import Thing

if TYPE_CHECKING:
    from haihe.kernel.feeds.feed import Answer
    from haihe.kernel.feeds.gateway import Gateway
    from haihe.kernel.feeds.session import Session

log = structlog.get_logger()
ANSWER_WITHIN = timedelta(seconds=60)
KEEP_QUEUED = timedelta(hours=24)
AT_ONCE = 500


class Command(models.Model):
    """One command to one device. `content` is what the protocol's `Feed.command` takes, `answer` what the device told, if anything."""

    class State(models.TextChoices):
        QUEUED = "queued", two("等待下发", "Waiting")
        SENT = "sent", two("已下发", "Sent")
        DONE = "done", two("终端已确认", "Confirmed by the device")
        REFUSED = "refused", two("终端拒绝", "Refused by the device")
        UNANSWERED = "unanswered", two("终端未应答", "No answer")
        FAILED = "failed", two("未能下发", "Could not be sent")

    thing = models.ForeignKey(Thing, models.PROTECT, related_name="commands")
    feed = models.CharField(max_length=40)
    device = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    content = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    by = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    remark = models.CharField(max_length=200, blank=True)
    answer = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "feed"])]


def queue(
    account: Account | None, thing: Thing, *, feed: str, device: str, kind: str, content: dict[str, Any]
) -> Command:
    """Queue a command; the caller is an action that has asked for the permission."""
    return Command.objects.create(thing=thing, feed=feed, device=device, kind=kind, content=content, by=account)


class CommandDesk:
    """The gateway's side. What is noted about commands is noted by its storing thread; the frame of one is made in the reading thread,
    which knows the connection."""

    def send_queued(self, gateway: Gateway) -> None:
        close_old_connections()
        now = timezone.now()
        Command.objects.filter(state=Command.State.SENT, sent_at__lt=now - ANSWER_WITHIN).update(
            state=Command.State.UNANSWERED
        )
        Command.objects.filter(state=Command.State.QUEUED, queued_at__lt=now - KEEP_QUEUED).update(
            state=Command.State.FAILED, remark="24 小时内终端未上线 the device was not connected for 24 h"
        )
        for command in Command.objects.filter(state=Command.State.QUEUED).order_by("pk")[:AT_ONCE]:
            session = gateway.by_device.get((command.feed, command.device))
            if session is not None:
                Command.objects.filter(pk=command.pk).update(state=Command.State.SENT, sent_at=timezone.now())
                gateway.in_reading_thread(partial(self._send, command, session, gateway))

    def _send(self, command: Command, session: Session, gateway: Gateway) -> None:
        try:
            serial, frame = session.feed.command(session, command.kind, command.content)
        except Exception as error:
            if not isinstance(error, HaiheError):
                log.exception("a command could not be made", kind=command.kind, error=repr(error))
            because = error.sentence() if isinstance(error, HaiheError) else repr(error)
            gateway.storing.submit(partial(self._fail, command.pk, because[:200]))
            return
        session.commands[serial] = command.pk
        gateway.loop.call_soon_threadsafe(session.send, frame)

    def _fail(self, pk: int, because: str) -> None:
        Command.objects.filter(pk=pk).update(state=Command.State.FAILED, sent_at=None, remark=because)

    def settle(self, answered: list[Answer]) -> None:
        close_old_connections()
        for answer in answered:
            pk = answer.session.commands.pop(answer.serial, None)
            if pk is not None:
                Command.objects.filter(pk=pk).update(
                    state=Command.State.REFUSED if answer.refused else Command.State.DONE,
                    answered_at=timezone.now(),
                    remark=answer.refused[:200],
                    answer=answer.told,
                )
