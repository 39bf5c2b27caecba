"""Import of real history: rows become commands at their own times, and each row's command ids make it idempotent.

So an import that was stopped anywhere goes on where it was when it is run again: the log itself says how far it came.
"""

import gzip
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from io import TextIOWrapper
from pathlib import Path
from stat import S_ISREG
from typing import IO, Protocol, cast

from pydantic import ValidationError

from domain import ChangePolicy, Command, Refused
from domain.errors import CodedError
from domain.malformed import sentences
from infrastructure.commands.recording import command_tag
from infrastructure.commands.request import GROUP_MAX, Answer, Request
from infrastructure.importing.formats import COMMANDS_A_ROW_MAX, Mapping, Row
from infrastructure.log import Log

LIFTED = {"invitations_per_week": None, "cooldown_days": 0, "invitation_expiry_days": None, "connections_cap": None}
"""The limits that history did not know."""
WINDOW_ROWS = 16
"""How many rows in a row are looked at for one that left an event: a row whose commands are refused leaves none."""
DIGEST_BYTES = 8
PROGRESS_LINES = 4_096
LINE_LENGTH_MAX = 1 << 20
"""In characters. A row has a few ids and numbers, and columns that are not looked at."""

Progress = Callable[[int, int], None]
"""Is called with how many of the file's bytes are done, and of how many."""


class BadFile(CodedError):
    """The file cannot be imported; `detail` names the line."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad_file", detail)


class Door(Protocol):
    """What an import needs of a network."""

    @property
    def log(self) -> Log: ...

    def handle_many(self, commands: Iterable[Command | Request]) -> list[Answer]: ...


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

    def count(self, answers: Sequence[Answer], head_before: int) -> None:
        """Take the answers of a group into account. Raises what is neither a result nor refused by a rule."""
        self.commands += len(answers)
        for answer in answers:
            if isinstance(answer, Refused):
                self.refused[answer.code] += 1
            elif isinstance(answer, Exception):
                raise answer
            elif answer.events and answer.position > head_before:
                self.events += len(answer.events)
            else:
                self.already_so += 1


class Source:
    """A file of history. It is known by its content, whatever its name."""

    def __init__(self, path: Path | str) -> None:
        self.path = path = Path(path)
        try:
            if not S_ISREG(path.stat().st_mode):  # a pipe cannot be read twice, and a device has no end
                raise BadFile(f"{path} cannot be read: it is no regular file.")
            with path.open("rb") as file:
                digest = blake2b(digest_size=DIGEST_BYTES)
                while block := file.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise BadFile("The name of the file cannot be one.") from error
        self.digest = digest.hexdigest()
        self.size = path.stat().st_size

    def command_id(self, row: int, number: int) -> str:
        """The id of the nth command of a row."""
        return f"import:{self.digest}:{row}:{number}"

    def lines(self, progress: Progress | None) -> Iterator[tuple[int, str]]:
        """The numbered lines without their ends, and without the mark with which some programs begin a text in UTF-8.
        BadFile for what is not packed whole, no text, or without lines."""
        number = 0
        with self.path.open("rb") as file, ExitStack() as stack:
            unpacked = stack.enter_context(gzip.GzipFile(fileobj=file)) if self.path.suffix == ".gz" else file
            text = stack.enter_context(TextIOWrapper(cast(IO[bytes], unpacked), "utf-8-sig"))
            try:
                for number, line in enumerate(iter(lambda: text.readline(LINE_LENGTH_MAX), ""), 1):
                    if len(line) == LINE_LENGTH_MAX:
                        raise BadFile(f"{self.path.name}, line {number}: it is longer than any row.")
                    if progress and number % PROGRESS_LINES == 0:
                        progress(file.tell(), self.size)
                    yield number, line.rstrip("\n")
            except (UnicodeDecodeError, EOFError, OSError, zlib.error) as error:  # BadGzipFile is an OSError
                what = f"{self.path.name}, after line {number}: the file is damaged or no text: {error}."
                raise BadFile(what) from error
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

    `backfill`: how many of an author's older items a new follow brings (None: all of them). `until`: the last row.
    A group of commands is recorded together; what is recorded when an error comes stays, and is not repeated.
    """
    started = time.perf_counter()
    done = imported_rows(net.log, source)
    summary = Summary(resumed_after=done)
    # The last row may have been recorded in part only: it is taken again, and what there is of it is found by its id.
    rows = _rows(source, mapping, done, until, progress)
    for index, requests in enumerate(_groups(source, rows, summary)):
        if index == 0:
            policy = ChangePolicy(values=LIFTED | {"backfill_items": backfill, "backfill_days": None})
            for answer in net.handle_many([Request(policy, now=requests[0].now)]):
                if isinstance(answer, Exception):  # with the limits of now, history would be refused
                    raise answer
        before = net.log.head()
        summary.count(net.handle_many(requests), before)
    summary.seconds = time.perf_counter() - started
    return summary


def imported_rows(log: Log, source: Source) -> int:
    """A row up to which a source has been imported: all before it are, and at most a few after it. 0 if none is.

    Found by looking at a few dozen rows: they are imported in order, so all before one that left an event are done.
    """

    def left_something(row: int) -> bool:
        ids = (source.command_id(near, n) for near in range(row, row + WINDOW_ROWS) for n in range(COMMANDS_A_ROW_MAX))
        return any(log.tail_of(command_tag(each)) is not None for each in ids)

    if not left_something(1):
        return 0
    known = 1
    while left_something(known * 2):
        known *= 2
    beyond = known * 2
    while beyond - known > 1:
        middle = (known + beyond) // 2
        known, beyond = (middle, beyond) if left_something(middle) else (known, middle)
    return known


def _rows(source: Source, mapping: Mapping, first: int, until: int | None, progress: Progress | None) -> Iterator[Row]:
    for number, line in source.lines(progress):
        try:
            row = mapping.read(number, line, first)
        except ValidationError as error:
            raise BadFile(f"{source.path.name}, line {number}: {'; '.join(sentences(error))}.") from error
        except ValueError as error:
            raise BadFile(f"{source.path.name}, line {number}: {error}.") from error
        if row is None:
            continue
        if until is not None and row[0] > until:
            return
        yield row


def _groups(source: Source, rows: Iterable[Row], summary: Summary) -> Iterator[list[Request]]:
    """The rows' commands, in groups that are each recorded together."""
    group: list[Request] = []
    for number, now, commands in rows:
        summary.rows += 1
        if len(group) + len(commands) > GROUP_MAX:
            yield group
            group = []
        for index, command in enumerate(commands):
            if command is not None:
                group.append(Request(command, command_id=source.command_id(number, index), now=now))
    if group:
        yield group
