from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0004_papers_and_sheets")]
    operations = [
        migrations.AddIndex("task", models.Index(fields=["state", "deadline", "plan"], name="plans_task_counting")),
    ]
