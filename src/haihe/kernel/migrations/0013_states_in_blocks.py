"""States of rules in blocks of consecutive things instead of shards by remainder: a small fleet is one block, not sixteen."""

import io

import polars as pl
from django.db import migrations, models

BLOCK_THINGS = 4096


def regroup(apps, schema_editor):
    states = apps.get_model("kernel", "RuleState")
    for rule in states.objects.order_by("rule").values_list("rule", flat=True).distinct():
        shards = [pl.read_ipc(io.BytesIO(bytes(row.content))) for row in states.objects.filter(rule=rule)]
        state = pl.concat(shards, how="diagonal_relaxed").sort("thing")
        states.objects.filter(rule=rule).delete()
        parts = state.with_columns(block=pl.col("thing") // BLOCK_THINGS).partition_by("block", as_dict=True)
        for (block,), part in parts.items():
            buffer = io.BytesIO()
            part.drop("block").write_ipc(buffer, compression="lz4")
            states.objects.create(rule=rule, block=block, rows=part.height, content=buffer.getvalue())


class Migration(migrations.Migration):
    dependencies = [("kernel", "0012_search_beginnings")]

    operations = [
        migrations.RemoveConstraint("rulestate", "one_state_per_rule_and_shard"),
        migrations.RenameField("rulestate", "shard", "block"),
        migrations.AlterField("rulestate", "block", models.PositiveIntegerField()),
        migrations.RunPython(regroup, migrations.RunPython.noop),
        migrations.AddConstraint(
            "rulestate", models.UniqueConstraint(fields=["rule", "block"], name="one_state_per_rule_and_block")
        ),
    ]
