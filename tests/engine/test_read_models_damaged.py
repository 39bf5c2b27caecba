"""Damage in the read models' file: the log opens and takes commands, nothing fails but with a code, a rebuild mends."""

import logging
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest
from support.random_commands import random_commands

from domain import PublishPost
from domain.errors import CodedError
from infrastructure.app import READ_MODELS_SUFFIX, Network, open_network
from infrastructure.commands.request import Request
from infrastructure.read_models.errors import ReadModelsUnavailable

MEMBERS, COMMANDS = 8, 400
HEADER_BYTES = 100
CODES_OF_ANSWERS = {"damaged_read_models", "not_yet", "not_available", "projection_stopped"}
CHECKPOINT_COLUMNS = (
    *("projection", "shape", "generation", "position", "event", "fill_to", "passed_over", "error", "used", "tables"),
)
IN_THE_STORE: dict[str, tuple[str, Any]] = {
    "no secret": ("DELETE FROM store WHERE name = 'secret'", None),
    "a secret that is no hexadecimal number": ("UPDATE store SET value = ? WHERE name = 'secret'", "x"),
    "a secret of bytes": ("UPDATE store SET value = ? WHERE name = 'secret'", b"\xff"),
    "a short secret": ("UPDATE store SET value = ? WHERE name = 'secret'", "ab"),
    "no generation": ("DELETE FROM store WHERE name = 'generation'", None),
    "a generation that is no number": ("UPDATE store SET value = ? WHERE name = 'generation'", "x"),
    "a generation of before": ("UPDATE store SET value = ? WHERE name = 'generation'", "1"),
    "a position of text": ("UPDATE checkpoint SET position = ?", "x"),
    "a position before the first": ("UPDATE checkpoint SET position = ?", -1),
    "a number of text passed over": ("UPDATE checkpoint SET passed_over = ?", "x"),
    "a checkpoint of other tables": ("UPDATE checkpoint SET generation = ?", 1),
    "a checkpoint of tables that are none": ("UPDATE checkpoint SET tables = ?", "member; DROP"),
    "a missing table": ("DROP TABLE {block}", None),
    "no checkpoints": ("DROP TABLE checkpoint", None),
}
QUESTIONS: dict[str, Callable[[Network, str], object]] = {
    "profile": lambda network, member: network.profile(member),
    "feed": lambda network, member: network.feed(member),
    "earlier feed": lambda network, member: network.feed(member, as_of=COMMANDS // 4),
    "invitations": lambda network, member: network.invitations(member, "received"),
    "notices": lambda network, member: network.notices(member),
    "suggestions": lambda network, member: network.suggestions(member),
    "relationship": lambda network, member: network.relationship(member, "cid"),
    "thread": lambda network, member: network.thread(member, "cid"),
    "why": lambda network, member: network.why(member, "ann.1"),
    "degree": lambda network, member: network.degree(member, "cid"),
    "connections": lambda network, member: network.connections(member),
    "followers": lambda network, member: network.followers(member),
    "status": lambda network, member: network.status(),
    "catch_up": lambda network, member: network.catch_up(),
    "check": lambda network, member: network.check(),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with read models of all kinds."""
    path = tmp_path_factory.mktemp("sound") / "network.db"
    with open_network(str(path), follow=False) as network:
        network.handle_many(
            [Request(command, now=now) for command, now in random_commands(random.Random(3), MEMBERS, COMMANDS)]
        )
        network.catch_up()
    return path


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound.parent, tmp_path / "copy")) / sound.name


def models_of(path: Path) -> Path:
    return path.with_name(path.name + READ_MODELS_SUFFIX)


def execute(models: Path, sql: str, *values: Any) -> None:
    """Execute a statement, in which a table of a read model is named in braces."""
    with closing(apsw.Connection(str(models))) as connection:
        named = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        names = [str(name) for (name,) in named]
        connection.execute(sql.format_map({name.rpartition("_")[0]: name for name in names}), values)


def require_mended(network: Network) -> None:
    network.rebuild()
    assert all(network.check().values())
    assert network.profile("ann").member == "ann"


@pytest.mark.parametrize("kind", IN_THE_STORE)
def test_b27_what_opening_finds_damaged_is_made_anew_and_said(
    copy: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    sql, value = IN_THE_STORE[kind]
    execute(models_of(copy), sql, *([] if value is None else [value]))
    with caplog.at_level(logging.WARNING), open_network(str(copy), follow=False) as network:
        assert "damaged, and are made anew from the log" in caplog.text
        assert {one.state for one in network.status()} == {"filling"}
        assert network.handle(PublishPost(author="ann", text="The log is sound")).events
        network.catch_up()
        assert all(network.check().values())
    caplog.clear()
    with open_network(str(copy), follow=False) as network:
        assert not caplog.text
        assert network.profile("ann").member == "ann"


@pytest.mark.parametrize("start", [0, 18, 20, 68])
def test_b27_a_damaged_header_is_known_for_ours_and_the_models_are_made_anew(copy: Path, start: int) -> None:
    data = bytearray(models_of(copy).read_bytes())
    data[start : start + 2] = b"\xff\xff"
    models_of(copy).write_bytes(data)
    with open_network(str(copy), follow=False) as network:
        require_mended(network)


def test_b27_a_damaged_position_is_not_taken_for_a_log_that_has_lost_events(copy: Path) -> None:
    execute(models_of(copy), "UPDATE checkpoint SET position = ? WHERE projection = 'members'", 2**40)
    with open_network(str(copy), follow=False) as network:
        network.catch_up()
        assert all(network.check().values())


@pytest.mark.parametrize("value", ["x", b"\xff", None])
def test_b27_a_row_of_wrong_types_is_one_typed_error_and_mended(copy: Path, value: object) -> None:
    execute(models_of(copy), "UPDATE {absence} SET ended = ?", "x" if value is None else value)
    execute(models_of(copy), "UPDATE {block} SET blocker = ?", value)
    with open_network(str(copy), follow=False) as network:
        for ask in (lambda: network.suggestions("ann"), lambda: network.degree("ann", "cid")):
            with pytest.raises(ReadModelsUnavailable) as raised:
                ask()
            assert raised.value.code == "damaged_read_models"
            assert "projections rebuild" in str(raised.value), "the advice, which is followed here"
        require_mended(network)
        assert network.degree("ann", "ann") is not None


def test_b27_damage_while_others_have_the_models_open_is_mended_for_them_too(copy: Path) -> None:
    with open_network(str(copy), follow=False) as one, open_network(str(copy), follow=False) as other:
        assert other.profile("ann") == one.profile("ann")
        page = other.feed("ann", limit=1)
        execute(models_of(copy), "DROP TABLE {member}")
        with pytest.raises(ReadModelsUnavailable):
            other.profile("ann")
        require_mended(one)
        assert other.profile("ann") == one.profile("ann")
        assert one.feed("ann", cursor=page.cursor).rows == other.feed("ann", cursor=page.cursor).rows
        assert other.handle(PublishPost(author="ann", text="and on")).events
        other.catch_up()
        assert all(other.check().values())


def damages(models: Path, rng: random.Random) -> Iterator[str]:
    """Damage a file by chance; says how."""
    if rng.random() < 0.5:
        data = bytearray(models.read_bytes())
        for _ in range(rng.choice([1, 1, 4, 100])):
            place = rng.randrange(len(data) if rng.random() < 0.8 else HEADER_BYTES)
            data[place] = rng.randrange(256)
            yield f"byte {place}: {data[place]}"
        models.write_bytes(data)
        return
    with closing(sqlite3.connect(models)) as connection, connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        table = rng.choice(tables)
        column = rng.choice(connection.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall())[0]
        sql = rng.choice(
            [
                *(f"DROP TABLE {table}", f"DELETE FROM {table}", f"ALTER TABLE {table} RENAME TO other_1"),
                f"UPDATE OR IGNORE {table} SET {column} = ?",
                f"UPDATE OR IGNORE checkpoint SET {rng.choice(CHECKPOINT_COLUMNS)} = ?",
                *("UPDATE store SET value = ?", "DELETE FROM checkpoint", "PRAGMA user_version = 7"),
                *("PRAGMA user_version = 0", "PRAGMA application_id = 0"),
            ]
        )
        value = rng.choice([None, 0, -1, 1, COMMANDS, 2**63 - 1, -(2**63), 1.5, "", "x", "zz" * 50, b"\xff"])
        yield f"{sql} {value!r}"
        try:
            connection.execute(sql, [value] if "?" in sql else [])
        except sqlite3.IntegrityError as refused:
            yield str(refused)


def test_b27_random_damage_never_keeps_the_log_from_working_and_a_rebuild_mends_it(
    sound: Path, tmp_path: Path, rng: random.Random, inputs: int
) -> None:
    """`--fuzz 150000` for 1,000 damages."""
    path = tmp_path / sound.name
    codes: set[str] = set()
    for _ in range(max(inputs // 150, 1)):
        for file in tmp_path.iterdir():
            file.unlink()
        for file in sound.parent.iterdir():
            shutil.copy(file, tmp_path)
        print("damaged:", *damages(models_of(path), rng))
        try:
            network = open_network(str(path), follow=rng.random() < 0.3)
        except CodedError as refused:
            codes.add(refused.code)
            continue
        with network:
            assert network.handle(PublishPost(author="ann", text="The log is sound")).events
            for question in QUESTIONS.values():
                try:
                    question(network, "bob")
                except CodedError as error:
                    codes.add(error.code)
            require_mended(network)
    # At opening the file is left as it is where its header says that it is another's or of a newer release; and a
    # checkpoint at a position which the log has not is the mark of a log that has lost events.
    assert codes <= {"newer_read_models", "not_read_models", "lost_events", *CODES_OF_ANSWERS}


def test_b24_a_rollback_journal_beside_the_models_is_not_written_back_over_them(copy: Path) -> None:
    """An earlier one would bring back earlier rows, with nothing to show it."""
    models = models_of(copy)
    journal = models.with_name(f"{models.name}-journal")
    earlier = copy.with_name("earlier")
    shutil.copy(models, earlier)
    with closing(apsw.Connection(str(earlier))) as connection:
        connection.pragma("journal_mode", "delete")
        connection.pragma("cache_size", 1)  # so that pages are written before the commit, and the journal before them
        connection.execute("BEGIN IMMEDIATE; DELETE FROM checkpoint")
        connection.cache_flush()
        shutil.copy(f"{earlier}-journal", journal)
    before = models.read_bytes()
    with pytest.raises(ReadModelsUnavailable, match="-journal does not belong") as refused:
        open_network(str(copy))
    assert refused.value.code == "not_read_models"
    assert models.read_bytes() == before
    journal.unlink()
    with open_network(str(copy)) as network:
        network.wait_for(network.head, timeout=10)
        assert all(network.check().values())


TRUNCATED = """
import os, sys, threading
sys.path.insert(0, sys.argv[2])
from infrastructure.app import open_network
network = open_network(sys.argv[1])
network.wait_for(network.head, timeout=10)
stop = threading.Event()
def ask():
    while not stop.is_set():
        try:
            network.feed("ann"), network.profile("bob")
        except Exception:  # whatever the file holds for a moment: the process has to live
            continue
threads = [threading.Thread(target=ask) for _ in range(2)]
for thread in threads:
    thread.start()
models = sys.argv[1] + "-read-models"
whole = open(models, "rb").read()
for _ in range(100):
    open(models, "wb").write(whole)  # as cp does: it truncates the file, and fills it again
stop.set()
for thread in threads:
    thread.join()
os._exit(7)
"""


def test_b24_copying_a_backup_over_the_models_in_use_ends_no_process(copy: Path) -> None:
    command = [sys.executable, "-c", TRUNCATED, str(copy), str(Path(__file__).parents[2])]
    assert subprocess.run(command, timeout=60, check=False).returncode == 7
