"""Handing a sheet in (checked, nothing imported) and, once a person confirms, importing its good rows by the same actions as the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, allows, unit_paths
from haihe.packs.plans.fill_in.opening import Opened, open_sheet
from haihe.packs.plans.fill_in.reading import LETTER, Finding, Reading, Row, read_rows
from haihe.packs.plans.fill_in.shape import DONE, lines_of
from haihe.packs.plans.ledger import report_done, report_progress
from haihe.packs.plans.records import FilledSheet


def unit_of(account: Account, opened: Opened, name: str) -> Organisation:
    """The unit whose sheet it is, if the account reports for it."""
    unit = Organisation.objects.filter(pk=opened.unit).first()
    if unit is None or not any(unit.path.startswith(path) for path in unit_paths(account)):
        raise NotFound("这不是您单位的填报表。", "This sheet is not your unit's.", where=name,
                       to_do_zh="请下载本单位的填报表。", to_do_en="Take your own unit's sheet.")  # fmt: skip
    return unit


def _read(account: Account, opened: Opened, unit: Organisation) -> Reading:
    reading = read_rows(opened, {line.key: line for line in lines_of(unit)}, timezone.localdate())
    done: set[int] = set()
    for row in reading.rows:
        is_done = row.values.get("status") == DONE
        if not allows(account, "task.report_done" if is_done else "task.report", row.line.task):
            row.findings.append(Finding(f"{LETTER['status']}{row.number}", "您的单位在该任务中的角色不能这样填报。", "Your unit's part in this task does not allow this."))  # fmt: skip
        if is_done and row.line.task.pk in done:
            row.findings.append(Finding(f"{LETTER['status']}{row.number}", "同一任务只报告办结一次。", "A task is reported done once."))  # fmt: skip
        done |= {row.line.task.pk} if is_done else set()
    return reading


@action("sheet.hand_in", "上传填报表", "hand a fill-in sheet in", roles=[Role.OFFICER])
def hand_in(account: Account, _: None, *, file: EvidenceFile, attachments: Sequence[EvidenceFile] = ()) -> FilledSheet:
    """Check the sheet and keep it with what was found; nothing is imported by this."""
    opened = open_sheet(file.path, file.name)
    unit = unit_of(account, opened, file.name)
    reading = _read(account, opened, unit)
    row = FilledSheet.objects.create(
        file=file,
        organisation=unit,
        account=account,
        findings=[asdict(finding) for finding in reading.everything],
        ready=len(reading.ready),
    )
    row.attachments.add(*attachments)
    audit.note(unit=unit.name, sha256=file.sha256, ready=row.ready, findings=len(row.findings))
    return row


@action("sheet.apply", "确认导入填报表", "import a fill-in sheet's good rows", roles=[Role.OFFICER])
def apply_sheet(account: Account, filled: FilledSheet) -> FilledSheet:
    """Read the sheet once more against what holds now; import every good row, or, where one fails, none."""
    if filled.account_id != account.pk:
        raise NotAllowed("只有上传人可以确认导入。", "Only whoever handed the sheet in may confirm it.", where="sheet")
    if filled.state == FilledSheet.State.APPLIED:
        raise Conflict("这份填报表已经导入。", "This sheet was imported before.", where=filled.file.name)
    opened = open_sheet(filled.file.path, filled.file.name)
    filled.file.open_checked()
    reading = _read(account, opened, unit_of(account, opened, filled.file.name))
    if len(reading.ready) != filled.ready or not reading.ready:
        raise _changed(filled, reading)
    # Completion closes a task to further reports: it comes last.
    for row in sorted(reading.ready, key=lambda row: row.values["status"] == DONE):
        _report(account, filled, row)
    filled.state, filled.applied_at, filled.applied_rows = FilledSheet.State.APPLIED, timezone.now(), len(reading.ready)
    filled.save(update_fields=["state", "applied_at", "applied_rows"])
    audit.note(rows=filled.applied_rows, sheet=filled.file.name)
    return filled


def _changed(filled: FilledSheet, reading: Reading) -> Exception:
    if not filled.ready and not reading.ready:
        return InvalidInput("没有可导入的行。", "There is no row to import.", where=filled.file.name,
                            to_do_zh="请按标出的问题修改后重新上传。", to_do_en="Correct what is marked and hand it in again.")  # fmt: skip
    return Conflict("核对之后任务有了变化，没有导入。", "Tasks changed since the sheet was checked: nothing was imported.", where=filled.file.name,
                    to_do_zh="请重新上传核对。", to_do_en="Hand the sheet in again.")  # fmt: skip


def _report(account: Account, filled: FilledSheet, row: Row) -> None:
    """One row as the page would send it: the same actions, with the sheet itself and the named files as evidence."""
    said: dict[str, Any] = row.values
    text = "\n".join(filter(None, (said["text"], f"存在问题：{said['problem']}" if said["problem"] else "", f"佐证：{said['evidence']}" if said["evidence"] else "")))  # fmt: skip
    named = [f for f in filled.attachments.all() if f.name.rsplit(".", 1)[0] in said["evidence"]]
    files = [filled.file, *named] if said["evidence"] or said["status"] == DONE else []
    if said["status"] == DONE:
        report_done(account, row.line.task, text=text, evidence=files)
    else:
        about = row.line.target if said["value"] is not None else None
        report_progress(account, row.line.task, text=text, evidence=files, value=said["value"], target=about, as_of=said["as_of"])  # fmt: skip
