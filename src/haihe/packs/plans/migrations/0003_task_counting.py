from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0002_chases_become_cases")]
    operations = [
        migrations.AddIndex("task", models.Index(fields=["state", "deadline", "plan"], name="plans_task_counting")),
    ]
