"""Pictures of the official papers for docs/papers.md: issued on the demo's pages, taken as Word, shown by a real LibreOffice."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from haihe.testing.rendering import find_office, pages_of, pdf_of

KINDS = ("supervision_notice", "chasing_letter", "bulletin", "ledger")
TASKS_CHOSEN = 2


def take_papers(page: Page, folder: Path) -> list[Path]:
    """Issue one paper of each kind as the supervisor and draw its first page; what was written."""
    if find_office() is None:
        raise SystemExit("需要 LibreOffice：apt-get install libreoffice-writer-nogui。LibreOffice is needed.")
    open_series(page)
    with tempfile.TemporaryDirectory() as scratch:
        return [draw(issue(page, kind, Path(scratch)), folder / f"paper-{kind}.png", Path(scratch)) for kind in KINDS]


def open_series(page: Page) -> None:
    page.goto("/papers/")
    if page.get_by_text("望督〔").count():
        return
    page.fill("input[name=code]", "望督")
    page.fill("input[name=organ]", "望河区人民政府督查室")
    page.fill("input[name=printed_by]", "望河区人民政府办公室")
    page.get_by_role("button", name="设立").click()
    page.get_by_text("望督〔").first.wait_for(state="attached")


def issue(page: Page, kind: str, scratch: Path) -> Path:
    page.goto(f"/papers/new/?kind={kind}")
    if kind == "supervision_notice":
        for box in page.locator("input[name=task]").all()[:TASKS_CHOSEN]:
            box.check()
        page.fill("input[name=copy_to]", "区政府办公室，区财政局")
    elif kind == "chasing_letter":
        page.select_option("select[name=organisation]", label="望河区数据局")
    page.get_by_role("button", name="签发").click()
    page.wait_for_url("**/papers/*/")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载（Word）").click()
    path = scratch / f"{kind}.docx"
    download.value.save_as(path)
    return path


def draw(word: Path, picture: Path, scratch: Path) -> Path:
    shown = pages_of(pdf_of(word, scratch), scale=1.25)[0]
    shown.convert("P", palette=1, colors=64).save(picture, optimize=True)
    return picture
