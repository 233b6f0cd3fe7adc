"""An index by which the newest measured and reported value of each indicator is found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0016_rosters_written_once")]
    operations = [
        migrations.AddIndex(
            "indicatorvalue",
            models.Index(fields=["indicator", "kind", "-as_of", "-recorded_at"], name="kernel_newest_value"),
        ),
    ]
