"""Writing messages, and the duty that sends them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from http.client import HTTPException

import structlog
from django.db import models
from django.utils import timezone

from haihe.kernel.errors import HaiheError
from haihe.kernel.identity import Account, RoleGrant
from haihe.kernel.notices.channels import CHANNELS, Recipient, Undeliverable
from haihe.kernel.notices.models import OUTBOX, Notice
from haihe.kernel.organisations import Organisation

log = structlog.get_logger()

# A message is tried at once and then 1, 2, 4 … minutes later, at most an hour apart: ten tries lie within about six hours.
MOST_ATTEMPTS = 10
LONGEST_WAIT_S = 3600
# While a worker sends, nobody else takes the message; after this it is taken for dead.
LEASE_S = 120
ROWS_A_RUN = 50


def notify(
    recipient: Recipient, subject: tuple[str, str], text: tuple[str, str], about: models.Model | None = None
) -> list[Notice]:
    """Write a message (Chinese and English) for a unit or an account on every configured channel, in the running transaction."""
    now = timezone.now()
    link = about.get_absolute_url() if about is not None and hasattr(about, "get_absolute_url") else ""
    rows = [
        Notice(
            channel=channel.name, organisation=organisation, account=account, subject_zh=subject[0][:200], subject_en=subject[1][:300],
            text_zh=text[0], text_en=text[1], about_type=about._meta.label_lower if about is not None else "",
            about_id=str(about.pk) if about is not None else "", link=link, created_at=now, next_at=now,
        )
        for channel in CHANNELS if channel.is_configured() for organisation, account in channel.addresses(recipient)
    ]  # fmt: skip
    for row in rows:
        if row.channel == OUTBOX:
            row.state, row.next_at, row.sent_at = Notice.State.SENT, None, now
    return Notice.objects.bulk_create(rows)


def holders_of_role(role: str, units: Iterable[Organisation] = ()) -> Iterator[Account]:
    """Accounts that hold a role today for the whole district or for a subtree with one of the units; each once."""
    seen: set[int] = set()
    places = list(units)
    grants = RoleGrant.holding().filter(role=role, account__is_active=True).select_related("account", "scope")
    for grant in grants:
        if grant.account_id in seen:
            continue
        if grant.scope is None or any(unit.is_within(grant.scope) for unit in places):
            seen.add(grant.account_id)
            yield grant.account


def send_due(at: datetime) -> int:
    """Send what waits; returns how many arrived. A channel that does not answer is left alone until the next run."""
    sent = 0
    broken: set[str] = set()
    waiting = Notice.objects.filter(state=Notice.State.WAITING, next_at__lte=at).order_by("next_at", "pk")
    for pk, name in list(waiting.values_list("pk", "channel")[:ROWS_A_RUN]):
        if name in broken:
            continue
        arrived = _send_one(pk, at)
        sent += arrived is True
        if arrived is False:
            broken.add(name)
    return sent


def _send_one(pk: int, at: datetime) -> bool | None:
    """True: arrived. False: its channel does not work now. None: nothing to do, or this one message was refused."""
    # One statement takes the message, so that of two workers only one gets it.
    taken = Notice.objects.filter(pk=pk, state=Notice.State.WAITING, next_at__lte=at).update(
        attempts=models.F("attempts") + 1, next_at=at + timedelta(seconds=LEASE_S)
    )
    if not taken:
        return None
    notice = Notice.objects.select_related("organisation", "account").get(pk=pk)
    channel = next((c for c in CHANNELS if c.name == notice.channel and c.is_configured()), None)
    try:
        if channel is None:
            raise Undeliverable("the channel is not configured any more")
        channel.send(notice)
    except Undeliverable as error:
        _give_up(notice, str(error))
        return None
    # A server's answer outside its protocol is a failure like any other: nothing that it says may stop the worker.
    except (OSError, HTTPException, HaiheError, ValueError) as error:
        _failed(notice, error, at)
        return False
    Notice.objects.filter(pk=pk).update(state=Notice.State.SENT, sent_at=timezone.now(), next_at=None, error="")
    return True


def wait_s(attempts: int) -> int:
    """Seconds until the next try after so many tries."""
    return min(60 * 2 ** (attempts - 1), LONGEST_WAIT_S)


def _failed(notice: Notice, error: Exception, at: datetime) -> None:
    said = f"{type(error).__name__}: {error}"[:300]
    if notice.attempts >= MOST_ATTEMPTS:
        _give_up(notice, said)
        return
    next_at = at + timedelta(seconds=wait_s(notice.attempts))
    Notice.objects.filter(pk=notice.pk).update(next_at=next_at, error=said)


def _give_up(notice: Notice, said: str) -> None:
    Notice.objects.filter(pk=notice.pk).update(state=Notice.State.GIVEN_UP, next_at=None, error=said[:300])
    log.error("a notice was given up", notice=notice.pk, channel=notice.channel, error=said[:300])
