"""What contradicts itself in a stored file, and what people said about it: a finding is open until it is marked as intended."""

from __future__ import annotations

from dataclasses import dataclass

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action, visible
from haihe.packs.plans.bundles import documents_of
from haihe.packs.plans.comparing.check import check_bundle
from haihe.packs.plans.comparing.finding import Finding
from haihe.packs.plans.models import FindingMark, Plan

LONGEST_REASON = 300


@dataclass(frozen=True)
class Judged:
    """A finding with the mark of a person, if there is one. `carried`: the mark was made on the earlier version of the file."""

    finding: Finding
    mark: FindingMark | None
    carried: bool = False


def findings_of(account: Account, plan: Plan) -> list[Judged]:
    """The findings of the whole file that touch this document: what its text says against the other parts is one too."""
    rows = visible(account, plan.file.plans.all()).prefetch_related("clauses").order_by("line")
    found = check_bundle(documents_of(rows), plan.file.lines)
    marks = {mark.key: mark for mark in _marks(plan)}
    return [
        Judged(finding, mark := marks.get(finding.key), mark is not None and mark.file_id != plan.file_id)
        for finding in found
        if any(plan.line <= place.line <= plan.end_line for place in finding.places)
    ]


def _marks(plan: Plan) -> list[FindingMark]:
    """Those of the earlier version first, so that a later mark on the same words holds."""
    files = [plan.replaces.file_id, plan.file_id] if plan.replaces is not None else [plan.file_id]
    rows = FindingMark.objects.filter(file__in=files).select_related("by")
    return sorted(rows, key=lambda mark: files.index(mark.file_id))


@action("finding.intend", "标记为有意", "mark a contradiction as intended", roles=[Role.SUPERVISOR])
def mark_intended(account: Account, plan: Plan, *, key: str, reason: str) -> FindingMark:
    """InvalidInput without a reason, NotFound where the document has no such finding (any more)."""
    reason = reason.strip()
    if not 2 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(
            "请写明理由，二至三百字。", "Say why, in 2 to 300 characters.", where="reason",
            to_do_zh="例如：两处口径不同。", to_do_en="For example: the two count different things.",
        )  # fmt: skip
    judged = next((row for row in findings_of(account, plan) if row.finding.key == key), None)
    if judged is None:
        raise NotFound("没有这一处。", "There is no such finding.", where=key[:40])
    values = {"reason": reason, "by": account, "kind": judged.finding.kind}
    mark, _ = FindingMark.objects.update_or_create(file=plan.file, key=key, defaults=values)
    audit.note(finding=judged.finding.kind, lines=[place.line for place in judged.finding.places], reason=reason)
    return mark


@action("finding.reopen", "撤回有意标记", "take the mark on a contradiction back", roles=[Role.SUPERVISOR])
def unmark(account: Account, plan: Plan, *, key: str) -> None:
    count, _ = FindingMark.objects.filter(file=plan.file, key=key).delete()
    if not count:
        raise NotFound("这一处没有标记。", "This finding bears no mark here.", where=key[:40])
    audit.note(key=key)
