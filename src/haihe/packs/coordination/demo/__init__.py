"""The coordination part of the demo district: members, a meeting that was held, one that is to come, a round, a yearly ledger.

Everything is invented. The days of what is late lie in the past, as they would after some weeks of work: only here rows are
dated back, for the district's services refuse days that have passed.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from haihe.kernel import evidence
from haihe.kernel.cases import Case, take_step
from haihe.kernel.identity import Account
from haihe.kernel.organisations import Organisation, get_organisation
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Decision, Meeting, Member, Problem, YearItem, YearPlan

MEMBERS = (
    ("区政府", Member.Part.LEAD, "分管副区长"), ("区数据局", Member.Part.OFFICE, "分管副局长"), ("区政府督查室", Member.Part.MEMBER, "督查科长"),
    ("区城市管理委", Member.Part.MEMBER, "分管副主任"), ("区政务服务办", Member.Part.MEMBER, "分管副主任"), ("公安望河分局", Member.Part.MEMBER, "科技通信支队负责岗"),
    ("区应急管理局", Member.Part.MEMBER, "分管副局长"), ("区交通运输局", Member.Part.MEMBER, "分管副局长"), ("柳渡镇", Member.Part.MEMBER, "分管副镇长"),
)  # fmt: skip
MINUTES = (
    "会议听取了区数据局关于感知终端接入进度的汇报，研究了路口视频共享和边缘算力选址问题。",
    "一、关于感知终端接入。会议认为接入总体按期，个别镇街进度偏慢，应逐周调度。",
    "二、关于路口视频共享。同意由公安望河分局牵头，先行开放 20 个路口的结构化数据。",
    "三、关于边缘算力选址。请区城市管理委会同柳渡镇提出两个备选点位。",
)
# what, which unit, days from today until it is due (negative: late), how far its case is
DECIDED = (
    ("先行开放 20 个路口的结构化交通数据", "公安望河分局", -9, "accept"),
    ("提出边缘算力节点两个备选点位并完成现场踏勘", "区城市管理委", -3, "carry_out"),
    ("建立镇街感知终端接入逐周调度表", "区数据局", 5, "carry_out"),
    ("梳理政务服务高频事项智能预审清单", "区政务服务办", 20, "confirm"),
    ("完成重点营运车辆动态监管接入自查", "区交通运输局", 12, "accept"),
    ("公布协调机制联络岗位名册", "区数据局", 1, "closed"),
)  # fmt: skip
NOTES = (
    ("jiaotong", "重点营运车辆动态监管系统已接入三家企业，预警处置平均时长持续下降。", ("企业终端换装经费尚无来源，需财政部门明确补助口径",)),
    ("chengguan", "环卫车辆调度模块已在两个街道试运行。", ("路侧设备取电手续跨三个部门，办理周期长", "占道视频点位与公安点位重复，需统筹")),
    ("zhengwu", "高频事项智能预审已完成 12 项，群众补正次数明显减少。", ()),
)  # fmt: skip
# unit's account, measure, result, days until it is due, reported share (None: nothing yet)
MEASURES = (
    ("jiaotong", "完成重点营运车辆动态监管平台二期部署", "接入企业 10 家", -12, 60),
    ("jiaotong", "开展企业安全员线上培训两期", "覆盖全部接入企业", 6, 40),
    ("jiaotong", "上半年预警处置情况通报", "按季印发", -60, 100),
    ("chengguan", "完成路侧感知设备整治第一批", "整治 120 处", -5, 80),
    ("zhengwu", "上线高频事项智能预审 20 项", "一次办成率 90%", 25, 60),
)  # fmt: skip


def build(people: dict[str, Account]) -> None:
    coordinator, today = people["ducha"], timezone.localdate()
    for name, part, post in MEMBERS:
        services.add_member(
            coordinator, get_organisation(name), part=part, contact_role=post, since=today - timedelta(days=200)
        )
    held = _held_meeting(coordinator)
    for text, unit, days, step in DECIDED:
        _decision(people, held, text, unit, days, step)
    services.approve_minutes(
        coordinator,
        services.save_minutes(coordinator, held, text="\n".join(MINUTES), revision=held.revision),
        revision=held.revision + 1,
    )
    _coming_meeting(people)
    _rounds(people)
    _ledger(people)


def _at(days: int, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=days), time(hour)))


def _held_meeting(coordinator: Account) -> Meeting:
    """Convened and held three weeks ago."""
    meeting = services.convene(
        coordinator, None, title="人工智能发展工作协调机制第三次会议", at=_at(-21, 14), place="区政府第二会议室", chair="分管副区长",
        agenda=["感知终端接入进度", "路口视频共享", "边缘算力选址"],
    )  # fmt: skip
    present = Organisation.objects.filter(pk__in=[seat.organisation_id for seat in meeting.attendance.all()])
    return services.record_attendance(coordinator, meeting, present=present.exclude(short_name="柳渡镇"))


def _decision(people: dict[str, Account], meeting: Meeting, text: str, unit: str, days: int, step: str) -> None:
    coordinator, owner = people["ducha"], get_organisation(unit)
    today = timezone.localdate()
    due = today + timedelta(days=days)
    made = services.decide(coordinator, meeting, text=text, organisation=owner, due=max(due, today))
    officer = next(person for person in people.values() if person.organisation == owner and person.has_role("officer"))
    case = made.case
    assert case is not None  # noqa: S101
    for at in ("accept", "carry_out", "confirm"):
        if step == at:
            break
        who = coordinator if at == "confirm" else officer
        files = [_file(officer, text)] if at == "carry_out" else []
        case = take_step(
            who, case, step=at, to="closed" if at == "confirm" else "", text="已办理，材料附后。", evidence=files
        )
    if due < today:
        _date_back(made, case, due)


def _date_back(made: Decision, case: Case, due: date) -> None:
    """As if it had been decided weeks ago: its day has passed, and the worker finds it so."""
    made.due = due
    made.save(update_fields=["due"])
    passed = _at((made.due - timezone.localdate()).days + 1, 0)
    for each in case.steps:
        if each["limit"] and each["limit"]["unit"] == "date":
            each["limit"]["value"] = made.due.isoformat()
    case.opened_at = case.step_since = _at(-21, 16)
    case.due_at = case.watch_at = passed
    case.save()


def _file(account: Account, text: str) -> evidence.EvidenceFile:
    return evidence.receive("办理情况.txt", [f"（演示材料，非真实）\n{text}".encode()], account)


def _coming_meeting(people: dict[str, Account]) -> None:
    meeting = services.convene(
        people["ducha"], None, title="人工智能发展工作协调机制第四次会议", at=_at(6, 10), place="区政府第二会议室", chair="分管副区长",
        agenda=["通报第四季度情况", "研究待协调问题", "年度台账收官安排"],
    )  # fmt: skip
    services.answer_invitation(people["chengguan"], meeting, coming=True, role="分管副主任")
    services.answer_invitation(people["yingji"], meeting, coming=False, role="全市防汛会商，由办公室负责岗代会")


def _rounds(people: dict[str, Account]) -> None:
    """One round whose bulletin is out, and one that gathers notes."""
    coordinator, today = people["ducha"], timezone.localdate()
    first = services.open_round(
        coordinator, None, title="十月工作情况", notes_by=today, asked="请写进展、存在问题和下一步打算。"
    )
    services.hand_in(
        people["shujuju"], first, text="感知终端接入按计划推进。", problems=["部分镇街光纤未通，接入需运营企业配合"]
    )
    services.issue_bulletin(coordinator, first, revision=first.revision)
    problem = Problem.objects.get(note__round=first)
    services.decide_problem(
        coordinator, problem, text="协调光纤接入，列出未通点位和完工日期", organisation=get_organisation("区数据局"), due=today + timedelta(days=30)
    )  # fmt: skip
    second = services.open_round(
        coordinator, None, title="十一月工作情况", notes_by=today + timedelta(days=3), asked="请写进展、存在问题和下一步打算。"
    )  # fmt: skip
    for username, text, problems in NOTES:
        services.hand_in(people[username], second, text=text, problems=problems)


def _ledger(people: dict[str, Account]) -> None:
    """Yearly plans of three units, adopted, some way along."""
    today = timezone.localdate()
    last = today.replace(month=12, day=31)
    for username, measure, result, days, share in MEASURES:
        account = people[username]
        assert account.organisation is not None  # noqa: S101
        due = min(max(today + timedelta(days=days), today.replace(month=1, day=1)), last)
        plan = services.start_year_plan(account, account.organisation, year=today.year)
        item = services.add_item(account, plan, measure=measure, due=due, result=result)
        YearItem.objects.filter(pk=item.pk).update(percent=share)
    for plan in YearPlan.objects.filter(state=YearPlan.State.DRAFT):
        account = next(person for person in people.values() if person.organisation == plan.organisation)
        services.adopt_year_plan(people["ducha"], services.submit_year_plan(account, plan))
        for item in plan.items.all():
            done = [_file(account, item.measure)] if item.percent == 100 else []
            services.report_item(account, item, percent=item.percent, text="按计划推进。", evidence=done)
