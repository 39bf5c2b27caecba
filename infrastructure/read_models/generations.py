"""The tables in a store: a projection's tables are made, replaced by those of a new generation, and dropped.

A table's name in the database ends with a number that no other table there ever had, so new tables can be filled beside
the live ones, and those of several releases lie side by side. The checkpoint says which are a projection's.
"""

import re

from infrastructure.read_models.checkpoints import Checkpoint, Execute, advance, all_checkpoints
from infrastructure.read_models.cursors import SECRET_BYTES
from infrastructure.read_models.errors import damaged
from infrastructure.read_models.recognition import APPLICATION_ID, FORMAT, OWN_TABLES
from infrastructure.read_models.tables import Model, index_sql, table_sql
from projections.projection import Table

_TABLE_NAMES = re.compile("[a-z_]+_[0-9]+( [a-z_]+_[0-9]+)*")


def prepare_schema(run: Execute, secret: bytes) -> None:
    """Make the tables of the store itself, and mark the file as ours; in a write transaction. Tables of the first
    release, whose file has passed the inspection, are dropped. `secret`: what cursors are sealed with."""
    if is_prepared(run):
        return
    for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        run(f"DROP TABLE {name}")
    for statement in OWN_TABLES.values():
        run(statement)
    run("INSERT INTO store VALUES ('generation', '0'), ('secret', ?)", (secret.hex(),))
    run(f"PRAGMA application_id = {APPLICATION_ID}")
    run(f"PRAGMA user_version = {FORMAT}")


def kept_secret(run: Execute) -> bytes:
    """What cursors are sealed with: the same for all processes that open this file, whatever is rebuilt in it."""
    try:
        ((value,),) = run("SELECT value FROM store WHERE name = 'secret'")
        secret = bytes.fromhex(value)
    except (TypeError, ValueError) as error:
        raise damaged("They do not hold what cursors are sealed with") from error
    if len(secret) != SECRET_BYTES:
        raise damaged("They hold only a part of what cursors are sealed with")
    return secret


def require_sound_store(run: Execute) -> None:
    """Raise ReadModelsUnavailable `damaged_read_models` if the store's own tables hold what is never written there, or
    tables of read models are missing; in one snapshot."""
    newest, there = generation(run), {name for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for one in all_checkpoints(run):
        if one.generation > newest:
            raise damaged("The number of the newest tables is lower than that of some tables")
    for number, tables in run("SELECT generation, tables FROM checkpoint"):
        if not all(name in there and name.endswith(f"_{number}") for name in named_tables(tables)):
            raise damaged("Tables of read models are missing")


def generation(run: Execute) -> int:
    """The number of the newest tables."""
    rows = run("SELECT value FROM store WHERE name = 'generation'")
    value = rows[0][0] if rows else None
    if not isinstance(value, str) or not re.fullmatch("[0-9]{1,18}", value):
        raise damaged("The number of the newest tables is none")
    return int(value)


def named_tables(tables: object) -> list[str]:
    """The names of a projection's tables, as its checkpoint keeps them."""
    if not isinstance(tables, str) or not _TABLE_NAMES.fullmatch(tables):
        raise damaged("A checkpoint names tables that nobody made")
    return tables.split()


def is_prepared(run: Execute) -> bool:
    """Whether the tables of the store itself are there."""
    return run("PRAGMA application_id") == [(APPLICATION_ID,)]


def physical(table: Table, generation: int) -> str:
    """The name in the database of a table of one generation of its projection."""
    return f"{table.name}_{generation}"


def next_generation(run: Execute) -> int:
    """A number that no tables in this database had before."""
    number = generation(run) + 1
    run("UPDATE store SET value = ? WHERE name = 'generation'", (str(number),))
    return number


def make_tables(run: Execute, model: Model, shape: str, head: int, today: int) -> None:
    """Make the empty tables of a projection, to be filled up to the log's end at least, and its checkpoint."""
    generation = next_generation(run)
    names = {table: physical(table, generation) for table in model.tables}
    for table, name in names.items():
        for statement in (table_sql(table, name), *index_sql(table, name)):
            run(statement)
    run(
        "INSERT INTO checkpoint VALUES (?, ?, ?, 0, '', ?, 0, NULL, ?, ?)",
        (model.name, shape, generation, head, today, " ".join(names.values())),
    )


def drop_tables(run: Execute, projection: str, shape: str) -> None:
    """Drop the tables and the checkpoint of one release of a projection."""
    own = (projection, shape)
    for (tables,) in run("DELETE FROM checkpoint WHERE projection = ? AND shape = ? RETURNING tables", own):
        for name in named_tables(tables):
            run(f"DROP TABLE IF EXISTS {name}")


def swap_tables(run: Execute, model: Model, reached: Checkpoint, generation: int) -> None:
    """Let a projection's tables of a new generation take the place of its former ones. `reached`: its checkpoint, with
    the position up to which they are filled."""
    own = (reached.projection, reached.shape)
    former = run("SELECT tables FROM checkpoint WHERE projection = ? AND shape = ?", own)
    names = " ".join(physical(table, generation) for table in model.tables)
    run("UPDATE checkpoint SET tables = ? WHERE projection = ? AND shape = ?", (names, *own))
    advance(run, reached._replace(generation=generation))
    for (tables,) in former:
        for name in named_tables(tables):
            run(f"DROP TABLE IF EXISTS {name}")


def drop_orphans(run: Execute) -> None:
    """Drop the tables that no checkpoint names: those of a rebuild that was cut off. Only while no other one runs."""
    kept = {"checkpoint", "store"}
    for (tables,) in run("SELECT tables FROM checkpoint"):
        kept.update(named_tables(tables))
    for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        if name not in kept:
            run(f"DROP TABLE {name}")
