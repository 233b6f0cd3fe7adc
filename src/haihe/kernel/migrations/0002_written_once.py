"""Rows that are written once: the database itself refuses to change or delete audit records, seals and indicator values."""

from django.db import migrations

TABLES = ("kernel_auditrecord", "kernel_auditseal", "kernel_indicatorvalue")


def protect(apps, schema_editor, tables=TABLES):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION haihe_written_once() RETURNS trigger AS $$ BEGIN "
            "RAISE EXCEPTION '% is written once', TG_TABLE_NAME; END; $$ LANGUAGE plpgsql"
        )
    for table in tables:
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_no_{event.lower()}"
            if vendor == "postgresql":
                schema_editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION haihe_written_once()"
                )
            else:
                schema_editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is written once'); END"
                )


def unprotect(apps, schema_editor, tables=TABLES):
    for table in tables:
        for event in ("update", "delete"):
            suffix = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}{suffix}")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
