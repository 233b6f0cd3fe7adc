"""What a task asks for can change; what it asked for before stays, and every change says why."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.models_supervision import TaskVersion
from haihe.packs.plans.tests.conftest import evidence_of, file_revision, make_plan, task


def the(heading: str = "建设平台") -> Task:
    return Task.objects.get(heading=heading)


def told(found: Task) -> list[tuple[int, str, date | None, str]]:
    return [(row.number, row.text, row.deadline, row.reason) for row in found.versions.all()]


def test_each_change_is_a_version_with_its_reason_and_the_first_stays(filed: Plan, people: SimpleNamespace) -> None:
    found = the()
    before, due = found.text, found.deadline
    assert not found.versions.exists(), "a task that nobody changed has none"
    services.adjust(people.supervisor, found, text="建设平台，分两期交付", reason="算力指标落后")
    services.set_deadline(people.supervisor, the(), deadline=date(2027, 6, 30), reason="一期先行")
    assert told(the()) == [
        (1, before, due, ""),
        (2, "建设平台，分两期交付", due, "算力指标落后"),
        (3, "建设平台，分两期交付", date(2027, 6, 30), "一期先行"),
    ]
    assert the().clause.read["text"] == before, "the document stays as it was read"
    [record] = AuditRecord.objects.filter(action="task.adjust")
    assert (record.details["reason"], record.details["version"]) == ("算力指标落后", 2)


def test_without_a_reason_or_a_difference_nothing_is_changed(filed: Plan, people: SimpleNamespace) -> None:
    for text, reason in (("另一种写法", " "), (" ", "调整"), (the().text, "没有变化")):
        with pytest.raises(InvalidInput):
            services.adjust(people.supervisor, the(), text=text, reason=reason)
    with pytest.raises(NotAllowed):
        services.adjust(people.data, the(), text="自己改任务", reason="方便")
    assert not TaskVersion.objects.exists()


def test_a_closed_task_is_not_changed(filed: Plan, people: SimpleNamespace) -> None:
    services.accept(people.data, the())
    services.report_done(people.data, the(), text="完成", evidence=[evidence_of(people.data)])
    services.close(people.supervisor, the())
    with pytest.raises(Conflict):
        services.adjust(people.supervisor, the(), text="另一种写法", reason="调整")


def test_a_revised_document_that_says_it_otherwise_is_a_version(filed: Plan, people: SimpleNamespace) -> None:
    before = the().text
    kept = task(6, "推广应用", ("区卫生健康委", "responsible"))
    fresh = make_plan(people.supervisor, [("task", {**task(5, "建设平台", ("区数据局", "lead")), "text": before + "，覆盖全区"}), ("task", kept)], replaces=filed)  # fmt: skip
    file_revision(people.supervisor, filed, fresh)
    assert [(text, reason) for _, text, _, reason in told(the())] == [
        (before, ""),
        (before + "，覆盖全区", f"《{fresh.title}》修订"),
    ]
    assert not the("推广应用").versions.exists(), "it says the same as before"


def test_a_version_is_written_once_and_seen_with_its_task(filed: Plan, people: SimpleNamespace) -> None:
    row = services.adjust(people.supervisor, the(), text="分两期建设平台", reason="调整")
    with pytest.raises(DatabaseError), transaction.atomic():
        TaskVersion.objects.filter(pk=row.pk).update(reason="另一个原因")
    assert visible(people.data, TaskVersion.objects.all()).count() == 2
    assert not visible(people.health, TaskVersion.objects.all()).exists()


def test_the_page_changes_a_task_and_shows_what_it_said_before(filed: Plan, people: SimpleNamespace, signed_in: Any) -> None:  # fmt: skip
    before, address = the().text, f"/tasks/{the().pk}/"
    client = signed_in(people.supervisor)
    assert "现为第" not in client.get(address).content.decode()
    form = {"heading": "建设平台", "text": "分两期建设平台", "reason": "算力指标落后"}
    assert client.post(address + "adjust/", form).status_code == 302
    page = client.get(address).content.decode()
    assert "现为第 2 版" in page and "算力指标落后" in page and before in page
    page = signed_in(people.data).get(address).content.decode()
    assert "现为第 2 版" in page and "adjust/" not in page, "a unit sees the change and makes none"
