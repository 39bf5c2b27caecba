"""Who is connected with whom, in memory: for each member a compressed bitmap of the numbers of the others.

Read in bulk from the tables, then advanced by the events that follow. A `Snapshot` never changes: advancing copies the
bitmaps and the part of the vector that it touches, and then publishes a new snapshot with one assignment. So any number
of threads may ask while one advances, without a lock, and each gets its answers as of one position. Two must not
advance at once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pyroaring import BitMap

from domain.event import Event
from domain.identifiers import Instant
from domain.member_events import (
    MemberErased,
    MemberHibernated,
    MemberKind,
    MemberReactivated,
    MemberRegistered,
    MemberRestricted,
    RestrictionLifted,
)
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected
from projections.dormancy import dormant_others
from projections.projection import STANDS
from projections.reading import Reading

CHUNK = 512
"""How many members' bitmaps are copied together when one of them changes: a vector of 100,000 has 200 such parts."""
LOADED_TOGETHER = 500
"""How many members' connections are read at a time, so that loading needs little more memory than its result."""
NOBODY = BitMap()

Chunks = tuple[tuple[BitMap, ...], ...]


def _get(chunks: Chunks, number: int) -> BitMap:
    part, within = divmod(number, CHUNK)
    return chunks[part][within] if part < len(chunks) else NOBODY


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The graph as of one position. Numbers are given in the order of registration, and never change."""

    position: int
    numbers: dict[str, int]  # with `names` shared by all snapshots: they only grow
    names: list[str]
    connections: Chunks
    blocks: Chunks  # with whom a block stands, whoever made it
    hidden: BitMap
    returned: BitMap  # who was ever hidden and came back: without any of them, nothing is dormant
    pages: BitMap
    crowded: dict[int, BitMap] = field(default_factory=dict)  # cap -> who has more connections than that, once asked
    dormant: dict[int, dict[int, BitMap]] = field(default_factory=dict)  # cap -> number -> with whom, once asked

    def connected(self, number: int) -> BitMap:
        """With whom a member's connection stands, hidden and dormant ones too. Not to be changed."""
        return _get(self.connections, number)

    def blocked_either_way(self, number: int) -> BitMap:
        """With whom a block stands, in either direction. Not to be changed."""
        return _get(self.blocks, number)

    def dormant_as_of(self, reading: Reading) -> dict[int, BitMap]:
        """Between whom connections are dormant (X15); the reading is as of this snapshot's position. Only members with
        more connections than the cap can have any, and they are asked of the tables once."""
        cap = reading.policy.connections_cap
        if cap is None or not self.returned:
            return {}
        if cap not in self.crowded:
            count = len(self.names)
            self.crowded[cap] = BitMap(each for each in range(count) if len(self.connected(each)) > cap)
        if cap not in self.dormant:
            self.dormant[cap] = self._dormant(reading, self.crowded[cap])
        return self.dormant[cap]

    def _dormant(self, reading: Reading, crowded: BitMap) -> dict[int, BitMap]:
        found: dict[int, BitMap] = {}
        for number in crowded:
            if number in self.returned or self.connected(number).intersect(self.returned):
                for other in dormant_others(reading, self.names[number]):
                    found.setdefault(number, BitMap()).add(self.numbers[other])
                    found.setdefault(self.numbers[other], BitMap()).add(number)
        return found


class _BitMaps:
    """A vector of bitmaps being changed. What it was made from stays as it is."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks: list[Sequence[BitMap]] = list(chunks)
        self._own: dict[int, BitMap] = {}

    def get(self, number: int) -> BitMap:
        """One bitmap, to be changed freely."""
        if number not in self._own:
            part, within = divmod(number, CHUNK)
            while part >= len(self._chunks):
                self._chunks.append([NOBODY] * CHUNK)
            chunk = self._chunks[part]
            if not isinstance(chunk, list):
                chunk = self._chunks[part] = list(chunk)
            chunk[within] = self._own[number] = BitMap(chunk[within])
        return self._own[number]

    def changed(self) -> Iterable[int]:
        """The numbers whose bitmaps may differ from what they were."""
        return self._own.keys()

    def done(self) -> Chunks:
        return tuple(chunk if isinstance(chunk, tuple) else tuple(chunk) for chunk in self._chunks)


class _Draft:
    """The next snapshot in the making."""

    def __init__(self, snapshot: Snapshot, causes: dict[int, set[str]]) -> None:
        self.before = snapshot
        self.connections = _BitMaps(snapshot.connections)
        self.blocks = _BitMaps(snapshot.blocks)
        self.hidden, self.returned = BitMap(snapshot.hidden), BitMap(snapshot.returned)
        self.pages = BitMap(snapshot.pages)
        self.causes = causes
        self.came_or_went = BitMap()

    def number(self, member: str) -> int:
        numbers, names = self.before.numbers, self.before.names
        if member not in numbers:
            # The name first: whoever finds the number in another thread can then look the name up.
            names.append(member)
            numbers[member] = len(names) - 1
        return numbers[member]

    def register(self, member: str, kind: str) -> None:
        number = self.number(member)
        if kind == MemberKind.PAGE:
            self.pages.add(number)

    def join(self, one: str, other: str, bitmaps: _BitMaps) -> None:
        first, second = self.number(one), self.number(other)
        bitmaps.get(first).add(second)
        bitmaps.get(second).add(first)

    def part(self, one: str, other: str, bitmaps: _BitMaps) -> None:
        first, second = self.number(one), self.number(other)
        bitmaps.get(first).discard(second)
        bitmaps.get(second).discard(first)

    def block(self, blocker: str, blocked: str) -> None:
        # Both may block each other: the one's own end is kept as a cause, so that they part when the last is lifted.
        self.causes.setdefault(self.number(blocker), set()).add(f"blocks {blocked}")
        self.join(blocker, blocked, self.blocks)

    def unblock(self, blocker: str, blocked: str) -> None:
        self.causes.setdefault(self.number(blocker), set()).discard(f"blocks {blocked}")
        if f"blocks {blocker}" not in self.causes.get(self.number(blocked), ()):
            self.part(blocker, blocked, self.blocks)

    def hide(self, member: str, cause: str) -> None:
        number = self.number(member)
        self.causes.setdefault(number, set()).add(cause)
        self.hidden.add(number)
        self.came_or_went.add(number)

    def show(self, member: str, cause: str) -> None:
        number = self.number(member)
        causes = self.causes.setdefault(number, set())
        causes.discard(cause)
        self.returned.add(number)
        self.came_or_went.add(number)
        if not causes.intersection(("hibernated", "restricted", "erased")):
            self.hidden.discard(number)

    def done(self, position: int) -> Snapshot:
        before = self.before
        after = Snapshot(
            position,
            before.numbers,
            before.names,
            self.connections.done(),
            self.blocks.done(),
            self.hidden,
            self.returned,
            self.pages,
        )
        for cap, were in tuple(before.crowded.items())[-1:]:  # the last cap asked about is the one in force
            changed = list(self.connections.changed())
            crowded = BitMap(were)
            for number in changed:
                (crowded.add if len(after.connected(number)) > cap else crowded.discard)(number)
            after.crowded[cap] = crowded
            near = any(number in were or number in crowded for number in (*changed, *self.came_or_went))
            if cap in before.dormant and not near and not self._touches(after, crowded):
                after.dormant[cap] = before.dormant[cap]
        return after

    def _touches(self, after: Snapshot, crowded: BitMap) -> bool:
        return any(after.connected(number).intersect(crowded) for number in self.came_or_went)


_CHANGES: dict[type[Any], Callable[[_Draft, Any], None]] = {
    MemberRegistered: lambda draft, event: draft.register(event.member, event.kind),
    MembersConnected: lambda draft, event: draft.join(event.member, event.other, draft.connections),
    ConnectionRemoved: lambda draft, event: draft.part(event.member, event.other, draft.connections),
    MemberBlocked: lambda draft, event: draft.block(event.blocker, event.blocked),
    MemberUnblocked: lambda draft, event: draft.unblock(event.blocker, event.blocked),
    MemberHibernated: lambda draft, event: draft.hide(event.member, "hibernated"),
    MemberReactivated: lambda draft, event: draft.show(event.member, "hibernated"),
    MemberRestricted: lambda draft, event: draft.hide(event.member, "restricted"),
    RestrictionLifted: lambda draft, event: draft.show(event.member, "restricted"),
    MemberErased: lambda draft, event: draft.hide(event.member, "erased"),
}


class Adjacency:
    """The latest snapshot, and what is needed to make the next."""

    def __init__(self) -> None:
        self.snapshot = Snapshot(0, {}, [], (), (), BitMap(), BitMap(), BitMap())
        self._causes: dict[int, set[str]] = {}

    @property
    def position(self) -> int:
        """The position up to which the snapshot has come."""
        return self.snapshot.position

    @classmethod
    def load(cls, reading: Reading) -> "Adjacency":
        """The graph of a reading, read in bulk."""
        adjacency = cls()
        draft = _Draft(adjacency.snapshot, adjacency._causes)
        for member, kind in reading.all(f"SELECT member, kind FROM member WHERE {STANDS} ORDER BY began"):
            draft.register(member, kind)
        for member, cause, ended in reading.all("SELECT member, cause, ended FROM absence WHERE began <= :as_of"):
            if ended > reading.as_of:
                draft.hide(member, cause)
            else:
                draft.returned.add(draft.number(member))
        for blocker, blocked in reading.all(f"SELECT blocker, blocked FROM block WHERE {STANDS}"):
            draft.block(blocker, blocked)
        _load_connections(reading, draft)
        adjacency.snapshot = draft.done(reading.as_of)
        return adjacency

    def advance(self, events: Iterable[tuple[int, Instant, Event]], position: int) -> None:
        """Take the events that follow the snapshot's position up to another, in order, and publish what they lead
        to."""
        draft = _Draft(self.snapshot, self._causes)
        for _, _, event in events:
            change = _CHANGES.get(type(event))
            if change is not None:
                change(draft, event)
        self.snapshot = draft.done(position)


def _load_connections(reading: Reading, draft: _Draft) -> None:
    numbers = draft.before.numbers
    members = sorted(numbers)
    for start in range(0, len(members), LOADED_TOGETHER):
        some = members[start : start + LOADED_TOGETHER]
        rows = reading.all(
            f"SELECT member, other FROM connection WHERE member BETWEEN :first AND :last AND {STANDS} ORDER BY member",
            first=some[0],
            last=some[-1],
        )
        for member, pairs in groupby(rows, key=lambda row: row[0]):
            draft.connections.get(numbers[member]).update([numbers[other] for _, other in pairs])
