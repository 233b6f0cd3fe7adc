"""Whether two units of measure count the same: pure functions of what is written."""

from __future__ import annotations

from dataclasses import dataclass

# Measure words that count things one by one: which of them stands after a number is a habit of the noun.
COUNTERS = frozenset(
    [
        "个",
        "家",
        "项",
        "处",
        "座",
        "台",
        "套",
        "架",
        "种",
        "件",
        "款",
        "条",
        "站",
        "户",
        "所",
        "组",
        "辆",
        "艘",
        "架次",
        "起",
        "例",
        "份",
        "门",
        "支",
        "名",
        "人",
        "位",
    ]
)
_PERSONS = frozenset(["名", "人", "位"])
_SAME = {"％": "%", "百分比": "%", "km²": "平方公里", "㎡": "平方米", "度": "千瓦时", "kwh": "千瓦时"}


@dataclass(frozen=True)
class Fit:
    """`penalty`: points of likeness to take off; `sentence`: how the two go together, Chinese and English."""

    penalty: int
    sentence: tuple[str, str]


def _plain(unit: str) -> str:
    written = unit.strip().lower().replace(" ", "")
    return _SAME.get(written, written)


def compare_units(wanted: str, offered: str) -> Fit | None:
    """How two units go together; None where they do not: 万个 is not 个, and a share is not a number of things."""
    a, b = _plain(wanted), _plain(offered)
    if a == b:
        written = wanted.strip() or "无"
        return Fit(0, (f"单位相同：{written}", f"same unit: {written}"))
    if a in COUNTERS and b in COUNTERS and (a in _PERSONS) == (b in _PERSONS):
        return Fit(15, (f"都按个数计：{wanted}、{offered}", f"both count things: {wanted}, {offered}"))
    return None
