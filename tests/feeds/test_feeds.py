"""Feeds: what is in them and what is not (F1-F3), with nothing, something and everything pushed."""

import pytest
from support.feed_network import PUSHES, FeedNetwork

from domain import (
    BlockMember,
    ChangeFollowerSetting,
    DeletePost,
    EraseMember,
    FollowerSetting,
    LiftRestriction,
    MuteMember,
    RemoveConnection,
    RemoveFollower,
    RestrictMember,
    UnblockMember,
    Unfollow,
    UnfollowHashtag,
    UnmuteMember,
)
from domain.identifiers import DAY
from projections.feeds.pages import feed

GONE = ("not_available", "F1")


@pytest.fixture(params=PUSHES, ids=lambda push: f"push-{push}")
def network(request: pytest.FixtureRequest) -> FeedNetwork:
    return FeedNetwork(request.param)


# What is not shown, and not told apart: F1, F9


def test_f1_h10_a_deleted_item_is_gone_for_good(network: FeedNetwork) -> None:
    """Peer 119."""
    network.follow("bob", "ada")
    network.post("ada", "old", "new")
    network.share("cy", "old")
    network.follow("bob", "cy")
    network.delete("ada", "old")
    assert network.code(DeletePost(author="ada", item="old")) is None
    assert network.feed("bob") == ["new"]
    assert network.kept_out("bob", "old") == GONE


@pytest.mark.parametrize("act", ["hibernate", "restrict", "erase", "block", "blocked"])
def test_f1_x16_hidden_erased_and_blocking_authors_look_the_same(network: FeedNetwork, act: str) -> None:
    """Peers 77, 81, 127: the items go, and those that others shared of them; the rest stays in order."""
    network.follow("bob", "ada", "cy")
    network.post("cy", "first")
    network.post("ada", "item")
    network.share("cy", "item")
    network.post("cy", "last")
    assert network.feed("bob") == ["last", "item", "first"]
    network.part("bob", "ada", act)
    assert network.feed("bob") == ["last", "first"]
    assert network.kept_out("bob", "item") == network.kept_out("bob", "never-published") == GONE


def test_f1_what_was_hidden_shows_again_on_return(network: FeedNetwork) -> None:
    network.follow("bob", "ada")
    network.post("ada", "item")
    network.hibernate("ada")
    network.do(RestrictMember(member="ada"))
    network.do(LiftRestriction(member="ada"))
    assert network.feed("bob") == []
    network.reactivate("ada")
    assert network.feed("bob") == ["item"]


def test_peer_74_an_unblock_brings_nothing_back(network: FeedNetwork) -> None:
    network.follow("bob", "ada")
    network.post("ada", "item")
    network.block("bob", "ada")
    network.do(UnblockMember(blocker="bob", blocked="ada"))
    assert network.feed("bob") == []
    assert network.kept_out("bob", "item") == ("no_cause", "F3")


@pytest.mark.parametrize("blocker", ["bob", "ada"])
def test_h19_peers_78_79_no_share_carries_a_blocked_author(network: FeedNetwork, blocker: str) -> None:
    """The share came before the block or comes after it; to the sharer and to third parties it shows."""
    network.follow("bob", "cy")
    network.follow("dan", "cy")
    network.follow("cy", "ada")
    network.post("ada", "before", "after")
    network.share("cy", "before")
    network.do(BlockMember(blocker=blocker, blocked=("ada" if blocker == "bob" else "bob")))
    network.share("cy", "after")
    assert network.feed("bob") == []
    assert network.feed("dan") == ["after", "before"]
    assert set(network.feed("cy")) == {"before", "after"}


def test_h19_a_share_by_someone_blocked_carries_nothing(network: FeedNetwork) -> None:
    network.follow("bob", "cy", "dan")
    network.post("ada", "item")
    network.share("cy", "item")
    assert network.causes("bob", "item") == {"share cy"}
    network.block("cy", "bob")
    assert network.kept_out("bob", "item") == ("no_cause", "F3")
    network.share("dan", "item")
    assert network.causes("bob", "item") == {"share dan"}


def test_f1_peer_91_mute_hides_past_and_future_and_nothing_else(network: FeedNetwork) -> None:
    network.follow("bob", "ada")
    network.post("ada", "past")
    network.do(MuteMember(muter="bob", muted="ada"))
    network.post("ada", "future")
    assert network.feed("bob") == []
    assert network.kept_out("bob", "past") == ("muted", "F1")
    network.do(UnmuteMember(muter="bob", muted="ada"))
    assert network.feed("bob") == ["future", "past"]


def test_peers_94_95_a_muted_member_is_heard_neither_as_author_nor_as_sharer(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy")
    network.do(MuteMember(muter="bob", muted="ada"))
    network.post("ada", "of-ada")
    network.post("dan", "of-dan")
    network.share("cy", "of-ada")
    network.share("ada", "of-dan")
    assert network.feed("bob") == []
    network.share("cy", "of-dan")
    assert network.causes("bob", "of-dan") == {"share cy"}
    assert network.feed("bob") == ["of-dan"]


def test_x15_the_feed_of_who_hibernates_stays(network: FeedNetwork) -> None:
    """Section 7: what others publish is not taken from who hibernates; who is erased has no feed."""
    network.connect("ada", "bob")
    network.post("ada", "item")
    network.post("ada", "close", to_connections=True)
    network.hibernate("bob")
    assert network.feed("bob") == ["close", "item"]
    network.reactivate("bob")
    network.do(EraseMember(member="bob"))
    assert network.refusal(feed, "bob") == network.refusal(feed, "nobody") == "not_available"
    assert {(found.code, found.rule) for found in (network.why(each, "item") for each in ("bob", "nobody"))} == {GONE}


# For whom, F2


def test_f2_h18_items_for_connections_reach_those_connected_now(network: FeedNetwork) -> None:
    """Peer 109. To others they are not there; who connects later sees what the backfill brings."""
    network.follow("bob", "ada")
    network.connect("ada", "cy")
    network.post("ada", "close", to_connections=True, text="#tea")
    network.follow_hashtag("bob", "tea")
    assert network.kept_out("bob", "close") == network.kept_out("dan", "close") == GONE
    assert network.causes("cy", "close") == {"follow ada"}
    network.connect("ada", "bob")
    assert network.causes("bob", "close") == {"follow ada"}
    network.do(RemoveConnection(member="bob", other="ada"))
    assert network.kept_out("bob", "close") == GONE


def test_f2_peer_114_items_for_connections_come_by_no_hashtag(network: FeedNetwork) -> None:
    network.follow_hashtag("cy", "tea")
    network.connect("ada", "cy")
    network.do(Unfollow(follower="cy", followee="ada"))
    network.post("ada", "close", to_connections=True, text="#tea")
    assert network.kept_out("cy", "close") == ("no_cause", "F3")


# By what, F3


def test_f3_s28_s44_a_follow_brings_what_comes_after_it(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "acme")
    network.post("ada", "one")
    network.publish_article("acme", "two")
    assert network.feed("bob") == ["two", "one"]
    (cause,) = network.why("bob", "one").causes
    event = network.ask(lambda reading: reading.event(cause.position))
    assert (event.follower, event.followee) == ("bob", "ada")


def test_s7_s33_peer_115_no_cause_no_item(network: FeedNetwork) -> None:
    network.follow("ada", "bob")
    network.post("ada", "item")
    assert network.feed("bob") == []
    assert network.kept_out("bob", "item") == ("no_cause", "F3")


def test_f3_peer_117_backfill_counts_the_newest_that_stood_then(network: FeedNetwork) -> None:
    """Originals of any kind count, those deleted since too; shares and those deleted before do not."""
    network.policy(backfill_items=3)
    network.post("cy", "shared")
    network.post("ada", "oldest", "old", "deleted-before")
    network.delete("ada", "deleted-before")
    network.publish_article("ada", "article")
    network.post("ada", "deleted-after")
    network.share("ada", "shared")
    network.follow("bob", "ada")
    network.delete("ada", "deleted-after")
    assert network.feed("bob") == ["article", "old"]
    assert network.kept_out("bob", "oldest") == ("no_cause", "F3")


def test_f3_x16_backfill_counts_only_what_the_viewer_may_see(network: FeedNetwork) -> None:
    """Else a stranger could tell from what is missing that something was published for connections alone (F2)."""
    network.policy(backfill_items=2)
    network.post("ada", "oldest", "old")
    network.post("ada", "close", "closer", to_connections=True)
    network.follow("bob", "ada")
    assert network.feed("bob") == ["old", "oldest"]
    network.connect("ada", "bob")
    assert network.feed("bob") == ["closer", "close"]
    network.connect("ada", "cy")
    assert network.feed("cy") == ["closer", "close"]


def test_f3_backfill_ends_where_items_were_too_old_at_the_follow(network: FeedNetwork) -> None:
    network.post("ada", "too-old")
    network.wait(DAY)
    network.post("ada", "just")
    published = network.now
    network.wait(DAY)
    network.post("ada", "young")
    network.now = published + 30 * DAY - 1_000_000
    network.follow("bob", "ada")  # a second later: "just" is 30 days old to the microsecond
    network.wait(100 * DAY)
    assert network.feed("bob") == ["young", "just"]


@pytest.mark.parametrize(("items", "expected"), [(0, []), (1, ["b"]), (None, ["b", "a"])])
def test_f3_backfill_follows_the_policy_of_the_follows_own_time(
    network: FeedNetwork, items: int | None, expected: list[str]
) -> None:
    network.post("ada", "a")
    network.wait(60 * DAY)
    network.post("ada", "b")
    network.policy(backfill_items=items, backfill_days=None)
    network.follow("bob", "ada")
    network.policy(backfill_items=1 if items is None else None)
    assert network.feed("bob") == expected


def test_h7_peer_118_items_leave_with_the_follow_and_a_new_one_begins_anew(network: FeedNetwork) -> None:
    network.policy(backfill_items=1)
    network.follow("bob", "ada", "cy")
    network.post("ada", "first", "second")
    network.post("cy", "other")
    before = network.head
    network.do(Unfollow(follower="bob", followee="ada"))
    network.post("ada", "meanwhile")
    assert network.feed("bob") == ["other"]
    network.follow("bob", "ada")
    assert network.feed("bob") == ["meanwhile", "other"]
    assert network.feed("bob", as_of=before) == ["other", "second", "first"]


@pytest.mark.parametrize("end", [RemoveFollower(followee="ada", follower="bob"), None])
def test_f6_items_leave_when_the_follow_is_ended_by_the_other(network: FeedNetwork, end: RemoveFollower | None) -> None:
    network.connect("ada", "bob")
    network.post("ada", "item")
    network.do(end or RemoveConnection(member="ada", other="bob"))
    assert network.feed("bob") == []


def test_x10_x11_narrowing_hides_from_strangers_and_widening_shows_again(network: FeedNetwork) -> None:
    network.follow("bob", "ada")
    network.connect("ada", "cy")
    network.post("ada", "before")
    network.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.CONNECTIONS))
    network.post("ada", "during")
    assert network.feed("bob") == []
    assert network.feed("cy") == ["during", "before"]
    network.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE))
    assert network.feed("bob") == ["during", "before"]


def test_f3_s29_hashtags_bring_what_comes_after_they_were_followed(network: FeedNetwork) -> None:
    network.post("ada", "before", text="#tea")
    network.follow_hashtag("bob", "Tea")
    network.post("ada", "after", text="more #TEA")
    assert network.causes("bob", "after") == {"hashtag tea"}
    assert network.feed("bob") == ["after"]
    network.do(UnfollowHashtag(member="bob", hashtag="tea"))
    assert network.feed("bob") == []


def test_f3_s30_shares_bring_only_what_was_shared_after_the_follow(network: FeedNetwork) -> None:
    network.post("ada", "one", "two")
    network.share("cy", "one")
    network.follow("bob", "cy")
    network.share("cy", "two")
    assert network.feed("bob") == ["two"]
    assert network.kept_out("bob", "one") == ("no_cause", "F3")
