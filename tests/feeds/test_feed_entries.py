"""Entries of feeds: status updates, causes, order and explanations, with nothing, something and everything pushed."""

from itertools import permutations

import pytest
from support.feed_network import PUSHES, FeedNetwork

from domain import ChangePolicy, MuteMember, Unfollow, UnfollowHashtag
from domain.identifiers import DAY
from domain.items import falls_within

GONE = ("not_available", "F1")


@pytest.fixture(params=PUSHES, ids=lambda push: f"push-{push}")
def network(request: pytest.FixtureRequest) -> FeedNetwork:
    return FeedNetwork(request.param)


# Status updates, F4


@pytest.mark.parametrize("value", ["always", 0.5, "never"])
def test_f4_s31_s32_status_updates_to_followers_always_never_or_some(network: FeedNetwork, value: str | float) -> None:
    if value != "always":
        network.policy(status_updates_to_followers=value)
    network.follow("bob", "ada")
    network.connect("ada", "cy")
    items = [f"status-{number}" for number in range(12)]
    for item in items:
        network.status("ada", item)
    network.publish_article("ada", "article")
    network.post("ada", "post")
    newest_first = ["post", "article", *reversed(items)]
    some = [item for item in reversed(items) if falls_within(item, "bob", 0.5)]
    expected = {"always": newest_first, 0.5: ["post", "article", *some], "never": ["post", "article"]}
    assert network.feed("bob") == expected[value]
    assert network.feed("cy") == newest_first
    withheld = [item for item in items if item not in expected[value]]
    assert {network.kept_out("bob", item) for item in withheld} <= {("status_updates_withheld", "F4")}
    assert bool(withheld) == (value != "always")


def test_f4_the_policy_counts_that_was_in_force_at_publication(network: FeedNetwork) -> None:
    """Not the one of today, nor one that was recorded after the item and takes effect at the same instant."""
    network.follow("bob", "ada")
    network.status("ada", "free")
    at_once = ChangePolicy(values={"status_updates_to_followers": "never"}, effective_from=network.now)
    network.net.handle(at_once, now=network.now)
    network.status("ada", "withheld")
    later = network.now + DAY
    network.do(ChangePolicy(values={"status_updates_to_followers": "always"}, effective_from=later))
    network.status("ada", "withheld-too")
    network.now = later
    network.status("ada", "free-again")
    assert network.feed("bob") == ["free-again", "free"]
    assert network.kept_out("bob", "withheld-too") == ("status_updates_withheld", "F4")


def test_f4_a_withheld_status_update_comes_by_a_hashtag_or_a_share(network: FeedNetwork) -> None:
    network.policy(status_updates_to_followers="never")
    network.follow("bob", "ada", "cy")
    network.follow_hashtag("bob", "tea")
    network.status("ada", "tagged", text="#tea")
    network.status("ada", "shared")
    network.status("ada", "by-its-author")
    network.share("cy", "shared")
    network.share("ada", "by-its-author")
    assert network.causes("bob", "tagged") == {"hashtag tea"}
    assert network.kept_out("bob", "by-its-author") == ("status_updates_withheld", "F4")
    assert network.causes("bob", "shared") == {"share cy"}


# Entries, F5 to F7


def test_f5_h8_own_items_stay_out_whatever_shares_or_tags_them(network: FeedNetwork) -> None:
    network.follow("bob", "cy")
    network.follow_hashtag("bob", "tea")
    network.post("bob", "mine", text="#tea")
    network.post("cy", "theirs")
    network.share("cy", "mine")
    network.share("bob", "theirs")
    assert network.feed("bob") == ["theirs"]
    assert network.causes("bob", "theirs") == {"follow cy"}
    assert network.kept_out("bob", "mine") == ("own_item", "F5")


def test_f6_h8_an_entry_leaves_with_its_last_cause(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy")
    network.follow_hashtag("bob", "tea")
    network.post("ada", "item", text="#tea")
    network.share("cy", "item")
    assert network.causes("bob", "item") == {"follow ada", "hashtag tea", "share cy"}
    network.do(Unfollow(follower="bob", followee="ada"))
    network.do(Unfollow(follower="bob", followee="cy"))
    assert network.causes("bob", "item") == {"hashtag tea"}
    network.do(UnfollowHashtag(member="bob", hashtag="tea"))
    assert network.feed("bob") == []
    network.follow("bob", "ada")
    assert network.causes("bob", "item") == {"follow ada"}


def test_f7_h9_peer_122_newest_share_on_top_and_deleting_it_puts_it_back(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy", "dan")
    network.post("ada", "low", "middle")
    first = network.share("cy", "low")
    network.post("ada", "high")
    second = network.share("dan", first)  # F11: a share of a share shares the original
    network.share("eve", "low")
    assert network.feed("bob") == ["low", "high", "middle"]
    assert network.causes("bob", "low") == {"follow ada", "share cy", "share dan"}
    network.delete("dan", second)
    assert network.feed("bob") == ["high", "low", "middle"]
    network.delete("cy", first)
    assert network.feed("bob") == ["high", "middle", "low"]


def test_f9_why_of_a_share_explains_its_original(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy")
    network.post("ada", "item")
    share = network.share("cy", "item")
    assert network.why("bob", share) == network.why("bob", "item")
    network.block("cy", "bob")
    assert network.kept_out("bob", share) == GONE
    assert network.why("bob", "item").shown


def test_f9_a_share_by_a_muted_member_is_f1(network: FeedNetwork) -> None:
    """The mute is the first rule that keeps the item out, wherever a share of somebody muted would have brought it."""
    network.policy(status_updates_to_followers="never")
    network.follow("bob", "ada", "cy")
    network.status("ada", "status")
    network.post("dan", "post")
    share = network.share("cy", "post")
    network.share("cy", "status")
    network.do(MuteMember(muter="bob", muted="cy"))
    for item in ("post", share, "status"):
        assert network.kept_out("bob", item) == ("muted", "F1")
    network.delete("cy", share)
    assert network.kept_out("bob", "post") == ("no_cause", "F3")
    network.do(Unfollow(follower="bob", followee="cy"))
    assert network.kept_out("bob", "status") == ("status_updates_withheld", "F4")


@pytest.mark.parametrize("act", ["hibernate", "restrict", "erase", "block", "blocked"])
def test_f9_x16_why_never_tells_a_block_from_not_available(network: FeedNetwork, act: str) -> None:
    """A sharer who is kept from the viewer looks as if they had never shared, an author as if there were no item."""
    network.follow("bob", "ada", "cy")
    network.post("ada", "of-ada")
    network.post("dan", "of-dan")
    share = network.share("cy", "of-dan")
    network.do(MuteMember(muter="bob", muted="cy"), MuteMember(muter="bob", muted="ada"))
    network.part("bob", "ada", act)
    network.part("bob", "cy", act)
    assert network.kept_out("bob", "of-ada") == network.kept_out("bob", share) == GONE
    assert network.kept_out("bob", "of-dan") == ("no_cause", "F3")


def test_h9_any_order_of_arrival_gives_the_same_entries() -> None:
    """Shares by several, follows and deletions, in every order: what is in the feed, and by what, is the same."""
    outcomes = set()
    for order in permutations(("cy", "dan", "eve")):
        network = FeedNetwork(push=2)
        network.follow("bob", "cy", "dan")
        network.post("ada", "item")
        shares = {sharer: network.share(sharer, "item") for sharer in order}
        network.delete("cy", shares["cy"])
        outcomes.add(tuple(sorted(network.causes("bob", "item"))))
    assert outcomes == {("share dan",)}
