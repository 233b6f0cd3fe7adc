"""Sites of the fictional district over some quarters, the newest of one still waiting for its review. Invented and marked synthetic."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.registers import hand_in, open_entry, review
from haihe.kernel.registers.demo import days_ago, paper

# site, owner's account, how many quarters ago the period ended, racks, high-power ones, in use, base stations, EFlops declared and
# verified (None: waits for review)
SITES = (
    ("柳渡智算中心一期", "liudu", 2, 3_800, 1_900, 2_100, 0, "0.09", "0.08"), ("柳渡智算中心一期", "liudu", 1, 4_200, 2_600, 2_900, 0, "0.14", "0.13"), ("柳渡智算中心一期", "liudu", 0, 4_600, 3_100, 3_500, 0, "0.18", "0.17"),
    ("政务云机房", "zhengwu", 1, 320, 60, 240, 0, "0.01", "0.01"), ("政务云机房", "zhengwu", 0, 320, 80, 270, 0, "0.02", None),
    ("公安视频专网机房", "gongan", 1, 260, 40, 190, 0, "0.01", "0.01"), ("全区通信基站", "chengguan", 1, 0, 0, 0, 1_640, "0", "0"), ("全区通信基站", "chengguan", 0, 0, 0, 0, 1_860, "0", "0"),
)  # fmt: skip


def build(people: dict[str, Account]) -> None:
    today = timezone.localdate()
    for site, who, quarters, racks, high, used, stations, declared, verified in SITES:
        account, end = people[who], _quarter_end(today, quarters)
        period, since = end.isoformat(), (today - end).days
        values = {"site": site, "period_end": period, "racks": racks, "high_power_racks": high, "racks_in_use": used, "base_stations": stations, "eflops_declared": declared, "precision": "fp16"}  # fmt: skip
        owner, reviewer = get_organisation(str(account.organisation)), get_organisation("区数据局")
        with days_ago(since - 0.5):
            entry = open_entry(account, None, register="compute", owner=owner, reviewer=reviewer, values=values, synthetic=True)  # fmt: skip
            files = [paper(account, "机柜台账.txt", f"{site} {period}: {racks} / {used}")]
            entry = hand_in(account, entry, version=1, step="verify", text="附台账。（演示）", evidence=files)
        if verified is not None:
            with days_ago(max(0, since - 9)):
                review(people["shujuju"], entry, version=2, accept=True, values={"eflops_verified": verified}, text="现场核对。（演示）")  # fmt: skip


def _quarter_end(today: date, back: int) -> date:
    """The end of the last whole quarter, or of one so many quarters before."""
    first = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
        first = date(first.year, 3 * ((first.month - 1) // 3) + 1, 1)
    return first - timedelta(days=1)
