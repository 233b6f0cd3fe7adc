"""The unit officer's journeys, most of them on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.scenarios.browser.person import BROWSER, DESKTOP, PHONE

pytestmark = BROWSER


def test_the_unit_officer_accepts_and_reports_on_a_phone_and_the_supervisor_closes(person, tmp_path: Path) -> None:
    officer = person("zhengwu", PHONE)
    page = officer.page
    assert page.url.endswith("/week/"), "an officer arrives at the week"
    officer.fits()
    accept = page.get_by_role("button", name="签收").first
    heading = page.locator("article", has=page.get_by_role("button", name="签收")).first.locator("h3").inner_text()
    accept.click()
    page.wait_for_load_state()
    page.wait_for_timeout(500)
    page.goto("/my-tasks/")
    page.get_by_role("link", name=heading).first.click()
    page.wait_for_url(re.compile(r"/tasks/\d+/"))
    officer.fits()
    evidence = tmp_path / "现场照片.png"
    evidence.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    form = page.locator("#report form").first
    form.locator("textarea[name=text]").fill("已在三个街道试点，运行正常。")
    form.locator("input[name=files][multiple]").set_input_files(str(evidence))
    form.get_by_role("button", name="提交进展").click()
    page.get_by_text("已在三个街道试点，运行正常。").first.wait_for()
    page.get_by_text("现场照片.png").first.wait_for()


def test_accepting_takes_one_tap_and_reporting_a_number_needs_no_manual(person, tmp_path: Path) -> None:
    """On a phone: the card says 签收, one tap answers it; the next card leads straight to the report."""
    officer = person("chengguan", PHONE)
    page = officer.page
    page.goto("/week/")
    before = page.get_by_role("button", name="签收").count()
    assert before, "the demo leaves something to accept"
    page.get_by_role("button", name="签收").first.click()
    page.locator("p.note", has_text="已签收").wait_for()
    expect(page.get_by_role("button", name="签收")).to_have_count(before - 1)
    page.get_by_role("link", name="填报进展").first.click()
    page.wait_for_url(re.compile(r"/tasks/\d+/#report"))
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"0" * 4096)
    form = page.locator("#report form").first
    form.locator("textarea[name=text]").fill("完成两处整改，照片附后。")
    form.locator("input[name=files][multiple]").set_input_files(str(photo))
    expect(form.locator(".names")).to_contain_text("现场.jpg")
    form.get_by_role("button", name="提交进展").click()
    page.get_by_role("link", name="现场.jpg").wait_for()


def test_the_unit_answers_a_supervision_notice_on_a_phone_and_the_supervisor_closes_it(person, tmp_path: Path) -> None:
    officer = person("shujuju", PHONE)
    page = officer.page
    page.goto("/cases/?show=mine&type=plans.supervision_notice")
    page.locator(".case-table a").first.click()
    page.wait_for_url(re.compile(r"/cases/\d+/"))
    officer.fits()
    evidence = tmp_path / "整改照片.png"
    evidence.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    page.locator("#step textarea").fill("设备已到货，下周完成安装。")
    page.locator("#step input[type=file][multiple]").set_input_files(str(evidence))
    page.get_by_role("button", name="提交答复").click()
    page.get_by_text("设备已到货，下周完成安装。").first.wait_for()
    page.get_by_text("整改照片.png").first.wait_for()
    supervisor = person("ducha")
    supervisor.page.goto(page.url)
    supervisor.page.get_by_role("button", name="同意销号").click()
    supervisor.page.locator(".case-way li.done", has_text="办结").wait_for()
    page.reload()
    assert page.locator("#step").count() == 0


def test_a_note_is_handed_in_and_an_invitation_answered_on_a_phone(person) -> None:
    officer = person("liudu", PHONE)
    page = officer.page
    page.goto("/coordination/")
    page.get_by_role("link", name="报送情况专报").first.click()
    page.locator("textarea[name=text]").fill("两个点位已完成踏勘。")
    page.locator("textarea[name=problems]").fill("取电手续未办")
    button = page.get_by_role("button", name="报送", exact=True)
    expect(button).to_be_in_viewport()
    button.click()
    page.locator(".chip", has_text="已报第 1 稿").wait_for()
    page.goto("/coordination/")
    page.get_by_role("link", name="回复会议通知").first.click()
    page.locator("input[name=role]").fill("分管副镇长")
    page.get_by_role("button", name="出席").click()
    page.get_by_role("heading", name="已回复").wait_for()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_sheet_that_was_handed_in_says_what_is_in_it(person, tmp_path: Path, viewport) -> None:
    officer = person("zhengwu", viewport)
    page = officer.page
    page.goto("/fill-in/")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载填报表").click()
    path = tmp_path / "填报表.xlsx"
    download.value.save_as(path)
    page.locator("input[name=sheet]").set_input_files(str(path))
    page.get_by_role("button", name="上传核对").click()
    page.wait_for_url(re.compile(r"/fill-in/\d+/"))
    officer.fits()
    officer.owes_nothing()
