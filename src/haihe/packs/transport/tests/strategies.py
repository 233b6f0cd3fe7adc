"""Frames of every kind for property tests: published ones, valid ones with random contents, mutilated ones, any bytes."""

from __future__ import annotations

from hypothesis import strategies as st

from haihe.packs.transport.jt808.frame import Header, build_frame, checksum, escape
from haihe.packs.transport.tests.published import everything

PUBLISHED = everything()
# Half of the bytes are those that hurt: flag, escape and what follows it, zero, signs of lengths.
BYTES = st.lists(st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 2, 0x7D, 0x7E, 0xFF])), max_size=80).map(bytes)
IDS = st.sampled_from(
    [
        0x0001,
        0x8001,
        0x0002,
        0x0100,
        0x0102,
        0x0104,
        0x8103,
        0x0200,
        0x0200,
        0x0200,
        0x0201,
        0x0704,
        0x0704,
        0x8300,
        0x1234,
    ]
)


@st.composite
def items(draw: st.DrawFn) -> bytes:
    """Additional items, mostly known ids with mostly right lengths."""
    parts = []
    for _ in range(draw(st.integers(0, 8))):
        number, size = draw(st.sampled_from([
            (0x01, 4), (0x02, 2), (0x03, 2), (0x04, 2), (0x05, 30), (0x06, 2), (0x11, 1), (0x11, 5), (0x12, 6), (0x13, 7), (0x14, 4), (0x18, 3),
            (0x25, 4), (0x2A, 2), (0x2B, 4), (0x30, 1), (0x31, 1), (0x64, 47), (0x66, 41), (0xEB, 8), (0xE1, 0), (0x01, 3), (0x31, 2),
        ]))  # fmt: skip
        parts.append(bytes([number, size]) + draw(st.binary(min_size=size, max_size=size)))
    return b"".join(parts) + draw(st.sampled_from([b"", b"", b"", b"\x01", b"\x01\x09\x00"]))


BCD_TIME = st.one_of(
    st.datetimes().map(lambda at: bytes.fromhex(at.strftime("%y%m%d%H%M%S"))),
    st.sampled_from([bytes(6), b"\x99\x12\x31\x23\x59\x59", b"\x70\x01\x01\x00\x00\x00", b"\x24\x02\x30\x00\x00\x00", b"\xff" * 6, b"\x20\x02\x29\x24\x00\x00"]),
    st.binary(min_size=6, max_size=6),
)  # fmt: skip
LOCATION = st.tuples(st.binary(min_size=22, max_size=22), BCD_TIME, items()).map(b"".join)
BATCH = st.tuples(
    st.integers(0, 4), st.lists(LOCATION, max_size=4), st.sampled_from([b"", b"", b"\x00", b"\x00\x05ab"])
).map(lambda row: row[0].to_bytes(2, "big") + b"\1" + b"".join(len(e).to_bytes(2, "big") + e for e in row[1]) + row[2])


@st.composite
def valid_frames(draw: st.DrawFn) -> bytes:
    """Frames with a right checksum and length; what they hold need not make sense."""
    number = draw(IDS)
    body = draw({0x0200: LOCATION, 0x0201: LOCATION.map(lambda data: b"\0\1" + data), 0x0704: BATCH}.get(number, BYTES))
    packages = draw(st.sampled_from([None, None, None, (1, 1), (3, 1), (3, 2), (0, 0)]))
    header = Header(
        number, draw(st.sampled_from([0, 0, 0, 0, 0x400, 0x8000])), draw(st.sampled_from(["2013", "2019"])),
        draw(st.text("0123456789", max_size=12)), draw(st.integers(0, 0xFFFF)), draw(st.sampled_from([1, 1, 2])),
        packages and packages[0], packages and packages[1],
    )  # fmt: skip
    return build_frame(header, body[:1023])


@st.composite
def mutilated_frames(draw: st.DrawFn) -> bytes:
    """A good frame that was cut, that lost a bit, or whose checksum was mended after that."""
    frame = bytearray(draw(st.one_of(st.sampled_from(PUBLISHED), valid_frames())))
    for _ in range(draw(st.integers(0, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] ^= 1 << draw(st.integers(0, 7))
    start, end = draw(st.integers(0, 3)), draw(st.integers(0, 6))
    cut = bytes(frame[start : len(frame) - end])
    return b"\x7e" + escape(cut + bytes([checksum(cut)])) + b"\x7e" if draw(st.booleans()) else cut


FRAMES = st.one_of(st.sampled_from(PUBLISHED), valid_frames(), mutilated_frames(), BYTES)
