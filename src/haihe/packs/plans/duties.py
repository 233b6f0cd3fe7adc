"""What the worker does for this pack, every minute; each run is safe to repeat and to interrupt."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.calendar import add_working_days
from haihe.kernel.duties import duty
from haihe.kernel.indicators import measure
from haihe.kernel.notices import notify
from haihe.kernel.organisations import successor_on
from haihe.kernel.policies import parameter
from haihe.packs.plans import foreseeing as _foreseeing  # noqa: F401  (registers its duty)
from haihe.packs.plans import projects as _projects  # noqa: F401  (registers its duty)
from haihe.packs.plans.models import Reminder, Task
from haihe.packs.plans.progress import light


@duty("plans.remind", every_s=60)
def remind(at: datetime) -> int:
    """Write a reminder once per task, kind and due day: amber, red, or assigned and not accepted in time."""
    today = timezone.localdate(at)
    written = 0
    for task in Task.objects.filter(state__in=(Task.State.ASSIGNED, Task.State.UNDER_WAY)):
        due = []
        lamp = light(task, today)
        if lamp in ("amber", "red") and task.deadline:
            due.append((Reminder.Kind(lamp), task.deadline))
        if task.state == Task.State.ASSIGNED and task.assigned_at:
            accept_by = add_working_days(
                timezone.localdate(task.assigned_at), parameter("plans.accept_working_days", today)
            )
            if today > accept_by:
                due.append((Reminder.Kind.UNACCEPTED, accept_by))
        for kind, day in due:
            with transaction.atomic():
                _reminder, fresh = Reminder.objects.get_or_create(task=task, kind=kind, due=day)
                if fresh:
                    audit.record(None, "task.remind", task, kind=str(kind), due=day)
                    _tell(task, kind, day)
                    written += 1
    return written


SUBJECTS = {
    Reminder.Kind.AMBER: ("任务临期", "A task is due soon"),
    Reminder.Kind.RED: ("任务已逾期", "A task is overdue"),
    Reminder.Kind.UNACCEPTED: ("任务超期未签收", "A task was not accepted in time"),
}


def _tell(task: Task, kind: Reminder.Kind, day: date) -> None:
    """A message to each unit with a part in the task; of units that were succeeded, to the successor."""
    text = (
        f"《{task.heading}》（{task.plan.title}），时限 {day.isoformat()}。",
        f"{task.heading} ({task.plan.title}), due {day.isoformat()}.",
    )
    today = timezone.localdate()
    units = {successor_on(part.organisation, today) for part in task.units.all() if part.organisation is not None}
    for unit in sorted(units, key=lambda unit: unit.pk):
        notify(unit, SUBJECTS[kind], text, about=task)


@measure("plans.closed_share")
def closed_share(at: datetime) -> Decimal | None:
    """Share of filed tasks that are closed, in percent (任务办结率)."""
    tasks = Task.objects.filter(filed_at__lte=at)
    total = tasks.count()
    return round(Decimal(100 * tasks.filter(closed_at__lte=at).count()) / total, 2) if total else None
