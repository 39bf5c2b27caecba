"""One run of the command line: which network it is about, and how it answers and shows its progress."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from domain.errors import CodedError
from infrastructure.app import Network, open_network
from infrastructure.cli.failure import UNAVAILABLE, USAGE, Failure
from infrastructure.cli.output import Output
from infrastructure.commands.gate import UnsoundInput
from infrastructure.log import LogUnavailable
from infrastructure.log.address import path_of
from infrastructure.read_models.errors import ReadModelsUnavailable


@dataclass
class Session:
    """The global options, and what they open. `named`: the address was given, and is not the default.
    `accepts_loss`: a log that lost events is opened all the same. `read_only`: nothing beside the log is changed.
    `clock_ahead_days`: how far the instant of a command may be ahead of the machine's clock."""

    address: str
    as_json: bool
    named: bool = True
    accepts_loss: bool = False
    read_only: bool = False
    clock_ahead_days: int = 1

    @cached_property
    def output(self) -> Output:
        """Where answers go."""
        return Output(self.as_json)

    @contextmanager
    def network(self, *, makes: bool = False, catches_up: bool = False) -> Iterator[Network]:
        """The network, open for this block. `makes`: a new one is made where there is none. `catches_up`: the read
        models are brought to the head first. Refusals and trouble with the log become failures."""
        with _failures():
            if self.read_only or not makes:
                self._require_a_network()
            with open_network(
                self.address,
                follow=False,
                accept_loss=self.accepts_loss,
                read_only=self.read_only,
                clock_ahead_max=timedelta(days=self.clock_ahead_days),
            ) as network:
                if catches_up and _reached(network) < network.head:
                    with self.progress("Catching up") as progress:
                        catch_up(network, progress)
                yield network

    @contextmanager
    def log_file(self) -> Iterator[str]:
        """The address of a log that is there, which is not opened: damaged, it might not be. Errors become failures."""
        with _failures():
            self._require_a_network()
            yield self.address

    def _require_a_network(self) -> None:
        if self.address != "memory:" and not os.path.exists(path := path_of(self.address)):
            detail = (
                f"There is no network at {path}. `firstdegree do`, `import` or `demo` make one; --db names another."
            )
            raise Failure("no_network", detail, UNAVAILABLE)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """A progress bar on standard error while the block runs; calling it reports progress. None where nobody would
        see it."""
        if self.as_json or not sys.stderr.isatty():
            yield None
            return

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


CATCH_UP_EVENTS = 20_000


def catch_up(network: Network, progress: Callable[[int, int], None] | None) -> None:
    """Bring the read models to the head, telling how far they are."""
    head = network.head
    while (reached := _reached(network)) < head:
        network.catch_up(min(head, reached + CATCH_UP_EVENTS))
        if _reached(network) == reached:  # a damaged log has a gap here
            network.catch_up(head)
            break
        if progress:
            progress(reached, head)


def _reached(network: Network) -> int:
    return min((status.position for status in network.status() if status.error is None), default=network.head)


@contextmanager
def _failures() -> Iterator[None]:
    """Turns the errors of a network into failures, with their exit status."""
    try:
        yield
    except (LogUnavailable, ReadModelsUnavailable) as unavailable:
        raise Failure(unavailable.code, str(unavailable), UNAVAILABLE) from unavailable
    except UnsoundInput as unsound:
        raise Failure(unsound.code, str(unsound), USAGE) from unsound
    except CodedError as refused:
        raise Failure(refused.code, refused.detail) from refused
