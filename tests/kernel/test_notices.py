"""Messages: written with what they tell about, sent by a duty, through a real mail server and a real HTTP server."""

from __future__ import annotations

import email
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import transaction
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Deputy
from haihe.kernel.notices import (
    ContactAddress,
    Notice,
    mark_read,
    notify,
    own_notices,
    send_again,
    send_due,
    set_contact,
    unread_count,
)
from haihe.kernel.notices.sending import MOST_ATTEMPTS, wait_s
from haihe.kernel.permissions import visible

SUBJECT, TEXT = ("任务临期", "A task is due soon"), ("请于11月27日前办理。", "Due by 27 November.")


class Mailbox:
    """A mail server's handler: keeps what it got and refuses recipients that begin with "no-such"."""

    def __init__(self) -> None:
        self.got: list[email.message.Message] = []

    async def handle_RCPT(self, server, session, envelope, address: str, options) -> str:
        if address.startswith("no-such"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        self.got.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


def mail_server(handler: Mailbox, **given: object) -> Controller:
    """A running server on a free port. Its own way of asking whether it is up cannot speak TLS, ours can."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=port, **given)

    def knock() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
            if "ssl_context" in given:
                trusting = ssl.create_default_context()
                trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
                trusting.wrap_socket(plain).close()

    server._trigger_server = knock
    server.start()
    return server


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:
    handler = Mailbox()
    server = mail_server(handler)
    settings.SMTP_URL = f"smtp+plain://127.0.0.1:{server.port}"
    settings.SMTP_FROM = "haihe@wanghe.example"
    yield handler
    server.stop()


class Hook:
    """An HTTP server that keeps every POST and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status, self.answer, self.headers = 200, b"{}", {}
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((dict(self.headers), body))
                self.send_response(hook.status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(hook.answer)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


@pytest.fixture
def hook(settings) -> Iterator[Hook]:
    made = Hook()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    settings.WEBHOOK_URL, settings.WEBHOOK_KEY = made.url, "secret"
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def officer(district: SimpleNamespace, account_with):
    return account_with("officer", district.data)


def state_of(channel: str) -> tuple[str, int]:
    row = Notice.objects.get(channel=channel)
    return row.state, row.attempts


# --- outbox ---------------------------------------------------------------------------------------------------------


def test_without_any_setting_a_message_is_only_in_the_outbox(district, officer) -> None:
    notify(district.data, SUBJECT, TEXT, about=district.town)
    notice = Notice.objects.get()
    assert (notice.channel, notice.state, notice.about_type, notice.about_id) == (
        "outbox", "sent", "kernel.organisation", str(district.town.pk),
    )  # fmt: skip
    assert send_due(timezone.now()) == 0


def test_a_message_that_is_rolled_back_was_never_written(district, mailbox, hook) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        notify(district.data, SUBJECT, TEXT)
        raise RuntimeError
    assert not Notice.objects.exists() and send_due(timezone.now()) == 0 and not hook.got


def test_units_messages_reach_their_officers_and_those_above_and_deputies(district, officer, account_with) -> None:
    above, other, deputy = (
        account_with("officer", district.government),
        account_with("officer", district.city),
        account_with(""),
    )
    Deputy.objects.create(
        principal=officer, deputy=deputy, since=timezone.localdate(), until=timezone.localdate(), reason="休假"
    )
    notify(district.data, SUBJECT, TEXT)
    notify(officer, SUBJECT, TEXT)
    assert [own_notices(a).count() for a in (officer, deputy, above, other)] == [2, 2, 1, 0]
    assert not visible(other, Notice.objects.all()).exists() and not visible(None, Notice.objects.all()).exists()


def test_each_reads_for_themselves(district, officer, account_with) -> None:
    colleague = account_with("officer", district.data)
    notify(district.data, SUBJECT, TEXT)
    assert (unread_count(officer), unread_count(colleague)) == (1, 1)
    assert mark_read(officer, Notice.objects.all()) == 1 and mark_read(officer, Notice.objects.all()) == 0
    assert (unread_count(officer), unread_count(colleague)) == (0, 1)


# --- mail -----------------------------------------------------------------------------------------------------------


def test_mail_goes_only_to_those_who_entered_an_address(district, officer, account_with, mailbox) -> None:
    account_with("officer", district.data)
    notify(district.data, SUBJECT, TEXT)
    assert not Notice.objects.filter(channel="smtp").exists()
    set_contact(officer, None, email="officer@wanghe.example")
    notify(district.data, SUBJECT, TEXT)
    assert send_due(timezone.now()) == 1 and state_of("smtp") == ("sent", 1)
    (message,) = mailbox.got
    assert (message["To"], message["From"], message["Subject"]) == (
        "officer@wanghe.example",
        "haihe@wanghe.example",
        SUBJECT[0],
    )
    assert message.get_content().strip() == TEXT[0]
    assert send_due(timezone.now() + timedelta(days=1)) == 0, "sent once"


def test_a_reader_of_english_gets_english_and_a_link(district, officer, mailbox, settings) -> None:
    settings.PUBLIC_URL = "https://haihe.wanghe.example"
    officer.language = "en"
    officer.save()
    set_contact(officer, None, email="officer@wanghe.example")
    notify(officer, ("一\n二", "one\ntwo"), TEXT)
    Notice.objects.update(link="/cases/5/")
    send_due(timezone.now())
    (message,) = mailbox.got
    assert message["Subject"] == "one two" and "https://haihe.wanghe.example/cases/5/" in message.get_content()


def test_an_address_removed_meanwhile_gets_nothing(officer, mailbox) -> None:
    set_contact(officer, None, email="officer@wanghe.example")
    notify(officer, SUBJECT, TEXT)
    set_contact(officer, None, email="")
    assert send_due(timezone.now()) == 0 and state_of("smtp") == ("given_up", 1) and not mailbox.got


def test_a_mailbox_that_does_not_exist_is_given_up_at_once_and_the_others_still_get_theirs(
    officer, account_with, district, mailbox
) -> None:
    other = account_with("officer", district.data)
    set_contact(officer, None, email="no-such@wanghe.example")
    set_contact(other, None, email="other@wanghe.example")
    notify(district.data, SUBJECT, TEXT)
    assert send_due(timezone.now()) == 1
    states = dict(Notice.objects.filter(channel="smtp").values_list("account__username", "state"))
    assert states == {officer.username: "given_up", other.username: "sent"}


def test_a_dead_server_is_tried_again_later_and_given_up_visibly(officer, mailbox, settings, account_with) -> None:
    set_contact(officer, None, email="officer@wanghe.example")
    working, settings.SMTP_URL = settings.SMTP_URL, "smtp+plain://127.0.0.1:9"
    notify(officer, SUBJECT, TEXT)
    at = timezone.now()
    assert send_due(at) == 0 and "refused" in Notice.objects.get(channel="smtp").error.lower()
    assert send_due(at + timedelta(seconds=wait_s(1) - 1)) == 0 and state_of("smtp") == ("waiting", 1), "too early"
    for _ in range(MOST_ATTEMPTS):
        at += timedelta(hours=1, seconds=1)
        send_due(at)
    assert state_of("smtp") == ("given_up", MOST_ATTEMPTS)
    administrator, notice = account_with("system_admin"), Notice.objects.get(channel="smtp")
    assert notice in visible(administrator, Notice.objects.all()) and notice not in visible(
        officer, Notice.objects.all()
    )
    with pytest.raises(NotAllowed):
        send_again(officer, notice)
    settings.SMTP_URL = working
    send_again(administrator, notice)
    with pytest.raises(Conflict):
        send_again(administrator, notice)
    assert send_due(timezone.now()) == 1 and len(mailbox.got) == 1


def test_the_wait_doubles_up_to_an_hour() -> None:
    assert [wait_s(n) for n in (1, 2, 3, 6, 7, 10)] == [60, 120, 240, 1920, 3600, 3600]


def test_the_audit_record_does_not_hold_the_address(officer) -> None:
    with pytest.raises(InvalidInput):
        set_contact(officer, None, email="not an address")
    set_contact(officer, None, email="officer@wanghe.example")
    assert ContactAddress.objects.get().email == "officer@wanghe.example"
    assert "wanghe.example" not in json.dumps(list(AuditRecord.objects.values_list("details", flat=True)))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = folder / "server.pem", folder / "server.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_mail_is_encrypted_and_a_certificate_that_nobody_vouches_for_is_refused(
    officer, settings, tmp_path: Path, monkeypatch, scheme: str
) -> None:
    pem, secret = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, secret)
    box = Mailbox()
    given = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    server = mail_server(box, **given)
    try:
        settings.SMTP_URL = f"{scheme}://localhost:{server.port}"
        set_contact(officer, None, email="officer@wanghe.example")
        notify(officer, SUBJECT, TEXT)
        now = timezone.now()
        assert send_due(now) == 0 and "certificate" in Notice.objects.get(channel="smtp").error.lower()
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert send_due(now + timedelta(hours=1)) == 1 and len(box.got) == 1
    finally:
        server.stop()


# --- webhook --------------------------------------------------------------------------------------------------------


def test_the_webhook_gets_a_signed_json_message(district, hook) -> None:
    notify(district.data, SUBJECT, TEXT, about=district.town)
    assert send_due(timezone.now()) == 1
    ((headers, body),) = hook.got
    said = json.loads(body)
    assert (said["organisation"], said["subject_zh"], said["text_en"], said["about_type"]) == (
        "望河区数据局", SUBJECT[0], TEXT[1], "kernel.organisation",
    )  # fmt: skip
    signed = hmac.new(b"secret", headers["X-Haihe-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Haihe-Signature"] == f"sha256={signed}" and headers["X-Haihe-Notice"] == str(said["id"])


def test_the_shape_of_a_work_chat_fits_into_its_limit(district, hook, settings) -> None:
    settings.WEBHOOK_SHAPE = "wecom"
    notify(district.data, SUBJECT, ("长" * 3000, "long"))
    send_due(timezone.now())
    said = json.loads(hook.got[0][1])
    assert said["msgtype"] == "text" and said["text"]["content"].startswith("【任务临期】区数据局\n长长")
    assert 2040 < len(said["text"]["content"].encode()) <= 2048


@pytest.mark.parametrize(
    ("status", "answer", "state"),
    [(200, b"", "sent"), (204, b"", "sent"), (200, b'{"errcode":0}', "sent"), (200, b'{"errcode":45009,"errmsg":"too many"}', "waiting"),
     (500, b"", "waiting"), (429, b"", "waiting"), (404, b"", "given_up"), (422, b"", "given_up")],
)  # fmt: skip
def test_what_the_other_side_answers_decides(district, hook, status: int, answer: bytes, state: str) -> None:
    hook.status, hook.answer = status, answer
    notify(district.data, SUBJECT, TEXT)
    send_due(timezone.now())
    assert state_of("webhook") == (state, 1)


def test_a_signed_message_does_not_follow_a_redirect(district, hook) -> None:
    other = Hook()
    threading.Thread(target=other.server.serve_forever, daemon=True).start()
    hook.status, hook.headers = 307, {"Location": other.url}
    notify(district.data, SUBJECT, TEXT)
    assert send_due(timezone.now()) == 0 and not other.got and state_of("webhook")[0] == "waiting"
    other.server.shutdown()
    other.server.server_close()


def test_an_address_of_another_kind_is_never_opened(district, hook, settings) -> None:
    settings.WEBHOOK_URL = "file:///etc/passwd"
    notify(district.data, SUBJECT, TEXT)
    assert send_due(timezone.now()) == 0 and "HAIHE_WEBHOOK_URL" in Notice.objects.get(channel="webhook").error


def test_a_broken_answer_stops_neither_the_worker_nor_other_channels(district, officer, mailbox, hook) -> None:
    hook.answer, hook.headers = b"x" * 10, {"Content-Length": "not a number"}
    set_contact(officer, None, email="officer@wanghe.example")
    notify(district.data, SUBJECT, TEXT)
    send_due(timezone.now())
    assert state_of("smtp") == ("sent", 1)


def test_a_message_taken_by_one_worker_is_left_alone_by_another_until_its_lease_ends(district, hook) -> None:
    notify(district.data, SUBJECT, TEXT)
    at = timezone.now()
    # What a worker that was killed while sending leaves behind.
    Notice.objects.filter(channel="webhook").update(attempts=1, next_at=at + timedelta(seconds=120))
    assert send_due(at + timedelta(seconds=119)) == 0 and not hook.got
    assert send_due(at + timedelta(seconds=121)) == 1 and state_of("webhook") == ("sent", 2)
