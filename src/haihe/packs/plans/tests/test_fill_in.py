"""The fill-in sheet and back: every way in which a sheet comes back spoilt is told at its cell, and only good rows are imported."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from haihe.kernel.errors import Conflict, HaiheError, InvalidInput, NotAllowed, NotFound, TooLarge
from haihe.kernel.evidence import EvidenceFile, receive
from haihe.packs.plans import services
from haihe.packs.plans.fill_in.shape import COLUMNS, DONE, FIRST_ROW, HEAD_ROW, SHEET, UNDER_WAY
from haihe.packs.plans.models import FilledSheet, Report, Task
from haihe.packs.plans.tests.conftest import evidence_of
from haihe.testing.rendering import converted, find_office

AT = {column.name: n for n, column in enumerate(COLUMNS, start=1)}
A_DAY = datetime(2026, 1, 31)  # noqa: DTZ001  (Excel keeps days without a zone)
Edit = Callable[[Any], None]


def taken(people: Any, unit: Any) -> bytes:
    return services.release_sheet(people.supervisor, unit, purpose="填报")[1]


def filled(content: bytes, edit: Edit) -> bytes:
    book = load_workbook(io.BytesIO(content))
    edit(book[SHEET])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def received(account: Any, content: bytes, name: str = "填报表.xlsx") -> EvidenceFile:
    return receive(name, [content], account)


def put(sheet: Any, row: int = FIRST_ROW, **values: Any) -> None:
    for name, value in values.items():
        sheet.cell(row, AT[name]).value = value


def good(sheet: Any) -> None:
    put(
        sheet, status=UNDER_WAY, text="已建成12个", value=12, as_of=date(2026, 1, 31), problem="经费", evidence="验收单"
    )


@pytest.fixture
def unit(district: Any, filed: Any) -> Any:
    return district.data


@pytest.fixture
def handed_in(people: Any, unit: Any) -> Callable[[Edit], FilledSheet]:
    def hand_in(edit: Edit) -> FilledSheet:
        return services.hand_in(people.data, None, file=received(people.data, filled(taken(people, unit), edit)))

    return hand_in


def cells(row: FilledSheet) -> list[str]:
    return [finding["cell"] for finding in row.findings]


def test_a_sheet_has_drop_downs_protected_heads_and_a_hidden_key(people: Any, unit: Any) -> None:
    sheet = load_workbook(io.BytesIO(taken(people, unit)))[SHEET]
    kinds = {rule.type for rule in sheet.data_validations.dataValidation}
    assert kinds == {"list", "decimal", "date"} and sheet.protection.sheet and sheet.column_dimensions["A"].hidden
    row = {column.name: sheet.cell(FIRST_ROW, n) for n, column in enumerate(COLUMNS, start=1)}
    assert row["key"].protection.locked and row["task"].protection.locked and not row["text"].protection.locked
    assert "建设平台" in row["task"].value and "数据集" in row["target"].value


def test_text_of_a_plan_that_looks_like_a_formula_leaves_as_text(people: Any, unit: Any) -> None:
    Task.objects.filter(heading="建设平台").update(heading='=HYPERLINK("http://example.invalid")', number="")
    sheet = load_workbook(io.BytesIO(taken(people, unit)))[SHEET]
    cell = sheet.cell(FIRST_ROW, AT["task"])
    assert cell.data_type == "s" and cell.quotePrefix


def test_nothing_is_imported_until_somebody_confirms_and_then_as_on_the_page(people: Any, handed_in: Any) -> None:
    sheet = handed_in(good)
    assert (sheet.ready, sheet.findings) == (1, []) and not Report.objects.exists()
    done = services.apply_sheet(people.data, sheet)
    report = Report.objects.get()
    assert done.applied_rows == 1 and report.value.value == Decimal(12) and report.value.as_of == date(2026, 1, 31)
    assert (
        report.text == "已建成12个\n存在问题：经费\n佐证：验收单" and report.evidence.get().sha256 == sheet.file.sha256
    )
    with pytest.raises(Conflict):
        services.apply_sheet(people.data, sheet)


def test_a_named_attachment_becomes_the_row_s_evidence_and_completion_is_reported(people: Any, unit: Any) -> None:
    proof = evidence_of(people.data, "验收单.txt")
    content = filled(taken(people, unit), lambda sheet: put(sheet, status=DONE, text="全部完成", evidence="见验收单"))
    sheet = services.hand_in(people.data, None, file=received(people.data, content), attachments=[proof])
    services.accept(people.data, Task.objects.get(heading="建设平台"))
    with pytest.raises(Conflict):
        services.apply_sheet(people.data, sheet)  # accepting changed the task's version
    content = filled(taken(people, unit), lambda sheet: put(sheet, status=DONE, text="全部完成", evidence="见验收单"))
    sheet = services.hand_in(people.data, None, file=received(people.data, content), attachments=[proof])
    services.apply_sheet(people.data, sheet)
    assert Task.objects.get(heading="建设平台").state == "reported" and proof in Report.objects.get().evidence.all()


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"value": "十二"}, "value"), ({"value": "12个"}, "value"), ({"value": True}, "value"), ({"value": A_DAY}, "value"), ({"value": 10**15}, "value"),
        ({"value": "=1+1"}, "value"), ({"text": "=HYPERLINK(\"x\")"}, "text"), ({"value": "=cmd|'/c calc'!A1"}, "value"),
        ({"as_of": "上月底"}, "as_of"), ({"as_of": "2026-02-30"}, "as_of"), ({"as_of": 5}, "as_of"), ({"as_of": 10**9}, "as_of"),
        ({"status": "快了"}, "status"), ({"text": ""}, "text"), ({"evidence": None}, "evidence"), ({"status": DONE}, "status"), ({"text": "长" * 6000}, "text"), ({"value": "#REF!"}, "value"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_cell_and_the_row_is_not_imported(handed_in: Any, people: Any, values: dict[str, Any], column: str) -> None:  # fmt: skip
    def edit(sheet: Any) -> None:
        good(sheet)
        put(sheet, **values)

    sheet = handed_in(edit)
    assert f"{'ABCDEFGHIJKL'[AT[column] - 1]}{FIRST_ROW}" in cells(sheet) and sheet.ready == 0
    with pytest.raises(InvalidInput):
        services.apply_sheet(people.data, sheet)
    assert not Report.objects.exists()


def test_a_day_in_the_future_is_told(handed_in: Any) -> None:
    sheet = handed_in(lambda s: (good(s), put(s, as_of=timezone.localdate() + timedelta(days=2))))
    assert cells(sheet) == [f"J{FIRST_ROW}"]


@pytest.mark.parametrize("day", ["2026-01-31", "2026/1/31", "2026年1月31日", "2026.1.31", 46053, A_DAY])
def test_days_are_understood_as_excel_day_bare_number_or_text(handed_in: Any, people: Any, day: Any) -> None:
    services.apply_sheet(people.data, handed_in(lambda s: (good(s), put(s, as_of=day))))
    assert Report.objects.get().value.as_of == date(2026, 1, 31)


@pytest.mark.parametrize(("written", "read"), [("12", "12"), (" 1,234.5 ", "1234.5"), (0.1, "0.1"), (-3, "-3"), ("1，000", "1000")])  # fmt: skip
def test_numbers_that_wps_kept_as_text_are_numbers(handed_in: Any, people: Any, written: Any, read: str) -> None:
    services.apply_sheet(people.data, handed_in(lambda s: (good(s), put(s, value=written))))
    assert Report.objects.get().value.value == Decimal(read)


def test_a_changed_head_stops_the_whole_sheet(handed_in: Any) -> None:
    sheet = handed_in(lambda s: (good(s), setattr(s.cell(HEAD_ROW, AT["value"]), "value", "金额")))
    assert cells(sheet) == [f"I{HEAD_ROW}"] and sheet.ready == 0


def test_an_inserted_column_stops_the_whole_sheet(handed_in: Any) -> None:
    assert handed_in(lambda s: (good(s), s.insert_cols(7))).ready == 0


def test_merged_cells_are_told(handed_in: Any) -> None:
    sheet = handed_in(lambda s: (good(s), s.merge_cells(f"H{FIRST_ROW}:I{FIRST_ROW}")))
    assert {f"H{FIRST_ROW}", f"I{FIRST_ROW}"} <= set(cells(sheet)) and sheet.ready == 0


def test_an_extra_row_and_a_copied_row_are_told_and_the_others_imported(handed_in: Any, people: Any) -> None:
    def edit(sheet: Any) -> None:
        good(sheet)
        put(sheet, FIRST_ROW + 5, text="多写的一行")
        put(sheet, FIRST_ROW + 6, key=sheet.cell(FIRST_ROW, 1).value, text="复制的行")

    sheet = handed_in(edit)
    assert cells(sheet) == [f"C{FIRST_ROW + 5}", f"C{FIRST_ROW + 6}"] and sheet.ready == 1
    assert services.apply_sheet(people.data, sheet).applied_rows == 1


def test_a_deleted_row_is_told(people: Any, district: Any, handed_in: Any) -> None:
    sheet = handed_in(lambda s: s.delete_rows(FIRST_ROW))
    assert len(sheet.findings) == 1 and "缺少一行" in sheet.findings[0]["zh"] and "建设平台" in sheet.findings[0]["zh"]


def test_a_row_that_somebody_else_reported_on_meanwhile_is_a_conflict(people: Any, unit: Any) -> None:
    content = filled(taken(people, unit), good)
    services.report_progress(people.city, Task.objects.get(heading="建设平台"), text="配合单位已填")
    sheet = services.hand_in(people.data, None, file=received(people.data, content))
    assert cells(sheet) == [f"C{FIRST_ROW}"] and "冲突" in sheet.findings[0]["zh"] and sheet.ready == 0


def test_a_task_that_changed_between_check_and_confirmation_imports_nothing(people: Any, handed_in: Any) -> None:
    sheet = handed_in(good)
    services.report_progress(people.city, Task.objects.get(heading="建设平台"), text="配合单位已填")
    with pytest.raises(Conflict):
        services.apply_sheet(people.data, sheet)
    assert Report.objects.count() == 1


def test_a_key_pointing_at_a_task_of_another_unit_imports_nothing(handed_in: Any) -> None:
    other = Task.objects.get(heading="推广应用")
    sheet = handed_in(lambda s: (good(s), put(s, key=f"{other.pk}-0:abc")))
    assert sheet.ready == 0 and f"C{FIRST_ROW}" in cells(sheet)


def test_another_unit_s_sheet_is_refused_and_only_the_sender_confirms(people: Any, unit: Any, handed_in: Any) -> None:
    with pytest.raises(NotFound):
        services.hand_in(people.health, None, file=received(people.health, filled(taken(people, unit), good)))
    sheet = handed_in(good)
    with pytest.raises(NotAllowed):
        services.apply_sheet(people.city, sheet)


# --- files that are no sheet ----------------------------------------------------------------------------------------


def _repacked(content: bytes, **added: bytes) -> bytes:
    source, buffer = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            archive.writestr(name, added.pop(name, source.read(name)))
        for name, more in added.items():
            archive.writestr(name, more)
    return buffer.getvalue()


def _bomb(content: bytes) -> bytes:
    return _repacked(content, **{"xl/worksheets/sheet9.xml": b"0" * 100_000_000})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_bomb, "解压后过大"),
        (lambda c: _repacked(c, **{"xl/vbaProject.bin": b"x"}), "宏"),
        (lambda c: _repacked(c, **{"[Content_Types].xml": zipfile.ZipFile(io.BytesIO(c)).read("[Content_Types].xml").replace(b"spreadsheetml.sheet.main", b"x.macroEnabled.main")}), "宏"),
        (lambda c: _repacked(c, **{"xl/externalLinks/externalLink1.xml": b"<x/>"}), "外部链接"),
        (lambda c: _repacked(c, **{"xl/connections.xml": b"<x/>"}), "数据连接"),
        (lambda c: _repacked(c, **{"xl/sharedStrings.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><sst/>'}), "不允许的声明"),
        (lambda c: _repacked(c, **{"xl/workbook.xml": b"<broken"}), "打不开"),
        (lambda c: b"PK\x03\x04" + b"0" * 50, "不是 Excel"),
        (lambda c: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, "旧格式"),
    ],
)  # fmt: skip
def test_bombs_macros_links_and_old_formats_are_refused_in_a_sentence(people: Any, unit: Any, tmp_path: Any, make: Any, said: str) -> None:  # fmt: skip
    from haihe.packs.plans.fill_in.opening import open_sheet

    path = tmp_path / "x.xlsx"
    path.write_bytes(make(taken(people, unit)))
    with pytest.raises(HaiheError) as error:
        open_sheet(path, "x.xlsx")
    assert said in error.value.zh and error.value.to_do_zh and isinstance(error.value, InvalidInput | TooLarge)


def test_some_other_workbook_is_refused(people: Any, unit: Any) -> None:
    buffer = io.BytesIO()
    Workbook().save(buffer)
    with pytest.raises(InvalidInput, match="not a sheet"):
        services.hand_in(people.data, None, file=received(people.data, buffer.getvalue()))
    with pytest.raises(InvalidInput):
        services.hand_in(people.data, None, file=received(people.data, filled(taken(people, unit), lambda s: setattr(s, "title", "Sheet1"))))  # fmt: skip
    assert not FilledSheet.objects.exists()


@pytest.mark.parametrize("name", ["a.xls", "a.xlsm", "a.xlsb"])
def test_other_endings_are_refused_at_the_door(signed_in: Any, people: Any, unit: Any, name: str) -> None:
    answer = signed_in(people.data).post("/fill-in/hand-in/", {"sheet": SimpleUploadedFile(name, b"PK\x03\x04")}, HTTP_HX_REQUEST="true")  # fmt: skip
    assert answer.status_code == 422 and not FilledSheet.objects.exists() and not EvidenceFile.objects.filter(name=name).exists()  # fmt: skip


# --- what goes back, pages ------------------------------------------------------------------------------------------


def test_the_answer_marks_cells_says_why_and_holds_no_formula(people: Any, handed_in: Any) -> None:
    sheet = handed_in(
        lambda s: (good(s), put(s, value="=1+1", as_of="昨天"), s.merge_cells(f"K{FIRST_ROW}:L{FIRST_ROW}"))
    )
    content = services.release_marked(people.data, sheet, purpose="更正")[1]
    back = load_workbook(io.BytesIO(content))[SHEET]
    cell = back.cell(FIRST_ROW, AT["value"])
    assert "公式" in cell.comment.text and cell.fill.fgColor.rgb.endswith("FFC7CE") and (cell.data_type, cell.value) == ("s", "=1+1")  # fmt: skip
    assert not [c.coordinate for row in back.iter_rows() for c in row if c.data_type == "f"]


def test_the_page_leads_from_taking_to_confirming(signed_in: Any, people: Any, unit: Any) -> None:
    client = signed_in(people.data)
    assert unit.name in client.get("/fill-in/").content.decode()
    content = client.post("/fill-in/take/", {"unit": unit.pk}).content
    upload = {"sheet": SimpleUploadedFile("表.xlsx", filled(content, good)), "files": SimpleUploadedFile("验收单.csv", b"a,b")}  # fmt: skip
    address = client.post("/fill-in/hand-in/", upload, HTTP_HX_REQUEST="true").headers["HX-Redirect"]
    page = client.get(address).content.decode()
    assert "确认导入 1 行" in page and not Report.objects.exists()
    assert client.post(f"{address}apply/").status_code == 302
    assert {f.name for f in Report.objects.get().evidence.all()} == {"表.xlsx", "验收单.csv"}
    assert "已导入 1 行" in client.get(address).content.decode()
    assert signed_in(people.health).get(address).status_code == 404
    assert signed_in(people.health).post("/fill-in/take/", {"unit": unit.pk}).status_code == 422


def test_programs_do_the_same(client: Any, people: Any, unit: Any) -> None:
    from haihe.kernel.identity import issue_token

    head = {"HTTP_AUTHORIZATION": f"Bearer {issue_token(people.data, 't', days=1, may_write=True)[1]}"}
    content = client.get("/api/v1/plans/sheets/fill-in.xlsx", {"unit": unit.name}, **head).content
    made = client.post("/api/v1/plans/sheets", {"sheet": SimpleUploadedFile("表.xlsx", filled(content, good))}, **head).json()  # fmt: skip
    assert (made["ready"], made["state"]) == (1, "checked")
    assert client.post(f"/api/v1/plans/sheets/{made['id']}/apply", **head).json()["applied_rows"] == 1
    assert client.get("/api/v1/plans/sheets/fill-in.xlsx", {"unit": "柳渡镇"}, **head).status_code == 404


@pytest.mark.all
@pytest.mark.skipif(find_office() is None, reason="no LibreOffice (Debian: libreoffice-calc-nogui)")
def test_a_sheet_that_another_spreadsheet_program_saved_comes_back_whole(
    people: Any, unit: Any, tmp_path: Path
) -> None:
    """LibreOffice writes styles, strings and dates in its own way, as WPS does; keys, hidden sheet and drop-downs survive."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "sheet.xlsx"
    path.write_bytes(filled(taken(people, unit), good))
    saved = converted(path, tmp_path, "xlsx")
    assert load_workbook(saved)[SHEET].data_validations.dataValidation
    sheet = services.hand_in(people.data, None, file=received(people.data, saved.read_bytes()))
    assert (sheet.ready, sheet.findings) == (1, [])
    services.apply_sheet(people.data, sheet)
    assert Report.objects.get().value.as_of == date(2026, 1, 31)
