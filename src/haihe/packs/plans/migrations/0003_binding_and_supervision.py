"""Bindings of measured indicators, key projects, evaluations, contacts. Assumed points of upper limits without a baseline go: they
lay on a line from zero, from which such a target looked behind for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def forget_lines_from_zero(apps, schema_editor):
    points = apps.get_model("plans", "Milestone").objects.filter(assumed=True)
    points.filter(target__comparator__in=("<", "<="), target__baseline_value=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('kernel', '0007_indicator_answers'),
        ('plans', '0002_chases_become_cases'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('firm', models.CharField(max_length=120, verbose_name='企业')),
                ('kind', models.CharField(choices=[('visit', '走访'), ('meeting', '座谈'), ('call', '电话'), ('letter', '来函')], max_length=10)),
                ('on', models.DateField()),
                ('subject', models.CharField(max_length=300)),
                ('result', models.TextField(blank=True)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.organisation')),
                ('task', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='plans.task')),
            ],
            options={
                'ordering': ['-on', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Binding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('likeness', models.PositiveSmallIntegerField(default=0)),
                ('grounds', models.JSONField(default=dict)),
                ('reason', models.TextField()),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.TextField(blank=True)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='kernel.indicator')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='plans.target')),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('target',), name='one_open_binding_of_a_target')],
            },
        ),
        migrations.CreateModel(
            name='Evaluation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.DateField()),
                ('outcome', models.CharField(choices=[('done', '完成'), ('partly', '部分完成'), ('not_done', '未完成')], max_length=10)),
                ('reasons', models.TextField()),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kernel.organisation')),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='plans.task')),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('task', 'node'), name='one_evaluation_a_node')],
            },
        ),
        migrations.CreateModel(
            name='KeyProject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('every_weeks', models.PositiveSmallIntegerField()),
                ('next_review', models.DateField()),
                ('reason', models.TextField()),
                ('placed_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.TextField(blank=True)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('placed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='supervised', to='plans.task')),
            ],
            options={
                'ordering': ['next_review', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('task',), name='supervised_once_at_a_time')],
            },
        ),
        migrations.RunPython(forget_lines_from_zero, migrations.RunPython.noop),
    ]
