"""`firstdegree verify`, `repair`: whether the log is sound, and making anew what is derived from it."""

import typer

from infrastructure.cli.failure import REFUSED, UNAVAILABLE, Failure
from infrastructure.cli.group import Group
from infrastructure.cli.session import Session
from infrastructure.log.audit import repair_index_at, verify_at
from infrastructure.log.faults import UnsoundLog

REPAIR = typer.Typer(add_completion=False, cls=Group, no_args_is_help=True, rich_markup_mode=None)


def verify(context: typer.Context) -> None:
    """Verify the whole log, reading only: its events, how they follow one another, and all that is kept twice.

    Looked at are, as of one moment: each event's bytes, name, version, fields and metadata; positions, times, ids,
    appends and policy versions; tags, the table of tags, indexes and triggers; and SQLite's own check of the file.

    Every fault is shown with its code, position and field, and without stored values; the exit status is then 1. What
    verifying cannot find, for only hashes that are kept elsewhere could: a changed word, note, email, member, actor or
    plausible policy value, a time moved between its neighbours, a tail cut off, a well-made insertion.
    """
    session: Session = context.obj
    with session.log_file() as address, session.progress("Verifying") as progress:
        try:
            count = verify_at(address, progress)
        except UnsoundLog as unsound:
            session.output.rows(unsound.faults)
            raise Failure(unsound.code, str(unsound), REFUSED) from unsound
    session.output.object({"verified": count})


@REPAIR.callback()
def repair() -> None:
    """Make anew what is derived from the events, where it was damaged."""


@REPAIR.command()
def index(context: typer.Context) -> None:
    """Make the tags beside the events, the table of tags, the indexes and the triggers anew from the events' bytes,
    which are not touched. In one transaction: interrupted, the log is as it was.

    Run it while no process has the network open; those that have go on with what they have read.
    """
    session: Session = context.obj
    if session.read_only:
        raise Failure("read_only", "A repair writes.", UNAVAILABLE)
    with session.log_file() as address, session.progress("Repairing") as progress:
        done = repair_index_at(address, progress)
    session.output.object(done)
