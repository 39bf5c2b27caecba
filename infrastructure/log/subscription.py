"""Reading a log to its end, and reading on as it grows. Both work on any log and need no thread of their own."""

import threading
from abc import abstractmethod
from collections import deque
from typing import ClassVar, Generic, TypeVar

from infrastructure.log.dcb import DCBQuery, DCBReadResponse, DCBRecorder, DCBSequencedEvent, DCBSubscription
from infrastructure.log.wake_up import Wakeable, WakeUp

PAGE_EVENTS_MAX = 500
"""How many events are held in memory at a time."""


class FollowedLog(DCBRecorder):
    """What reading a log and following it needs: its head, pages of what matches, and to be woken by commits."""

    poll_seconds: ClassVar[float | None] = None
    """How often a waiting subscription looks for commits of other processes; None where there can be none."""

    def __init__(self) -> None:
        self._listeners: tuple[Wakeable, ...] = ()
        self._listeners_lock = threading.Lock()

    @abstractmethod
    def head(self) -> int:
        """Position of the last committed event, 0 when there is none."""

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

    def listen(self, event: Wakeable) -> None:
        """From now on sets `event` after each commit of this process, and at close()."""
        with self._listeners_lock:
            if event not in self._listeners:
                self._listeners = (*self._listeners, event)

    def unlisten(self, event: Wakeable) -> None:
        """Ends listen(); does nothing for an event that does not listen."""
        with self._listeners_lock:
            self._listeners = tuple(other for other in self._listeners if other is not event)

    def wake_listeners(self) -> None:
        """Sets every event that listens."""
        for event in self._listeners:
            event.set()


TLog_co = TypeVar("TLog_co", bound=FollowedLog, covariant=True)


class LogReading(DCBReadResponse, Generic[TLog_co]):
    """The answer of Log.read: the events up to the head of the moment of the call, a page at a time."""

    def __init__(self, log: TLog_co, query: DCBQuery | None, after: int, limit: int | None) -> None:
        self._log = log
        self._query = query
        self._after = after
        self._limit = limit
        self._remaining = limit
        # What lies at or before this position never changes again, so pages read one by one are of one moment.
        self._until = log.head()
        self._page: deque[DCBSequencedEvent] = deque()
        self._complete = False

    @property
    def head(self) -> int | None:
        if self._limit is None:
            return self._until or None
        while not self._complete:  # with a limit the head is the last event answered, so it has to be known
            self._fetch()
        return self._after if self._limit != self._remaining else None

    def __next__(self) -> DCBSequencedEvent:
        while not self._page:
            if self._complete:
                raise StopIteration
            self._fetch()
        return self._page.popleft()

    def _fetch(self) -> None:
        wanted = PAGE_EVENTS_MAX if self._remaining is None else min(PAGE_EVENTS_MAX, self._remaining)
        events = self._log.matching(self._query, after=self._after, before=self._until + 1, limit=wanted)
        self._page.extend(events)
        if self._remaining is not None:
            self._remaining -= len(events)
        if events:
            self._after = events[-1].position
        self._complete = len(events) < wanted or self._remaining == 0


class LogSubscription(DCBSubscription[TLog_co]):
    """The answer of Log.subscribe. The iterating thread itself waits: for a commit of this process it is woken at
    once, those of others it finds by looking every Log.poll_seconds. When the log is
    closed it raises LogUnavailable("closed")."""

    def __init__(self, recorder: TLog_co, query: DCBQuery | None = None, after: int | None = None) -> None:
        super().__init__(recorder=recorder, query=query, after=after)
        self._page: deque[DCBSequencedEvent] = deque()
        self._news = WakeUp()

    def stop(self) -> None:
        """Ends the iteration, from any thread, at once: also one that waits just now."""
        super().stop()
        self._recorder.unlisten(self._news)
        self._news.set()

    def __next__(self) -> DCBSequencedEvent:
        if not self._has_been_stopped and not self._page:
            self._recorder.listen(self._news)
        while not self._has_been_stopped:
            if self._page:
                return self._page.popleft()
            # Cleared before looking: a commit between the look and the wait sets it again.
            self._news.clear()
            if not self._pull() and not self._stopped():
                self._news.wait(self._recorder.poll_seconds)
        self._recorder.unlisten(self._news)
        raise StopIteration

    def _stopped(self) -> bool:
        return self._has_been_stopped  # looked at anew after clearing, since stop() sets it before it wakes us

    def _pull(self) -> bool:
        """Reads the next page; False when the end of the log is reached."""
        head = self._recorder.head()
        if head <= self._last_position:
            return False
        events = self._recorder.matching(self._query, after=self._last_position, before=head + 1, limit=PAGE_EVENTS_MAX)
        self._page.extend(events)
        # A page that is not full says that nothing else up to this head matches; beyond it nothing was looked at.
        self._last_position = events[-1].position if len(events) == PAGE_EVENTS_MAX else head
        return True
