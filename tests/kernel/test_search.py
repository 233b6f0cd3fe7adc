"""Everything is found by Chinese words of two characters and by one, by prefixes, plates and numbers, and only by who may see it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.db import connection, transaction

from haihe.kernel import search
from haihe.kernel.cases import take_step, withdraw
from haihe.kernel.cases.running import open_case
from haihe.kernel.errors import NotAllowed
from haihe.kernel.evidence import receive
from haihe.kernel.identity import Role
from haihe.kernel.organisations import Organisation, OrganisationAlias
from haihe.kernel.search import asking
from haihe.kernel.search.models import SearchEntry
from haihe.kernel.search.words import marked, phrases_of, words_of


def titles(account: Any, question: str) -> list[str]:
    return [row.entry.title for group in search.search(account, question) for row in group.found]


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("数据局", ["数据", "据局", "局"]),
        ("津Ａ12345", ["津", "a", "12345"]),
        ("GPU-8卡", ["gpu", "8", "卡"]),
        ("", []),
        ("，。 —", []),
    ],
)
def test_text_becomes_pairs_and_runs(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_question_becomes_phrases_of_which_the_last_word_may_go_on() -> None:
    assert [(p.words, p.goes_on) for p in phrases_of("数据集 DB-20 局")] == [
        (("数据", "据集"), False), (("db", "20"), True), (("局",), True),
    ]  # fmt: skip
    assert phrases_of(" -- ' \" * ") == [] and len(phrases_of("a " * 100)) <= 8


def test_what_the_question_names_is_marked_and_the_text_cut_around_it() -> None:
    pieces = marked("前" * 300 + "建设数据集" + "后" * 300, "数据集", 60)
    assert ("数据集", True) in pieces and sum(len(piece) for piece, _ in pieces) <= 62
    assert marked("a<b", "<") == [("a", False), ("<", True), ("b", False)]


# --- finding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["数据", "据局", "局", "望河区数据", "数据局", "望河 数据", "望河区数据局"])
def test_a_unit_is_found_by_any_part_of_its_name(district: Any, account_with: Any, question: str) -> None:
    assert titles(account_with(Role.VIEWER), question)[0] == "区数据局"


@pytest.mark.parametrize("question", ["据数", "数据 卫生", "园数据", "zzz", "'", '数据" OR 1', "NOT 数据", "数*据"])
def test_what_is_not_there_is_not_found_and_no_sign_is_an_operator(
    district: Any, account_with: Any, question: str
) -> None:
    assert "区数据局" not in titles(account_with(Role.VIEWER), question)


def test_an_alias_and_a_renaming_are_found_in_the_transaction_that_made_them(district: Any, account_with: Any) -> None:
    viewer = account_with(Role.VIEWER)
    with pytest.raises(RuntimeError), transaction.atomic():
        OrganisationAlias.objects.create(organisation=district.data, name="大数据管理中心")
        assert titles(viewer, "大数据管理") == ["区数据局"]
        raise RuntimeError("taken back")
    assert titles(viewer, "大数据管理") == []
    district.data.short_name = "区算力局"
    district.data.save()
    assert titles(viewer, "算力") == ["区算力局"]


def test_a_title_counts_more_than_a_text(district: Any, account_with: Any) -> None:
    Organisation.objects.create(name="甲公司", short_name="甲", kind="enterprise")
    OrganisationAlias.objects.create(organisation=Organisation.objects.get(short_name="甲"), name="海水淡化")
    Organisation.objects.create(name="海水淡化厂", kind="enterprise")
    for number in range(5):
        unit = Organisation.objects.create(name=f"乙{number}", kind="enterprise")
        OrganisationAlias.objects.create(organisation=unit, name=f"海水淡化{number}")
    assert titles(account_with(Role.VIEWER), "海水淡化")[0] == "海水淡化厂"


def test_a_case_is_found_by_its_number_and_by_who_has_a_part_in_it(
    alarm_type: Any, district: Any, account_with: Any
) -> None:
    supervisor = account_with(Role.SUPERVISOR, district.government)
    case = open_case(supervisor, alarm_type.name, "井盖缺失", district.city, text="和平路口")
    handler, other = account_with(Role.OFFICER, district.city), account_with(Role.OFFICER, district.health)
    for question in (case.number, case.number.lower(), "井盖", "和平路"):
        assert str(case) in titles(supervisor, question) and str(case) in titles(handler, question)
        for stranger in (other, account_with(Role.SYSTEM_ADMIN), account_with(Role.AUDITOR)):
            assert str(case) not in titles(stranger, question), f"{stranger} found {question}"
    withdraw(supervisor, case, reason="误报")
    assert str(case) in titles(handler, "井盖"), "closed cases are found too"
    assert take_step is not None


def test_a_file_is_found_by_whoever_uploaded_it_only(district: Any, account_with: Any) -> None:
    owner = account_with(Role.OFFICER, district.city)
    receive("桥梁检测报告2026.txt", [b"x"], owner)
    assert titles(owner, "桥梁检测") == titles(owner, "2026") == ["桥梁检测报告2026.txt"]
    for role in Role.values:
        assert titles(account_with(role, district.city), "桥梁检测") == []


def test_nobody_without_a_role_searches(district: Any, account_with: Any) -> None:
    with pytest.raises(NotAllowed):
        search.search(account_with(""), "数据")


# --- the index ------------------------------------------------------------------------------------------------------


def test_a_deleted_row_is_forgotten(district: Any, account_with: Any) -> None:
    Organisation.objects.create(name="临时机构").delete()
    assert titles(account_with(Role.VIEWER), "临时机构") == []


def test_rows_written_past_save_are_found_by_repair_and_all_by_rebuild(district: Any, account_with: Any) -> None:
    viewer = account_with(Role.VIEWER)
    Organisation.objects.bulk_create([Organisation(name="批量单位", path="/9/")])
    assert titles(viewer, "批量") == [] and search.repair() == 1 and titles(viewer, "批量") == ["批量单位"]
    Organisation.objects.filter(name="批量单位").update(name="改名单位")
    told: list[tuple[str, int, int]] = []
    search.rebuild(lambda *step: told.append(step))
    assert titles(viewer, "改名") == ["改名单位"] and titles(viewer, "批量") == []
    assert ("kernel.organisation", 7, 7) in told
    SearchEntry.objects.create(
        kind="gone.pack", object_id=1, title="x", link="/", digest="", changed_at="2026-01-01T00:00Z"
    )
    search.rebuild()
    assert not SearchEntry.objects.filter(kind="gone.pack").exists()


def test_saving_without_a_change_of_words_writes_nothing(district: Any, django_assert_num_queries: Any) -> None:
    before = SearchEntry.objects.get(kind="kernel.organisation", object_id=district.data.pk)
    district.data.save()
    assert SearchEntry.objects.get(pk=before.pk).changed_at == before.changed_at


@pytest.mark.parametrize("few", [0, 500])
def test_few_rows_are_listed_and_of_many_each_hit_is_looked_up_with_the_same_answer(
    alarm_type: Any, district: Any, account_with: Any, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("haihe.kernel.search.finding.FEW", few)
    supervisor = account_with(Role.SUPERVISOR, district.government)
    case = open_case(supervisor, alarm_type.name, "井盖缺失", district.city, text="和平路口")
    assert str(case) in titles(account_with(Role.OFFICER, district.city), "井盖")
    assert str(case) not in titles(account_with(Role.OFFICER, district.health), "井盖")


@pytest.mark.parametrize("question", ["海水淡化", "海水", "海水 二厂", "海水淡化二", "淡水", "海"])
def test_common_and_rare_words_are_asked_for_in_different_ways_with_the_same_answer(
    district: Any, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    monkeypatch.setattr(asking, "CANDIDATES", 3)
    for number in range(12):
        Organisation.objects.create(name=f"海水淡化{'一二三'[number % 3]}厂{number}", kind="enterprise")
    phrases, odd = phrases_of(question), {unit.pk for unit in Organisation.objects.all() if unit.pk % 2}
    few = asking.Within(f" AND e.kind = %s AND e.object_id IN ({','.join(['%s'] * len(odd))})", ["kernel.organisation", *odd], few=True)  # fmt: skip
    for within, seen in ((asking.Within(), None), (few, odd), (dataclasses.replace(few, few=False), odd)):
        entries = SearchEntry.objects.filter(kind="kernel.organisation").order_by("-pk")
        expected = [
            e.pk for e in entries if (seen is None or e.object_id in seen) and all(part in e.title for part in question.split())
        ][:3]  # fmt: skip
        for common in (False, True):
            for walk in (1, 4, 5000):
                monkeypatch.setattr(asking, "WALK", walk)
                asked = asking.Question(phrases, common)
                found = asking.newest("kernel.organisation", asked, within, in_title=True)
                assert [pk for pk, _ in found] == expected, (common, walk, within)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is asked in one way")
def test_postgresql_says_which_words_are_common(district: Any) -> None:
    assert not asking.Question.of(phrases_of("海水淡化")).common, "nothing is remembered yet"
    for number in range(300):
        Organisation.objects.create(name=f"海水淡化{'' if number % 50 else '一'}厂{number}", kind="enterprise")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE kernel_searchentry")
    common = {
        q: asking.Question.of(phrases_of(q)).common
        for q in ("海水淡化", "海", "厂", "海水 厂", "没有的词", "海水淡化 没有")
    }
    assert common == dict.fromkeys(("海水淡化", "海", "厂", "海水 厂"), True) | dict.fromkeys(
        ("没有的词", "海水淡化 没有"), False
    )


def test_rows_are_narrowed_by_words_however_many_there_are(district: Any) -> None:
    names = lambda question: {u.short_name for u in search.matching(Organisation.objects.all(), question)}  # noqa: E731
    assert names("数据") == {"区数据局"} and names("望河区 卫生") == {"区卫生健康委"}
    assert len(names("望河")) > 2 and names("，") == names("没有的词") == set()
