"""Indexes that alone answer how many parts each unit has, by state and deadline, and which tasks were closed of late."""

from django.db import migrations, models

COUNTED_BY = ["task_state", "task_deadline", "accepted_at", "task_plan"]


class Migration(migrations.Migration):
    # On PostgreSQL a table that a transaction has filled takes no index in the same one: therefore a migration of its own.
    dependencies = [("plans", "0010_parts_carry_copies")]
    operations = [
        migrations.RemoveIndex("taskunit", "plans_unlinked_names"),
        migrations.AddIndex(
            "taskunit",
            models.Index(fields=["name", *COUNTED_BY], name="plans_unlinked_names", condition=models.Q(organisation=None)),
        ),
        migrations.AddIndex("taskunit", models.Index(fields=["organisation", *COUNTED_BY], name="plans_part_counting")),
        migrations.AddIndex("task", models.Index(fields=["closed_at", "deadline", "plan"], name="plans_task_closed")),
    ]
