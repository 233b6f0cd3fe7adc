"""What each kind of paper says, from the ledger as it stands on a day. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from haihe.kernel.errors import InvalidInput
from haihe.kernel.organisations import Organisation
from haihe.packs.plans.models import Plan, Report, Task, TaskUnit
from haihe.packs.plans.papers.content import Block, Paper, written_day
from haihe.packs.plans.papers.wording import work_of
from haihe.packs.plans.progress import Programme, light

ACCOUNTABLE = (TaskUnit.Role.LEAD, TaskUnit.Role.RESPONSIBLE)
LIGHTS_ZH = {"red": "已逾期", "amber": "临近时限", "green": "按期推进", "closed": "已办结", "none": "未定时限"}
STATES_ZH = {"met": "已达成", "on_track": "进度正常", "at_risk": "进度偏慢", "late": "落后", "no_data": "尚无数据"}
LONGEST_PROGRESS = 200


@dataclass(frozen=True)
class Sender:
    """Who issues: the organ in the red mark and who prints; `copy_to` and a person's own words where wanted."""

    organ: str
    printed_by: str = ""
    copy_to: str = ""
    words: str = ""


def supervision_notice(sender: Sender, tasks: Sequence[Task], today: date, answer_by: date | None = None) -> Paper:
    """督办单: what is supervised, what is required, how it stands, and until when to answer."""
    _demand_tasks(tasks)
    name = f"“{tasks[0].heading}”" + ("等任务" if len(tasks) > 1 else "任务")
    blocks = [Block("一、督办事项", 1)]
    for number, task in enumerate(tasks, start=1):
        if len(tasks) > 1:
            blocks.append(Block(f"（{_numeral(number)}）{task.heading}", 2))
        blocks += [Block(text) for text in _matter_of(task, today)]
    until = f"请于{written_day(answer_by)}前" if answer_by else "请于收到本督办单后"
    blocks += [Block("二、办理要求", 1), Block(f"请牵头单位会同配合单位逐项落实，明确责任人和完成时间。{until}将办理情况、存在问题和下一步安排书面报送本机关，并附佐证材料。")]  # fmt: skip
    units = units_of(tasks)
    return _paper("supervision_notice", sender, f"关于{name}的督办单", today, blocks, units, tasks)


def chasing_letter(sender: Sender, unit: Organisation, tasks: Sequence[Task], today: date) -> Paper:
    """催办函: to one unit, everything of its that is late or about to be."""
    _demand_tasks(tasks)
    late = sum(1 for task in tasks if light(task, today) == "red")
    said = f"经梳理，你单位承担的下列{len(tasks)}项任务需抓紧办理" + (f"，其中{late}项已逾期" if late else "") + "。请核实进展、说明原因，尽快推进并反馈办理情况。"  # fmt: skip
    rows = tuple(
        (str(n), task.heading, _deadline(task), _overdue(task, today), _progress(task))
        for n, task in enumerate(tasks, start=1)
    )
    table = Block(head=("序号", "任务", "完成时限", "状态", "最近进展"), rows=rows, widths=(9, 27, 25, 15, 24))
    return _paper("chasing_letter", sender, "关于催办重点任务的函", today, [Block(said), table, Block("特此函告。")], [unit], tasks)  # fmt: skip


def bulletin(sender: Sender, found: Programme, title: str = "") -> Paper:
    """通报: the whole programme on its day: figures, targets, units, what is late."""
    today, counts = found.today, found.by_standing()
    done = sum(1 for task in found.tasks if task.state == Task.State.CLOSED)
    plans = "、".join(f"《{plan.title}》" for plan in found.plans if plan.kind == "plan")
    blocks = [
        Block(f"现将{plans or '各项规划'}重点任务截至{written_day(today)}的进展情况通报如下。"), Block("一、总体情况", 1),
        Block(f"共有任务{len(found.tasks)}项，已办结{done}项，逾期未办结{len(found.late)}项；指标{len(found.standings)}项，" + "，".join(f"{STATES_ZH[state]}{n}项" for state, n in counts.items() if n) + "。"),
        Block("二、指标进展", 1), *_target_table(found), Block("三、各单位任务情况", 1), _unit_table(found),
    ]  # fmt: skip
    if found.late:
        blocks += [Block("四、逾期任务", 1), _late_table(found)]
    blocks.append(Block("请各责任单位对照差距，抓紧推进，按期完成各项目标任务。"))
    units = list({u.pk: u for t in found.tasks for u in units_of([t], every=True)}.values())
    heading = title.strip() or f"关于{today.year}年重点任务进展情况的通报"
    return _paper("bulletin", sender, heading, today, blocks, units, found.tasks, to="各有关单位")


def ledger(sender: Sender, plan: Plan | None, tasks: Sequence[Task], year: int, today: date) -> Paper:
    """年度工作台账: every task that is due in the year, is late from before or was closed in it, across a page."""
    rows = tuple(
        (
            str(n), _named(task), _names(task, ACCOUNTABLE), _names(task, (TaskUnit.Role.SUPPORT,)), _deadline(task),
            _progress(task), LIGHTS_ZH[light(task, today)], written_day(task.closed_at.date()) if task.closed_at else "",
        )
        for n, task in enumerate(tasks, start=1)
    )  # fmt: skip
    head = ("序号", "任务", "牵头（责任）单位", "配合单位", "完成时限", "进展情况", "状态", "办结日期")
    table = Block(head=head, rows=rows, widths=(12, 42, 27, 26, 35, 28, 20, 35))
    title = f"{plan.title if plan else '重点任务'}{year}年度工作台账"
    blocks = [table] if rows else [Block("本年度没有任务。")]
    return _paper("ledger", sender, title, today, blocks, [], tasks)


# --- pieces ---------------------------------------------------------------------------------------------------------


def _paper(
    kind: str, sender: Sender, title: str, day: date, blocks: Sequence[Block], units: Sequence[Organisation], tasks: Sequence[Task], to: str = "",
) -> Paper:  # fmt: skip
    own = [Block(line.strip()) for line in sender.words.splitlines() if line.strip()]
    return Paper(
        kind=kind, organ=sender.organ, title=title, day=day, signed=sender.organ, blocks=(*blocks, *own), copy_to=sender.copy_to.rstrip("。"),
        printed_by=sender.printed_by, to=to or "、".join(str(unit) for unit in units), addressees=tuple(u.pk for u in units),
        about=tuple(task.pk for task in tasks),
    )  # fmt: skip


def _demand_tasks(tasks: Sequence[Task]) -> None:
    if not tasks:
        raise InvalidInput("没有可写入文书的任务。", "There is no task for the paper to be about.", where="tasks",
                           to_do_zh="请选择任务，或换一个单位。", to_do_en="Choose tasks, or another unit.")  # fmt: skip


def units_of(tasks: Sequence[Task], *, every: bool = False) -> list[Organisation]:
    """The linked units that are accountable for the tasks (every linked unit where none is, or where wanted)."""
    linked = [part for task in tasks for part in task.units.select_related("organisation") if part.organisation]
    chosen = [part for part in linked if every or part.role in ACCOUNTABLE] or linked
    return list(dict.fromkeys(part.organisation for part in chosen if part.organisation is not None))


def _matter_of(task: Task, today: date) -> list[str]:
    """Where the task comes from, what it asks for, and how it stands."""
    source = f"《{task.plan.title}》（原文第{task.clause.line}行）提出：{_work(task)}"
    standing = f"完成时限：{_deadline(task) or '未定'}。目前{_overdue(task, today)}。"
    progress = _progress(task)
    return [source, standing + (f"最近一次填报：{progress}" if progress else "尚未填报进展。")]


def _work(task: Task) -> str:
    """What the plan asks for; of a row of a table only its heading, because the rest of the row names units and days."""
    content = task.clause.current
    work = work_of(content)
    is_row = any(work.startswith(unit["name"]) for unit in content.get("units") or ())
    return task.heading if is_row or not work else work


def _named(task: Task) -> str:
    """1．完成普查: a bare number is set off from the words."""
    point = "．" if task.number[-1:].isalnum() else ""
    return f"{task.number}{point}{task.heading}"


def _progress(task: Task) -> str:
    report = task.reports.exclude(kind=Report.Kind.RETURNED).first()
    if report is None:
        return ""
    text = " ".join(report.text.split())
    return text if len(text) <= LONGEST_PROGRESS else text[:LONGEST_PROGRESS] + "……"


def _deadline(task: Task) -> str:
    return written_day(task.deadline) if task.deadline else ""


def _overdue(task: Task, today: date) -> str:
    lamp = light(task, today)
    return f"逾期{(today - task.deadline).days}天" if lamp == "red" and task.deadline else LIGHTS_ZH[lamp]


def _names(task: Task, roles: Sequence[str]) -> str:
    return "、".join(str(part.organisation or part.name) for part in task.units.all() if part.role in roles)


def _target_table(found: Programme) -> list[Block]:
    rows = tuple(
        (str(n), str(row.target), row.target.goal, "—" if row.assessment.actual is None else f"{row.assessment.actual:,g}", STATES_ZH[row.assessment.state])
        for n, row in enumerate(found.standings, start=1)
    )  # fmt: skip
    return [Block(head=("序号", "指标", "目标", "现值", "进度"), rows=rows, widths=(9, 41, 22, 14, 14))] if rows else [Block("没有指标。")]  # fmt: skip


def _unit_table(found: Programme) -> Block:
    rows = tuple((u.name, *(str(n) for n in (u.total, u.closed, u.under_way, u.unaccepted, u.late))) for u in found.units)  # fmt: skip
    return Block(head=("单位", "任务", "办结", "办理中", "未签收", "逾期"), rows=rows, widths=(40, 12, 12, 12, 12, 12))


def _late_table(found: Programme) -> Block:
    rows = tuple(
        (str(n), task.heading, _names(task, ACCOUNTABLE), _overdue(task, found.today))
        for n, task in enumerate(found.late, start=1)
    )
    return Block(head=("序号", "任务", "责任单位", "情况"), rows=rows, widths=(9, 47, 26, 18))


def _numeral(number: int) -> str:
    """1 → 一, 12 → 十二; what stands before headings. Up to 99."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else digits[tens]) + "十" if tens else ""
    return head + (digits[ones] if ones or not tens else "")
