"""Sites of the fictional district over two periods, the newest of one still waiting for its review. Invented and marked synthetic."""

from __future__ import annotations

from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.registers import hand_in, open_entry, review
from haihe.kernel.registers.demo import paper

# site, owner's account, period, racks, high-power ones, in use, base stations, EFlops declared and verified (None: waits for review)
SITES = (
    ("柳渡智算中心一期", "liudu", "2026-06-30", 4_200, 2_600, 2_700, 0, "0.16", "0.15"), ("柳渡智算中心一期", "liudu", "2026-09-30", 4_600, 3_100, 3_500, 0, "0.19", "0.18"),
    ("政务云机房", "zhengwu", "2026-06-30", 320, 60, 240, 0, "0.01", "0.01"), ("政务云机房", "zhengwu", "2026-09-30", 320, 80, 270, 0, "0.02", None),
    ("公安视频专网机房", "gongan", "2026-09-30", 260, 40, 190, 0, "0.01", "0.01"), ("全区通信基站", "chengguan", "2026-09-30", 0, 0, 0, 1_860, "0", "0"),
)  # fmt: skip


def build(people: dict[str, Account]) -> None:
    for site, who, period, racks, high, used, stations, declared, verified in SITES:
        account = people[who]
        values = {"site": site, "period_end": period, "racks": racks, "high_power_racks": high, "racks_in_use": used, "base_stations": stations, "eflops_declared": declared, "precision": "fp16"}  # fmt: skip
        owner, reviewer = get_organisation(str(account.organisation)), get_organisation("区数据局")
        entry = open_entry(account, None, register="compute", owner=owner, reviewer=reviewer, values=values, synthetic=True)  # fmt: skip
        files = [paper(account, "机柜台账.txt", f"{site} {period}: {racks} / {used}")]
        entry = hand_in(account, entry, version=1, step="verify", text="附台账。（演示）", evidence=files)
        if verified is not None:
            review(
                people["shujuju"],
                entry,
                version=2,
                accept=True,
                values={"eflops_verified": verified},
                text="现场核对。（演示）",
            )
