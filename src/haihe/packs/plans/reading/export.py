"""A reading as JSON, in the shape of schema.py."""

from __future__ import annotations

import dataclasses
from typing import Any

from haihe.packs.plans.reading.model import SCHEMA_VERSION, Document, Reading


def to_json(reading: Reading) -> dict[str, Any]:
    """{"schema_version", "documents": […], "issues": […]}; values are plain JSON types."""
    return {
        "schema_version": SCHEMA_VERSION,
        "documents": [_document(document) for document in reading.documents],
        "issues": [_plain(issue) for issue in (*reading.source.issues, *reading.issues)],
    }


def _document(document: Document) -> dict[str, Any]:
    content = _plain(document)
    content["units"] = sorted({unit.name for task in document.tasks for unit in task.units})
    return content


def _plain(item: Any) -> dict[str, Any]:
    return dict(dataclasses.asdict(item))
