"""A small programme to work with: one plan with three tasks and two targets, confirmed by hand and filed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from haihe.kernel.evidence import EvidenceFile, receive
from haihe.packs.plans import services
from haihe.packs.plans.importing import carry_over, fingerprint, words_of
from haihe.packs.plans.models import Clause, Plan, PlanFile

TEXT = "\n".join(
    [
        "望河区试验行动方案（2026—2028年）", "一、目标", "到2028年，建成示范场景30个以上，覆盖率达到80%。", "二、任务",
        "1．建设平台。建设试验平台，形成数据集40个。（牵头单位：区数据局；配合单位：区城市管理委）",
        "2．推广应用。扩大应用。（责任单位：区卫生健康委）", "3．宣传培训。每年举办活动2次。（责任单位：柳渡镇）",
    ]
)  # fmt: skip


def evidence_of(account: Any, name: str = "证据.txt") -> EvidenceFile:
    return receive(name, ["一份材料".encode()], account)


def target(
    line: int,
    subject: str,
    value: float,
    unit: str,
    *,
    comparator: str = ">=",
    deadline: str | None = "2028",
    kind: str = "target",
) -> dict[str, Any]:
    return {
        "line": line, "text": subject, "subject": subject, "kind": kind, "comparator": comparator, "value": value, "value_max": None,
        "unit": unit, "deadline": deadline, "strength": "binding", "span": None,
    }  # fmt: skip


def task(line: int, heading: str, *units: tuple[str, str], deadline: str | None = None) -> dict[str, Any]:
    return {
        "line": line, "end_line": line, "number": f"{line}．", "heading": heading, "text": heading, "deadline": deadline, "span": None,
        "units": [{"name": name, "role": role} for name, role in units],
    }  # fmt: skip


def file_revision(account: Any, filed: Plan, fresh: Plan) -> None:
    """The revised plan with what the filed one said of its clauses, all confirmed, in force."""
    clauses = list(fresh.clauses.all())
    carry_over(list(filed.clauses.all()), clauses, fresh)
    for clause in clauses:
        clause.decision = "confirmed"
        clause.save()
    services.file_plan(account, fresh)


def make_plan(account: Any, items: list[tuple[str, dict[str, Any]]], **known: Any) -> Plan:
    """A plan with these clauses as if they had been read, all confirmed."""
    number = PlanFile.objects.count()
    file = PlanFile.objects.create(
        file=evidence_of(account, f"plan{number}.txt"),
        sha256=f"{number:064d}",
        format="txt",
        text=TEXT,
        reader_version="1",
    )
    plan = Plan.objects.create(
        **{"file": file, "title": "望河区试验行动方案", "series": "望河区试验行动方案", "kind": "plan", "status": "final", "period_start": "2026",
           "period_end": "2028", "line": 1, "end_line": 7, "content": {"outline": []}, **known}
    )  # fmt: skip
    for position, (kind, item) in enumerate(items):
        Clause.objects.create(
            plan=plan, kind=kind, position=position, line=item["line"], end_line=item.get("end_line", item["line"]), read=item, decision="confirmed",
            fingerprint=fingerprint(kind, words_of(kind, item)),
        )  # fmt: skip
    return plan


@pytest.fixture
def people(district: SimpleNamespace, account_with: Any) -> SimpleNamespace:
    """One account a role: supervisor, viewer, auditor; officers of data (lead), city (support), health, town."""
    return SimpleNamespace(
        supervisor=account_with("supervisor", district.government),
        viewer=account_with("viewer", district.government),
        auditor=account_with("auditor"),
        data=account_with("officer", district.data),
        city=account_with("officer", district.city),
        health=account_with("officer", district.health),
        town=account_with("officer", district.town),
        nobody=account_with(""),
    )


@pytest.fixture
def filed(people: SimpleNamespace) -> Plan:
    """The plan filed and assigned."""
    plan = make_plan(
        people.supervisor,
        [
            ("target", target(3, "示范场景", 30, "个")),
            ("target", target(3, "覆盖率", 80, "%", comparator="=")),
            ("task", task(5, "建设平台", ("区数据局", "lead"), ("区城市管理委", "support"))),
            ("target", target(5, "数据集", 40, "个", comparator="=", deadline=None)),
            ("task", task(6, "推广应用", ("区卫生健康委", "responsible"))),
            ("task", task(7, "宣传培训", ("柳渡镇", "responsible"), ("各镇街", "support"), deadline="2026-06")),
        ],
    )
    services.file_plan(people.supervisor, plan)
    services.assign_all(people.supervisor, plan)
    plan.refresh_from_db()
    return plan
