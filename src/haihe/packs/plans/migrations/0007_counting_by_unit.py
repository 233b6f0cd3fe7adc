"""Indexes for what the board and officers' lists ask: tasks in order of their deadline, parts of a unit, names that nobody linked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0006_task_counting")]
    operations = [
        migrations.AddIndex(
            "task", models.Index(fields=["deadline", "id", "state", "plan"], name="plans_task_by_deadline")
        ),
        migrations.AddIndex(
            "taskunit", models.Index(fields=["name"], name="plans_unlinked_names", condition=models.Q(organisation=None))
        ),
        migrations.AddIndex(
            "taskunit", models.Index(fields=["organisation", "task", "accepted_at"], name="plans_part_of_unit")
        ),
    ]
