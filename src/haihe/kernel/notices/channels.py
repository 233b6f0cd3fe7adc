"""The ways a message can leave. One interface, three real channels; each says by itself whether it is configured.

HAIHE_SMTP_URL     smtp://user:password@host:587 (STARTTLS), smtps://… (TLS from the start), smtp+plain://… (no TLS: a local relay)
HAIHE_WEBHOOK_URL  http(s)://…; HAIHE_WEBHOOK_KEY signs the body, HAIHE_WEBHOOK_SHAPE names its shape
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings
from django.utils import timezone

from haihe.kernel.errors import ConfigurationError
from haihe.kernel.identity import Account, Role, RoleGrant
from haihe.kernel.notices.models import OUTBOX, ContactAddress, Notice
from haihe.kernel.organisations import Organisation

TIMEOUT_S = 10
Recipient = Organisation | Account
# The account or unit under which a channel keeps its row; both None for a channel that reaches the district as a whole.
Address = tuple[Organisation | None, Account | None]


class Undeliverable(Exception):
    """This message will not arrive by trying again (no such mailbox, refused content)."""


class Channel(Protocol):
    """`addresses` yields a row's owner for each copy that a recipient gets here; `send` returns once the other side took it
    and raises otherwise: Undeliverable where another try is useless, OSError (smtplib's and urllib's included) to be tried again."""

    name: str

    def is_configured(self) -> bool: ...
    def addresses(self, recipient: Recipient) -> Iterator[Address]: ...
    def send(self, notice: Notice) -> None: ...


def officers_of(organisation: Organisation) -> Iterator[Account]:
    """The accounts that are officers of exactly this unit today."""
    grants = RoleGrant.holding().filter(role=Role.OFFICER, account__is_active=True).select_related("account")
    for grant in grants:
        if (grant.scope_id or grant.account.organisation_id) == organisation.pk:
            yield grant.account


class Outbox:
    """The page of messages inside Haihe: written is delivered."""

    name = OUTBOX

    def is_configured(self) -> bool:
        return True

    def addresses(self, recipient: Recipient) -> Iterator[Address]:
        yield (recipient, None) if isinstance(recipient, Organisation) else (None, recipient)

    def send(self, notice: Notice) -> None:
        """Nothing has to travel."""


class Mail:
    """SMTP, to accounts whose owner entered an address."""

    name = "smtp"

    def is_configured(self) -> bool:
        return bool(settings.SMTP_URL)

    def addresses(self, recipient: Recipient) -> Iterator[Address]:
        accounts = officers_of(recipient) if isinstance(recipient, Organisation) else [recipient]
        for account in accounts:
            if ContactAddress.objects.filter(account=account).exists():
                yield None, account

    def send(self, notice: Notice) -> None:
        address = ContactAddress.objects.filter(account=notice.account).first()
        if address is None:
            raise Undeliverable("the account removed its address")
        try:
            with self._connect() as server:
                server.send_message(self._message(notice, address.email))
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            if 500 <= code < 600:
                raise Undeliverable(f"the mail server knows no such mailbox ({code})") from error
            raise

    def _connect(self) -> smtplib.SMTP:
        url = _checked(settings.SMTP_URL, ("smtp", "smtps", "smtp+plain"), "HAIHE_SMTP_URL")
        host = url.hostname or ""
        if url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, url.port or 465, timeout=TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT_S)
            if url.scheme == "smtp":
                server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        return server

    def _message(self, notice: Notice, to: str) -> EmailMessage:
        english = notice.account is not None and notice.account.language.startswith("en")
        message = EmailMessage()
        message["From"] = settings.SMTP_FROM
        message["To"] = to
        # A header cannot hold a line break; a subject is one line whatever was typed.
        message["Subject"] = " ".join((notice.subject_en if english else notice.subject_zh).split())
        message["Date"] = notice.created_at
        # The same number on every try, so that a mailbox can tell a second copy.
        message["Message-ID"] = f"<notice-{notice.pk}@{settings.SMTP_FROM.rsplit('@', 1)[-1]}>"
        message.set_content((notice.text_en if english else notice.text_zh) + _footer(notice))
        return message


class Webhook:
    """One JSON POST a message to an address of the district, for a gateway to short messages or a work chat."""

    name = "webhook"

    def is_configured(self) -> bool:
        return bool(settings.WEBHOOK_URL)

    def addresses(self, recipient: Recipient) -> Iterator[Address]:
        yield (recipient, None) if isinstance(recipient, Organisation) else (None, recipient)

    def send(self, notice: Notice) -> None:
        _checked(settings.WEBHOOK_URL, ("http", "https"), "HAIHE_WEBHOOK_URL")
        body = json.dumps(SHAPES[settings.WEBHOOK_SHAPE](notice), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Haihe-Notice": str(notice.pk)}
        if settings.WEBHOOK_KEY:
            headers |= signature(settings.WEBHOOK_KEY, body, int(timezone.now().timestamp()))
        request = urllib.request.Request(settings.WEBHOOK_URL, body, headers, method="POST")  # noqa: S310  (checked above)
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                _read_answer(answer.read(65_536))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (400, 404, 410, 413, 422):
                raise Undeliverable(f"the webhook refused the message (HTTP {error.code})") from error
            raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed message goes to the configured address only."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def signature(key: str, body: bytes, at_s: int) -> dict[str, str]:
    """The headers by which a receiver checks a message: HMAC-SHA256 of "<unix seconds>.<body>" in hexadecimal, and the seconds,
    so that an old copy cannot be played back."""
    digest = hmac.new(key.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Haihe-Timestamp": str(at_s), "X-Haihe-Signature": f"sha256={digest}"}


def _own_shape(notice: Notice) -> dict[str, Any]:
    """Everything a gateway may need; `account` is the sign-in name, never a private address."""
    return {
        "id": notice.pk, "organisation": notice.organisation.name if notice.organisation else None,
        "account": notice.account.username if notice.account else None, "subject_zh": notice.subject_zh,
        "subject_en": notice.subject_en, "text_zh": notice.text_zh, "text_en": notice.text_en, "about_type": notice.about_type,
        "about_id": notice.about_id, "url": _url(notice), "created_at": notice.created_at.isoformat(),
    }  # fmt: skip


def _wecom_shape(notice: Notice) -> dict[str, Any]:
    """The text message of a WeCom (企业微信) group robot: `content` holds at most 2,048 bytes of UTF-8. As its developer page
    document/path/99398 says; whether a 政务微信 installation takes the same has to be tried there."""
    to = notice.organisation or notice.account
    content = f"【{notice.subject_zh}】{to}\n{notice.text_zh}{_footer(notice)}".encode()[:2048]
    return {"msgtype": "text", "text": {"content": content.decode(errors="ignore")}}


SHAPES: dict[str, Callable[[Notice], dict[str, Any]]] = {"json": _own_shape, "wecom": _wecom_shape}


def _read_answer(body: bytes) -> None:
    """A chat's gateway may refuse within a successful answer: {"errcode": not 0}."""
    try:
        said = json.loads(body)
    except ValueError:
        return
    if isinstance(said, dict) and said.get("errcode") not in (None, 0):
        raise OSError(f"the webhook answered errcode {said['errcode']}: {str(said.get('errmsg'))[:100]}")


def _url(notice: Notice) -> str:
    return f"{settings.PUBLIC_URL}{notice.link}" if settings.PUBLIC_URL and notice.link else ""


def _footer(notice: Notice) -> str:
    url = _url(notice)
    return f"\n{url}" if url else ""


def _checked(url: str, schemes: tuple[str, ...], where: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ConfigurationError(
            f"设置 {where} 不是可用的地址。", f"{where} is not a usable address.", where=where,
            to_do_zh=f"应以 {'://、'.join(schemes)}:// 开头并写明主机。", to_do_en=f"It begins with {':// or '.join(schemes)}:// and names a host.",
        )  # fmt: skip
    return parts


CHANNELS: tuple[Channel, ...] = (Outbox(), Mail(), Webhook())
