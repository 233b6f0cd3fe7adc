"""The register of application scenarios, from the call for solutions to the copy elsewhere.

The plan 《武清区促进人工智能高质量发展行动方案（2025—2027年）》 asks in its part on goals for typical scenarios; it does not say how one
becomes typical. The states here are ours (unverified)."""

from __future__ import annotations

from haihe.kernel.registers import REVIEWER, Field, Register, State, Step

FIELDS_OF_USE = (
    ("manufacturing", "智能制造", "Manufacturing"), ("governance", "城市治理", "City governance"), ("services", "政务服务", "Government services"),
    ("health", "医疗健康", "Health"), ("education", "教育", "Education"), ("farming", "农业农村", "Farming"), ("transport", "交通物流", "Transport"),
    ("culture", "文旅商贸", "Culture and trade"), ("energy", "能源环保", "Energy and environment"), ("other", "其他", "Other"),
)  # fmt: skip


class Scenarios(Register):
    key = "scenarios"
    prefix = "CJ"
    title_zh = "应用场景登记册"
    title_en = "Application scenarios"
    about_zh = "开放、遴选、建成、认定典型、推广：认定为典型的计入规划指标。"
    about_en = "Opened, selected, built, marked as a model, copied: models count towards the plan."
    fields = (
        Field("name", "场景名称", "Name", required=True),
        Field("field", "领域", "Field of use", type="choice", choices=FIELDS_OF_USE, required=True),
        Field("problem", "要解决的问题", "Problem to solve", required=True, longest=1000),
        Field("provider", "建设单位（企业）", "Built by", hint_zh="遴选后填写", hint_en="once selected"),
        Field("built_on", "建成日期", "Built on", type="date"),
        Field("result", "成效", "What it achieved", longest=1000, hint_zh="用数字说明前后变化", hint_en="in numbers, before and after"),
        Field("page", "公开介绍", "Public page", type="url"),
        Field("copies", "推广到几处", "Copied to places", type="number", unit="处", minimum=1, maximum=10_000, whole=True),
    )  # fmt: skip
    states = (
        State("opened", "开放", "Opened", colour="#8aa4bd"),
        State("selected", "遴选", "Selected", colour="#5b8fc9"),
        State("built", "建成", "Built", counts=True, colour="#0b5cad"),
        State("model", "典型", "Model", counts=True, colour="#2fa866"),
        State("copied", "推广", "Copied", counts=True, colour="#146c3e"),
    )
    steps = (
        Step("select", "遴选方案", "Select a solution", ("opened",), "selected", by=REVIEWER, evidence="text"),
        Step(
            "build",
            "报请建成验收",
            "Report as built",
            ("selected",),
            "built",
            demands=("provider", "built_on"),
            evidence="file",
        ),
        Step("mark", "申报典型场景", "Apply as a model", ("built",), "model", demands=("result",), evidence="file"),
        Step("copy", "报告推广", "Report copies", ("model",), "copied", demands=("copies",), evidence="file"),
    )
    natural_key = ("name",)
