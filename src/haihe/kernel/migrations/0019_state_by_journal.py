"""Rules over several journals: states, and the minute until which a rule was asked about silence, are kept for each of them."""

from django.db import migrations, models


def move_minutes(apps, schema_editor):
    statuses = apps.get_model("kernel", "RuleStatus").objects.exclude(asked_at=None)
    apps.get_model("kernel", "RuleCursor").objects.filter(name="rules").update(
        asked={status.rule: status.asked_at.isoformat() for status in statuses}
    )


class Migration(migrations.Migration):
    dependencies = [("kernel", "0018_command_answers")]

    operations = [
        migrations.RemoveConstraint("rulestate", "one_state_per_rule_and_block"),
        migrations.AddField("rulestate", "journal", models.CharField(max_length=40, default="", blank=True)),
        migrations.AddConstraint(
            "rulestate",
            models.UniqueConstraint(fields=["rule", "journal", "block"], name="one_state_per_rule_journal_and_block"),
        ),
        migrations.AddField("rulecursor", "asked", models.JSONField(default=dict)),
        migrations.RunPython(move_minutes, migrations.RunPython.noop),
        migrations.RemoveField("rulestatus", "asked_at"),
    ]
