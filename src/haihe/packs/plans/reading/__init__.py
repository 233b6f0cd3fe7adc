"""The reader of plan documents: load → lines → boundaries → outline → clauses → commitments. No model, no network, no Django."""

from __future__ import annotations

from pathlib import Path

from haihe.packs.plans.reading.model import Reading, SourceText

__all__ = ["Reading", "read", "read_source"]

# Hundreds of patterns are compiled when the steps are loaded, a fifth of a second: what only needs the model does not wait for them.


def read(path: Path | str) -> Reading:
    """Read a file; UnreadableDocument (kernel.errors) where it cannot be loaded."""
    from haihe.packs.plans.reading.load import load_file

    return read_source(load_file(path))


def read_source(source: SourceText) -> Reading:
    """Read what was loaded."""
    from haihe.packs.plans.reading import reader

    return reader.read_source(source)
