"""The JSON Schema of `to_json`, version SCHEMA_VERSION. Keys are only added within a version, never changed or removed."""

from __future__ import annotations

from typing import Any

from haihe.packs.plans.reading.model import SCHEMA_VERSION


def _list_of(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": properties, "required": list(required)}}


_TEXT = {"type": "string"}
_LINE = {"type": "integer", "minimum": 1, "description": "1-based line of the text on which the clause starts"}
_OPTIONAL_TEXT = {"type": ["string", "null"]}
_OPTIONAL_NUMBER = {"type": ["number", "null"]}
_ISSUES = _list_of({"line": _LINE, "message": _TEXT}, "line", "message")

_TARGET = {
    "line": _LINE, "text": _TEXT, "subject": _OPTIONAL_TEXT, "kind": {"enum": ["target", "baseline"]},
    "comparator": {"enum": ["=", ">", ">=", "<", "<=", "~", "range"]}, "value": {"type": "number"}, "value_max": _OPTIONAL_NUMBER,
    "unit": _OPTIONAL_TEXT, "value_as_written": _TEXT, "deadline": {"type": ["string", "null"], "description": "2027, 2027-06 or 2027-06-30"},
    "strength": {"enum": ["binding", "strive"]},
}  # fmt: skip
_UNIT = {"name": _TEXT, "role": {"enum": ["responsible", "lead", "support"]}}
_TASK = {
    "line": _LINE, "end_line": _LINE, "number": _OPTIONAL_TEXT, "heading": _TEXT, "text": _TEXT, "units": _list_of(_UNIT, "name", "role"),
    "deadline": _OPTIONAL_TEXT,
}  # fmt: skip
_DOCUMENT = {
    "line": _LINE, "end_line": _LINE, "title": _TEXT, "kind": {"enum": ["plan", "notice", "news", "annex", "other"]},
    "status": {"enum": ["draft", "trial", "final"]}, "issuer": _OPTIONAL_TEXT, "number": _OPTIONAL_TEXT, "issued_on": _OPTIONAL_TEXT,
    "period": {"type": "object", "properties": {"start": _OPTIONAL_TEXT, "end": _OPTIONAL_TEXT}, "required": ["start", "end"]},
    "bundle": {"type": ["object", "null"], "properties": {"title": _TEXT, "index": {"type": "integer"}}},
    "targets": _list_of(_TARGET, *(key for key in _TARGET)), "tasks": _list_of(_TASK, "line", "number", "heading", "text", "units"),
    "systems": _list_of({"line": _LINE, "name": _TEXT, "verb": _TEXT}, "line", "name", "verb"),
    "budget": _list_of({"line": _LINE, "item": _TEXT, "phase": _OPTIONAL_TEXT, "quantity": _OPTIONAL_NUMBER, "unit_price": _OPTIONAL_NUMBER,
                        "amount": _OPTIONAL_NUMBER, "unit": _OPTIONAL_TEXT}, "line", "item", "amount"),
    "phases": _list_of({"line": _LINE, "name": _TEXT, "start": _OPTIONAL_TEXT, "end": _OPTIONAL_TEXT}, "line", "name"),
    "subsidies": _list_of({"line": _LINE, "condition": _TEXT, "amount": _OPTIONAL_NUMBER, "unit": _OPTIONAL_TEXT}, "line", "condition"),
    "references": _list_of({"title": _TEXT, "number": _OPTIONAL_TEXT}, "title", "number"), "issues": _ISSUES,
}  # fmt: skip

JSON_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Reading of plan documents",
    "type": "object",
    "properties": {
        "schema_version": {"const": SCHEMA_VERSION},
        "documents": {
            "type": "array",
            "items": {"type": "object", "properties": _DOCUMENT, "required": [k for k in _DOCUMENT if k != "end_line"]},
        },
        "issues": _ISSUES,
    },
    "required": ["documents"],
}
