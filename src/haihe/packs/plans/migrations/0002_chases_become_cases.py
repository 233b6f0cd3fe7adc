"""The chases 催办 of the first ledger become cases of the type `plans.supervision_notice`, with their days, units and answers."""

from datetime import datetime, time, timedelta

from django.db import migrations
from django.utils import timezone

NAME, TASK = "plans.supervision_notice", "plans.task"
# The type's steps as they were declared when this migration was written; the parameters had these values from the first release.
STEPS = [
    {
        "name": "answer", "title_zh": "答复", "title_en": "Answer", "performers": ["handler"],
        "limit": {"key": "plans.chase_answer_working_days", "value": 3, "unit": "working days", "source": "unverified"},
        "remind": [{"key": "plans.chase_remind_working_days", "value": 1, "unit": "working days", "source": "unverified"}],
        "escalate_to": ["supervisor"], "evidence": "text",
        "exits": [{"to": "review", "title_zh": "提交答复", "title_en": "Submit the answer", "evidence": "text"}],
    },
    {
        "name": "review", "title_zh": "审核", "title_en": "Review", "performers": ["supervisor"],
        "limit": {"key": "plans.chase_review_working_days", "value": 5, "unit": "working days", "source": "unverified"},
        "remind": [{"key": "plans.chase_remind_working_days", "value": 1, "unit": "working days", "source": "unverified"}],
        "escalate_to": [], "evidence": "none",
        "exits": [
            {"to": "closed", "title_zh": "同意销号", "title_en": "Accept and close", "evidence": "none"},
            {"to": "answer", "title_zh": "退回重答", "title_en": "Send back", "evidence": "text"},
        ],
    },
]  # fmt: skip


def convert(apps, schema_editor):
    Chase = apps.get_model("plans", "Chase")
    rows = Chase.objects.select_related("task", "by__organisation", "answered_with__account", "answered_with__organisation")
    for chase in rows.order_by("at", "pk"):
        _convert(apps, chase)


def _convert(apps, chase):
    Case, CaseUnit, CaseEvent = (apps.get_model("kernel", name) for name in ("Case", "CaseUnit", "CaseEvent"))
    task, answer = chase.task, chase.answered_with
    midnight = datetime.combine(chase.answer_by + timedelta(days=1), time())
    due_at = timezone.make_aware(midnight, timezone.get_default_timezone())
    case = Case.objects.create(
        number=_number(apps, timezone.localdate(chase.at).year), type_name=NAME, type_title_zh="督办单", type_title_en="Supervision notice",
        steps=STEPS, subject=task.heading, text=chase.text, severity="unknown", about_type=TASK, about_id=str(task.pk),
        about_title=task.heading, opened_at=chase.at, opened_by=chase.by, visit=2 if answer else 1,
        # The first ledger knew no review: what was answered was done.
        step="closed" if answer else "answer", step_since=answer.at if answer else chase.at, closed_at=answer.at if answer else None,
        due_at=None if answer else due_at, watch_at=None if answer else due_at,
    )  # fmt: skip
    for unit, role in _units(task, chase):
        CaseUnit.objects.create(case=case, organisation=unit, role=role)
    CaseEvent.objects.create(
        case=case, at=chase.at, kind="opened", visit=1, step="answer", account=chase.by, actor_name=chase.by.display_name,
        organisation=chase.by.organisation, text=chase.text,
    )  # fmt: skip
    if answer:
        event = CaseEvent.objects.create(
            case=case, at=answer.at, kind="taken", visit=1, step="answer", to_step="closed", account=answer.account,
            actor_name=answer.account.display_name, organisation=answer.organisation, text=answer.text,
        )  # fmt: skip
        event.evidence.set(answer.evidence.all())


def _units(task, chase):
    linked = [part for part in task.units.select_related("organisation") if part.organisation is not None]
    accountable = [part for part in linked if part.role != "support"] or linked
    pairs = [(part.organisation, "handler") for part in accountable]
    pairs += [(chase.by.organisation, "opener")] if chase.by.organisation else []
    return list(dict.fromkeys(pairs))


def _number(apps, year):
    counter, _ = apps.get_model("kernel", "CaseCounter").objects.get_or_create(series=f"DB-{year}")
    counter.last += 1
    counter.save()
    return f"DB-{year}-{counter.last:04d}"


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial"), ("kernel", "0006_case_history_written_once")]
    operations = [
        # Nothing to undo: the cases stay, and an older release would begin with no chases.
        migrations.RunPython(convert, migrations.RunPython.noop),
        migrations.DeleteModel(name="Chase"),
    ]
