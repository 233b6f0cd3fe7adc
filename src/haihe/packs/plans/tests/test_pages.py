"""The pack's pages through Django's test client: who opens them, what they show, what a form does."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import haihe
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Report, Target, Task, TaskUnit

DEMO = Path(haihe.__file__).parent / "demo"
HTMX = {"HTTP_HX_REQUEST": "true"}


def text_of(answer) -> str:
    return answer.content.decode()


def test_a_dropped_plan_is_read_and_opens_on_the_check_page(signed_in, people) -> None:
    client = signed_in(people.supervisor)
    answer = client.post(
        "/plans/import/", {"file": SimpleUploadedFile("方案.txt", (DEMO / "plan.txt").read_bytes())}, **HTMX
    )
    plan = Plan.objects.get(kind="plan")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/plans/{plan.pk}/check/")
    page = text_of(client.get(f"/plans/{plan.pk}/check/"))
    assert page.count('class="clause card') == plan.clauses.count()
    assert 'data-clause="' in page and "check.js" in page and f'id="L{plan.line}"' in page


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.exe", b"MZ"), ("empty.txt", b""), ("scan.pdf", b"%PDF-1.4\n%%EOF"), ("bomb.docx", b"PK\x03\x04")],
)
def test_a_bad_file_gets_a_sentence_in_the_form(signed_in, people, name: str, data: bytes) -> None:
    answer = signed_in(people.supervisor).post(
        "/plans/import/", {"file": SimpleUploadedFile(name, data or b"")}, **HTMX
    )
    assert answer.status_code == 422 and answer.headers["X-Haihe-Fragment"] == "1" and "note red" in text_of(answer)
    assert not Plan.objects.exists()


def test_a_clause_is_confirmed_without_leaving_the_page(signed_in, people, filed) -> None:
    from haihe.packs.plans.tests.conftest import make_plan, target

    plan = make_plan(
        people.supervisor, [("target", target(3, "场景", 30, "个"))], title="另一份方案", series="另一份方案"
    )
    plan.clauses.update(decision="proposed")
    clause = plan.clauses.get()
    answer = signed_in(people.supervisor).post(f"/clauses/{clause.pk}/confirm/", **HTMX)
    assert (
        answer.status_code == 200
        and f'id="c{clause.pk}"' in text_of(answer)
        and 'hx-swap-oob="true"' in text_of(answer)
    )
    clause.refresh_from_db()
    assert clause.decision == "confirmed"


def test_what_documents_say_is_shown_as_text(signed_in, people) -> None:
    from haihe.packs.plans.tests.conftest import make_plan, target

    plan = make_plan(people.supervisor, [("target", target(3, "<script>alert(1)</script>", 30, "个"))])
    plan.file.text = "\n".join(["标题", "x", "<img src=x onerror=alert(1)>", "y", "", "", ""])
    plan.file.save()
    page = text_of(signed_in(people.supervisor).get(f"/plans/{plan.pk}/check/"))
    assert "<script>alert" not in page and "<img src=x" not in page


def test_an_officer_accepts_with_one_tap_and_reports_with_evidence(signed_in, people, filed) -> None:
    client = signed_in(people.data)
    found = Task.objects.get(heading="建设平台")
    assert "建设平台" in text_of(client.get("/week/"))
    assert client.post(f"/tasks/{found.pk}/accept/", {"next": "week"}, **HTMX).headers["HX-Redirect"] == "/week/"
    form = {
        "text": "已建成12个",
        "value": "12",
        "target": found.targets.get().pk,
        "files": SimpleUploadedFile("台账.csv", b"a,b\n1,2\n"),
    }
    assert client.post(f"/tasks/{found.pk}/report/", form, **HTMX).status_code == 204
    report = Report.objects.get()
    page = text_of(client.get(f"/tasks/{found.pk}/"))
    assert "已建成12个" in page and "台账.csv" in page
    file = client.get(f"/evidence/{report.evidence.get().pk}/")
    assert file.status_code == 200 and "attachment" in file.headers["Content-Disposition"]


def test_a_stranger_can_open_neither_task_nor_evidence(signed_in, people, filed) -> None:
    found = Task.objects.get(heading="建设平台")
    services.accept(people.data, found)
    from haihe.packs.plans.tests.conftest import evidence_of

    report = services.report_progress(people.data, found, text="x", evidence=[evidence_of(people.data)])
    client = signed_in(people.health)
    assert client.get(f"/tasks/{found.pk}/").status_code == 404
    assert client.get(f"/evidence/{report.evidence.get().pk}/").status_code == 404
    assert client.post(f"/tasks/{found.pk}/accept/").status_code == 404


def test_where_a_number_comes_from_leads_to_clause_report_file_and_person(signed_in, people, filed) -> None:
    from decimal import Decimal

    from haihe.packs.plans.tests.conftest import evidence_of

    goal = Target.objects.get(indicator__title="示范场景")
    services.report_target(
        people.supervisor,
        goal,
        value=Decimal(9),
        text="季度统计",
        evidence=[evidence_of(people.supervisor, "统计表.txt")],
    )
    page = text_of(signed_in(people.supervisor).get(f"/targets/{goal.pk}/provenance/"))
    for piece in ("第3行", "季度统计", "统计表.txt", people.supervisor.display_name, f"/plans/{filed.pk}/check/"):
        assert piece in page, piece


def test_a_line_that_nobody_decided_is_called_an_assumption(signed_in, people, filed) -> None:
    goal = Target.objects.get(indicator__title="示范场景")
    page = text_of(signed_in(people.supervisor).get(f"/targets/{goal.pk}/"))
    assert "假设" in page


def test_the_public_page_shows_targets_and_nothing_about_people(client, people, filed) -> None:
    assert "示范场景" not in text_of(client.get("/public/"))
    services.publish(people.supervisor, filed)
    page = text_of(client.get("/public/"))
    assert "示范场景" in page and "建设平台" not in page and people.supervisor.display_name not in page


def test_several_tasks_are_chased_at_once(signed_in, people, filed) -> None:
    chosen = list(Task.objects.values_list("pk", flat=True))
    assert signed_in(people.supervisor).post("/board/", {"task": chosen, "text": "请报告"}, **HTMX).status_code == 204
    assert all(task.notices.count() == 1 for task in Task.objects.all())


@pytest.mark.parametrize("path", ["/programme/", "/board/", "/plans/", "/week/", "/my-tasks/"])
def test_every_page_answers_in_both_languages(signed_in, people, filed, path: str) -> None:
    people.supervisor.language = "en"
    people.supervisor.save()
    client = signed_in(people.supervisor)
    answer = client.get(path)
    assert answer.status_code == 200 and '<html lang="en">' in text_of(answer)


def test_the_overview_asks_the_database_a_bounded_number_of_times(
    signed_in, people, filed, django_assert_max_num_queries
) -> None:
    client = signed_in(people.supervisor)
    client.get("/programme/")
    with django_assert_max_num_queries(36):
        client.get("/programme/")


def test_the_board_finds_a_unit_by_the_name_it_is_linked_to_or_written_with(signed_in, people, filed) -> None:
    part = TaskUnit.objects.exclude(organisation=None).select_related("organisation", "task").first()
    client = signed_in(people.supervisor)
    assert part.task.heading in text_of(client.get("/board/", {"unit": part.organisation.name}))
    TaskUnit.objects.filter(pk=part.pk).update(organisation=None, name="尚未关联的单位")
    page = text_of(client.get("/board/", {"unit": "尚未关联的单位"}))
    assert part.task.heading in page and "<option selected>尚未关联的单位" in page
    assert part.task.heading not in text_of(client.get("/board/", {"q": "没有这样的词"}))
    assert part.task.heading in text_of(client.get("/board/", {"q": part.task.heading[:4]}))


def test_the_board_counts_no_task_of_a_plan_that_another_replaced(signed_in, people, filed) -> None:
    client, count = signed_in(people.supervisor), Task.objects.count()
    assert f"<b>{count}</b>" in text_of(client.get("/board/")) and count > 0
    other = Plan.objects.get(pk=filed.pk)
    other.pk, other.replaces = None, filed
    other.save()
    assert "<b>0</b>" in text_of(client.get("/board/"))
