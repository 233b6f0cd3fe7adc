"""What goes into an evidence package: each target and task of a plan with what was reported, by whom, and which files prove it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.permissions import visible
from haihe.packs.plans.models import IssuedPaper, Plan, Report, Target, Task
from haihe.packs.plans.progress import leading_targets, light, standing


@dataclass
class Gathered:
    """The index as plain values, and the files by the path that they get in the package."""

    index: dict[str, Any]
    files: dict[str, EvidenceFile] = field(default_factory=dict)

    def add(self, folder: str, files: Iterable[EvidenceFile]) -> list[dict[str, Any]]:
        """Name the files' places; the same bytes lie in the package once."""
        named = []
        for file in files:
            path = f"{folder}/{file.sha256[:16]}-{file.name}"
            same = next((place for place, kept in self.files.items() if kept.sha256 == file.sha256), None)
            self.files.setdefault(same or path, file)
            named.append({"name": file.name, "path": same or path, "sha256": file.sha256, "bytes": file.size_bytes})
        return named


def gather(account: Account, plan: Plan, today: date) -> Gathered:
    """Only what the account sees."""
    found = Gathered({"format": "haihe-evidence-package-1", "plan": _plan(plan), "day": today.isoformat()})
    found.index["document"] = found.add("document", [plan.file.file])
    found.index["targets"] = [_target(account, found, target, today) for target in leading_targets([plan])]
    tasks = visible(account, plan.tasks.all()).prefetch_related("units__organisation").order_by("clause__position")
    found.index["tasks"] = [_task(account, found, task, today) for task in tasks]
    papers = visible(account, IssuedPaper.objects.filter(tasks__plan=plan)).select_related("file").distinct()
    found.index["papers"] = [
        {"number": p.number, "title": p.title, "issued_at": p.issued_at.isoformat(), "revoked": p.revoked_at is not None, "files": found.add("papers", [p.file])}
        for p in papers
    ]  # fmt: skip
    return found


def _plan(plan: Plan) -> dict[str, Any]:
    return {"id": plan.pk, "title": plan.title, "number": plan.number, "issuer": plan.issuer, "issued_on": plan.issued_on and plan.issued_on.isoformat()}  # fmt: skip


def _target(account: Account, found: Gathered, target: Target, today: date) -> dict[str, Any]:
    row = standing(target, today)
    reports = visible(account, Report.objects.filter(target=target)).prefetch_related("evidence").select_related("account")  # fmt: skip
    return {
        "id": target.pk, "title": str(target), "goal": target.goal, "deadline": target.deadline and target.deadline.isoformat(), "line": target.clause.line,
        "state": row.assessment.state, "assumption": row.assessment.assumption,
        "values": [{"value": str(v.value.normalize()), "as_of": v.as_of.isoformat(), "kind": v.kind, "by": str(v.by or ""), "recorded_at": v.recorded_at.isoformat(), "note": v.note, "files": found.add("evidence", _seen(account, v.evidence.all()))} for v in row.values],
        "reports": [_report(account, found, report) for report in reports],
    }  # fmt: skip


def _task(account: Account, found: Gathered, task: Task, today: date) -> dict[str, Any]:
    reports = visible(account, task.reports.all()).prefetch_related("evidence").select_related("account", "organisation")  # fmt: skip
    return {
        "id": task.pk, "title": f"{task.number}{task.heading}", "state": task.state, "light": light(task, today), "line": task.clause.line, "deadline": task.deadline and task.deadline.isoformat(),
        "closed_at": task.closed_at and task.closed_at.isoformat(), "units": [{"name": str(u.organisation or u.name), "role": u.role} for u in task.units.all()],
        "reports": [_report(account, found, report) for report in reports],
    }  # fmt: skip


def _seen(account: Account, files: Any) -> list[EvidenceFile]:
    return list(visible(account, files))


def _report(account: Account, found: Gathered, report: Report) -> dict[str, Any]:
    return {
        "kind": report.kind, "at": report.at.isoformat(), "by": str(report.account), "unit": str(report.organisation or ""), "text": report.text,
        "files": found.add("evidence", _seen(account, report.evidence.all())),
    }  # fmt: skip
