"""A PostgreSQL of one's own for tests and benchmarks: a temporary cluster on a free port of this machine, gone afterwards.

    python -m haihe.testing.postgres -- pytest -q tests

runs a command with HAIHE_DATABASE_URL pointing at it. The server's programs are Debian's (package `postgresql`); they refuse to
run as root, so that as root they run as the user `postgres` that the package makes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from haihe.ports import free_port

USER = "haihe"
SETTINGS = "max_connections = 200\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
# What a crash of the machine would do is not what tests ask; benchmarks ask for the durable one.
HASTY = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"


def programs() -> Path | None:
    """The folder of the newest installed server's programs; None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


@contextlib.contextmanager
def cluster(*, durable: bool = False) -> Iterator[str]:
    """A running server; yields the address of a database made from HAIHE_HOME (see haihe.database)."""
    binaries = programs()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="haihe-postgres-"))
    port = free_port()
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _run(
            binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"
        )  # fmt: skip
        with (data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS + f"port = {port}\n" + ("" if durable else HASTY))
        _run(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/{{home}}"
        finally:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: object) -> None:
    """As the package's own user where we are root; what it says is shown only when it fails."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}")


def main(arguments: Sequence[str]) -> int:
    command = [part for part in arguments if part != "--"] if arguments[:1] == ["--"] else list(arguments)
    with cluster() as url:
        return subprocess.run(command, env={**os.environ, "HAIHE_DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
