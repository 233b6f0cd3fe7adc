"""Every kind of bad input, by the command line and by the browser's upload: what, where and what to do, and nothing stays."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.scenarios.district import haihe, new_district

from haihe.kernel.evidence import EvidenceFile
from haihe.packs.plans.models import Plan, PlanFile
from haihe.packs.plans.tests.load_documents import chromium_pdf, docx_of, pdf_of
from haihe.testing.database import query

pytestmark = pytest.mark.xdist_group("bad-input")
MB = 1 << 20
SENTENCE = "到2028年，建成数据平台30个以上，覆盖率达到80%。（责任单位：区数据局）"


@cache
def bomb() -> bytes:
    """300 MB of spaces as word/document.xml, packed into some 300 KB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as part:
            for _ in range(300):
                part.write(b" " * MB)
    return buffer.getvalue()


# name of the file → its bytes (None: 200 MB), and a word of the sentence that a person reads
BAD: dict[str, tuple[Callable[[], bytes] | None, str]] = {
    "empty.txt": (lambda: b"", "空|没有文字"),
    "binary.txt": (lambda: b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 8, "文本|二进制"),
    "binary.docx": (lambda: bytes(range(256)) * 8, "损坏|不符"),
    "cut.docx": (lambda: docx_of(*[SENTENCE] * 50)[:-400], "损坏"),
    "cut.pdf": (lambda: chromium_pdf()[:4000], "损坏"),
    "large.txt": (None, "50 MB"),
    "encoding.txt": (lambda: (SENTENCE * 5).encode("utf-8") + b"\n" + (SENTENCE * 5).encode("gb18030") + b"\xff\xfe\x81", "编码"),
    "scanned.pdf": (lambda: pdf_of([[]]), "没有文字|扫描|图片"),
    "bomb.docx": (bomb, "大得异常|太大"),
    "poem.txt": (lambda: "床前看月光，低头想家乡。\n今天天气很好。\n".encode() * 5, "没有读出"),
}  # fmt: skip


def write(name: str, folder: Path) -> Path:
    path, content = folder / name, BAD[name][0]
    with path.open("wb") as file:
        file.truncate(200 * MB) if content is None else file.write(content())
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_district(tmp_path_factory.mktemp("bad") / "district")


# Each starts three processes; the page below, which needs none, tries every kind in `make test` too.
@pytest.mark.parametrize(
    "name", [n if n in ("cut.pdf", "bomb.docx") else pytest.param(n, marks=pytest.mark.all) for n in BAD]
)
def test_the_command_line_refuses_with_a_sentence_and_exit_code_1_and_stores_nothing(
    home: Path, tmp_path: Path, name: str
) -> None:
    path = write(name, tmp_path)
    for command in ("read", "import"):
        done = haihe(home, "plan", command, path)
        assert done.returncode == 1, (command, done.stdout)
        assert name in done.stderr and "Traceback" not in done.stderr
        assert any(word in done.stderr for word in BAD[name][1].split("|")), (command, done.stderr)
        assert "请" in done.stderr, "what to do"
    counted = "SELECT (SELECT count(*) FROM kernel_evidencefile), (SELECT count(*) FROM plans_planfile), (SELECT count(*) FROM plans_plan)"
    assert query(home, counted) == [(0, 0, 0)]
    assert not [path for path in (home / "evidence").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", BAD)
def test_the_upload_page_refuses_with_a_sentence_and_stores_nothing(
    name: str, signed_in, account_with, settings
) -> None:
    content = BAD[name][0]
    settings.UPLOAD_LIMIT_BYTES = 50 * MB
    data = b"x" * (51 * MB) if content is None else content()
    client = signed_in(account_with("supervisor"))
    answer = client.post("/plans/import/", {"file": SimpleUploadedFile(name, data)}, HTTP_HX_REQUEST="true")
    page = answer.content.decode()
    assert 400 <= answer.status_code < 500, answer.status_code
    assert any(word in page for word in BAD[name][1].split("|")), page
    assert "请" in page
    assert not EvidenceFile.objects.exists() and not PlanFile.objects.exists() and not Plan.objects.exists()
    assert not [path for path in Path(settings.EVIDENCE_FOLDER).rglob("*") if path.is_file()]


def test_one_bad_file_among_good_ones_does_not_keep_them_from_being_imported(home: Path, tmp_path: Path) -> None:
    import haihe as package

    good = Path(package.__file__).parent / "demo" / "plan.txt"
    done = haihe(home, "plan", "import", write("cut.docx", tmp_path), good)
    assert done.returncode == 1 and "已导入" in done.stdout and "cut.docx" in done.stderr
