from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0013_states_in_blocks")]

    operations = [migrations.AddField("rulestatus", "asked_at", models.DateTimeField(null=True))]
