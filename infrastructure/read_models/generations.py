"""The tables in a store: a projection's tables are made, replaced by those of a new generation, and dropped.

A table's name in the database ends with a number that no other table there ever had, so new tables can be filled beside
the live ones, and those of several releases lie side by side. The checkpoint says which are a projection's.
"""

import secrets

from infrastructure.read_models.checkpoints import Checkpoint, Execute, advance
from infrastructure.read_models.connections import APPLICATION_ID, FORMAT
from infrastructure.read_models.cursors import SECRET_BYTES
from infrastructure.read_models.errors import ReadModelsUnavailable
from infrastructure.read_models.tables import Model, index_sql, table_sql
from projections.projection import Table

SCHEMA = """
CREATE TABLE checkpoint (
    projection TEXT NOT NULL, shape TEXT NOT NULL, generation BIGINT NOT NULL, position BIGINT NOT NULL,
    event TEXT NOT NULL, fill_to BIGINT NOT NULL, passed_over BIGINT NOT NULL, error TEXT, used BIGINT NOT NULL,
    tables TEXT NOT NULL, PRIMARY KEY (projection, shape)
) WITHOUT ROWID;
CREATE TABLE store (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO store VALUES ('generation', '0')
"""


def prepare_schema(run: Execute) -> None:
    """Make the tables of the store itself, and mark the file as ours; in a write transaction. Tables of the first
    release, whose file has passed the inspection, are dropped."""
    if is_prepared(run):
        return
    for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        run(f"DROP TABLE {name}")
    for statement in SCHEMA.split(";\n"):
        run(statement)
    run("INSERT INTO store VALUES ('secret', ?)", (secrets.token_hex(SECRET_BYTES),))
    run(f"PRAGMA application_id = {APPLICATION_ID}")
    run(f"PRAGMA user_version = {FORMAT}")


def kept_secret(run: Execute) -> bytes:
    """What cursors are sealed with: the same for all processes that open this file, whatever is rebuilt in it."""
    rows = run("SELECT value FROM store WHERE name = 'secret'")
    try:
        ((value,),) = rows
        return bytes.fromhex(value)
    except (TypeError, ValueError) as error:
        raise ReadModelsUnavailable("damaged_read_models", "They do not hold what cursors are sealed with") from error


def is_prepared(run: Execute) -> bool:
    """Whether the tables of the store itself are there."""
    return run("PRAGMA application_id") == [(APPLICATION_ID,)]


def physical(table: Table, generation: int) -> str:
    """The name in the database of a table of one generation of its projection."""
    return f"{table.name}_{generation}"


def next_generation(run: Execute) -> int:
    """A number that no tables in this database had before."""
    ((value,),) = run("UPDATE store SET value = value + 1 WHERE name = 'generation' RETURNING value")
    return int(value)


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
    ((tables,),) = run(
        "DELETE FROM checkpoint WHERE projection = ? AND shape = ? RETURNING tables", (projection, shape)
    )
    for name in tables.split():
        run(f"DROP TABLE IF EXISTS {name}")


def swap_tables(run: Execute, model: Model, reached: Checkpoint, generation: int) -> None:
    """Let a projection's tables of a new generation take the place of its former ones. `reached`: its checkpoint, with
    the position up to which they are filled."""
    own = (reached.projection, reached.shape)
    ((former,),) = run("SELECT tables FROM checkpoint WHERE projection = ? AND shape = ?", own)
    names = " ".join(physical(table, generation) for table in model.tables)
    run("UPDATE checkpoint SET tables = ? WHERE projection = ? AND shape = ?", (names, *own))
    advance(run, reached._replace(generation=generation))
    for name in former.split():
        run(f"DROP TABLE {name}")


def drop_orphans(run: Execute) -> None:
    """Drop the tables that no checkpoint names: those of a rebuild that was cut off. Only while no other one runs."""
    kept = {"checkpoint", "store"}
    for (tables,) in run("SELECT tables FROM checkpoint"):
        kept.update(tables.split())
    for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        if name not in kept:
            run(f"DROP TABLE {name}")
