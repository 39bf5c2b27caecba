"""A log that is opened to be read only: nothing beside it changes, whatever lies there (B30)."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain import RegisterMember
from infrastructure.app import open_network
from infrastructure.log import LogUnavailable
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.read_only import read_unchanged
from infrastructure.log.sqlite.verification import verify_file

PROJECT = Path(__file__).resolve().parents[2]
RUN = "from infrastructure.cli.main import main; main()"
MEMBERS = 12
WRITER = """
import os, sys
sys.path.insert(0, sys.argv[2])
from domain import RegisterMember
from infrastructure.app import open_network
network = open_network(sys.argv[1], follow=False)
for number in range(int(sys.argv[3])):
    network.handle(RegisterMember(member=f"m{number}", name="N", primary_email="n@example.org"))
network.catch_up()
print("ready", flush=True)
if sys.argv[4] == "kill":
    os._exit(9)
if sys.argv[4] == "wait":
    for line in sys.stdin:
        network.handle(RegisterMember(member=line.strip(), name="N", primary_email="n@example.org"))
        print("written", flush=True)
network.close()
"""


def write(path: Path, end: str) -> None:
    """A network with some members, whose process then closes it or is killed."""
    subprocess.run([sys.executable, "-c", WRITER, str(path), str(PROJECT), str(MEMBERS), end], check=False, timeout=60)


@contextmanager
def writer(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has the network open, and writes a member for each line that it is given."""
    command = [sys.executable, "-c", WRITER, str(path), str(PROJECT), str(MEMBERS), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(60)


def state(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """All that can be seen of a directory: names, bytes, modes and times of change."""
    return {
        each.name: (each.read_bytes() if each.is_file() else b"", each.stat().st_mode, each.stat().st_mtime_ns)
        for each in [folder, *folder.iterdir()]
    }


def left_behind(kind: str, folder: Path) -> Path:
    """What may lie beside a log: see the parameters of the test."""
    path = folder / "network.db"
    write(path, "close" if kind in {"closed", "no read models"} else "kill")
    if kind == "killed, no shared memory":
        path.with_name("network.db-shm").unlink()
    if kind == "killed, no write-ahead log":
        for suffix in ("-wal", "-shm"):
            path.with_name(f"network.db{suffix}").unlink()
    if kind == "no read models":
        path.with_name("network.db-read-models").unlink()
    return path


KINDS = ["closed", "no read models", "killed", "killed, no shared memory", "killed, no write-ahead log"]


@pytest.mark.parametrize("mode", [0o755, 0o555])
@pytest.mark.parametrize("kind", KINDS)
def test_b30_a_network_that_is_only_read_leaves_every_byte_as_it_was(tmp_path: Path, kind: str, mode: int) -> None:
    path = left_behind(kind, tmp_path)
    lost = kind == "killed, no write-ahead log"  # with all that was in it; the rest is there to be read
    tmp_path.chmod(mode)
    before = state(tmp_path)
    with open_network(str(path), read_only=True) as network:
        head = network.head
        assert lost or head == MEMBERS
        network.wait_for(head, timeout=20)
        assert lost or network.profile("m3", viewer=None).name == "N"
        assert network.verify() == head
        assert all(network.check().values())
        network.rebuild()
        for write_one in (
            lambda: network.handle(RegisterMember(member="new", name="N", primary_email="n@example.org")),
            lambda: network.log.append([DCBEvent("a", b"{}", [])]),
            network.log.begin,
        ):
            with pytest.raises(LogUnavailable) as refused:
                write_one()
            assert refused.value.code == "read_only"
    for use in (lambda: network.head, network.log.begin):
        with pytest.raises(LogUnavailable, match="closed"):
            use()
    assert state(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_b30_the_command_line_looks_at_a_log_and_leaves_it(tmp_path: Path, kind: str) -> None:
    path = left_behind(kind, tmp_path)
    before = state(tmp_path)

    def firstdegree(*arguments: str) -> int:
        command = [sys.executable, "-c", RUN, "--db", str(path), "--read-only", *arguments]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, check=False, timeout=60).returncode

    for looks in (["log"], ["verify"], ["show", "profile", "m3"], ["stats"], ["projections", "check"]):
        assert firstdegree(*looks) == 0, looks
    member = ["--member", "new", "--name", "N", "--primary-email", "n@example.org"]
    assert firstdegree("do", "register-member", *member) == 3
    assert firstdegree("repair", "index") == 3
    assert state(tmp_path) == before


def test_b30_what_others_write_meanwhile_is_read(tmp_path: Path) -> None:
    """A writer comes, writes, checkpoints, closes, and comes again, while the log is open to be read."""
    path = tmp_path / "network.db"
    write(path, "close")
    with SqliteLog(path, read_only=True) as log:
        expected = MEMBERS
        for round_ in range(3):
            assert [row[0] for row in log.page(0, 10_000)] == list(range(1, expected + 1))
            with writer(path) as process:
                assert process.stdin
                assert process.stdout
                for number in range(3):
                    process.stdin.write(f"more{round_}-{number}\n")
                    process.stdin.flush()
                    assert process.stdout.readline() == "written\n"
                    expected += 1
                    assert log.head() == expected
                    assert log.tail_of(f"member:more{round_}-{number}") == expected
                assert verify_file(path) == expected
            assert log.head() == expected


LARGE_APPENDS = """
import sys
from pathlib import Path
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog

with SqliteLog(Path(sys.argv[1])) as log:
    for _ in range(150):
        log.append([DCBEvent("a", bytes(100_000), ["x"])] * 3)
"""


def test_b30_a_reader_sees_whole_appends_while_a_writer_checkpoints_again_and_again(tmp_path: Path) -> None:
    """Each append is large, so that the write-ahead log is emptied and begun anew many times."""
    path = tmp_path / "log.db"
    SqliteLog(path).close()
    with (
        SqliteLog(path, read_only=True) as log,
        subprocess.Popen([sys.executable, "-c", LARGE_APPENDS, path]) as process,
    ):
        seen = 0
        while process.poll() is None:
            head = log.head()
            assert head % 3 == 0
            assert seen <= head
            before = max(0, head - 3)
            assert [row[0] for row in log.page(before, head - before)] == list(range(before + 1, head + 1))
            seen = head
            time.sleep(0.001)
        assert log.head() == 450


@pytest.mark.parametrize("what", ["nothing", "empty", "text"])
def test_b30_what_is_no_log_is_refused_and_not_made(tmp_path: Path, what: str) -> None:
    path = tmp_path / "network.db"
    if what != "nothing":
        path.write_text("" if what == "empty" else "text")
    before = state(tmp_path)
    with pytest.raises(LogUnavailable) as refused:
        open_network(str(path), read_only=True)
    assert refused.value.code == "not_a_log"
    assert state(tmp_path) == before


IN_ITS_PLACE: dict[str, Callable[[Path, Path], object]] = {
    "another file": os.replace,
    "over it": shutil.copyfile,
    "none": lambda _, path: path.unlink(),
}


@pytest.mark.parametrize("how", IN_ITS_PLACE)
def test_b23_a_log_that_is_put_back_while_it_is_read_says_so(tmp_path: Path, how: str) -> None:
    path = tmp_path / "network.db"
    with open_network(str(path), follow=False) as network:
        network.handle(RegisterMember(member="ada", name="N", primary_email="n@example.org"))
    shutil.copy(path, tmp_path / "older.db")
    write(path, "close")
    with open_network(str(path), read_only=True, follow=False) as network:
        network.catch_up()
        assert network.profile("m1", viewer=None).name == "N"
        IN_ITS_PLACE[how](tmp_path / "older.db", path)
        for read in (lambda: network.head, lambda: network.profile("m1", as_of=MEMBERS - 1), lambda: network.stats()):
            with pytest.raises(LogUnavailable) as refused:
                read()
            assert refused.value.code == "replaced"


def test_b30_what_fails_because_a_writer_closed_the_log_meanwhile_is_read_again(tmp_path: Path) -> None:
    """As SQLite does that does not find the files which it was told were there."""
    path = left_behind("killed", tmp_path)
    tries: list[int] = []

    def read() -> str:
        tries.append(1)
        SqliteLog(path).close()
        if len(tries) == 1:
            raise LogUnavailable("read_only", "unable to open database file")
        raise LogUnavailable("io_error", "the disk is worn")

    with pytest.raises(LogUnavailable) as refused:
        read_unchanged(path, read)
    assert (refused.value.code, len(tries)) == ("io_error", 2)


REPAIR = """
import sys
from infrastructure.log.sqlite.repair import repair_index
from infrastructure.log.unavailable import LogUnavailable
try:
    repair_index(sys.argv[1])
except LogUnavailable as error:
    print(error.code)
"""


def test_b30_a_repair_that_may_not_write_the_log_leaves_nothing_beside_it(tmp_path: Path) -> None:
    """SQLite gives the files beside a log its permissions, and nobody could write them later."""
    path = tmp_path / "network.db"
    write(path, "close")
    path.chmod(0o444)
    before = state(tmp_path)
    command = [sys.executable, "-c", REPAIR, str(path)]
    if os.geteuid() == 0:  # who may write whatever permissions say
        if shutil.which("setpriv") is None:
            pytest.skip("the superuser's rights cannot be laid down here")
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "read_only\n"
    assert state(tmp_path) == before


READ_IN_A_MOUNT = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
"$2" -c "$3" --db "$1/network.db" --read-only --json verify
"$2" -c "$3" --db "$1/network.db" --read-only --json show profile m3 > /dev/null
"$2" -c "$3" --db "$1/network.db" --json stats
"""


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_b30_on_a_mount_that_nobody_can_write_everything_can_be_read(tmp_path: Path, kind: str) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("this user cannot mount, so there is no file system that refuses every user")
    left_behind(kind, tmp_path)
    command = ["unshare", "-rm", "sh", "-c", READ_IN_A_MOUNT, "sh", str(tmp_path), sys.executable, RUN]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120)
    assert f'"verified":{MEMBERS}' in done.stdout.replace(" ", "")
    assert (done.returncode, "read_only" in done.stderr, "--read-only" in done.stderr) == (3, True, True)
