"""Reminders and escalations: what the worker does for open cases. Each mark of a visit is written once, whatever is killed and
however many workers run: the case is locked, the mark, its messages and the next instant are one transaction, and the database
refuses a second mark of the same name."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haihe.kernel import audit
from haihe.kernel.cases.limits import marks
from haihe.kernel.cases.models import Case, CaseEvent
from haihe.kernel.cases.telling import tell_overdue, tell_reminder

ROWS_A_RUN = 500


def watch(at: datetime) -> int:
    """Write what has fallen due by `at`; returns how many marks. A case that fails does not keep the others waiting: its error
    is raised at the end."""
    waiting = Case.objects.filter(closed_at=None, watch_at__lte=at).order_by("watch_at", "pk")
    written, failed = 0, None
    for pk in list(waiting.values_list("pk", flat=True)[:ROWS_A_RUN]):
        try:
            written += _watch_one(pk, at)
        except Exception as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return written


def _watch_one(pk: int, at: datetime) -> int:
    with transaction.atomic():
        case = Case.objects.select_for_update().filter(pk=pk, closed_at=None, watch_at__lte=at).first()
        if case is None or case.current is None or case.watch_at is None:
            return 0  # another worker, or a person who took the step, was first
        all_marks = marks(case.current, case.step_since, case.due_at)
        fallen = [name for name, when in all_marks if case.watch_at <= when <= at]
        case.watch_at = next((when for _, when in all_marks if when > at), None)
        case.save(update_fields=["watch_at"])
        if not fallen:
            return 0
        # After a pause of the worker only the last one still means anything.
        _write_mark(case, fallen[-1], at)
        return 1


def _write_mark(case: Case, mark: str, at: datetime) -> None:
    is_overdue = mark == "overdue"
    kind = CaseEvent.Kind.OVERDUE if is_overdue else CaseEvent.Kind.REMINDED
    CaseEvent.objects.create(case=case, at=at, kind=kind, visit=case.visit, step=case.step, mark=mark)
    (tell_overdue if is_overdue else tell_reminder)(case)
    audit.record(None, "case.escalate" if is_overdue else "case.remind", case, number=case.number, step=case.step)
