"""Opening a workbook that somebody sent: what it is is looked at in the archive before anything in it is read as a sheet."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.errors import InvalidInput, TooLarge
from haihe.packs.plans.fill_in.shape import FIRST_ROW, FORMAT, HIDDEN, MOST_ROWS, SHEET

LARGEST_FILE_BYTES = 5_000_000
LARGEST_UNPACKED_BYTES = 30_000_000
MOST_PARTS = 200
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
REFUSED_PARTS = (
    ("vbaproject.bin", "含有宏", "holds macros"), ("xl/externallinks/", "含有外部链接", "links to other files"), ("xl/connections.xml", "含有数据连接", "holds data connections"),
    ("xl/activex/", "含有控件", "holds controls"), ("xl/embeddings/", "含有嵌入对象", "holds embedded objects"), ("xl/macrosheets/", "含有宏表", "holds macro sheets"),
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    book: Workbook
    sheet: Worksheet
    unit: int
    keys: tuple[str, ...]  # of the rows that went out


def open_sheet(path: Path, name: str) -> Opened:
    """The workbook as one of our sheets; InvalidInput or TooLarge says what is wrong with it as a whole."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise TooLarge("填报表大于 5 MB。", "The fill-in sheet is larger than 5 MB.", where=name,
                       to_do_zh="请删去图片等无关内容，佐证材料另行上传。", to_do_en="Take out pictures; evidence is uploaded beside it.")  # fmt: skip
    content = path.read_bytes()
    _look_inside(content, name)
    try:
        book = load_workbook(io.BytesIO(content), data_only=False, keep_links=False, keep_vba=False)
    except Exception as error:  # a damaged workbook fails in openpyxl in many ways
        raise _unusable(
            "填报表打不开，可能已损坏。", f"The sheet cannot be opened ({type(error).__name__}).", name
        ) from error
    return _as_ours(book, name)


def _look_inside(content: bytes, name: str) -> None:
    if content.startswith(OLD_EXCEL):
        raise _unusable("这是旧格式（.xls）或加密的工作簿。", "This is an old .xls or an encrypted workbook.", name)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError) as error:
        raise _unusable("这不是 Excel 工作簿。", "This is not an Excel workbook.", name) from error
    # What an entry says about its size bounds what is read of it, so that it can be asked before unpacking.
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED_BYTES:
        raise TooLarge("工作簿解压后过大，没有打开。", "The workbook would unpack to too much; it was not opened.", where=name,
                       to_do_zh="请重新下载填报表填写。", to_do_en="Take a fresh sheet and fill that in.")  # fmt: skip
    _refuse_parts(archive, [part.filename for part in parts], name)


def _refuse_parts(archive: zipfile.ZipFile, names: list[str], name: str) -> None:
    for inside in names:
        for part, zh, en in REFUSED_PARTS:
            if part in inside.lower():
                raise _unusable(f"工作簿{zh}，不接收。", f"The workbook {en} and is not accepted.", name)
        if inside.endswith((".xml", ".rels")) and b"<!DOCTYPE" in _start_of(archive, inside, name):
            raise _unusable("工作簿含有不允许的声明。", "The workbook holds a declaration that is not allowed.", name)
    if b"macroEnabled" in (_start_of(archive, "[Content_Types].xml", name) if "[Content_Types].xml" in names else b""):
        raise _unusable("这是启用宏的工作簿（.xlsm）。", "This is a workbook with macros (.xlsm).", name)


def _start_of(archive: zipfile.ZipFile, inside: str, name: str) -> bytes:
    try:
        with archive.open(inside) as file:
            return file.read(1 << 16)
    except (zipfile.BadZipFile, RuntimeError, OSError, NotImplementedError, ValueError, EOFError) as error:
        raise _unusable("填报表已损坏或加密。", "The sheet is damaged or encrypted.", name) from error
    except Exception as error:  # zlib.error and others of the compressors
        raise _unusable("填报表已损坏。", "The sheet is damaged.", name) from error


def _unusable(zh: str, en: str, name: str) -> InvalidInput:
    return InvalidInput(zh, en, where=name, to_do_zh="请下载填报表，用 Excel 或 WPS 填写后存为 .xlsx 上传。", to_do_en="Take a fill-in sheet, fill it in and save it as .xlsx.")  # fmt: skip


def _as_ours(book: Workbook, name: str) -> Opened:
    if SHEET not in book.sheetnames or HIDDEN not in book.sheetnames:
        raise _unusable("这不是从系统下载的填报表。", "This is not a sheet that was taken from here.", name)
    sheet, hidden = book[SHEET], book[HIDDEN]
    try:
        facts = json.loads(str(hidden["A1"].value))
        unit = int(facts["unit"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable("填报表的内部标记已被改动。", "The sheet's own marks were changed.", name) from error
    if facts.get("format") != FORMAT or not 0 < unit < 2**63:
        raise _unusable("填报表的格式不是当前版本。", "The sheet is of another version.", name)
    if not isinstance(sheet, Worksheet) or sheet.max_row > FIRST_ROW + MOST_ROWS or sheet.max_column > 200:
        raise TooLarge("填报表的行列过多。", "The sheet has too many rows or columns.", where=name)
    keys = [
        str(row[0]) for row in hidden.iter_rows(min_row=2, max_col=1, max_row=MOST_ROWS + 2, values_only=True) if row[0]
    ]
    return Opened(book, sheet, unit, tuple(keys))
