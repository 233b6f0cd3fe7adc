"""The numbers that Word computes and does not store: 一、 （一） 1. before a paragraph with w:numPr.

ISO/IEC 29500-1 §17.9. Counters belong to the abstract list; a level restarts when a higher one advances; a w:num with
a start override restarts once, when it is first used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

_DIGITS = "〇一二三四五六七八九"
_LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_COUNTING = {
    "chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand",
}  # fmt: skip
_DIGIT_BY_DIGIT = {"ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"}
_LEGAL = {"chineseLegalSimplified", "ideographLegalTraditional", "japaneseLegal"}
_ENCLOSED = {  # format: (character for 1, how many there are)
    "decimalEnclosedCircle": (0x2460, 20),
    "decimalEnclosedCircleChinese": (0x2460, 20),
    "decimalEnclosedParen": (0x2474, 20),
    "decimalEnclosedFullstop": (0x2488, 20),
    "ideographEnclosedCircle": (0x3280, 10),
}
_MAX_LEVEL = 8
_MAX_LABEL_CHARS = 50  # written before every paragraph of the list
_MAX_STYLE_DEPTH = 20
_MAX_NUMBER = 100_000  # beyond it a number is damage, not a list; also bounds the length of a Roman numeral
_STICKS = re.compile(r"(?:\A|[、，。．）)】》：:—①-㋿-])\Z")  # after these a label needs no space before the text


def _attribute(element: etree._Element | None, name: str = "val") -> str | None:
    """An attribute of the WordprocessingML namespace, transitional or strict."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return None


def _number(element: etree._Element | None, default: int) -> int:
    try:
        return int(_attribute(element) or default)
    except ValueError:
        return default


def counting(number: int) -> str:
    """十 十一 二十 一百零五: as Chinese counts."""
    if number <= 0 or number > 9999:
        return str(number)
    written, zero_due = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if digit:
            written += ("零" if zero_due else "") + _DIGITS[digit] + unit
            zero_due = False
        else:
            zero_due = bool(written) and number > 0
    return written.removeprefix("一") if written.startswith("一十") else written


def _legal(number: int) -> str:
    table = str.maketrans(_DIGITS + "十百千", _LEGAL_DIGITS + "拾佰仟")
    written = counting(number)
    return ("一" + written if written.startswith("十") else written).translate(table)


def _roman(number: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        written += letters * times
    return written


def _letters(number: int) -> str:
    """a … z, aa, bb: Word repeats the letter."""
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def formatted(number: int, number_format: str) -> str | None:
    """`number` in a w:numFmt, or None where the format is not known here."""
    if not 0 < number <= _MAX_NUMBER:
        return str(number)
    if number_format in _ENCLOSED:
        first, count = _ENCLOSED[number_format]
        return chr(first + number - 1) if number <= count else str(number)
    if number_format in _COUNTING:
        return counting(number)
    if number_format in _DIGIT_BY_DIGIT:
        return "十" if number == 10 else "".join(_DIGITS[int(digit)] for digit in str(number))
    if number_format in _LEGAL:
        return _legal(number)
    return _formatted_plainly(number, number_format)


def _formatted_plainly(number: int, number_format: str) -> str | None:
    match number_format:
        case "decimal" | "decimalHalfWidth":
            return str(number)
        case "decimalZero":
            return f"{number:02d}"
        case "decimalFullWidth" | "decimalFullWidth2":
            return str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        case "numberInDash":
            return f"- {number} -"
        case "upperLetter":
            return _letters(number).upper()
        case "lowerLetter":
            return _letters(number)
        case "upperRoman":
            return _roman(number).upper()
        case "lowerRoman":
            return _roman(number)
        case "ideographTraditional":
            return _STEMS[(number - 1) % len(_STEMS)]
        case "ideographZodiac":
            return _BRANCHES[(number - 1) % len(_BRANCHES)]
        case "bullet" | "none":
            return ""
    return None


@dataclass(slots=True)
class _Level:
    start: int = 1
    number_format: str = "decimal"
    text: str = ""
    sticks: bool = False
    legal: bool = False
    restart_after: int | None = None  # restarts when this level (0-based) or a higher one advances
    style: str | None = None

    @classmethod
    def of(cls, element: etree._Element, index: int) -> _Level:
        restart = element.find("{*}lvlRestart")
        return cls(
            start=_number(element.find("{*}start"), 1),
            number_format=_attribute(element.find("{*}numFmt")) or "decimal",
            text=(_attribute(element.find("{*}lvlText")) or "")[:_MAX_LABEL_CHARS],
            sticks=_attribute(element.find("{*}suff")) == "nothing",
            legal=element.find("{*}isLgl") is not None,
            restart_after=index - 1 if restart is None else _number(restart, 0) - 1,
            style=_attribute(element.find("{*}pStyle")),
        )


@dataclass(slots=True)
class _List:
    """A w:num: its abstract list, its own levels, and where it restarts."""

    abstract: str
    levels: dict[int, _Level]
    restarts: dict[int, int]
    used: set[int] = field(default_factory=set)


class Numbering:
    """Gives each paragraph its label, in document order. `unknown_formats` lists formats written as plain decimals."""

    def __init__(self, numbering: etree._Element | None, styles: etree._Element | None) -> None:
        self.unknown_formats: set[str] = set()
        self._counters: dict[str, dict[int, int]] = {}
        known = () if styles is None else styles.iterchildren("{*}style")
        self._styles = {_attribute(style, "styleId") or "": style for style in known}
        self._lists = self._read_lists(numbering) if numbering is not None else {}

    def label(self, paragraph: etree._Element) -> str:
        """The label of the next paragraph with what stands between it and the text; "" where it has none."""
        place = self._place(paragraph)
        if place is None:
            return ""
        number_list, level = place
        counters = self._advance(number_list, level)
        definition = number_list.levels.get(level)
        if definition is None or definition.number_format == "bullet":
            return ""

        def count(found: re.Match[str]) -> str:
            return self._count(number_list, counters, int(found[1]) - 1, definition.legal)

        written = re.sub(r"%([1-9])", count, definition.text)
        return written if definition.sticks or _STICKS.search(written) else f"{written} "

    def _count(self, number_list: _List, counters: dict[int, int], level: int, legal: bool) -> str:
        definition = number_list.levels.get(level, _Level())
        number = counters.get(level, definition.start)
        written = formatted(number, "decimal" if legal else definition.number_format)
        if written is None:
            self.unknown_formats.add(definition.number_format)
            return str(number)
        return written

    def _advance(self, number_list: _List, level: int) -> dict[int, int]:
        counters = self._counters.setdefault(number_list.abstract, {})
        start = number_list.levels.get(level, _Level()).start
        if level in number_list.restarts and level not in number_list.used:
            counters[level] = number_list.restarts[level]
        else:
            counters[level] = counters[level] + 1 if level in counters else start
        number_list.used.add(level)
        for lower in [lower for lower in counters if lower > level]:
            after = number_list.levels.get(lower, _Level(restart_after=lower - 1)).restart_after
            if after is not None and level <= after:
                del counters[lower]
        return counters

    def _place(self, paragraph: etree._Element) -> tuple[_List, int] | None:
        """Which list and level a paragraph is in: its own w:numPr, or that of its style or the styles below that."""
        own = paragraph.find("{*}pPr/{*}numPr")
        if own is not None and own.find("{*}numId") is not None:
            number_list = self._lists.get(_attribute(own.find("{*}numId")) or "")
            return (number_list, self._bounded(own)) if number_list else None
        for style_id, style in self._with_bases(_attribute(paragraph.find("{*}pPr/{*}pStyle"))):
            properties = style.find("{*}pPr/{*}numPr")
            if properties is None:
                continue
            number_list = self._lists.get(_attribute(properties.find("{*}numId")) or "")
            if number_list is None:
                return None
            linked = next((level for level, known in number_list.levels.items() if known.style == style_id), None)
            if own is not None and own.find("{*}ilvl") is not None:
                linked = self._bounded(own)
            return number_list, self._bounded(properties) if linked is None else linked
        return None

    @staticmethod
    def _bounded(properties: etree._Element) -> int:
        return min(max(_number(properties.find("{*}ilvl"), 0), 0), _MAX_LEVEL)

    def _with_bases(self, style_id: str | None) -> list[tuple[str, etree._Element]]:
        chain: list[tuple[str, etree._Element]] = []
        while style_id and style_id in self._styles and len(chain) < _MAX_STYLE_DEPTH:
            chain.append((style_id, self._styles[style_id]))
            style_id = _attribute(self._styles[style_id].find("{*}basedOn"))
        return chain

    def style_name(self, paragraph: etree._Element) -> str:
        style = self._styles.get(_attribute(paragraph.find("{*}pPr/{*}pStyle")) or "")
        return (_attribute(style.find("{*}name")) or "") if style is not None else ""

    def _read_lists(self, numbering: etree._Element) -> dict[str, _List]:
        numbers = list(numbering.iterchildren("{*}num"))
        abstracts = {_attribute(item, "abstractNumId") or "": item for item in numbering.iterchildren("{*}abstractNum")}
        abstract_of = {
            _attribute(item, "numId") or "": _attribute(item.find("{*}abstractNumId")) or "" for item in numbers
        }
        lists = {}
        for item in numbers:
            number_id = _attribute(item, "numId") or ""
            abstract_id = self._follow_style_link(abstract_of[number_id], abstracts, abstract_of)
            if number_id != "0" and abstract_id in abstracts:
                lists[number_id] = _read_list(item, abstract_id, abstracts[abstract_id])
        return lists

    def _follow_style_link(
        self, abstract_id: str, abstracts: dict[str, etree._Element], abstract_of: dict[str, str]
    ) -> str:
        """A list may be defined by a list style, whose own w:num holds the levels."""
        link = abstracts[abstract_id].find("{*}numStyleLink") if abstract_id in abstracts else None
        style = self._styles.get(_attribute(link) or "")
        if style is None:
            return abstract_id
        return abstract_of.get(_attribute(style.find("{*}pPr/{*}numPr/{*}numId")) or "", abstract_id)


def _read_list(number: etree._Element, abstract_id: str, abstract: etree._Element) -> _List:
    levels = _read_levels(abstract)
    restarts = {}
    for override in number.iterchildren("{*}lvlOverride"):
        index = _level_index(override)
        levels.update(_read_levels(override))
        start = override.find("{*}startOverride")
        if start is not None:
            restarts[index] = _number(start, 0)
    return _List(abstract_id, levels, restarts)


def _read_levels(parent: etree._Element) -> dict[int, _Level]:
    return {
        _level_index(element): _Level.of(element, _level_index(element)) for element in parent.iterchildren("{*}lvl")
    }


def _level_index(element: etree._Element) -> int:
    try:
        return int(_attribute(element, "ilvl") or 0)
    except ValueError:
        return 0
