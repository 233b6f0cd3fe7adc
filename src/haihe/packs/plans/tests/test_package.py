"""The evidence package: unpacked, every hash holds, also by sha256sum; one changed byte is found."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from haihe.kernel.errors import InvalidInput, NotAllowed
from haihe.kernel.evidence import EvidenceFile, receive
from haihe.kernel.exports import Export
from haihe.kernel.identity import issue_token
from haihe.packs.plans import services
from haihe.packs.plans.models import Target, Task
from haihe.packs.plans.package import verify_package


def file_of(account: Any, name: str) -> EvidenceFile:
    return receive(name, ["验收材料".encode()], account)


@pytest.fixture
def package(people: Any, filed: Any, tmp_path: Path) -> Path:
    task = Task.objects.get(heading="建设平台")
    services.report_progress(people.data, task, text="=已建成", evidence=[file_of(people.data, "验收 单'$(x).txt")])
    services.report_target(people.supervisor, Target.objects.get(indicator__title="示范场景"), value=Decimal(9), text="季度", evidence=[file_of(people.supervisor, "同样的字节.txt")])  # fmt: skip
    _name, path = services.release_package(people.supervisor, filed, purpose="年度督查", folder=tmp_path)
    return path


def test_the_package_holds_index_files_audit_head_and_hashes(package: Path, people: Any) -> None:
    archive = zipfile.ZipFile(package)
    names = set(archive.namelist())
    assert {"index.html", "index.xlsx", "index.json", "audit-head.json", "SHA256SUMS"} <= names
    index = json.loads(archive.read("index.json"))
    assert {t["title"] for t in index["targets"]} == {"示范场景", "覆盖率", "数据集"} and len(index["tasks"]) == 3
    values = next(t for t in index["targets"] if t["title"] == "示范场景")["values"]
    assert values[0]["value"] == "9" and values[0]["files"][0]["path"] in names
    assert index["audit"]["seq"] > 0 and len(index["audit"]["chain"]) == 64
    page = archive.read("index.html").decode()
    assert "建设平台" in page and values[0]["files"][0]["sha256"] in page
    sheet = load_workbook(io.BytesIO(archive.read("index.xlsx"))).active
    assert any(str(c.value) == "=已建成" and c.data_type == "s" for row in sheet.iter_rows() for c in row)
    assert Export.objects.get(what="plans.evidence_package").size_bytes == package.stat().st_size


def test_every_hash_holds_and_the_same_bytes_lie_in_it_once(package: Path) -> None:
    found = verify_package(package)
    evidence = [n for n in zipfile.ZipFile(package).namelist() if n.startswith("evidence/")]
    assert found.ok and found.checked == 6 and len(evidence) == 1, "both reports named the same bytes"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this machine")
def test_sha256sum_accepts_the_list(package: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(package).extractall(tmp_path / "out")
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0 and done.stdout.count(": OK") == 6, done.stderr


@pytest.mark.parametrize("how", ["changed", "missing", "added"])
def test_tampering_is_found(package: Path, tmp_path: Path, how: str) -> None:
    source, made = zipfile.ZipFile(package), tmp_path / "other.zip"
    victim = next(n for n in source.namelist() if n.startswith("evidence/"))
    with zipfile.ZipFile(made, "w") as archive:
        for name in source.namelist():
            if name == victim and how == "missing":
                continue
            archive.writestr(name, source.read(name) + (b"!" if name == victim and how == "changed" else b""))
        if how == "added":
            archive.writestr("evidence/more.txt", b"x")
    found = verify_package(made)
    assert not found.ok and len(found.problems) == 1 and how in found.problems[0]


def test_a_file_that_was_changed_on_disk_stops_the_package(people: Any, filed: Any, tmp_path: Path) -> None:
    filed.file.file.path.write_bytes(b"other")
    with pytest.raises(InvalidInput):
        services.release_package(people.supervisor, filed, purpose="x", folder=tmp_path)
    assert not list(tmp_path.glob("*.zip")) and not Export.objects.filter(what="plans.evidence_package").exists()


def test_something_else_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(InvalidInput):
        verify_package(tmp_path / "a.zip")


def test_who_may_take_it_and_for_which_purpose(people: Any, filed: Any, signed_in: Any, client: Any) -> None:
    with pytest.raises(NotAllowed):
        services.release_package(people.data, filed, purpose="x")
    with pytest.raises(InvalidInput):
        services.release_package(people.viewer, filed, purpose=" ")
    person = signed_in(people.viewer)
    assert "望河区试验行动方案" in person.get("/packages/").content.decode()
    answer = person.post(f"/packages/{filed.pk}/take/", {"purpose": "督查"})
    content = b"".join(answer.streaming_content)
    assert "SHA256SUMS" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    head = {"HTTP_AUTHORIZATION": f"Bearer {issue_token(people.viewer, 't', days=1, may_write=False)[1]}"}
    again = client.get(f"/api/v1/plans/packages/{filed.pk}/evidence.zip", **head)
    assert zipfile.ZipFile(io.BytesIO(b"".join(again.streaming_content))).testzip() is None
