"""The command line: `firstdegree`. Its help pages are the manual, and docs/cli.md holds them all.

A command is imported when it runs (see LazyGroup): asking for help loads nothing of the network.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from types import FrameType
from typing import Annotated, ClassVar, NoReturn, TextIO

import typer

from infrastructure.cli.failure import UNAVAILABLE, Failure
from infrastructure.cli.group import Lazy, LazyGroup
from infrastructure.cli.manual import manual

DEFAULT_ADDRESS = "firstdegree.db"
FLAGS = ("--json", "--accept-loss", "--read-only")
WITH_A_VALUE = ("--db", "--clock-ahead-max")
"""The options that every command has, which may stand anywhere in the line."""
DAYS_MAX = 10_000 * 366
COLUMNS = 100
"""How wide a help page grows at most."""


class Commands(LazyGroup):
    """All commands of the first level."""

    lazy: ClassVar[dict[str, Lazy]] = {
        "demo": Lazy(
            "infrastructure.cli.demo",
            "demo",
            "Show a simulated network at work: open networkers, some who know only friends, publishers, celebrities,"
            " spammers",
        ),
        "do": Lazy(
            "infrastructure.cli.do",
            "DO",
            "Give the network a command: what a member does, by name, with its fields as options",
        ),
        "show": Lazy(
            "infrastructure.cli.show",
            "SHOW",
            "Ask the network something, as of now or of any point of its past",
        ),
        "import": Lazy(
            "infrastructure.cli.import_history",
            "IMPORT",
            "Take real history in: its rows become commands, and keep their own times",
        ),
        "log": Lazy(
            "infrastructure.cli.log",
            "log",
            "Show the events of the log, newest last: position, time, type, and what it says",
        ),
        "projections": Lazy(
            "infrastructure.cli.projections",
            "PROJECTIONS",
            "The read models: all that `show` answers from",
        ),
        "stats": Lazy(
            "infrastructure.cli.projections",
            "stats",
            "Show how many events the log holds, in all and of each type",
        ),
        "verify": Lazy(
            "infrastructure.cli.audit",
            "verify",
            "Verify the whole log, reading only: its events, how they follow one another, and all that is kept twice",
        ),
        "repair": Lazy(
            "infrastructure.cli.audit",
            "REPAIR",
            "Make anew what is derived from the events, where it was damaged",
        ),
    }


APPLICATION = typer.Typer(
    name="firstdegree",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": COLUMNS},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"firstdegree {version('firstdegree')}")
        raise typer.Exit


@APPLICATION.callback()
def firstdegree(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", help="Show the version, and end.", callback=_show_version, is_eager=True)
    ] = False,
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
    read_only: Annotated[
        bool,
        typer.Option("--read-only", help="Change nothing beside the log: for media that cannot be written."),
    ] = False,
    clock_ahead_max: Annotated[
        int,
        typer.Option(
            "--clock-ahead-max",
            metavar="DAYS",
            min=0,
            max=DAYS_MAX,
            help="How far ahead of this machine's clock the instant of a command may be; later ones must follow it.",
        ),
    ] = 1,
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

    These options may stand anywhere in the line. Times are written as 2026-01-31, 2026-01-31T12:00, with a zone (Z,
    +02:00) or in UTC; in JSON they are microseconds since 1970, UTC, and may be given so too, except to
    --as-of, where a number is a position.

    Exit status: 0 done; 1 refused by a rule, or a check that found a difference (`code: sentence` on standard error,
    with --json as an object); 2 the line was not understood; 3 the log cannot be opened, read or written (`code:
    sentence`), or the answer not be written; 130 interrupted.
    """
    source = context.get_parameter_source("address")
    context.obj = import_module("infrastructure.cli.session").Session(
        address,
        as_json,
        named=source is not None and source.name != "DEFAULT",
        accepts_loss=accept_loss,
        read_only=read_only,
        clock_ahead_days=clock_ahead_max,
    )


@APPLICATION.command("manual")
def print_manual() -> None:
    """Print all of these help pages, as one Markdown document."""
    print(manual(typer.main.get_command(APPLICATION), "firstdegree"), end="")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, and exit."""
    given = with_global_options_first(sys.argv[1:] if arguments is None else arguments)
    prepare_streams(in_json="--json" in given or "--stdin" in given)
    # An exit unwinds every block on its way, so that files are closed and a progress bar is taken down.
    signal.signal(signal.SIGINT, _exit)
    signal.signal(signal.SIGTERM, _exit)
    try:
        APPLICATION(args=given, prog_name="firstdegree")
    except Failure as failure:
        _leave(failure.status, failure.as_line("--json" in given))
    except SystemExit as leaving:
        _leave(leaving.code if isinstance(leaving.code, int) else 1, "")
    except OSError as error:  # what the system cannot do, such as writing an answer where there is no space
        _leave(UNAVAILABLE, _failed(error).as_line("--json" in given))
    _leave(0, "")


def prepare_streams(in_json: bool) -> None:
    """Make the standard streams ready for whatever is to be written: JSON in UTF-8, and for people what their terminal
    can show. One that the caller has closed leads nowhere; else its number would be taken by the next file opened."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - it is closed by the end of the process
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if in_json else None, errors="strict" if in_json else "replace")


def _failed(error: OSError) -> Failure:
    where = "" if error.filename is None else f"{error.filename}: "
    return Failure("io_error", f"{where}{error.strerror or error}. What was recorded before stays.", UNAVAILABLE)


def _leave(status: int, line: str) -> NoReturn:
    error = _flush(sys.stdout)
    if status == 0 and error is not None and not isinstance(error, BrokenPipeError):
        status, line = UNAVAILABLE, str(_failed(error))
    if line:
        with suppress(OSError):  # there is nowhere else to say it; the status does
            print(line, file=sys.stderr)
    _flush(sys.stderr)
    sys.exit(status)


def _flush(stream: TextIO) -> OSError | None:
    """Write what waits. What cannot be written is dropped, for the interpreter would try once more at its end."""
    try:
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None


def _exit(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def with_global_options_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the options of every command moved to the front, where they are looked for."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in FLAGS or argument.startswith(tuple(f"{option}=" for option in WITH_A_VALUE)):
            front.append(argument)
        elif argument in WITH_A_VALUE:
            front += [argument, *(value for value in [next(waiting, None)] if value is not None)]
        else:
            rest.append(argument)
    return [*front, *rest]
