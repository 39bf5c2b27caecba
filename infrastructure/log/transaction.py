"""Appending to a log: what holds its write lock, what an event must be like, and how events are handed on."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from infrastructure.log.dcb import DCBAppendCondition, DCBEvent, ProgrammingError
from infrastructure.log.write_turn import WriteTurn

Recorded = tuple[int, str, bytes]
"""One event as it is replayed: position, type, data."""
Wanted = tuple[str, Sequence[str]]
"""Events to look up: those with this tag and one of these types (none: any)."""


def sound_tags(event: DCBEvent) -> list[str]:
    """The event's tags, each once, in their first order. ProgrammingError if the event cannot be stored as it is:
    this is checked before anything is written, so that one unsound event spoils nobody else's append."""
    tags = event.tags
    try:
        "".join(tags).encode()  # the cheapest way to learn that each is a string with a UTF-8 form
        event.type.encode()
    except (TypeError, AttributeError, UnicodeEncodeError) as error:
        raise ProgrammingError(f"The type and the tags of an event must be text: {error}") from error
    if type(event.data) is not bytes:
        raise ProgrammingError(f"The data of an event must be bytes, not {type(event.data).__name__}")
    if len(tags) != len(set(tags)):
        return list(dict.fromkeys(tags))
    return tags


class AppendTransaction(ABC):
    """The log's one write lock, held, from Log.begin() until commit() or rollback(). Used by one thread at a time, not
    necessarily the same: commit() may be called from another thread than begin()."""

    head: int
    """Position of the last event, including those appended here and not yet committed."""

    _holder: object | None = None

    def __init__(self, turn: WriteTurn) -> None:
        """`turn`: whose turn it is to write; each store takes it with `self._holder`."""
        self._turn = turn
        self._holder = object()

    def __del__(self) -> None:
        # An interrupt between two steps of begin(), commit() or rollback() can lose a transaction that is open.
        if self._holder is not None:
            self.rollback()

    def _require_open(self) -> None:
        """Raises ProgrammingError if this AppendTransaction has ended."""
        if not self._turn.held_by(self._holder):
            raise ProgrammingError("This AppendTransaction has been committed or rolled back")

    @abstractmethod
    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Adds the events and returns the last position; visible to others, and durable, only after commit().

        IntegrityError if the condition fails, ProgrammingError if there are no events or an unsound one: earlier
        appends of this transaction stay. Rows may be kept back until commit(), so trouble with the disk can show there;
        LogUnavailable, wherever it shows: the whole transaction is rolled back."""

    @abstractmethod
    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        """As Log.load, and sees this AppendTransaction's own appends."""

    @abstractmethod
    def load_many(self, wanted: Sequence[Wanted]) -> list[list[Recorded]]:
        """As `load` of each, in the same order, for much less than that costs."""

    @abstractmethod
    def count_many(self, wanted: Sequence[Wanted]) -> list[int]:
        """Of each, an upper bound of how many events `load` would find: more only where two tags have the same key in
        the store's index. No event is read for it."""

    @abstractmethod
    def tail_of(self, tag: str) -> int | None:
        """As Log.tail_of, and sees this AppendTransaction's own appends."""

    @abstractmethod
    def commit(self) -> None:
        """Makes the appends durable with one flush, releases the lock, wakes the listeners. LogUnavailable if the disk
        refuses: nothing is kept, and the lock is released all the same."""

    @abstractmethod
    def rollback(self) -> None:
        """Forgets the appends and releases the lock. Does nothing on an AppendTransaction that has ended."""
