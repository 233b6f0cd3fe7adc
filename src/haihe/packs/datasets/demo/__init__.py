"""Data sets of the fictional district: admitted above and below the bar, handed in, only registered. Invented and marked synthetic."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.registers import hand_in, open_entry, review
from haihe.kernel.registers.demo import days_ago, paper

# name, field, owner's account, size, unit, score; 2 admitted, 1 waits for review, 0 only registered; days since that
DATASETS = (
    ("街面问题图像", "城市治理", "chengguan", 48_000, "files", 92, 2, 137), ("市容巡查工单", "城市治理", "chengguan", 310_000, "rows", 88, 2, 118), ("热线诉求分类语料", "政务服务", "zhengwu", 126_000, "rows", 90, 2, 94),
    ("办事指南问答", "政务服务", "zhengwu", 8_600, "rows", 86, 2, 88), ("窗口服务录音转写", "政务服务", "zhengwu", 420, "hours", 74, 2, 66), ("重点车辆轨迹样本", "交通物流", "jiaotong", 2.4, "tb", 84, 2, 52),
    ("路口流量时序", "交通物流", "gongan", 900, "gb", 89, 2, 24), ("积水点水位时序", "应急管理", "yingji", 5_200_000, "rows", 91, 2, 10), ("隐患图像标注", "应急管理", "yingji", 15_000, "files", 87, 1, 3),
    ("雨量站观测", "应急管理", "yingji", 7_700_000, "rows", 83, 1, 1), ("网格事件文本", "城市治理", "liudu", 64_000, "rows", 0, 0, 15), ("园林养护影像", "城市治理", "chengguan", 3_100, "files", 0, 0, 6),
)  # fmt: skip


def build(people: dict[str, Account]) -> None:
    for name, field, who, size, unit, score, stage, days in DATASETS:
        account = people[who]
        values = {"name": name, "field": field, "source": f"{account.organisation}业务系统（演示）", "licence": "shared", "size": size, "size_unit": unit, "format": "CSV" if unit == "rows" else "其他", "updates": "monthly"}  # fmt: skip
        reported_on = (timezone.localdate() - timedelta(days=days + 7)).isoformat()
        values |= {"score": score, "reported_on": reported_on} if score else {}
        owner, reviewer = get_organisation(str(account.organisation)), get_organisation("区数据局")
        with days_ago(days + 20 * (stage > 0)):
            entry = open_entry(account, None, register="datasets", owner=owner, reviewer=reviewer, values=values, synthetic=True)  # fmt: skip
        if stage:
            files = [paper(account, "质量报告.txt", f"{name}：总评分 {score}")]
            with days_ago(days + 3 * (stage == 2)):
                entry = hand_in(account, entry, version=1, step="admit", text="附质量报告。（演示）", evidence=files)
        if stage == 2:
            with days_ago(days):
                review(people["shujuju"], entry, version=2, accept=True, text="核对报告，同意入库。（演示）")
