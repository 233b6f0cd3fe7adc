from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0005_binding_and_supervision")]
    operations = [
        migrations.AddIndex("task", models.Index(fields=["state", "deadline", "plan"], name="plans_task_counting")),
    ]
