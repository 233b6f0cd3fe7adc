"""A version of a task is written once."""

from functools import partial
from importlib import import_module

from django.db import migrations

written_once = import_module("haihe.kernel.migrations.0002_written_once")
TABLES = ("plans_taskversion",)

protect = partial(written_once.protect, tables=TABLES)
unprotect = partial(written_once.unprotect, tables=TABLES)


class Migration(migrations.Migration):
    dependencies = [("plans", "0012_task_versions")]
    operations = [migrations.RunPython(protect, unprotect)]
