"""The zip itself: index as JSON, as a workbook and as a page; the files; the audit record's head; the list of hashes."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import timezone
from openpyxl import Workbook

from haihe.kernel import audit
from haihe.kernel.audit import AuditSeal
from haihe.kernel.evidence import clean_name
from haihe.kernel.exports import release_file
from haihe.kernel.identity import Account
from haihe.kernel.permissions import declare, demand
from haihe.packs.plans.models import Plan
from haihe.packs.plans.package.gathering import Gathered, gather
from haihe.packs.plans.papers.cells import write_cell, write_head

declare("plan.evidence_package", "导出佐证包", "take a plan's evidence package", roles=["supervisor", "viewer"])
SUMS = "SHA256SUMS"
HEAD = (
    ("类别", 8),
    ("事项", 50),
    ("状态", 12),
    ("时间", 22),
    ("单位/填报人", 24),
    ("内容", 50),
    ("文件", 60),
    ("SHA-256", 66),
)


def release_package(account: Account, plan: Plan, *, purpose: str, folder: Path | None = None) -> tuple[str, Path]:
    """Build the package as a file of its own (the caller removes it) and let it out through the export gate."""
    demand(account, "plan.evidence_package", plan)
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False, dir=folder) as made:
        path = Path(made.name)
    try:
        build(gather(account, plan, timezone.localdate()), path)
        name = clean_name(f"{plan.title[:60]}佐证包.zip")
        release_file(account, "plans.evidence_package", name, path, purpose=purpose)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name, path


def build(found: Gathered, path: Path) -> None:
    """Write everything, each file after its hash was compared, and the hashes last."""
    found.index["audit"] = audit_head()
    written: dict[str, str] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        parts = {
            "index.json": json.dumps(found.index, ensure_ascii=False, indent=1).encode(), "index.xlsx": _workbook(found),
            "index.html": render_to_string("plans/package_index.html", {"index": found.index, "made": timezone.now()}).encode(),
            "audit-head.json": json.dumps(found.index["audit"], indent=1).encode(),
        }  # fmt: skip
        for name, content in parts.items():
            _put(archive, written, name, content)
        for name, file in found.files.items():
            _put(archive, written, name, file.open_checked())
        archive.writestr(SUMS, "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(written.items())))


def _put(archive: zipfile.ZipFile, written: dict[str, str], name: str, content: bytes) -> None:
    archive.writestr(name, content)
    written[name] = hashlib.sha256(content).hexdigest()


def audit_head() -> dict[str, object]:
    """Where the audit record stood: its last sealed place and the link that all before it hang on."""
    audit.seal_pending()
    head = AuditSeal.objects.order_by("-seq").first()
    at = timezone.now().isoformat(timespec="seconds")
    return (
        {"seq": head.seq, "record_id": head.record_id, "chain": head.chain, "at": at} if head else {"seq": 0, "at": at}
    )


def _workbook(found: Gathered) -> bytes:
    book = Workbook()
    sheet = book.active
    row = write_head(sheet, f"{found.index['plan']['title']}佐证材料目录", HEAD)  # type: ignore[arg-type]
    for cells in _rows(found):
        for column, value in enumerate(cells, start=1):
            write_cell(sheet, row, column, value)  # type: ignore[arg-type]
        row += 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _rows(found: Gathered) -> list[tuple[str, ...]]:
    """One row a value or report, and one more for each further file of it."""
    rows: list[tuple[str, ...]] = []
    for kind, name in (("指标", "targets"), ("任务", "tasks")):
        for item in found.index[name]:
            entries = [(v["recorded_at"], v["by"], f"{v['value']}（{v['as_of']}）{v['note']}", v["files"]) for v in item.get("values", ())]  # fmt: skip
            entries += [(r["at"], f"{r['unit']} {r['by']}".strip(), r["text"], r["files"]) for r in item["reports"]]
            for at, by, text, files in entries or [("", "", "", [])]:
                for file in files or [{"path": "", "sha256": ""}]:
                    rows.append((kind, item["title"], item["state"], at, by, text, file["path"], file["sha256"]))
    return rows
