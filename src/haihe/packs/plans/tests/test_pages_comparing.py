"""The pages and calls of comparing and checking: who may, what they show, the mark of a person, the one export gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import haihe
from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import InvalidInput, NotAllowed, NotFound
from haihe.kernel.exports import Export
from haihe.kernel.identity import issue_token
from haihe.packs.plans import services
from haihe.packs.plans.models import FindingMark, Plan

DEMO = Path(haihe.__file__).parent / "demo"
ODD = "青岭区智慧治理行动计划（2025—2027年）\n青岭区人民政府办公室\n为推进治理，制定本行动计划。\n一、目标\n到2027年，智慧社区示范点达到20个。\n二、任务\n（一）推进社区。到2027年，智慧社区示范点达到30个。（责任单位：区民政局）\n"  # fmt: skip


def upload(client: Any, name: str, content: bytes) -> None:
    assert client.post("/plans/import/", {"file": SimpleUploadedFile(name, content)}).status_code == 302


@pytest.fixture
def supervised(client: Any, people: Any) -> Any:
    client.force_login(people.supervisor)
    return client


@pytest.fixture
def odd(supervised: Any) -> Plan:
    upload(supervised, "odd.txt", ODD.encode())
    return Plan.objects.get(kind="plan")


def test_a_draft_and_its_final_text_stand_side_by_side_and_one_kind_can_be_looked_at_alone(supervised: Any) -> None:
    for name in ("plan-draft.txt", "plan.txt"):
        upload(supervised, name, (DEMO / name).read_bytes())
    draft, final = Plan.objects.get(status="draft", kind="plan"), Plan.objects.get(status="final", kind="plan")
    page = supervised.get("/plans/compare/", {"a": draft.pk, "b": final.pk}).content.decode()
    assert (
        "草案与正式稿" in page
        and "安全生产风险识别" in page
        and "<del>2400</del>" in page
        and "<ins>3000</ins>" in page
    )
    only = supervised.get("/plans/compare/", {"a": draft.pk, "b": final.pk, "show": "dropped"}).content.decode()
    assert "古渡口" in only and "<ins>3000</ins>" not in only
    whole = supervised.get("/plans/compare/", {"a": draft.pk, "b": f"f{final.file_id}"}).content.decode()
    assert "完成40个重点路口信号灯改造" in whole, "the annex is compared where the whole file is chosen"
    answer = supervised.post("/plans/compare.json", {"a": draft.pk, "b": final.pk, "purpose": "起草比对"})
    assert json.loads(answer.content)["kind"] == "draft"
    assert Export.objects.get(what="plans.comparison").purpose == "起草比对"


def test_what_an_account_may_not_see_cannot_be_compared_or_checked(client: Any, people: Any, odd: Plan) -> None:
    client.force_login(people.health)
    assert client.get("/plans/compare/", {"a": odd.pk, "b": odd.pk}).status_code == 404
    assert client.get(f"/plans/{odd.pk}/findings/").status_code == 404
    with pytest.raises(NotFound):
        services.side_of(people.health, str(odd.pk))
    for written in ("x", "", "f", "99999999999999999999", "f99"):
        with pytest.raises(NotFound):
            services.side_of(people.supervisor, written)
    with pytest.raises(NotAllowed):
        services.mark_intended(people.health, odd, key="0" * 16, reason="口径不同")


def test_a_contradiction_is_shown_at_both_places_and_marked_as_intended_with_a_reason(supervised: Any, people: Any, odd: Plan) -> None:  # fmt: skip
    page = supervised.get(f"/plans/{odd.pk}/findings/").content.decode()
    assert "两处" not in page.split("待处理")[0] and 'href="#L5"' in page and 'href="#L7"' in page and "30个" in page
    row = services.findings_of(people.supervisor, odd)[0]
    url = f"/plans/{odd.pk}/findings/{row.finding.key}/"
    assert supervised.post(url + "intended/", {"reason": ""}).status_code == 422
    assert supervised.post(url + "intended/", {"reason": "两处口径不同"}).status_code == 302
    assert "两处口径不同" in supervised.get(f"/plans/{odd.pk}/findings/").content.decode()
    assert AuditRecord.objects.filter(action="finding.intend").count() == 1
    assert supervised.post(url + "sideways/").status_code == 422
    assert supervised.post(url + "reopen/").status_code == 302 and not FindingMark.objects.exists()
    with pytest.raises(NotFound):
        services.unmark(people.supervisor, odd, key=row.finding.key)
    with pytest.raises(InvalidInput):
        services.mark_intended(people.supervisor, odd, key=row.finding.key, reason=" ")


def test_a_mark_goes_along_to_the_next_version_of_the_file(supervised: Any, people: Any, odd: Plan) -> None:
    row = services.findings_of(people.supervisor, odd)[0]
    services.mark_intended(people.supervisor, odd, key=row.finding.key, reason="两处口径不同")
    upload(supervised, "odd2.txt", ODD.replace("（一）推进", "加强领导。\n（一）推进").encode())
    fresh = Plan.objects.get(replaces=odd)
    carried = services.findings_of(people.supervisor, fresh)[0]
    assert carried.carried and carried.mark is not None and carried.mark.reason == "两处口径不同"


def test_a_rejected_clause_and_a_corrected_number_contradict_nothing_any_more(people: Any, odd: Plan) -> None:
    clause = odd.clauses.get(kind="target", line=7)
    services.correct(people.supervisor, clause, fields={"value": "20"})
    assert not services.findings_of(people.supervisor, odd)
    services.reopen(people.supervisor, clause)
    services.correct(people.supervisor, clause, fields={"value": "30"})
    assert services.findings_of(people.supervisor, odd)
    services.reject(people.supervisor, clause)
    assert not services.findings_of(people.supervisor, odd)


def test_programs_compare_and_mark_by_the_same_actions(client: Any, people: Any, odd: Plan) -> None:
    client.logout()
    head = {"HTTP_AUTHORIZATION": f"Bearer {issue_token(people.supervisor, 't', days=1, may_write=True)[1]}"}
    base = f"/api/v1/plans/documents/{odd.pk}/findings"
    found = client.get(base, **head).json()
    assert [f["kind"] for f in found] == ["numbers"] and found[0]["intended"] == ""
    url = f"{base}/{found[0]['key']}"
    body = json.dumps({"reason": "两处口径不同"})
    assert client.post(f"{url}/intended", body, "application/json", **head).json()[0]["intended"] == "两处口径不同"
    assert client.post(f"{url}/reopen", **head).json()[0]["intended"] == ""
    same = client.get(f"/api/v1/plans/compare/{odd.pk}/{odd.pk}", **head).json()
    assert same["kind"] == "draft" and set(same["counts"]) == {"same"}
    out = client.post(f"/api/v1/plans/compare/{odd.pk}/f{odd.file_id}/export", json.dumps({"purpose": "研究"}), "application/json", **head)  # fmt: skip
    assert out.status_code == 200 and out.json()["kind"] == "draft" and Export.objects.filter(purpose="研究").exists()
