"""Each query says which read models it reads: so it answers while others are being filled, or have stopped."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from support.feed_network import FeedNetwork

from domain import ChangeFollowerSetting, FollowerSetting, MarkNoticesRead, MuteMember, ReplyKind, ReplyToInvitation
from projections.feeds import hashtag_pages, pages
from projections.feeds.newest import NewestKept
from projections.following import READS as FOLLOWING
from projections.following import (
    blocked,
    follower_count,
    followers,
    following,
    following_count,
    follows,
    hashtags,
    muted,
)
from projections.notices import READS as NOTICES
from projections.notices import notices
from projections.projection import DerivedProjection, Projection
from projections.reading import Page, Reading

Model = Projection | DerivedProjection
TABLE = re.compile(r"\bmain\.(\w+)_\d+")
QUERIES: dict[str, tuple[Callable[..., Any], Sequence[Model]]] = {
    "feed": (lambda reading, member: pages.feed(reading, member, 1), pages.READS),
    "feed, from memory": (
        lambda reading, member: pages.feed(reading, member, 50, bounds_of=NewestKept().bounds),
        pages.READS,
    ),
    "why": (lambda reading, member: [pages.why(reading, member, item) for item in ("a-1", "a-3", "d-1")], pages.READS),
    "hashtag": (lambda reading, member: hashtag_pages.hashtag(reading, "tea", member, 1), hashtag_pages.READS),
    "followers": (followers, FOLLOWING),
    "following": (following, FOLLOWING),
    "follower_count": (follower_count, FOLLOWING),
    "following_count": (following_count, FOLLOWING),
    "follows": (lambda reading, member: follows(reading, member, "ada"), FOLLOWING),
    "muted": (muted, FOLLOWING),
    "blocked": (blocked, FOLLOWING),
    "hashtags": (hashtags, FOLLOWING),
    "notices": (notices, NOTICES),
}


@pytest.fixture(scope="module")
def network() -> FeedNetwork:
    """A network in which each of these queries goes as far as it can: caps are met, members were away, and so on."""
    network = FeedNetwork(push=2)
    network.policy(connections_cap=1, status_updates_to_followers=0.5)
    network.connect("ada", "bob")
    network.hibernate("bob")
    network.connect("ada", "cy")
    network.reactivate("bob")
    network.follow("dan", "ada", "bob", "eve")
    network.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.CONNECTIONS))
    network.follow("eve", "dan")
    network.follow_hashtag("dan", "tea")
    network.post("ada", "a-1", "a-2", text="#tea")
    network.status("eve", "a-3", text="#tea")
    network.post("dan", "d-1", text="#tea")
    network.share("eve", "a-1")
    network.share("eve", "d-1")
    network.do(MuteMember(muter="dan", muted="bob"))
    network.block("dan", "acme")
    network.invite("eve", "dan")
    network.do(ReplyToInvitation(inviter="eve", invitee="dan", kind=ReplyKind.ASK, text="Who?"))
    network.do(MarkNoticesRead(member="eve", up_to=3))
    network.do(ReplyToInvitation(inviter="eve", invitee="dan", kind=ReplyKind.ASK, text="Who?"))
    return network


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_reads_what_it_says_and_nothing_else(network: FeedNetwork, name: str) -> None:
    query, reads = QUERIES[name]
    allowed = {table.name for model in reads for table in model.tables}
    assert tables_read(network, query) <= allowed


def tables_read(network: FeedNetwork, query: Callable[..., Any]) -> set[str]:
    """The tables that a query reads for anybody in the network."""
    found: set[str] = set()

    def watched(reading: Reading) -> None:
        answer = reading.all

        def all_(sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
            for *_, step in answer("EXPLAIN QUERY PLAN " + sql, **parameters):
                found.update(TABLE.findall(step))
            return answer(sql, **parameters)

        reading.all = all_  # type: ignore[method-assign]
        for member in ("ada", "bob", "cy", "dan", "eve", "acme"):
            shown = query(reading, member)
            if isinstance(shown, Page):
                assert shown.total >= len(shown.rows)

    network.ask(watched)
    return found


def test_what_a_query_reads_is_seen(network: FeedNetwork) -> None:
    """Else the tests above would hold whatever is read."""
    assert {"activity", "follow", "feed_entry", "hashtag_item", "mute"} <= tables_read(network, QUERIES["feed"][0])
    assert {"notice", "invitation", "connection", "ignored"} <= tables_read(network, notices)
