"""Comparing plans: measured against what people wrote down about real pairs, on invented pairs, and on whatever text comes."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import haihe
from haihe.kernel.errors import InvalidInput
from haihe.packs.plans.comparing import check_bundle, papers_of
from haihe.packs.plans.comparing.compare import Comparison, as_json, compare, kind_of
from haihe.packs.plans.comparing.paper import Paper, Passage, joined
from haihe.packs.plans.comparing.printed import rows_of
from haihe.packs.plans.comparing.wording import amounts, changed_amounts, difference
from haihe.packs.plans.reading import read, read_source
from haihe.packs.plans.reading.load import load_text
from haihe.packs.plans.reading.model import Period

GOLD = Path(__file__).parent / "gold" / "comparisons"
DEMO = Path(haihe.__file__).parent / "demo"
PLANS = Path(os.environ.get("HAIHE_PLANS", "/nowhere"))
needs_plans = pytest.mark.skipif(not PLANS.is_dir(), reason="HAIHE_PLANS is not set")


def paper(text: str) -> list[Paper]:
    return papers_of(read_source(load_text(text, "a.txt")))


def real(number: str) -> list[Paper]:
    return papers_of(read(next(PLANS.glob(f"{number}*"))))


@pytest.fixture(scope="module")
def demo() -> Comparison:
    return compare(papers_of(read(DEMO / "plan-draft.txt")), papers_of(read(DEMO / "plan.txt")))


# --- draft against final ----------------------------------------------------------------------------------------------


def test_the_demos_draft_and_final_differ_as_a_person_lists_it(demo: Comparison) -> None:
    assert demo.kind == "draft"
    changes = demo.changes
    added = [c.b.line for c in changes if c.kinds == ("added",) and c.b]
    assert [c.a.line for c in changes if c.kinds == ("dropped",) and c.a] == [61]  # 文化旅游智能导览
    assert added[0] == 54  # 安全生产风险识别
    assert set(added[1:]) == {94, *range(100, 107)}, "the announced annex and the rows of its table"
    renumbered = {(c.a.line, c.b.line) for c in changes if "renumbered" in c.kinds and c.a and c.b}
    assert renumbered == {(37, 38), (35, 40), (47, 48), (45, 50), (63, 66), (71, 72), (69, 74)}
    units = {c.b.line: (c.units_added, c.units_dropped) for c in changes if "units" in c.kinds and c.b}
    assert units == {44: (("望河城市运营集团有限公司",), ()), 60: (("区政府督查室",), ())}


def test_the_demos_changed_amounts_have_their_old_and_new_value(demo: Comparison) -> None:
    found = {(c.b.line, a.old, a.new) for c in demo.changes if c.b for a in c.amounts}
    wanted = {
        (26, "3.1万个", "3.2万个"), (30, "达到93%", "达到94%"), (30, "达到68%", "达到70%"), (32, "达到7万个", "达到8万个"), (32, "达到97%以上", "达到98%以上"),
        (32, "6小时以内", "5小时以内"), (32, "10个以上", "12至15个"), (32, "达到50亿元以上", "突破60亿元"), (38, "达到0.5EFLOPS", "达到0.6EFLOPS以上"), (42, "30个", "40个"), (48, "不少于2次", "不少于4次"),
        (50, "100个", "120个"), (52, "30处", "35处"), (58, "达到75%以上", "达到80%"), (64, "2400户", "3000户"), (66, "1000名以上", "1200名以上"), (72, "40家", "50家"), (74, "4000人次", "5000人次"),
    }  # fmt: skip
    right = len(found & wanted)
    assert right / len(found) >= 0.95, found - wanted
    assert right / len(wanted) >= 0.9, wanted - found


@needs_plans
def test_a_reported_draft_is_found_again_sentence_by_sentence_in_the_final_text() -> None:
    gold = json.loads((GOLD / "draft-004-001.json").read_text(encoding="utf-8"))
    comparison = compare(real("004"), real("001"))
    assert comparison.kind == "draft"
    pairs = [(c.a, c.b) for c in comparison.changes if c.a and c.b and "merged" not in c.kinds]
    right = sum(
        any(a.line == x and b.line == y and words in b.words for a, b in pairs) for x, y, words in gold["pairs"]
    )
    assert right >= 29, f"{right} of {len(gold['pairs'])}"
    assert len(pairs) <= right + 2, "pairs that no person made"
    for kind, side in (("dropped", "a"), ("added", "b")):
        told = [getattr(c, side) for c in comparison.changes if c.kinds == (kind,)]
        assert all(any(p.line == line and words in p.words for p in told) for line, words in gold[kind])


def test_a_draft_that_did_not_change_has_no_changes() -> None:
    final = papers_of(read(DEMO / "plan.txt"))
    comparison = compare(final, final)
    assert set(comparison.counts) == {"same"} and rows_of(comparison) == []


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("达到50家", "达到500家", [("old", "50"), ("new", "500")]), ("建设平台", "建设共享平台", [("new", "共享")]), ("支持法务应用", "支持应用", [("old", "法务")]),
    ],
)  # fmt: skip
def test_the_difference_names_whole_numbers_and_gives_back_both_texts(old: str, new: str, wanted: list[Any]) -> None:
    pieces = difference(old, new)
    assert [piece for piece in pieces if piece[0] != "same"] == wanted
    assert "".join(text for kind, text in pieces if kind != "old") == new


@given(st.text(alphabet="甲乙丙建设平台10，。A", max_size=40), st.text(alphabet="甲乙丙建设平台10，。A", max_size=40))
@settings(max_examples=150, deadline=None)
def test_of_any_difference_the_old_and_the_new_text_can_be_put_together_again(old: str, new: str) -> None:
    pieces = difference(old, new)
    assert "".join(text for kind, text in pieces if kind != "old") == new
    assert len("".join(text for kind, text in pieces if kind != "new")) == len(old)


def test_money_is_the_same_in_ten_thousands_and_in_hundred_millions_and_names_are_no_amounts() -> None:
    assert changed_amounts("总投资20000万元", "总投资2亿元") == ()
    assert [(a.old, a.new) for a in changed_amounts("总投资2亿元", "总投资3亿元")] == [("2亿元", "3亿元")]
    assert amounts("到2027年底推广5G应用") == []


# --- city against district --------------------------------------------------------------------------------------------


@needs_plans
def test_the_district_clause_that_answers_each_city_clause_comes_first() -> None:
    gold = json.loads((GOLD / "city-001-000.json").read_text(encoding="utf-8"))
    comparison = compare(real("001"), real("000"))
    assert comparison.kind == "city"
    right = told = wanted = 0
    for row in gold["answers"]:
        asked = next(
            a for a in comparison.asked if a.passage.line == row["line"] and row.get("words", "") in a.passage.text
        )
        first = asked.answers[0].passage.line if asked.answers else None
        wanted += bool(row["answer"])
        told += first is not None
        right += first in row["answer"]
        if first in row["answer"]:
            assert asked.answers[0].score > 0 and (asked.answers[0].shared or asked.answers[0].units)
    assert (right / told, right / wanted) >= (0.94, 1.0), (right, told, wanted)
    assert [a.passage.line for a in comparison.asked if a.kind == "unanswered"] == gold["unanswered"]
    named = [a for a in comparison.asked if a.names == "武清区"]
    assert len(named) == 2, "the two parts of the clause that name the district"


def test_a_city_clause_that_names_the_district_and_finds_no_answer_is_said() -> None:
    city = "望河市推进智慧养老行动方案（2025—2027年）\n望河市人民政府\n一、重点任务\n（一）发展智慧康养。支持云溪区建设适老化改造与居家安全监测应用示范，支持其他地区推广护理机器人。\n（二）提升水利监测。各区人民政府布设水位雨量监测设备，建设防汛排涝调度系统和水库大坝安全监测平台。\n"
    district = "云溪区智慧养老实施方案（2025—2027年）\n云溪区人民政府\n一、重点任务\n（一）完善居家照护。开展适老化改造，为独居老人安装居家安全监测终端，建设居家安全监测应用示范社区。\n"
    comparison = compare(paper(city), paper(district))
    assert comparison.kind == "city"
    assert {(a.names, a.kind) for a in comparison.asked} >= {("各区", "unanswered")}
    assert next(a for a in comparison.asked if a.names == "云溪区").answers


# --- two periods ------------------------------------------------------------------------------------------------------

EARLIER = "青岭区智慧城市三年行动计划（2022—2024年）\n一、目标\n到2024年，建成智慧社区示范点20个，培育国家级创新平台2个，5G基站达到3000个，老旧小区改造30个。\n"
LATER = "青岭区智慧城市三年行动计划（2025—2027年）\n一、目标\n到2027年，建成智慧社区示范点45个，培育市级创新平台4个，5G基站达到3000个，形成高质量数据集60个。\n"


def test_targets_of_two_periods_go_on_end_or_are_new() -> None:
    comparison = compare(paper(EARLIER), paper(LATER))
    assert comparison.kind == "period"
    found = {(t.kind, t.a.value if t.a else None, t.b.value if t.b else None) for t in comparison.targets}
    assert found == {("continued", 20, 45), ("same", 3000, 3000), ("new", None, 4), ("new", None, 60), ("ended", 2, None), ("ended", 30, None)}  # fmt: skip


@needs_plans
def test_one_target_of_2018_goes_on_in_2025_and_the_rest_are_new() -> None:
    comparison = compare(real("002"), real("000"))
    assert comparison.kind == "period"
    assert [(t.a.line, t.b.line) for t in comparison.targets if t.kind in ("continued", "same") and t.a and t.b] == [(682, 22)]  # fmt: skip


# --- choosing, size and odd text ---------------------------------------------------------------------------------------


@needs_plans
@pytest.mark.parametrize(
    ("a", "b", "kind"), [("004", "001", "draft"), ("001", "000", "city"), ("002", "000", "period")]
)
def test_the_kind_of_comparison_is_chosen_from_titles_issuers_and_dates(a: str, b: str, kind: str) -> None:
    assert kind_of(joined(real(a)), joined(real(b))) == kind


def test_nothing_to_compare_and_an_unknown_kind_are_refused_in_words() -> None:
    with pytest.raises(InvalidInput):
        compare([], paper(LATER))
    with pytest.raises(InvalidInput):
        compare(paper(EARLIER), paper(LATER), "sideways")


def made_up(clauses: int) -> tuple[Paper, Paper]:
    """A plan and its next version: each clause reworded, moved and renumbered, a twentieth dropped."""
    pick = random.Random(7)
    words = ["".join(pick.choices("建设推动支持加快智能数据平台应用场景产业企业系统服务治理安全交通医疗教育", k=pick.randint(2, 4))) for _ in range(900)]  # fmt: skip
    ours = []
    for n in range(clauses):
        text = "，".join("".join(pick.choices(words, k=4)) for _ in range(9)) + f"，达到{n}个。"
        ours.append(Passage(n + 1, f"{n + 1}.", pick.choice(words), "任务", text, text, ("区数据局",)))
    theirs = [replace(p, words=p.words.replace("达到", "达到1"), number=f"{p.line + 1}.") for p in ours if p.line % 20]
    pick.shuffle(theirs)
    one = Paper("甲区方案", "plan", "draft", "", "", Period("2025", "2027"), tuple(ours), ())
    return one, replace(one, passages=tuple(theirs), status="final")


def test_five_hundred_clauses_in_another_order_are_each_found_again() -> None:
    a, b = made_up(500)
    comparison = compare([a], [b])
    assert comparison.counts["dropped"] == 25 and "added" not in comparison.counts
    assert all(c.a.line == c.b.line for c in comparison.changes if c.a and c.b and "merged" not in c.kinds)


@needs_plans
def test_a_bundle_with_the_same_clause_in_ten_plans_equals_itself() -> None:
    assert set(compare(real("002"), real("002")).counts) == {"same"}


@pytest.mark.all
@needs_plans
def test_five_megabytes_are_compared_and_checked_to_the_end() -> None:
    text = next(PLANS.glob("002*")).read_text(encoding="utf-8") * 32
    rows = "甲区行动计划（2025—2027年）\n一、目标\n" + "".join(
        f"（{n % 9 + 1}）建设平台{n}个。\n" for n in range(10_000)
    )
    for content in (text, rows, "甲区行动计划\n" + "建设平台10个，" * 100_000):
        reading = read_source(load_text(content, "big.txt"))
        check_bundle(reading.documents, reading.source.lines)
        papers = papers_of(reading)
        assert not papers or set(compare(papers, papers).counts) == {"same"}


LINES = st.sampled_from(["一、目标", "二、任务", "（一）建设平台。建设平台10个。", "（一）建设平台。建设平台20个。", "到2027年，建设平台10个，完成30%。", "附件：任务表", "序号\t任务\t责任单位\t完成时限", "1\t建设平台\t区数据局\t2026年", "合计\t3\t4\t5", "甲区行动计划（2025—2027年）", "《甲区行动计划》", "。；、", "", "第一阶段（2025年1月—2026年1月）。", "总投资3亿元，其中市级1亿元，区级5000万元。", "一是推进。二是加快。", "\x00\ufeff﹏"])  # fmt: skip


@given(st.lists(LINES, max_size=14), st.lists(LINES, max_size=14), st.sampled_from(["draft", "city", "period", None]))
@settings(max_examples=60, deadline=None)
def test_no_text_makes_comparing_or_checking_fail(one: list[str], two: list[str], kind: str | None) -> None:
    readings = [read_source(load_text("x" + "\n".join(lines), "a.txt")) for lines in (one, two)]
    for reading in readings:
        json.dumps([f.as_json() for f in check_bundle(reading.documents, reading.source.lines)])
    papers = [papers_of(reading) for reading in readings]
    if all(papers):
        comparison = compare(papers[0], papers[1], kind)
        json.dumps(as_json(comparison))
        rows_of(comparison)
