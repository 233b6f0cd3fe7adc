"""Reading rooms: a unit registers one, a bureau accepts that it is open."""

from haihe.kernel.registers import REVIEWER, Field, Register, State, Step


class ReadingRooms(Register):
    key, prefix = "reading_rooms", "SF"
    title_zh, title_en = "城市书房登记册", "Reading rooms"
    fields = (
        Field("name", "书房名称", "Name", required=True, longest=80),
        Field("books", "可借图书", "Books to lend", type="number", unit="册", minimum=0, maximum=1_000_000, whole=True),
        Field("open_h", "每周开放时长", "Open a week", type="number", unit="h", minimum=0, maximum=168),
    )
    states = (
        State("planned", "筹建", "Planned"),
        State("open", "开放", "Open", counts=True),
        State("closed", "停用", "Closed"),
    )
    steps = (
        Step(
            "open", "报请开放", "Hand in", ("planned", "closed"), "open", demands=("books", "open_h"), evidence="file"
        ),
        Step("close", "停用", "Close", ("open",), "closed", by=REVIEWER, evidence="text"),
    )
    natural_key = ("name",)
