"""The history of register entries and the evidence in it are written once, like that of cases."""

from functools import partial
from importlib import import_module

from django.db import migrations

written_once = import_module("haihe.kernel.migrations.0002_written_once")
TABLES = ("kernel_entryevent", "kernel_entryevent_evidence")

protect = partial(written_once.protect, tables=TABLES)
unprotect = partial(written_once.unprotect, tables=TABLES)


class Migration(migrations.Migration):
    dependencies = [("kernel", "0008_registers")]
    operations = [migrations.RunPython(protect, unprotect)]
