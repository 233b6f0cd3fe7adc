"""Who did what to which object, when and why: rows that cannot be changed unnoticed.

Three lines of defence:

1. Database triggers refuse UPDATE and DELETE on records and seals (migration 0002).
2. After the commit that wrote it, each record is *sealed*: it gets the next number in an HMAC chain whose key lies outside
   the database, so that whoever can edit the database cannot compute a fitting chain.
3. *Checkpoints*, signed with Ed25519, carry the chain's head out of the database to a folder that the database's
   administrator should not be able to write (HAIHE_CHECKPOINTS). An auditor may sign with a key of their own.

`verify()` names everything altered, removed, cut off or reordered.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import locks
from haihe.kernel.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

START_OF_CHAIN = "0" * 64


class AuditRecord(models.Model):
    """One action of one person, program or the system itself. Names are copied so that the row still speaks when the
    account or object is gone."""

    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    on_behalf_of = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=80, blank=True)
    object_id = models.CharField(max_length=80, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["object_type", "object_id"]), models.Index(fields=["action"])]

    def digest(self) -> str:
        """SHA-256 over every column in a canonical form."""
        content = [
            self.pk, self.at.astimezone(timezone.get_fixed_timezone(0)).isoformat(), self.actor_id, self.actor_name,
            self.on_behalf_of, self.action, self.object_type, self.object_id, self.details,
        ]  # fmt: skip
        written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()


class AuditSeal(models.Model):
    """The record's place in the chain. `chain` = HMAC(key, previous chain | seq | record id | record digest)."""

    seq = models.BigIntegerField(primary_key=True)
    record_id = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)


# --- writing --------------------------------------------------------------------------------------------------------

_details: ContextVar[dict[str, Any] | None] = ContextVar("audit_details", default=None)


def note(**details: Any) -> None:
    """Add facts to the record of the action that is running (see identity.action). Outside of an action it does nothing."""
    current = _details.get()
    if current is not None:
        current.update(details)


@contextlib.contextmanager
def collecting() -> Iterator[dict[str, Any]]:
    """Collect what `note` says until the block ends."""
    collected: dict[str, Any] = {}
    token = _details.set(collected)
    try:
        yield collected
    finally:
        _details.reset(token)


def record(actor: Account | None, action: str, target: models.Model | None = None, **details: Any) -> AuditRecord:
    """Write one record in the running transaction; it is sealed after the commit. `actor` None means the system."""
    row = AuditRecord.objects.create(
        at=timezone.now(),
        actor_id=actor.pk if actor else None,
        actor_name=actor.username if actor else "system",
        on_behalf_of=getattr(actor, "acting_for", "") or "",
        action=action,
        object_type=target._meta.label_lower if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        details=json.loads(json.dumps(details, ensure_ascii=False, default=str)),
    )
    # Once a transaction, however many records it writes.
    if not any(pending[1] is seal_pending for pending in transaction.get_connection().run_on_commit):
        transaction.on_commit(seal_pending, robust=True)
    return row


def history(target: models.Model) -> models.QuerySet[AuditRecord]:
    """All records about one object, oldest first."""
    return AuditRecord.objects.filter(object_type=target._meta.label_lower, object_id=str(target.pk)).order_by("id")


# --- sealing --------------------------------------------------------------------------------------------------------


def _chain_key() -> bytes:
    from haihe.settings import secret_from_file

    return secret_from_file("audit.key").encode()


def _link(key: bytes, previous: str, seq: int, record_id: int, digest: str) -> str:
    return hmac.new(key, f"{previous}|{seq}|{record_id}|{digest}".encode(), hashlib.sha256).hexdigest()


# So far behind the newest sealed record a pending one is looked for after each commit. A record that was written by a longer
# transaction is found by the next checkpoint, which looks through all of them.
RECENT_RECORDS = 1000


def seal_pending(limit: int = 5000, *, everywhere: bool = False) -> int:
    """Seal committed records that have no seal yet, in the order of their numbers; returns how many.

    Safe to call from any process: the head is read under a lock that only one transaction holds.
    """
    key = _chain_key()
    with transaction.atomic():
        locks.hold("audit.seal")
        head = AuditSeal.objects.order_by("-seq").first()
        sealed = AuditSeal.objects.filter(record_id=models.OuterRef("pk"))
        first = 0 if everywhere or head is None else head.record_id - RECENT_RECORDS
        rows = list(AuditRecord.objects.filter(~models.Exists(sealed), pk__gt=first).order_by("pk")[:limit])
        seq, chain = (head.seq, head.chain) if head else (0, START_OF_CHAIN)
        seals = []
        for row in rows:
            seq += 1
            digest = row.digest()
            chain = _link(key, chain, seq, row.pk, digest)
            seals.append(AuditSeal(seq=seq, record_id=row.pk, digest=digest, chain=chain))
        AuditSeal.objects.bulk_create(seals)
    if seals:
        _remember_head(seq, chain)
    return len(seals)


def _remember_head(seq: int, chain: str) -> None:
    """Keep the newest head in a file beside the database, so that rows cut off since the last checkpoint are missed too.

    Written after the commit and never backwards: after a crash the file may lag behind the database, never run ahead.
    """
    folder = Path(settings.HOME)
    with (folder / "audit-head.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / "audit-head.json"
        known = json.loads(path.read_text())["seq"] if path.exists() else 0
        if seq > known:
            write_durably(path, json.dumps({"seq": seq, "chain": chain}))


def write_durably(path: Path, text: str) -> None:
    """Replace a small file so that after any crash either the old or the new content is there."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


# --- checkpoints ----------------------------------------------------------------------------------------------------


def make_key(path: Path) -> Path:
    """Write a new Ed25519 key pair: `path` (private, owner only) and `path`.pub. Returns the public key's path."""
    if path.exists():
        raise InvalidInput("密钥文件已存在，不会覆盖。", "The key file exists and is not overwritten.", where=str(path),
                           to_do_zh="请换一个文件名。", to_do_en="Choose another name.")  # fmt: skip
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
    public = path.with_name(path.name + ".pub")
    public.write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))  # fmt: skip
    return public


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ConfigurationError("无法读取检查点签名密钥。", f"The checkpoint key cannot be read ({error}).", where=str(path),
                                 to_do_zh="请用 haihe audit key 生成。", to_do_en="Make one with: haihe audit key") from error  # fmt: skip
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("密钥类型不是 Ed25519。", "The key is not an Ed25519 key.", where=str(path))
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "无法读取检查点公钥。", f"The public key cannot be read ({error}).", where=str(path)
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError("公钥类型不是 Ed25519。", "The public key is not an Ed25519 key.", where=str(path))
    return key


def default_key() -> Path:
    """The installation's own checkpoint key, made on first use. An auditor's key given by hand is stronger."""
    path = Path(settings.HOME) / "checkpoint.pem"
    if not path.exists():
        make_key(path)
    return path


def checkpoint(folder: Path | None = None, key: Path | None = None) -> Path | None:
    """Seal what is pending and write a signed checkpoint file; None when nothing was sealed since the last one."""
    seal_pending(everywhere=True)
    folder = folder or Path(settings.CHECKPOINT_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    head = AuditSeal.objects.order_by("-seq").first()
    if head is None:
        return None
    path = folder / f"checkpoint-{head.seq:012d}.json"
    if path.exists():
        return None
    body = {"seq": head.seq, "record_id": head.record_id, "chain": head.chain, "at": timezone.now().isoformat()}
    signed = json.dumps(body, sort_keys=True)
    signature = _private_key(key or default_key()).sign(signed.encode()).hex()
    write_durably(path, json.dumps({"checkpoint": body, "signature": signature}, indent=1))
    return path


# --- verifying ------------------------------------------------------------------------------------------------------


@dataclass
class Verification:
    """What `verify` found. `problems` is empty when everything fits."""

    sealed: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    last_checkpoint_at: datetime | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(folder: Path | None = None, public_key: Path | None = None) -> Verification:
    """Recompute the chain from its first seal and hold it against records, head file and signed checkpoints."""
    found = Verification()
    chains = _verify_chain(found)
    _verify_head(found, chains)
    _verify_checkpoints(found, chains, folder or Path(settings.CHECKPOINT_FOLDER), public_key)
    return found


def _verify_chain(found: Verification) -> dict[int, str]:
    key = _chain_key()
    chains: dict[int, str] = {}
    expected_seq, chain = 1, START_OF_CHAIN
    records = {row.pk: row for row in AuditRecord.objects.all()}
    for seal in AuditSeal.objects.order_by("seq").iterator():
        if seal.seq != expected_seq:
            found.problems.append(f"seal {expected_seq} is missing: the next one is {seal.seq}")
            expected_seq = seal.seq
        row = records.pop(seal.record_id, None)
        if row is None:
            found.problems.append(f"record {seal.record_id} (seal {seal.seq}) was removed")
        elif row.digest() != seal.digest:
            found.problems.append(f"record {row.pk} (seal {seal.seq}, {row.action}) was altered")
        chain = _link(key, chain, seal.seq, seal.record_id, seal.digest)
        if chain != seal.chain:
            found.problems.append(f"seal {seal.seq} does not follow from the one before: altered or reordered")
            chain = seal.chain
        chains[seal.seq] = seal.chain
        expected_seq += 1
    found.sealed = len(chains)
    found.unsealed = len(records)
    return chains


def _verify_head(found: Verification, chains: dict[int, str]) -> None:
    path = Path(settings.HOME) / "audit-head.json"
    if not path.exists():
        if chains:
            found.problems.append("the head file audit-head.json is missing")
        return
    head = json.loads(path.read_text())
    if head["seq"] not in chains:
        found.problems.append(
            f"cut off: sealing had reached {head['seq']}, the database ends at {max(chains, default=0)}"
        )
    elif chains[head["seq"]] != head["chain"]:
        found.problems.append(f"seal {head['seq']} differs from the head file: the chain was rewritten")


def _verify_checkpoints(found: Verification, chains: dict[int, str], folder: Path, public_key: Path | None) -> None:
    paths = sorted(folder.glob("checkpoint-*.json")) if folder.is_dir() else []
    if not paths:
        return
    key = _public_key(public_key or default_key().with_name("checkpoint.pem.pub"))
    for path in paths:
        try:
            content = json.loads(path.read_text())
            body = content["checkpoint"]
            key.verify(bytes.fromhex(content["signature"]), json.dumps(body, sort_keys=True).encode())
            seq, chain, at = int(body["seq"]), str(body["chain"]), datetime.fromisoformat(body["at"])
        except InvalidSignature:
            found.problems.append(f"{path.name}: the signature does not fit")
            continue
        except (ValueError, KeyError, TypeError) as error:
            found.problems.append(f"{path.name}: not a readable checkpoint ({error})")
            continue
        found.checkpoints += 1
        found.last_checkpoint_at = max(at, found.last_checkpoint_at or at)
        if seq not in chains:
            found.problems.append(f"cut off: {path.name} has seal {seq}, the database ends at {max(chains, default=0)}")
        elif chains[seq] != chain:
            found.problems.append(
                f"{path.name}: seal {seq} differs from the signed checkpoint: the chain was rewritten"
            )
