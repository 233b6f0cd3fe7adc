"""The `haihe` command. `haihe up` is the one of daily life; the others are for setting up, checking, backing up and reading
plans without a server. Packs add their own commands in `commands.py`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from haihe import __version__, protocols
from haihe.kernel.errors import ConfigurationError, HaiheError
from haihe.runtime import set_up_django, set_up_logging

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="海河 Haihe：运行城区的智能系统，对规划负责。"
)
audit_app = typer.Typer(no_args_is_help=True, help="审计记录 audit record")
pack_app = typer.Typer(no_args_is_help=True, help="功能包 packs")
simulate_app = typer.Typer(no_args_is_help=True, help="模拟设备（合成数据） simulated devices (synthetic)")
observations_app = typer.Typer(no_args_is_help=True, help="观测数据 observations")
app.add_typer(audit_app, name="audit")
app.add_typer(observations_app, name="observations")
app.add_typer(pack_app, name="pack")
app.add_typer(simulate_app, name="simulate")
search_app = typer.Typer(no_args_is_help=True, help="搜索索引 search index")
app.add_typer(search_app, name="search")
rules_app = typer.Typer(no_args_is_help=True, help="预警规则 rules")
app.add_typer(rules_app, name="rules")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]


@app.command()
def up(
    port: Annotated[int, typer.Option(help="网页端口 port of the web server")] = 0,
    host: Annotated[str, typer.Option(help="监听地址 address to bind")] = "",
) -> None:
    """启动：升级数据库、网页服务和后台工作。 Migrate, serve, work."""
    _choose_address(port, host)
    _prepare()
    from haihe.kernel.administration import make_first_administrators
    from haihe.kernel.identity import Account

    if not Account.objects.exists():
        table = Table(
            "账号 account",
            "初始密码 password",
            "角色 role",
            title="首次启动：三员账号（登录后须改密码） First administrators",
        )
        for row in make_first_administrators():
            table.add_row(*row)
        out.print(table)
    _run_district()


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="网页端口 port")] = 0,
    only_build: Annotated[bool, typer.Option("--only-build")] = False,
) -> None:
    """演示：建立虚构的望河区并启动。 Set up the fictional district and serve it."""
    _choose_address(port, "")
    _prepare()
    from haihe.demo import build as demo_district
    from haihe.kernel.identity import Account

    if not demo_district.exists():
        if Account.objects.exists():
            raise ConfigurationError(
                "数据目录里已有一个城区，演示不会写入其中。", "This data folder holds a district already; the demo does not write into it.",
                where=os.environ.get("HAIHE_HOME", "haihe-data"), to_do_zh="请另设 HAIHE_HOME。", to_do_en="Choose another HAIHE_HOME.",
            )  # fmt: skip
        with out.status("正在建立演示城区… Building the demo district …") as status:
            demo_district.build(lambda step: status.update(f"正在建立演示城区… {step}"))
    out.print("[bold]演示账号 demo accounts[/bold]（账号 密码 身份）")
    out.print(demo_district.accounts_text())
    if not only_build:
        _run_district(with_demo=True)


def _choose_address(port: int, host: str) -> None:
    if port:
        os.environ["HAIHE_PORT"] = str(port)
    if host:
        os.environ["HAIHE_HOST"] = host


def _prepare() -> None:
    set_up_logging()
    set_up_django()
    _check_port_free()
    from haihe.upgrade import upgrade

    with out.status("正在升级数据库… Migrating the database …"):
        copy = upgrade()
    if copy is not None:
        out.print(f"数据库已升级，升级前的副本 upgraded, the copy from before: {copy}", soft_wrap=True)


def _check_port_free() -> None:
    import socket

    from haihe import settings

    host = settings.value_of("HAIHE_HOST")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, settings.PORT))
        except OSError as error:
            raise ConfigurationError(
                f"地址 {host}:{settings.PORT} 不可用（{error.strerror}）。", f"The address {host}:{settings.PORT} cannot be used ({error.strerror}).",
                where="HAIHE_PORT", to_do_zh="请停止占用它的程序，或用 --port 另选端口。", to_do_en="Stop what uses it, or choose another with --port.",
            ) from error  # fmt: skip


def _run_district(*, with_demo: bool = False) -> None:
    from haihe import settings
    from haihe.runtime import District, parts

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    district = District(parts(with_demo=with_demo))
    district.start()
    out.print(
        f"[bold green]http://{settings.value_of('HAIHE_HOST')}:{settings.PORT}[/bold green]  （Ctrl-C 停止 to stop）"
    )
    failed = None
    while not stopping.is_set() and failed is None:
        failed = district.watch()
        stopping.wait(0.5)
    started = time.monotonic()
    district.stop()
    if failed:
        raise ConfigurationError(f"“{failed}”反复退出，已停止。", f"{failed} keeps dying: stopped.", where=failed,
                                 to_do_zh="请查看上面的日志。", to_do_en="See the log above.")  # fmt: skip
    out.print(f"已停止 stopped（{time.monotonic() - started:.1f} s）")


@app.command()
def check(
    deploy: Annotated[
        bool, typer.Option("--deploy", help="列出正式运行还缺什么 what a production installation still lacks")
    ] = False,
) -> None:
    """检查安装。 Check the installation."""
    set_up_django()
    from haihe.deployment import findings

    rows = findings(deploy=deploy)
    for row in rows:
        out.print(f"[{'green' if row.ok else 'red'}]{'✓' if row.ok else '✗'}[/] {row.zh}\n  {row.en}")
    if not all(row.ok for row in rows):
        raise typer.Exit(1)


@app.command()
def backup(path: Annotated[Path, typer.Argument(help="备份文件 .tar.gz")]) -> None:
    """备份：数据库、附件、密钥，写成一个文件。 Back up into one file."""
    set_up_django()
    from haihe.backup import make_backup

    with out.status("正在备份… Backing up …"):
        made = make_backup(path)
    out.print(f"已备份 backed up: {made.files} 个文件 files, {made.size_bytes / 1e6:.1f} MB → {path}")


@app.command()
def restore(path: Annotated[Path, typer.Argument(help="备份文件 .tar.gz")]) -> None:
    """恢复到一个空的数据目录。 Restore into an empty data folder."""
    from haihe.backup import restore_backup

    home = Path(os.environ.get("HAIHE_HOME", "haihe-data")).expanduser().resolve()
    with out.status("正在恢复… Restoring …"):
        made = restore_backup(path, home)
    out.print(f"已恢复 restored: {made.files} 个文件 files → {home}")


@audit_app.command("verify")
def audit_verify(
    checkpoints: Annotated[Path | None, typer.Option(help="检查点目录 folder of checkpoints")] = None,
    public_key: Annotated[Path | None, typer.Option(help="审计员公钥 auditor's public key")] = None,
) -> None:
    """核验审计记录，发现任何改动、删除、截断或重排。 Find everything altered, removed, cut off or reordered."""
    set_up_django()
    from haihe.kernel import audit

    with out.status("正在核验… Verifying …"):
        found = audit.verify(checkpoints, public_key)
    for problem in found.problems:
        out.print(f"✗ {problem}", style="red", markup=False)
    out.print(
        f"{'✓ 完好 intact' if found.ok else '✗ 发现问题 problems'}: 已封存 sealed {found.sealed}, 未封存 unsealed {found.unsealed}, "
        f"检查点 checkpoints {found.checkpoints}, 最近 last {found.last_checkpoint_at or '—'}"
    )
    if not found.ok:
        raise typer.Exit(1)


@audit_app.command("checkpoint")
def audit_checkpoint(
    folder: Annotated[Path | None, typer.Option(help="写到哪里 where to write")] = None,
    key: Annotated[Path | None, typer.Option(help="签名密钥 signing key")] = None,
) -> None:
    """写一个签名检查点。 Write a signed checkpoint."""
    set_up_django()
    from haihe.kernel import audit

    path = audit.checkpoint(folder, key)
    out.print(f"已写入 written: {path}" if path else "没有新的记录 nothing new")


@audit_app.command("key")
def audit_key(path: Annotated[Path, typer.Argument(help="私钥文件 private key file")]) -> None:
    """为审计员生成签名密钥。 Make a signing key for the auditor."""
    from haihe.kernel import audit

    set_up_django()
    out.print(f"公钥 public key: {audit.make_key(path)}")


@observations_app.command("status")
def observations_status() -> None:
    """日志与数据湖现状。 How the journal and the lake stand."""
    set_up_django()
    from django.utils import timezone

    from haihe.kernel.observations.upkeep import status

    found = status()
    table = Table("表 table", "名称 title", "日志行 journal rows", "湖中行 lake rows", "文件 files", "MB")
    for row in found.tables:
        title = f"{row.title_zh} {row.title_en}"
        table.add_row(
            row.name,
            title,
            f"{row.journal_rows:,}",
            f"{row.lake_rows:,}",
            str(row.files),
            f"{row.lake_bytes / 1e6:.1f}",
        )
    out.print(table)
    for one in found.journals:
        fed_at = timezone.localtime(one.fed_at).strftime("%Y-%m-%d %H:%M:%S") if one.fed_at else "—"
        out.print(
            f"日志 journal {one.title}: {one.rows:,} 行 rows, {one.size_bytes / 1e6:.1f} MB, 序号至 up to {one.last_seq}",
            markup=False,
        )
        out.print(f"最近入湖 last feed: {fed_at}, 至序号 up to {one.fed_seq}")
        for name, seq in sorted(one.consumers.items()):
            out.print(f"  读者 consumer {name}: {seq}（落后 behind {one.last_seq - seq}）", markup=False)
        for seq, name, rows, reason, at in one.set_aside:
            out.print(f"✗ 搁置 set aside: {seq} {name} {rows} 行 rows, {at} UTC: {reason}", style="red", markup=False)


@observations_app.command("tables")
def observations_tables() -> None:
    """有哪些观测表、为何目的、保存多久、有哪些字段。 The tables: purpose, retention, fields."""
    set_up_django()
    import haihe.kernel.observations.standard  # noqa: F401  (declares its tables)
    from haihe.kernel.observations.tables import TABLES

    for name, one in sorted(TABLES.items()):
        table = Table(
            "字段 field",
            "名称 title",
            "单位 unit",
            "范围 range",
            "依据 source",
            title=f"{name} {one.title_zh} {one.title_en}",
        )
        for key, field in one.fields.items():
            span = "" if field.low is None and field.high is None else f"{field.low}–{field.high}"
            table.add_row(key, f"{field.title_zh} {field.title_en}", field.unit, span, field.source)
        out.print(table)
        out.print(f"用途 purpose: {one.purpose_zh} {one.purpose_en}", markup=False)
        personal = (
            "含个人信息，读取须写明用途并留痕 personal: reading needs a purpose and is recorded" if one.personal else ""
        )
        out.print(f"保存 kept: {one.retention_days} 天 days。{personal}")


@pack_app.command("list")
def pack_list() -> None:
    """列出功能包。 List the packs."""
    set_up_django()
    from haihe.kernel.packs import installed_packs, loaded_packs

    loaded = {pack.pack: pack for pack in loaded_packs()}
    table = Table("包 pack", "名称 title", "状态 state", "需要 requires")
    for name in installed_packs():
        pack = loaded.get(name)
        table.add_row(
            name,
            f"{pack.title_zh} {pack.title_en}" if pack else "",
            "运行 runs" if pack else "未启用 off",
            ", ".join(pack.requires) if pack else "",
        )
    out.print(table)


@pack_app.command("new")
def pack_new(
    name: Annotated[str, typer.Argument(help="小写英文名 lower-case name")],
    folder: Annotated[
        Path | None, typer.Option(help="建为独立项目，放在此目录 as a project of its own in this folder")
    ] = None,
) -> None:
    """新建一个功能包的骨架（可运行、带测试）。 Make a pack that runs and has a test."""
    from haihe.scaffold import is_checkout, make_pack, make_project

    if folder is None and is_checkout():
        out.print(f"已建立 made: {make_pack(name)}\n下一步 next: haihe pack list", soft_wrap=True)
    else:
        path = make_project(name, folder or Path.cwd())
        out.print(f"已建立 made: {path}\n下一步 next: pip install {path} && haihe pack list", soft_wrap=True)


PROTOCOL_COMMAND = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=PROTOCOL_COMMAND, add_help_option=False)
def decode(context: typer.Context) -> None:
    """解码设备的帧：haihe decode NAME [HEX…]，--list 列出协议。 Decode frames of a field protocol."""
    raise typer.Exit(protocols.run(["decode", *context.args]))


@app.command(context_settings=PROTOCOL_COMMAND, add_help_option=False)
def encode(context: typer.Context) -> None:
    """编码：decode 的逆。 The inverse of decode."""
    raise typer.Exit(protocols.run(["encode", *context.args]))


@rules_app.command("list")
def rules_list() -> None:
    """列出预警规则及运行情况。 List the rules and how they run."""
    set_up_django()
    from haihe.kernel.alerts.board import list_rules

    name = Column("规则 rule", no_wrap=True)  # what other commands want, whole
    table = Table(name, "名称 title", "状态 state", "已评估行 rows evaluated", "跳过行 rows skipped")
    for row in list_rules():
        status = row.status
        state = "停用 off" if not status.enabled else f"出错 fails: {status.error}" if status.error else "运行 runs"
        table.add_row(
            row.rule.name,
            f"{row.rule.title_zh} {row.rule.title_en}",
            state,
            str(status.evaluated_rows),
            str(status.skipped_rows),
        )
    out.print(table)


@rules_app.command("replay")
def rules_replay(
    name: Annotated[str, typer.Argument(help="规则名 name of the rule, such as transport.speeding")],
    since: Annotated[datetime, typer.Option(help="起（当地时间） from, local time", formats=_TIMES)],
    until: Annotated[datetime | None, typer.Option(help="止（不含） until, default now", formats=_TIMES)] = None,
    warm_up_h: Annotated[float, typer.Option(help="预热小时数 hours read before, to warm the state up")] = 24.0,
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON one JSON object a line")] = False,
) -> None:
    """用已存数据重放一条规则，只看结果，不写入。 Replay a rule over stored observations; writes nothing."""
    set_up_django()
    from django.utils import timezone

    from haihe.kernel.alerts.replay import replay_stored
    from haihe.kernel.things import Thing

    first = timezone.make_aware(since)
    last = timezone.make_aware(until) if until else timezone.now()
    with err.status("正在重放… Replaying …"):
        told = replay_stored(name, first, last, warm_up=timedelta(hours=warm_up_h))
    keys = dict(Thing.objects.filter(pk__in={alert.thing for alert in told.alerts}).values_list("pk", "key"))
    if as_json:
        for row in told.table().iter_rows(named=True):
            sys.stdout.write(
                json.dumps({**row, "thing": keys.get(row["thing"], row["thing"])}, default=str, ensure_ascii=False)
                + "\n"
            )
        return
    table = Table(
        "对象 thing",
        "事项 key",
        "级别 level",
        "开始 started",
        "报警 raised",
        "结束 over",
        "次数 count",
        "值 value",
        "限值 limit",
    )
    for alert in told.alerts:
        instants = [
            f"{timezone.localtime(at):%m-%d %H:%M:%S}" if at else ""
            for at in (alert.started_at, alert.raised_at, alert.over_at)
        ]
        numbers = ["" if number is None else f"{number:g}" for number in (alert.value, alert.limit)]
        table.add_row(
            keys.get(alert.thing, str(alert.thing)), alert.key, alert.level, *instants, str(alert.count), *numbers
        )
    out.print(table)
    out.print(f"{told.rule.title_zh} {told.rule.title_en}: {told.rows} 行 rows, {len(told.alerts)} 条 alerts")


@search_app.command("rebuild")
def search_rebuild() -> None:
    """重建搜索索引（可随时中断，期间仍可搜索）。 Make the search index anew; it can be interrupted and answers meanwhile."""
    set_up_django()
    from rich.progress import Progress

    from haihe.kernel import search

    with Progress(console=out, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(kind, total=total)
            bar.update(tasks[kind], completed=done)

        count = search.rebuild(tell)
    out.print(f"已建立索引 indexed: {count} 条 entries")


@app.command()
def systems(
    ids: Annotated[list[str] | None, typer.Argument(help="编号 ids such as TRA-18; default all")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="在试验城区逐项检查 run the checks on a scratch district")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON print JSON")] = False,
) -> None:
    """点名系统：哪些真的可用。 The named systems, and which of them truly run. Exit code 1 if a check failed."""
    set_up_django()
    from django.core.management import call_command

    from haihe.scratch.command import print_systems, run_checks

    call_command("migrate", verbosity=0, interactive=False)

    outcomes = run_checks(ids or [], err) if check else []
    print_systems(ids or [], out, as_json=as_json)
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def version() -> None:
    """版本。 Print the version."""
    out.print(__version__)


def mount_pack_commands() -> None:
    """Packs' own commands (`app`) and simulators (`simulate`) are mounted under the pack's NAME, without loading Django."""
    from importlib import import_module
    from importlib.util import find_spec

    from haihe.kernel.packs import installed_packs

    for dotted in installed_packs().values():
        if find_spec(f"{dotted}.commands"):
            module: Any = import_module(f"{dotted}.commands")
            if hasattr(module, "app"):
                app.add_typer(module.app, name=module.NAME)
            if hasattr(module, "simulate"):
                simulate_app.command(name=module.NAME)(module.simulate)


def tell(error: HaiheError) -> None:
    """One error in both languages; sentences are printed as they are, whatever signs they hold."""
    err.print("错误 error:", style="red", end=" ")
    err.print(f"{error.sentence('zh')}\n  {error.sentence('en')}", markup=False, soft_wrap=True)


def main() -> None:
    """Run the command; an error of Haihe becomes one clear line in both languages and exit code 1."""
    mount_pack_commands()
    try:
        app(standalone_mode=True)
    except HaiheError as error:
        tell(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
