"""Of which of the five kinds under supervision a carrier is."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('transport', '0007_data_reports'),
    ]

    operations = [
        migrations.AddField(
            model_name='carrier',
            name='kinds',
            field=models.JSONField(blank=True, default=list, verbose_name='类别'),
        ),
    ]
