"""The register of carriers' archives: what each carrier has to have and keep up to date, filed by it and reviewed by the bureau.

The plan 《武清区智能交通专项行动计划》 三（一）1 asks road carriers for a regime of dynamic monitoring, a regime of responsibility, safety
managers and monitoring managers; 三（三） asks that they upload their archives and update them each month. What a regime must contain, and
which other archives there are, it does not say (unverified)."""

from __future__ import annotations

from haihe.kernel.registers import Field, Register, State, Step

KEY = "carrier_archives"
CLAUSE = "《武清区智能交通专项行动计划》三（一）1"
# Kinds that every carrier needs, with their titles.
REQUIRED = {
    "monitoring_regime": ("动态监控管理制度", "Regime of dynamic monitoring"),
    "responsibility_regime": ("责任制度", "Regime of responsibility"),
    "safety_manager": ("安全管理人员", "Safety manager"),
    "monitoring_manager": ("动态监控管理人员", "Monitoring manager"),
}
HOLDERS = ("safety_manager", "monitoring_manager")  # a person, whose name the entry has
HELD = "held"


class CarrierArchives(Register):
    key = KEY
    prefix = "DA"
    title_zh = "企业管理档案"
    title_en = "Carriers' archives"
    about_zh = "运输企业的制度和管理人员：企业报请备案，主管部门审核，每月更新。"
    about_en = "A carrier's regimes and managers: filed by the carrier, reviewed by the bureau, updated each month."
    fields = (
        Field("kind", "档案类别", "Kind", type="choice", choices=(*((key, *titles) for key, titles in REQUIRED.items()), ("other", "其他管理档案", "Other archive")), required=True, source=CLAUSE),
        Field("name", "名称或姓名", "Title or name", required=True, longest=120, hint_zh="制度写名称，人员写姓名", hint_en="the title of a regime, the name of a person"),
        Field("since", "起始日期", "Since", type="date", hint_zh="制度施行、人员任职", hint_en="in force, in office"),
    )  # fmt: skip
    states = (
        State("listed", "待备案", "Listed", colour="#8aa4bd"),
        State(HELD, "在册", "On file", counts=True, colour="#2fa866"),
        State("ended", "已废止、卸任", "Ended", colour="#8d99a5"),
    )
    steps = (
        Step("file", "报请备案", "Hand in to be filed", ("listed",), HELD, evidence="file"),
        Step("update", "报送本月更新", "Hand in this month's update", (HELD,), HELD, evidence="file"),
        Step("end", "报请废止、卸任", "Hand in its end", (HELD,), "ended", evidence="text"),
    )
    natural_key = ("kind", "name")
    of_each_owner = True
