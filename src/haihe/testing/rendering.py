"""Word files as pictures, by a real LibreOffice: what a paper looks like is looked at, not only read from its XML.

Needs Debian's libreoffice-writer-nogui and fonts-noto-cjk. The fonts that official papers name are seldom on a server: Noto's
stand in for them, told to fontconfig here, so that the picture shows serif and sans where the paper means them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

STAND_INS = {
    "方正小标宋简体": "Noto Serif CJK SC", "仿宋_GB2312": "Noto Serif CJK SC", "楷体_GB2312": "Noto Serif CJK SC", "宋体": "Noto Serif CJK SC",
    "黑体": "Noto Sans CJK SC", "仿宋": "Noto Serif CJK SC",
}  # fmt: skip
_MATCH = '<match target="pattern"><test name="family"><string>{0}</string></test><edit name="family" mode="assign" binding="strong"><string>{1}</string></edit></match>'


def find_office() -> str | None:
    return shutil.which("soffice")


def pdf_of(document: Path, folder: Path) -> Path:
    return converted(document, folder, "pdf")


def converted(document: Path, folder: Path, ending: str, seconds: float = 120) -> Path:
    """The document in another format in `folder`; raises CalledProcessError or FileNotFoundError where LibreOffice made none."""
    rules = "".join(_MATCH.format(font, other) for font, other in STAND_INS.items())
    fonts = folder / "fonts.conf"
    fonts.write_text(f'<?xml version="1.0"?><fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>{rules}</fontconfig>', encoding="utf-8")  # fmt: skip
    office = find_office()
    if office is None:
        raise FileNotFoundError("soffice: apt-get install libreoffice-writer-nogui fonts-noto-cjk")
    command = [office, "--headless", f"-env:UserInstallation={(folder / 'office').resolve().as_uri()}", "--convert-to", ending, "--outdir", str(folder), str(document)]  # fmt: skip
    subprocess.run(command, env={**os.environ, "FONTCONFIG_FILE": str(fonts)}, check=True, capture_output=True, timeout=seconds)  # fmt: skip
    made = folder / f"{document.stem}.{ending}"
    if not made.exists():
        raise FileNotFoundError(made)
    return made


def pages_of(pdf: Path, *, scale: float = 1.1) -> list[Any]:
    """The pages as pictures (PIL), 72 × scale dots per inch."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return [document[n].render(scale=scale).to_pil() for n in range(len(document))]
    finally:
        document.close()


def lines_of(pdf: Path, page: int) -> list[str]:
    """The text lines of a page from the top down, without the page number."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        text = document[page].get_textpage().get_text_bounded()
    finally:
        document.close()
    return [line.strip() for line in text.splitlines() if line.strip() and "—" not in line]
