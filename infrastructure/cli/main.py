"""The command line: `firstdegree`. Its help pages are the manual, and docs/cli.md holds them all.

What a command needs is imported when it runs: asking for help, or completing a line, loads nothing of the network.
"""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from infrastructure.cli.demo import demo
from infrastructure.cli.do import DO
from infrastructure.cli.group import Group
from infrastructure.cli.import_history import IMPORT
from infrastructure.cli.log import log
from infrastructure.cli.manual import manual
from infrastructure.cli.projections import PROJECTIONS, stats, verify
from infrastructure.cli.session import DEFAULT_ADDRESS, Failure, Session
from infrastructure.cli.show import SHOW

COLUMNS = 100
"""How wide a help page grows at most."""

APPLICATION = typer.Typer(
    name="firstdegree",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": COLUMNS},
)


@APPLICATION.callback()
def firstdegree(
    context: typer.Context,
    address: Annotated[
        str,
        typer.Option(
            "--db",
            envvar="FIRSTDEGREE_DB",
            metavar="ADDRESS",
            help="The network: sqlite:///PATH, a plain path, or memory: for one that ends with the command.",
        ),
    ] = DEFAULT_ADDRESS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON, one object a line; no tables, no progress bars.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on with a log that lost events which its read models had taken.")
    ] = False,
) -> None:
    """A professional network that keeps its whole history: invitations, connections, follows and feeds, on an
    append-only log.

    Begin with `firstdegree demo`, which shows all of it on a simulated network. Then make one of your own:

    \b
        firstdegree do register-member --member ada --name Ada --primary-email ada@example.org
        firstdegree do register-member --member bob --name Bob --primary-email bob@example.org
        firstdegree do send-invitation --inviter ada --invitee bob --note "We met at the library."
        firstdegree do accept-invitation --inviter ada --invitee bob
        firstdegree show connections ada

    --db, --json and --accept-loss may stand anywhere in the line. Times are written as 2026-01-31, 2026-01-31T12:00,
    with a zone (Z, +02:00) or in UTC; in JSON they are microseconds since 1970, UTC, and may be given so too.

    Exit status: 0 done; 1 refused by a rule, or a check that found a difference (`code: sentence` on standard error,
    with --json as an object); 2 the line was not understood; 3 the log cannot be opened, read or written (`code:
    sentence`); 130 interrupted.
    """
    source = context.get_parameter_source("address")
    context.obj = Session(
        address, as_json, named=source is not None and source.name != "DEFAULT", accepts_loss=accept_loss
    )


APPLICATION.command()(demo)
APPLICATION.add_typer(DO, name="do")
APPLICATION.add_typer(SHOW, name="show")
APPLICATION.add_typer(IMPORT, name="import")
APPLICATION.command()(log)
APPLICATION.add_typer(PROJECTIONS, name="projections")
APPLICATION.command()(stats)
APPLICATION.command()(verify)


@APPLICATION.command("manual")
def print_manual() -> None:
    """Print all of these help pages, as one Markdown document."""
    print(manual(typer.main.get_command(APPLICATION), "firstdegree"), end="")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, and exit."""
    given = hoisted(sys.argv[1:] if arguments is None else arguments)
    # An exit unwinds every block on its way, so that files are closed and a progress bar is taken down.
    signal.signal(signal.SIGINT, _exit)
    signal.signal(signal.SIGTERM, _exit)
    try:
        APPLICATION(args=given, prog_name="firstdegree")
    except Failure as failure:
        _leave(failure.status, failure.said("--json" in given))
    except SystemExit as leaving:
        _leave(leaving.code if isinstance(leaving.code, int) else 1, "")
    _leave(0, "")


def _leave(status: int, said: str) -> NoReturn:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at its end
    if said:
        print(said, file=sys.stderr)
    sys.exit(status)


def _exit(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def hoisted(arguments: Sequence[str]) -> list[str]:
    """The arguments with --db, --json and --accept-loss moved to the front, where they are looked for."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in {"--json", "--accept-loss"} or argument.startswith("--db="):
            front.append(argument)
        elif argument == "--db":
            front += [argument, *(value for value in [next(waiting, None)] if value is not None)]
        else:
            rest.append(argument)
    return [*front, *rest]
