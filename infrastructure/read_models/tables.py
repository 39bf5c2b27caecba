"""The SQL of a read model's tables, and the shape that tells two releases of a projection apart."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from domain.event import EVENTS
from infrastructure.read_models.checkpoints import Execute
from infrastructure.read_models.errors import damaged
from projections.projection import OPEN, DerivedProjection, Projection, Table

Model = Projection | DerivedProjection


def table_sql(table: Table, name: str) -> str:
    """The CREATE TABLE of a table, under the name that it has in the database."""
    columns = ", ".join(f"{column} {kind}" for column, kind in table.columns.items())
    return f"CREATE TABLE {name} ({columns}, began BIGINT NOT NULL, ended BIGINT NOT NULL)"


def index_sql(table: Table, name: str, schema: str = "main") -> list[str]:
    """The CREATE INDEX statements: the key with `began`, and those of the queries."""
    key = (*list(table.columns)[: table.key], "began")
    return [
        f"CREATE INDEX {schema}.{name}_by_{number} ON {name} ({', '.join(columns)})"
        for number, columns in enumerate((key, *table.indexes))
    ]


def insert_sql(table: Table, name: str) -> str:
    """The INSERT of a whole row."""
    return f"INSERT INTO {name} VALUES ({', '.join('?' * (len(table.columns) + 2))})"


def close_sql(table: Table, name: str) -> str:
    """The UPDATE that closes the open row of a key; positional parameters: ended, then the key."""
    key = " AND ".join(f"{column} = ?" for column in list(table.columns)[: table.key])
    return f"UPDATE {name} SET ended = ? WHERE {key} AND ended = {OPEN}"


def require_sound_rows(run: Execute, models: Iterable[Model]) -> None:
    """Raise ReadModelsUnavailable `damaged_read_models` if a table of these read models, under its own name, holds a
    row that no projection makes: with a value of another type than its column's, or no interval. Goes over all rows."""
    for table in (table for model in models for table in model.tables):
        sound = ["typeof(began) = 'integer' AND typeof(ended) = 'integer' AND 1 <= began AND began <= ended"]
        for number, (column, kind) in enumerate(table.columns.items()):
            types = "'integer'" if kind == "BIGINT" else "'text'" if number < table.key else "'text', 'null'"
            sound.append(f"typeof({column}) IN ({types})")
        if run(f"SELECT 1 FROM {table.name} WHERE NOT ({' AND '.join(sound)}) LIMIT 1"):
            raise damaged(f"A row of {table.name} is none that is ever written there")


def wanted_types(projections: Iterable[Projection]) -> set[str]:
    """The stored names of the events that some of the projections take."""
    return {EVENTS.by_class[event].name for projection in projections for event in projection.handlers}


def shape_of(model: Model, all_projections: Sequence[Projection]) -> str:
    """A short digest of all that decides what rows a read model has, as far as it can be seen without running it.

    Two releases share the tables of a projection exactly when its shape is the same in both: its name and `release`,
    its tables and indexes, the types of event it takes. What derives from other tables depends on their shapes too.
    """
    parts = [model.name, str(model.release)]
    for table in model.tables:
        parts += [table_sql(table, table.name), *index_sql(table, table.name)]
    if isinstance(model, DerivedProjection):
        parts += model.sql()
        parts += [shape_of(source, all_projections) for source in sources_of(model, all_projections)]
    else:
        parts += sorted(wanted_types([model]))
    return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def sources_of(model: DerivedProjection, projections: Sequence[Projection]) -> list[Projection]:
    """The projections from whose tables a derived one is worked out."""
    return [projection for projection in projections if not set(projection.tables).isdisjoint(model.reads)]
