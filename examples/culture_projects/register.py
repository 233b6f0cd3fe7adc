"""Projects enter after review, report stage and investment, and are listed while they are delayed."""

from haihe.kernel.registers import REVIEWER, Field, Register, State, Step


class CultureProjects(Register):
    key, prefix = "culture_projects", "WC"
    title_zh, title_en = "重点文化创意产业项目库", "Key culture-creative projects"
    fields = (
        Field("name", "项目名称", "Name", required=True, longest=120),
        Field(
            "invested",
            "累计完成投资",
            "Invested so far",
            type="number",
            unit="万元",
            minimum=0,
            maximum=10_000_000,
            by_reviewer=True,
        ),
    )
    states = (
        State("proposed", "申报", "Proposed"), State("building", "在建", "Building", counts=True),
        State("delayed", "滞后", "Delayed", counts=True), State("finished", "建成", "Finished", counts=True),
    )  # fmt: skip
    steps = (
        Step("enter", "申请入库", "Hand in", ("proposed",), "building", demands=("invested",), evidence="file"),
        Step(
            "progress",
            "报进度",
            "Report progress",
            ("building", "delayed"),
            "building",
            demands=("invested",),
            evidence="file",
        ),
        Step(
            "finish",
            "报建成",
            "Report as built",
            ("building", "delayed"),
            "finished",
            demands=("invested",),
            evidence="file",
        ),
        Step("delay", "列为滞后", "Mark as delayed", ("building",), "delayed", by=REVIEWER, evidence="text"),
    )
    natural_key = ("name",)
