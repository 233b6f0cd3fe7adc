"""The index of a unit's parts also holds what an officer's week asks of their tasks, so that neither table is read for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0014_narrow_counting")]
    operations = [
        migrations.RemoveIndex("taskunit", "plans_part_of_unit"),
        migrations.AddIndex(
            "taskunit",
            models.Index(
                fields=["organisation", "task", "accepted_at", "task_state", "task_deadline"], name="plans_part_of_unit"
            ),
        ),
    ]
