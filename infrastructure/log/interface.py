"""The log: one ordered sequence of facts, positions 1, 2, 3 … without gaps, never changed and never deleted.

It is the library's recorder (read, append under a condition, subscribe) and, beside it, what the library lacks: a
write lock that can be held over several decisions, and reads shaped for decisions and for replay.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, Self

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBRecorder,
    DCBSequencedEvent,
    ProgrammingError,
)
from infrastructure.log.group_commit import GroupCommit
from infrastructure.log.subscription import LogReading, LogSubscription
from infrastructure.log.unavailable import LogUnavailable

__all__ = ["AppendTransaction", "Log", "LogUnavailable", "Recorded", "sound_tags"]

Recorded = tuple[int, str, bytes]
"""One event as it is replayed: position, type, data."""


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
    def tail_of(self, tag: str) -> int | None:
        """As Log.tail_of, and sees this AppendTransaction's own appends."""

    @abstractmethod
    def commit(self) -> None:
        """Makes the appends durable with one flush, releases the lock, wakes the listeners. LogUnavailable if the disk
        refuses: nothing is kept, and the lock is released all the same."""

    @abstractmethod
    def rollback(self) -> None:
        """Forgets the appends and releases the lock. Does nothing on an AppendTransaction that has ended."""


class Log(DCBRecorder):
    """One ordered log of events; every store passes the same tests (tests/log/test_log_contract.py)."""

    poll_seconds: ClassVar[float | None] = None
    """How often a waiting subscription looks for commits of other processes; None where there can be none."""

    def __init__(self) -> None:
        self._listeners: tuple[threading.Event, ...] = ()
        self._listeners_lock = threading.Lock()
        self._group_commit = GroupCommit(self.writing)

    @abstractmethod
    def begin(self) -> AppendTransaction:
        """Waits for the write lock, against other threads and other processes, and takes it. LogUnavailable("busy")
        if it does not come free in the log's time."""

    @abstractmethod
    def head(self) -> int:
        """Position of the last committed event, 0 when there is none."""

    @abstractmethod
    def page(self, after: int, limit: int) -> list[Recorded]:
        """The next `limit` events after a position, in order: the replay path."""

    @abstractmethod
    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        """The events with this tag and one of these types (none: any type), in order: the decision path. All of one
        moment: if an event is there, every earlier one that matches is there."""

    @abstractmethod
    def tail_of(self, tag: str) -> int | None:
        """Position of the newest event with the tag, or None."""

    @abstractmethod
    def matching(
        self,
        query: DCBQuery | None,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[DCBSequencedEvent]:
        """The first `limit` events that match, strictly between two positions. The price of a page depends on the
        page and not on what lies before it. With `before` at most head() + 1, repeated calls read one moment."""

    @abstractmethod
    def close(self) -> None:
        """Releases what the log holds; whoever still waits on it gets LogUnavailable("closed")."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[AppendTransaction]:
        """begin(); commit() at the end, rollback() if the block raises."""
        writing = self.begin()
        try:
            yield writing
        except BaseException:
            writing.rollback()
            raise
        writing.commit()

    def tagged(
        self,
        tags: Sequence[str],
        types: Sequence[str],
        *,
        after: int = 0,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[DCBSequencedEvent]:
        """The events that have all these tags and one of these types (none: any), strictly between two positions."""
        query = DCBQuery([DCBQueryItem(types=list(types), tags=list(tags))])
        return self.matching(query, after=after, before=before, limit=limit, newest_first=newest_first)

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> LogReading[Self]:
        """The matching events after a position, in order, read page by page, all of the moment of this call.

        `head` of the answer: without a limit the position of the last event in the log at that moment, whether it
        matched or not; with a limit that of the last event answered; None where there is none."""
        return LogReading(self, query, after or 0, limit)

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> LogSubscription[Self]:
        """The matching events after a position, in order, and then those that come: iteration waits for them."""
        return LogSubscription(self, query, after)

    def listen(self, event: threading.Event) -> None:
        """From now on sets `event` after each commit of this process, and at close()."""
        with self._listeners_lock:
            if event not in self._listeners:
                self._listeners = (*self._listeners, event)

    def unlisten(self, event: threading.Event) -> None:
        """Ends listen(); does nothing for an event that does not listen."""
        with self._listeners_lock:
            self._listeners = tuple(other for other in self._listeners if other is not event)

    def _wake_listeners(self) -> None:
        for event in self._listeners:
            event.set()

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Appends durably and returns the last position. Appends of many threads share a transaction and its flush.

        IntegrityError if an event after `condition.after` matches the condition, ProgrammingError if there are no
        events or an unsound one, LogUnavailable on trouble with the disk. In each case nothing of it is kept."""
        return self._group_commit.append(events, condition)
