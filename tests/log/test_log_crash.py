"""A process that is killed while it appends: what it acknowledged is there, whole, and the log goes on."""

import random
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.tag_index import PART_EVENTS

PROJECT = Path(__file__).resolve().parents[2]

# Each append carries its size in its data, so half an append could be told. Several threads, so that groups form.
WRITER = """
import os, random, sys, threading
sys.path.insert(0, sys.argv[1])
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
log = SqliteLog(sys.argv[2], part_events=int(sys.argv[4]))
def write(seed):
    chance = random.Random(seed)
    while True:
        size = chance.randint(1, 40)
        tags = [f"tag:{chance.randint(0, 5000)}", "all"]
        last = log.append([DCBEvent(type=f"type{size % 5}", data=f"{size} {number}".encode(), tags=tags)
                           for number in range(size)])
        os.write(1, f"{last - size + 1} {last}\\n".encode())
for seed in range(6):
    threading.Thread(target=write, args=(f"{sys.argv[3]} {seed}",)).start()
"""


def killed_writer(path: Path, chance: random.Random, part_events: int = PART_EVENTS) -> list[tuple[int, int]]:
    """Lets a process append until it is killed; first and last position of each append that it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(PROJECT), str(path), str(chance.random()), str(part_events)]
    acknowledged_until_kill = chance.choice([1, 1, 2, 5, 20, 60])
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = b"".join(process.stdout.readline() for _ in range(acknowledged_until_kill))
        try:
            # Up to some milliseconds later, so that the kill meets every phase of an append, not only its end.
            process.wait(chance.uniform(0, 0.01))
        except subprocess.TimeoutExpired:
            process.kill()
        output += process.stdout.read()
    lines = output.split(b"\n")[:-1]
    return [(int(first), int(last)) for first, last in (line.split() for line in lines)]


def test_e7_nothing_acknowledged_is_lost_and_nothing_is_half_there_after_kill_9(
    tmp_path: Path, rng: random.Random, kills: int
) -> None:
    """E7, E23: kill -9 at random instants of one growing log."""
    path = tmp_path / "log.db"
    for kill in range(kills):
        acknowledged = killed_writer(path, rng)
        assert acknowledged, "the writer was killed before it acknowledged anything"
        with SqliteLog(path) as log:
            rows = log.page(0, 10**9)
            assert [position for position, _, _ in rows] == list(range(1, log.head() + 1))
            data = {position: tuple(map(int, data.split())) for position, _, data in rows if data != b"after"}
            for first, last in acknowledged:
                size = last - first + 1
                assert [data.get(position) for position in range(first, last + 1)] == [
                    (size, number) for number in range(size)
                ], f"kill {kill}: an acknowledged append is not there"
            position = 1
            while position <= log.head():
                size = data[position][0] if position in data else 1
                if position in data:
                    whole = [(size, number) for number in range(size)]
                    assert [data.get(each) for each in range(position, position + size)] == whole, "half an append"
                position += size
            assert [position for position, _, _ in log.load("all", ())] == sorted(data)
            assert log.append([DCBEvent(type="after", data=b"after", tags=[])]) == len(rows) + 1


@pytest.mark.parametrize("statement", ["PRAGMA integrity_check", "PRAGMA foreign_key_check"])
def test_the_file_of_a_killed_writer_is_sound(tmp_path: Path, rng: random.Random, statement: str) -> None:
    path = tmp_path / "log.db"
    killed_writer(path, rng)
    connection = apsw.Connection(str(path))
    assert connection.execute(statement).fetchall() in ([("ok",)], [])
    connection.close()
