"""The log: one ordered sequence of facts, positions 1, 2, 3 … without gaps, never changed and never deleted.

It is the eventsourcing library's recorder (`read`, `append` under a condition, `subscribe`) and, beside it, what the
library lacks: a write lock that can be held over several decisions, and reads shaped for decisions and for replay. The
product itself appends and reads by the latter alone; the recorder's three methods let a log be used by the library's
applications and proved by the library's tests, and a reader of the log follow it.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
)
from infrastructure.log.subscription import FollowedLog, LogReading, LogSubscription
from infrastructure.log.transaction import AppendTransaction, Recorded
from infrastructure.log.unavailable import LogUnavailable


class Log(FollowedLog):
    """One ordered log of events; every store passes the same tests (tests/log/test_log_contract.py)."""

    @abstractmethod
    def begin(self) -> AppendTransaction:
        """Waits for the write lock, against other threads and other processes, and takes it. LogUnavailable("busy")
        if it does not come free in the log's time."""

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
    def close(self) -> None:
        """Releases what the log holds; whoever still waits on it gets LogUnavailable("closed")."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[AppendTransaction]:
        """begin(); commit() at the end, rollback() if the block raises."""
        transaction = self.begin()
        try:
            yield transaction
        except BaseException:  # whatever ends the block, an interrupt too, ends the transaction
            transaction.rollback()
            raise
        transaction.commit()

    def event_at(self, position: int) -> Recorded:
        """The event at a position that the log has reached. LogUnavailable `replaced` if it has no such event now."""
        rows = self.page(position - 1, 1)
        if not rows or rows[0][0] != position:
            raise LogUnavailable("replaced", f"There is no event at position {position} any more")
        return rows[0]

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

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Appends durably, in a transaction of its own, and returns the last position.

        IntegrityError if an event after `condition.after` matches the condition, ProgrammingError if there are no
        events or an unsound one, LogUnavailable on trouble with the disk. In each case nothing of it is kept."""
        with self.writing() as transaction:
            return transaction.append(events, condition)
