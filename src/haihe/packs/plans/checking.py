"""核对: a person confirms, corrects, rejects or adds what was read, before anything binds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action
from haihe.packs.plans.importing import fingerprint, words_of
from haihe.packs.plans.models import Clause, Plan, TaskUnit, end_of_period

COMPARATORS = ("=", ">", ">=", "<", "<=", "~", "range")
ROLES = tuple(TaskUnit.Role.values)


def _number(value: Any, field: str) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = Decimal(str(value).replace(",", "").replace("，", "").strip())
    except InvalidOperation as error:
        raise InvalidInput(
            f"“{value}”不是数字。",
            f"{value!r} is not a number.",
            where=field,
            to_do_zh="请只填数字。",
            to_do_en="Give digits only.",
        ) from error
    if not number.is_finite():
        raise InvalidInput(f"“{value}”不是有限的数。", f"{value!r} is not a finite number.", where=field)
    return float(number)


def _text(limit: int) -> Callable[[Any, str], str]:
    def check(value: Any, field: str) -> str:
        written = str(value or "").strip()
        if len(written) > limit:
            raise InvalidInput(f"超过 {limit} 字。", f"Longer than {limit} characters.", where=field)
        return written

    return check


def _choice(*allowed: str) -> Callable[[Any, str], str]:
    def check(value: Any, field: str) -> str:
        if value not in allowed:
            raise InvalidInput(
                f"“{value}”不在可选值内。", f"{value!r} is not one of {', '.join(allowed)}.", where=field
            )
        return str(value)

    return check


def _deadline(value: Any, field: str) -> str | None:
    if not value:
        return None
    if end_of_period(str(value)) is None:
        raise InvalidInput(f"“{value}”不是日期。", f"{value!r} is not a year, month or day.", where=field,
                           to_do_zh="请写成 2027、2027-06 或 2027-06-30。", to_do_en="Write 2027, 2027-06 or 2027-06-30.")  # fmt: skip
    return str(value)


def _units(value: Any, field: str) -> list[dict[str, str]]:
    units = []
    for unit in value or []:
        name, role = str(unit.get("name", "")).strip(), unit.get("role")
        if not name or role not in ROLES:
            raise InvalidInput("每个单位须有名称和角色。", "Every unit needs a name and a role.", where=field)
        if {"name": name, "role": role} not in units:
            units.append({"name": name, "role": role})
    return units


# Which fields of a clause a person may set, and how each is checked.
FIELDS: dict[str, dict[str, Callable[[Any, str], Any]]] = {
    "target": {
        "subject": _text(200), "kind": _choice("target", "baseline"), "comparator": _choice(*COMPARATORS), "value": _number,
        "value_max": _number, "unit": _text(30), "deadline": _deadline, "strength": _choice("binding", "strive"),
    },
    "task": {"number": _text(60), "heading": _text(300), "text": _text(20_000), "units": _units, "deadline": _deadline},
    "system": {"name": _text(200), "verb": _text(40)},
}  # fmt: skip


def _checked(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FIELDS[kind])
    if unknown:
        raise InvalidInput(
            "不能更正这些字段。", f"These fields cannot be set: {', '.join(sorted(unknown))}.", where=kind
        )
    return {name: FIELDS[kind][name](value, name) for name, value in fields.items()}


def _require_open(clause: Clause) -> None:
    if not clause.plan.is_current:
        raise Conflict(
            "该文件已有新版本，请在新版本上核对。",
            "A newer version of this document exists: decide there.",
            where=clause.plan.title,
        )
    if hasattr(clause, "target") or hasattr(clause, "task"):
        raise Conflict("该条已立项，不能再改核对结果。", "This clause is filed already.", where=f"第{clause.line}行 line {clause.line}",
                       to_do_zh="请在任务或指标页面修改。", to_do_en="Change it on the page of its task or target.")  # fmt: skip


def _decide(account: Account, clause: Clause, decision: Clause.Decision) -> Clause:
    before = clause.decision
    clause.decision, clause.decided_by, clause.decided_at = decision, account, timezone.now()
    clause.save(update_fields=["decision", "decided_by", "decided_at", "correction"])
    audit.note(before=before, after=str(decision), line=clause.line, plan=clause.plan_id)
    return clause


@action("clause.confirm", "确认条目", "confirm a clause", roles=[Role.SUPERVISOR])
def confirm(account: Account, clause: Clause) -> Clause:
    """As read; where a person corrected it before, the corrections stay."""
    _require_open(clause)
    return _decide(account, clause, Clause.Decision.CORRECTED if clause.correction else Clause.Decision.CONFIRMED)


@action("clause.correct", "更正条目", "correct a clause", roles=[Role.SUPERVISOR])
def correct(account: Account, clause: Clause, *, fields: dict[str, Any]) -> Clause:
    """Set fields. A field set back to what was read is no correction any more."""
    _require_open(clause)
    checked = _checked(clause.kind, fields)
    merged = {**clause.correction, **checked}
    clause.correction = {
        name: value for name, value in merged.items() if not clause.read or clause.read.get(name) != value
    }
    if clause.kind == "target" and clause.current.get("value") is None:
        raise InvalidInput("指标须有数值。", "A target needs a number.", where="value")
    audit.note(correction=checked)
    return _decide(account, clause, Clause.Decision.CORRECTED if clause.correction else Clause.Decision.CONFIRMED)


@action("clause.reject", "不采纳条目", "reject a clause", roles=[Role.SUPERVISOR])
def reject(account: Account, clause: Clause) -> Clause:
    _require_open(clause)
    return _decide(account, clause, Clause.Decision.REJECTED)


@action("clause.reopen", "撤回核对", "take a decision on a clause back", roles=[Role.SUPERVISOR])
def reopen(account: Account, clause: Clause) -> Clause:
    _require_open(clause)
    return _decide(account, clause, Clause.Decision.PROPOSED)


@action("clause.add", "补充条目", "add a clause that was not read", roles=[Role.SUPERVISOR])
def add_clause(account: Account, plan: Plan, *, kind: str, line: int, fields: dict[str, Any]) -> Clause:
    if kind not in FIELDS or not plan.line <= line <= plan.end_line:
        raise InvalidInput(
            f"行号须在 {plan.line}–{plan.end_line} 之间。",
            f"The line must lie in {plan.line}–{plan.end_line}.",
            where="line",
        )
    defaults: dict[str, Any] = {
        "target": {"comparator": "=", "kind": "target", "strength": "binding", "value_max": None, "deadline": None}
    }.get(kind, {})
    content = {**defaults, **_checked(kind, fields), "text": fields.get("text") or plan.file.lines[line - 1].strip()}
    if kind == "target" and content.get("value") is None:
        raise InvalidInput("指标须有数值。", "A target needs a number.", where="value")
    for required in {"target": ("subject",), "task": ("heading",), "system": ("name",)}[kind]:
        if not content.get(required):
            raise InvalidInput("请填写名称。", "Give it a name.", where=required)
    clause = Clause.objects.create(
        plan=plan, kind=kind, position=plan.clauses.count(), line=line, end_line=line, correction=content,
        fingerprint=fingerprint(kind, words_of(kind, content)), decision=Clause.Decision.CORRECTED, decided_by=account,
        decided_at=timezone.now(),
    )  # fmt: skip
    audit.note(kind=kind, line=line, fields=fields)
    return clause


@action("plan.confirm_rest", "确认其余条目", "confirm all open clauses of a plan", roles=[Role.SUPERVISOR])
def confirm_rest(account: Account, plan: Plan) -> int:
    """Confirm what is still open and did not change since the earlier version; changed clauses stay for a closer look."""
    rows = plan.clauses.filter(decision=Clause.Decision.PROPOSED, changed_since=[])
    count = rows.update(decision=Clause.Decision.CONFIRMED, decided_by=account, decided_at=timezone.now())
    audit.note(confirmed=count)
    return count
