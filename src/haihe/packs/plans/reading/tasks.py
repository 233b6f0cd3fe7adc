"""Tasks: items of the outline with the units that answer for them."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.model import Task, UnitRole
from haihe.packs.plans.reading.outline import Node
from haihe.packs.plans.reading.targets import CLOSING_DATE, DEADLINE, deadline_of
from haihe.packs.plans.reading.units import Found, as_written, duty_list_units, find_units

NOT_WORK = re.compile(
    r"指导思想|原则|总体(?:要求|思路|目标|安排)|工作思路|基本思路|目标|形势|现状|(?:发展|工作|现实)基础|基础条件|保障措施|组织(?:实施|领导|保障)|"
    r"\A(?:工作|实施|政策|强化|加强)?保障|(?:工作|有关|几点|推进|相关)要求|附则|步骤|阶段|背景|意义|反馈|注意事项|情况"
)
LONGEST_HEADING = 24  # longer ones are sentences, in which these words mean something else
FIRST_LEADS = re.compile(
    r"(?:列|排)(?:在)?(?:第一位|首位|第一|最前)(?:的|者)?(?:单位|部门)?(?:为|是)牵头|(?:第一|首个|首位)(?:责任)?单位(?:为|是)牵头"
)
_GROUP_RANGE = re.compile(r"第?\s?(\d+)\s?[—~\-至到]\s?(\d+)\s?项")


# 完成时限：2026年10月, or in the bracket of units at the end of an item: （甲局牵头，2026年12月底前完成）.
_TIME_LIMIT = re.compile(rf"(?:完成|办结)?(?:时[限间])(?:节点|要求|安排)?\s*：\s*{DEADLINE.pattern}")


def _time_limit(text: str) -> str | None:
    match = _TIME_LIMIT.search(text) or CLOSING_DATE.search(text)
    return deadline_of(match) if match else None


def own_text(node: Node) -> str:
    return "\n".join([node.heading + ("。" if node.rest else "") + node.rest, *(text for _, text in node.lines)])


def read_tasks(
    nodes: list[Node], loose: list[tuple[int, str]], lines: list[tuple[int, str]], texts: dict[int, str]
) -> list[Task]:
    """Tasks of one document from its outline. `loose` are lines before the first numbered item."""
    first_leads = any(FIRST_LEADS.search(text) for _, text in loose) or any(
        FIRST_LEADS.search(own_text(n)) for n in nodes
    )
    assigned: dict[int, list[UnitRole]] = {}
    groups: list[tuple[list[Node], list[UnitRole]]] = []
    for node in nodes:
        units: list[UnitRole] = []
        for _, text in [(node.line, _line_text(node)), *node.lines]:
            for found in _units_of_line(text, first_leads):
                target = _group_of(found, text, node, nodes)
                if target:
                    groups.append((target, list(found.units)))
                else:
                    units += found.units
        units = duty_list_units(f"{node.heading}：{node.rest}" if node.rest else node.heading) or units
        if units:
            assigned[id(node)] = list(dict.fromkeys(units))
    for members, units in groups:
        for member in members:
            assigned.setdefault(id(member), units)
    if not assigned:
        return _unassigned(nodes, texts)
    for node in nodes:  # units on a parent's heading hold for children without their own
        if (
            node.children
            and id(node) in assigned
            and not any(id(c) in assigned for c in node.children)
            and _only_heading(node)
        ):
            for child in node.children:
                assigned[id(child)] = assigned[id(node)]
            del assigned[id(node)]
    return [_task(node, tuple(assigned[id(node)]), texts) for node in nodes if id(node) in assigned]


def _line_text(node: Node) -> str:
    return node.heading + ("。" if node.heading and node.rest else "") + node.rest


def _only_heading(node: Node) -> bool:
    return len(node.rest) < 4 and all(len(t) < 120 and find_units(t) for _, t in node.lines)


def _units_of_line(text: str, first_leads: bool) -> list[Found]:
    return find_units(text, first_leads=first_leads)


def _group_of(found: Found, text: str, node: Node, nodes: list[Node]) -> list[Node]:
    inside = found.text
    match = _GROUP_RANGE.search(inside)
    siblings = node.parent.children if node.parent else [node]
    if match:
        low, high = int(match[1]), int(match[2])
        members = []
        for each in nodes:
            digits = re.match(r"\d+", each.number)
            if each.kind == node.kind and digits and low <= int(digits[0]) <= high:
                members.append(each)
        return members
    if re.match(r"（?(?:以上|上述)", inside):
        before = [each for each in siblings if each.line <= node.line]
        return before
    return []


def _is_no_work(heading: str) -> bool:
    return len(heading) <= LONGEST_HEADING and bool(NOT_WORK.search(heading))


def _unassigned(nodes: list[Node], texts: dict[int, str]) -> list[Task]:
    """A document that names no units: the lowest items of its sections of work, those that are no goals, principles or safeguards."""
    # Numbered items under headings that have no number of their own: （一）… （二）… and nothing above them.
    is_flat = len(nodes) >= 3 and not any(n.parent or n.kind in ("chapter", "section", "cn", "title") for n in nodes)
    return [
        _task(node, (), texts)
        for node in nodes
        if node.kind != "run_in"
        and (node.parent is not None or is_flat)
        and not any(_is_no_work(each.heading) for each in [node, *node.ancestors()])
        and not any(each.kind == "box" for each in [node, *node.ancestors()])
        and all(child.kind in ("run_in", "box") for child in node.children)
    ]


def _task(node: Node, units: tuple[UnitRole, ...], texts: dict[int, str]) -> Task:
    heading = node.heading or re.split(r"[。；]", node.rest)[0][:60]
    numbers = [node.line, *(number for number, _ in node.lines)]
    text = "\n".join(texts[number].strip() for number in numbers if texts.get(number, "").strip())
    units = tuple(as_written(unit, text) for unit in units)
    return Task(node.line, node.end_line, node.number, re.sub(r"（(?:牵头|责任).*", "", heading), text, units,
                deadline=_time_limit(own_text(node)))  # fmt: skip
