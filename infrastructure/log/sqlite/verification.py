"""Verifying a SQLite log: its events, what is kept beside them, and the file, as of one moment."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw
import orjson

from infrastructure.log.faults import FAULTS_MAX, Fault, UnsoundLog
from infrastructure.log.sqlite.derived import TRUE_ROWS, with_tag_key
from infrastructure.log.sqlite.file import explained, require_format, same_file
from infrastructure.log.sqlite.read_only import open_unwritten, read_unchanged
from infrastructure.log.sqlite.schema import FORMAT, schema_as_made, schema_of
from infrastructure.log.sqlite.statements import ENDS, HEAD, INDEX, TYPES, Rows
from infrastructure.log.sqlite.tag_index import TagKeys, tag_keys
from infrastructure.log.sqlite.tag_index.keys import SLICES, events_in, first_key
from infrastructure.log.sqlite.tag_index.stored import progress_of_rows, settings_of_rows, tags_of_text
from infrastructure.log.unavailable import LogUnavailable
from infrastructure.log.verification import EventVerifier

BUSY_SECONDS = 30.0
FIRST_POSITION = -(2**63)
PROGRESS_EVENTS = 2_000
TAG_ROWS_SHOWN = 5
"""How many wrong rows of the table of tags are shown of one kind."""

EVENTS = "SELECT position, type, tags, data FROM event WHERE position >= ? ORDER BY position"
Progress = Callable[[int, int], None]
"""Called with the position reached and the one to reach."""


def verify_file(path: Path | str, progress: Progress | None = None) -> int:
    """Verifies the log in a file, reading only, as of one moment: others may go on writing. How many events it holds.

    Looked at are SQLite's own check, the schema, each event's bytes, how the events follow one another, and all that is
    kept twice: the types and tags beside the events, the table of tags and how far it is merged. What it cannot find
    stands in infrastructure/log/verification.py. UnsoundLog: it has faults. LogUnavailable: it cannot be read."""
    path = same_file(Path(path))
    return read_unchanged(path, lambda: _verified(path, progress))


def _verified(path: Path, progress: Progress | None) -> int:
    connection = open_unwritten(path, BUSY_SECONDS)
    try:
        connection.execute("BEGIN")
        require_format(connection, path)
        return _Verification(connection, progress).all()
    except apsw.Error as error:
        raise explained(error, path) from error
    finally:
        connection.close()


class _Verification:
    def __init__(self, connection: apsw.Connection, progress: Progress | None) -> None:
        self._connection = connection
        self._progress = progress
        self._faults: list[Fault] = []
        self._salt = os.urandom(16)

    def all(self) -> int:
        """How many events there are. UnsoundLog if there are faults."""
        events = 0
        try:
            self._file()
            self._schema()
            if not any(fault.field in {"event", "event_type"} for fault in self._faults):
                events = self._events()
        except (apsw.CorruptError, apsw.NotADBError, apsw.SchemaChangeError):
            self._say("file", None, "file", "a page of it is damaged, so that it cannot be read to its end")
        except UnicodeDecodeError:
            self._say("file", None, "file", "a text in it is damaged, so that it cannot be read to its end")
        if self._faults:
            self._faults.sort(key=lambda fault: (fault.position is None, fault.position or 0))
            raise UnsoundLog(self._faults[:FAULTS_MAX], events)
        return events

    def _say(self, code: str, position: int | None, field: str, detail: str) -> None:
        self._faults.append(Fault(code, position, field, detail))

    def _execute(self, sql: str, bindings: Sequence[Any] = ()) -> Rows:
        return self._connection.execute(sql, bindings).fetchall()

    def _file(self) -> None:
        for (said,) in self._execute("PRAGMA quick_check(20)"):
            if said != "ok":
                self._say("file", None, "file", str(said).splitlines()[0])
        if self._connection.pragma("user_version") != FORMAT:
            self._say("file", None, "user_version", f"the format is not {FORMAT}")

    def _schema(self) -> None:
        expected, found = schema_as_made(), schema_of(self._connection)
        for kind, name in sorted(expected.keys() - found.keys()):
            self._say("schema", None, name, f"this {kind} is missing")
        for kind, _ in sorted(found.keys() - expected.keys()):
            self._say("schema", None, kind, f"there is a {kind} that no release makes")
        for kind, name in sorted(expected.keys() & found.keys()):
            if expected[kind, name] != found[kind, name]:
                self._say("schema", None, name, f"this {kind} is not as it was made")

    def _events(self) -> int:
        """Each event, and the tags that the table ought to have."""
        verifier = EventVerifier()
        types = self._types()
        merged = self._merged()
        count, head = 0, self._execute(HEAD)[0][0]
        expected = _Rows(self._salt)
        for position, type_, stored, data in self._connection.execute(EVENTS, (FIRST_POSITION,)):
            count += 1
            tags = tags_beside(stored)
            name = types.get(type_, "")
            own = verifier.take(position, name, data if isinstance(data, bytes) else b"", tags)
            if merged is not None and 0 < position <= merged.next_upto:
                keys = merged.keys_of(position, own if own is not None else tags or ())
                expected.add((key, type_, position) for key in keys)
            if len(verifier.faults) >= FAULTS_MAX:
                break
            if self._progress and position % PROGRESS_EVENTS == 0:
                self._progress(position, head)
        self._faults += verifier.finish()
        if merged is not None and len(verifier.faults) < FAULTS_MAX:
            self._table(expected, merged)
        return count

    def _types(self) -> dict[int, str]:
        rows = self._execute(TYPES)
        for times in Counter(name for _, name in rows).values():
            if times > 1:
                self._say("schema", None, "event_type", f"a type stands there {times} times")
        return dict(rows)

    def _merged(self) -> "_Merged | None":
        """How far the table of tags is merged, or None if the file does not say."""
        if any(fault.field in {"tag", "tag_merge"} for fault in self._faults):
            return None
        try:
            part_events, secret = settings_of_rows(self._execute(INDEX))
            done, _ = progress_of_rows(self._execute(ENDS), part_events)
        except LogUnavailable as error:
            self._say("tag_merge", None, "tag_merge", error.detail)
            return None
        return _Merged(part_events, done, tag_keys(secret))

    def _table(self, expected: "_Rows", merged: "_Merged") -> None:
        """The rows of the table of tags against those that the events ask for. Compared are their number and the sum of
        their hashes; only where that differs is looked for which rows differ."""
        found = _Rows(self._salt)
        found.add(self._connection.execute("SELECT key, type, position FROM tag"))
        if found == expected:
            return
        with_tag_key(self._connection, merged.keys)
        true = f"""SELECT key, type, position FROM ({TRUE_ROWS})
            WHERE position <= {merged.upto} OR position <= {merged.next_upto} AND
            CASE key WHEN tag_key(NULL) THEN position <= {merged.every_upto} ELSE key < {merged.next_key} END"""
        rows = "SELECT key, type, position FROM tag"
        said = len(self._faults)
        for what, sql in (("is missing", f"{true} EXCEPT {rows}"), ("ought not to be there", f"{rows} EXCEPT {true}")):
            wrong = f"SELECT position, count(*) FROM ({sql}) GROUP BY position ORDER BY position LIMIT {TAG_ROWS_SHOWN}"
            for position, count in self._execute(wrong):
                place = position if isinstance(position, int) else None
                self._say("tag_index", place, "tag", f"a row of the table of tags {what} ({count} at this position)")
        if len(self._faults) == said:  # the tags beside the events differ from their own, as was said of each
            self._say("tag_index", None, "tag", "the table of tags is not that of the events' own tags")


class _Merged:
    """Which rows are in the table: of the events up to `upto` all, of those up to `next_upto` the keys below
    `next_key`; and the row that each event has under the key of None, of those up to `every_upto`."""

    def __init__(self, part_events: int, slices_done: int, keys: TagKeys) -> None:
        parts, slices = divmod(slices_done, SLICES)
        self.keys = keys
        self.upto = parts * part_events
        self.next_upto = self.upto + (part_events if slices else 0)
        self.next_key = first_key(slices)
        self.every_upto = self.upto + events_in(slices, part_events)

    def keys_of(self, position: int, tags: Iterable[str]) -> set[int]:
        """The keys under which the event at a position is in the table."""
        keys = {self.keys(tag) for tag in tags}
        if position > self.upto:
            keys = {key for key in keys if key < self.next_key}
        if position <= self.every_upto:
            keys.add(self.keys(None))
        return keys


def tags_beside(stored: Any) -> list[str] | None:
    """The tags beside an event, or None if they are no list of texts written as a release writes it."""
    try:
        tags = tags_of_text(0, stored)
    except LogUnavailable:
        return None
    return tags if orjson.dumps(tags) == (stored if isinstance(stored, bytes) else stored.encode()) else None


class _Rows:
    """A set of rows, known by how many there are and the sum of their hashes, so that it need not be kept or sorted.
    With a salt of one's own, nobody can make rows that have the same sum."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._count = 0
        self._sum = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self._count += 1
            self._sum += hash((self._salt, *row))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and (self._count, self._sum) == (other._count, other._sum)

    __hash__ = None  # type: ignore[assignment]
