"""`firstdegree import`: real history becomes commands at its own times."""

from pathlib import Path
from typing import Annotated, Any

import typer

from infrastructure.cli.arguments import whole_number
from infrastructure.cli.failure import Failure
from infrastructure.cli.group import Group
from infrastructure.cli.output import plain
from infrastructure.cli.session import Session, catch_up
from infrastructure.importing.formats import Activity, Edges
from infrastructure.importing.history import BadFile, Source, import_history

IMPORT = typer.Typer(add_completion=False, cls=Group, no_args_is_help=True, rich_markup_mode=None)

File = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The file; packed, if it ends in .gz.")
]
Backfill = Annotated[
    str,
    typer.Option(metavar="N|unlimited", help="How many of an author's newest items a new follow brings to the feed."),
]
ReadModels = Annotated[
    bool, typer.Option("--read-models/--no-read-models", help="Bring the read models up to date afterwards.")
]


@IMPORT.callback()
def import_() -> None:
    """Take real history in: its rows become commands, and keep their own times.

    An import can be stopped at any point, by any means, and goes on where it was when it is run again: each row's
    commands have ids made of the file's content and the row. Before the first row the policy is changed: invitations a
    week, cool-down, expiry and the cap on connections are lifted, and the backfill is set. It stays so: give the values
    that shall hold afterwards with `firstdegree do change-policy`.

    Import a file once at a time. Two imports of it side by side record no command twice; but a row that the rules
    refuse leaves nothing behind, so the later of the two decides it again, when it may be accepted.
    """


@IMPORT.command()
def activity(context: typer.Context, file: File, backfill: Backfill = "0", read_models: ReadModels = True) -> None:
    """Import a stream of activity: rows `seq, ts, kind, actor, target`, separated by tabs, in time order.

    \b
    join    the actor registers, and lets everyone follow
    follow  the actor follows the target, and invites them;
            if the target's invitation is pending, that accepts it
    accept  the actor accepts the target's invitation
    item    the actor publishes a post, whose id is the row's seq

    The names of the columns stand in the first line; ts is in seconds since 1970, UTC.
    A row's time is moved up to that of the log's last event, if that is later.
    """
    _import(context.obj, file, backfill, read_models, lambda network: Activity())


@IMPORT.command()
def edges(context: typer.Context, file: File, backfill: Backfill = "0", read_models: ReadModels = True) -> None:
    """Import a list of pairs as connections: the first invites, the second accepts.

    The first two columns count, separated by commas, tabs or blanks. Comments (# or %) are passed over, and so is a
    first line that names them, such as source and target, from and to, id1 and id2, follower and followee.
    Members that are not known are registered under their id. All happens now, for such a list knows no times.
    """
    _import(context.obj, file, backfill, read_models, lambda network: Edges(network.log))


def _import(session: Session, file: Path, backfill: str, read_models: bool, mapping: Any) -> None:
    items = None if backfill == "unlimited" else whole_number(backfill)
    if items is None and backfill != "unlimited":
        raise typer.BadParameter("--backfill takes a number, or unlimited")
    try:
        source = Source(file)
        with session.network(makes=True) as network:
            with session.progress(f"Importing {file.name}") as progress:
                summary = import_history(network, source, mapping(network), backfill=items, progress=progress)
            if read_models:
                with session.progress("Read models") as progress:
                    catch_up(network, progress)
    except BadFile as error:
        raise Failure(error.code, error.detail) from error
    session.output.object({**_plain(summary), "rows_per_second": summary.rows_per_second})


def _plain(summary: Any) -> dict[str, Any]:
    record: dict[str, Any] = plain(summary)
    return record | {"seconds": round(summary.seconds, 3)}
