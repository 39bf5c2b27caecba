"""One run of the command line: which network it is about, and how it answers, fails and shows its progress."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from infrastructure.app import Network
    from infrastructure.cli.output import Output

DEFAULT_ADDRESS = "firstdegree.db"
REFUSED, USAGE, UNAVAILABLE = 1, 2, 3
"""Exit statuses."""


class Failure(Exception):
    """What ends a command: a stable code, a sentence, and the exit status."""

    def __init__(self, code: str, detail: str, status: int = REFUSED) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status

    def said(self, as_json: bool) -> str:
        """One line for standard error."""
        if as_json:
            return json.dumps({"code": self.code, "detail": self.detail}, ensure_ascii=False)
        return f"{self.code}: {' '.join(self.detail.split())}"


@dataclass
class Session:
    """The global options, and what they open. `named`: the address was given, and is not the default.
    `accepts_loss`: a log that lost events is opened all the same."""

    address: str
    as_json: bool
    named: bool = True
    accepts_loss: bool = False

    @cached_property
    def output(self) -> "Output":
        """Where answers go."""
        from infrastructure.cli.output import Output

        return Output(self.as_json)

    @contextmanager
    def network(self, *, makes: bool = False, catches_up: bool = False) -> Iterator["Network"]:
        """The network, open for this block. `makes`: a new one is made where there is none. `catches_up`: the read
        models are brought to the head first. Refusals and trouble with the log become failures."""
        from domain.errors import CodedError
        from infrastructure.app import open_network
        from infrastructure.commands.gate import UnsoundInput
        from infrastructure.log import LogUnavailable
        from infrastructure.read_models.errors import ReadModelsUnavailable

        try:
            if not makes:
                self._require_a_network()
            with open_network(self.address, follow=False, accept_loss=self.accepts_loss) as network:
                if catches_up:
                    with self.progress("Catching up") as progress:
                        catch_up(network, progress)
                yield network
        except (LogUnavailable, ReadModelsUnavailable) as unavailable:
            raise Failure(unavailable.code, str(unavailable), UNAVAILABLE) from unavailable
        except UnsoundInput as unsound:
            raise Failure(unsound.code, str(unsound), USAGE) from unsound
        except CodedError as refused:
            raise Failure(refused.code, refused.detail) from refused

    def _require_a_network(self) -> None:
        path = self.address.removeprefix("sqlite:///")
        if self.address != "memory:" and not Path(path).exists():
            detail = (
                f"There is no network at {path}. `firstdegree do`, `import` or `demo` make one; --db names another."
            )
            raise Failure("no_network", detail, UNAVAILABLE)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """A progress bar on standard error while the block runs, told by calling it; None where nobody would see it."""
        from sys import stderr

        if self.as_json or not stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


CATCH_UP_EVENTS = 20_000


def catch_up(network: "Network", progress: Callable[[int, int], None] | None) -> None:
    """Bring the read models to the head, telling how far they are."""
    head = network.head
    start = min((status.position for status in network.status() if status.error is None), default=head)
    for position in range(start, head, CATCH_UP_EVENTS):
        network.catch_up(min(head, position + CATCH_UP_EVENTS))
        if progress:
            progress(position, head)


INSTANT_MAX = 253_402_300_799_999_999
"""As in domain.identifiers, which a help page must not load."""


def moment(text: str) -> int:
    """An instant in microseconds UTC, from a date, a time with or without zone (then UTC), or microseconds."""
    at = int(text) if text.isdecimal() else microseconds(time_of(text))
    if not 0 <= at <= INSTANT_MAX:
        raise typer.BadParameter(f"{text!r} is not between the years 1970 and 9999.")
    return at


def as_of(text: str | None) -> int | datetime | None:
    """A point of the past: a position, or a time."""
    if text is None:
        return None
    return int(text) if text.isdecimal() else time_of(text)


def time_of(text: str) -> datetime:
    """A date, or a time; without a zone it is UTC. A usage error for anything else."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write 2026-01-31 or 2026-01-31T12:00Z.") from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def microseconds(time: datetime) -> int:
    """An instant as the log knows it."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
