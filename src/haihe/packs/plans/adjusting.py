"""Changing what a task asks for 调整任务举措: the wording that held before stays as a version, each later one says why.

A task that was never changed has no versions: what was filed stands in the task itself. The first change keeps it as version 1.
"""

from __future__ import annotations

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action
from haihe.packs.plans.models import Task
from haihe.packs.plans.models_supervision import TaskVersion

LONGEST_HEADING = 300


def keep_first(task: Task) -> None:
    """Before a change: what the task says now becomes its first version, unless it has one."""
    if not task.versions.exists():
        TaskVersion.objects.create(
            task=task, number=1, heading=task.heading, text=task.text, deadline=task.deadline, at=task.filed_at
        )


def keep_version(account: Account, task: Task, reason: str) -> TaskVersion | None:
    """After a change: what the task says now is its newest version; None where nothing of it differs from the last one."""
    last = task.versions.last()
    now = (task.heading, task.text, task.deadline)
    if last is None or now == (last.heading, last.text, last.deadline):
        return None
    return TaskVersion.objects.create(
        task=task, number=last.number + 1, heading=task.heading, text=task.text, deadline=task.deadline, reason=reason.strip(), by=account
    )  # fmt: skip


@action("task.adjust", "调整任务举措", "change what a task asks for", roles=[Role.SUPERVISOR])
def adjust(account: Account, task: Task, *, text: str, reason: str, heading: str = "") -> TaskVersion:
    """Another wording of an open task, with its reason; the document stays as it was read."""
    heading, text, reason = heading.strip() or task.heading, text.strip(), reason.strip()
    if not reason:
        raise InvalidInput("请写明调整原因。", "Say why the task changes.", where="reason")
    if not text or len(heading) > LONGEST_HEADING:
        raise InvalidInput(f"请写明任务内容；标题不超过 {LONGEST_HEADING} 字。", f"Say what the task asks for; its heading has at most {LONGEST_HEADING} characters.", where="text")  # fmt: skip
    if task.state == Task.State.CLOSED:
        raise Conflict("任务已办结，不能再调整。", "The task is closed: it cannot be changed.", where=task.heading)
    keep_first(task)
    before = task.text
    task.heading, task.text = heading, text
    version = keep_version(account, task, reason)
    if version is None:
        raise InvalidInput("任务内容没有变化。", "Nothing about the task differs.", where="text")
    task.save(update_fields=["heading", "text"])
    audit.note(before=before, after=text, reason=reason, version=version.number)
    return version
