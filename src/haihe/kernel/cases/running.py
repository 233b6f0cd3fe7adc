"""Opening a case, taking its steps, withdrawing it. Each is an action: permission, lock, audit record, one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.cases import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.kernel.cases.limits import due_at, marks
from haihe.kernel.cases.models import Case, CaseEvent, CaseUnit, is_closed, next_number
from haihe.kernel.cases.telling import tell_closed, tell_entered
from haihe.kernel.cases.types import CASE_TYPES, CLOSED, UNIT_ROLES, CaseType, get_case_type
from haihe.kernel.cases.visibility import would_review_oneself
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import Action, action, allows, demand, unit_paths

# --- opening --------------------------------------------------------------------------------------------------------


def open_case(
    account: Account | None, type_name: str, subject: str, organisation: Organisation | Sequence[Organisation], *,
    about: models.Model | None = None, text: str = "", severity: str = Case.Severity.UNKNOWN,
    opener: Organisation | None = None, reviewer: Organisation | None = None, due_on: date | None = None,
) -> Case:  # fmt: skip
    """Open a case of a declared type, to be handled by a unit or several.

    `account` None means that the system opens it (a rule, a duty); an account needs one of the type's `openers` roles. The
    opener is the account's own unit unless another is named. NotFound where no such type is loaded. `due_on`: the day on which the
    steps end that a type lets end on the case's own day (DUE_DATE); such a type demands it.
    """
    handlers = [organisation] if isinstance(organisation, Organisation) else list(organisation)
    if not handlers:
        raise InvalidInput("请指定承办单位。", "Name a unit that handles the case.", where="organisation")
    if not subject.strip():
        raise InvalidInput("请填写事由。", "Say what the case is about.", where="subject")
    known = get_case_type(type_name)
    if known.needs_due_date and due_on is None:
        raise InvalidInput(
            "请写明完成日期。", "Say by when it has to be done.", where="due_on",
            to_do_zh="这类案件由提出它的会议或轮次写明日期，不在这里手工开立。", to_do_en="Cases of this type are opened where their day is decided.",
        )  # fmt: skip
    parts = _parts(handlers, opener or (account.organisation if account else None), reviewer)
    values = {
        "subject": subject.strip()[:300], "text": text.strip(), "severity": Case.Severity(severity), "opened_by": account,
        "about_type": about._meta.label_lower if about is not None else "", "about_id": str(about.pk) if about is not None else "",
        "about_title": str(about)[:300] if about is not None else "",
    }  # fmt: skip
    if account is not None:
        return _open_by_hand(account, None, known=known, parts=parts, values=values, due_on=due_on)
    with transaction.atomic():
        case = _open(known, parts, values, None, due_on)
        audit.record(None, "case.open", case, **_facts(case, parts))
    return case


Parts = list[tuple[Organisation, str]]


def _parts(handlers: Iterable[Organisation], opener: Organisation | None, reviewer: Organisation | None) -> Parts:
    parts: Parts = [(unit, "handler") for unit in handlers]
    parts += [(opener, "opener")] if opener else []
    parts += [(reviewer, "reviewer")] if reviewer else []
    return list(dict.fromkeys(parts))


def _facts(case: Case, parts: Parts) -> dict[str, Any]:
    return {"number": case.number, "type": case.type_name, "units": [f"{unit.name} ({role})" for unit, role in parts]}


@action("case.open", "立案", "open a case", roles=[Role.SUPERVISOR, Role.OFFICER])
def _open_by_hand(
    account: Account, _: None, *, known: CaseType, parts: Parts, values: dict[str, Any], due_on: date | None = None
) -> Case:
    wanted = Action(
        "case.open", f"立案：{known.title_zh}", f"open a case: {known.title_en}", frozenset(known.openers), frozenset()
    )
    # An officer opens for the own unit, everybody else towards units in their scope.
    if not any(allows(account, wanted, unit) for unit, _role in parts):
        raise NotAllowed(
            f"您不能开立“{known.title_zh}”。", f"You may not open a case of the type {known.title_en}.", where=known.name,
            to_do_zh="请由有权的单位或督查人员开立。", to_do_en="Ask somebody whose role may open it.",
        )  # fmt: skip
    case = _open(known, parts, values, account, due_on)
    audit.note(**_facts(case, parts))
    return case


def _open(known: CaseType, parts: Parts, values: dict[str, Any], account: Account | None, due_on: date | None) -> Case:
    now = timezone.now()
    today = timezone.localdate(now)
    steps = known.copy_on(today, due_on)
    case = Case(
        number=next_number(known.prefix, today), type_name=known.name, type_title_zh=known.title_zh, type_title_en=known.title_en,
        steps=steps, opened_at=now, step=steps[0]["name"], visit=0, step_since=now, **values,
    )  # fmt: skip
    _enter(case, steps[0]["name"], now)
    CaseUnit.objects.bulk_create(CaseUnit(case=case, organisation=unit, role=role) for unit, role in parts)
    _write(case, CaseEvent.Kind.OPENED, account, now, step=case.step, text=case.text)
    tell_entered(case, case.text)
    return case


def _enter(case: Case, step: str, at: datetime) -> None:
    """Put the case at a step and save it: limits count from now on."""
    case.step, case.step_since, case.visit = step, at, case.visit + 1
    current = case.current
    case.due_at = due_at(at, current["limit"]) if current else None
    case.watch_at = next((when for _, when in marks(current, at, case.due_at)), None) if current else None
    if is_closed(step):
        case.closed_at = at
    case.save()


def _write(case: Case, kind: CaseEvent.Kind, account: Account | None, at: datetime, **known: Any) -> CaseEvent:
    known.setdefault("visit", case.visit)
    return CaseEvent.objects.create(
        case=case, kind=kind, account=account, at=at, actor_name=str(account) if account else "",
        on_behalf_of=(account.acting_for if account else ""), **known,
    )  # fmt: skip


# --- steps ----------------------------------------------------------------------------------------------------------


def _wanted(case: Case) -> Action:
    """Who may take the present step, as an action of its own."""
    step = case.current or {"title_zh": "办结", "title_en": "closed", "performers": []}
    names = set(step["performers"])
    title_zh, title_en = f"{case.type_title_zh}：{step['title_zh']}", f"{case.type_title_en}: {step['title_en']}"
    return Action(
        "case.step", title_zh, title_en, frozenset(names - set(UNIT_ROLES)), frozenset(names & set(UNIT_ROLES))
    )


def may_take(account: Account | None, case: Case) -> bool:
    """Whether the account may take the present step of an open case."""
    return case.closed_at is None and allows(account, _wanted(case), case) and not would_review_oneself(account, case)


@action("case.step", "办理案件", "take a step of a case", roles=[Role.SUPERVISOR, Role.OFFICER], as_unit=UNIT_ROLES)
def take_step(
    account: Account, case: Case, *, step: str, to: str = "", text: str = "", evidence: Sequence[EvidenceFile] = ()
) -> Case:
    """Finish the step `step`, at which the case must stand, and leave it by the exit `to` (optional where there is only one).

    Conflict: the case is closed or stands at another step. InvalidInput: no such exit, or evidence is missing.
    """
    current = _current(case, step)
    demand(account, _wanted(case), case)
    if would_review_oneself(account, case):
        raise NotAllowed(
            "本环节不能由上一环节的办理人审核。", "Nobody reviews what they handed in themselves.", where=case.number,
            to_do_zh="请由另一名审核人员办理。", to_do_en="Another person has to review it.",
        )  # fmt: skip
    leave = _exit(current, to)
    _demand_evidence(leave["evidence"], text, evidence)
    now = timezone.now()
    event = _write(
        case, CaseEvent.Kind.TAKEN, account, now, step=step, to_step=leave["to"], text=text.strip(),
        organisation=_acting_unit(account, case, current["performers"]),
    )  # fmt: skip
    event.evidence.add(*evidence)
    _enter(case, leave["to"], now)
    (tell_closed if is_closed(leave["to"]) else tell_entered)(case, text.strip())
    audit.note(
        number=case.number, step=step, to=leave["to"], files=[{"name": f.name, "sha256": f.sha256} for f in evidence]
    )
    if case.type_name in CASE_TYPES:
        CASE_TYPES[case.type_name].after_step(case, event)
    return case


def _current(case: Case, step: str) -> dict[str, Any]:
    _demand_open(case)
    current = case.current
    if current is None or current["name"] != step:
        raise Conflict(
            f"案件现处于“{case.step_title}”环节，可能他人刚刚办理过。", f"The case stands at the step {case.step!r}: somebody else may have acted.",
            where=case.number, to_do_zh="请刷新后按当前环节办理。", to_do_en="Load it again and take the step at which it stands.",
        )  # fmt: skip
    return current


def _demand_open(case: Case) -> None:
    if case.closed_at is not None:
        raise Conflict(
            "案件已办结，不能再办理。", "The case is closed: no step can be taken.", where=case.number,
            to_do_zh="如需继续，请另立新案。", to_do_en="Open a new case if more has to be done.",
        )  # fmt: skip


def _exit(current: dict[str, Any], to: str) -> dict[str, Any]:
    exits: list[dict[str, Any]] = current["exits"]
    if not to and len(exits) == 1:
        return exits[0]
    for leave in exits:
        if leave["to"] == to:
            return leave
    raise InvalidInput(
        "请选择办理结果。", "Choose how the step ends.", where="to",
        to_do_zh=f"可选：{'、'.join(e['title_zh'] for e in exits)}。", to_do_en=f"One of: {', '.join(e['to'] for e in exits)}.",
    )  # fmt: skip


def _demand_evidence(wanted: str, text: str, evidence: Sequence[EvidenceFile]) -> None:
    if wanted in ("text", "file") and not text.strip():
        raise InvalidInput("请填写办理情况。", "Say what was done.", where="text",
                           to_do_zh="写明结果、原因或下一步安排。", to_do_en="The result, the reason or what comes next.")  # fmt: skip
    if wanted == "file" and not evidence:
        raise InvalidInput("这一步须附佐证材料。", "This step needs evidence.", where="files",
                           to_do_zh="请上传文件、照片或表格。", to_do_en="Upload a document, picture or table.")  # fmt: skip


def _acting_unit(account: Account, case: Case, performers: Sequence[str]) -> Organisation | None:
    """The unit of the case for which the account acts; its own where it acts by a role."""
    paths = unit_paths(account)
    for unit, role in case.units_with_roles():
        if role in performers and any(unit.path.startswith(path) for path in paths):
            return unit
    return account.organisation


@action("case.withdraw", "撤销案件", "withdraw a case", roles=[Role.SUPERVISOR])
def withdraw(account: Account, case: Case, *, reason: str) -> Case:
    """End a case that should not have been opened, at whatever step it stands, with a reason."""
    _demand_open(case)
    if not reason.strip():
        raise InvalidInput("请写明撤销原因。", "Say why the case is withdrawn.", where="reason")
    now = timezone.now()
    event = _write(
        case, CaseEvent.Kind.WITHDRAWN, account, now, step=case.step, to_step=CLOSED, text=reason.strip(), organisation=account.organisation
    )  # fmt: skip
    case.withdrawn = True
    _enter(case, CLOSED, now)
    tell_closed(case, reason.strip())
    audit.note(number=case.number, reason=reason)
    if case.type_name in CASE_TYPES:
        CASE_TYPES[case.type_name].after_step(case, event)
    return case
