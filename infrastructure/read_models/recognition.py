"""How the file of the read models is recognised, before SQLite opens it: what is not ours is refused and left.

A file is ours by the mark in its header. Where damage has taken that, it is ours by the statements that made the
store's own tables, which SQLite keeps as text near the beginning of the file: then it is damaged, and is made anew.
"""

import logging
import os
import stat
from pathlib import Path

import apsw

from infrastructure.log.sqlite.beside import foreign_journal, irregular_beside, stranger_beside
from infrastructure.log.sqlite.open_files import kept_unopened, opened
from infrastructure.log.sqlite.patience import Patience
from infrastructure.read_models.connections import BUSY_SECONDS_MAX
from infrastructure.read_models.errors import ReadModelsUnavailable, damaged, explained

APPLICATION_ID = 0x3164726D
"""`1drm` at offset 68 of the file: marks it as ours, as the log's own mark does the log."""
FORMAT = 1
"""SQLite's user_version: raised when an older release could not read what a newer one wrote."""
OWN_TABLES = {
    "checkpoint": """\
CREATE TABLE checkpoint (
    projection TEXT NOT NULL, shape TEXT NOT NULL, generation BIGINT NOT NULL, position BIGINT NOT NULL,
    event TEXT NOT NULL, fill_to BIGINT NOT NULL, passed_over BIGINT NOT NULL, error TEXT, used BIGINT NOT NULL,
    tables TEXT NOT NULL, PRIMARY KEY (projection, shape)
) WITHOUT ROWID""",
    "store": "CREATE TABLE store (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
}
"""The statements that make the store's own tables, by table."""
SEARCHED_BYTES = 1 << 20
"""How much of a file without our mark is searched for these statements. They are the first that a store executes."""
IS_MADE = "SELECT 1 FROM checkpoint LIMIT 1"
HEADER_BYTES = 100
SQLITE_BEGINS = b"SQLite format 3\0"

_LOG = logging.getLogger(__name__)


def prepare_file(path: Path) -> None:
    """Make the file if there is none, for its owner alone; refuse what is not ours without touching it.

    Raises ReadModelsUnavailable: `not_read_models`, `newer_read_models`, `read_only`; `damaged_read_models` only for a
    file that is ours.
    """
    require_regular(path)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        _require_ours(path)
    except OSError as error:
        raise ReadModelsUnavailable("read_only", f"{path}: {error}") from error


def require_regular(path: str | Path) -> None:
    """Raise ReadModelsUnavailable `not_read_models` if something else lies where SQLite would keep a file beside this
    one."""
    with kept_unopened(path) as unopened:
        strange = (irregular_beside(path) or stranger_beside(path)) if unopened else None
    if strange is not None:
        raise ReadModelsUnavailable("not_read_models", f"{strange} is none of the files that SQLite keeps there")


def _require_ours(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise ReadModelsUnavailable("not_read_models", f"{path} is a link to nothing")
    if not path.is_file():
        raise ReadModelsUnavailable("not_read_models", f"{path} is no regular file")
    try:
        with kept_unopened(path) as unopened:
            if not unopened:
                return  # a connection of this process has it open, for which it was looked at
            if (journal := foreign_journal(path, IS_MADE)) is not None:
                raise ReadModelsUnavailable("not_read_models", f"{journal} does not belong to {path}")
            with path.open("rb") as file:
                begins = file.read(SEARCHED_BYTES)
        mode = path.stat().st_mode
    except OSError as error:
        raise ReadModelsUnavailable("read_only", f"{path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        _LOG.warning("%s can be read by other users: run `chmod 600` on it and on the files beside it", path)
    if not begins:
        if path.is_symlink():
            raise ReadModelsUnavailable("not_read_models", f"{path} is a link to an empty file")
        return
    header = begins[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0")
    application, version = int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
    if header.startswith(SQLITE_BEGINS) and application == APPLICATION_ID:
        if not {*header[18:20]} <= {1, 2}:  # SQLite would take the file for one that may only be read, or for none
            raise damaged(f"The header of {path} is damaged")
        if version > FORMAT:
            detail = f"{path} has format {version}, this release knows {FORMAT}"
            raise ReadModelsUnavailable("newer_read_models", detail)
    elif not (header.startswith(SQLITE_BEGINS) and application == 0 and _is_unmarked_and_ours(path)):
        if all(statement.encode() in begins for statement in OWN_TABLES.values()):
            raise damaged(f"The header of {path} is damaged")
        raise ReadModelsUnavailable("not_read_models", f"{path} is a file of something else")


def _is_unmarked_and_ours(path: Path) -> bool:
    """Whether these are read models of the first release, which did not mark its files; or ones that another process
    makes just now: its mark is still in the write-ahead log, or there is nothing yet in the database."""
    connection = _connected(path)
    try:
        if connection.pragma("application_id") == APPLICATION_ID:
            return True
        if not connection.execute("SELECT EXISTS (SELECT * FROM sqlite_schema)").fetchall()[0][0]:
            return connection.pragma("application_id") in (0, APPLICATION_ID)
        found = connection.execute(
            "SELECT count(*) FROM pragma_table_info('checkpoint') WHERE name IN ('projection', 'position', 'error')"
            " UNION ALL SELECT count(*) FROM pragma_table_info('store') WHERE name IN ('name', 'value')"
        ).fetchall()
        return found == [(3,), (2,)]
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError):
        return False  # damaged, so nobody can say whose it is
    except apsw.Error as error:
        raise explained(error, path) from error
    finally:
        connection.close()


def _connected(path: Path) -> apsw.Connection:
    try:
        connection = opened(path, lambda: apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE))
        connection.set_busy_handler(Patience(BUSY_SECONDS_MAX))
        return connection
    except apsw.Error as error:
        raise explained(error, path) from error
