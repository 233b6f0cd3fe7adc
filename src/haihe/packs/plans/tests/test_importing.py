"""Importing: idempotent, all or nothing, and corrections survive the same and a revised document."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import haihe
from haihe.kernel.errors import InvalidInput, NotAllowed, UnreadableDocument
from haihe.kernel.evidence import EvidenceFile, receive
from haihe.kernel.identity import issue_token
from haihe.packs.plans import services
from haihe.packs.plans.importing import series_of
from haihe.packs.plans.models import Clause, Plan, PlanFile
from haihe.packs.plans.tests.load_documents import chromium_pdf, docx_of, with_part
from haihe.testing.districts import migrated

DEMO = Path(haihe.__file__).parent / "demo"


def imported(account, name: str, data: bytes | None = None):
    return services.import_evidence(account, receive(name, [data or (DEMO / name).read_bytes()], account))


def main_plan(result) -> Plan:
    return next(plan for plan in result.plans if plan.kind == "plan")


def test_the_demo_plan_is_stored_whole(people) -> None:
    result = imported(people.supervisor, "plan.txt")
    assert [(p.kind, p.status) for p in result.plans] == [("notice", "final"), ("plan", "final"), ("annex", "final")]
    plan = main_plan(result)
    assert (plan.number, str(plan.issued_on), plan.period_start, plan.period_end) == (
        "望河政办发〔2026〕3号",
        "2026-01-23",
        "2026",
        "2028",
    )
    assert {c.kind for c in plan.clauses.all()} == {"target", "task", "system"}
    assert all(c.decision == "proposed" for c in plan.clauses.all()), "nothing binds before a person said so"


def test_importing_again_changes_nothing(people) -> None:
    first, again = (
        imported(people.supervisor, "plan.txt"),
        imported(people.supervisor, "renamed.txt", (DEMO / "plan.txt").read_bytes()),
    )
    assert (first.created, again.created) == (True, False)
    assert (PlanFile.objects.count(), Plan.objects.count(), EvidenceFile.objects.count()) == (1, 3, 1)
    assert [p.pk for p in first.plans] == [p.pk for p in again.plans]


def test_only_the_supervision_office_imports(people) -> None:
    with pytest.raises(NotAllowed):
        imported(people.data, "plan.txt")
    assert not Plan.objects.exists()


@pytest.mark.parametrize("text", ["今天天气很好，我们去公园散步。\n", "a\nb\nc\n", "1,2,3\n4,5,6\n" * 50])
def test_a_text_that_is_no_plan_is_refused_and_leaves_nothing(people, text: str) -> None:
    with pytest.raises(InvalidInput, match="No plan"):
        imported(people.supervisor, "note.txt", text.encode())
    assert not PlanFile.objects.exists() and not Plan.objects.exists()


def test_a_damaged_file_is_refused_and_leaves_nothing(people, settings) -> None:
    """Also the received file is taken back: nothing of a refused document stays in the data folder."""
    whole = docx_of("望河区行动方案", "一、任务")
    for name, data in (("broken.docx", b"PK\x03\x04 this is not a zip"), ("cut.pdf", chromium_pdf()[:4000])):
        with pytest.raises(InvalidInput):
            imported(people.supervisor, name, data)
    with pytest.raises(UnreadableDocument):
        imported(people.supervisor, "changed.docx", with_part(whole, "word/document.xml", lambda xml: xml[:100]))
    assert not PlanFile.objects.exists() and not EvidenceFile.objects.exists()
    assert not [path for path in Path(settings.EVIDENCE_FOLDER).rglob("*") if path.is_file()]


def test_a_failure_in_the_middle_of_storing_leaves_nothing(people, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third document of the file fails: neither the file nor the first two documents stay behind."""
    stored = []

    def fail_at_the_third(rows):
        stored.append(rows)
        if len(stored) == 3:
            raise RuntimeError("the disk is full")
        return real(rows)

    real = Clause.objects.bulk_create
    monkeypatch.setattr(Clause.objects, "bulk_create", fail_at_the_third)
    with pytest.raises(RuntimeError):
        imported(people.supervisor, "plan.txt")
    assert len(stored) == 3
    assert not PlanFile.objects.exists() and not Plan.objects.exists() and not Clause.objects.exists()
    monkeypatch.undo()
    assert imported(people.supervisor, "plan.txt").created, "and the next try succeeds"


def test_decisions_survive_importing_the_same_file_again(people) -> None:
    plan = main_plan(imported(people.supervisor, "plan.txt"))
    target = plan.clauses.filter(kind="target").first()
    services.correct(people.supervisor, target, fields={"subject": "人工更正的对象"})
    services.reject(people.supervisor, plan.clauses.filter(kind="system").first())
    before = list(plan.clauses.values_list("pk", "decision", "correction"))
    imported(people.supervisor, "plan.txt")
    assert list(Plan.objects.get(pk=plan.pk).clauses.values_list("pk", "decision", "correction")) == before


def test_a_newer_reader_reads_the_same_file_again_and_keeps_the_decisions(people) -> None:
    plan = main_plan(imported(people.supervisor, "plan.txt"))
    clause = services.correct(
        people.supervisor, plan.clauses.filter(kind="target").first(), fields={"subject": "人工更正的对象"}
    )
    PlanFile.objects.update(reader_version="0")
    again = imported(people.supervisor, "plan.txt")
    assert again.created and PlanFile.objects.count() == 1
    kept = Clause.objects.get(carried_from=clause)
    assert (kept.plan.replaces, kept.decision, kept.current["subject"]) == (plan, "corrected", "人工更正的对象")


def test_a_correction_of_a_field_that_reads_differently_now_is_not_carried_over(people) -> None:
    """The draft says 31 thousand, the plan 32 thousand: a correction of that number belongs to the draft; others stay."""
    draft = main_plan(imported(people.supervisor, "plan-draft.txt"))
    old = next(c for c in draft.clauses.filter(kind="target") if c.read["value"] == 31_000)
    services.correct(people.supervisor, old, fields={"value": "31500", "strength": "strive"})
    imported(people.supervisor, "plan.txt")
    fresh = Clause.objects.get(carried_from=old)
    assert "value" in fresh.changed_since and fresh.decision == "proposed"
    assert (fresh.current["value"], fresh.current["strength"]) == (32_000, "strive")


def test_versions_of_one_document_belong_together() -> None:
    titles = [
        "望河区行动方案（2026—2028年）",
        "望河区行动方案(2026-2028年)（征求意见稿）",
        "望河区行动方案 （2026—2028年）（试行）",
    ]
    assert len({series_of(title) for title in titles}) == 1


def test_corrections_survive_a_revised_document(people) -> None:
    draft = main_plan(imported(people.supervisor, "plan-draft.txt"))
    confirmed = corrected = None
    final_fingerprints = set()
    final_text = (DEMO / "plan.txt").read_text(encoding="utf-8")
    for clause in draft.clauses.filter(kind="task"):
        if clause.read["text"] in final_text and confirmed is None:
            confirmed = services.confirm(people.supervisor, clause)
            final_fingerprints.add(clause.fingerprint)
    for clause in draft.clauses.filter(kind="target", decision="proposed"):
        if clause.read["text"] in final_text:
            corrected = services.correct(people.supervisor, clause, fields={"subject": "人工更正的对象"})
            break
    assert confirmed is not None and corrected is not None
    plan = main_plan(imported(people.supervisor, "plan.txt"))
    assert plan.replaces == draft and not Plan.objects.get(pk=draft.pk).is_current
    assert Clause.objects.get(plan=plan, fingerprint=confirmed.fingerprint).decision == "confirmed"
    kept = Clause.objects.get(plan=plan, carried_from=corrected)
    assert (kept.decision, kept.current["subject"]) == ("corrected", "人工更正的对象")


def test_an_annex_of_the_same_title_belongs_to_its_own_plan(people) -> None:
    """Every plan has a 任务分工表: importing another plan replaces neither the first plan nor its annex."""
    imported(people.supervisor, "plan.txt")
    other = (DEMO / "plan.txt").read_text(encoding="utf-8").replace("人工智能与城市运行融合发展", "智慧园林建设")
    result = imported(people.supervisor, "other.txt", other.encode())
    assert len(result.plans) == 3 and Plan.objects.filter(replaced_by=None).count() == 6
    revised = imported(people.supervisor, "revised.txt", other.replace("2026年1月", "2026年2月").encode())
    assert [plan.replaces for plan in revised.plans if plan.kind != "notice"] == [
        plan for plan in result.plans if plan.kind != "notice"
    ]


def test_a_plan_of_the_same_title_by_another_body_replaces_nothing(people) -> None:
    text = (DEMO / "plan.txt").read_text(encoding="utf-8")
    first = main_plan(imported(people.supervisor, "plan.txt"))
    assert first.issuer
    Plan.objects.filter(pk=first.pk).update(issuer="邻区人民政府")
    second = main_plan(imported(people.supervisor, "second.txt", (text + "\n").encode()))
    assert second.replaces is None and Plan.objects.get(pk=first.pk).is_current


def test_a_changed_clause_is_open_again_and_says_what_changed(people) -> None:
    draft = main_plan(imported(people.supervisor, "plan-draft.txt"))
    services.confirm_rest(people.supervisor, draft)
    plan = main_plan(imported(people.supervisor, "plan.txt"))
    changed = [clause for clause in plan.clauses.all() if clause.changed_since]
    assert changed and all(clause.decision == "proposed" for clause in changed)
    assert plan.content["dropped"], "the draft had a task that the final plan does not have"


def test_a_clause_that_a_person_added_stays_in_the_next_version(people) -> None:
    draft = main_plan(imported(people.supervisor, "plan-draft.txt"))
    services.add_clause(people.supervisor, draft, kind="system", line=draft.line + 3, fields={"name": "人工补充的平台"})
    plan = main_plan(imported(people.supervisor, "plan.txt"))
    assert Clause.objects.get(plan=plan, kind="system", read={}).current["name"] == "人工补充的平台"


PROGRAM = """
from haihe.runtime import set_up_django
set_up_django()
from pathlib import Path
from haihe.kernel.administration import operator
from haihe.kernel.evidence import receive
from haihe.packs.plans import services
import sys
path = Path(sys.argv[1])
result = services.import_evidence(operator(), receive(path.name, [path.read_bytes()], operator()))
print(len(result.plans))
"""


def test_two_imports_at_the_same_moment_store_one(tmp_path: Path) -> None:
    environment = {**os.environ, "HAIHE_HOME": str(migrated(tmp_path / "district"))}
    setup = "from haihe.runtime import set_up_django; set_up_django(); from haihe.kernel.administration import operator; operator()"
    subprocess.run([sys.executable, "-c", setup], env=environment, check=True)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(DEMO / "plan.txt")], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in both] == ["3", "3"]
    count = "from haihe.runtime import set_up_django; set_up_django(); from haihe.packs.plans.models import *; print(PlanFile.objects.count(), Plan.objects.count())"
    seen = subprocess.run([sys.executable, "-c", count], env=environment, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "1 3"


def test_a_file_that_is_no_plan_is_refused_over_the_api_with_a_sentence_and_leaves_nothing(client, people) -> None:
    """Both the import and the call take the file back: the second finds it gone."""
    token = issue_token(people.supervisor, "test", days=1, may_write=True)[1]
    file = SimpleUploadedFile("购物.txt", "买菜\n买米\n".encode())
    answer = client.post("/api/v1/plans/documents", {"file": file}, HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 422 and "No plan" in answer.json()["error"]["message_en"]
    assert not EvidenceFile.objects.exists()
