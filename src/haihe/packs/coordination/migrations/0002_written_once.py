"""Approved minutes, issued bulletins, notes that were handed in and reports on measures are written once."""

from functools import partial
from importlib import import_module

from django.db import migrations

written_once = import_module("haihe.kernel.migrations.0002_written_once")
TABLES = ("coordination_minutes", "coordination_bulletin", "coordination_note", "coordination_yearreport")

protect = partial(written_once.protect, tables=TABLES)
unprotect = partial(written_once.unprotect, tables=TABLES)


class Migration(migrations.Migration):
    dependencies = [("coordination", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
