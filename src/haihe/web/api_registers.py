"""`/api/v1/registers` and `/api/v1/indicators`: the same actions as on the pages, for programs; and the numbers of any past instant."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, File, Form, Query, Router, Schema
from ninja.files import UploadedFile

from haihe.kernel import registers
from haihe.kernel.errors import NotFound
from haihe.kernel.evidence import receiving
from haihe.kernel.identity import Account
from haihe.kernel.indicators import Indicator, last_true, rows_behind
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import visible
from haihe.kernel.registers import COUNTS, REGISTERS, EntryEvent, Register, RegisterEntry, may_review, steps_for
from haihe.kernel.registers.counting import snapshots_at
from haihe.web.api_administration import asker

router = Router(tags=["registers"])


class RegisterOut(Schema):
    """A declared register: `fields` and `states` with their words, `steps` with where they lead and who takes them."""

    key: str
    title_zh: str
    title_en: str
    fields: list[dict[str, Any]]
    states: list[dict[str, Any]]
    steps: list[dict[str, Any]]


class FileOut(Schema):
    id: int
    name: str
    sha256: str


class EventOut(Schema):
    """`state` and `values` are those after it; `changes`: {field: [before, after]}."""

    at: datetime
    kind: str
    step: str
    state: str
    version: int
    values: dict[str, Any]
    changes: dict[str, Any]
    actor: str
    organisation: str | None
    text: str
    evidence: list[FileOut]


class EntryOut(Schema):
    """An entry as it stands; `pending` is the step that waits for a reviewer, `version` is what a change has to name."""

    id: int
    number: str
    register_key: str
    title: str
    owner: str
    reviewer: str | None
    state: str
    state_since: datetime
    pending: str
    version: int
    withdrawn: bool
    synthetic: bool
    values: dict[str, Any]


class EntryWholeOut(EntryOut):
    """`steps`: those that the asker may take now; `may_review`: whether the asker may decide on what waits."""

    steps: list[str]
    may_review: bool
    pending_values: dict[str, Any]
    events: list[EventOut]


class EntryIn(Schema):
    """`owner`, `reviewer`: names of units; numbers may be given as text, so that they stay exact."""

    owner: str = Field(max_length=120)
    reviewer: str = Field("", max_length=120)
    values: dict[str, Any]


class ChangeIn(Schema):
    """Only the named fields are changed."""

    version: int = Field(ge=0, lt=2**31)
    values: dict[str, Any]
    text: str = Field("", max_length=2000)


class VersionIn(Schema):
    version: int = Field(ge=0, lt=2**31)


class ReasonIn(VersionIn):
    reason: str = Field(max_length=2000)


class CountsOut(Schema):
    """The register at the end of a day: entries by state, and the numbers that are counted from it."""

    on: date
    states: dict[str, int]
    indicators: dict[str, float | None]


class RowOut(Schema):
    title: str
    link: str
    state: str
    value: float
    evidence: int
    since: datetime | None
    unit: str


class BehindOut(Schema):
    """A number led down to: its newest value, when it was last true, and the rows that it is made of."""

    key: str
    unit: str
    value: float | None
    last_true: datetime | None
    failing_since: datetime | None
    rows: list[RowOut]


def _entry(request: HttpRequest, pk: int) -> tuple[Account, RegisterEntry]:
    account = asker(request, "register.read")
    rows = RegisterEntry.objects.select_related("owner", "reviewer")
    found = visible(account, rows).filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise NotFound("没有这一项，或您无权查看。", "There is no such entry, or you may not see it.", where=f"RegisterEntry {pk}")  # fmt: skip
    return account, found


def _out(entry: RegisterEntry) -> dict[str, Any]:
    names = ("number", "title", "state", "state_since", "pending", "version", "withdrawn", "synthetic", "values")  # fmt: skip
    return {
        **{name: getattr(entry, name) for name in names}, "id": entry.pk, "register_key": entry.register, "owner": entry.owner.name,
        "reviewer": entry.reviewer.name if entry.reviewer else None,
    }  # fmt: skip


def _whole(account: Account, entry: RegisterEntry) -> dict[str, Any]:
    events = entry.events.select_related("organisation").prefetch_related("evidence").order_by("pk")
    return {
        **_out(entry), "steps": [s.name for s in steps_for(account, entry)], "may_review": may_review(account, entry),
        "pending_values": entry.pending_values, "events": [_event(event) for event in events],
    }  # fmt: skip


def _event(event: EntryEvent) -> dict[str, Any]:
    names = ("at", "kind", "step", "state", "version", "values", "changes", "text")
    return {
        **{name: getattr(event, name) for name in names}, "actor": event.actor_name, "evidence": list(event.evidence.all()),
        "organisation": event.organisation.name if event.organisation else None,
    }  # fmt: skip


def _declared(known: type[Register]) -> dict[str, Any]:
    more = {"steps": [{"name": s.name, "title_zh": s.title_zh, "title_en": s.title_en, "from": list(s.frm), "to": s.to, "by": s.by, "demands": list(s.demands), "evidence": s.evidence} for s in known.steps]}  # fmt: skip
    return {"key": known.key, **known.words(), **more}


def _files(files: list[UploadedFile], may: bool) -> list[tuple[str, Any]]:
    return [(f.name or "file", f.chunks()) for f in files] if may else []


@router.get("/registers", response=list[RegisterOut], summary="The declared registers with fields, states and steps")
def list_registers(request: HttpRequest) -> Any:
    asker(request, "register.read")
    return [_declared(known) for known in REGISTERS.values()]


@router.get("/registers/entries/{pk}", response=EntryWholeOut, summary="An entry with its whole history")
def read_entry(request: HttpRequest, pk: int) -> Any:
    return _whole(*_entry(request, pk))


@router.get(
    "/registers/{key}/entries", response=list[EntryOut], summary="Entries of a register that the account may see"
)
def list_entries(
    request: HttpRequest, key: str, state: str = "", pending: bool = False, mine: bool = False, limit: int = Query(100, ge=1, le=1000),
    after: int = Query(0, ge=0, lt=2**63),
) -> Any:  # fmt: skip
    """Ordered by id; the next page begins `after` the last id. `mine`: those that wait for the asker's review."""
    account = asker(request, "register.read")
    rows: QuerySet[RegisterEntry] = visible(account, RegisterEntry.objects.filter(register=key, pk__gt=after)).order_by("pk")  # fmt: skip
    rows = rows.select_related("owner", "reviewer")
    if state:
        rows = rows.filter(state=state)
    if pending or mine:
        rows = rows.exclude(pending="")
    found: Any = registers.waiting_for_review(account, rows) if mine else rows
    return [_out(entry) for entry in found[:limit]]


@router.post("/registers/{key}/entries", response=EntryWholeOut, summary="登记: register an entry")
def open_entry(request: HttpRequest, key: str, body: EntryIn) -> Any:
    account = asker(request, "entry.open")
    reviewer = get_organisation(body.reviewer) if body.reviewer.strip() else None
    owner = get_organisation(body.owner)
    entry = registers.open_entry(account, None, register=key, owner=owner, reviewer=reviewer, values=body.values)
    return _whole(account, entry)


@router.patch("/registers/entries/{pk}", response=EntryWholeOut, summary="修改: change the named fields of an entry")
def change_entry(request: HttpRequest, pk: int, body: ChangeIn) -> Any:
    account, entry = _entry(request, pk)
    return _whole(account, registers.change_entry(account, entry, version=body.version, values=body.values, text=body.text))  # fmt: skip


@router.post(
    "/registers/entries/{pk}/steps/{step}", response=EntryWholeOut, summary="Take a step: hand in, or as reviewer"
)
def take_step(
    request: HttpRequest, pk: int, step: str, version: Form[int], text: Form[str] = "", files: File[list[UploadedFile]] = [],  # noqa: B006
) -> Any:  # fmt: skip
    """Files are stored only for whoever may take the step."""
    account, entry = _entry(request, pk)
    may = any(s.name == step for s in steps_for(account, entry))
    with receiving(account, _files(files, may)) as received:
        done = registers.hand_in(account, entry, version=version, step=step, text=text, evidence=received)
    return _whole(account, done)


@router.post(
    "/registers/entries/{pk}/review", response=EntryWholeOut, summary="审核: accept what waits, or send it back"
)
def review(
    request: HttpRequest, pk: int, version: Form[int], decision: Form[Literal["accept", "return"]], text: Form[str] = "",
    values: Form[str] = "{}", files: File[list[UploadedFile]] = [],  # noqa: B006
) -> Any:  # fmt: skip
    """`values`: JSON object of the fields that the reviewer fills in."""
    account, entry = _entry(request, pk)
    with receiving(account, _files(files, may_review(account, entry))) as received:
        done = registers.review(
            account, entry, version=version, accept=decision == "accept", text=text, values=_object(values), evidence=received
        )  # fmt: skip
    return _whole(account, done)


def _object(written: str) -> dict[str, Any]:
    import json

    from haihe.kernel.errors import InvalidInput

    try:
        found = json.loads(written)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput("values 应为 JSON 对象。", "`values` must be a JSON object.", where="values")
    return found


@router.post("/registers/entries/{pk}/take-back", response=EntryWholeOut, summary="撤回报请: take back what waits")
def take_back(request: HttpRequest, pk: int, body: VersionIn) -> Any:
    account, entry = _entry(request, pk)
    return _whole(account, registers.take_back(account, entry, version=body.version))


@router.post("/registers/entries/{pk}/withdraw", response=EntryWholeOut, summary="撤回登记: withdraw an entry")
def withdraw(request: HttpRequest, pk: int, body: ReasonIn) -> Any:
    account, entry = _entry(request, pk)
    return _whole(account, registers.withdraw_entry(account, entry, version=body.version, reason=body.reason))


@router.get(
    "/indicators/{key}/rows", response=BehindOut, summary="What a number is made of, now or at the end of a day"
)
def indicator_rows(request: HttpRequest, key: str, on: date | None = None) -> Any:
    account = asker(request, "indicator.read")
    found = Indicator.objects.filter(key=key).first()
    if found is None:
        raise NotFound("没有这个指标。", "There is no such indicator.", where=key[:80])
    newest = found.values_up_to(on or timezone.localdate()).first()
    names = ("title", "link", "state", "value", "evidence", "since", "unit")
    rows = rows_behind(found, on or timezone.now(), account)
    return {
        "key": found.key, "unit": found.unit, "value": newest.value if newest else None, "last_true": last_true(found), "failing_since": found.failing_since,
        "rows": [{name: getattr(row, name) for name in names} for row in rows],
    }  # fmt: skip


def counts_on(key: str, on: date | None) -> dict[str, Any]:
    """CountsOut of a register: computed from its history alone."""
    day = on or timezone.localdate()
    at = min(timezone.now(), timezone.make_aware(datetime.combine(day, time.max)))
    states: dict[str, int] = {s.key: 0 for s in REGISTERS[key].states}
    for snapshot in snapshots_at(key, at):
        states[snapshot.state] = states.get(snapshot.state, 0) + 1
    values = {name: count.value_at(at) for name, count in COUNTS.items() if count.register == key}
    return {"on": day, "states": states, "indicators": values}


def register_router(key: str) -> Router:
    """The API of a pack that is nothing but a register: its numbers as of any day. Entries are under /api/v1/registers."""
    own = Router(tags=[key])

    @own.get(
        "/counts", response=CountsOut, summary=f"Entries of {key} by state, and the numbers counted from them, on a day"
    )
    def counts(request: HttpRequest, on: date | None = None) -> Any:
        asker(request, "indicator.read")
        return counts_on(key, on)

    return own
