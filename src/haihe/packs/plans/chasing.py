"""催办: the supervision office sends a notice 督办单 about a task, the next report on the task answers it, closing settles it."""

from __future__ import annotations

from haihe.kernel import audit
from haihe.kernel.cases import CLOSED, Case, may_take, open_case, take_step
from haihe.kernel.errors import Conflict
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, visible
from haihe.packs.plans.cases import SUPERVISION_NOTICE
from haihe.packs.plans.models import Report, Task, TaskUnit


@action("task.chase", "催办", "chase a task", roles=[Role.SUPERVISOR])
def chase(account: Account, task: Task, *, text: str) -> Case:
    """Open a supervision notice about the task, to be answered by the units that are accountable for it."""
    if task.state not in (Task.State.ASSIGNED, Task.State.UNDER_WAY):
        raise Conflict(
            f"任务{task.get_state_display()}，无需催办。",
            f"The task is {task.state}: there is nothing to chase.",
            where=task.heading,
        )
    said = text.strip() or "请尽快报告进展。"
    case = open_case(account, SUPERVISION_NOTICE.name, task.heading, _handlers(task), about=task, text=said)
    audit.note(text=said, notice=case.number)
    return case


def _handlers(task: Task) -> list[Organisation]:
    """The leading and responsible units; where none of them is linked, whichever unit is."""
    linked = [part for part in task.units.select_related("organisation") if part.organisation is not None]
    accountable = [part for part in linked if part.role != TaskUnit.Role.SUPPORT]
    return list(dict.fromkeys(part.organisation for part in accountable or linked if part.organisation is not None))


def open_notices(account: Account) -> dict[int, Case]:
    """The notices that the account may see and that wait for an answer, by the task they are about; of several the oldest. A unit
    that only supports a task is not asked."""
    waiting = visible(account, Case.objects.all()).filter(
        type_name=SUPERVISION_NOTICE.name, step="answer", closed_at=None, about_type=Task._meta.label_lower
    )
    return {int(case.about_id): case for case in waiting.order_by("-opened_at", "-pk")}


def answer_notices(account: Account, task: Task, report: Report) -> None:
    """A report on a task answers the notices about it, where the reporting unit is to answer."""
    for case in task.notices.filter(type_name=SUPERVISION_NOTICE.name, step="answer", closed_at=None):
        if may_take(account, case):
            take_step(account, case, step="answer", text=report.text, evidence=list(report.evidence.all()))


def settle_notices(account: Account, task: Task) -> None:
    """Closing a task closes the notices about it that were answered."""
    for case in task.notices.filter(type_name=SUPERVISION_NOTICE.name, step="review", closed_at=None):
        take_step(account, case, step="review", to=CLOSED, text="任务已办结。")
