"""The `haihe` command. `haihe up` is the one of daily life; the others are for setting up, checking, backing up and reading
plans without a server. Packs add their own commands in `commands.py`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from haihe import __version__
from haihe.kernel.errors import ConfigurationError, HaiheError
from haihe.runtime import set_up_django, set_up_logging

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="海河 Haihe：运行城区的智能系统，对规划负责。"
)
audit_app = typer.Typer(no_args_is_help=True, help="审计记录 audit record")
pack_app = typer.Typer(no_args_is_help=True, help="功能包 packs")
app.add_typer(audit_app, name="audit")
app.add_typer(pack_app, name="pack")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


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
        _run_district()


def _choose_address(port: int, host: str) -> None:
    if port:
        os.environ["HAIHE_PORT"] = str(port)
    if host:
        os.environ["HAIHE_HOST"] = host


def _prepare() -> None:
    set_up_logging()
    set_up_django()
    _check_port_free()
    from django.core.management import call_command

    with out.status("正在升级数据库… Migrating the database …"):
        call_command("migrate", verbosity=0, interactive=False)


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


def _run_district() -> None:
    from haihe import settings
    from haihe.runtime import District

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    district = District()
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


@app.command()
def version() -> None:
    """版本。 Print the version."""
    out.print(__version__)


def mount_pack_commands() -> None:
    """Packs' own commands are mounted under the pack's command name, without loading Django."""
    from importlib import import_module
    from importlib.util import find_spec

    from haihe.kernel.packs import installed_packs

    for dotted in installed_packs().values():
        if find_spec(f"{dotted}.commands"):
            module: Any = import_module(f"{dotted}.commands")
            app.add_typer(module.app, name=module.NAME)


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
