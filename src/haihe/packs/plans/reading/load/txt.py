"""Plain text: UTF-8, UTF-16, UTF-32 and GB18030 (which includes GBK and GB 2312), decoded strictly.

Line n of the result is line n of the file as `sed -n np` prints it, because every clause is cited by that number.
"""

from __future__ import annotations

import codecs
import re

from haihe.packs.plans.reading.load.errors import GIVE_DOCUMENT, SAVE_AS_UTF8, UnreadableDocument
from haihe.packs.plans.reading.model import Issue

# UTF-32 stands before UTF-16: the mark of UTF-32-LE begins with that of UTF-16-LE.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_CHARS = 100_000
_LEAST_USUAL_SHARE = 0.85  # of the non-ASCII characters; Chinese plans reach 0.99, Big5 read as GBK stays under 0.7
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_CONTROLS_MAKE_BINARY = 0.001
_LOST = re.compile("\ufffd|锟斤拷")  # what an earlier, lossy conversion leaves behind

Result = tuple[tuple[str, ...], list[Issue]]


def load(data: bytes, name: str) -> Result:
    """The lines of a text file and what was odd about them."""
    text, issues = decode(data, name)
    lines, line_issues = split_lines(text)
    return lines, issues + line_issues


def split_lines(text: str) -> Result:
    r"""Lines end at \n only (a \r before it is dropped); \x0b, \x0c and U+2028 are characters like any other."""
    issues: list[Issue] = []
    if "\n" not in text and "\r" in text.rstrip("\r"):
        issues.append(Issue(1, "换行符为旧式 CR，行号按 CR 计。Lines end with the old CR; line numbers count those."))
        text = text.replace("\r", "\n")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()  # the end of the last line, not a line of its own
    return tuple(line.rstrip("\r") for line in lines), issues


def decode(data: bytes, name: str) -> tuple[str, list[Issue]]:
    """The text of `data` without its byte order mark; UnreadableDocument names the line where the encoding breaks."""
    text, issues = _decode(data, name)
    _refuse_binary(text, name)
    return text, issues + _oddities(text)


def _decode(data: bytes, name: str) -> tuple[str, list[Issue]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], encoding, name)
    if b"\0" in data:
        return _without_mark(data, name)
    try:
        return _strictly(data, "utf-8", name)
    except UnreadableDocument:
        _refuse_mixture(data, name)
        text, issues = _strictly(data, "gb18030", name)
        if not looks_chinese(text):
            raise _unknown(name) from None
        return text, issues


def _strictly(data: bytes, encoding: str, name: str) -> tuple[str, list[Issue]]:
    """Decode without guessing; only a character cut off by the end of the file is forgiven, with an issue."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableDocument(
            f"第 {line} 行有无法按 {encoding.upper()} 解读的字节。",
            f"Line {line} holds bytes that are not {encoding.upper()}.",
            where=f"{name}:{line}",
            **SAVE_AS_UTF8,
        ) from error
    if not decoder.getstate()[0]:
        return text, []
    cut = "文件在一个字的中间结束，可能不完整。The file ends in the middle of a character; it may be incomplete."
    return text, [Issue(text.count("\n") + 1, cut)]


def _without_mark(data: bytes, name: str) -> tuple[str, list[Issue]]:
    """A file with NUL bytes is binary, or UTF-16 without its mark: that reads as Chinese, binary data does not."""
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text, issues = _strictly(data, encoding, name)
        except UnreadableDocument:
            continue
        if "\0" not in text and sum(char >= "\u4e00" for char in text[:_SAMPLE_CHARS]) >= 4 and looks_chinese(text):
            missing = f"缺少字节序标记，按 {encoding.upper()} 读取。No byte order mark; read as {encoding.upper()}."
            return text, [Issue(1, missing), *issues]
    raise _binary(name)


def _refuse_mixture(data: bytes, name: str) -> None:
    """GB18030 accepts most UTF-8 bytes and makes nonsense of them, so a file of both must be caught line by line.

    Three characters of three bytes each that are valid UTF-8 do not occur by chance in GB 2312 text, whose usual lead
    bytes (B0 to D7) never begin such a sequence.
    """
    utf8_line = other_line = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.isascii():
            continue
        try:
            wide = sum(char >= "\u0800" for char in line.decode("utf-8"))
        except UnicodeDecodeError:
            other_line = other_line or number
        else:
            utf8_line = utf8_line or (number if wide >= 3 else 0)
        if utf8_line and other_line:
            raise UnreadableDocument(
                f"文件混用了编码：第 {utf8_line} 行是 UTF-8，第 {other_line} 行不是。",
                f"The file mixes encodings: line {utf8_line} is UTF-8, line {other_line} is not.",
                where=f"{name}:{other_line}",
                **SAVE_AS_UTF8,
            )


def looks_chinese(text: str) -> bool:
    """Whether the non-ASCII characters are mostly those of GB 2312: punctuation and the 6,763 usual characters."""
    sample = text[:_SAMPLE_CHARS]
    wide = [char for char in sample if char > "\x7f"]
    if not wide:
        return True
    usual = len("".join(wide).encode("gb2312", "ignore")) / 2
    return usual / len(wide) >= _LEAST_USUAL_SHARE


def _refuse_binary(text: str, name: str) -> None:
    controls = sum(1 for _ in _CONTROL.finditer(text))
    if "\0" in text or controls > max(3, len(text) * _CONTROLS_MAKE_BINARY):
        raise _binary(name)


def _oddities(text: str) -> list[Issue]:
    issues = []
    if control := _CONTROL.search(text):
        message = "含有控制字符，已保留。Holds a control character, which was kept."
        issues.append(Issue(_line_of(text, control.start()), message))
    if lost := _LOST.search(text):
        message = "有字在先前的转换中丢失（� 或 锟斤拷）。Characters were lost in an earlier conversion."
        issues.append(Issue(_line_of(text, lost.start()), message))
    return issues


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _unknown(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        "无法识别文字编码：不是 UTF-8、UTF-16 或 GB18030。",
        "The character encoding is unknown: neither UTF-8, UTF-16 nor GB18030.",
        where=name,
        **SAVE_AS_UTF8,
    )


def _binary(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        "这不是文字文件，内容是二进制数据。",
        "This is not a text file; it holds binary data.",
        where=name,
        **GIVE_DOCUMENT,
    )
