"""Scenarios of the fictional district, in every state of their life, some months of it behind them. Invented and marked synthetic."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.registers import RegisterEntry, hand_in, open_entry, review
from haihe.kernel.registers.demo import days_ago, paper

# name, field, owner's account, how many steps it has taken (".5" more: the next one waits for review), days since the newest one
SCENARIOS = (
    ("占道经营智能巡查", "governance", "chengguan", 5, 96), ("井盖缺损自动识别", "governance", "chengguan", 4, 128), ("暴露垃圾自动派单", "governance", "chengguan", 4, 71),
    ("热线诉求智能派办", "services", "zhengwu", 4, 103), ("高频事项智能预审", "services", "zhengwu", 5, 34), ("材料免提交核验", "services", "zhengwu", 3.5, 2),
    ("重点车辆疲劳预警", "transport", "jiaotong", 4, 38), ("公交客流预测排班", "transport", "jiaotong", 3, 20), ("路口信号动态配时", "transport", "gongan", 3.5, 1),
    ("积水点提前预警", "governance", "yingji", 4, 17), ("危险作业图像识别", "governance", "yingji", 3, 26), ("电动自行车充电风险识别", "governance", "yingji", 2, 40),
    ("独居老人安全监测", "health", "liudu", 2, 55), ("镇级防汛联动", "governance", "liudu", 1.5, 4), ("网格巡查语音填报", "governance", "liudu", 1, 30),
    ("园林病虫害识别", "other", "chengguan", 1, 12), ("夜间照明按需调光", "energy", "chengguan", 2, 63), ("执法文书辅助生成", "services", "gongan", 1, 9),
)  # fmt: skip
STEPS = ("select", "build", "mark", "copy")
DAYS_A_STEP = 21


def build(people: dict[str, Account]) -> None:
    for name, field, who, taken, newest in SCENARIOS:
        last = min(int(taken + 0.5), len(STEPS))

        def ago(number: int, newest: int = newest, last: int = last) -> int:
            return newest + (last - number) * DAYS_A_STEP

        with days_ago(ago(0)):
            entry = _open(people, name, field, who, built=ago(2))
        for number, step in enumerate(STEPS, 1):
            if taken < number + 0.5:
                break
            entry = _take(people, entry, who, step, reviewed=taken >= number + 1, days=ago(number))


def _open(people: dict[str, Account], name: str, field: str, who: str, *, built: int) -> RegisterEntry:
    account = people[who]
    built_on = (timezone.localdate() - timedelta(days=max(0, built))).isoformat()
    values = {"name": name, "field": field, "problem": f"{name}目前靠人工发现和处理，慢且容易遗漏。（演示）", "provider": "望河城市运营集团有限公司", "built_on": built_on, "result": "平均发现时间由 9 小时缩短到 2 小时。（演示）", "copies": 3}  # fmt: skip
    owner = get_organisation(str(account.organisation))
    return open_entry(
        account, None, register="scenarios", owner=owner, reviewer=get_organisation("区数据局"), values=values, synthetic=True
    )  # fmt: skip


def _take(
    people: dict[str, Account], entry: RegisterEntry, who: str, step: str, *, reviewed: bool, days: int
) -> RegisterEntry:
    """The step of the owner with a paper, and two days later the bureau's review unless it is left for the visitor of the demo."""
    bureau, account = people["shujuju"], people[who]
    if step == "select":
        if not reviewed:
            return entry
        with days_ago(days):
            return hand_in(bureau, entry, version=entry.version, step=step, text="评审后入选。（演示）")
    files = [paper(account, "验收材料.txt", f"{entry.title} {step}")]
    with days_ago(days + 2 * reviewed):
        entry = hand_in(
            account, entry, version=entry.version, step=step, text="材料附后，请审核。（演示）", evidence=files
        )
    if not reviewed:
        return entry
    with days_ago(days):
        return review(bureau, entry, version=entry.version, accept=True, text="同意。（演示）")
