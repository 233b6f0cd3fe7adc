"""What the pages of this pack share: the registry, and words and colours of states."""

from __future__ import annotations

from haihe.web.pages import Pages

pages = Pages("plans")

LIGHTS = {
    "red": ("逾期", "Overdue"),
    "amber": ("临期", "Due soon"),
    "green": ("正常", "On time"),
    "closed": ("已办结", "Closed"),
    "none": ("无时限", "No deadline"),
}
STATES = {
    "met": ("已达成", "Met"), "on_track": ("进度正常", "On track"), "at_risk": ("进度偏慢", "At risk"), "late": ("落后", "Late"), "no_data": ("尚无数据", "No data"),
}  # fmt: skip
STATE_COLOUR = {"met": "green", "on_track": "green", "at_risk": "amber", "late": "red", "no_data": ""}
