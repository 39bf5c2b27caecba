"""The connections in memory: for each member a compressed bitmap of the numbers of the others.

Read in bulk from the tables (see `loading`), then advanced by the events that follow. Advancing makes a new snapshot
and publishes it with one assignment, so any number of threads may go on reading the one before. Two must not advance at
once. Earlier positions are answered from the history that is kept beside the newest snapshot.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyroaring import BitMap

from domain.event import Event
from domain.identifiers import Instant
from domain.members.member_events import (
    MemberErased,
    MemberHibernated,
    MemberReactivated,
    MemberRegistered,
    MemberRestricted,
    RestrictionLifted,
)
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected
from projections.degrees.graph import MemoryGraph
from projections.degrees.history import History
from projections.degrees.roster import Roster
from projections.degrees.snapshot import BitMaps, Snapshot
from projections.dormancy import dormant_others
from projections.reading import Reading


@dataclass(slots=True)
class _Dormant:
    """Which connections were dormant from one position to another. `crowded`: the members with more connections than
    the cap; only they can have dormant ones."""

    began: int
    upto: int
    crowded: BitMap
    pairs: dict[int, BitMap]


class Adjacency:
    """The newest snapshot, the history up to it, and what is needed to make the next."""

    def __init__(self) -> None:
        self.roster = Roster()
        self.history = History()
        self.snapshot = Snapshot(0, (), (), BitMap())
        self.returned = BitMap()
        """Who was ever hidden and came back: without any of them, nothing is dormant."""
        self.causes: dict[int, set[str]] = {}
        """Why a member is hidden, and who is blocked by them."""
        self._dormant: dict[int, _Dormant] = {}  # by cap

    @property
    def position(self) -> int:
        """The position up to which the snapshot has come."""
        return self.snapshot.position

    def advance(self, events: Iterable[tuple[int, Instant, Event]], position: int) -> None:
        """Take the events that follow the snapshot's position up to another, in order, and publish what they lead
        to."""
        builder = SnapshotBuilder(self)
        for at, _, event in events:
            change = CHANGES.get(type(event))
            if change is not None:
                change(builder, at, event)
        self.publish(builder, position)

    def publish(self, builder: "SnapshotBuilder", position: int) -> None:
        """Make what was built the newest snapshot."""
        self.snapshot = builder.done(position)
        for cap, kept in tuple(self._dormant.items()):
            if builder.may_change(kept.crowded, cap):
                del self._dormant[cap]
            else:
                kept.upto = position

    def graph(self, reading: Reading) -> MemoryGraph:
        """The graph as of a reading, which is not beyond the newest snapshot. Two must not call this at once."""
        snapshot, position = self.snapshot, reading.as_of
        connected, blocked, hidden = snapshot.connected, snapshot.blocked_either_way, snapshot.hidden
        if position != snapshot.position:
            connected = partial(self._connected, snapshot, position)
            blocked = partial(self.history.blocked_either_way, position=position)
            hidden = self.history.hidden(position)
        if reading.erased_by > position:
            hidden = hidden | self.history.erased(position, reading.erased_by)
        dormant = self._dormant_as_of(reading, connected) if self.returned else {}
        return MemoryGraph(self.roster, position, hidden, connected, blocked, dormant)

    def _connected(self, snapshot: Snapshot, position: int, number: int) -> BitMap:
        stays = self.history.stays(number, position)
        return snapshot.connected(number) if stays else self.history.connected(number, position)

    def _dormant_as_of(self, reading: Reading, connected: Callable[[int], BitMap]) -> dict[int, BitMap]:
        """Which connections are dormant (X15): for each member the others."""
        cap = reading.policy.connections_cap
        if cap is None:
            return {}
        kept = self._dormant.get(cap)
        if kept is not None and kept.began <= reading.as_of <= kept.upto:
            return kept.pairs
        crowded = BitMap(number for number in self.history.ever_over(cap) if len(connected(number)) > cap)
        pairs: dict[int, BitMap] = {}
        for number in crowded:
            if number in self.returned or connected(number).intersect(self.returned):
                for member in dormant_others(reading, self.roster.name(number)):
                    other = self.roster.number(member)
                    pairs.setdefault(number, BitMap()).add(other)
                    pairs.setdefault(other, BitMap()).add(number)
        if reading.as_of == reading.erased_by == self.position:  # so the cap is the one in force
            self._dormant = {cap: _Dormant(reading.as_of, reading.as_of, crowded, pairs)}
        return pairs


class SnapshotBuilder:
    """The next snapshot in the making; the history grows at the same time."""

    def __init__(self, adjacency: Adjacency) -> None:
        before = adjacency.snapshot
        self.connections, self._blocks = BitMaps(before.connections), BitMaps(before.blocks)
        self._adjacency = adjacency
        self._history = adjacency.history
        self._number = adjacency.roster.number
        self._hidden = BitMap(before.hidden)
        self._came_or_went = BitMap()
        self.register = adjacency.roster.register

    def connect(self, at: int, one: str, other: str) -> None:
        first, second = self._number(one), self._number(other)
        self.connections.get(first).add(second)
        self.connections.get(second).add(first)
        self._history.connect(at, first, second)

    def disconnect(self, at: int, one: str, other: str) -> None:
        first, second = self._number(one), self._number(other)
        self.connections.get(first).discard(second)
        self.connections.get(second).discard(first)
        self._history.disconnect(at, first, second)

    def block(self, at: int, blocker: str, blocked: str) -> None:
        # Both may block each other: each one's block is kept as a cause, so that the last that is lifted ends it.
        one, other = self._number(blocker), self._number(blocked)
        self._causes(one).add(_blocks(blocked))
        self._blocks.get(one).add(other)
        self._blocks.get(other).add(one)
        self._history.block(at, one, other, stands=True)

    def unblock(self, at: int, blocker: str, blocked: str) -> None:
        one, other = self._number(blocker), self._number(blocked)
        self._causes(one).discard(_blocks(blocked))
        if _blocks(blocker) not in self._causes(other):
            self._blocks.get(one).discard(other)
            self._blocks.get(other).discard(one)
            self._history.block(at, one, other, stands=False)

    def hide(self, at: int, member: str, cause: str) -> None:
        number = self._number(member)
        self._causes(number).add(cause)
        self._hidden.add(number)
        self._came_or_went.add(number)
        self._history.hide(at, number, hidden=True)
        if cause == ERASED:
            self._history.erase(at, number)

    def show(self, at: int, member: str, cause: str) -> None:
        number = self._number(member)
        causes = self._causes(number)
        causes.discard(cause)
        self._adjacency.returned.add(number)
        self._came_or_went.add(number)
        if not causes.intersection(HIDING):
            self._hidden.discard(number)
            self._history.hide(at, number, hidden=False)

    def _causes(self, number: int) -> set[str]:
        return self._adjacency.causes.setdefault(number, set())

    def done(self, position: int) -> Snapshot:
        return Snapshot(position, self.connections.done(), self._blocks.done(), self._hidden)

    def may_change(self, crowded: BitMap, cap: int) -> bool:
        """Whether what was built may have other dormant connections, where these members had more than the cap."""
        changed = self.connections.changed
        return (
            any(number in crowded or len(bitmap) > cap for number, bitmap in changed.items())
            or self._came_or_went.intersect(crowded)
            or any(self.connections.get(number).intersect(crowded) for number in self._came_or_went)
        )


ERASED = "erased"
HIDING = ("hibernated", "restricted", ERASED)
CHANGES: dict[type[Any], Callable[[SnapshotBuilder, int, Any], None]] = {
    MemberRegistered: lambda builder, at, event: builder.register(at, event.member, event.kind),
    MembersConnected: lambda builder, at, event: builder.connect(at, event.member, event.other),
    ConnectionRemoved: lambda builder, at, event: builder.disconnect(at, event.member, event.other),
    MemberBlocked: lambda builder, at, event: builder.block(at, event.blocker, event.blocked),
    MemberUnblocked: lambda builder, at, event: builder.unblock(at, event.blocker, event.blocked),
    MemberHibernated: lambda builder, at, event: builder.hide(at, event.member, "hibernated"),
    MemberReactivated: lambda builder, at, event: builder.show(at, event.member, "hibernated"),
    MemberRestricted: lambda builder, at, event: builder.hide(at, event.member, "restricted"),
    RestrictionLifted: lambda builder, at, event: builder.show(at, event.member, "restricted"),
    MemberErased: lambda builder, at, event: builder.hide(at, event.member, ERASED),
}


def _blocks(member: str) -> str:
    return f"blocks {member}"
