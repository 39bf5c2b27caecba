"""The write lock of a SQLite log, held: appends wait in memory and are written together at the commit."""

from collections.abc import Sequence
from typing import Any

import orjson

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQueryItem,
    IntegrityError,
    ProgrammingError,
)
from infrastructure.log.sqlite.statements import (
    NEW_EVENTS,
    NEW_PROGRESS,
    NEW_TYPE,
    POSITION_MAX,
    EventTypes,
)
from infrastructure.log.sqlite.tag_index import Lookup, Tagged, TagPart, TagQuery, Typed, rows_at
from infrastructure.log.sqlite.writer import WriterState
from infrastructure.log.transaction import AppendTransaction, Recorded, Wanted, sound_tags
from infrastructure.log.unavailable import LogUnavailable

UNWRITTEN_EVENTS_MAX = 4_096
"""An AppendTransaction that appends more than this writes some before its commit, so that its memory stays small."""

SEARCHES_MAX = 10
"""How often what was appended is looked through for a tag, before it is indexed by tag: that costs as much."""


class SqliteAppendTransaction(AppendTransaction):
    """Begun when it is made. LogUnavailable if the log is closed or busy, or the disk refuses."""

    def __init__(self, writer: WriterState) -> None:
        self._writer = writer
        super().__init__(writer.turn)
        try:
            self.head = self._begun_at = self._written = writer.begin(self._holder)
        except BaseException:  # an interrupt too: the turn must not stay with a transaction that was not begun
            self.rollback()
            raise
        self._index = writer.index
        self._caught_up = False
        self._types = writer.types
        self._unwritten: list[Any] = []  # the values of rows, one after the other: positions from _written + 1 on
        self._tagged = Tagged([], [])  # positions from _begun_at + 1 on
        self._own = TagPart(self._begun_at, POSITION_MAX)  # of those the first, as far as they were queried
        self._own_tags: set[str] = set()  # of the first `_own_tags_of` appended events
        self._own_tags_of = 0
        self._searches = 0  # how often the others were looked through
        self._lookup = Lookup(writer.execute, writer.index, self._own)

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        self._require_open()
        if not events:
            raise ProgrammingError("An append needs at least one event")
        try:
            if condition is not None and self._fails(condition):
                raise IntegrityError(condition)
            position = self.head
            ids = self._types.ids
            rows: list[Any] = []
            tagged = Tagged([], [])
            for event in events:
                position += 1
                tags = tuple(sound_tags(event))  # the caller's list may change before the commit
                type_ = ids.get(event.type)
                if type_ is None:
                    type_ = self._add_type(event.type)
                    ids = self._types.ids
                rows += (position, type_, orjson.dumps(tags).decode(), event.data)
                tagged.types.append(type_)
                tagged.tags.append(tags)
        except LogUnavailable:
            self.rollback()
            raise
        try:
            self._unwritten += rows
            self._tagged.types.extend(tagged.types)
            self._tagged.tags.extend(tagged.tags)
            self.head = position
        except BaseException:  # an interrupt: they must not differ
            self.rollback()
            raise
        if position - self._written > UNWRITTEN_EVENTS_MAX:
            self._write_ahead()
        return position

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        known = self._types.numbers(types)
        if types and not known:
            return []  # these types have never been recorded
        appended = self._own_with(tag, known, after)
        if self._unwritten and (
            (appended and appended[-1] > self._written)
            or self._own.find(TagQuery((tag,), known or None, max(after, self._written)))
        ):
            self._write_ahead()
        rows = self._lookup.load(tag, known or None, after)
        rows += [row[:3] for row in rows_at(self._writer.execute, appended)]
        return self._types.recorded(rows)

    def load_many(self, wanted: Sequence[Wanted]) -> list[list[Recorded]]:
        known, numbers = self._recorded(wanted)
        if self._unwritten and any(self._own.find(TagQuery((tag,), types, self._written)) for tag, types in known):
            self._write_ahead()
        found: list[list[Recorded]] = [[] for _ in wanted]
        for number, rows in zip(numbers, self._lookup.load_many(known), strict=True):
            found[number] = self._types.recorded(rows)
        return found

    def count_many(self, wanted: Sequence[Wanted]) -> list[int]:
        known, numbers = self._recorded(wanted)
        found = [0] * len(wanted)
        for number, count in zip(numbers, self._lookup.count_many(known), strict=True):
            found[number] = count
        return found

    def _recorded(self, wanted: Sequence[Wanted]) -> tuple[list[Typed], list[int]]:
        """What is wanted, with the types' numbers, and its number; without what has types that were never recorded."""
        self._require_open()
        self._catch_up()
        known: list[Typed] = []
        numbers: list[int] = []
        for number, (tag, types) in enumerate(wanted):
            chosen = self._types.numbers(types)
            if chosen or not types:
                known.append((tag, chosen or None))
                numbers.append(number)
        return known, numbers

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        if self._appended_have(tag):
            self._catch_up()
        return self._lookup.tail(tag)

    def commit(self) -> None:
        self._require_open()
        try:
            slices_done = 0
            if self._tagged.types:
                self._write()
                slices_done = self._merge()
            self._writer.commit(self._holder, self._types, self._tagged, slices_done)
        except BaseException:  # an interrupt too: what was not committed as a whole is not kept
            self.rollback()
            raise

    def rollback(self) -> None:
        self._writer.roll_back(self._holder)

    def _merge(self) -> int:
        """Puts the rows of older events' tags into the table, a share that goes with this transaction's events. How
        many slices the table has then."""
        writer = self._writer
        self._index.take_in(writer.execute, writer.slices_done, self._begun_at)
        slices_done = self._index.merge(writer.slices_done, writer.insert_tags)
        if slices_done != writer.slices_done:
            writer.execute(NEW_PROGRESS, (slices_done,))
        return slices_done

    def _write_ahead(self) -> None:
        """Writes before the commit. Once some are written, a failure must not let the transaction go on."""
        try:
            self._write()
        except BaseException:  # an interrupt too: what is written by half must not be committed
            self.rollback()
            raise

    def _write(self) -> None:
        self._writer.insert(NEW_EVENTS, self._unwritten)
        self._unwritten.clear()
        self._written = self.head

    def _appended_have(self, tag: str) -> bool:
        """Whether any event that was appended has the tag. It brings the log's index up to date."""
        self._catch_up_index()
        self._own_tags.update(*self._tagged.tags[self._own_tags_of :])
        self._own_tags_of = len(self._tagged.tags)
        return tag in self._own_tags

    def _own_with(self, tag: str, types: Sequence[int], after: int) -> list[int]:
        """The positions of appended events with a tag, and one of these types (none: any), that are not in `_own`."""
        if not self._appended_have(tag):
            return []
        self._searches += 1
        if self._searches > SEARCHES_MAX:
            self._catch_up()
        first = self._own.last - self._begun_at
        numbers = [number for number, tags in enumerate(self._tagged.tags[first:], first) if tag in tags]
        positions = [self._begun_at + 1 + n for n in numbers if not types or self._tagged.types[n] in types]
        return [position for position in positions if position > after]

    def _catch_up_index(self) -> None:
        """Nobody else commits while the lock is held, so the log's index is brought to its head only once."""
        if not self._caught_up:
            self._index.take_in(self._writer.execute, self._writer.slices_done, self._begun_at)
            self._caught_up = True

    def _catch_up(self) -> None:
        """Before any tags are looked up."""
        self._catch_up_index()
        own = self._own
        if own.last < self.head:
            own.extend(*self._tagged.between(own.last - self._begun_at))
            self._searches = 0

    def _add_type(self, name: str) -> int:
        self._writer.execute(NEW_TYPE, (name,))
        self._types = EventTypes.of(self._writer.execute)
        return self._types.ids[name]

    def _fails(self, condition: DCBAppendCondition) -> bool:
        after = condition.after or 0
        if after >= self.head:
            return False  # nothing is newer, so nothing newer can match
        items = condition.fail_if_events_match.items
        return not items or any(self._matches(item, after) for item in items)

    def _matches(self, item: DCBQueryItem, after: int) -> bool:
        """Whether an event after the position matches the item; the head is known to be after it."""
        if not item.types and not item.tags:
            return True
        ids = [self._types.ids[name] for name in dict.fromkeys(item.types) if name in self._types.ids]
        if item.types and not ids:
            return False
        self._catch_up()
        return self._lookup.any_after(item.tags or (None,), ids or None, after)
