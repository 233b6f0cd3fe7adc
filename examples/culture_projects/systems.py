"""What the catalogue asks of CUL-02: key projects enter after review, stages and investment are updated, delayed ones are listed."""

from haihe.kernel.systems import Saw, ScratchDistrict, expect, provides
from haihe.kernel.systems.registering import open_entry, take_step


@provides("CUL-02", "重点项目经审核入库，阶段和投资有更新，滞后项目列出。")
def library(scratch: ScratchDistrict) -> Saw:
    """One project goes through all of it between two officers, over the API."""
    park, bureau = scratch.unit("文创检查园区", kind="park"), scratch.unit("文创检查局")
    builder, judge = scratch.account("officer", park), scratch.account("officer", bureau)
    entry = open_entry(builder, "culture_projects", park, bureau, {"name": "CUL-02 检查项目"})
    expect(entry["state"] == "proposed", "未经审核就入库了。", "It entered without a review.")
    entry = take_step(builder, judge, entry, "enter", {"invested": "100"})
    entry = judge.post(
        f"/registers/entries/{entry['id']}/steps/delay", form={"version": entry["version"], "text": "停工"}
    )
    listed = [row["id"] for row in judge.get("/registers/culture_projects/entries", state="delayed")]
    expect(listed == [entry["id"]], "滞后项目没有列出。", "The delayed project is not listed.", str(listed))
    entry = take_step(builder, judge, entry, "progress", {"invested": "250"})
    expect(
        (entry["state"], entry["values"]["invested"]) == ("building", "250"),
        "阶段或投资没有更新。",
        "Stage or investment was not updated.",
        str(entry["values"]),
    )
    return Saw(
        "1 个项目经审核入库，列为滞后，报进度后恢复在建，投资由 100 万元更新为 250 万元。",
        "1 project entered after review, was listed as delayed, and went on with 2.5 instead of 1 million yuan invested.",
        {"projects": 1},
    )
