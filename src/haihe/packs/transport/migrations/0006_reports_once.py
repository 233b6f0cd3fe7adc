"""A report that is sent again is the report that stands already."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("transport", "0005_reports")]
    operations = [
        migrations.AddField("report", "key", models.CharField(blank=True, default="", max_length=64), preserve_default=False),
        migrations.AddConstraint(
            "report",
            models.UniqueConstraint(fields=("vehicle", "key"), condition=~models.Q(key=""), name="one_report_per_key"),
        ),
    ]
