"""Registering an entry, changing it, handing it in, reviewing it. Each is an action: permission, lock, audit record, one transaction.

Whoever changes an entry says which `version` they saw. If somebody else was first, they get a Conflict that names who changed what,
and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.cases.models import next_number
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import Action, action, allows, demand, unit_paths
from haihe.kernel.places import Place
from haihe.kernel.registers.declaring import CHANGE, OWNER, REGISTERS, REVIEWER, WITHDRAWN, Register, Step, get_register
from haihe.kernel.registers.models import EntryEvent, RegisterEntry
from haihe.kernel.registers.moving import instant_of, measure_after
from haihe.kernel.registers.telling import tell_decided, tell_handed_in
from haihe.kernel.registers.visibility import may_review, reviews_own

Kind = EntryEvent.Kind

# --- registering and changing -----------------------------------------------------------------------------------------


@action("entry.open", "登记", "register an entry", roles=[Role.SUPERVISOR, Role.OFFICER])
def open_entry(
    account: Account, _: None, *, register: str, owner: Organisation, values: Mapping[str, Any], reviewer: Organisation | None = None,
    place: Place | None = None, synthetic: bool = False,
) -> RegisterEntry:  # fmt: skip
    """A new entry in the register's first state. An officer registers for units of the own subtree.

    InvalidInput: a field that does not fit. Conflict: an entry of the same natural key exists."""
    demand(account, "entry.open", owner)
    known = get_register(register)
    read = known.read(values)
    known.demand_whole(read)
    _demand_new(known, read, owner)
    now = instant_of(synthetic=synthetic)
    entry = RegisterEntry(
        register=register, number=next_number(known.prefix, timezone.localdate(now)), owner=owner, reviewer=reviewer, place=place,
        words=known.words(), values={}, state=known.states[0].key, state_since=now, opened_at=now, changed_at=now, version=0,
        synthetic=synthetic,
    )  # fmt: skip
    _write(account, entry, Kind.OPENED, now, values=read)
    return entry


def _demand_new(known: type[Register], values: Mapping[str, Any], owner: Organisation, but: int | None = None) -> None:
    key = known.natural_key_of(values, owner.pk)
    other = (
        RegisterEntry.objects.filter(register=known.key, natural_key=key, withdrawn=False).exclude(pk=but or 0).first()
    )
    if other is not None:
        titles = "、".join(known.field(k).title_zh for k in known.natural_key)
        raise Conflict(
            f"已有相同{titles}的登记 {other.number}。", f"{other.number} has the same {', '.join(known.natural_key)}.",
            where=known.natural_key[0], to_do_zh="请在原登记上修改。", to_do_en="Change that entry instead.",
        )  # fmt: skip


@action("entry.change", "修改登记", "change an entry", roles=[], as_unit=[OWNER])
def change_entry(
    account: Account, entry: RegisterEntry, *, version: int, values: Mapping[str, Any], text: str = ""
) -> RegisterEntry:
    """Change the named fields only. In a state that counts, the change waits for a reviewer and needs a reason."""
    known = _demand_free(entry, version)
    read = known.read(values)
    changed = {key: value for key, value in read.items() if entry.values.get(key) != value}
    if not changed:
        raise InvalidInput("没有改动。", "Nothing would change.", where=entry.number)
    whole = {**entry.values, **changed}
    known.demand_whole(whole)
    _demand_new(known, whole, entry.owner, but=entry.pk)
    if not entry.counts:
        _write(account, entry, Kind.CHANGED, instant_of(synthetic=entry.synthetic), values=changed, text=text)
        return entry
    if not text.strip():
        raise InvalidInput("已计入指标的数据须写明更改原因。", "Say why values that count are to change.", where="text")
    _hand_over(account, entry, CHANGE, changed, text, ())
    return entry


def may_change(account: Account | None, entry: RegisterEntry) -> bool:
    return not (entry.withdrawn or entry.pending) and allows(account, "entry.change", entry)


# --- steps ------------------------------------------------------------------------------------------------------------


def _wanted(step: Step) -> Action:
    roles = {Role.SUPERVISOR} if step.by == REVIEWER else set()
    return Action("entry.step", step.title_zh, step.title_en, frozenset(map(str, roles)), frozenset({step.by}))


def steps_for(account: Account | None, entry: RegisterEntry) -> list[Step]:
    """The steps that the account may take on the entry as it stands; none while something waits for review or the pack is gone."""
    known = REGISTERS.get(entry.register)
    if known is None or entry.withdrawn or entry.pending:
        return []
    found = [step for step in known.steps if entry.state in step.frm and allows(account, _wanted(step), entry)]
    return [step for step in found if step.by == OWNER or not reviews_own(account, entry, None)]


@action("entry.step", "办理登记环节", "take a step of an entry", roles=[Role.SUPERVISOR], as_unit=[OWNER, REVIEWER])
def hand_in(
    account: Account, entry: RegisterEntry, *, version: int, step: str, text: str = "", evidence: Sequence[EvidenceFile] = ()
) -> RegisterEntry:  # fmt: skip
    """Take a step: one of the owner waits for a reviewer, one of the reviewer takes effect at once.

    Conflict: the step does not follow from the entry's state. InvalidInput: a demanded field or evidence is missing."""
    known = _demand_free(entry, version)
    taken = known.find_step(step)
    if taken is None or entry.state not in taken.frm:
        possible = [s.title_zh for s in known.steps if entry.state in s.frm]
        raise Conflict(
            f"“{entry.state_title}”状态下不能办理这一步。", f"The step {step[:40]!r} does not follow from {entry.state!r}.", where=entry.number,
            to_do_zh=f"可办理：{'、'.join(possible) or '无'}。", to_do_en="Load the entry again and choose a step that it offers.",
        )  # fmt: skip
    demand(account, _wanted(taken), entry)
    _demand_evidence(taken.evidence, text, evidence)
    owners = [key for key in taken.demands if not known.field(key).by_reviewer]
    known.demand_whole(entry.values, owners)
    if taken.by == OWNER:
        _hand_over(account, entry, step, {}, text, evidence)
    else:
        _demand_other(account, entry, None)
        _write(
            account,
            entry,
            Kind.TAKEN,
            instant_of(synthetic=entry.synthetic),
            step=step,
            state=taken.to,
            text=text,
            evidence=evidence,
        )
        tell_decided(entry, taken.title_zh, taken.title_en, text)
    return entry


def _hand_over(
    account: Account, entry: RegisterEntry, step: str, values: dict[str, Any], text: str, evidence: Sequence[EvidenceFile]
) -> None:  # fmt: skip
    entry.pending, entry.pending_values = step, values
    entry.handed_in_by, entry.handed_in_at = account, instant_of(synthetic=entry.synthetic)
    proposed = {key: [entry.values.get(key), value] for key, value in values.items()}
    _write(
        account, entry, Kind.HANDED_IN, entry.handed_in_at, step=step, changes=proposed, text=text, evidence=evidence
    )
    tell_handed_in(entry, text)


@action("entry.review", "审核登记", "review an entry", roles=[Role.SUPERVISOR], as_unit=[REVIEWER])
def review(
    account: Account, entry: RegisterEntry, *, version: int, accept: bool, text: str = "", values: Mapping[str, Any] | None = None,
    evidence: Sequence[EvidenceFile] = (),
) -> RegisterEntry:  # fmt: skip
    """Accept what waits, with the fields that the reviewer fills in, or send it back with a reason. Nobody reviews their own work or
    that of their own unit."""
    known = _demand_current(entry, version)
    if not entry.pending:
        raise Conflict("没有待审核的事项。", "Nothing waits for review.", where=entry.number)
    _demand_other(account, entry, entry.handed_in_by_id)
    step, now = entry.pending, instant_of(synthetic=entry.synthetic)
    if not accept and not text.strip():
        raise InvalidInput("退回须写明原因。", "Say why it is sent back.", where="text")
    state, new = entry.state, {}
    if accept:
        taken = known.find_step(step)
        new = {**entry.pending_values, **known.read(values or {}, by_reviewer=True)}
        known.demand_whole({**entry.values, **new}, taken.demands if taken else ())
        state = taken.to if taken else entry.state
    _set_free(entry)
    kind = Kind.ACCEPTED if accept else Kind.RETURNED
    _write(account, entry, kind, now, step=step, state=state, values=new, text=text, evidence=evidence)
    tell_decided(entry, *(("审核通过", "accepted") if accept else ("退回", "sent back")), text)
    return entry


@action("entry.take_back", "撤回报请", "take back what was handed in", roles=[], as_unit=[OWNER])
def take_back(account: Account, entry: RegisterEntry, *, version: int) -> RegisterEntry:
    """Take back what waits for a reviewer, so that it can be changed."""
    _demand_current(entry, version)
    if not entry.pending:
        raise Conflict("没有待审核的事项。", "Nothing waits for review.", where=entry.number)
    step = entry.pending
    _set_free(entry)
    _write(account, entry, Kind.TAKEN_BACK, instant_of(synthetic=entry.synthetic), step=step)
    return entry


@action("entry.withdraw", "撤回登记", "withdraw an entry", roles=[Role.SUPERVISOR], as_unit=[OWNER])
def withdraw_entry(account: Account, entry: RegisterEntry, *, version: int, reason: str) -> RegisterEntry:
    """End an entry, with a reason: it counts no more from now on and can be registered anew."""
    _demand_current(entry, version)
    if not reason.strip():
        raise InvalidInput("请写明撤回原因。", "Say why the entry is withdrawn.", where="reason")
    _set_free(entry)
    entry.withdrawn = True
    _write(account, entry, Kind.WITHDRAWN, instant_of(synthetic=entry.synthetic), state=WITHDRAWN, text=reason)
    return entry


def _set_free(entry: RegisterEntry) -> None:
    entry.pending, entry.pending_values, entry.handed_in_by, entry.handed_in_at = "", {}, None, None


# --- what every change demands ----------------------------------------------------------------------------------------


def _demand_current(entry: RegisterEntry, version: int) -> type[Register]:
    """The declaration of an entry that nobody changed since `version`; Conflict names who changed what otherwise."""
    if entry.version != version:
        raise Conflict(*_who_changed_what(entry, version), where=entry.number,
                       to_do_zh="您填写的内容仍在本页。请核对后再次提交，只会写入您改动的栏目。", to_do_en="What you typed is still here. Compare and send it again: only the fields that you changed are written.")  # fmt: skip
    if entry.withdrawn:
        raise Conflict("该登记已撤回。", "The entry is withdrawn.", where=entry.number,
                       to_do_zh="如需继续，请重新登记。", to_do_en="Register it anew.")  # fmt: skip
    return get_register(entry.register)


def _who_changed_what(entry: RegisterEntry, version: int) -> tuple[str, str]:
    said_zh, said_en = [], []
    by_key = {f["key"]: f for f in entry.words["fields"]}
    for event in entry.events.filter(version__gt=version).order_by("pk")[:5]:
        at = timezone.localtime(event.at).strftime("%m-%d %H:%M")
        fields = [by_key[key] for key in event.changes if key in by_key]
        zh = "、".join(f["title_zh"] for f in fields) or Kind(event.kind).label
        en = ", ".join(f["title_en"] for f in fields) or str(event.kind).replace("_", " ")
        said_zh.append(f"{event.actor_name}（{at}）：{zh}")
        said_en.append(f"{event.actor_name} ({at}): {en}")
    if not said_zh:
        return "版本号不对。", f"There is no version {version} of this entry."
    return f"他人已先修改：{'；'.join(said_zh)}。", f"Somebody else changed it first: {'; '.join(said_en)}."


def _demand_free(entry: RegisterEntry, version: int) -> type[Register]:
    known = _demand_current(entry, version)
    if entry.pending:
        raise Conflict(
            f"“{entry.pending_title}”正在等待审核。", f"It waits for review: {entry.pending}.", where=entry.number,
            to_do_zh="请等审核结果，或先撤回报请。", to_do_en="Wait for the review, or take it back first.",
        )  # fmt: skip
    return known


def _demand_other(account: Account, entry: RegisterEntry, handed_in_by: int | None) -> None:
    if reviews_own(account, entry, handed_in_by):
        raise NotAllowed(
            "不能审核自己或本单位报请的事项。", "Nobody reviews what they, or their own unit, handed in.", where=entry.number,
            to_do_zh="请由审核单位的其他人员或督查人员办理。", to_do_en="Somebody else of the reviewing bureau, or a supervisor, has to decide.",
        )  # fmt: skip


def _demand_evidence(wanted: str, text: str, evidence: Sequence[EvidenceFile]) -> None:
    if wanted != "none" and not text.strip():
        raise InvalidInput("请写明办理情况。", "Say what was done.", where="text")
    if wanted == "file" and not evidence:
        raise InvalidInput("这一步须附佐证材料。", "This step needs evidence.", where="files",
                           to_do_zh="请上传文件、照片或表格。", to_do_en="Upload a document, picture or table.")  # fmt: skip


def _write(
    account: Account, entry: RegisterEntry, kind: Kind, at: datetime, *, step: str = "", state: str = "", values: Mapping[str, Any] | None = None,
    changes: dict[str, Any] | None = None, text: str = "", evidence: Sequence[EvidenceFile] = (),
) -> EntryEvent:  # fmt: skip
    """Put the new state and values into the entry, save it with the next version and write the line of history."""
    if changes is None:
        changes = {k: [entry.values.get(k), v] for k, v in (values or {}).items() if entry.values.get(k) != v}
    entry.values = {**entry.values, **(values or {})}
    if state and state != entry.state:
        entry.state, entry.state_since = state, at
    known = get_register(entry.register)
    entry.title = str(entry.values.get(known.title_field) or "")[:300]
    entry.natural_key, entry.words = known.natural_key_of(entry.values, entry.owner_id), known.words()
    entry.version, entry.changed_at = entry.version + 1, at
    entry.save()
    event = EntryEvent.objects.create(
        entry=entry, at=at, kind=kind, step=step, state=entry.state, values=entry.values, changes=changes, version=entry.version,
        account=account, actor_name=str(account), on_behalf_of=account.acting_for, organisation=_acting_unit(account, entry), text=text.strip(),
    )  # fmt: skip
    event.evidence.add(*evidence)
    files = [{"name": f.name, "sha256": f.sha256} for f in evidence]
    audit.note(number=entry.number, register=entry.register, step=step, state=entry.state, changes=changes, files=files)
    measure_after(event)
    return event


def _acting_unit(account: Account, entry: RegisterEntry) -> Organisation | None:
    """The unit of the entry for which the account acts; its own otherwise."""
    paths = unit_paths(account)
    for unit, _role in entry.units_with_roles():
        if any(unit.path.startswith(path) for path in paths):
            return unit
    return account.organisation


__all__ = ["change_entry", "hand_in", "may_change", "may_review", "open_entry", "review", "steps_for", "take_back", "withdraw_entry"]  # fmt: skip
