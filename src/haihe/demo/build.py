"""Sets up the fictional district Wanghe 望河区: units, accounts, its own plan read, checked, filed and some way along.

Everything here is synthetic: no such district, bureau or person exists. Days are taken relative to `today`, so that the demo
shows late, due and closed tasks whenever it is made.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from haihe.demo import duty
from haihe.kernel import evidence
from haihe.kernel.identity import Account, Role, RoleGrant, random_password, set_password
from haihe.kernel.indicators import measure_now
from haihe.kernel.organisations import Organisation, OrganisationAlias, get_organisation
from haihe.kernel.packs import find_module, loaded_packs
from haihe.kernel.registers import COUNTS
from haihe.packs.plans import services as plans
from haihe.packs.plans.models import Clause, Plan, Target, Task

FOLDER = Path(__file__).parent
ACCOUNTS_FILE = "demo-accounts.txt"

Tell = Callable[[str], None]


def exists() -> bool:
    return (Path(settings.HOME) / ACCOUNTS_FILE).exists()


def accounts_text() -> str:
    """The accounts of the demo with their passwords, as `build` wrote them."""
    return (Path(settings.HOME) / ACCOUNTS_FILE).read_text(encoding="utf-8")


def build(tell: Tell, today: date | None = None) -> None:
    """Make the whole demo district in an empty database."""
    today = today or timezone.localdate()
    tell("单位 units")
    _units()
    tell("账号 accounts")
    people = _accounts()
    tell("读取规划 reading the plan")
    supervisor = people["ducha"]
    draft = _import(supervisor, "plan-draft.txt")
    tell("核对 checking")
    _check_draft(supervisor, draft)
    plan = _import(supervisor, "plan.txt")
    for each in Plan.objects.filter(replaced_by=None, kind__in=("plan", "annex")):
        # A person would look at each one; the demo confirms them so that the ledger has something to show.
        for clause in each.clauses.filter(decision=Clause.Decision.PROPOSED):
            plans.confirm(supervisor, clause)
    tell("立项与交办 filing and assigning")
    for each in Plan.objects.filter(replaced_by=None, kind__in=("plan", "annex")):
        plans.file_plan(supervisor, each)
        plans.assign_all(supervisor, each)
    plans.publish(supervisor, plan)
    tell("进展 progress")
    _progress(people, plan, today)
    _oversight(people, today)
    for pack in loaded_packs():
        demo = find_module(pack, "demo")
        if demo is not None:
            tell(f"{pack.title_zh} {pack.title_en}")
            demo.build(people)
    tell("值班 duty")
    duty.build(people, timezone.now())
    tell("测得 measuring")
    _measure(supervisor, plan)


def _units() -> None:
    with (FOLDER / "organisations.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            parent = Organisation.objects.filter(name=row["parent"]).first()
            unit = Organisation(name=row["name"], short_name=row["short_name"], kind=row["kind"], parent=parent)
            unit.save()
            for alias in filter(None, row["aliases"].split(";")):
                OrganisationAlias.objects.create(organisation=unit, name=alias)


# account, name on screen, unit, roles
PEOPLE = (
    ("xitong", "系统管理员", "区政府办公室", Role.SYSTEM_ADMIN),
    ("anquan", "安全管理员", "区政府办公室", Role.SECURITY_ADMIN),
    ("shenji", "审计员", "区政府办公室", Role.AUDITOR),
    ("ducha", "督查员", "区政府督查室", Role.SUPERVISOR),
    ("lingdao", "区领导", "区政府", Role.VIEWER),
    ("shujuju", "数据局联络员", "区数据局", Role.OFFICER),
    ("chengguan", "城管委联络员", "区城市管理委", Role.OFFICER),
    ("zhengwu", "政务服务办联络员", "区政务服务办", Role.OFFICER),
    ("gongan", "公安分局联络员", "公安望河分局", Role.OFFICER),
    ("yingji", "应急局联络员", "区应急管理局", Role.OFFICER),
    ("jiaotong", "交通局联络员", "区交通运输局", Role.OFFICER),
    ("liudu", "柳渡镇联络员", "柳渡镇", Role.OFFICER),
    ("shunda", "顺达运输安全员", "顺达运输", Role.OFFICER),
    ("shundazhi", "顺达运输值班员", "顺达运输", Role.OFFICER),
    ("anxing", "安行客运安全员", "安行客运", Role.OFFICER),
)


def _accounts() -> dict[str, Account]:
    """One account a role and unit, each with a random password, written to a file that only its owner may read."""
    people: dict[str, Account] = {}
    lines = []
    for username, name, unit, role in PEOPLE:
        account = Account(username=username, display_name=name, organisation=get_organisation(unit))
        password = random_password()
        account.set_unusable_password()
        account.save()
        set_password(account, password, must_change=False)
        scope = account.organisation if role == Role.OFFICER else None
        RoleGrant.objects.create(account=account, role=role, scope=scope, since=timezone.localdate())
        people[username] = account
        lines.append(f"{username:<10} {password:<20} {name}")
    path = Path(settings.HOME) / ACCOUNTS_FILE
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return people


def _import(account: Account, name: str) -> Plan:
    file = evidence.receive(name, [(FOLDER / name).read_bytes()], account)
    imported = plans.import_evidence(account, file)
    return next(plan for plan in imported.plans if plan.kind == "plan")


def _check_draft(account: Account, draft: Plan) -> None:
    """The draft was checked before; one heading was put shorter by a person, which the final plan's import carries over."""
    for clause in draft.clauses.filter(decision=Clause.Decision.PROPOSED)[:6]:
        plans.confirm(account, clause)


def _evidence(account: Account, name: str, text: str) -> evidence.EvidenceFile:
    return evidence.receive(name, [("（演示材料，非真实）\n" + text).encode()], account)


def _progress(people: dict[str, Account], plan: Plan, today: date) -> None:
    officers = [person for username, person in people.items() if _is_officer(person)]
    tasks = list(Task.objects.filter(state=Task.State.ASSIGNED).order_by("plan_id", "clause__position"))
    for number, task in enumerate(tasks):
        mine = [person for person in officers if plans.parts_of(person, task)]
        if number % 5 == 4 or not mine:
            continue  # left for the visitor of the demo to accept
        for person in mine:
            plans.accept(person, task)
        leaders = [p for p in mine if any(part.role in ("lead", "responsible") for part in plans.parts_of(p, task))]
        task.refresh_from_db()
        if not leaders or task.state != Task.State.UNDER_WAY:
            continue
        plans.report_progress(leaders[0], task, text="已制定实施方案并明确专人负责，按计划推进。")
        if number % 4 == 1:
            plans.report_done(
                leaders[0],
                task,
                text="任务已完成，附验收材料。",
                evidence=[_evidence(leaders[0], "验收单.txt", task.heading)],
            )
            if number % 8 == 1:
                plans.close(people["ducha"], task, note="材料齐全，同意办结。")
    _numbers(people["ducha"], plan, today)
    late = [task for task in Task.objects.filter(state=Task.State.UNDER_WAY) if task.deadline and task.deadline < today]
    for task in late[:2]:
        plans.chase(people["ducha"], task, text="该任务已超过时限，请报告原因和预计完成时间。")


# What was reported for targets, found by their words: share of the way from baseline to goal, for a varied picture.
REPORTED = (
    ("感知终端", 0.31),
    ("按期办结率", 0.55),
    ("联网率", 0.22),
    ("处置时长", 0.4),
    ("信号灯", 0.1),
)


def _numbers(supervisor: Account, plan: Plan, today: date) -> None:
    for target in Target.objects.filter(plan=plan, repeat_of=None).select_related("indicator"):
        share = next((share for words, share in REPORTED if words in target.indicator.title), None)
        if share is None:
            continue
        start = target.baseline_value if target.baseline_value is not None else Decimal(0)
        for step, days_ago in ((Decimal("0.5"), 150), (Decimal(1), 12)):
            value = round(start + (target.value - start) * Decimal(str(share)) * step, 1)
            file = _evidence(supervisor, "统计表.txt", f"{target.indicator.title}: {value} {target.indicator.unit}")
            plans.report_target(
                supervisor,
                target,
                value=value,
                as_of=today - timedelta(days=days_ago),
                text="季度统计口径，经主管部门核定。",
                evidence=[file],
            )


# firm, account of the unit, kind, days ago, about what, what came of it
CONTACTS = (
    ("望河城市运营集团有限公司", "shujuju", "visit", 9, "智能体开发服务平台联调进度", "约定月底前开放测试环境。（演示）"),
    ("望河水务有限公司", "yingji", "meeting", 16, "泵站数据接入和汛期值守", "同意开放 12 座泵站数据。（演示）"),
    ("望河顺达运输有限公司", "jiaotong", "call", 3, "疲劳驾驶预警处置培训", "安全员下周参加培训。（演示）"),
)  # fmt: skip


def _oversight(people: dict[str, Account], today: date) -> None:
    """Two key projects and a few contacts with firms."""
    for task in Task.objects.filter(state=Task.State.UNDER_WAY, deadline__gt=today).order_by("pk")[:2]:
        plans.supervise(people["ducha"], task, reason="区政府年度督查重点。（演示）", every_weeks=4)
    for firm, who, kind, days, subject, result in CONTACTS:
        account = people[who]
        unit = get_organisation(str(account.organisation))
        plans.log_contact(account, unit, firm=firm, kind=kind, on=today - timedelta(days=days), subject=subject, result=result)  # fmt: skip


# Which of the plan's targets the registers measure: words of the target, key of the indicator. The number of base stations is left
# for the visitor to bind.
MEASURED = (
    ("典型应用场景", "scenarios.typical"),
    ("数据集", "datasets.high_quality"),
    ("算力规模", "compute.eflops"),
    ("上架率", "compute.rack_use_rate"),
)
# What the registers' invented past says about these days ago is computed from it as on any day, and then foreseen from.
MEASURED_DAYS_AGO = (140, 120, 100, 80, 60, 40, 25, 14, 6)


def _measure(supervisor: Account, plan: Plan) -> None:
    now = timezone.now()
    for days in MEASURED_DAYS_AGO:
        measure_now(list(COUNTS), now - timedelta(days=days))
    measure_now(list(COUNTS), now)
    offered = {indicator.key: indicator for indicator in plans.measured_indicators()}
    for target in Target.objects.filter(plan=plan, repeat_of=None).select_related("indicator"):
        key = next((key for words, key in MEASURED if words in target.indicator.title), "")
        if key in offered:
            plans.bind(supervisor, target, indicator=offered[key], reason="名称和单位一致，由登记册测得。（演示）")
    plans.foresee(now)


def _is_officer(account: Account) -> bool:
    return account.has_role(Role.OFFICER)
