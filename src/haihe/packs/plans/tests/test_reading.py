"""The reader: numbers, units, outline and documents in the forms of the genre, on texts of our own; and no text makes it fail."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import haihe
from haihe.packs.plans.reading import metadata, read, read_source
from haihe.packs.plans.reading.export import to_json
from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.load import load_text
from haihe.packs.plans.reading.numbers import chinese_number, quantities
from haihe.packs.plans.reading.outline import numbering_of, outline
from haihe.packs.plans.reading.phases import read_phases
from haihe.packs.plans.reading.schema import JSON_SCHEMA
from haihe.packs.plans.reading.score import Report, score_folder
from haihe.packs.plans.reading.systems import read_systems
from haihe.packs.plans.reading.targets import read_targets
from haihe.packs.plans.reading.units import find_units

HERE = Path(__file__).parent
STYLES = HERE / "styles"
DEMO = Path(haihe.__file__).parent / "demo"


# --- systems --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("搭建城市运行平台、应急指挥系统和水情数据库。", [("搭建", "城市运行平台"), ("搭建", "应急指挥系统"), ("搭建", "水情数据库")]),
        ("打造医疗、医保、医药一体化健康平台", [("打造", "医疗、医保、医药一体化健康平台")]),
        ("建设安全可靠、高速泛在的算力传输网络", [("建设", "算力传输网络")]),
        ("推进港口“智慧大脑”建设", [("推进", "港口“智慧大脑”")]),
        ("在教育、农业等领域打造智慧助教平台", [("打造", "智慧助教平台")]),
        ("建设2至5个国家级创新平台", []), ("依托区云计算中心，提供服务", []), ("目前已建成区级政务云平台。", []), ("线上线下对接平台", []),
        ("构建协同推进机制，培育创新平台", []), ("开发桥梁监测系统（一期）", [("开发", "桥梁监测系统")]),
    ],
)  # fmt: skip
def test_named_systems_are_the_items_that_a_verb_of_building_governs(text: str, expected: list) -> None:
    found = read_systems(1, text, normalised(text))
    assert [(system.verb, system.name) for system in found] == expected
    assert all(text[slice(*system.span)] == system.name for system in found)


def test_a_number_of_people_does_not_take_the_first_letter_of_the_next_word() -> None:
    found = read_targets(1, "引育100名人工智能人才。", "引育100名人工智能人才。")
    assert [(target.subject, target.unit, target.value_as_written) for target in found] == [
        ("人工智能人才", "名", "100名")
    ]


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("建成50个以上", (50, None, ">=", "个")), ("突破1000亿元", (1000, None, ">", "亿元")), ("机柜3万架", (30000, None, "=", "架")),
        ("3至4个", (3, 4, "range", "个")), ("3—5个", (3, 5, "range", "个")), ("20~100万元", (20, 100, "range", "万元")), ("80余万份", (800000, None, ">", "份")),
        ("达到30EFlops", (30, None, "=", "EFlops")), ("不少于200家", (200, None, ">=", "家")), ("5名左右", (5, None, "~", "名")), ("1,200个", (1200, None, "=", "个")),
        ("8%以内", (8, None, "<=", "%")), ("10分钟以内", (10, None, "<=", "分钟")), ("１２３个", (123, None, "=", "个")), ("1.2万亿元", (12000, None, "=", "亿元")),
        ("5000万台（套）", (50000000, None, "=", "台")), ("近800万份", (8000000, None, "<", "份")),
    ],
)  # fmt: skip
def test_quantities_are_read_with_unit_and_comparator(text: str, expected: tuple) -> None:
    found = quantities(normalised(text))
    assert [(q.value, q.value_max, q.comparator, q.unit) for q in found] == [expected]


@pytest.mark.parametrize(
    ("text", "value"), [("十", 10), ("十二", 12), ("二十", 20), ("两百零五", 205), ("二〇二五", 2025), ("三千", 3000)]
)
def test_chinese_numerals(text: str, value: int) -> None:
    assert chinese_number(text) == value


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("到2027年，引进项目30个以上；形成数据集100个。", [(30, "target", "2027"), (100, "target", "2027")]),
        ("截至2024年底，全市建成工厂142家。", [(142, "baseline", "2024")]),
        ("上架率由2024年的54.6%提高到65%。", [(54.6, "baseline", "2024"), (65, "target", None)]),
        ("对获得认定的企业给予50万元奖励。", []),
        ("推进5G网络建设，服务热线24小时不间断。", []),
        ("对年营业收入超过1亿元的企业实行专员服务。", []),
        ("依据《方案（2025—2027年）》（政办发〔2025〕12号）执行。", []),
        ("培育年营业收入10亿元以上的企业15家。", [(15, "target", None)]),
        ("每年举办活动2次。", [(2, "target", None)]),
        ("2026年6月底前完成18个系统对接。", [(18, "target", "2026-06")]),
        ("产业规模翻一番。", [(2, "target", None)]),
        ("实现产值倍增。", [(2, "target", None)]), ("实施“倍增计划”。", []),
        ("人均预期寿命达到79岁，平均受教育年限达到11.5年。", [(79, "target", None), (11.5, "target", None)]),
        ("为60岁以上老年人提供服务。", []), ("会同10部门联合印发。", []),
        ("80%以上的企业完成改造。", [(80, "target", None)]), ("1000人以上的自然村实现覆盖。", []),
        ("平均时间由目前的3个工作日压缩至1个工作日以内。", [(3, "baseline", None), (1, "target", None)]),
        ("2018—2020年，新建学校70所。", [(70, "target", "2020")]),
        ("完成站点8000处。（某司牵头，2027年10月完成）", [(8000, "target", "2027-10")]),
        ("新建站点8000处。（责任单位：市甲局；完成时限：2027年10月）", [(8000, "target", None)]),
    ],
)  # fmt: skip
def test_what_a_sentence_commits_to(text: str, rows: list) -> None:
    assert [(t.value, t.kind, t.deadline) for t in read_targets(1, text, normalised(text))] == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("高压、低压报装时间分别压缩至40个、5个工作日以内。", [(40, "<=", "个工作日"), (5, "<=", "个工作日")]),
        ("三年分别引进项目30、50、80个。", [(30, "=", "个"), (50, "=", "个"), (80, "=", "个")]),
        ("每个县至少建设1个中心。", [(1, ">=", "个")]), ("按不低于装机容量15%配置。", [(15, ">=", "%")]),
        ("PUE值降至1.3以下，园区电能利用效率不高于1.15。", [(1.3, "<=", ""), (1.15, "<=", "")]),
        ("平均浓度控制在30微克/立方米以下。", [(30, "<=", "微克/立方米")]), ("粮食产量稳定在2亿斤以上。", [(2e8, ">=", "斤")]),
    ],
)  # fmt: skip
def test_comparators_and_units_that_numbers_share(text: str, rows: list) -> None:
    found = read_targets(1, text, normalised(text))
    assert [(t.value, t.comparator, t.unit or "") for t in found] == rows


def test_units_are_kept_as_written_and_in_one_spelling() -> None:
    found = read_targets(1, "", normalised("算力达到30EFlops，覆盖5平方千米。"))
    assert [(t.unit, t.unit_normalised) for t in found] == [("EFlops", "EFLOPS"), ("平方千米", "平方公里")]


def test_striving_is_told_from_binding() -> None:
    found = read_targets(1, "", normalised("力争产业规模突破500亿元，建成场景50个。"))
    assert [t.strength for t in found] == ["strive", "binding"]


# --- units ----------------------------------------------------------------------------------------------------------


def units_in(text: str, **how: bool) -> list[tuple[str, str]]:
    return [(unit.name, unit.role) for found in find_units(normalised(text), **how) for unit in found.units]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("内容。（责任单位：区甲局、区乙委，各镇街园区等）", [("区甲局", "responsible"), ("区乙委", "responsible"), ("各镇街园区", "responsible")]),
        ("内容。（牵头单位：区甲局；责任单位：区乙委、区丙办等有关部门）", [("区甲局", "lead"), ("区乙委", "responsible"), ("区丙办", "responsible")]),
        ("内容。（牵头单位：区甲局，配合单位：区乙委、区丙办）", [("区甲局", "lead"), ("区乙委", "support"), ("区丙办", "support")]),
        ("内容。（市甲局、市乙局按职责分工负责）", [("市甲局", "responsible"), ("市乙局", "responsible")]),
        ("内容。（省甲厅牵头，省乙厅、省丙厅参加）", [("省甲厅", "lead"), ("省乙厅", "support"), ("省丙厅", "support")]),
        ("内容。（省甲厅、省乙厅）", [("省甲厅", "responsible"), ("省乙厅", "responsible")]),
        ("内容。（责任单位：区网信办、工信委、财政局）", [("区网信办", "responsible"), ("区工信委", "responsible"), ("区财政局", "responsible")]),
        ("内容。（责任单位：区财政局（区金融办）、区甲局）", [("区财政局（区金融办）", "responsible"), ("区甲局", "responsible")]),
        ("内容. [责任单位:市甲局,市乙局;配合单位:丙供电公司]", [("市甲局", "responsible"), ("市乙局", "responsible"), ("丙供电公司", "support")]),
        ("牵头单位：市甲局", [("市甲局", "lead")]),
        ("建立档案。责任部门：省甲厅、省乙厅；完成时间：2026年10月。", [("省甲厅", "responsible"), ("省乙厅", "responsible")]),
        ("部门分工：市甲局牵头，市乙局、市丙局配合。", [("市甲局", "lead"), ("市乙局", "support"), ("市丙局", "support")]),
        ("推进图形处理器（GPU）研发（包括芯片、整机等）。", []),
        ("支持企业（含中小企业、个体工商户）发展。", []),
        ("内容。（区甲局牵头负责，2026年6月底前完成）", [("区甲局", "lead")]),
        ("内容。（责任单位：☆市甲局、市乙局。标☆的为牵头单位，下同）", [("市甲局", "lead"), ("市乙局", "responsible")]),
        ("内容。（责任单位：省甲厅（牵头）、省乙厅）", [("省甲厅", "lead"), ("省乙厅", "responsible")]),
        ("内容。（由市甲局负责牵头，市乙局、丙供电公司等单位配合）", [("市甲局", "lead"), ("市乙局", "support"), ("丙供电公司", "support")]),
        ("内容。（省甲厅、乙厅按职责分工负责，各市人民政府结合实际落实）", [("省甲厅", "responsible"), ("省乙厅", "responsible"), ("各市人民政府", "responsible")]),
        ("内容。（责任单位：市甲局等市直有关部门，各市、州、县人民政府）", [("市甲局", "responsible"), ("各市、州、县人民政府", "responsible")]),
        ("内容。（责任单位：自治区甲委、乙厅，各盟市）", [("自治区甲委", "responsible"), ("自治区乙厅", "responsible"), ("各盟市", "responsible")]),
        ("内容。（牵头单位为市甲委，责任单位为市乙局）", [("市甲委", "lead"), ("市乙局", "responsible")]),
        ("内容。（市甲局 市乙局 各区政府）", [("市甲局", "responsible"), ("市乙局", "responsible"), ("各区政府", "responsible")]),
        ("内容。（责任单位：市甲局牵头，市乙局、各区配合）", [("市甲局", "lead"), ("市乙局", "support"), ("各区", "support")]),
        ("改善各乡镇（街道）环境。", []),
    ],
)  # fmt: skip
def test_units_in_every_form(text: str, expected: list) -> None:
    assert units_in(text) == expected


def test_where_the_first_one_leads_the_others_are_responsible() -> None:
    assert units_in("内容。（州甲局、州乙局）", first_leads=True) == [("州甲局", "lead"), ("州乙局", "responsible")]


# --- phases and cited documents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("（一）启动阶段（2024年3月底前）。印发方案。", ("启动阶段", None, "2024-03")), ("第二阶段：2024年4月至12月", ("第二阶段", "2024-04", "2024-12")),
        ("近期（2021—2023年）", ("近期", "2021", "2023")), ("2024年3月至5月为动员部署阶段。", ("动员部署阶段", "2024-03", "2024-05")),
        ("（一）动员部署（2024年3月）", ("动员部署", "2024-03", "2024-03")), ("方案（2025—2027年）", None),
    ],
)  # fmt: skip
def test_phases_in_every_form(text: str, expected: tuple | None) -> None:
    found = [(phase.name, phase.start, phase.end) for phase in read_phases([(1, normalised(text))])]
    assert found == ([expected] if expected else [])


def test_references_have_their_numbers_and_no_short_names() -> None:
    text = "根据《甲省意见》（甲发〔2022〕 32 号，以下简称《意见》）和《乙办法》，落实《意见》。"
    found = metadata.references([(1, normalised(text))], [text])
    assert [(each.title, each.number) for each in found] == [("甲省意见", "甲发〔2022〕 32 号"), ("乙办法", None)]


# --- outline --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "一、目标",
        "（一）夯实",
        "1．强化",
        "1.强化",
        "1、强化",
        "（1）强化",
        "1）强化",
        "① 强化",
        "第一章 总则",
        "第一节 任务",
        "一是加强",
        "(二) 推进",
        "2.1 拓展",
    ],
)
def test_numbers_of_every_spelling_are_known(text: str) -> None:
    assert numbering_of(normalised(text)) is not None


@pytest.mark.parametrize(
    "text", ["2025年全市", "1.5万个", "十大行动正在推进", "3至4个聚集区", "本方案自印发之日起实施。", "1,200家企业"]
)
def test_a_sentence_that_begins_with_a_number_is_no_item(text: str) -> None:
    assert numbering_of(normalised(text)) is None


def test_items_nest_by_their_numbers() -> None:
    lines = [
        (n, normalised(t))
        for n, t in enumerate(
            ["一、任务", "（一）底座", "1．算力。加快建设。", "2．网络。加快建设。", "（二）应用", "二、保障"], start=1
        )
    ]
    assert [(node.number, node.level, node.heading) for node in outline(lines)] == [
        ("一、", 1, "任务"), ("（一）", 2, "底座"), ("1.", 3, "算力"), ("2.", 3, "网络"), ("（二）", 2, "应用"), ("二、", 1, "保障"),
    ]  # fmt: skip


# --- documents ------------------------------------------------------------------------------------------------------


def test_the_demo_plan_is_read_as_people_annotated_it() -> None:
    from haihe.packs.plans.reading.score import score_reading

    report = Report()
    score_reading(
        read(DEMO / "plan.txt"), json.loads((DEMO / "plan.gold.json").read_text(encoding="utf-8")), "demo", report
    )
    assert report.total("exact unit lists").f1 == 1 and report.total("targets (line, value)").f1 >= 0.95, report.table(
        verbose=True
    )


def test_plans_in_the_styles_of_the_genre_are_read_well() -> None:
    report = score_folder(STYLES, STYLES)
    assert len(report.files) >= 30
    targets, units, tasks = (
        report.total("targets (line, value)"),
        report.total("exact unit lists"),
        report.total("tasks"),
    )
    assert targets.recall >= 0.95 and targets.precision >= 0.95, report.table(verbose=True)
    assert units.recall >= 0.97 and tasks.f1 >= 0.96, report.table(verbose=True)


@pytest.mark.parametrize(("years", "kind"), [("2021—2023年", "baseline"), ("2018—2020年", "target")])
def test_figures_of_a_time_before_the_plan_are_baselines(years: str, kind: str) -> None:
    text = f"望河区行动方案（{years}）\n一、目标\n“十三五”期间，全区新建站点30个。"
    targets = read_source(load_text(text, "plan.txt")).documents[0].targets
    assert [(t.value, t.kind) for t in targets] == [(30, kind)]


FACTS = ("kind", "status", "number", "issued_on", "issuer", "period")


def facts_right(documents: Path, gold: Path) -> tuple[int, int]:
    """How many of the facts that people annotated of each document (kind, number, issuer …) were read, and how many there are."""
    right = wanted = 0
    for path in sorted(gold.glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = {d["line"]: d for d in to_json(read(documents / rows["file"]))["documents"]}
        for row in rows["documents"]:
            facts = {key: row[key] or {"start": None, "end": None} if key == "period" else row[key] for key in FACTS}
            wanted += len(facts)
            right += sum(found.get(row["line"], {}).get(key) == value for key, value in facts.items())
    return right, wanted


def test_what_documents_say_of_themselves_is_read() -> None:
    right, wanted = facts_right(STYLES, STYLES)
    assert right >= 0.97 * wanted, f"{right} of {wanted}"


def test_a_clause_of_a_wrapped_paragraph_has_the_line_on_which_it_starts() -> None:
    lines = ["望河区行动方案", "一、目标", "全面推进城市运行平台建设，加快数据资源汇聚共享应用步伐，提升全区治理服务能",
             "力。到2027年，归集数据30亿条，建成示范场景一百二十个，覆盖全部街道社区，形", "成样板。新增站点50个。"]  # fmt: skip
    targets = read_source(load_text("\n".join(lines), "wrapped.txt")).documents[0].targets
    assert [(t.line, t.value) for t in targets if t.value != 120] == [(4, 3e9), (5, 50)]


@pytest.mark.plans
def test_the_five_public_documents_are_read_as_people_annotated_them() -> None:
    folder, gold = os.environ.get("HAIHE_PLANS"), HERE / "gold"
    if not folder or not Path(folder).is_dir():
        pytest.skip("HAIHE_PLANS does not name the folder of the five public documents")
    report = score_folder(Path(folder), gold)
    if not report.files:
        pytest.skip("no gold file is there yet")
    targets, units = report.total("targets (line, value)"), report.total("exact unit lists")
    systems = report.total("systems")
    assert units.recall >= 0.98, report.table(verbose=True)
    assert systems.precision >= 0.75 and systems.recall >= 0.75, report.table(verbose=True)
    assert targets.recall >= 0.95 and targets.precision >= 0.90, report.table(verbose=True)


@pytest.mark.plans
def test_every_line_of_the_five_documents_is_within_a_document_or_an_issue() -> None:
    folder = os.environ.get("HAIHE_PLANS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HAIHE_PLANS does not name the folder of the five public documents")
    for path in sorted(Path(folder).glob("*.txt")):
        reading = read(path)
        covered = {n for d in reading.documents for n in range(d.line, d.end_line + 1)} | {
            i.line for i in reading.issues
        }
        lost = [
            n for n, text in enumerate(reading.source.lines, start=1) if len(text.strip()) > 60 and n not in covered
        ]
        assert not lost, f"{path.name}: {lost}"


@pytest.mark.parametrize(
    "path", [*sorted(STYLES.glob("*.txt")), DEMO / "plan.txt", DEMO / "plan-draft.txt"], ids=lambda p: p.stem
)
def test_json_fits_its_schema_and_lines_lie_in_the_text(path: Path) -> None:
    reading = read(path)
    content = to_json(reading)
    jsonschema.validate(json.loads(json.dumps(content)), JSON_SCHEMA)
    for document in content["documents"]:
        for kind in ("targets", "tasks", "systems"):
            for row in document[kind]:
                assert 1 <= row["line"] <= len(reading.source.lines)
                if row["span"]:
                    start, end = row["span"]
                    assert 0 <= start < end <= len(reading.source.lines[row["line"] - 1])


def test_the_shape_names_everything_that_the_interface_promises() -> None:
    document = to_json(read(DEMO / "plan.txt"))["documents"][1]
    for key in (
        "title",
        "kind",
        "status",
        "issuer",
        "number",
        "issued_on",
        "period",
        "bundle",
        "targets",
        "tasks",
        "systems",
        "budget",
        "phases",
        "references",
        "issues",
    ):
        assert key in document, key
    assert document["references"][0]["number"] == "云津政发〔2025〕21号" and document["phases"]


# --- bad input ------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["一、", "（一）", "1．", "（责任单位：", "区甲局、", "）", "到2027年，", "达到", "30", "万", "亿元", "%", "个", "以上", "至", "~", "。", "；", "，", "《", "》", "\t", "\n", "序号\t任务\t责任单位\n", "附件", "行动方案", "关于印发", "的通知", "第一章", "— 3 —", "　", "["]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=60))
def test_no_text_makes_the_reader_fail(pieces: list[str]) -> None:
    text = "".join(pieces)
    if text.strip():
        reading = read_source(load_text("x" + text, "fuzz.txt"))
        to_json(reading)


@pytest.mark.parametrize(
    "text",
    [
        "（" * 5000,
        "（责任单位：" * 2000,
        "1" * 64_000,
        "一、" * 20_000,
        "到2027年，达到30个，" * 5000,
        "《" * 30_000,
        "区甲局、" * 20_000,
        "a\t" * 30_000,
        "（2024年1月" * 20_000,
        "项目\n金额\n" * 10_000,
    ],
)
def test_monstrous_lines_are_read_in_bounded_time(text: str) -> None:
    started = time.process_time()
    read_source(load_text("望河区行动方案\n一、任务\n" + text, "monster.txt"))
    assert time.process_time() - started < 20, "a line of this length must not make the reader hang"
