"""The questions a network answers: every query of the Python door, each as of now or of any earlier point.

Lists come in pages, newest first unless said otherwise. `limit`: rows a page; `cursor`: that of the page before;
`as_of`: a position or a time. `viewer`: the member who asks, on whom it depends what is shown; None is the host, who is
shown what the member themselves is. As of the past, only the host still sees who has been erased since.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from domain.identifiers import normal_hashtag
from domain.refusals import Refused
from infrastructure.graph_in_memory import GraphInMemory
from infrastructure.log import Log
from infrastructure.newest_in_memory import NewestInMemory
from infrastructure.paging import AsOf, Listing, Moment, Needs, Pages, before, left_in, names
from infrastructure.query_arguments import checks_arguments, is_identifier, require_members
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

GRAPH: Needs = ("members", "graph", "privacy")
FOLLOWS: Needs = names(FOLLOWING_READS)
FEED: Needs = names(FEED_READS)
HASHTAG: Needs = names(HASHTAG_READS)
INVITATIONS: Needs = (*GRAPH, "invitations")
NOTICES: Needs = names(NOTICES_READS)
EVERYTHING: Needs = ()


@checks_arguments
class Queries(ABC):
    """The queries, over whatever gives readings of a log and its read models."""

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
        """A member's feed (section 6 of the rules): rows have item, author, kind, causes, position, published_at."""
        listing = Listing(
            "feed",
            (viewer,),
            FEED,
            lambda reading, last, size: feed(reading, viewer, size, before(last), self._newest.bounds),
            lambda newest: left_in_feed(newest, viewer),
        )
        return self._pages.page(listing, limit, cursor, as_of)

    def why(self, viewer: str, item: str, as_of: AsOf = None) -> Why:
        """Why an item is in a member's feed: its causes with their events; or the first rule that keeps it out (F9)."""
        with self.reading(as_of, *FEED, by_viewer=True) as reading:
            return why(reading, viewer, item)

    def hashtag(
        self, name: str, viewer: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[HashtagItem]:
        """The items under a hashtag and their authors, each with whether the viewer may follow (S43)."""
        try:
            normal = normal_hashtag(name)
        except ValueError as error:
            raise Refused("bad_hashtag") from error
        return self._list(hashtag, (normal, viewer), HASHTAG, limit, cursor, as_of)

    # Lists of a member

    def connections(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[ConnectionRow]:
        """A member's connections (G6). Refused `not_available` to whom they are not shown."""
        return self._list(connections, (member, viewer), GRAPH, limit, cursor, as_of, viewer is not None)

    def followers(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[FollowRow]:
        """Who effectively follows a member (X11); the member's own list."""
        return self._list(followers, (member, viewer), FOLLOWS, limit, cursor, as_of, viewer is not None)

    def following(
        self, member: str, viewer: str | None = None, limit: int = 20, cursor: str | None = None, as_of: AsOf = None
    ) -> Page[FollowRow]:
        """Whom a member effectively follows (X11); the member's own list."""
        return self._list(following, (member, viewer), FOLLOWS, limit, cursor, as_of, viewer is not None)

    def hashtags(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[HashtagRow]:
        """The hashtags that a member follows."""
        return self._list(hashtags, (member,), FOLLOWS, limit, cursor, as_of)

    def muted(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[MemberRow]:
        """Whom a member has muted."""
        return self._list(muted, (member,), GRAPH, limit, cursor, as_of)

    def blocked(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[MemberRow]:
        """Whom a member has blocked."""
        return self._list(blocked, (member,), GRAPH, limit, cursor, as_of)

    def notices(self, member: str, limit: int = 20, cursor: str | None = None, as_of: AsOf = None) -> Page[NoticeRow]:
        """What a member is told of (section 10 of the rules)."""
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
        """A member's invitations: box received, sent, archived or barred; `wanted` filters (S23)."""

        def ask(reading: Reading, last: str, size: int) -> Page[InvitationRow]:
            graph = self._graph.as_of(reading)
            return invitations(
                reading,
                member,
                box,
                size,
                before(last),
                wanted,
                degree=lambda other: degree(graph, member, other),
                shared=lambda other: len(mutuals(reading, member, other)),
            )

        listing = Listing("invitations", (member, box, *wanted.values), INVITATIONS, ask)
        return self._pages.page(listing, limit, cursor, as_of)

    def thread(self, inviter: str, invitee: str, viewer: str | None = None, as_of: AsOf = None) -> list[Message]:
        """The messages of an invitation, in order: the note, then questions and answers (S17)."""
        with self.reading(as_of, *INVITATIONS, by_viewer=viewer is not None) as reading:
            return thread(reading, inviter, invitee, viewer)

    def acceptance_rates(self, as_of: AsOf = None) -> dict[str, AcceptanceRate]:
        """How many invitations were sent and accepted, with a custom and with the default note (S11)."""
        with self.reading(as_of, *INVITATIONS) as reading:
            return acceptance_rates(reading)

    # Members to each other

    def profile(self, member: str, viewer: str | None = None, as_of: AsOf = None) -> Profile:
        """A member's profile as the viewer sees it. Refused `not_available`, `blocked_by_you`."""
        with self.reading(as_of, *EVERYTHING, by_viewer=viewer is not None) as reading:
            return profile(reading, member, viewer, lambda one, other: self._relationship(reading, one, other))

    def relationship(self, viewer: str, member: str, as_of: AsOf = None) -> Relationship:
        """What a member is to a viewer, and which actions are possible, or why not (G5)."""
        with self.reading(as_of, *EVERYTHING, by_viewer=True) as reading:
            return self._relationship(reading, viewer, member)

    def relationships(
        self, viewer: str, members: Iterable[str], as_of: AsOf = None
    ) -> dict[str, Relationship | Refused]:
        """`relationship` for many: for each the answer, or the refusal."""
        members = require_members(members)
        with self.reading(as_of, *EVERYTHING, by_viewer=True) as reading:
            graph = self._graph.as_of(reading)
            facts = PastFacts(self.log, reading.as_of, reading.now)
            possible = filter(is_identifier, members)
            found = relationships(reading, facts, viewer, possible, lambda other: degree(graph, viewer, other))
            return {member: found.get(member) or Refused("not_available") for member in members}

    # The graph

    def degree(self, viewer: str, member: str, as_of: AsOf = None) -> int | None:
        """How far two members are apart: 0 oneself, 1, 2, 3, None out of network (G1)."""
        return self.degrees(viewer, (member,), as_of)[0]

    def degrees(self, viewer: str, members: Sequence[str], as_of: AsOf = None) -> list[int | None]:
        """The degree of each of many members to one viewer."""
        members = require_members(members)
        with self.reading(as_of, *GRAPH, by_viewer=True) as reading:
            require_viewer(reading, viewer)
            return degrees(self._graph.as_of(reading), viewer, members)

    def path(self, viewer: str, member: str, as_of: AsOf = None) -> tuple[str | None, ...] | None:
        """A shortest way from a viewer to a member, both included; None in the place of one not to be named (G3)."""
        with self.reading(as_of, *GRAPH, by_viewer=True) as reading:
            require_viewer(reading, viewer)
            return path(reading, self._graph.as_of(reading), viewer, member)

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
        """Whom a member may know (G4), most mutual connections first."""
        listing = Listing(
            "suggestions",
            (member,),
            INVITATIONS,
            lambda reading, last, size: suggestions(reading, self._graph.as_of(reading), member, size, last),
            lambda newest: left_among_suggested(newest, self._graph.as_of(newest), member),
        )
        return self._pages.page(listing, limit, cursor, as_of)

    # How they are asked

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
