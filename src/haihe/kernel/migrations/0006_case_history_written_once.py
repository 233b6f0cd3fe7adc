"""The history of cases and the evidence in it are written once, like the audit record."""

from functools import partial
from importlib import import_module

from django.db import migrations

written_once = import_module("haihe.kernel.migrations.0002_written_once")
TABLES = ("kernel_caseevent", "kernel_caseevent_evidence")

protect = partial(written_once.protect, tables=TABLES)
unprotect = partial(written_once.unprotect, tables=TABLES)


class Migration(migrations.Migration):
    dependencies = [("kernel", "0005_cases_and_notices")]
    operations = [migrations.RunPython(protect, unprotect)]
