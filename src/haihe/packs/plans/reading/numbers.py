"""Numbers and quantities as plans write them: 3万架, 1000亿元, 3至5个, 80余万份, 近30%, 翻一番, 四大平台."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000}
_SCALES = {
    "万": 10**4,
    "亿": 10**8,
    "百": 100,
    "千": 1000,
    "十": 10,
    "百万": 10**6,
    "千万": 10**7,
    "万亿": 10**12,
    "": 1,
}

_ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_CHINESE = r"[零〇一二两三四五六七八九十百千]+"
_MONEY = "元|美元|人民币|港元|欧元"
# Signs and abbreviations, as patterns: what follows decides where they end.
_SIGNS = r"%|‰|[EPTG](?:FLOPS|flops|Flops|FLOPs)|[EP](?![A-Za-z])|[MGTPE]bps|[KMGTPEZ]B(?![A-Za-z])|[GT]OPS|[MG]Hz|TEU|℃|[kMG]Wh?(?![A-Za-z])|M(?![A-Za-z])|Tokens?"
# Words that measure; a number with one of them may be a threshold (…以上的企业) rather than a count.
_MEASURE_WORDS = [
    "个百分点",
    "微克/立方米",
    "毫克/升",
    "微克",
    "毫克",
    "克",
    "斤",
    "升",
    "分贝",
    "毫米",
    "厘米",
    "微米",
    "纳米",
    "千伏安",
    "伏",
    "人年",
    "皮长公里",
    "千瓦时",
    "千瓦",
    "兆瓦时",
    "兆瓦",
    "吉瓦",
    "吨标准煤",
    "吨",
    "公斤",
    "千克",
    "立方米/秒",
    "立方米",
    "平方公里",
    "平方千米",
    "平方米",
    "公里",
    "千米",
    "海里",
    "米",
    "公顷",
    "亩",
    "标箱",
    "倍",
    "分",
    "小时",
    "分钟",
    "毫秒",
    "秒",
    "个工作日",
    "工作日",
    "天",
    "个月",
    "兆",
    "词元",
    "级",
]
_COUNT_WORDS = [
    "台（套）",
    "套（台）",
    "台套",
    "人次",
    "人（次）",
    "家（次）",
    "家次",
    "架次",
    "场次",
    "项次",
    "户次",
    "件次",
    "个次",
    "车次",
    "班次",
    "艘次",
    "例次",
    "批次",
    "床位",
    "张床位",
    "节点",
    "机架",
    "席",
    "个",
    "家",
    "项",
    "人(?!工智能)",
    "名",
    "位",
    "套",
    "台",
    "架",
    "座",
    "处",
    "条",
    "件",
    "份",
    "种",
    "类",
    "篇",
    "部",
    "本",
    "门",
    "所",
    "间",
    "栋",
    "幢",
    "户",
    "辆",
    "艘",
    "场",
    "次",
    "期",
    "批",
    "支",
    "片",
    "块",
    "对",
    "组",
    "册",
    "款",
    "例",
    "只",
    "头",
    "株",
    "宗",
    "张",
    "幅",
    "班",
    "起",
    "页",
    "标准机架",
    "门类",
    "字",
    "盏",
    "根",
    "口",
    "颗",
    "枚",
    "层",
    "大",
    "站",
    "村",
    "镇",
    "岁",
    "轮",
    "笔",
    "单",
    "届",
    "堂",
    "课时",
    "学时",
    "点位",
    "棵",
    "羽",
    "尾",
    "眼",
    "桶",
    "箱",
    "卷",
    "集",
    "泊位",
    "学位",
    "床",
    "路",
    "年",
]


def _any_of(words: list[str]) -> str:
    """The words as alternatives, longest first, so that 分钟 is not read as 分."""
    return "|".join(sorted(words, key=len, reverse=True))


_MEASURES = f"{_SIGNS}|{_any_of(_MEASURE_WORDS)}"
_COUNTS = _any_of(_COUNT_WORDS)
UNITS = f"{_SIGNS}|{_MONEY}|{_any_of([*_MEASURE_WORDS, *_COUNT_WORDS])}"
MEASURE = re.compile(rf"(?:{_MONEY}|{_MEASURES})\Z")
_RANGE = r"\s*(?:至|到|—{1,2}|~|-)\s*"
_SCALE = r"(?:万亿|百万|千万|[十百千]?[万亿])"

QUANTITY = re.compile(
    rf"(?P<before>不少于|不低于|不小于|不超过|不高于|不大于|不多于|至少|超过|突破|低于|少于|小于|高于|大于|逾|近|约|>=|<=|≥|≤|>|<|=|达到|超)?\s*(?:到|至)?\s*"
    rf"(?P<low>{_ARABIC})\s?(?P<low_more>余|多)?(?P<low_scale>{_SCALE})?(?P<low_more2>余|多)?(?:\s?(?P<low_unit>{UNITS}))?"
    rf"(?:{_RANGE}(?P<high>{_ARABIC})\s?(?P<high_scale>{_SCALE})?)?"
    rf"(?P<more>余|多)?\s?(?P<unit>{UNITS})?(?P<per>/[\u4e00-\u9fff]+)?(?P<after>（含）|以上|及以上|以下|以内|之内|左右|上下|余|多)?"
)
CHINESE_QUANTITY = re.compile(
    rf"(?P<low>{_CHINESE})(?:至(?P<high>{_CHINESE}))?(?P<scale>万亿|[万亿])?(?P<more>余|多)?(?P<unit>{_COUNTS}|大|成|千瓦时|倍|元|亩|公里)(?P<after>以上|以下|以内|左右)?"
)
DOUBLED = re.compile(r"翻(?P<times>[一两二三]?)番(?P<after>以上)?|(?<![“《])倍增(?=[，。；、）]|\Z)")

Comparator = Literal["=", ">", ">=", "<", "<=", "~", "range"]
_BEFORE: dict[str, Comparator] = {
    "不少于": ">=", "不低于": ">=", "不小于": ">=", "至少": ">=", ">=": ">=", "≥": ">=", "不超过": "<=", "不高于": "<=", "不大于": "<=", "不多于": "<=",
    "<=": "<=", "≤": "<=", "超过": ">", "突破": ">", "逾": ">", "超": ">", ">": ">", "高于": ">", "大于": ">", "低于": "<", "少于": "<", "小于": "<",
    "<": "<", "近": "<", "约": "~",
}  # fmt: skip
_AFTER: dict[str, Comparator] = {
    "以上": ">=", "及以上": ">=", "以下": "<=", "以内": "<=", "之内": "<=", "左右": "~", "上下": "~", "余": ">", "多": ">",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and comparator at (start, end) of the normalised line. `unit` keeps 万 and 亿 of money."""

    start: int
    end: int
    value: float
    value_max: float | None
    unit: str
    comparator: Comparator
    after: str
    measured: bool


_ONE_SPELLING = {"千米": "公里", "平方千米": "平方公里", "公斤": "千克"}


def normal_unit(unit: str) -> str | None:
    """One spelling for a unit that documents write in several ways: EFlops → EFLOPS, 平方千米 → 平方公里; None for none."""
    return _ONE_SPELLING.get(unit, re.sub(r"(?i)flops", "FLOPS", unit)) or None


def chinese_number(text: str) -> int | None:
    """十二 → 12, 两百零五 → 205; digit by digit where there are no powers (二〇二五 → 2025); None for nonsense."""
    if not text:
        return None
    if not any(c in _POWERS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit = 0, 0
    for c in text:
        if c in _POWERS:
            total += (digit or 1) * _POWERS[c]
            digit = 0
        else:
            digit = _DIGITS[c]
    return total + digit


def _plain(text: str) -> float:
    return float(text.replace(",", ""))


def _scaled(number: float, scale: str, unit: str) -> tuple[float, str]:
    """万 and 亿 of money stay in the unit; before any other unit they are multiplied out."""
    if unit.endswith("元") and scale:
        keep = "亿" if "亿" in scale else "万" if "万" in scale else ""
        factor = _SCALES[scale] / _SCALES[keep]
        return _tidy(number * factor), keep + unit
    return _tidy(number * _SCALES.get(scale, 1)), unit


def _tidy(number: float) -> float:
    return float(round(number, 6))


def quantities(text: str) -> list[Quantity]:
    """All quantities with Arabic digits in a normalised text, left to right."""
    found = []
    position = 0
    while (match := QUANTITY.search(text, position)) is not None:
        position = max(match.end(), match.start() + 1)
        quantity = _from_match(match)
        if quantity is not None:
            found.append(quantity)
    return found


def _from_match(match: re.Match[str]) -> Quantity | None:
    unit = (match["unit"] or "").replace("台（套）", "台").replace("套（台）", "套")
    low_unit = (match["low_unit"] or "").replace("台（套）", "台").replace("套（台）", "套")
    if match["high"] is None:
        unit = unit or low_unit
        if low_unit and match["unit"] and not match["more"]:
            unit = low_unit  # 30个 + 级 …: the first unit is the number's own
    low_scale = match["low_scale"] or ("" if match["high"] is None else match["high_scale"] or "")
    value, written_unit = _scaled(_plain(match["low"]), low_scale, unit)
    value_max = None
    if match["high"] is not None:
        value_max, written_unit = _scaled(_plain(match["high"]), match["high_scale"] or low_scale, unit)
        if value_max <= value:
            return None
    return Quantity(
        match.start(), match.end(), value, value_max, written_unit + (match["per"] or ""), _comparator(match, value_max), match["after"] or "",
        bool(unit) and MEASURE.match(unit) is not None,
    )  # fmt: skip


def _comparator(match: re.Match[str], value_max: float | None) -> Comparator:
    if value_max is not None:
        return "range"
    if match["low_more"] or match["low_more2"] or match["more"]:
        return ">"
    if match["after"] in _AFTER:
        return _AFTER[match["after"]]
    return _BEFORE.get(match["before"] or "", "=")


def chinese_quantities(text: str) -> list[Quantity]:
    """Quantities in Chinese numerals (四大平台, 六成, 六亿千瓦时); whether they count anything is for targets.py to say."""
    found = []
    for match in CHINESE_QUANTITY.finditer(text):
        low = chinese_number(match["low"])
        high = chinese_number(match["high"]) if match["high"] else None
        if low is None:
            continue
        unit = match["unit"]
        if unit == "成":
            found.append(
                Quantity(
                    match.start(),
                    match.end(),
                    low * 10.0,
                    None,
                    "%",
                    _AFTER.get(match["after"] or "", "="),
                    match["after"] or "",
                    True,
                )
            )
            continue
        value, written = _scaled(low, match["scale"] or "", unit)
        value_max = _scaled(high, match["scale"] or "", unit)[0] if high else None
        comparator: Comparator = "range" if high else ">" if match["more"] else _AFTER.get(match["after"] or "", "=")
        found.append(
            Quantity(
                match.start(),
                match.end(),
                value,
                value_max,
                written,
                comparator,
                match["after"] or "",
                unit in ("千瓦时", "倍", "元", "亩", "公里"),
            )
        )
    return found


def doublings(text: str) -> list[Quantity]:
    """翻一番 → 2 倍, 翻两番 → 4 倍, 倍增 → 2 倍."""
    found = []
    for match in DOUBLED.finditer(text):
        times = {"": 1, "一": 1, "两": 2, "二": 2, "三": 3}[match["times"] or ""]
        found.append(
            Quantity(match.start(), match.end(), float(2**times), None, "倍", ">=" if match["after"] else "=", "", True)
        )
    return found
