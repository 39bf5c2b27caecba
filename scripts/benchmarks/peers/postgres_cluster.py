"""A PostgreSQL server of the benchmarks' own: made in a folder, on a socket that nobody else knows, stopped and
deleted at the end.

With the settings that PostgreSQL comes with, so durable (fsync and synchronous_commit are on).
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.measuring import Skipped

USER = "firstdegree"
START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 30.0
DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The folder of the newest server there is, or None."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return folders[-1].parent if folders else None


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """The library's settings for a server that runs while the block does. Skipped where there can be none."""
    programs = binaries()
    if programs is None:
        raise Skipped("no PostgreSQL server is installed")
    account = _account()
    data = folder / "postgres"
    data.mkdir(mode=0o700)
    folder.chmod(0o711)
    socket = Path(tempfile.mkdtemp(prefix="firstdegree-"))  # its path must be short
    if account:
        for each in (data, socket):
            os.chown(each, account["user"], account["group"])
    server: subprocess.Popen[bytes] | None = None
    try:
        _initialize(programs, data, account)
        with (folder / "postgres.log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", socket, "-c", "listen_addresses="],
                cwd=socket,
                stdout=log,
                stderr=log,
                **account,
            )
        settings = {"POSTGRES_HOST": str(socket), "POSTGRES_PORT": "5432", "POSTGRES_USER": USER}
        settings |= {"POSTGRES_PASSWORD": "trusted", "POSTGRES_DBNAME": "postgres"}
        _wait(server, settings)
        yield settings
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # ends its sessions and stops
            try:
                server.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(socket)
        shutil.rmtree(data)


def execute(settings: dict[str, str], statement: str) -> list[tuple[Any, ...]]:
    """Run a statement outside of any transaction."""
    with psycopg.connect(**_address(settings), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _address(settings: dict[str, str]) -> dict[str, Any]:
    names = {"host": "HOST", "port": "PORT", "user": "USER", "dbname": "DBNAME"}
    return {name: settings[f"POSTGRES_{setting}"] for name, setting in names.items()}


def _account() -> dict[str, Any]:
    """Options of subprocess: the server refuses to run as the superuser, who has to become somebody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise Skipped("PostgreSQL does not run as the superuser, and there is no other account")


def _initialize(programs: Path, data: Path, account: dict[str, Any]) -> None:
    options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    command = [str(programs / "initdb"), "-D", str(data), "-U", USER, *options]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, **account)
    if done.returncode:
        raise Skipped(f"initdb failed: {done.stderr.strip().splitlines()[-1]}")


def _wait(server: subprocess.Popen[bytes], settings: dict[str, str]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            execute(settings, "SELECT 1")
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise Skipped(f"PostgreSQL did not start: {error}") from error
            time.sleep(0.05)
        else:
            return
