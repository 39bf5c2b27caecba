"""Statements are planned once, whatever values they are given: preparing them costs more than most of them do."""

from pathlib import Path

import apsw

from infrastructure.log.sqlite.file import open_reader, open_writer
from infrastructure.log.sqlite.tag_index import PART_EVENTS
from infrastructure.read_models.connections import connect


def connections(folder: Path) -> dict[str, apsw.Connection]:
    """One of each kind."""
    return {
        "the log's writer": open_writer(folder / "log.db", 1.0, PART_EVENTS),
        "a reader of the log": open_reader(folder / "log.db", 1.0),
        "read models in memory": connect(":memory:", shared=False),
        "read models in a file": connect(str(folder / "read-models"), shared=True),
    }


def steps(connection: apsw.Connection, size: int) -> int:
    """How many steps SQLite takes to find that there is no row."""
    taken: list[int] = []
    connection.trace_v2(
        apsw.SQLITE_TRACE_PROFILE, lambda event: taken.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])
    )
    sql = "SELECT name FROM sqlite_schema WHERE type = 'none' ORDER BY rowid LIMIT :size"
    assert connection.execute(sql, {"size": size}).fetchall() == []
    connection.trace_v2(0, None)
    return taken[-1]


def test_a_statement_is_planned_without_regard_to_its_values(tmp_path: Path) -> None:
    """A plan that has looked at the value of a LIMIT has fewer steps where there is one: and is made for each value."""
    for name, connection in connections(tmp_path).items():
        assert steps(connection, size=1) == steps(connection, size=-1), name
        connection.close()
