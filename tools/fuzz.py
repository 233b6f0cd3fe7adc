"""Feeds bytes that nobody thought of to what reads bytes from outside, guided by coverage (atheris, libFuzzer).

    python tools/fuzz.py --minutes 10                 all targets, one after the other
    python tools/fuzz.py items sheet --minutes 60     some

A target takes bytes and claims something; whatever it raises is a crash, is printed with the file that holds its input, and makes the
exit code 1. Seeds are those of tests/fuzz/corpus, the frames of the pack's tests, and those of ../shared/data/jt808 where they are. What
is found on the way lies in `--work` (default: build/fuzz) and is used again the next time. A crash becomes a regression test, its input
a seed.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
SHARED_FRAMES = ROOT.parent / "shared" / "data" / "jt808" / "frames.json"
LONGEST_BYTES = 8_192
ONE_INPUT_S = 25  # the reader of plans allows itself more; a frame needs microseconds
MEMORY_MB = 2_048

Target = Callable[[bytes], None]
TARGETS: dict[str, Callable[[], Target]] = {}


def target(make: Callable[[], Target]) -> Callable[[], Target]:
    """A function that imports what it needs and gives the function of bytes."""
    TARGETS[make.__name__] = make
    return make


# --- JT/T 808 -----------------------------------------------------------------------------------------------------------


@target
def decode_line() -> Target:
    """What is read can be written again, through JSON, and is the same frame."""
    from haihe.packs.transport.jt808.codec import decode, encode
    from haihe.packs.transport.jt808.protocol import decode_line, encode_line

    def one(data: bytes) -> None:
        found = json.loads(json.dumps(decode_line(data.hex()), ensure_ascii=False, allow_nan=False))
        assert data == b"" or bytes.fromhex(encode_line(found)) == encode(decode(data)) == data
        text = data.decode("utf-8", "replace")
        assert encode_line(decode_line(text)) is not None

    return one


@target
def splitter() -> Target:
    """However bytes arrive the frames are the same, and what is kept is bounded."""
    from haihe.packs.transport.jt808.frame import FLAG, FRAME_LIMIT_BYTES
    from haihe.packs.transport.jt808.splitter import Splitter

    def one(data: bytes) -> None:
        size, data = (data[0] % 64 + 1, data[1:]) if data else (1, data)
        whole, pieces = Splitter(), Splitter()
        frames = whole.feed(data)
        assert [f for at in range(0, len(data), size) for f in pieces.feed(data[at : at + size])] == frames
        assert whole.dropped_bytes == pieces.dropped_bytes and pieces.pending_bytes <= FRAME_LIMIT_BYTES
        assert all(frame and FLAG not in frame for frame in frames)
        small = Splitter(limit_bytes=16)
        assert all(len(frame) <= 16 for frame in small.feed(data)) and small.pending_bytes <= 16

    return one


@target
def columns() -> Target:
    """The gateway's decoder of batches says what the decoder for people says."""
    from haihe.packs.transport.jt808.columns import decode_locations
    from haihe.packs.transport.tests.test_jt808_columns import assert_same

    def one(data: bytes) -> None:
        frames = [frame for frame in data.split(b"\x7e") if frame]
        assert_same(frames, decode_locations(frames))

    return one


@target
def items() -> Target:
    """The same, on locations whose additional items are the input: most of what vendors get wrong."""
    from haihe.packs.transport.jt808.codec import decode, encode
    from haihe.packs.transport.jt808.columns import decode_locations
    from haihe.packs.transport.jt808.frame import Header, build_frame
    from haihe.packs.transport.tests.test_jt808_columns import assert_same

    fixed = bytes.fromhex("00000000000000030253c2e0070115a000050258005a260302101500")

    def one(data: bytes) -> None:
        version = "2019" if data[:1] > b"\x7f" else "2013"
        frame = build_frame(Header(0x0200, 0, version, "10000000000", 1), fixed + data[1:900])
        assert encode(json.loads(json.dumps(decode(frame), ensure_ascii=False))) == frame
        bare = [frame, frame[1:-1]]
        assert_same(bare, decode_locations(bare))

    return one


# --- documents, places, sheets --------------------------------------------------------------------------------------------

DOCX_PARTS = {
    "[Content_Types].xml": b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    "_rels/.rels": b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
}
WORD = (
    b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
)


def packed(parts: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()


@target
def plan() -> Target:
    """Bytes of a document are read, or refused as UnreadableDocument. The first byte says as what: a file of some ending, the
    document.xml of a Word file, the inside of its body."""
    from haihe.kernel.errors import UnreadableDocument
    from haihe.packs.plans.reading.load import load_bytes
    from haihe.packs.plans.reading.reader import read_source

    endings = (".txt", ".md", ".html", ".pdf", ".docx", ".xlsx", "")

    def one(data: bytes) -> None:
        kind, data = (data[0] % 16, data[1:]) if data else (0, data)
        name = "plan" + endings[kind % len(endings)]
        if kind >= 12:
            name, data = (
                "plan.docx",
                packed({**DOCX_PARTS, "word/document.xml": WORD + data + b"</w:body></w:document>"}),
            )
        elif kind >= 10:
            name, data = "plan.docx", packed({**DOCX_PARTS, "word/document.xml": data})
        try:
            source = load_bytes(data, name)
        except UnreadableDocument as refused:
            assert refused.zh and refused.en and (refused.to_do_zh or refused.to_do_en)
            return
        read_source(source)

    return one


@target
def places() -> Target:
    """GeoJSON is read or refused with a sentence; what was read is valid and is read again as itself. Two numbers: coordinates come
    back from where they were converted to."""
    import struct

    from haihe.kernel.errors import InvalidInput
    from haihe.kernel.places import coordinates
    from haihe.kernel.places.geojson import as_shape, bounding_box, check_geometry, converted, features_of

    def one(data: bytes) -> None:
        if len(data) == 16:
            lon, lat = struct.unpack("<dd", data)
            if coordinates.in_china_box(lon, lat):
                there = coordinates.wgs84_to_gcj02(lon, lat)
                assert math.dist(coordinates.gcj02_to_wgs84(*there), (lon, lat)) < 1e-6
                assert math.dist(coordinates.bd09_to_wgs84(*coordinates.wgs84_to_bd09(lon, lat)), (lon, lat)) < 1e-5
            return
        try:
            content = json.loads(data)
        except (ValueError, RecursionError):
            return
        try:
            found = features_of(content)
        except InvalidInput as refused:
            assert refused.zh and refused.en and refused.where
            return
        for _, geometry in found:
            assert check_geometry(json.loads(json.dumps(geometry))) == geometry
            assert as_shape(geometry).is_valid and all(map(math.isfinite, bounding_box(geometry)))
            converted(geometry, coordinates.gcj02_to_wgs84)

    return one


def our_sheet() -> bytes:
    """A fill-in sheet with two lines, as one is sent out."""
    from openpyxl import Workbook

    from haihe.packs.plans.fill_in.shape import COLUMNS, FORMAT, HEAD_ROW, HIDDEN, SHEET

    book = Workbook()
    sheet, hidden = book.active, book.create_sheet(HIDDEN)
    sheet.title = SHEET
    for n, column in enumerate(COLUMNS, start=1):
        sheet.cell(HEAD_ROW, n, column.title)
    hidden["A1"], hidden["A2"], hidden["A3"] = json.dumps({"format": FORMAT, "unit": 1}), "1-1", "2-0"
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


@target
def sheet() -> Target:
    """A fill-in sheet is read cell by cell, or refused with a sentence. The first byte says how it comes: as a file, as one of its
    parts, as what somebody typed into its cells, as the body of an upload."""
    from django.core.files.uploadhandler import MemoryFileUploadHandler
    from django.http.multipartparser import MultiPartParser, MultiPartParserError
    from openpyxl import load_workbook

    from haihe.kernel.errors import HaiheError
    from haihe.packs.plans.fill_in.opening import open_sheet
    from haihe.packs.plans.fill_in.reading import read_rows
    from haihe.packs.plans.fill_in.shape import COLUMNS, FIRST_ROW, SHEET, WRITABLE, Line
    from haihe.packs.plans.models import Target as PlanTarget
    from haihe.packs.plans.models import Task

    class Known(Line):
        """A line that nobody changed since; the real one asks the database."""

        stamp = "stamp"

    lines: dict[str, Line] = {"1-1": Known(Task(pk=1), PlanTarget(pk=1)), "2-0": Known(Task(pk=2), None)}
    base, path = our_sheet(), Path(tempfile.mkdtemp()) / "sheet.xlsx"
    with zipfile.ZipFile(io.BytesIO(base)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = sorted(parts)
    writable = [(n, column) for n, column in enumerate(COLUMNS, start=1) if column in WRITABLE]

    def typed(data: bytes) -> bytes:
        from openpyxl.utils.exceptions import IllegalCharacterError

        book = load_workbook(io.BytesIO(base))
        for row, key in enumerate(("1-1:stamp", "2-0:stamp")):
            book[SHEET].cell(FIRST_ROW + row, 1, key)
        for place, text in enumerate(data.decode("utf-8", "replace").split("|")[: 2 * len(writable)]):
            row, column = divmod(place, len(writable))
            value: Any = text
            if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,4})?", text):
                value = float(text)
            try:
                book[SHEET].cell(FIRST_ROW + row, writable[column][0], value)
            except IllegalCharacterError:
                continue
        held = io.BytesIO()
        book.save(held)
        return held.getvalue()

    def uploaded(data: bytes) -> Iterator[bytes]:
        about = {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": len(data)}
        handler = MemoryFileUploadHandler()
        handler.activated = True
        try:
            _, files = MultiPartParser(about, io.BytesIO(data), [handler], "utf-8").parse()
        except MultiPartParserError:
            return
        for _, found in files.lists():
            yield from (file.read() for file in found)

    def one(data: bytes) -> None:
        kind, data = (data[0] % 8, data[1:]) if data else (0, data)
        if kind in (1, 2):
            held = packed({**parts, names[(data[:1] or b"\0")[0] % len(names)]: data[1:]})
            contents = [held]
        elif kind in (3, 4, 5):
            contents = [typed(data)]
        else:
            contents = [data] if kind == 0 else list(uploaded(data.replace(b"@SHEET@", base)))
        for content in contents:
            path.write_bytes(content)
            try:
                opened = open_sheet(path, "sheet.xlsx")
                reading = read_rows(opened, lines, date(2026, 3, 2))
            except HaiheError as refused:
                assert refused.zh and refused.en
                continue
            assert all(finding.cell and finding.zh and finding.en for finding in reading.findings)
            assert len(reading.ready) <= len(lines)

    return one


# --- running ------------------------------------------------------------------------------------------------------------


def seeds_of(name: str) -> Iterator[bytes]:
    """Frames that are there already, in the shape that a target takes; the committed corpus is read by libFuzzer itself."""
    if name not in ("decode_line", "splitter", "columns"):
        return
    from haihe.packs.transport.tests.published import everything

    frames = everything()
    if SHARED_FRAMES.exists():
        rows = json.loads(SHARED_FRAMES.read_text(encoding="utf-8"))["frames"]
        frames += [bytes.fromhex(row["hex"]) for row in rows if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", row["hex"])]
    flagged = [b"\x7e" + frame.strip(b"\x7e") + b"\x7e" for frame in frames]
    yield from (b"\x07" + frame for frame in flagged) if name == "splitter" else flagged


def run_one(name: str, seconds: float, work: Path) -> None:
    """In a process of its own: libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["haihe"], enable_loader_override=False):
        from haihe.runtime import set_up_django

        if name in ("sheet", "columns", "items", "places"):
            set_up_django()
        one = TARGETS[name]()
    corpus, seeds = work / name, work / f"{name}.seeds"
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds_of(name)):
        (seeds / f"{number:04d}").write_bytes(data)
    arguments = [
        sys.argv[0], f"-max_total_time={max(1, round(seconds))}", f"-max_len={LONGEST_BYTES}", f"-timeout={ONE_INPUT_S}", f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={work}/{name}.", "-print_final_stats=1", "-verbosity=1", "-close_fd_mask=0", str(corpus), str(CORPUS / name), str(seeds),
    ]  # fmt: skip
    atheris.Setup(arguments, one)
    atheris.Fuzz()


def told(name: str, output: str, crashes: list[Path]) -> str:
    """One line a target: executions, a second; coverage and inputs kept, at the start and at the end."""
    seen = re.findall(
        r"^#(\d+)\s+(?:INITED|NEW|REDUCE|pulse|DONE|RELOAD)\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+", output, re.M
    )
    started = re.search(r"^#\d+\s+INITED\s+cov: (\d+) ft: (\d+) corp: (\d+)/", output, re.M)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", output)
    rate = re.search(r"stat::average_exec_per_sec:\s*(\d+)", output)
    rss = re.search(r"stat::peak_rss_mb:\s*(\d+)", output)
    first = started.groups() if started else ("?", "?", "?")
    last = seen[-1][1:] if seen else ("?", "?", "?")
    count = runs[1] if runs else seen[-1][0] if seen else "?"
    return (
        f"{name:<12} {count:>9} executions  {rate[1] if rate else '?':>6}/s  edges {first[0]:>5} → {last[0]:>5}  features {first[1]:>5} → {last[1]:>5}  "
        f"corpus {first[2]:>4} → {last[2]:>4}  {rss[1] if rss else '?':>5} MB  crashes {len(crashes)}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help=f"{', '.join(TARGETS)}; default: all")
    parser.add_argument("--minutes", type=float, default=10, help="for all targets together")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "fuzz", help="folder for what is found")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    names = chosen.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no target is named {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    seconds = chosen.minutes * 60 / len(names)
    if chosen.one:
        run_one(names[0], seconds, chosen.work)
        return 0
    chosen.work.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names:
        before = set(chosen.work.glob(f"{name}.*-*"))
        command = [
            sys.executable,
            __file__,
            name,
            "--one",
            "--minutes",
            str(seconds / 60),
            "--work",
            str(chosen.work.resolve()),
        ]
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "HAIHE_HOME": home}
            done = subprocess.run(command, env=environment, capture_output=True, check=False)
        output = (done.stdout + done.stderr).decode("utf-8", "replace")
        crashes = sorted(set(chosen.work.glob(f"{name}.*-*")) - before)
        print(told(name, output, crashes), flush=True)
        if crashes or done.returncode:
            failed += 1
            print("\n".join(output.splitlines()[-40:]), *(f"input: {path}" for path in crashes), sep="\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
