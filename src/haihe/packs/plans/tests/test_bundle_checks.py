"""Finding what contradicts itself: measured against the places that a person found, and each check on a text of our own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from haihe.packs.plans.comparing import check_bundle
from haihe.packs.plans.comparing.finding import Finding
from haihe.packs.plans.reading import read, read_source
from haihe.packs.plans.reading.load import load_text

HERE = Path(__file__).parent
GOLD = HERE / "gold" / "findings"
PLANS = Path(os.environ.get("HAIHE_PLANS", "/nowhere"))
TITLE = "甲区智慧治理行动计划（2025—2027年）\n"


def findings(text: str) -> list[Finding]:
    reading = read_source(load_text(text, "a.txt"))
    return check_bundle(reading.documents, reading.source.lines)


def score(found: list[Finding], gold: list[dict]) -> tuple[int, list[dict], list[Finding]]:
    """How many gold entries were found, which not, and the findings that no person listed. Each counts once."""
    left = list(found)
    missed = []
    for entry in gold:
        match = next(
            (f for f in left if f.kind == entry["kind"] and set(entry["lines"]) <= {p.line for p in f.places}), None
        )
        left.remove(match) if match else missed.append(entry)
    return len(gold) - len(missed), missed, left


@pytest.mark.skipif(not PLANS.is_dir(), reason="HAIHE_PLANS is not set")
def test_what_a_person_found_in_the_real_documents_is_found_with_few_false_alarms() -> None:
    right = told = wanted = 0
    for path in sorted(GOLD.glob("0*.json")):
        gold = json.loads(path.read_text(encoding="utf-8"))
        reading = read(next(PLANS.glob(f"{path.stem}*")))
        found = check_bundle(reading.documents, reading.source.lines)
        count, missed, more = score(found, gold)
        print(
            path.stem,
            f"gold {len(gold)} found {count} false {len(more)}",
            [m["lines"] for m in missed],
            [f.why_zh for f in more],
        )
        assert all(entry.get("missed") for entry in missed), missed
        right, told, wanted = right + count, told + len(found), wanted + len(gold)
    print(f"precision {right}/{told}, recall {right}/{wanted}")
    assert right / told >= 0.95 and right / wanted >= 0.8


def test_in_the_invented_plans_nothing_is_found_but_what_is_there() -> None:
    gold = json.loads((GOLD / "styles.json").read_text(encoding="utf-8"))
    for path in sorted((HERE / "styles").glob("*.txt")):
        reading = read(path)
        _, missed, more = score(check_bundle(reading.documents, reading.source.lines), gold.get(path.stem, []))
        assert not missed and not more, (path.name, missed, more)


BAD = {
    "numbers": "一、目标\n到2027年，智慧社区示范点达到20个。\n二、任务\n（一）推进社区。到2027年，智慧社区示范点达到30个。\n",
    "strength": "一、目标\n到2027年，核心产业规模达到20亿元。\n二、任务\n（一）壮大产业。力争到2027年核心产业规模达到20亿元。\n",
    "numbering": "一、目标\n推进治理。\n二、任务\n（一）建平台。\n（二）建系统。\n（四）建网络。\n三、保障\n加强领导。\n",
    "period": "一、目标\n到2027年，平台基本建成。\n二、任务\n（一）建平台。到2029年，全部街道接入平台。\n",
    "phases": "一、安排\n（一）启动阶段（2025年1月—2026年3月）。启动。\n（二）推进阶段（2025年10月—2027年6月）。推进。\n",
    "table": "一、资金\n序号\t项目名称\t建设内容\t投资估算\n1\t甲项目\t软件\t300\n2\t乙项目\t硬件\t500\n合计\t\t\t900\n",
    "sum": "一、资金\n项目总投资1.5亿元，其中市级资金5000万元，区级配套8000万元。\n二、任务\n（一）建平台。\n",
    "count": "一、目标\n推进治理。\n二、任务\n实施四项重点工程，打造样板。\n（一）平台工程。建平台。\n（二）网络工程。建网络。\n（三）数据工程。建数据库。\n",
    "term": "一、目标\n推广NB-IoT应用。\n二、任务\n（一）建网络。推广NB-LoT技术。\n",
    "repeated": "一、目标\n加快推动新媒体和数字出版等新兴产业的应用，加快推动新媒体和数字出版等新兴产业融合发展。\n二、任务\n（一）建平台。\n",
    "own_title": "为推进治理，制定本实施方案。\n一、目标\n推进治理。\n二、任务\n（一）建平台。\n",
    "cited": "一、依据\n按照《甲区急需紧缺专业人才目录》执行。\n二、任务\n（一）引人才。列入《甲区急需紧缺专业目录》的给予支持。\n",
}  # fmt: skip
GOOD = {
    "numbers": "一、目标\n到2026年，智慧社区示范点达到20个；到2027年，智慧社区示范点达到30个。\n二、任务\n（一）推进社区。每年新增智慧社区示范点5个。\n",
    "numbering": "一、目标\n推进治理。\n二、任务\n（一）建平台。\n（二）建系统。\n三、保障\n（三）建网络。\n",
    "period": "实施期限为2025年至2027年，展望到2030年。\n一、目标\n到2030年，全面建成。\n",
    "phases": "一、安排\n（一）启动阶段（2025年1月—2025年9月）。启动。\n（二）推进阶段（2025年10月—2027年6月）。推进。\n",
    "table": "一、资金\n序号\t项目名称\t建设内容\t投资估算\n1\t甲项目\t软件\t300\n2\t乙项目\t硬件\t500\n合计\t\t\t800\n",
    "sum": "一、资金\n项目总投资1.3亿元，其中市级资金5000万元，区级配套8000万元。\n二、任务\n（一）建平台。\n",
    "count": "一、目标\n推进治理。\n二、任务\n实施三项重点工程，打造样板。\n（一）平台工程。建平台。\n（二）网络工程。建网络。\n（三）数据工程。建数据库。\n",
    "own_title": "为推进治理，制定本行动计划。\n一、目标\n推进治理。\n",
}  # fmt: skip


PHASES = [
    "阶段划分\t建设内容\t数量\t单价（万元）\t小计（万元）", "第一期\t数据中心\t2\t600\t1200", "第一期\t管理平台\t1\t600\t600", "小计\t\t\t\t1800",
    "第二期\t远程门诊\t1\t900\t900", "第二期\t智慧医院\t3\t300\t900", "小计\t\t\t\t1800", "合计\t\t\t\t3600",
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "wrong", "said"),
    [
        (3, "1900", "各行之和为 1800，合计写为 1900"),
        (7, "3800", "各行之和为 3600，合计写为 3800"),
        (1, "1300", "数量乘单价为 1200"),
    ],
)
def test_costs_add_up_line_by_line_phase_by_phase_and_as_a_whole(row: int, wrong: str, said: str) -> None:
    """Quantity times price, lines against their phase, phases against the plan: each sum that disagrees is told."""
    head = TITLE + "一、任务\n（一）建平台。\n二、资金\n"
    assert not findings(head + "\n".join(PHASES) + "\n")
    rows = [*PHASES[:row], PHASES[row].rsplit("\t", 1)[0] + f"\t{wrong}", *PHASES[row + 1 :]]
    found = findings(head + "\n".join(rows) + "\n")
    assert [f for f in found if said in f.why_zh], [f.why_zh for f in found]


@pytest.mark.parametrize("kind", BAD)
def test_each_check_finds_its_fault_and_says_where_why_and_what_to_do(kind: str) -> None:
    found = [f for f in findings(TITLE + BAD[kind]) if f.kind == kind]
    assert len(found) == 1, [f.kind for f in findings(TITLE + BAD[kind])]
    lines = (TITLE + BAD[kind]).split("\n")
    assert all(place.quote and place.quote in lines[place.line - 1] for place in found[0].places)
    assert found[0].why_zh and found[0].why_en and found[0].to_do_zh and found[0].to_do_en


@pytest.mark.parametrize("kind", GOOD)
def test_the_same_text_without_its_fault_is_left_alone(kind: str) -> None:
    assert not [f for f in findings(TITLE + GOOD[kind]) if f.kind == kind]


def test_a_findings_key_stays_when_lines_are_put_in_before_it() -> None:
    first = findings(TITLE + BAD["table"])[0]
    later = findings(TITLE + "前言一段话。\n\n" + BAD["table"])[0]
    assert first.key == later.key and first.places[0].line + 2 == later.places[0].line
