"""How a store is opened: what it keeps of itself is looked over, and a damaged one is made anew."""

import logging
import secrets
from pathlib import Path

import apsw

from infrastructure.read_models.connections import BUSY_SECONDS_MAX, connect, execute_on, make_empty
from infrastructure.read_models.cursors import SECRET_BYTES
from infrastructure.read_models.errors import DAMAGED, ReadModelsUnavailable
from infrastructure.read_models.generations import is_prepared, kept_secret, prepare_schema, require_sound_store
from infrastructure.read_models.rebuild_lock import RebuildLock
from infrastructure.read_models.recognition import prepare_file

_LOG = logging.getLogger(__name__)


def open_store(path: str | None) -> tuple[apsw.Connection, bytes]:
    """A connection to the database of a store, with its own tables, and what cursors are sealed with. It is made if
    there is none, and made anew if it is damaged, with a warning. Raises ReadModelsUnavailable."""
    try:
        return _open_sound(path)
    except ReadModelsUnavailable as error:
        if error.code != DAMAGED or not path:
            raise
    with RebuildLock(path).held(BUSY_SECONDS_MAX, lambda: "another process"):
        try:
            return _open_sound(path)  # another process may have made it anew meanwhile
        except ReadModelsUnavailable as error:
            if error.code != DAMAGED:
                raise
            _LOG.warning("The read models are damaged, and are made anew from the log: %s", error.detail)
        make_empty(path)
        return _open_sound(path)


def _open_sound(path: str | None) -> tuple[apsw.Connection, bytes]:
    if path:
        prepare_file(Path(path))
    connection = connect(":memory:" if path is None else path, shared=bool(path))
    run = execute_on(connection, path)
    try:
        if not is_prepared(run):
            run("BEGIN IMMEDIATE")
            prepare_schema(run, secrets.token_bytes(SECRET_BYTES))
            run("COMMIT")
        run("BEGIN")
        require_sound_store(run)
        secret = kept_secret(run)
        run("COMMIT")
    except BaseException:  # also an interrupt: nobody else would close what is open already
        connection.close()
        raise
    return connection, secret
