"""Where SQLite would keep a file lies something else: opening says so, waits for nothing, and touches nothing."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from domain import RegisterMember
from infrastructure.app import READ_MODELS_SUFFIX, open_network
from infrastructure.log import LogUnavailable
from infrastructure.log.audit import repair_index_at, verify_at
from infrastructure.read_models.errors import ReadModelsUnavailable

SECONDS_MAX = 60
MAKE: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a directory": Path.mkdir,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a file": lambda path: path.symlink_to(path.parent / "precious"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nothing"),
}
OF_THE_LOG = ("", "-wal", "-shm", "-journal")
OF_THE_READ_MODELS = tuple(READ_MODELS_SUFFIX + end for end in OF_THE_LOG)
OF_THE_REBUILD_LOCK = tuple(f"{READ_MODELS_SUFFIX}-rebuild{end}" for end in OF_THE_LOG)
# In a process of its own, since a wait for a pipe cannot be ended but with the process.
ENDS = """
import json, sys
from domain.errors import CodedError
from infrastructure.app import open_network
def end(path):
    try:
        with open_network(path, follow=False) as network:
            network.catch_up()
            network.rebuild()
    except CodedError as error:
        return error.code
    return "answered"
print(json.dumps([end(path) for path in sys.argv[1:]]))
"""


def ends(*paths: Path) -> list[str]:
    """How opening a network and a rebuild end, for each path."""
    command = [sys.executable, "-c", ENDS, *map(str, paths)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=SECONDS_MAX)
    answers: list[str] = json.loads(done.stdout)
    return answers


def made(folder: Path) -> Path:
    folder.mkdir()
    (folder / "precious").write_text("what somebody wrote")
    with open_network(str(folder / "network.db"), follow=False) as network:
        network.handle(RegisterMember(member="ada", name="Ada", primary_email="ada@example.org"))
        network.catch_up()
    return folder / "network.db"


@pytest.mark.parametrize("kind", MAKE)
def test_f6_b24_what_is_no_regular_file_beside_a_network_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    sound = made(tmp_path / "sound")
    expected = {
        **dict.fromkeys(OF_THE_LOG, "not_a_log"),
        **dict.fromkeys((*OF_THE_READ_MODELS, *OF_THE_REBUILD_LOCK), "not_read_models"),
    }
    paths = []
    for number, suffix in enumerate(expected):
        path = Path(shutil.copytree(sound.parent, tmp_path / str(number))) / sound.name
        paths.append(path)
        place = path.with_name(path.name + suffix)
        place.unlink(missing_ok=True)
        MAKE[kind](place)
    found = dict(zip(expected, ends(*paths), strict=True))
    refused = {"", READ_MODELS_SUFFIX} if "link" in kind else set()  # a link to the file itself is followed
    assert {suffix: code for suffix, code in found.items() if suffix not in refused} == {
        suffix: code for suffix, code in expected.items() if suffix not in refused
    }
    assert "answered" not in [code for suffix, code in found.items() if suffix]
    assert kind == "a link to nothing" or found[""] != "answered"
    for path in paths:
        assert (path.parent / "precious").read_text() == "what somebody wrote"


@pytest.mark.parametrize("kind", MAKE)
def test_f6_b24_nothing_irregular_is_opened_by_reading_verifying_or_repairing(tmp_path: Path, kind: str) -> None:
    path = made(tmp_path / "network")
    MAKE[kind](path.with_name(f"{path.name}-journal"))
    for call in (lambda: open_network(str(path), read_only=True), lambda: verify_at(str(path))):
        with pytest.raises(LogUnavailable) as refused:
            call()
        assert refused.value.code == "not_a_log"
    with pytest.raises(LogUnavailable) as refused:
        repair_index_at(str(path))
    assert refused.value.code == "not_a_log"


@pytest.mark.parametrize("content", [b"what somebody wrote", bytes(range(256)) * 32])
def test_b24_a_file_of_somebodys_where_the_rebuild_lock_lies_is_named_and_left(tmp_path: Path, content: bytes) -> None:
    path = made(tmp_path / "network")
    lock = path.with_name(f"{path.name}{READ_MODELS_SUFFIX}-rebuild")
    lock.write_bytes(content)
    with open_network(str(path), follow=False) as network:
        for call in (network.rebuild, network.check):
            with pytest.raises(ReadModelsUnavailable) as refused:
                call()
            assert (refused.value.code, lock.name in str(refused.value)) == ("not_read_models", True)
    assert lock.read_bytes() == content


def test_f6_b24_a_rebuild_passes_over_names_beside_which_something_irregular_lies(tmp_path: Path) -> None:
    path = made(tmp_path / "network")
    for number in range(1, 60):
        os.mkfifo(path.with_name(f"{path.name}{READ_MODELS_SUFFIX}-filled-{number}-0-journal"))
    assert ends(path) == ["answered"]


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("beside", ["", READ_MODELS_SUFFIX, f"{READ_MODELS_SUFFIX}-rebuild"])
@pytest.mark.parametrize("content", [b"what somebody wrote", None])
def test_b24_what_somebody_keeps_under_a_name_of_sqlites_is_left(
    tmp_path: Path, suffix: str, beside: str, content: bytes | None
) -> None:
    """A text, or another network whose name ends so: SQLite would delete it, with its events."""
    path = tmp_path / "network.db"
    if content is None:
        made(tmp_path / "network").rename(path)
        content = path.read_bytes()
        path.unlink()
    precious = Path(f"{path}{beside}{suffix}")
    precious.write_bytes(content)
    with (
        pytest.raises((LogUnavailable, ReadModelsUnavailable), match="none of the files that SQLite keeps") as refused,
        open_network(str(path), follow=False) as network,
    ):
        network.rebuild()
    assert refused.value.code == ("not_read_models" if beside else "foreign_log")
    assert precious.read_bytes() == content


def test_b23_a_log_with_a_second_name_is_not_opened(tmp_path: Path) -> None:
    """What is written under one name lies beside it, and who opens the other would not see it, and write the same
    positions again."""
    path = made(tmp_path / "network")
    second = tmp_path / "second.db"
    os.link(path, second)
    for name in (path, second):
        for read_only in (False, True):
            with pytest.raises(LogUnavailable) as refused:
                open_network(str(name), read_only=read_only)
            assert refused.value.code == "linked"
    second.unlink()
    with open_network(str(path)) as network:
        assert network.head
