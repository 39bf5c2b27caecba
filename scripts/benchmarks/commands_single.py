"""Row `single`: one command after the other, each waited for, against the least that SQLite can do: the same rows,
one flush each.

The limit's file has the tables alone, without triggers, and the tags are its keys as they are; its log is emptied as
seldom as ours.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import orjson

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, fresh, paired, seconds, times
from benchmarks.mix import NOTE
from domain import SendInvitation
from infrastructure.app import open_network
from infrastructure.log.sqlite.file import CACHE_KIBIBYTES, CHECKPOINT_PAGES

TABLES = """
CREATE TABLE event (position INTEGER PRIMARY KEY, type INTEGER NOT NULL, data BLOB NOT NULL, tags TEXT NOT NULL) STRICT;
CREATE TABLE tag (
    tag TEXT NOT NULL, type INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (tag, type, position)
) STRICT, WITHOUT ROWID;
"""
WARM_UP = 50
EventRow = tuple[Any, ...]


def measure(context: Context) -> Iterator[Line]:
    """Groups of invitations between random members, in turns with the very rows that they left."""
    members, group = context.size(4_000, 500), context.size(400, 100)
    ours, theirs = fresh(_take_turns, context.folder, context.seed, members, group, context.size(15, 3))
    yield paired(
        "commands, one at a time (handle)",
        "commands/s",
        ours,
        "the same rows, BEGIN IMMEDIATE, COMMIT",
        theirs,
        note="an invitation: one row of event, four of tag",
        **times(0.78, 0.84),
    )


def _take_turns(folder: Path, seed: int, members: int, group: int, rounds: int) -> tuple[list[float], list[float]]:
    path = folder / "ours.db"
    limit = apsw.Connection(str(folder / "limit.db"))
    limit.pragma("journal_mode", "WAL")
    limit.pragma("synchronous", "FULL")
    limit.pragma("cache_size", -CACHE_KIBIBYTES)
    limit.wal_autocheckpoint(CHECKPOINT_PAGES)
    limit.execute(TABLES)
    commands = _invitations(seed, members, WARM_UP + group * rounds)
    ours: list[float] = []
    theirs: list[float] = []
    with open_network(str(path), follow=False) as net:
        with Appender(net.log, now() - members, 1) as appender:
            for number in range(members):
                appender.add(registered(f"member-{number}"))
        for command in commands[:WARM_UP]:
            net.handle(command)
        position = net.head
        _write(limit, [_rows(path, 0)])
        for first in range(WARM_UP, len(commands), group):
            chosen = commands[first : first + group]
            ours.append(group / seconds(lambda some=chosen: [net.handle(each) for each in some]))
            rows = [[row] for row in _rows(path, position)]
            position = net.head
            theirs.append(len(rows) / seconds(lambda some=rows: _write(limit, some)))
    limit.close()
    return ours, theirs


def _invitations(seed: int, members: int, count: int) -> list[SendInvitation]:
    chance = random.Random(seed)
    pairs: dict[tuple[int, int], None] = {}
    while len(pairs) < count:
        one, other = chance.sample(range(members), 2)
        if (other, one) not in pairs:
            pairs[one, other] = None
    return [SendInvitation(inviter=f"member-{one}", invitee=f"member-{other}", note=NOTE) for one, other in pairs]


def _rows(path: Path, after: int) -> list[EventRow]:
    """The rows of event that a log holds after a position."""
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.wal_autocheckpoint(0)
    rows = reader.execute("SELECT position, type, data, tags FROM event WHERE position > ?", (after,)).fetchall()
    reader.close()
    return rows


def _write(limit: apsw.Connection, transactions: list[list[EventRow]]) -> None:
    for rows in transactions:
        limit.execute("BEGIN IMMEDIATE")
        limit.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
        tags = [(tag, kind, position) for position, kind, _, names in rows for tag in orjson.loads(names)]
        limit.executemany("INSERT INTO tag VALUES (?, ?, ?)", tags)
        limit.execute("COMMIT")
