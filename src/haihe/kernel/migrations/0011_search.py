"""The index of the search: entries, and their words in the way of each database (kernel/search)."""

from django.db import migrations, models


def make_words(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE kernel_searchentry ADD COLUMN words tsvector")
        schema_editor.execute("CREATE INDEX kernel_searchentry_words ON kernel_searchentry USING gin (words)")
        return
    schema_editor.execute(
        "CREATE VIRTUAL TABLE kernel_searchwords USING fts5(title, text, kind, tokenize = 'unicode61 remove_diacritics 0')"
    )
    schema_editor.execute(
        "CREATE TRIGGER kernel_searchentry_forget AFTER DELETE ON kernel_searchentry "
        "BEGIN DELETE FROM kernel_searchwords WHERE rowid = OLD.id; END"
    )


def drop_words(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("DROP TABLE kernel_searchwords")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0010_systems")]
    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=60)),
                ("object_id", models.BigIntegerField()),
                ("title", models.CharField(max_length=300)),
                ("text", models.CharField(blank=True, max_length=3000)),
                ("link", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=32)),
                ("changed_at", models.DateTimeField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("kind", "object_id"), name="one_search_entry_a_row")]},
        ),
        migrations.RunPython(make_words, drop_words),
    ]
