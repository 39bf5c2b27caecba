"""The tags of a SQLite log's newest events, in memory, and their merge into the file's table in the order of tags.

A tag's row belongs at a random place of the table: written one by one, every event would dirty as many pages as it has
tags. So the rows of many events are merged together, sorted, a slice of the tags with each commit: a page is
written once for all that belongs on it, and no commit waits for a whole merge. The file remembers in `tag_merge`:

    upto        every event up to here has its rows in `tag`
    next_upto   the merge under way will raise `upto` to this; equal to `upto` when none is
    next_tag    the merge under way has done the tags that sort before this one

An event never changes, so what is in memory and what is below `upto` in the table is true at any later moment too: a
read takes its answer from memory first, and then from the table what lies before memory's beginning, with no need of a
common snapshot. Nothing of this has to survive a crash but the two tables: memory is filled from the event rows.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import orjson

from infrastructure.log.sqlite.statements import ENDS, POSITION_MAX, TAGS_AFTER, Run

MERGE_EVENTS = 50_000
"""How many events make one merge. More: fewer pages written for each event; fewer: less memory, a faster start."""
MERGE_PACE = 2
"""A merge advances by this many events with each that is appended: at most half a merge is waiting behind it."""
SORTING_SHARE = 0.1
"""The first tenth of a merge sorts, the rest inserts."""
SLICE_TAGS = 512
"""About how many tags one step of a merge inserts."""
CATCH_UP_EVENTS = 3_000

Tagged = tuple[int, int, Sequence[str]]
"""One event as the index sees it: position, number of its type, tags."""


class TagPart:
    """The tags of the events in (first, last], by type. It is full when `last` has come to `until`.

    A tag's positions are a bare number while there is one, and an array from the second on: millions of either give
    the cycle collector nothing to look through."""

    __slots__ = ("by_type", "first", "last", "until")

    def __init__(self, first: int, until: int) -> None:
        self.first = self.last = first
        self.until = until
        self.by_type: dict[int, dict[str, int | array[int]]] = {}

    def add(self, position: int, type_: int, tags: Sequence[str]) -> None:
        by_tag = self.by_type.get(type_)
        if by_tag is None:
            by_tag = self.by_type[type_] = {}
        for tag in tags:
            known = by_tag.get(tag)
            if known is None:
                by_tag[tag] = position
            elif isinstance(known, int):
                by_tag[tag] = array("q", (known, position))
            else:
                known.append(position)
        self.last = position

    def runs(
        self, tags: Sequence[str], types: Iterable[int] | None, after: int, before: int, limit: int, newest_first: bool
    ) -> list[Sequence[int]]:
        """For each type (None: any) the first `limit` positions between the two that have all the tags, ascending."""
        found: list[Sequence[int]] = []
        if before <= self.first + 1 or after >= self.last:
            return found
        for type_ in self.by_type if types is None else types:
            by_tag = self.by_type.get(type_)
            if by_tag is None:
                continue
            run = _between(by_tag.get(tags[0]), after, before)
            if not run:
                continue
            if len(tags) > 1:
                runs = sorted((run, *(_between(by_tag.get(tag), after, before) for tag in tags[1:])), key=len)
                run = [position for position in runs[0] if all(_holds(other, position) for other in runs[1:])]
            if run:
                found.append(run[-limit:] if newest_first else run[:limit])
        return found

    def tail(self, tag: str) -> int | None:
        tails = [by_tag[tag] for by_tag in self.by_type.values() if tag in by_tag]
        return max((known if isinstance(known, int) else known[-1] for known in tails), default=None)


def _between(known: int | array[int] | None, after: int, before: int) -> Sequence[int]:
    if known is None:
        return ()
    if isinstance(known, int):
        return (known,) if after < known < before else ()
    return known[bisect_right(known, after) : bisect_left(known, before)]


def _holds(run: Sequence[int], position: int) -> bool:
    index = bisect_left(run, position)
    return index < len(run) and run[index] == position


class Progress(NamedTuple):
    """The row of `tag_merge`."""

    upto: int
    next_upto: int
    next_tag: str


class _Order:
    """The tags of one full part in the order of the table, cut into slices."""

    def __init__(self, part: TagPart, slice_tags: int) -> None:
        self.part = part
        self.tags: dict[int, list[str]] = {}
        self.bounds: list[str] = []
        self._slice_tags = slice_tags
        self._types = list(part.by_type)

    def sort(self, share: float) -> bool:
        """Sorts up to this share of the types, so that no commit has to wait for all; whether that is done."""
        if len(self.tags) < len(self._types):
            for type_ in self._types[len(self.tags) : 1 + int(share * len(self._types))]:
                self.tags[type_] = sorted(self.part.by_type[type_])
            if len(self.tags) == len(self._types):
                stride = max(1, self._slice_tags // 16)  # a sample is enough to cut slices of about one size
                sample = sorted(tag for tags in self.tags.values() for tag in tags[::stride])
                each = max(1, self._slice_tags // stride)
                self.bounds = sample[each::each]
        return len(self.tags) == len(self._types)

    def slice_of(self, tag: str) -> int:
        return bisect_right(self.bounds, tag)

    def rows(self, number: int, low: str) -> list[tuple[str, int, int]]:
        """The rows of one slice from a tag on, for `tag`."""
        rows: list[tuple[str, int, int]] = []
        high = self.bounds[number] if number < len(self.bounds) else None
        for type_, tags in self.tags.items():
            by_tag = self.part.by_type[type_]
            stop = len(tags) if high is None else bisect_left(tags, high)
            for tag in tags[bisect_left(tags, low, 0, stop) : stop]:
                known = by_tag[tag]
                if isinstance(known, int):
                    rows.append((tag, type_, known))
                else:
                    rows += [(tag, type_, position) for position in known]
        rows.sort()
        return rows


class TagIndex:
    """What the table does not hold yet, for all threads of a process. Positions in (begin, end] are here, complete."""

    def __init__(self, merge_events: int) -> None:
        self._merge_events = merge_events
        self._slice_tags = min(SLICE_TAGS, max(1, merge_events // 8))
        self._lock = threading.Lock()
        self._parts = [TagPart(0, merge_events)]
        self._order: _Order | None = None  # only touched under the log's write lock

    @property
    def end(self) -> int:
        return self._parts[-1].last

    def catch_up(self, run: Run, committed: int = POSITION_MAX) -> int:
        """Brings memory up to the log's head as `run` sees it, and drops what has been merged. The new end.
        `committed`: the last position that may enter, where `run` sees others that could be rolled back."""
        ((upto, head),) = run(ENDS, ())
        head = min(head, committed)
        if head > self.end or upto >= self._parts[0].last:
            with self._lock:
                self._drop(upto)
                while self.end < head:
                    rows = run(TAGS_AFTER, (self.end, min(CATCH_UP_EVENTS, head - self.end)))
                    self._add((position, type_, orjson.loads(tags)) for position, type_, tags in rows)
        return self.end

    def committed(self, events: Sequence[Tagged], upto: int) -> None:
        """Takes in what an AppendTransaction has just committed, and drops what it has merged."""
        with self._lock:
            if events and events[0][0] <= self.end + 1:
                self._add(events[self.end + 1 - events[0][0] :])
            self._drop(upto)

    def find(
        self, tags: Sequence[str], types: Iterable[int] | None, after: int, before: int, limit: int, newest_first: bool
    ) -> tuple[int, list[int]]:
        """Where memory begins, and, for each type, the first `limit` positions in it that have all the tags."""
        with self._lock:
            begin = self._parts[0].first
            if after >= self.end:
                return begin, []
            runs = [run for part in self._parts for run in part.runs(tags, types, after, before, limit, newest_first)]
        return begin, [position for run in runs for position in run]

    def tail(self, tag: str) -> tuple[int, int | None]:
        """Where memory begins, and the newest position with the tag in it."""
        with self._lock:
            begin = self._parts[0].first
            for part in reversed(self._parts):
                if (tail := part.tail(tag)) is not None:
                    return begin, tail
        return begin, None

    def merge(self, run: Run, insert: Callable[[list[tuple[str, int, int]]], object], progress: Progress) -> Progress:
        """The steps that are due, in the transaction of `run`; memory must be caught up. How far it came: memory keeps
        everything until that is committed()."""
        committed = self.end
        number = 0  # of the part that is merged; those before it were finished in this transaction
        while True:
            upto, next_upto, next_tag = progress
            part = self._parts[number] if number < len(self._parts) else None
            if part is None or part.first != upto or (next_upto > upto and part.last != next_upto):
                if part is None or upto == self.end:
                    return progress
                # Another process cut its merges elsewhere: cut ours alike. Rare: when one with a shorter tail closed.
                self._refill(run, upto, next_upto, committed)
                number = 0
                continue
            if next_upto == upto:
                if part.last == upto or part.last < part.until:
                    return progress
                next_upto = part.last
            if self._order is None or self._order.part is not part:
                self._order = _Order(part, self._slice_tags)
            order = self._order
            share = min(1.0, MERGE_PACE * (self.end - next_upto) / self._merge_events)
            if not order.sort(share / SORTING_SHARE):
                return progress
            slices = len(order.bounds) + 1
            due = int(slices * (share - SORTING_SHARE) / (1 - SORTING_SHARE))
            done = order.slice_of(next_tag)
            if done >= due:
                return Progress(upto, next_upto, next_tag)
            for step in range(done, min(due, slices)):
                insert(order.rows(step, next_tag))
                next_tag = order.bounds[step] if step < len(order.bounds) else next_tag
            progress = Progress(upto, next_upto, next_tag)
            if due >= slices:
                progress = Progress(next_upto, next_upto, "")
                self._order = None
                number += 1

    def _refill(self, run: Run, upto: int, next_upto: int, committed: int) -> None:
        with self._lock:
            self._parts = [TagPart(upto, next_upto if next_upto > upto else upto + self._merge_events)]
        self.catch_up(run, committed)

    def _add(self, events: Iterable[Tagged]) -> None:
        part = self._parts[-1]
        try:
            for position, type_, tags in events:
                if part.last >= part.until:
                    part = TagPart(part.last, part.last + self._merge_events)
                    self._parts.append(part)
                part.add(position, type_, tags)
        except BaseException:  # an interrupt: an event may be there by half, so the next to ask fills memory anew
            first = self._parts[0].first
            self._parts = [TagPart(first, first + self._merge_events)]
            raise

    def _drop(self, upto: int) -> None:
        merged = sum(part.last <= upto for part in self._parts)
        if merged == len(self._parts):
            begin = max(upto, self.end)
            if self._parts[-1].first < begin:  # an empty part that begins here stays as it was cut
                self._parts = [TagPart(begin, begin + self._merge_events)]
        elif merged:
            self._parts = self._parts[merged:]
