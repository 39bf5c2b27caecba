"""The queries of a network: everything that the Python door answers, each as of now or of any earlier point.

What all of them have in common: `viewer` is the member who asks, and is shown what may be shown to them; None is the
host, who is shown what the member themselves would be. `as_of` is a position of the log or a datetime with a time zone;
as of the past, only the host still sees members who have been erased since. Lists come in pages, newest first unless
the docstring says otherwise: `limit` is the number of rows from 1 to 1000, `cursor` that of the page before.

A wrong type is a TypeError that names the argument. Refused: `not_available` for a member or an item who is not there
for the viewer, or whose id nobody can have; `bad_as_of`, `bad_limit`, `bad_cursor`; `projection_stopped`. NotYet while
the read models have not come so far.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from domain.identifiers import normal_hashtag
from domain.refusals import Refused
from infrastructure.log import Log
from infrastructure.queries.arguments import checks_arguments, is_member_id, require_members
from infrastructure.queries.graph_in_memory import GraphInMemory
from infrastructure.queries.newest_in_memory import NewestInMemory
from infrastructure.queries.paging import AsOf, Listing, Moment, Needs, Pages, before, left_in, names
from infrastructure.read_models.reading import PastFacts
from projections.connections import (
    ConnectionRow,
    MutualRow,
    connections,
    mutual_connections,
    mutuals,
    named_mutuals,
)
from projections.degrees.degrees import degree, degrees, path
from projections.degrees.suggestions import SuggestionRow, left_among_suggested, suggestions
from projections.feeds.hashtag_pages import READS as HASHTAG_READS
from projections.feeds.hashtag_pages import HashtagItem, hashtag
from projections.feeds.judging import FeedEntry
from projections.feeds.pages import READS as FEED_READS
from projections.feeds.pages import Why, feed, left_in_feed, why
from projections.following import READS as FOLLOWING_READS
from projections.following import (
    FollowRow,
    HashtagRow,
    MemberRow,
    blocked,
    followers,
    following,
    hashtags,
    muted,
)
from projections.invitation_boxes import ANY, InvitationRow, Wanted, invitations
from projections.invitation_threads import AcceptanceRate, Message, acceptance_rates, thread
from projections.notices import READS as NOTICES_READS
from projections.notices import NoticeRow, notices
from projections.profiles import Profile, profile
from projections.reading import Page, Reading
from projections.relationships import Relationship, relationship, relationships
from projections.visibility import require_viewer

R = TypeVar("R")

GRAPH: Needs = ("members", "connections", "blocks_and_mutes")
FOLLOWS: Needs = names(FOLLOWING_READS)
FEED: Needs = names(FEED_READS)
HASHTAG: Needs = names(HASHTAG_READS)
INVITATIONS: Needs = (*GRAPH, "invitations")
NOTICES: Needs = names(NOTICES_READS)
EVERYTHING: Needs = ()


@checks_arguments
class Queries(ABC):
    """The queries, over readings of a log and its read models."""

    log: Log

    def __init__(self, pages: Pages, graph: GraphInMemory) -> None:
        self._pages = pages
        self._graph = graph
        self._newest = NewestInMemory()

    @abstractmethod
    def reading(
        self, as_of: AsOf | Moment = None, *needs: str, reached: int = 0, by_viewer: bool = False
    ) -> AbstractContextManager[Reading]:
        """One consistent snapshot to query."""

    # Feeds

    def feed(self, viewer: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[FeedEntry]:
        """A member's feed (section 6 of the rules)."""
        listing = Listing(
            "feed",
            (viewer,),
            FEED,
            lambda reading, last, size: feed(reading, viewer, size, before(last), self._newest.bounds),
            lambda newest: left_in_feed(newest, viewer),
        )
        return self._pages.page(listing, limit, cursor, as_of)

    def why(self, viewer: str, item: str, as_of: AsOf = None) -> Why:
        """Why an item is in a member's feed: its causes with their events. Or the first rule that keeps it out (F9)."""
        with self.reading(as_of, *FEED, by_viewer=True) as reading:
            return why(reading, viewer, item)

    def hashtag(
        self, name: str, viewer: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[HashtagItem]:
        """The items under a hashtag, with their authors and whether the viewer may follow these (S43). Refused
        `bad_hashtag`."""
        try:
            normal = normal_hashtag(name)
        except ValueError as error:
            raise Refused("bad_hashtag") from error
        return self._list(hashtag, (normal, viewer), HASHTAG, limit, cursor, as_of)

    # Lists of a member

    def connections(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[ConnectionRow]:
        """A member's connections (G6). Refused `not_available` where they are not shown to the viewer."""
        return self._list(connections, (member, viewer), GRAPH, limit, cursor, as_of, viewer is not None)

    def followers(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[FollowRow]:
        """The members who effectively follow a member (X11). Only the member and the host may see them."""
        return self._list(followers, (member, viewer), FOLLOWS, limit, cursor, as_of, viewer is not None)

    def following(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[FollowRow]:
        """The members that a member effectively follows (X11). Only the member and the host may see them."""
        return self._list(following, (member, viewer), FOLLOWS, limit, cursor, as_of, viewer is not None)

    def hashtags(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[HashtagRow]:
        """The hashtags that a member follows."""
        return self._list(hashtags, (member,), FOLLOWS, limit, cursor, as_of)

    def muted(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[MemberRow]:
        """The members that a member has muted."""
        return self._list(muted, (member,), GRAPH, limit, cursor, as_of)

    def blocked(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[MemberRow]:
        """The members that a member has blocked."""
        return self._list(blocked, (member,), GRAPH, limit, cursor, as_of)

    def notices(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[NoticeRow]:
        """A member's notices (section 10 of the rules)."""
        return self._list(notices, (member,), NOTICES, limit, cursor, as_of)

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
        """A member's invitations. `box`: received, sent, archived or barred; `wanted` filters them (S23). Refused
        `bad_box`."""

        graph = cache(self._graph.as_of)  # only a filter by degrees needs it

        def ask(reading: Reading, last: str, size: int) -> Page[InvitationRow]:
            return invitations(
                reading,
                member,
                box,
                size,
                before(last),
                wanted,
                degree=lambda other: degree(graph(reading), member, other),
                shared=lambda other: len(mutuals(reading, member, other)),
            )

        listing = Listing("invitations", (member, box, *wanted.values), INVITATIONS, ask)
        return self._pages.page(listing, limit, cursor, as_of)

    def thread(self, inviter: str, invitee: str, viewer: str | None = None, as_of: AsOf = None) -> list[Message]:
        """The messages of an invitation, in order: the note, then the questions and answers (S17)."""
        with self.reading(as_of, *INVITATIONS, by_viewer=viewer is not None) as reading:
            return thread(reading, inviter, invitee, viewer)

    def acceptance_rates(self, as_of: AsOf = None) -> dict[str, AcceptanceRate]:
        """How many invitations were sent and how many of them accepted, by kind of note: custom, default (S11)."""
        with self.reading(as_of, *INVITATIONS) as reading:
            return acceptance_rates(reading)

    # Members to each other

    def profile(self, member: str, viewer: str | None = None, as_of: AsOf = None) -> Profile:
        """A member's profile as the viewer sees it. Refused `not_available`, `blocked_by_you`."""
        with self.reading(as_of, *EVERYTHING, by_viewer=viewer is not None) as reading:
            return profile(reading, member, viewer, lambda one, other: self._relationship(reading, one, other))

    def relationship(self, viewer: str, member: str, as_of: AsOf = None) -> Relationship:
        """What a member is to a viewer, and which actions are possible, or why they are not (G5)."""
        with self.reading(as_of, *EVERYTHING, by_viewer=True) as reading:
            return self._relationship(reading, viewer, member)

    def relationships(
        self, viewer: str, members: Iterable[str], as_of: AsOf = None
    ) -> dict[str, Relationship | Refused]:
        """`relationship` for many members: for each the answer, or the refusal."""
        members = require_members(members)
        with self.reading(as_of, *EVERYTHING, by_viewer=True) as reading:
            graph = self._graph.as_of(reading)
            facts = PastFacts(self.log, reading.as_of, reading.now)
            possible = filter(is_member_id, members)
            found = relationships(reading, facts, viewer, possible, lambda other: degree(graph, viewer, other))
            return {member: found.get(member) or Refused("not_available") for member in members}

    # The graph

    def degree(self, viewer: str, member: str, as_of: AsOf = None) -> int | None:
        """The degree of a member to a viewer: 0 for themselves, 1, 2, 3, or None out of network (G1)."""
        return self.degrees(viewer, (member,), as_of)[0]

    def degrees(self, viewer: str, members: Sequence[str], as_of: AsOf = None) -> list[int | None]:
        """The degrees of many members to one viewer, in the order given."""
        members = require_members(members)
        with self.reading(as_of, *GRAPH, by_viewer=True) as reading:
            require_viewer(reading, viewer)
            return degrees(self._graph.as_of(reading), viewer, members)

    def path(self, viewer: str, member: str, as_of: AsOf = None) -> tuple[str | None, ...] | None:
        """A shortest path from a viewer to a member, both included, or None out of network. In it, None stands for a
        member who may not be named to the viewer: the second of a path of degree 3 (G3)."""
        with self.reading(as_of, *GRAPH, by_viewer=True) as reading:
            require_viewer(reading, viewer)
            return path(self._graph.as_of(reading), viewer, member)

    def mutual_connections(
        self,
        one: str,
        other: str,
        viewer: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        as_of: AsOf = None,
    ) -> Page[MutualRow]:
        """The members who are connected with both (G2), by id. Refused `not_yours` for a viewer who is neither."""
        listing = Listing(
            "mutual_connections",
            (one, other, viewer),
            GRAPH,
            lambda reading, last, size: mutual_connections(reading, one, other, viewer, size, last),
            lambda newest: left_in(named_mutuals(newest, one, other, viewer)),
            viewer is not None,
        )
        return self._pages.page(listing, limit, cursor, as_of)

    def suggestions(
        self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[SuggestionRow]:
        """People that a member may know (G4), most mutual connections first."""
        listing = Listing(
            "suggestions",
            (member,),
            INVITATIONS,
            lambda reading, last, size: suggestions(reading, self._graph.as_of(reading), member, size, last),
            lambda newest: left_among_suggested(newest, self._graph.as_of(newest), member),
        )
        return self._pages.page(listing, limit, cursor, as_of)

    # What they have in common

    def _list(
        self,
        function: Callable[..., Page[R]],
        about: tuple[str | None, ...],
        needs: Needs,
        limit: int,
        cursor: str | None,
        as_of: AsOf,
        by_viewer: bool = True,
    ) -> Page[R]:
        """A page of a list whose key is a position."""

        def ask(reading: Reading, last: str, size: int) -> Page[R]:
            return function(reading, *about, size, before(last))

        listing = Listing(function.__name__, about, needs, ask, by_viewer=by_viewer)
        return self._pages.page(listing, limit, cursor, as_of)

    def _relationship(self, reading: Reading, viewer: str, member: str) -> Relationship:
        facts = PastFacts(self.log, reading.as_of, reading.now)
        graph = self._graph
        return relationship(reading, facts, viewer, member, lambda other: degree(graph.as_of(reading), viewer, other))
