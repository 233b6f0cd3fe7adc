"""The pages of plan documents: the list, 核对 with its two columns, decisions without leaving the page, linking of units."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

import haihe
from haihe.kernel.exports import Export
from haihe.kernel.organisations import OrganisationAlias, find_organisation
from haihe.packs.plans import services
from haihe.packs.plans.models import Clause, Plan, TaskUnit
from haihe.packs.plans.pages.check import names_in
from haihe.packs.plans.pages.check_original import marked
from haihe.packs.plans.tests.conftest import make_plan, target, task

DEMO = Path(haihe.__file__).parent / "demo"
HTMX = {"HTTP_HX_REQUEST": "true"}


def text_of(answer: Any) -> str:
    return answer.content.decode()


def flat(answer: Any) -> str:
    """What a person reads: without tags and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(answer)))


@pytest.fixture
def plan(people) -> Plan:
    """A plan with a target, a task with two units and a system, none of them checked yet."""
    made = make_plan(
        people.supervisor,
        [
            ("target", {**target(3, "示范场景", 30, "个"), "span": [13, 18]}),
            ("task", task(5, "建设平台", ("区数据局", "lead"), ("区城市管理委", "support"))),
            ("system", {"line": 5, "name": "试验平台", "verb": "建设", "span": None}),
        ],
    )
    made.clauses.update(decision="proposed")
    made.clauses.filter(kind="target").update(span_start=13, span_end=18)
    return made


def check_page(plan: Plan) -> str:
    return f"/plans/{plan.pk}/check/"


def clause_of(plan: Plan, kind: str) -> Clause:
    return Clause.objects.get(plan=plan, kind=kind)


# --- who may --------------------------------------------------------------------------------------------------------


def test_an_unfiled_plan_is_seen_by_the_supervision_office_alone(client, signed_in, people, plan) -> None:
    assert client.get(check_page(plan)).status_code == 302, "signing in comes first"
    assert signed_in(people.supervisor).get(check_page(plan)).status_code == 200
    for account in (people.viewer, people.data):
        client = signed_in(account)
        assert client.get(check_page(plan)).status_code == 404
        assert plan.title not in text_of(client.get("/plans/"))
    for account in (people.auditor, people.nobody):
        assert signed_in(account).get(check_page(plan)).status_code == 403
        assert signed_in(account).get("/plans/").status_code == 403


def test_others_read_a_filed_plan_but_find_no_button_and_cannot_decide(signed_in, people, filed) -> None:
    added = services.add_clause(people.supervisor, filed, kind="system", line=5, fields={"name": "平台"})
    for account in (people.viewer, people.data):
        client = signed_in(account)
        page = text_of(client.get(check_page(filed)))
        assert (
            "示范场景" in page
            and "data-do=" not in page
            and 'id="add"' not in page
            and "plan_step" not in page
            and "/do/" not in page
        )
        for step in ("confirm", "reject", "reopen", "correct"):
            assert client.post(f"/clauses/{added.pk}/{step}/", {"name": "别的"}).status_code == 403
        assert client.get(f"/clauses/{added.pk}/edit/").status_code == 403
        assert (
            client.post(
                f"/plans/{filed.pk}/clauses/", {"new_kind": "system", "line": "3", "system_name": "x"}
            ).status_code
            == 403
        )
        for step in ("confirm-rest", "file", "assign", "publish", "withdraw"):
            assert client.post(f"/plans/{filed.pk}/{step}/do/").status_code == 403
    assert client.post("/plans/import/", {"file": SimpleUploadedFile("a.txt", b"x")}).status_code == 403
    added.refresh_from_db()
    assert added.decision == "corrected" and added.current["name"] == "平台"


def test_the_page_shows_no_button_on_an_old_version(signed_in, people, plan) -> None:
    newer = make_plan(people.supervisor, [], title="新的方案", replaces=plan)
    client = signed_in(people.supervisor)
    page = text_of(client.get(check_page(plan)))
    assert "data-do=" not in page and check_page(newer) in page
    answer = client.post(f"/clauses/{clause_of(plan, 'target').pk}/confirm/", **HTMX)
    assert answer.status_code == 409 and "新版本" in text_of(answer)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_groups_documents_by_file_with_progress_and_versions(signed_in, people) -> None:
    client = signed_in(people.supervisor)
    for name in ("plan-draft.txt", "plan.txt"):
        client.post("/plans/import/", {"file": SimpleUploadedFile(name, (DEMO / name).read_bytes())}, **HTMX)
    draft, plan = Plan.objects.filter(kind="plan").order_by("pk")
    services.confirm(people.supervisor, plan.clauses.filter(decision="proposed").first())
    answer = client.get("/plans/")
    page, words = text_of(answer), flat(answer)
    assert page.count('class="card" id="f') == 2 and page.count('class="doc ') == Plan.objects.count()
    assert f"已核对 1/{plan.clauses.count()}" in words and "开始核对" in words and "继续核对" in words
    assert f"替代旧版本： {draft.title}" in words and "已被新版本替代的文件（1）" in words
    assert page.index(plan.title) < page.index("plan-draft.txt"), "what was replaced stands at the end"


def test_an_empty_list_says_what_to_do(signed_in, people) -> None:
    assert "导入第一份" in flat(signed_in(people.supervisor).get("/plans/"))
    assert "还没有已立项的规划" in flat(signed_in(people.viewer).get("/plans/"))


def test_importing_again_says_that_it_was_imported_before(signed_in, people) -> None:
    client = signed_in(people.supervisor)
    data = (DEMO / "plan.txt").read_bytes()
    places = [
        client.post("/plans/import/", {"file": SimpleUploadedFile("a.txt", data)}, **HTMX).headers["HX-Redirect"]
        for _ in range(2)
    ]
    assert places[0] == places[1] and "此前已导入" in flat(client.get(places[1]))


def test_without_a_file_the_form_says_so(signed_in, people) -> None:
    answer = signed_in(people.supervisor).post("/plans/import/", **HTMX)
    assert answer.status_code == 422 and "请选择文件" in text_of(answer)


# --- 核对: both columns ----------------------------------------------------------------------------------------------


def test_original_and_reading_stand_side_by_side_and_name_each_other(signed_in, people, plan) -> None:
    page = text_of(signed_in(people.supervisor).get(check_page(plan)))
    assert re.findall(r'id="L(\d+)"', page) == [str(n) for n in range(plan.line, plan.end_line + 1)], (
        "every line, numbered as in the file"
    )
    for clause in plan.clauses.all():
        assert page.count(f'id="c{clause.pk}"') == 1 and f'href="#L{clause.line}"' in page
        assert f'<mark class="{clause.kind}" data-clause="{clause.pk}">' in page
    assert (
        f'建成示范场景<mark class="target" data-clause="{clause_of(plan, "target").pk}">30个以上</mark>，覆盖率' in page
    )
    assert "区城市管理委" in page and "≥ 30 个" in page


def test_the_page_brings_the_keyboard_and_its_help(signed_in, people, plan) -> None:
    page = text_of(signed_in(people.supervisor).get(check_page(plan)))
    assert re.search(r'<script src="/static/plans/check\.js[^"]*" defer>', page) and '<dialog id="help"' in page
    script = Path(finders.find("plans/check.js")).read_text(encoding="utf-8")
    for key in ("j:", "k:", "n:", "c:", "Enter:", "e:", "x:", "u:", "a:", '"?":', '"Escape"'):
        assert key in script, f"the key {key} does nothing"
    for name in ("confirm", "reject", "edit"):
        assert f'data-do="{name}"' in page and f'press("{name}")' in script.replace("press('", 'press("')


def test_spans_are_marked_the_shorter_on_top_and_text_stays_text() -> None:
    outer = Clause(pk=1, kind="task", line=1, span_start=0, span_end=12)
    inner = Clause(pk=2, kind="target", line=1, span_start=4, span_end=7)
    assert str(marked("建设平台<b>&完成任务", [outer, inner])) == (
        '<mark class="task" data-clause="1">建设平台</mark><mark class="target" data-clause="2">&lt;b&gt;</mark><mark class="task" data-clause="1">&amp;完成任务</mark>'
    )


def test_a_clause_without_span_is_marked_where_its_heading_stands() -> None:
    found = Clause(pk=3, kind="task", line=1, read={"heading": "建设平台"})
    assert (
        str(marked("1．建设平台。做事。", [found])) == '1．<mark class="task" data-clause="3">建设平台</mark>。做事。'
    )
    wide = Clause(pk=4, kind="system", line=1, span_start=3, span_end=99, read={"name": "没有的平台"})
    assert str(marked("短行", [wide])) == "短行", "a span outside of the line marks nothing and breaks nothing"


def test_every_line_of_a_task_leads_to_it(signed_in, people) -> None:
    plan = make_plan(people.supervisor, [("task", {**task(4, "建设平台"), "end_line": 6})])
    page = text_of(signed_in(people.supervisor).get(check_page(plan)))
    number = plan.clauses.get().pk
    assert re.findall(r'data-line="(\d+)" data-clauses="(\d+)"', page) == [(str(n), str(number)) for n in (4, 5, 6)]


def test_what_changed_since_the_earlier_version_is_shown_before_and_after(signed_in, people) -> None:
    client = signed_in(people.supervisor)
    for name in ("plan-draft.txt", "plan.txt"):
        client.post("/plans/import/", {"file": SimpleUploadedFile(name, (DEMO / name).read_bytes())}, **HTMX)
    draft, plan = Plan.objects.filter(kind="plan").order_by("pk")
    page = text_of(client.get(check_page(plan)))
    assert "数值：<del>31,000</del> <ins>32,000</ins>" in page
    assert (
        plan.content["dropped"]
        and 'id="dropped"' in page
        and f"{check_page(draft)}#c{plan.content['dropped'][0]['clause']}" in page
    )
    assert plan.content["issues"] and "奇怪之处" in page and plan.content["issues"][0]["message"] in page


def test_a_correction_shows_what_was_read(signed_in, people, plan) -> None:
    services.correct(people.supervisor, clause_of(plan, "target"), fields={"value": "40"})
    page = text_of(signed_in(people.supervisor).get(check_page(plan)))
    assert "数值：<del>30</del> <ins>40</ins>" in page and "≥ 40 个" in page


def test_a_target_that_repeats_another_says_which(signed_in, people) -> None:
    plan = make_plan(
        people.supervisor, [("target", target(3, "示范场景", 30, "个")), ("target", target(5, "示范场景", 30, "个"))]
    )
    services.file_plan(people.supervisor, plan)
    page = text_of(signed_in(people.supervisor).get(check_page(plan)))
    assert page.count("重复表述，已归并") == 1 and "data-jump" in page


def test_hundreds_of_clauses_cost_no_more_queries_than_three(
    signed_in, people, plan, django_assert_max_num_queries
) -> None:
    large = make_plan(
        people.supervisor,
        [("target", target(1 + n % 7, f"对象{n}", n + 1, "个")) for n in range(200)] + [("task", task(1 + n % 7, f"任务{n}", ("区数据局", "lead"))) for n in range(200)],
        title="大方案", series="大方案",
    )  # fmt: skip
    large.clauses.filter(position__lt=100).update(decision="proposed")
    services.file_plan(people.supervisor, large)
    client = signed_in(people.supervisor)
    client.get(check_page(plan))
    with django_assert_max_num_queries(50) as few:
        client.get(check_page(plan))
    with django_assert_max_num_queries(len(few)):
        assert text_of(client.get(check_page(large))).count("<article") == 400


@pytest.mark.parametrize("path", ["/plans/", "check", "/plans/units/", "edit"])
def test_every_page_answers_in_english_too(signed_in, people, plan, path: str) -> None:
    people.supervisor.language = "en"
    people.supervisor.save()
    address = {"check": check_page(plan), "edit": f"/clauses/{clause_of(plan, 'task').pk}/edit/"}.get(path, path)
    answer = signed_in(people.supervisor).get(address)
    assert answer.status_code == 200 and '<html lang="en">' in text_of(answer)


# --- deciding -------------------------------------------------------------------------------------------------------


def test_confirming_answers_with_the_card_the_counter_and_the_next_steps(signed_in, people, plan) -> None:
    clause = clause_of(plan, "target")
    answer = signed_in(people.supervisor).post(f"/clauses/{clause.pk}/confirm/", **HTMX)
    page = text_of(answer)
    assert page.count("<article") == 1 and f'id="c{clause.pk}"' in page and 'data-decision="confirmed"' in page
    assert re.findall(r'id="(counter|steps)"[^>]*hx-swap-oob="true"', page) == ["counter", "steps"]
    assert "已核对 1 / 3" in flat(answer) and "确认其余 2 条" in page and "立项 1 条" in page


def test_without_scripts_the_same_button_leads_back_to_the_clause(signed_in, people, plan) -> None:
    clause = clause_of(plan, "target")
    client = signed_in(people.supervisor)
    assert f'formaction="/clauses/{clause.pk}/confirm/"' in text_of(client.get(check_page(plan)))
    answer = client.post(f"/clauses/{clause.pk}/confirm/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{check_page(plan)}#c{clause.pk}")


def test_rejecting_and_taking_it_back(signed_in, people, plan) -> None:
    clause = clause_of(plan, "system")
    client = signed_in(people.supervisor)
    assert 'data-decision="rejected"' in text_of(client.post(f"/clauses/{clause.pk}/reject/", **HTMX))
    assert 'data-decision="proposed"' in text_of(client.post(f"/clauses/{clause.pk}/reopen/", **HTMX))
    assert client.post(f"/clauses/{clause.pk}/dance/", **HTMX).status_code == 422


def test_a_filed_clause_is_refused_with_a_sentence_in_its_card(signed_in, people, filed) -> None:
    clause = filed.clauses.filter(kind="task").first()
    client = signed_in(people.supervisor)
    assert f"/clauses/{clause.pk}/" not in text_of(client.get(check_page(filed))), "no button to begin with"
    answer = client.post(f"/clauses/{clause.pk}/reopen/", **HTMX)
    assert answer.status_code == 409 and answer.headers["X-Haihe-Fragment"] == "1" and "已立项" in text_of(answer)


def form_of(page: str) -> dict[str, str]:
    """The fields of an editor as a browser would send them."""
    fields = {name: value for name, value in re.findall(r'<input type="text"[^>]*name="(\w+)" value="([^"]*)"', page)}
    for name, options in re.findall(r'<select name="(\w+)">(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]+)" selected', options) or re.search(r'value="([^"]+)"', options)
        fields[name] = chosen[1].replace("&gt;", ">").replace("&lt;", "<")
    return fields


@pytest.mark.parametrize("kind", ["target", "task", "system"])
def test_saving_an_editor_without_a_change_confirms_and_corrects_nothing(signed_in, people, plan, kind: str) -> None:
    clause = clause_of(plan, kind)
    client = signed_in(people.supervisor)
    fields = form_of(text_of(client.get(f"/clauses/{clause.pk}/edit/", **HTMX)))
    assert len(fields) >= 2
    client.post(f"/clauses/{clause.pk}/correct/", fields, **HTMX)
    clause.refresh_from_db()
    assert (clause.decision, clause.correction) == ("confirmed", {})


def test_an_editor_sets_only_what_was_changed(signed_in, people, plan) -> None:
    clause = clause_of(plan, "target")
    client = signed_in(people.supervisor)
    fields = form_of(text_of(client.get(f"/clauses/{clause.pk}/edit/", **HTMX)))
    client.post(
        f"/clauses/{clause.pk}/correct/", {**fields, "value": "1,200", "deadline": "", "comparator": "<="}, **HTMX
    )
    clause.refresh_from_db()
    assert (clause.decision, clause.correction) == (
        "corrected",
        {"value": 1200.0, "deadline": None, "comparator": "<="},
    )


def test_units_are_edited_in_one_field_a_role(signed_in, people, plan) -> None:
    clause = clause_of(plan, "task")
    client = signed_in(people.supervisor)
    fields = form_of(text_of(client.get(f"/clauses/{clause.pk}/edit/", **HTMX)))
    assert (fields["units_lead"], fields["units_responsible"], fields["units_support"]) == (
        "区数据局",
        "",
        "区城市管理委",
    )
    client.post(
        f"/clauses/{clause.pk}/correct/",
        {**fields, "units_support": "区财政局（国资委、金融办）、区教育局", "units_responsible": "各街镇"},
        **HTMX,
    )
    clause.refresh_from_db()
    assert clause.current["units"] == [
        {"name": "区数据局", "role": "lead"}, {"name": "各街镇", "role": "responsible"},
        {"name": "区财政局（国资委、金融办）", "role": "support"}, {"name": "区教育局", "role": "support"},
    ]  # fmt: skip


def test_names_are_parted_outside_of_brackets() -> None:
    assert names_in("区数据局、区财政局，区教育局;区民政局\n 各街镇 ") == [
        "区数据局",
        "区财政局",
        "区教育局",
        "区民政局",
        "各街镇",
    ]
    assert names_in("、，") == []


def test_a_field_that_does_not_fit_is_told_in_the_form(signed_in, people, plan) -> None:
    clause = clause_of(plan, "target")
    answer = signed_in(people.supervisor).post(f"/clauses/{clause.pk}/correct/", {"deadline": "尽快"}, **HTMX)
    assert answer.status_code == 422 and "<b>时限</b>" in text_of(answer) and "2027-06-30" in text_of(answer)
    clause.refresh_from_db()
    assert clause.decision == "proposed"


# --- adding ---------------------------------------------------------------------------------------------------------


def test_a_missed_clause_is_added_from_its_line(signed_in, people, plan) -> None:
    client = signed_in(people.supervisor)
    form = {"line": "3", "new_kind": "target", "target_subject": "覆盖率", "target_value": "80", "target_unit": "%", "target_comparator": "=",
            "target_kind": "target", "target_strength": "binding", "target_deadline": "2028", "task_heading": "", "system_name": ""}  # fmt: skip
    answer = client.post(f"/plans/{plan.pk}/clauses/", form, **HTMX)
    added = Clause.objects.get(plan=plan, read={})
    assert answer.headers["HX-Redirect"] == f"{check_page(plan)}?added={added.pk}#c{added.pk}"
    assert (added.line, added.decision, added.current["subject"], added.current["value"]) == (
        3,
        "corrected",
        "覆盖率",
        80,
    )
    assert added.current["text"] == "到2028年，建成示范场景30个以上，覆盖率达到80%。"
    page = text_of(client.get(check_page(plan)))
    assert "人工补充" in page and page.index("示范场景</b>") < page.index("覆盖率</b>") < page.index("建设平台</b>"), (
        "it stands where its line is"
    )


def test_a_missed_task_brings_its_units(signed_in, people, plan) -> None:
    form = {
        "line": "7",
        "new_kind": "task",
        "task_heading": "宣传培训",
        "task_units_responsible": "柳渡镇、区数据局",
        "target_value": "",
        "target_comparator": "=",
    }
    assert signed_in(people.supervisor).post(f"/plans/{plan.pk}/clauses/", form, **HTMX).status_code == 204
    added = Clause.objects.get(plan=plan, read={})
    assert [(u["name"], u["role"]) for u in added.current["units"]] == [
        ("柳渡镇", "responsible"),
        ("区数据局", "responsible"),
    ]


@pytest.mark.parametrize(
    "form",
    [{"new_kind": "idea", "line": "3"}, {"new_kind": "system", "line": "99", "system_name": "x"}, {"new_kind": "system", "line": "²", "system_name": "x"},
     {"new_kind": "system", "line": "3"}, {"new_kind": "target", "line": "3", "target_subject": "x"}, {"new_kind": "target", "line": "3", "target_subject": "x", "target_value": "many"}],
)  # fmt: skip
def test_what_cannot_be_added_is_told_in_the_form(signed_in, people, plan, form: dict) -> None:
    answer = signed_in(people.supervisor).post(f"/plans/{plan.pk}/clauses/", form, **HTMX)
    assert answer.status_code == 422 and "note red" in text_of(answer)
    assert plan.clauses.count() == 3


# --- the document as a whole ----------------------------------------------------------------------------------------


def test_from_checked_to_public_by_the_buttons_of_the_page(signed_in, people, plan) -> None:
    client = signed_in(people.supervisor)

    def press(step: str) -> str:
        answer = client.post(f"/plans/{plan.pk}/{step}/do/", **HTMX)
        assert answer.status_code == 204, text_of(answer)
        return flat(client.get(answer.headers["HX-Redirect"]))

    assert "立项" not in flat(client.get(check_page(plan))), "nothing can be filed before somebody confirmed"
    assert "已确认 3 条" in press("confirm-rest")
    page = press("file")
    assert "已立项：1 个指标、1 项任务" in page and "交办 1 项任务" in page
    assert "已交办 1 项任务" in press("assign")
    plan.refresh_from_db()
    assert plan.filed_at and not plan.published_at
    assert "撤回公开" in press("publish")
    assert "向社会公开" in press("withdraw")
    assert client.post(f"/plans/{plan.pk}/explode/do/", **HTMX).status_code == 422


def test_confirming_the_rest_says_what_is_left_for_a_closer_look(signed_in, people, plan) -> None:
    plan.clauses.filter(kind="task").update(changed_since=["units"])
    client = signed_in(people.supervisor)
    answer = client.post(f"/plans/{plan.pk}/confirm-rest/do/", **HTMX)
    assert "还有 1 条与旧版本不同" in flat(client.get(answer.headers["HX-Redirect"]))


def test_tasks_without_a_linked_unit_lead_to_the_page_that_links_them(signed_in, people) -> None:
    plan = make_plan(people.supervisor, [("task", task(5, "建设平台", ("不知名的局", "lead")))])
    services.file_plan(people.supervisor, plan)
    client = signed_in(people.supervisor)
    answer = client.post(f"/plans/{plan.pk}/assign/do/", **HTMX)
    assert answer.headers["HX-Redirect"] == "/plans/units/"
    assert "1 项任务的单位尚未关联" in flat(client.get("/plans/units/"))


def test_the_task_division_table_is_downloaded_through_the_gate(signed_in, people, filed) -> None:
    import io

    client = signed_in(people.data)
    assert client.get(f"/plans/{filed.pk}/division.xlsx").status_code == 405, (
        "a download is recorded, so no link fetches it"
    )
    answer = client.post(f"/plans/{filed.pk}/division.xlsx", {"purpose": "年度部署"})
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    assert load_workbook(io.BytesIO(answer.content)).sheetnames == ["任务分工表", "指标"]
    assert Export.objects.get().purpose == "年度部署"
    assert signed_in(people.nobody).post(f"/plans/{filed.pk}/division.xlsx").status_code == 403


# --- units ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def unlinked(people) -> Plan:
    plan = make_plan(
        people.supervisor, [("task", task(5, "建设平台", ("望河区数据管理局", "lead"), ("不知名的局", "support")))]
    )
    services.file_plan(people.supervisor, plan)
    return plan


def test_a_name_is_linked_to_the_unit_a_person_picks_and_lasts_as_an_alias(
    signed_in, people, unlinked, district
) -> None:
    client = signed_in(people.supervisor)
    page = text_of(client.get("/plans/units/"))
    assert "望河区数据管理局" in page and "就是 望河区数据局" in page and "建设平台" in page, (
        "proposal, and the task it is about"
    )
    assert not OrganisationAlias.objects.exists(), "looking links nothing"
    answer = client.post(
        "/plans/units/", {"name": "望河区数据管理局", "organisation": district.data.pk, "lasting": "1"}, **HTMX
    )
    assert answer.status_code == 200 and "望河区数据局" in text_of(answer)
    assert TaskUnit.objects.get(name="望河区数据管理局").organisation == district.data
    assert find_organisation("望河区数据管理局") == district.data, "the next document finds it by itself"


def test_a_unit_is_found_by_its_name_and_linked_for_once(signed_in, people, unlinked, district) -> None:
    client = signed_in(people.supervisor)
    assert client.post("/plans/units/", {"name": "不知名的局", "unit": "区城市管理委"}).status_code == 302
    assert (
        TaskUnit.objects.get(name="不知名的局").organisation == district.city and not OrganisationAlias.objects.exists()
    )


@pytest.mark.parametrize(
    ("form", "status"),
    [({"unit": "没有的单位"}, 404), ({"organisation": "999999"}, 422), ({}, 422), ({"organisation": "1; drop"}, 422)],
)
def test_an_unknown_unit_links_nothing(signed_in, people, unlinked, form: dict, status: int) -> None:
    answer = signed_in(people.supervisor).post("/plans/units/", {"name": "不知名的局", **form}, **HTMX)
    assert answer.status_code == status and "note red" in text_of(answer)
    assert TaskUnit.objects.get(name="不知名的局").organisation is None


def test_who_may_register_units_is_told_so(signed_in, people, unlinked, account_with) -> None:
    assert "请系统管理员先登记" in flat(signed_in(people.supervisor).get("/plans/units/"))
    assert "请先在“单位”页登记" in flat(signed_in(account_with("system_admin")).get("/plans/units/"))
    assert signed_in(people.viewer).get("/plans/units/").status_code == 403
