"""A part carries its task's state, deadline and plan, so that parts are counted by units without looking a task up for each.

Triggers keep the copies the same: on a change of the task, on a new part, and on whatever would write another value into a part.
A later migration that lets Django make one of the two tables anew on SQLite loses its triggers and has to make them again.
"""

from django.db import migrations, models

FILL = "UPDATE plans_taskunit SET (task_state, task_deadline, task_plan) = (SELECT state, deadline, plan_id FROM plans_task WHERE id = plans_taskunit.task_id)"
ON_SQLITE = (
    f"CREATE TRIGGER plans_task_copied AFTER UPDATE OF state, deadline, plan_id ON plans_task BEGIN {FILL} WHERE task_id = NEW.id; END",
    f"CREATE TRIGGER plans_taskunit_copies_new AFTER INSERT ON plans_taskunit BEGIN {FILL} WHERE id = NEW.id; END",
    # The whole row is saved by whoever read it before the task changed. Triggers of SQLite do not call themselves.
    f"CREATE TRIGGER plans_taskunit_copies_kept AFTER UPDATE OF task_id, task_state, task_deadline, task_plan ON plans_taskunit "
    f"BEGIN {FILL} WHERE id = NEW.id; END",
)
# A new part waits for whoever is changing its task, and the other way round; a part that is only saved must not (it is locked already,
# and whoever changes the task waits for it).
ON_POSTGRESQL = (
    "CREATE FUNCTION plans_task_copied() RETURNS trigger AS $$ BEGIN "
    "UPDATE plans_taskunit SET task_state = NEW.state, task_deadline = NEW.deadline, task_plan = NEW.plan_id WHERE task_id = NEW.id; "
    "RETURN NULL; END; $$ LANGUAGE plpgsql",
    "CREATE FUNCTION plans_taskunit_copies() RETURNS trigger AS $$ BEGIN "
    "IF TG_OP = 'INSERT' THEN PERFORM 1 FROM plans_task WHERE id = NEW.task_id FOR SHARE; END IF; "
    "SELECT state, deadline, plan_id INTO NEW.task_state, NEW.task_deadline, NEW.task_plan FROM plans_task WHERE id = NEW.task_id; "
    "RETURN NEW; END; $$ LANGUAGE plpgsql",
    "CREATE TRIGGER plans_task_copied AFTER UPDATE OF state, deadline, plan_id ON plans_task FOR EACH ROW "
    "WHEN ((OLD.state, OLD.deadline, OLD.plan_id) IS DISTINCT FROM (NEW.state, NEW.deadline, NEW.plan_id)) "
    "EXECUTE FUNCTION plans_task_copied()",
    "CREATE TRIGGER plans_taskunit_copies BEFORE INSERT OR UPDATE OF task_id, task_state, task_deadline, task_plan ON plans_taskunit "
    "FOR EACH ROW EXECUTE FUNCTION plans_taskunit_copies()",
)
OFF_SQLITE = ("plans_task_copied", "plans_taskunit_copies_new", "plans_taskunit_copies_kept")


def keep(apps, schema_editor):
    """Fills the copies of what is there, and makes the triggers."""
    schema_editor.execute(FILL)
    for statement in ON_POSTGRESQL if schema_editor.connection.vendor == "postgresql" else ON_SQLITE:
        schema_editor.execute(statement, params=None)


def leave(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION plans_task_copied() CASCADE")
        schema_editor.execute("DROP FUNCTION plans_taskunit_copies() CASCADE")
        return
    for name in OFF_SQLITE:
        schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("plans", "0009_lines_written_once")]
    operations = [
        migrations.AddField("taskunit", "task_state", models.CharField(default="", editable=False, max_length=10)),
        migrations.AddField("taskunit", "task_deadline", models.DateField(editable=False, null=True)),
        migrations.AddField("taskunit", "task_plan", models.BigIntegerField(editable=False, null=True)),
        migrations.RunPython(keep, leave),
    ]
