"""What the index keeps of each row. Its words lie beside it: in an FTS5 table on SQLite, in a tsvector on PostgreSQL (migration)."""

from __future__ import annotations

from django.db import models

LONGEST_TEXT = 3000


class SearchEntry(models.Model):
    """One row that can be found. `digest` tells whether title or text changed, so that saving for another reason costs nothing."""

    kind = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    title = models.CharField(max_length=300)
    text = models.CharField(max_length=LONGEST_TEXT, blank=True)
    link = models.CharField(max_length=200)
    digest = models.CharField(max_length=32)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="one_search_entry_a_row")]
        # A word that many rows have is answered by walking back from the newest entry of the kind.
        indexes = [models.Index(fields=["kind", "id"], name="kernel_search_newest")]
