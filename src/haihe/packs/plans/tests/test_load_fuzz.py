"""Whatever the bytes are, the answer is a text or an UnreadableDocument; any other exception fails these tests."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haihe.packs.plans.reading.load import UnreadableDocument, load_bytes, load_text
from haihe.packs.plans.tests.load_documents import chromium_pdf, numbered_docx, pdf_of, printed

ORDINARY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = st.sampled_from(["a.txt", "a.md", "a.docx", "a.pdf", "a.html", "a.doc", "a", "", "\0.txt"])
WORDS = "为推动青石县水务管理更加精细，减少管网漏损，制定本方案。"
TAGS = [
    "<table>", "</table>", "<tr>", "<td>", "<td rowspan=3 colspan=2>", "<div class=nav>", "</div>", "<ol start=x>",
    "<li>", "<p>", "<pre>", "</pre>", "<br>", "<!--", "-->", "<a href=x>", "</a>", "甲", "乙\n", "<script>", "</body>",
    "<body>", "&#0;", "&x;",
]  # fmt: skip
DOCUMENTS = {
    "docx": numbered_docx([("chineseCounting", "%1、"), ("decimal", "%2.")], [(0, WORDS), (1, WORDS), (0, WORDS)]),
    "pdf": pdf_of(printed([WORDS] * 9)),
    "browser.pdf": chromium_pdf(),
    "html": f"<html><body><div class=nav>{WORDS}</div><table><tr><td colspan=2>{WORDS}</table></body></html>".encode(),
    "md": f"---\na: b\n---\n# {WORDS}\n|a|b|\n|-|-|\n".encode(),
    "txt": f"{WORDS}\r\n{WORDS}\n".encode("gb18030"),
}


def answers(data: bytes, name: str) -> None:
    with contextlib.suppress(UnreadableDocument):
        source = load_bytes(data, name)
        assert any(line.strip() for line in source.lines)
        assert not any("\n" in line for line in source.lines)
        assert all(1 <= issue.line <= max(1, len(source.lines)) for issue in source.issues)


@ORDINARY
@given(data=st.binary(max_size=2000), name=NAMES)
def test_random_bytes(data: bytes, name: str) -> None:
    answers(data, name)


@ORDINARY
@given(text=st.text(max_size=500), encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]), name=NAMES)
def test_random_text(text: str, encoding: str, name: str) -> None:
    answers(text.encode(encoding, "replace"), name)
    with contextlib.suppress(UnreadableDocument):
        load_text(text, name)


@ORDINARY
@given(markup=st.lists(st.sampled_from(TAGS), max_size=60))
def test_random_markup(markup: list[str]) -> None:
    answers(("<html>" + "".join(markup)).encode(), "a.html")


@ORDINARY
@given(line=st.text(alphabet="甲1 *_`~[]()!<>|#-\\>&;.\t:", max_size=80))
def test_random_markdown_marks(line: str) -> None:
    answers(f"甲\n{line}".encode(), "a.md")


@pytest.mark.parametrize("kind", DOCUMENTS)
@ORDINARY
@given(at=st.floats(0, 1))
def test_documents_cut_off_anywhere(kind: str, at: float) -> None:
    data = DOCUMENTS[kind]
    answers(data[: int(at * len(data))], f"a.{kind}")


@pytest.mark.parametrize("kind", DOCUMENTS)
@ORDINARY
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=12))
def test_documents_with_flipped_bytes(kind: str, flips: list[tuple[float, int]]) -> None:
    data = bytearray(DOCUMENTS[kind])
    for at, mask in flips:
        data[min(int(at * len(data)), len(data) - 1)] ^= mask
    answers(bytes(data), f"a.{kind}")


@pytest.mark.parametrize("kind", DOCUMENTS)
@ORDINARY
@given(before=st.binary(max_size=40), after=st.binary(max_size=40))
def test_documents_with_something_before_and_after(kind: str, before: bytes, after: bytes) -> None:
    answers(before + DOCUMENTS[kind] + after, f"a.{kind}")


@ORDINARY
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(b'<>/"=w:0123456789-')), min_size=1, max_size=6))
def test_the_xml_inside_a_docx_with_changed_characters(flips: list[tuple[float, int]]) -> None:
    """Flipping packed bytes mostly breaks the check sum; this reaches the code behind it."""
    from haihe.packs.plans.tests.load_documents import with_part

    def change(xml: bytes) -> bytes:
        changed = bytearray(xml)
        for at, character in flips:
            changed[min(int(at * len(changed)), len(changed) - 1)] = character
        return bytes(changed)

    for part in ("word/document.xml", "word/numbering.xml"):
        answers(with_part(DOCUMENTS["docx"], part, change), "a.docx")
