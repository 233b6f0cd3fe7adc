"""One frame to one dictionary and back. Decoding never raises; encoding is its exact inverse.

    {"message_id": "0x0200", "name": …, "version": "2013" | "2019", "phone": …, "serial": …, "checksum_ok": …, "length_ok": …,
     "body": {…}, "issues": [{"code", "where", "zh", "en"}, …]}

Within `body`, "header" holds what the header says beyond the usual (packages, encryption, protocol version), and "raw_frame" the
frame itself wherever building it anew from the fields would not give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from haihe.kernel.errors import HaiheError, InvalidInput
from haihe.packs.transport.jt808.fields import Count, Field, Reader, read_fields, write_fields
from haihe.packs.transport.jt808.frame import (
    Header,
    build_frame,
    checksum,
    header_length_bytes,
    read_header,
    strip_flags,
    unescape,
)
from haihe.packs.transport.jt808.issues import Issue, Note
from haihe.packs.transport.jt808.location import LocationBody
from haihe.packs.transport.jt808.messages import MESSAGES, message_name
from haihe.packs.transport.jt808.packages import build_frames

T = TypeVar("T")


def decode(frame: bytes) -> dict[str, Any]:
    """What a frame says, with or without its flags. Never raises; takes time in proportion to the frame."""
    found = _decode(frame)
    try:
        same = _build(found) == frame
    except (HaiheError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        same = False
    if not same:
        found["body"]["raw_frame"] = frame.hex()
    return found


def encode(given: dict[str, Any]) -> bytes:
    """The frame that a dictionary of `decode`'s shape describes. Only message_id, version, phone, serial and body are needed.

    Raises InvalidInput naming the field that is missing or cannot be encoded."""
    body = given.get("body")
    if not isinstance(body, dict):
        raise InvalidInput("缺少消息体。", "There is no body.", where="body")
    if "raw_frame" in body:
        raw = _octets(body["raw_frame"], "body.raw_frame")
        if decode(raw) == given or given.get("message_id") is None:
            return raw
    return _building(_build, given)


def encode_all(given: dict[str, Any]) -> list[bytes]:
    """As `encode`, in as many packages as the message needs; the serials of the later ones follow that of the first."""
    return _building(lambda given: build_frames(_header(given), write_body(*_body(given))), given)


def _building(build: Callable[[dict[str, Any]], T], given: dict[str, Any]) -> T:
    try:
        return build(given)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InvalidInput(
            f"无法编码：{error}。", f"This cannot be encoded: {type(error).__name__} {error}.",
            to_do_zh="请对照 haihe decode 的输出。", to_do_en="Compare with what haihe decode prints.",
        ) from error  # fmt: skip


def _octets(text: Any, where: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError) as error:
        raise InvalidInput("不是十六进制。", "These are not hexadecimal digits.", where=where) from error


def _decode(frame: bytes) -> dict[str, Any]:
    content = strip_flags(frame)
    data, clean = unescape(content)
    header = read_header(data)
    notes = [] if clean else [Note(Issue.ESCAPE)]
    if b"\x7e" in content:
        notes.append(Note(Issue.FLAG_INSIDE))
    checksum_ok = len(data) > 1 and checksum(data) == 0
    if not checksum_ok:
        notes.append(Note(Issue.CHECKSUM))
    if header is None:
        return _without_header(data, checksum_ok, [*notes, Note(Issue.HEADER_CUT)])
    body = data[header_length_bytes(header.attributes) : -1]
    length_ok = len(body) == header.declared_length_bytes
    if not length_ok:
        notes.append(Note(Issue.LENGTH))
    if not header.phone.isdigit():
        notes.append(Note(Issue.PHONE_DIGITS, "phone"))
    values = _read_body(header, body, notes)
    return {
        "message_id": f"0x{header.message_id:04X}",
        "name": message_name(header.message_id),
        "version": header.version,
        "phone": header.phone,
        "serial": header.serial,
        "checksum_ok": checksum_ok,
        "length_ok": length_ok,
        "body": values,
        "issues": [note.as_dict() for note in notes],
    }


def _without_header(data: bytes, checksum_ok: bool, notes: list[Note]) -> dict[str, Any]:
    number = int.from_bytes(data[:2], "big") if len(data) > 1 else None
    return {
        "message_id": None if number is None else f"0x{number:04X}",
        "name": None if number is None else message_name(number),
        "version": None, "phone": None, "serial": None, "checksum_ok": checksum_ok, "length_ok": False,
        "body": {}, "issues": [note.as_dict() for note in notes],
    }  # fmt: skip


def _read_body(header: Header, body: bytes, notes: list[Note]) -> dict[str, Any]:
    extra = _unusual(header)
    if header.encryption:
        notes.append(Note(Issue.ENCRYPTED, "body"))
    if header.is_fragment:
        notes.append(Note(Issue.FRAGMENT, "body"))
    if header.encryption or header.is_fragment:
        return {"hex": body.hex()} | extra
    return read_body(header.message_id, header.version, body, notes) | extra


def read_body(number: int, version: str, body: bytes, notes: list[Note]) -> dict[str, Any]:
    """The fields of a whole body, which may have come in several packages; what is odd is added to `notes`."""
    message = MESSAGES.get(number)
    if message is None:
        return {"hex": body.hex()}
    layout = message.layout(version, body)
    reader = Reader(body, version, notes=notes)
    values = read_fields(layout.fields, reader)
    _note_counts(layout.fields, values, reader)
    if _beside(layout.fields) and "location" in values:
        values |= values.pop("location")
    if reader.position < len(body):
        values["rest"] = body[reader.position :].hex()
        if not any(note.issue in (Issue.BODY_CUT, Issue.BATCH) for note in notes):
            reader.note(Issue.TRAILING, "rest")
    if layout.edition != version:
        values["layout"] = layout.edition
    return values


def _beside(fields: tuple[Field, ...]) -> bool:
    """Whether the fields of a location stand beside those of the message."""
    return any(isinstance(row.kind, LocationBody) for row in fields)


def _note_counts(fields: tuple[Field, ...], values: dict[str, Any], reader: Reader) -> None:
    for row in fields:
        if isinstance(row.kind, Count) and row.kind.of in values and values[row.name] != len(values[row.kind.of]):
            reader.note(Issue.BATCH, row.name)


def _unusual(header: Header) -> dict[str, Any]:
    """What the header says beyond the five usual things."""
    said: dict[str, Any] = {}
    if header.protocol_version not in (None, 1):
        said["protocol_version"] = header.protocol_version
    if header.encryption:
        said["encryption"] = header.encryption
    if header.attributes & 0x8000:
        said["reserved_bit_15"] = True
    if header.package_count is not None:
        said |= {"package_count": header.package_count, "package_number": header.package_number}
    return {"header": said} if said else {}


def _header(given: dict[str, Any]) -> Header:
    said = given["body"].get("header", {})
    return Header(
        message_id=int(given["message_id"], 16),
        attributes=(said.get("encryption", 0) << 10) | (0x8000 if said.get("reserved_bit_15") else 0),
        version=str(given["version"]),
        phone=str(given["phone"]),
        serial=int(given.get("serial") or 0),
        protocol_version=said.get("protocol_version"),
        package_count=said.get("package_count"),
        package_number=said.get("package_number"),
    )


def _body(given: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
    return int(given["message_id"], 16), str(given["version"]), given["body"]


def _build(given: dict[str, Any]) -> bytes:
    return build_frame(_header(given), write_body(*_body(given)))


def write_body(number: int, version: str, body: dict[str, Any]) -> bytes:
    """The bytes of a body, however long; the inverse of `read_body`."""
    message = MESSAGES.get(number)
    if message is None or "hex" in body:
        return _octets(body.get("hex", ""), "body.hex")
    editions = (str(body.get("layout", version)), version)
    layout = next(row for edition in (*editions, "2013") for row in message.layouts if row.edition == edition)
    values = dict(body)
    if _beside(layout.fields):
        values["location"] = body
    if number == 0x0704:
        values.setdefault("kind", 0)
    return write_fields(layout.fields, values) + _octets(body.get("rest", ""), "body.rest")
