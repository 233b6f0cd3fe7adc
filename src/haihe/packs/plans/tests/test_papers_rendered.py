"""Papers as a real LibreOffice shows them: 22 lines of 28 characters, red where it must be, the colophon at the foot."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from haihe.packs.plans.papers.content import KINDS, Block, Paper
from haihe.packs.plans.papers.word import word_file
from haihe.testing.rendering import find_office, lines_of, pages_of, pdf_of

pytestmark = [
    pytest.mark.all,
    pytest.mark.skipif(
        find_office() is None, reason="no LibreOffice (Debian: libreoffice-writer-nogui, fonts-noto-cjk)"
    ),
]
PAPER = Paper(
    "supervision_notice", "望河区督查室", "关于重点任务的督办单", date(2026, 3, 1), "望河区督查室", (Block("望" * 28 * 60),), number="望督〔2026〕1号", to="区数据局",
    copy_to="区财政局", printed_by="望河区人民政府办公室",
)  # fmt: skip


def rendered(paper: Paper, folder: Path) -> Path:
    (folder / "paper.docx").write_bytes(word_file(paper))
    return pdf_of(folder / "paper.docx", folder)


def is_red(pixel: Any) -> bool:
    return pixel[0] > 200 and pixel[1] < 80 and pixel[2] < 80


def test_a_full_page_holds_22_lines_of_28_characters(tmp_path: Path) -> None:
    lines = lines_of(rendered(PAPER, tmp_path), page=1)
    assert (len(lines), {len(line) for line in lines}) == (22, {28})


def test_the_mark_and_its_line_are_red_and_stand_where_they_must(tmp_path: Path) -> None:
    scale = 2.0
    page = pages_of(rendered(PAPER, tmp_path), scale=scale)[0].convert("RGB")
    per_mm = 72 / 25.4 * scale
    reds = [(x, y) for y in range(0, page.height, 2) for x in range(0, page.width, 2) if is_red(page.getpixel((x, y)))]
    left, right = min(x for x, _ in reds) / per_mm, max(x for x, _ in reds) / per_mm
    assert abs(left - 28) < 1 and abs(right - 184) < 1, "the red line is as wide as the text area"
    assert abs(min(y for _, y in reds) / per_mm - (37 + 35)) < 4, "35 mm from the top of the text area to the mark"


def test_the_colophon_ends_at_the_foot_of_the_text_area(tmp_path: Path) -> None:
    scale = 2.0
    paper = dataclasses.replace(PAPER, blocks=(Block("正文。"),))
    page = pages_of(rendered(paper, tmp_path), scale=scale)[0].convert("L")
    per_mm = 72 / 25.4 * scale
    middle = page.width // 2
    dark = [
        y for y in range(page.height) if all(page.getpixel((x, y)) < 140 for x in (middle - 200, middle, middle + 180))
    ]
    assert abs(max(dark) / per_mm - (37 + 225)) < 2.5, (
        "the last line is the lower edge of the text area (LibreOffice: 2.2 mm above)"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_renders_with_something_on_each_page(tmp_path: Path, kind: str) -> None:
    table = Block(head=("序号", "任务"), rows=tuple((str(n), "建设平台" * 9) for n in range(60)), widths=(1, 6))
    pages = pages_of(rendered(dataclasses.replace(PAPER, kind=kind, blocks=(Block("一、事项", 1), table)), tmp_path))
    assert len(pages) >= 2 and all(len(set(page.convert("L").tobytes())) > 20 for page in pages)
    assert (pages[0].width > pages[0].height) == (kind == "ledger")
