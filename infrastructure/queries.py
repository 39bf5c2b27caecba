"""The questions a network answers: every query of the Python door, each as of now or of any earlier point.

Lists come in pages, newest first unless said otherwise. `limit`: rows a page; `cursor`: that of the page before;
`as_of`: a position or a time. `viewer`: who asks, by whom what is shown depends; None is the host, who is shown what
the member themselves is.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TypeVar

from domain.event import EVENTS
from domain.identifiers import Instant, normal_hashtag
from domain.refusals import Refused
from infrastructure.log import Log
from infrastructure.log.envelope import decode
from infrastructure.read_models.reading import PastFacts
from projections.connection_queries import ConnectionRow, MutualRow, connections, mutual_connections, mutuals
from projections.degrees.adjacency import Adjacency
from projections.degrees.degrees import Graph, SuggestionRow, degree, degrees, graph_of, path, suggestions
from projections.feeds.entries import FeedEntry
from projections.feeds.hashtag_pages import HashtagItem, hashtag
from projections.feeds.pages import Why, feed, why
from projections.follower_queries import (
    FollowRow,
    HashtagRow,
    MemberRow,
    blocked,
    followers,
    following,
    hashtags,
    muted,
)
from projections.invitation_queries import (
    ANY,
    AcceptanceRate,
    InvitationRow,
    Message,
    Wanted,
    acceptance_rates,
    invitations,
    thread,
)
from projections.notice_queries import NoticeRow, notices
from projections.profiles import Profile, profile
from projections.projection import OPEN
from projections.reading import Page, Reading, parse_cursor
from projections.relationship import Relationship, relationship, relationships

R = TypeVar("R")
AsOf = int | datetime | None
Needs = tuple[str, ...]

GRAPH: Needs = ("members", "graph", "privacy")
FOLLOWS: Needs = (*GRAPH, "followers")
FEED: Needs = (*FOLLOWS, "publications", "feed_policy", "feed_push")
INVITATIONS: Needs = (*GRAPH, "invitations")
NOTICES: Needs = ("members", "privacy", "notices", "publications")
EVERYTHING: Needs = ()
ADVANCE_EVENTS_MAX = 50_000
"""How far the graph in memory is advanced event by event; further behind, it is read in bulk."""
ADVANCE_PAGE = 2_000


class Queries(ABC):
    """The queries, over whatever gives readings of a log and its read models."""

    log: Log

    def __init__(self) -> None:
        self._adjacency: Adjacency | None = None
        self._adjacency_lock = threading.Lock()

    @abstractmethod
    def reading(self, as_of: AsOf = None, *needs: str) -> AbstractContextManager[Reading]:
        """One consistent snapshot to query."""

    @abstractmethod
    def snapshot(self, position: int, now: Instant | None) -> AbstractContextManager[Reading]:
        """A snapshot as of a position that was read before; `now` None: the clock's."""

    # Feeds

    def feed(self, viewer: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[FeedEntry]:
        """A member's feed (section 6 of the rules): rows have item, author, kind, causes, position, published_at."""
        return self._page(lambda reading, before: feed(reading, viewer, limit, before), cursor, as_of, FEED)

    def why(self, viewer: str, item: str, as_of: AsOf = None) -> Why:
        """Why an item is in a member's feed: its causes with their events; or the first rule that keeps it out (F9)."""
        with self.reading(as_of, *FEED) as reading:
            return why(reading, viewer, item)

    def hashtag(
        self, name: str, viewer: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[HashtagItem]:
        """The items under a hashtag and their authors, each with whether the viewer may follow (S43)."""
        try:
            normal = normal_hashtag(name)
        except ValueError as error:
            raise Refused("bad_hashtag") from error
        return self._page(lambda reading, before: hashtag(reading, normal, viewer, limit, before), cursor, as_of, FEED)

    # Lists of a member

    def connections(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[ConnectionRow]:
        """A member's connections (G6). Refused `not_available` to whom they are not shown."""
        return self._page(
            lambda reading, before: connections(reading, member, viewer, limit, before), cursor, as_of, GRAPH
        )

    def followers(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[FollowRow]:
        """Who effectively follows a member (X11); the member's own list."""
        return self._page(
            lambda reading, before: followers(reading, member, viewer, limit, before), cursor, as_of, FOLLOWS
        )

    def following(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[FollowRow]:
        """Whom a member effectively follows (X11); the member's own list."""
        return self._page(
            lambda reading, before: following(reading, member, viewer, limit, before), cursor, as_of, FOLLOWS
        )

    def hashtags(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[HashtagRow]:
        """The hashtags that a member follows."""
        return self._page(lambda reading, before: hashtags(reading, member, limit, before), cursor, as_of, FOLLOWS)

    def muted(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[MemberRow]:
        """Whom a member has muted."""
        return self._page(lambda reading, before: muted(reading, member, limit, before), cursor, as_of, GRAPH)

    def blocked(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[MemberRow]:
        """Whom a member has blocked."""
        return self._page(lambda reading, before: blocked(reading, member, limit, before), cursor, as_of, GRAPH)

    def notices(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[NoticeRow]:
        """What a member is told of (section 10 of the rules)."""
        return self._page(lambda reading, before: notices(reading, member, limit, before), cursor, as_of, NOTICES)

    # Invitations

    def invitations(
        self,
        member: str,
        box: str = "received",
        limit: int = 20,
        cursor: str | None = None,
        as_of: AsOf = None,
        wanted: Wanted = ANY,
    ) -> Page[InvitationRow]:
        """A member's invitations: box received, sent, archived or barred; `wanted` filters (S23)."""

        def ask(reading: Reading, before: int) -> Page[InvitationRow]:
            graph = self._graph(reading)
            return invitations(
                reading,
                member,
                box,
                limit,
                before,
                wanted,
                degree=lambda other: degree(graph, member, other),
                shared=lambda other: len(mutuals(reading, member, other)),
            )

        return self._page(ask, cursor, as_of, INVITATIONS)

    def thread(self, inviter: str, invitee: str, viewer: str | None = None, as_of: AsOf = None) -> list[Message]:
        """The messages of an invitation, in order: the note, then questions and answers (S17)."""
        with self.reading(as_of, *INVITATIONS) as reading:
            return thread(reading, inviter, invitee, viewer)

    def acceptance_rates(self, as_of: AsOf = None) -> dict[str, AcceptanceRate]:
        """How many invitations were sent and accepted, with a custom and with the default note (S11)."""
        with self.reading(as_of, *INVITATIONS) as reading:
            return acceptance_rates(reading)

    # Members to each other

    def profile(self, member: str, viewer: str | None = None, as_of: AsOf = None) -> Profile:
        """A member's profile as the viewer sees it. Refused `not_available`, `blocked_by_you`."""
        with self.reading(as_of, *EVERYTHING) as reading:
            return profile(reading, member, viewer, lambda one, other: self._relationship(reading, one, other))

    def relationship(self, viewer: str, member: str, as_of: AsOf = None) -> Relationship:
        """What a member is to a viewer, and which actions are possible, or why not (G5)."""
        with self.reading(as_of, *EVERYTHING) as reading:
            return self._relationship(reading, viewer, member)

    def relationships(
        self, viewer: str, members: Iterable[str], as_of: AsOf = None
    ) -> dict[str, Relationship | Refused]:
        """`relationship` for many: for each the answer, or the refusal."""
        with self.reading(as_of, *EVERYTHING) as reading:
            graph = self._graph(reading)
            facts = PastFacts(self.log, reading.as_of, reading.now)
            return relationships(reading, facts, viewer, members, lambda other: degree(graph, viewer, other))

    # The graph

    def degree(self, viewer: str, member: str, as_of: AsOf = None) -> int | None:
        """How far two members are apart: 0 oneself, 1, 2, 3, None out of network (G1)."""
        return self.degrees(viewer, (member,), as_of)[0]

    def degrees(self, viewer: str, members: Sequence[str], as_of: AsOf = None) -> list[int | None]:
        """The degree of each of many members to one viewer."""
        with self.reading(as_of, *GRAPH) as reading:
            return degrees(self._graph(reading), viewer, members)

    def path(self, viewer: str, member: str, as_of: AsOf = None) -> tuple[str | None, ...] | None:
        """A shortest way from a viewer to a member, both included; None in the place of one not to be named (G3)."""
        with self.reading(as_of, *GRAPH) as reading:
            return path(reading, self._graph(reading), viewer, member)

    def mutual_connections(
        self,
        one: str,
        other: str,
        viewer: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        as_of: AsOf = None,
    ) -> Page[MutualRow]:
        """Who is connected with both, as far as the viewer may know (G2), by id."""
        return self._keyed_page(
            lambda reading, after: mutual_connections(reading, one, other, viewer, limit, after), cursor, as_of, GRAPH
        )

    def suggestions(
        self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[SuggestionRow]:
        """Whom a member may know (G4), most mutual connections first."""
        return self._keyed_page(
            lambda reading, after: suggestions(reading, self._graph(reading), member, limit, after),
            cursor,
            as_of,
            INVITATIONS,
        )

    # How they are asked

    def _page(self, ask: Callable[[Reading, int], Page[R]], cursor: str | None, as_of: AsOf, needs: Needs) -> Page[R]:
        """A page whose key is a position."""

        def ask_keyed(reading: Reading, after: str) -> Page[R]:
            if after and not (after.isascii() and after.isdigit()):
                raise Refused("bad_cursor")
            return ask(reading, int(after) if after else OPEN)

        return self._keyed_page(ask_keyed, cursor, as_of, needs)

    def _keyed_page(
        self, ask: Callable[[Reading, str], Page[R]], cursor: str | None, as_of: AsOf, needs: Needs
    ) -> Page[R]:
        if cursor is None:
            asked = self.reading(as_of, *needs)
            after = ""
        else:
            position, after = parse_cursor(cursor)
            if position > self.log.head():
                raise Refused("bad_cursor")
            # The next page of a live list holds expiry against the clock, as its first did; that of an as-of list is
            # as-of.
            asked = self.snapshot(position, None) if as_of is None else self.reading(position, *needs)
        with asked as reading:
            page = ask(reading, after)
            position, now = reading.as_of, reading.now

        @cache
        def count() -> int:
            with self.snapshot(position, now) as again:
                return ask(again, "").count()

        return replace(page, count=count)

    def _relationship(self, reading: Reading, viewer: str, member: str) -> Relationship:
        facts = PastFacts(self.log, reading.as_of, reading.now)
        return relationship(reading, facts, viewer, member, lambda other: degree(self._graph(reading), viewer, other))

    def _graph(self, reading: Reading) -> Graph:
        """The graph as of a reading: from memory, or from the tables if the reading is behind what is kept."""
        with self._adjacency_lock:
            kept = self._adjacency
            if kept is None or reading.as_of - kept.position > ADVANCE_EVENTS_MAX:
                self._adjacency = kept = Adjacency.load(reading)
            while kept.position < reading.as_of:
                rows = self.log.page(kept.position, min(ADVANCE_PAGE, reading.as_of - kept.position))
                # Events of types unknown to this release change nothing here: they are passed over (B11).
                kept.advance(decode(row for row in rows if row[1] in EVENTS.by_name), rows[-1][0])
            return graph_of(reading, kept)
