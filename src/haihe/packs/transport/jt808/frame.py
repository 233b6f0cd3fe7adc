"""The frame of JT/T 808: flags, escaping, checksum and header (clauses 4.4.1–4.4.4 of the 2011, 2013 and 2019 editions; the
numbers are those of the editions' own lists of changes, the wording of the clauses was not read: source unverified).

    0x7e | id 2 | attributes 2 | [2019: protocol version 1] | phone BCD 6 (2019: 10) | serial 2 | [count 2, number 2] | body | xor 1 | 0x7e

Attributes: bits 0–9 length of the body, 10–12 encryption (bit 10: RSA), 13 sub-packages, 14 version flag (2019), 15 reserved.
"""

from __future__ import annotations

from dataclasses import dataclass

from haihe.kernel.errors import InvalidInput, TooLarge

FLAG = b"\x7e"
BODY_LIMIT_BYTES = 0x3FF
# The longest frame of the 2019 edition with every byte escaped is 2,090 bytes; makers exceed it, nobody doubles it.
FRAME_LIMIT_BYTES = 4096
VERSION_BIT = 1 << 14
PACKAGES_BIT = 1 << 13


def escape(data: bytes) -> bytes:
    """0x7d and 0x7e as pairs, so that a flag byte only ever stands at the ends."""
    return data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def unescape(data: bytes) -> tuple[bytes, bool]:
    """The bytes meant, and whether every 0x7d was part of a pair; one that was not is kept as it stands."""
    if b"\x7d" not in data:
        return data, True
    clean = data.count(b"\x7d") == data.count(b"\x7d\x01") + data.count(b"\x7d\x02")
    return data.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d"), clean


def strip_flags(frame: bytes) -> bytes:
    """What lies between the flags; a frame without flags is taken as it is."""
    start = 1 if frame[:1] == FLAG else 0
    end = len(frame) - 1 if len(frame) > start and frame[-1:] == FLAG else len(frame)
    return frame[start:end]


def checksum(data: bytes) -> int:
    """All bytes combined by exclusive or: halves are folded upon each other, which is far quicker than a loop over bytes."""
    value = int.from_bytes(data, "big")
    size = 1 << max(len(data) - 1, 0).bit_length()
    while size > 1:
        half_bits = size * 4
        value = (value >> half_bits) ^ (value & ((1 << half_bits) - 1))
        size >>= 1
    return value


@dataclass(frozen=True)
class Header:
    """The header of one frame. `version` is "2013" or "2019" as bit 14 says; the 2011 edition has the header of 2013."""

    message_id: int
    attributes: int
    version: str
    phone: str
    serial: int
    protocol_version: int | None = None
    package_count: int | None = None
    package_number: int | None = None

    @property
    def declared_length_bytes(self) -> int:
        return self.attributes & BODY_LIMIT_BYTES

    @property
    def encryption(self) -> int:
        return (self.attributes >> 10) & 7

    @property
    def is_fragment(self) -> bool:
        """One of several packages; a message that calls itself "1 of 1" is whole."""
        return self.package_count is not None and (self.package_count > 1 or (self.package_number or 0) > 1)


def header_length_bytes(attributes: int) -> int:
    return 12 + (5 if attributes & VERSION_BIT else 0) + (4 if attributes & PACKAGES_BIT else 0)


def read_header(data: bytes) -> Header | None:
    """The header of unescaped `data`, or None where it and a checksum do not fit into the data."""
    attributes = int.from_bytes(data[2:4], "big")
    end = header_length_bytes(attributes)
    if len(data) < max(end + 1, 13):
        return None
    in_2019 = bool(attributes & VERSION_BIT)
    phone_at, phone_end = (5, 15) if in_2019 else (4, 10)
    packages = attributes & PACKAGES_BIT
    return Header(
        message_id=int.from_bytes(data[0:2], "big"),
        attributes=attributes,
        version="2019" if in_2019 else "2013",
        phone=data[phone_at:phone_end].hex(),
        serial=int.from_bytes(data[phone_end : phone_end + 2], "big"),
        protocol_version=data[4] if in_2019 else None,
        package_count=int.from_bytes(data[end - 4 : end - 2], "big") if packages else None,
        package_number=int.from_bytes(data[end - 2 : end], "big") if packages else None,
    )


def phone_bytes(phone: str, version: str) -> bytes:
    """The phone number as BCD, padded with zeros in front to 12 digits (2019: 20)."""
    digits = phone.strip().lower()
    width = 20 if version == "2019" else 12
    if len(digits) > width or not all(sign in "0123456789abcdef" for sign in digits):
        raise InvalidInput(
            f"手机号须为至多 {width} 位数字，收到“{phone}”。", f"A phone number has at most {width} digits, got {phone!r}.", where="phone"
        )  # fmt: skip
    return bytes.fromhex(digits.rjust(width, "0"))


def build_frame(header: Header, body: bytes) -> bytes:
    """The whole frame with flags, checksum and escapes; length, version and package bits are set from what is given."""
    if len(body) > BODY_LIMIT_BYTES:
        raise TooLarge(
            f"消息体 {len(body)} 字节，超过 {BODY_LIMIT_BYTES} 字节。", f"The body has {len(body)} bytes, more than {BODY_LIMIT_BYTES}.",
            where="body", to_do_zh="请分包发送。", to_do_en="Send it in several packages.",
        )  # fmt: skip
    in_2019 = header.version == "2019"
    attributes = (header.attributes & 0x9C00) | len(body)
    attributes |= VERSION_BIT if in_2019 else 0
    attributes |= PACKAGES_BIT if header.package_count is not None else 0
    parts = [header.message_id.to_bytes(2, "big"), attributes.to_bytes(2, "big")]
    if in_2019:
        parts.append(bytes([1 if header.protocol_version is None else header.protocol_version]))
    parts += [phone_bytes(header.phone, header.version), header.serial.to_bytes(2, "big")]
    if header.package_count is not None:
        parts += [header.package_count.to_bytes(2, "big"), (header.package_number or 0).to_bytes(2, "big")]
    data = b"".join([*parts, body])
    return FLAG + escape(data + bytes([checksum(data)])) + FLAG
