"""Hand-over notes, takings-over, duty checks and their results are written once."""

from functools import partial
from importlib import import_module

from django.db import migrations

written_once = import_module("haihe.kernel.migrations.0002_written_once")
TABLES = (
    "kernel_handovernote", "kernel_takeover", "kernel_takeover_notes", "kernel_dutycheck", "kernel_checkresult",
)  # fmt: skip

protect = partial(written_once.protect, tables=TABLES)
unprotect = partial(written_once.unprotect, tables=TABLES)


class Migration(migrations.Migration):
    dependencies = [("kernel", "0015_rosters")]
    operations = [migrations.RunPython(protect, unprotect)]
