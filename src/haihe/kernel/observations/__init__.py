"""Observations: what was observed about a Thing at a time, in typed tables with units and quality.

    tables.py    how a table is declared; `TABLES` holds them all        quality.py  the bits that say what is odd about a row
    standard.py  tables that the kernel itself brings: Position, RawFrame
    journal.py   durable at once: one SQLite file, fsync'd before append() returns (journal_file.py, packing.py)
    any_journal.py  what a journal is asked; stream_journal.py: one partition on JetStream (stream_store.py, stream_reader.py,
                 stream_client.py, stream_message.py, stream_sending.py, stream_notes.py); appender.py spreads rows over the partitions
    lake.py      kept for long: Delta tables by day of receipt (lake_reader.py, lake_files.py, decimals.py, compaction.py), in a
                 folder (lake_place.py) or on object storage (lake_bucket.py)
    feeder.py    journal → lake                                           latest.py   the newest row per thing, kept ready
    queries.py   lake ∪ journal, each row once; read_for() for personal tables; question.py: what is asked, of rows and of files;
                 tail.py: what a journal holds, as this process last saw it; answers.py: what the lake answered lately about one thing
    districts.py a table of several districts' lakes in parts, for Dask
    stores.py    the journals and lake of this district                    upkeep.py   what the worker repeats, and `status`

Nothing is imported here, so that a process which needs none of it does not load Polars.
"""


def is_elsewhere(url: str) -> bool:
    """Whether an address of the lake is not a folder of this machine."""
    return "://" in url and not url.startswith("file://")
