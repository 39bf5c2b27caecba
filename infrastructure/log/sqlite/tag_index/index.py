"""What the table does not hold yet, for all threads of a process."""

import threading
from collections.abc import Sequence

from infrastructure.log.sqlite.statements import ENDS, Execute
from infrastructure.log.sqlite.tag_index.keys import SLICES, many_keys, tag_keys
from infrastructure.log.sqlite.tag_index.memory import Tagged, TagPart, TagQuery, Typed
from infrastructure.log.sqlite.tag_index.merge import InsertTags, Merge
from infrastructure.log.sqlite.tag_index.stored import progress_of_rows, tags_after

PART_EVENTS = 50_000
"""How many events make one part of a new log. More: fewer pages written for each event; fewer: less memory, a faster
start."""
MERGE_PACE = 1.05
"""A merge advances by this many events with each that is appended, so it ends before the next part is full. The faster
it goes, the more the commits slow down that it goes with, and the less has to be read at opening."""
PATIENCE_SHARE = 0.01
"""A process that has appended less than this share of a part leaves the merge to others until it is overdue: one that
appends an event and ends, as the command line does, would make the keys of a whole part for a slice or two."""
CATCH_UP_EVENTS = 500
"""How many events are read together. More than some 600 lists of tags at a time would start the cycle collector, which
looks through all that there is."""


class TagIndex:
    """Parts whose events are not all in the table. Positions in (begin, end] are here, complete; all that lies before
    is in the table. `part_events`: the size of the file's parts. `secret`: that of its keys."""

    def __init__(self, part_events: int, secret: bytes) -> None:
        self.keys = tag_keys(secret)
        self.many_keys = many_keys(secret)
        self._part_events = part_events
        self._lock = threading.Lock()
        self._parts = [self._part_after(0)]
        self._merge: Merge | None = None  # this and the next are only touched under the log's write lock
        self._appended = 0

    @property
    def end(self) -> int:
        """Up to which position events have been taken in."""
        return self._parts[-1].last

    def catch_up(self, execute: Execute) -> int:
        """Brings memory up to the log's head as `execute` sees it, and drops what has been merged. The new end."""
        return self.take_in(execute, *self.progress(execute))

    def progress(self, execute: Execute) -> tuple[int, int]:
        """How many slices the table holds, and the log's head, as `execute` sees them."""
        return progress_of_rows(execute(ENDS, ()), self._part_events)

    def take_in(self, execute: Execute, slices_done: int, head: int) -> int:
        """As catch_up, where both numbers are known."""
        merged = self._merged(slices_done)
        if head > self.end or merged >= self._parts[0].until:
            with self._lock:
                self._drop(merged)
                while self.end < head:
                    part = self._last_part()
                    count = min(CATCH_UP_EVENTS, head - part.last, part.until - part.last)
                    self._extend(part, *tags_after(execute, part.last, count))
        return self.end

    def committed(self, after: int, events: Tagged, slices_done: int) -> None:
        """Takes in what a transaction has just committed behind a position, and drops what it has merged."""
        self._appended += len(events.types)
        with self._lock:
            last = after + len(events.types)
            if after <= self.end:
                while self.end < last:
                    part = self._last_part()
                    self._extend(part, *events.between(self.end - after, part.until - after))
            self._drop(self._merged(slices_done))

    def find(self, query: TagQuery) -> tuple[int, list[int]]:
        """Where memory begins, and the positions in it that a query asks for."""
        with self._lock:
            begin = self._parts[0].first
            if query.after >= self.end:
                return begin, []
            return begin, [position for part in self._parts for position in part.find(query)]

    def find_many(self, wanted: Sequence[Typed]) -> tuple[int, list[list[int]]]:
        """Where memory begins, and all positions in it of each tag, at one moment."""
        found: list[list[int]] = [[] for _ in wanted]
        with self._lock:
            for part in self._parts:
                part.add_all(found, wanted)
            return self._parts[0].first, found

    def tail(self, tag: str) -> tuple[int, int | None]:
        """Where memory begins, and the newest position with the tag in it."""
        with self._lock:
            begin = self._parts[0].first
            for part in reversed(self._parts):
                if (tail := part.tail(tag)) is not None:
                    return begin, tail
        return begin, None

    def merge(self, slices_done: int, insert: InsertTags) -> int:
        """Puts into the table what is due, in the transaction of `insert`, whose log memory has caught up with. How
        many slices the table holds then; memory keeps everything until that is committed()."""
        for part in self._parts:
            if part.last < part.until:
                break
            share = min(1.0, MERGE_PACE * (self.end - part.until) / self._part_events)
            if share < 1.0 and self._appended < PATIENCE_SHARE * self._part_events:
                break
            if self._merge is None or self._merge.part is not part:
                self._merge = Merge(part, self.keys(None), self.many_keys)
            begun, done = divmod(slices_done, SLICES)
            try:
                slices_done = begun * SLICES + self._merge.advance(share, done, insert)
            except BaseException:  # an interrupt: a tag may be taken and not kept, so the next to merge begins anew
                self._merge = None
                raise
            if slices_done < (begun + 1) * SLICES:
                break
        return slices_done

    def _merged(self, slices_done: int) -> int:
        return slices_done // SLICES * self._part_events

    def _part_after(self, position: int) -> TagPart:
        return TagPart(position, (position // self._part_events + 1) * self._part_events)

    def _last_part(self) -> TagPart:
        """The part to which the next event belongs."""
        if self._parts[-1].last >= self._parts[-1].until:
            self._parts.append(self._part_after(self.end))
        return self._parts[-1]

    def _extend(self, part: TagPart, types: Sequence[int], tags: Sequence[Sequence[str]]) -> None:
        try:
            part.extend(types, tags)
        except BaseException:  # an interrupt: an event may be there by half, so the next to look fills memory anew
            self._parts = [self._part_after(self._parts[0].first)]
            raise

    def _drop(self, merged: int) -> None:
        """Forgets the parts of which the table holds everything, up to a position."""
        if self._parts[-1].until <= merged:
            self._parts = [self._part_after(merged)]
        elif self._parts[0].until <= merged:
            self._parts = [part for part in self._parts if part.until > merged]
        if self._merge is not None and self._merge.part.until <= merged:
            self._merge = None
