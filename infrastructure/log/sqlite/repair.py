"""Making anew what a SQLite log keeps beside its events: their tags, the table of tags, indexes and triggers."""

from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import apsw
import orjson

from domain.event import EVENTS
from infrastructure.log.envelope import UnreadableEvent, decode, metadata_of
from infrastructure.log.sqlite.damaged_pages import forget_derived, is_whole
from infrastructure.log.sqlite.derived import drop_derived, make_derived, settings_of
from infrastructure.log.sqlite.file import explained, inspect, one_transaction, same_file
from infrastructure.log.sqlite.leftover import open_whole
from infrastructure.log.sqlite.open_files import opened
from infrastructure.log.sqlite.patience import Patience
from infrastructure.log.sqlite.schema import schema_as_made, schema_of
from infrastructure.log.sqlite.statements import TYPES
from infrastructure.log.sqlite.tag_index import PART_EVENTS
from infrastructure.log.sqlite.verification import BUSY_SECONDS, FIRST_POSITION, Progress, tags_beside
from infrastructure.log.unavailable import LogUnavailable
from infrastructure.log.verification import tags_of

STORED = "SELECT position, type, CAST(tags AS BLOB), data FROM event WHERE position >= ? ORDER BY position"
"""The tags as bytes, which need not be those of a text."""
PROGRESS_EVENTS = 2_000


@dataclass(frozen=True, slots=True)
class IndexRepair:
    """What a repair did: how many events there are, and beside how many of them the tags had to be corrected."""

    events: int
    corrected: int


def repair_index(path: Path | str, progress: Progress | None = None) -> IndexRepair:
    """Makes anew, from the events' bytes, all that a log keeps beside them, in one transaction: killed half way, the
    log is as it was. Only where pages of that are damaged, they are let go first: killed half way, repair it again. The
    bytes themselves are never touched, nor are objects that are none of ours.

    Networks that are open on this log go on with what they have read; open them anew. UnreadableEvent: an event's bytes
    cannot be read, so that its tags are not known. LogUnavailable: not a log, busy, or the events' own tables are gone
    or changed (`damaged`), which only a backup brings back."""
    path = same_file(Path(path))
    inspect(path)
    try:
        with closing(open_whole(path, lambda: _connected(path))) as connection:
            connection.pragma("synchronous", "FULL")
            return _repair_pages_too(connection, path, progress)
    except (apsw.Error, UnicodeDecodeError) as error:
        raise explained(error, path) from error


def _connected(path: Path) -> apsw.Connection:
    connection = opened(path, lambda: apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))
    if connection.readonly("main"):  # before SQLite reads, which would leave files beside it that nobody can write
        connection.close()
        raise LogUnavailable("read_only", f"{path} can only be read")
    connection.set_busy_handler(Patience(BUSY_SECONDS))
    return connection


def _repair_pages_too(connection: apsw.Connection, path: Path, progress: Progress | None) -> IndexRepair:
    """If pages of what is derived are damaged, they are let go first."""
    with suppress(apsw.CorruptError):
        done = _repair(connection, path, progress)
        if is_whole(connection):
            return done
    forget_derived(connection)
    done = _repair(connection, path, progress)
    if not is_whole(connection):
        raise LogUnavailable("damaged", f"{path}: pages of the events are damaged, which only a backup brings back")
    return done


def _repair(connection: apsw.Connection, path: Path, progress: Progress | None) -> IndexRepair:
    with one_transaction(connection):
        made, found = schema_as_made(), schema_of(connection)
        for table in ("event", "event_type"):
            if found.get(("table", table)) != made["table", table]:
                raise LogUnavailable("damaged", f"{path}: the table {table} is not as it was made")
        part_events, secret = settings_of(connection, PART_EVENTS)
        drop_derived(connection)
        events, wrong = _wrong_tags(connection, progress)
        connection.executemany("UPDATE event SET tags = ? WHERE position = ?", wrong)
        make_derived(connection, part_events, secret)
        return IndexRepair(events, len(wrong))


def _wrong_tags(connection: apsw.Connection, progress: Progress | None) -> tuple[int, list[tuple[str, int]]]:
    """How many events there are, and for each whose tags beside it are wrong the right ones, with its position."""
    types = dict(connection.execute(TYPES))
    wrong: list[tuple[str, int]] = []
    events = 0
    ((head,),) = connection.execute("SELECT coalesce(max(position), 0) FROM event")
    for position, type_, stored, data in connection.execute(STORED, (FIRST_POSITION,)):
        events += 1
        if position != events:
            raise LogUnavailable("damaged", f"The event at position {events} is missing, which only a backup has")
        name = types.get(type_, "")
        try:
            ((_, _, event),) = decode([(position, name, data)])
            right = tags_of(event, metadata_of(position, data).command)
        except UnreadableEvent:
            if not name or name in EVENTS.by_name or tags_beside(stored) is None:
                raise
            continue  # it is of a newer release or an extension, and nothing speaks against its tags
        text = orjson.dumps(right)
        if text != stored:
            wrong.append((text.decode(), position))
        if progress and position % PROGRESS_EVENTS == 0:
            progress(position, head)
    return events, wrong
