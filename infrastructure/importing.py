"""Import of real history: rows become commands at their own times, and each row's command ids make it idempotent.

So an import that was stopped anywhere goes on where it was when it is run again: the log itself says how far it came.
"""

import gzip
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from pydantic import ValidationError

from domain import ChangePolicy, Command, Refused
from domain.identifiers import SECOND, Instant
from infrastructure.handling import GROUP_MAX, Request, Result, command_tag
from infrastructure.import_rows import Mapping
from infrastructure.log import Log

LIFTED = {"invitations_per_week": None, "cooldown_days": 0, "invitation_expiry_days": None, "connections_cap": None}
"""The limits that history did not know."""
COMMANDS_A_ROW_MAX = 4
WINDOW_ROWS = 16
"""How many rows in a row are looked at for one that left an event: some (an acceptance that is already so) leave none."""
DIGEST_BYTES = 8

Progress = Callable[[int, int], None]
"""Told how many of the file's bytes are done, and of how many."""


class BadFile(Exception):
    """The file is none that can be imported. `code` is stable, `detail` names the line."""

    code = "bad_file"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Door(Protocol):
    """What an import needs of a network."""

    @property
    def log(self) -> Log: ...

    def handle_many(self, commands: Iterable[Command | Request]) -> list[Result | Refused]: ...


@dataclass(slots=True)
class Summary:
    """What an import did. `resumed_after`: the last row that an earlier run had imported, 0 if none had."""

    rows: int = 0
    resumed_after: int = 0
    commands: int = 0
    events: int = 0
    already_so: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rows_per_second(self) -> int:
        """How fast it went."""
        return round(self.rows / self.seconds) if self.seconds else 0

    def count(self, answers: Sequence[Result | Refused], head_before: int) -> None:
        """Take the answers of a group into account."""
        self.commands += len(answers)
        for answer in answers:
            if isinstance(answer, Refused):
                self.refused[answer.code] += 1
            elif answer.events and answer.position > head_before:
                self.events += len(answer.events)
            else:
                self.already_so += 1


class Source:
    """A file of history. It is known by its content, whatever its name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                digest = blake2b(digest_size=DIGEST_BYTES)
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
        self.digest = digest.hexdigest()
        self.size = path.stat().st_size

    def command_id(self, row: int, number: int) -> str:
        """The id of the nth command of a row."""
        return f"import:{self.digest}:{row}:{number}"

    @contextmanager
    def open(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """The text, unpacked if the name ends in .gz, and the file itself, whose place tells how much is done."""
        with self.path.open("rb") as packed:
            if self.path.suffix == ".gz":
                with gzip.GzipFile(fileobj=packed) as text:
                    yield text, packed  # type: ignore[misc]  # a GzipFile reads like a file
            else:
                yield packed, packed

    def lines(self, progress: Progress | None, every: int = 4096) -> Iterator[tuple[int, str]]:
        """The numbered lines without their ends. BadFile for what is not packed or not text as it should be."""
        number = 0
        try:
            with self.open() as (text, packed):
                for number, line in enumerate(text, 1):
                    if progress and number % every == 0:
                        progress(packed.tell(), self.size)
                    yield number, line.decode().rstrip("\r\n")
        except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
            raise BadFile(f"{self.path.name}, after line {number}: this is no text, or not packed whole: {error}") from error
        if progress:
            progress(self.size, self.size)


def import_history(
    net: Door,
    source: Source,
    mapping: Mapping,
    *,
    backfill: int | None = 0,
    until: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Import the rows of a source, or go on with an import that was stopped.

    `backfill`: how many of an author's older items a new follow brings (None: all of them). `until`: the last row to take.
    A group of commands is recorded together; what is recorded when an error comes stays, and is not repeated.
    """
    started = time.perf_counter()
    done = imported_rows(net.log, source)
    summary = Summary(resumed_after=done)
    rows = _rows(source, mapping, progress)
    # The last row may have been recorded in part only: it is taken again, and what there is of it is found by its id.
    rows = (row for row in rows if row[0] >= done and (until is None or row[0] <= until))
    for index, requests in enumerate(_groups(source, rows, summary)):
        if index == 0:
            policy = ChangePolicy(values=LIFTED | {"backfill_items": backfill, "backfill_days": None})
            net.handle_many([Request(policy, now=requests[0].now)])
        before = net.log.head()
        summary.count(net.handle_many(requests), before)
    summary.seconds = time.perf_counter() - started
    return summary


Row = tuple[int, Instant | None, list[Command]]


def _rows(source: Source, mapping: Mapping, progress: Progress | None) -> Iterator[Row]:
    """Each row's number, time and commands. BadFile, with the line, for one that is wrong."""
    for number, line in source.lines(progress):
        try:
            row = mapping.read(number, line)
        except ValidationError as error:
            first = error.errors()[0]
            raise BadFile(f"{source.path.name}, line {number}: {first['input']!r}: {first['msg']}.") from error
        except ValueError as error:
            raise BadFile(f"{source.path.name}, line {number}: {error}") from error
        if row is not None:
            yield row


def _groups(source: Source, rows: Iterable[Row], summary: Summary) -> Iterator[list[Request]]:
    group: list[Request] = []
    for number, now, commands in rows:
        summary.rows += 1
        for index, command in enumerate(commands):
            group.append(Request(command, command_id=source.command_id(number, index), now=now))
        if len(group) >= GROUP_MAX:
            yield group
            group = []
    if group:
        yield group
