"""Scenarios of the fictional district, in every state of their life. Invented and marked synthetic."""

from __future__ import annotations

from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.registers import RegisterEntry, hand_in, open_entry, review
from haihe.kernel.registers.demo import paper

# name, field, owner's account, how many steps it has taken; ".5" more means that the next one waits for review
SCENARIOS = (
    ("占道经营智能巡查", "governance", "chengguan", 5), ("井盖缺损自动识别", "governance", "chengguan", 4), ("暴露垃圾自动派单", "governance", "chengguan", 4),
    ("热线诉求智能派办", "services", "zhengwu", 4), ("高频事项智能预审", "services", "zhengwu", 5), ("材料免提交核验", "services", "zhengwu", 3.5),
    ("重点车辆疲劳预警", "transport", "jiaotong", 4), ("公交客流预测排班", "transport", "jiaotong", 3), ("路口信号动态配时", "transport", "gongan", 3.5),
    ("积水点提前预警", "governance", "yingji", 4), ("危险作业图像识别", "governance", "yingji", 3), ("电动自行车充电风险识别", "governance", "yingji", 2),
    ("独居老人安全监测", "health", "liudu", 2), ("镇级防汛联动", "governance", "liudu", 1.5), ("网格巡查语音填报", "governance", "liudu", 1),
    ("园林病虫害识别", "other", "chengguan", 1), ("夜间照明按需调光", "energy", "chengguan", 2), ("执法文书辅助生成", "services", "gongan", 1),
)  # fmt: skip
STEPS = ("select", "build", "mark", "copy")


def build(people: dict[str, Account]) -> None:
    for name, field, who, taken in SCENARIOS:
        entry = _open(people, name, field, who)
        for number, step in enumerate(STEPS, 1):
            if taken < number + 0.5:
                break
            entry = _take(people, entry, who, step, reviewed=taken >= number + 1)


def _open(people: dict[str, Account], name: str, field: str, who: str) -> RegisterEntry:
    account = people[who]
    values = {"name": name, "field": field, "problem": f"{name}目前靠人工发现和处理，慢且容易遗漏。（演示）", "provider": "望河城市运营集团有限公司", "built_on": "2026-10-20", "result": "平均发现时间由 9 小时缩短到 2 小时。（演示）", "copies": 3}  # fmt: skip
    owner = get_organisation(str(account.organisation))
    return open_entry(
        account, None, register="scenarios", owner=owner, reviewer=get_organisation("区数据局"), values=values, synthetic=True
    )  # fmt: skip


def _take(people: dict[str, Account], entry: RegisterEntry, who: str, step: str, *, reviewed: bool) -> RegisterEntry:
    """The step of the owner with a paper, and the bureau's review unless it is left for the visitor of the demo."""
    if step == "select":
        return (
            hand_in(people["shujuju"], entry, version=entry.version, step=step, text="评审后入选。（演示）")
            if reviewed
            else entry
        )
    account = people[who]
    files = [paper(account, "验收材料.txt", f"{entry.title} {step}")]
    entry = hand_in(account, entry, version=entry.version, step=step, text="材料附后，请审核。（演示）", evidence=files)
    return (
        review(people["shujuju"], entry, version=entry.version, accept=True, text="同意。（演示）")
        if reviewed
        else entry
    )
