"""The register of compute capacity: one entry for each site and period, declared by the unit and verified by the bureau.

The plan 《武清区促进人工智能高质量发展行动方案（2025—2027年）》 二（一）1 asks for a number of high-power racks, a rack use rate of all
data centres, a number of 5G base stations and the EFlops of intelligent computing. From which power on a rack is a high-power one, and
at which precision EFlops are counted, it does not say (unverified): the hints ask for what the site states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from haihe.kernel.errors import InvalidInput
from haihe.kernel.registers import Field, Register, State, Step, number

CLAUSE = "《武清区促进人工智能高质量发展行动方案（2025—2027年）》二（一）1"
LARGEST = {"racks": 1_000_000, "base_stations": 1_000_000, "eflops": 10_000}


def _count(key: str, zh: str, en: str, unit: str, largest: int, **more: Any) -> Field:
    return Field(key, zh, en, type="number", unit=unit, minimum=0, maximum=largest, whole=True, source=CLAUSE, **more)


class Compute(Register):
    key = "compute"
    prefix = "SL"
    title_zh = "算力设施登记册"
    title_en = "Compute capacity"
    about_zh = "每个站点每期填报一次；核定后，各站点最近一期的数相加。"
    about_en = "One entry a site and period; once verified, the newest period of each site is added up."
    fields = (
        Field("site", "站点", "Site", required=True, suggest=True, longest=120, hint_zh="同一站点每期写法一致", hint_en="written the same in each period"),
        Field("period_end", "统计截至", "Period until", type="date", required=True),
        _count("racks", "机柜总数", "Racks", "架", LARGEST["racks"]),
        _count("high_power_racks", "高功率机柜", "High-power racks", "架", LARGEST["racks"], hint_zh="已建成，含在总数内", hint_en="built, part of all racks"),
        _count("racks_in_use", "已上架机柜", "Racks in use", "架", LARGEST["racks"]),
        _count("base_stations", "5G 基站", "5G base stations", "个", LARGEST["base_stations"], hint_zh="累计建成", hint_en="built so far"),
        Field("eflops_declared", "填报智算规模", "EFlops declared", type="number", unit="EFlops", minimum=0, maximum=LARGEST["eflops"], source=CLAUSE, hint_zh="注明精度", hint_en="say at which precision"),
        Field("precision", "计算精度", "Precision", type="choice", choices=(("fp16", "FP16", "FP16"), ("fp32", "FP32", "FP32"), ("fp64", "FP64", "FP64"), ("other", "其他", "Other"))),
        Field("eflops_verified", "核定智算规模", "EFlops verified", type="number", unit="EFlops", minimum=0, maximum=LARGEST["eflops"], by_reviewer=True),
    )  # fmt: skip
    states = (
        State("declared", "填报", "Declared", colour="#8aa4bd"),
        State("verified", "核定", "Verified", counts=True, colour="#2fa866"),
    )
    steps = (Step("verify", "报请核定", "Hand in for verification", ("declared",), "verified", demands=("eflops_verified",), evidence="file"),)  # fmt: skip
    natural_key = ("site", "period_end")
    title_field = "site"

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterable[InvalidInput]:
        """Parts are not more than the whole."""
        racks = number(values, "racks") or 0
        for key, zh, en in (("racks_in_use", "已上架机柜", "racks in use"), ("high_power_racks", "高功率机柜", "high-power racks")):  # fmt: skip
            if (number(values, key) or 0) > racks:
                yield InvalidInput(f"{zh}不能多于机柜总数。", f"There cannot be more {en} than racks.", where=key)
        declared, verified = number(values, "eflops_declared"), number(values, "eflops_verified")
        if verified is not None and verified > (declared or 0):
            yield InvalidInput("核定的规模不能大于填报的。", "Verified EFlops cannot exceed the declared ones.", where="eflops_verified",
                               to_do_zh="请退回，由站点更正填报数。", to_do_en="Send it back for the site to correct what it declared.")  # fmt: skip
