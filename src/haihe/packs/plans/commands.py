"""`haihe plan …`: read, import and score plan documents without a server."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from haihe.kernel.errors import ConfigurationError, HaiheError, InvalidInput

NAME = "plan"
app = typer.Typer(no_args_is_help=True, help="规划文件 plan documents")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
GOLD = Path(__file__).parent / "tests" / "gold"

Files = Annotated[list[Path], typer.Argument(help="规划文件 .txt .md .docx .pdf .html")]


def _tell(error: HaiheError) -> None:
    err.print("错误 error:", style="red", end=" ")
    err.print(f"{error.sentence('zh')}\n  {error.sentence('en')}", markup=False, soft_wrap=True)


@app.command("read")
def read_files(
    files: Files, as_json: Annotated[bool, typer.Option("--json", help="打印 JSON print JSON")] = False
) -> None:
    """读取并打印，不保存。 Read and print; stores nothing. Exit code 1 if any file could not be read."""
    from haihe.packs.plans.reading import read
    from haihe.packs.plans.reading.export import to_json

    documents: list[dict[str, Any]] = []
    issues: list[dict[str, Any]] = []
    failed = False
    version = ""
    for path in track(files, "读取 reading", console=err, transient=True, disable=as_json or len(files) < 2):
        try:
            content = to_json(read(path))
        except HaiheError as error:
            _tell(error)
            failed = True
            continue
        version = content["schema_version"]
        documents += [{**document, "file": path.name} for document in content["documents"]]
        issues += [{**issue, "file": path.name} for issue in content.get("issues", [])]
        if not content["documents"]:
            _tell(
                InvalidInput(
                    "没有读出规划文件。", "No plan was found in this file.", where=path.name,
                    to_do_zh="请确认是规划类文件，且文字未被扫描成图片。", to_do_en="Check that it is a plan and that its text is not a scanned picture.",
                )
            )  # fmt: skip
            failed = True
    if as_json:
        sys.stdout.write(
            json.dumps(
                {"schema_version": version, "documents": documents, "issues": issues}, ensure_ascii=False, indent=1
            )
            + "\n"
        )
    else:
        for document in documents:
            _print_document(document)
    if failed:
        raise typer.Exit(1)


def _upper(row: dict[str, Any]) -> str:
    return "" if row["value_max"] is None else f"–{row['value_max']:g}"


def _print_document(document: dict[str, Any]) -> None:
    out.rule(document["title"])
    facts = [document["kind"], document["status"], document["issuer"], document["number"], document["issued_on"]]
    out.print(" · ".join(str(fact) for fact in facts if fact), markup=False)
    targets = Table("行", "类", "对象 subject", "目标 goal", "时限", title=f"指标 targets {len(document['targets'])}")
    for row in document["targets"]:
        goal = f"{row['comparator']} {row['value']:g}{_upper(row)} {row['unit'] or ''}"
        targets.add_row(
            str(row["line"]),
            "基期" if row["kind"] == "baseline" else row["strength"],
            row["subject"] or "",
            goal,
            row["deadline"] or "",
        )
    tasks = Table("行", "序号", "任务 task", "单位 units", title=f"任务 tasks {len(document['tasks'])}")
    signs = {"lead": "牵", "responsible": "责", "support": "配"}
    for row in document["tasks"]:
        tasks.add_row(
            str(row["line"]),
            row["number"] or "",
            row["heading"][:40],
            " ".join(f"{signs[u['role']]}:{u['name']}" for u in row["units"]),
        )
    systems = Table("行", "动词", "系统 system", title=f"点名系统 named systems {len(document['systems'])}")
    for row in document["systems"]:
        systems.add_row(str(row["line"]), row["verb"], row["name"])
    for table in (targets, tasks, systems):
        if table.row_count:
            out.print(table)
    for issue in document["issues"]:
        out.print(f"  ! 第{issue['line']}行 {issue['message']}", style="yellow", markup=False)


@app.command("import")
def import_files(files: Files) -> None:
    """导入到本城区；同一文件导入多次只存一份。 Store in this district; importing again changes nothing."""
    from haihe.runtime import set_up_django

    set_up_django()
    from django.core.management import call_command

    from haihe.kernel import evidence
    from haihe.kernel.administration import operator
    from haihe.packs.plans.services import import_evidence

    call_command("migrate", verbosity=0, interactive=False)
    failed = False
    for path in track(files, "导入 importing", console=err, transient=True, disable=len(files) < 2):
        try:
            with evidence.opened(path) as chunks:
                imported = import_evidence(operator(), evidence.receive(path.name, chunks, operator()))
        except HaiheError as error:
            _tell(error)
            failed = True
            continue
        word = "已导入 imported" if imported.created else "此前已导入 imported before"
        for plan in imported.plans:
            counts = f"{plan.clauses.count()} 条 clauses"
            out.print(f"{word}: {plan.title}（{counts}）", markup=False)
    if failed:
        raise typer.Exit(1)


def _papers(written: str) -> list[Any]:
    """The plans of a file, or of the district's plan with that number."""
    from haihe.packs.plans.comparing import papers_of
    from haihe.packs.plans.reading import read

    if not (written.isascii() and written.isdigit() and not Path(written).exists()):
        return papers_of(read(Path(written)))
    from haihe.runtime import set_up_django

    set_up_django()
    from haihe.packs.plans.bundles import paper_of_plan
    from haihe.packs.plans.models import Plan

    plan = Plan.objects.filter(pk=int(written)).select_related("file").first() if len(written) < 19 else None
    if plan is None:
        raise InvalidInput("没有这个编号的规划。", "There is no plan of that number.", where=written)
    return [paper_of_plan(plan)]


@app.command("compare")
def compare_plans(
    a: Annotated[str, typer.Argument(help="文件或规划编号 a file or a plan's number (earlier, or higher)")],
    b: Annotated[str, typer.Argument(help="文件或规划编号 a file or a plan's number (later, or lower)")],
    kind: Annotated[
        str | None, typer.Option("--as", help="draft | city | period；默认自动判断 chosen by itself")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON print JSON")] = False,
) -> None:
    """比对两份规划：草案与正式稿、市与区、前后两期。 Compare two plans. Exit code 1 where one cannot be read."""
    from haihe.packs.plans.comparing.compare import as_json as plain
    from haihe.packs.plans.comparing.compare import compare
    from haihe.packs.plans.comparing.printed import rows_of

    try:
        papers = [_papers(name) for name in track((a, b), "读取 reading", console=err, transient=True, disable=as_json)]
        with err.status("比对 comparing"):
            comparison = compare(papers[0], papers[1], kind)
    except HaiheError as error:
        _tell(error)
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(json.dumps(plain(comparison), ensure_ascii=False, indent=1) + "\n")
        return
    out.print(f"{comparison.a.title}\n→ {comparison.b.title}", markup=False)
    table = Table("类 kind", "A", "B", "内容 what", title=f"{comparison.kind} {comparison.counts}")
    for row in rows_of(comparison):
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    out.print(table)


@app.command("check")
def check_plans(
    files: Files, as_json: Annotated[bool, typer.Option("--json", help="打印 JSON print JSON")] = False
) -> None:
    """查找一份文件内部的矛盾。 Find what contradicts itself inside each file. Exit code 1 if a file could not be read."""
    from haihe.packs.plans.comparing import check_bundle
    from haihe.packs.plans.comparing.check import KINDS
    from haihe.packs.plans.reading import read

    found: list[dict[str, Any]] = []
    failed = False
    for path in track(files, "查找 checking", console=err, transient=True, disable=as_json or len(files) < 2):
        try:
            reading = read(path)
        except HaiheError as error:
            _tell(error)
            failed = True
            continue
        found += [{"file": path.name, **f.as_json()} for f in check_bundle(reading.documents, reading.source.lines)]
    if as_json:
        sys.stdout.write(json.dumps({"schema_version": "1", "findings": found}, ensure_ascii=False, indent=1) + "\n")
    else:
        for row in found:
            lines = "、".join(str(place["line"]) for place in row["places"])
            out.print(
                f"{row['file']} 行 {lines} · {KINDS[row['kind']][0]} {KINDS[row['kind']][1]} ({row['severity']})",
                markup=False,
            )
            out.print(f"  {row['why_zh']}\n  {row['why_en']}\n  → {row['to_do_zh']}", markup=False, style="dim")
        out.print(f"{len(found)} 处 findings")
    if failed:
        raise typer.Exit(1)


@app.command("score")
def score_reader(
    gold: Annotated[Path, typer.Option(help="标注目录 folder of gold files")] = GOLD,
    plans: Annotated[Path | None, typer.Option(help="规划目录 folder of the documents; default HAIHE_PLANS")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="列出每处差异 print every difference")] = False,
) -> None:
    """读取准确度：与人工标注对比。 Compare the reader with gold files annotated by people."""
    from haihe.packs.plans.reading.score import score_folder

    folder = plans or (Path(os.environ["HAIHE_PLANS"]) if os.environ.get("HAIHE_PLANS") else None)
    if folder is None or not folder.is_dir() or not gold.is_dir():
        raise ConfigurationError(
            "没有规划文件目录或标注目录。", "The folder of documents or of gold files is missing.", where="HAIHE_PLANS",
            to_do_zh="请设置 HAIHE_PLANS 或使用 --plans 和 --gold。", to_do_en="Set HAIHE_PLANS, or give --plans and --gold.",
        )  # fmt: skip
    report = score_folder(folder, gold)
    out.print(report.table(verbose=verbose), markup=False, soft_wrap=True)


@app.command("evidence-package")
def evidence_package(
    plan: Annotated[int, typer.Argument(help="规划编号 number of the plan")],
    out_file: Annotated[Path, typer.Option("--out", help="写到哪里 where to write it")],
    purpose: Annotated[str, typer.Option(help="用途 purpose, kept in the audit record")] = "督查检查",
) -> None:
    """导出佐证包（zip，带目录和哈希）。 Write a plan's evidence package: a zip with index and hashes."""
    from haihe.runtime import set_up_django

    set_up_django()
    from haihe.kernel.administration import operator
    from haihe.kernel.errors import NotFound
    from haihe.packs.plans.models import Plan
    from haihe.packs.plans.services import release_package

    found = Plan.objects.select_related("file__file").filter(pk=plan).first()
    if found is None:
        raise NotFound("没有这份规划。", "There is no such plan.", where=f"plan {plan}")
    _name, made = release_package(operator(), found, purpose=purpose, folder=out_file.resolve().parent)
    made.replace(out_file)
    out.print(f"已写入 written: {out_file}（{out_file.stat().st_size:,} bytes）", markup=False)


@app.command("verify-package")
def verify_evidence_package(file: Annotated[Path, typer.Argument(help="佐证包 the package")]) -> None:
    """核验佐证包：每个文件的哈希。 Check every hash of a package; exit code 1 when anything differs."""
    from haihe.runtime import set_up_django

    set_up_django()
    from haihe.packs.plans.package import verify_package

    found = verify_package(file)
    for problem in found.problems:
        err.print(problem, markup=False, style="red")
    out.print(f"{'一致 whole' if found.ok else '不一致 NOT whole'}: {found.checked} 个文件 files", markup=False)
    if not found.ok:
        raise typer.Exit(1)


@app.command("paper-templates")
def paper_templates(
    write: Annotated[
        str, typer.Option(help="把自带模板写到 HAIHE_HOME/templates 供修改 kind to write for editing")
    ] = "",
) -> None:
    """文书模板：用哪个、是否合用。 Which template each kind of paper uses, and whether it fits."""
    from haihe.runtime import set_up_django

    set_up_django()
    from django.utils import timezone

    from haihe.packs.plans.papers.content import KINDS
    from haihe.packs.plans.papers.templates import own_template, template_of, write_own_template

    if write:
        out.print(f"已写入 written: {write_own_template(write, timezone.localdate())}", markup=False)
    failed = False
    for kind in KINDS.values():
        used = own_template(kind.name).name if own_template(kind.name).exists() else "自带 shipped"
        out.print(f"{kind.name:<20} {kind.title_zh}  {used}", markup=False)
        try:
            template_of(kind.name, timezone.localdate())
        except HaiheError as error:
            _tell(error)
            failed = True
    if failed:
        raise typer.Exit(1)
