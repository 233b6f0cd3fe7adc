"""The reader of plan documents: load → lines → boundaries → outline → clauses → commitments. No model, no network, no Django."""

from __future__ import annotations

from pathlib import Path

from haihe.packs.plans.reading.load import load_file
from haihe.packs.plans.reading.model import Reading
from haihe.packs.plans.reading.reader import read_source

__all__ = ["Reading", "read", "read_source"]


def read(path: Path | str) -> Reading:
    """Read a file; UnreadableDocument (kernel.errors) where it cannot be loaded."""
    return read_source(load_file(path))
