"""The index of a unit's parts also holds what an officer's week asks of their tasks, so that neither table is read for it."""

from django.db import migrations, models


def measure(apps, schema_editor):
    """A SQLite that was analysed before knows nothing of an index made anew, and then prefers it where it is of no use."""
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
            if cursor.fetchone():
                cursor.execute("ANALYZE plans_part_of_unit")


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
        migrations.RunPython(measure, migrations.RunPython.noop),
    ]
