"""The peer: the same network as an idiomatic application of the eventsourcing library, with an aggregate for each
relationship.

It keeps fewer rules than ours: whether the other is a member, blocked or hidden, what the limits are, and whether a
command was given before are not asked; and it records one event where ours records each follow that an acceptance
makes.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event

from benchmarks.mix import NOTE, Act

GROUP_AGGREGATES = 500


class Member(Aggregate):
    """Somebody who has joined."""

    @event("Registered")
    def __init__(self, member: str, name: str, primary_email: str) -> None:
        self.member = member
        self.name = name
        self.primary_email = primary_email

    @staticmethod
    def create_id(member: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"member/{member}")


class Post(Aggregate):
    """What somebody has published."""

    @event("Published")
    def __init__(self, author: str, text: str) -> None:
        self.author = author
        self.text = text


class Relationship(Aggregate):
    """What stands between two members. It begins with the first act of one towards the other."""

    @event("Begun")
    def __init__(self, act: str, by: str, other: str, note: str) -> None:
        self.invited_by = by if act == "invite" else None
        self.note = note
        self.ignored = False
        self.connected = False
        self.followers = [by] if act == "follow" else []

    @staticmethod
    def create_id(by: str, other: str) -> UUID:
        return uuid5(NAMESPACE_URL, "relationship/" + "/".join(sorted((by, other))))

    @event("Invited")
    def invite(self, by: str, other: str, note: str) -> None:
        if self.connected or self.invited_by:
            raise ValueError("connected or invited already")
        self.invited_by, self.note, self.ignored = by, note, False

    @event("Accepted")
    def accept(self, by: str, other: str) -> None:
        if self.connected or self.invited_by != other:
            raise ValueError("no invitation")
        self.invited_by, self.connected, self.followers = None, True, [by, other]

    @event("Ignored")
    def ignore(self, by: str, other: str) -> None:
        if self.invited_by != other:
            raise ValueError("no invitation")
        self.ignored = True

    @event("Removed")
    def remove(self, by: str, other: str) -> None:
        if not self.connected:
            raise ValueError("not connected")
        self.connected, self.followers = False, []

    @event("Followed")
    def follow(self, by: str, other: str) -> None:
        if by in self.followers:
            raise ValueError("follows already")
        self.followers.append(by)

    @event("Unfollowed")
    def unfollow(self, by: str, other: str) -> None:
        if by not in self.followers:
            raise ValueError("does not follow")
        self.followers.remove(by)


class LibraryNetwork(Application[UUID]):
    """The commands. ValueError is a refusal."""

    def register(self, member: str, _: str = "") -> None:
        self.save(Member(member, member, f"{member}@example.org"))

    def publish(self, author: str, text: str) -> None:
        self.save(Post(author, text))

    def invite(self, by: str, other: str) -> None:
        try:
            relationship = self._between(by, other)
            relationship.invite(by, other, NOTE)
        except AggregateNotFoundError:
            relationship = Relationship("invite", by, other, NOTE)
        self.save(relationship)

    def follow(self, by: str, other: str) -> None:
        try:
            relationship = self._between(by, other)
            relationship.follow(by, other)
        except AggregateNotFoundError:
            relationship = Relationship("follow", by, other, "")
        self.save(relationship)

    def accept(self, by: str, other: str) -> None:
        relationship = self._between(by, other)
        relationship.accept(by, other)
        self.save(relationship)

    def ignore(self, by: str, other: str) -> None:
        relationship = self._between(by, other)
        relationship.ignore(by, other)
        self.save(relationship)

    def remove(self, by: str, other: str) -> None:
        relationship = self._between(by, other)
        relationship.remove(by, other)
        self.save(relationship)

    def _between(self, by: str, other: str) -> Relationship:
        return self.repository.get(Relationship.create_id(by, other))

    def doing(self, act: Act) -> Callable[[str, str], None]:
        """The command of an act."""
        command: Callable[[str, str], None] = getattr(self, act[0])
        return command

    def start(self, acts: Iterable[Act]) -> int:
        """Bring a new network to where a mix begins, many aggregates a transaction; the number of events saved."""
        aggregates: dict[UUID, Aggregate] = {}
        for verb, actor, other in acts:
            if verb == "register":
                member = Member(actor, actor, f"{actor}@example.org")
                aggregates[member.id] = member
            elif verb == "invite":
                relationship = Relationship(verb, actor, other, NOTE)
                aggregates[relationship.id] = relationship
            else:
                known = aggregates[Relationship.create_id(actor, other)]
                getattr(known, verb)(actor, other)
        saved = 0
        everything = list(aggregates.values())
        for first in range(0, len(everything), GROUP_AGGREGATES):
            saved += len(self.save(*everything[first : first + GROUP_AGGREGATES]))
        return saved


def open_library(path: Path) -> LibraryNetwork:
    """The application on a SQLite file."""
    os.environ.pop("PERSISTENCE_MODULE", None)
    return LibraryNetwork(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def synchronous_level(application: LibraryNetwork) -> int:
    """SQLite's synchronous level on a connection of the library's pool: 2 is FULL."""
    with application.recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("PRAGMA synchronous")
        return int(cursor.fetchone()[0])
