"""Spot checks and their findings are written once."""

from functools import partial
from importlib import import_module

from django.db import migrations

written_once = import_module("haihe.kernel.migrations.0002_written_once")
TABLES = ("transport_spotcheck", "transport_spotfinding")

protect = partial(written_once.protect, tables=TABLES)
unprotect = partial(written_once.unprotect, tables=TABLES)


class Migration(migrations.Migration):
    dependencies = [("transport", "0003_spot_checks")]
    operations = [migrations.RunPython(protect, unprotect)]
