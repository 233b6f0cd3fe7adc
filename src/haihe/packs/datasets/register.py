"""The register of data sets. A data set is admitted with its quality report; above the bar of the day it counts.

The plan 《武清区促进人工智能高质量发展行动方案（2025—2027年）》 names high-quality data sets among its goals without saying what makes one; the
scores of the report are those of its author, and the bar is a dated parameter (policies/quality.yaml, unverified)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from haihe.kernel.errors import InvalidInput
from haihe.kernel.registers import Field, Register, State, Step, number

LICENCES = (
    ("open", "无条件开放", "Open without conditions"), ("conditional", "有条件开放", "Open under conditions"), ("shared", "部门间共享", "Shared among departments"),
    ("operated", "授权运营", "Authorised operation"), ("traded", "商业许可", "Commercial licence"),
)  # fmt: skip
UPDATES = (("realtime", "实时", "Real time"), ("daily", "每日", "Daily"), ("weekly", "每周", "Weekly"), ("monthly", "每月", "Monthly"), ("quarterly", "每季", "Quarterly"), ("yearly", "每年", "Yearly"), ("once", "不更新", "Never"))  # fmt: skip
SIZES = (
    ("rows", "条", "rows"),
    ("files", "个文件", "files"),
    ("hours", "小时", "hours"),
    ("gb", "GB", "GB"),
    ("tb", "TB", "TB"),
)
SCORES = {"score_complete": ("完整性", "completeness"), "score_correct": ("准确性", "correctness"), "score_timely": ("时效性", "timeliness")}  # fmt: skip


def _score(key: str, zh: str, en: str) -> Field:
    return Field(key, f"{zh}评分", f"Score of {en}", type="number", unit="分", minimum=0, maximum=100, hint_zh="取自质量报告", hint_en="from the quality report")  # fmt: skip


class Datasets(Register):
    key = "datasets"
    prefix = "SJ"
    title_zh = "高质量数据集登记册"
    title_en = "High-quality data sets"
    about_zh = "附质量报告申报，审核入库；质量评分达到当日评分线的计入规划指标。"
    about_en = "Handed in with a quality report and admitted by a reviewer; those above the bar of the day count towards the plan."
    fields = (
        Field("name", "数据集名称", "Name", required=True),
        Field("field", "领域", "Field of use", required=True, suggest=True, longest=60),
        Field("source", "数据来源", "Source", required=True, longest=500),
        Field("licence", "使用许可", "Licence", type="choice", choices=LICENCES, required=True),
        Field("size", "规模", "Size", type="number", required=True, minimum=0),
        Field("size_unit", "规模单位", "Unit of size", type="choice", choices=SIZES, required=True),
        Field("format", "格式", "Format", required=True, suggest=True, longest=60),
        Field("updates", "更新频率", "Updated", type="choice", choices=UPDATES, required=True),
        Field("score", "质量总评分", "Quality score", type="number", unit="分", minimum=0, maximum=100, hint_zh="取自质量报告", hint_en="from the quality report"),
        *(_score(key, zh, en) for key, (zh, en) in SCORES.items()),
        Field("reported_on", "质量报告日期", "Day of the quality report", type="date"),
        Field("address", "目录地址", "Address in the catalogue", type="url"),
    )  # fmt: skip
    states = (
        State("registered", "登记", "Registered", colour="#8aa4bd"),
        State("admitted", "入库", "Admitted", counts=True, colour="#2fa866"),
        State("retired", "停用", "Retired", colour="#c3ccd5"),
    )
    steps = (
        Step("admit", "附质量报告申报入库", "Hand in with quality report", ("registered",), "admitted", demands=("score", "reported_on"), evidence="file"),
        Step("retire", "报告停用", "Report as retired", ("admitted",), "retired", evidence="text"),
    )  # fmt: skip
    natural_key = ("name", "source")

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterable[InvalidInput]:
        """The whole score lies within its parts, where the report gives parts."""
        whole, parts = number(values, "score"), [n for key in SCORES if (n := number(values, key)) is not None]
        if whole is not None and parts and not min(parts) <= whole <= max(parts) and len(parts) == len(SCORES):
            yield InvalidInput("总评分应在各分项之间。", "The whole score must lie within its parts.", where="score",
                               to_do_zh="请与质量报告核对。", to_do_en="Compare it with the quality report.")  # fmt: skip
