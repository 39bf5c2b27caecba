"""`firstdegree projections`, `stats`: how the read models stand, and what the log holds."""

from typing import Annotated

import typer

from infrastructure.cli.failure import Failure
from infrastructure.cli.group import Group
from infrastructure.cli.session import Session

PROJECTIONS = typer.Typer(add_completion=False, cls=Group, no_args_is_help=True, rich_markup_mode=None)


@PROJECTIONS.callback()
def projections() -> None:
    """The read models: all that `show` answers from. They hold nothing that the log does not, and can be made anew."""


@PROJECTIONS.command()
def status(context: typer.Context) -> None:
    """Show where each read model stands: its position, the log's head, how far behind it is, and what stopped it."""
    session: Session = context.obj
    with session.network() as network:
        session.output.rows(network.status())


@PROJECTIONS.command()
def rebuild(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Which; all, if none is named.", show_default=False)] = None,
) -> None:
    """Make read models anew from the log, beside the live ones, compare the two, and swap them.

    Reads go on meanwhile. Says of each whether the former rows were equal to the new ones; the exit status is 0 either
    way, for the new ones are right.
    """
    session: Session = context.obj
    with session.network() as network, session.progress("Rebuilding") as progress:
        try:
            report = network.rebuild(names or None, progress)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    session.output.rows({"projection": name, "equal": equal} for name, equal in report.equal.items())
    session.output.line(f"{report.events:,} events in {report.seconds:.1f} s")


@PROJECTIONS.command()
def check(context: typer.Context) -> None:
    """Hold every read model against one rebuilt from the log, row by row. Exit status 1 if any differs."""
    session: Session = context.obj
    with session.network() as network, session.progress("Rebuilding to compare") as progress:
        equal = network.check(progress)
    session.output.rows({"projection": name, "equal": each} for name, each in equal.items())
    different = [name for name, each in equal.items() if not each]
    if different:
        raise Failure("not_equal", f"Rebuilt from the log, these differ from the live ones: {', '.join(different)}.")


def stats(context: typer.Context) -> None:
    """Show how many events the log holds, in all and of each type."""
    session: Session = context.obj
    with session.network() as network:
        session.output.object(network.stats())
