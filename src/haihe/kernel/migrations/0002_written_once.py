"""Rows that are written once: the database itself refuses to change or delete audit records, seals and indicator values."""

from django.db import migrations

TABLES = ("kernel_auditrecord", "kernel_auditseal", "kernel_indicatorvalue")


def protect(apps, schema_editor, tables=TABLES):
    if schema_editor.connection.vendor == "postgresql":
        _protect_on_postgresql(schema_editor, tables)
        return
    for table in tables:
        for event in ("UPDATE", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is written once'); END"
            )


def _protect_on_postgresql(schema_editor, tables):
    """TRUNCATE as well, which SQLite does not have."""
    schema_editor.execute(
        "CREATE OR REPLACE FUNCTION haihe_written_once() RETURNS trigger AS $$ BEGIN "
        "RAISE EXCEPTION '% is written once', TG_TABLE_NAME; END; $$ LANGUAGE plpgsql",
        params=None,
    )
    for table in tables:
        for event, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION haihe_written_once()"
            )


def unprotect(apps, schema_editor, tables=TABLES):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    for table in tables:
        for event in ("update", "delete", "truncate"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}" + (f" ON {table}" if is_postgresql else ""))


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
