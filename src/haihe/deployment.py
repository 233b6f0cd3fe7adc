"""`haihe check`: whether the installation is sound, and with --deploy what production use still lacks."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from haihe.kernel.observations import is_elsewhere

LEAST_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    ok: bool
    zh: str
    en: str


def findings(*, deploy: bool) -> list[Finding]:
    lake = [_lake()] if is_elsewhere(settings.LAKE_URL) else []
    rows = [_database(), _vendor_files(), _home_private(), _disk(), *lake]
    rows += [_observations()] if all(row.ok for row in lake) else []  # one that is away has said so already
    rows += [_stream()] if settings.STREAM_URL else []
    if deploy:
        rows += [_tls(), _debug(), _checkpoints_elsewhere(), _no_demo(), _runs_as_root()]
        # What the database would have to say can be asked only once it is there (haihe up makes it).
        rows += [_administrators(), _first_passwords(), _audit_intact()] if rows[0].ok else [_not_started()]
    return rows


def _not_started() -> Finding:
    return Finding(
        False,
        "尚未启动过，账号和审计记录未检查：先运行 haihe up",
        "Never started: accounts and the audit record were not checked; run haihe up first",
    )


def _database() -> Finding:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Finding(
        not pending,
        "数据库已是最新" if not pending else f"数据库有 {len(pending)} 项升级未执行（haihe up 会执行）",
        "The database is up to date" if not pending else f"{len(pending)} migrations wait (haihe up runs them)",
    )


def _vendor_files() -> Finding:
    ok = (Path(__file__).parent / "web/static/vendor/htmx.min.js").exists()
    return Finding(
        ok,
        "前端文件齐全" if ok else "缺少前端文件，请运行 make assets",
        "Front-end files are there" if ok else "Front-end files are missing: make assets",
    )


def _home_private() -> Finding:
    mode = Path(settings.HOME).stat().st_mode & 0o077
    return Finding(
        not mode,
        "数据目录仅所有者可读" if not mode else f"数据目录他人可读，请执行 chmod 700 {settings.HOME}",
        "The data folder is private" if not mode else f"Others can read the data folder: chmod 700 {settings.HOME}",
    )


def _disk() -> Finding:
    free = shutil.disk_usage(settings.HOME).free
    ok = free >= LEAST_FREE_BYTES
    return Finding(
        ok,
        f"磁盘可用 {free / 1e9:.1f} GB" + ("" if ok else "，低于 2 GB"),
        f"{free / 1e9:.1f} GB free" + ("" if ok else ", below 2 GB"),
    )


def _observations() -> Finding:
    """Rows wait in the journal for a minute, never for hours; a batch set aside needs a person."""
    from haihe.kernel.observations.upkeep import status

    found = status()
    waiting = sum(table.journal_rows for table in found.tables)
    ok = not found.set_aside and waiting < 5_000_000
    return Finding(
        ok,
        f"观测数据：{waiting} 行待入湖，{found.set_aside} 批搁置" + ("" if ok else "（haihe observations status）"),
        f"Observations: {waiting} rows wait, {found.set_aside} batches set aside"
        + ("" if ok else " (haihe observations status)"),
    )


def _lake() -> Finding:
    """A lake on object storage: whether it answers, takes our key, lets us write and delete, and keeps two writers apart."""
    from haihe.kernel.errors import HaiheError
    from haihe.kernel.observations.lake_reader import place_of

    try:
        place = place_of(settings.LAKE_URL, Path(settings.HOME))
        place.probe()
    except HaiheError as error:
        return Finding(False, error.sentence("zh"), error.sentence("en"))
    return Finding(
        True,
        f"对象存储可读写，条件写入有效：{place.where()}",
        f"The object storage can be written and keeps two writers apart: {place.where()}",
    )


def _stream() -> Finding:
    """Three replicas of each stream, all of them up to date. Whether the nodes' disks are written at once cannot be asked from here."""
    from haihe.kernel.errors import HaiheError
    from haihe.kernel.observations.stores import streams

    zh_told = "；节点是否逐条落盘无法从此处查询，见 docs/how-to/scale-out.md"
    en_told = "; whether the nodes write each message to disk cannot be asked from here: docs/how-to/scale-out.md"
    try:
        states = [(stream.stream, stream.state()) for stream in streams()]
    except HaiheError as error:
        return Finding(False, error.sentence("zh"), error.sentence("en"))
    behind = [f"{name}: {', '.join(state.behind)}" for name, state in states if state.behind]
    single = [name for name, state in states if state.replicas < 3]
    if behind:
        return Finding(
            False,
            f"消息流副本缺失或落后：{'；'.join(behind)}",
            f"Replicas of streams are away or behind: {'; '.join(behind)}",
        )
    if single:
        return Finding(
            False, f"消息流 {'、'.join(single)} 只有一个副本：该节点丢失则未入湖的数据丢失" + zh_told,
            f"The streams {', '.join(single)} have one replica: what the lake lacks is lost with that node" + en_told,
        )  # fmt: skip
    return Finding(
        True,
        f"消息流 {len(states)} 个分区，各三个副本且同步" + zh_told,
        f"{len(states)} streams, three replicas each, up to date" + en_told,
    )


def _tls() -> Finding:
    ok = settings.PUBLIC_URL.startswith("https://")
    return Finding(
        ok,
        f"对外地址 {settings.PUBLIC_URL}"
        if ok
        else "未设 HAIHE_URL=https://…：登录 cookie 未限于加密连接，未启用 HSTS",
        f"Public address {settings.PUBLIC_URL}"
        if ok
        else "HAIHE_URL=https://… is not set: cookies are not limited to TLS, no HSTS",
    )


def _debug() -> Finding:
    return Finding(
        not settings.DEBUG,
        "调试已关闭" if not settings.DEBUG else "调试开着：请去掉 HAIHE_DEBUG",
        "Debug is off" if not settings.DEBUG else "Debug is on: unset HAIHE_DEBUG",
    )


def _checkpoints_elsewhere() -> Finding:
    folder = Path(settings.CHECKPOINT_FOLDER).resolve()
    ok = not folder.is_relative_to(Path(settings.HOME))
    return Finding(
        ok,
        f"审计检查点写到 {folder}"
        if ok
        else "审计检查点与数据库在同一目录：请用 HAIHE_CHECKPOINTS 指到数据库管理员写不到的地方",
        f"Audit checkpoints go to {folder}"
        if ok
        else "Audit checkpoints lie beside the database: set HAIHE_CHECKPOINTS to a place its administrator cannot write",
    )


def _administrators() -> Finding:
    from haihe.kernel.identity import ADMINISTRATORS, RoleGrant

    held = set(RoleGrant.holding().filter(account__is_active=True).values_list("role", flat=True))
    missing = sorted(ADMINISTRATORS - held)
    return Finding(
        not missing,
        "三员齐备" if not missing else f"缺少管理员：{'、'.join(missing)}",
        "All three administrators exist" if not missing else f"Missing: {', '.join(missing)}",
    )


def _no_demo() -> Finding:
    from haihe.demo import build

    demo = build.exists()
    return Finding(
        not demo,
        "不是演示城区" if not demo else "这是演示城区，不可用于正式运行",
        "Not the demo district" if not demo else "This is the demo district: not for production",
    )


def _first_passwords() -> Finding:
    from haihe.kernel.identity import Account

    waiting = Account.objects.filter(is_active=True, must_change_password=True, last_login=None).count()
    return Finding(
        not waiting,
        "没有未改的初始密码" if not waiting else f"{waiting} 个账号仍是初始密码",
        "No first passwords left" if not waiting else f"{waiting} accounts still have their first password",
    )


def _audit_intact() -> Finding:
    from haihe.kernel import audit

    found = audit.verify()
    ok = found.ok and found.checkpoints > 0
    return Finding(
        ok,
        "审计记录完好且有检查点" if ok else "审计记录有问题或没有检查点：haihe audit verify",
        "The audit record is intact and has checkpoints"
        if ok
        else "The audit record has problems or no checkpoint: haihe audit verify",
    )


def _runs_as_root() -> Finding:
    ok = os.geteuid() != 0
    return Finding(
        ok,
        "非 root 运行" if ok else "以 root 运行：请改用专用账户",
        "Not running as root" if ok else "Running as root: use an account of its own",
    )
