"""SQLite keeps a list of its own for the first character of words: one digit or one Chinese character is then found as fast as a word.
The newest entries of a kind are found along an index of their own."""

from django.db import migrations, models

TABLE = "CREATE VIRTUAL TABLE {} USING fts5(title, text, kind, tokenize = 'unicode61 remove_diacritics 0'{})"
FORGET = (
    "CREATE TRIGGER kernel_searchentry_forget AFTER DELETE ON kernel_searchentry "
    "BEGIN DELETE FROM kernel_searchwords WHERE rowid = OLD.id; END"
)


def remake(schema_editor, options):
    """The same words in a table with other options; FTS5 cannot change them in place."""
    if schema_editor.connection.vendor == "postgresql":
        return
    for statement in (
        "DROP TRIGGER kernel_searchentry_forget",
        TABLE.format("kernel_searchwords_new", options),
        "INSERT INTO kernel_searchwords_new (rowid, title, text, kind) SELECT rowid, title, text, kind FROM kernel_searchwords",
        "DROP TABLE kernel_searchwords",
        "ALTER TABLE kernel_searchwords_new RENAME TO kernel_searchwords",
        FORGET,
    ):
        schema_editor.execute(statement)


def with_beginnings(apps, schema_editor):
    remake(schema_editor, ", prefix = '1'")


def without(apps, schema_editor):
    remake(schema_editor, "")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0011_search")]
    operations = [
        migrations.AddIndex("searchentry", models.Index(fields=["kind", "id"], name="kernel_search_newest")),
        migrations.RunPython(with_beginnings, without),
    ]
