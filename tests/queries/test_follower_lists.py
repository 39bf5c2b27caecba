"""Follower lists and counts: who is in them, in which order, for whom, and as of when (rules.md X10-X12, S1, G6)."""

from collections.abc import Callable
from typing import Any

import pytest
from support.small_network import START, SmallNetwork, members, walk

from domain import (
    ChangeFollowerSetting,
    ChangePolicy,
    DeletePost,
    EraseMember,
    Follow,
    FollowerSetting,
    FollowHashtag,
    FollowOrigin,
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
from projections.reading import Page


@pytest.fixture
def net() -> SmallNetwork:
    """ada may be followed by everyone; bob and cy follow her, in this order."""
    net = SmallNetwork("ada", "bob", "cy", "dan", "acme")
    only(net, "ada", "everyone")
    net.follow("bob", "ada")
    net.follow("cy", "ada")
    return net


def only(net: SmallNetwork, member: str, setting: str) -> None:
    net.do(ChangeFollowerSetting(member=member, setting=FollowerSetting(setting)))


def shown(net: SmallNetwork, member: str, as_of: int | None = None) -> list[str]:
    """A member's followers, and in passing: the count is the length of the list, for the member and for the host."""
    listed = members(net.ask(followers, member, member, as_of=as_of))
    assert net.ask(lambda reading: followers(reading, member).total, as_of=as_of) == len(listed)
    if net.refusal(follower_count, member, member, as_of=as_of) is None:
        assert net.ask(follower_count, member, member, as_of=as_of) == len(listed)
    return listed


def followed_by(net: SmallNetwork, member: str) -> list[str]:
    """Whom a member follows; the count is the length of the list."""
    listed = members(net.ask(following, member, member))
    assert net.ask(lambda reading: following(reading, member).total) == len(listed)
    assert net.ask(following_count, member, member) == len(listed)
    return listed


def test_s1_a_follow_is_one_way(net: SmallNetwork) -> None:
    assert shown(net, "ada") == ["cy", "bob"]
    assert shown(net, "bob") == []
    assert followed_by(net, "bob") == ["ada"]
    assert followed_by(net, "ada") == []


def test_peer_47_each_side_holds_one_entry(net: SmallNetwork) -> None:
    net.follow("bob", "ada")
    assert shown(net, "ada").count("bob") == 1
    assert followed_by(net, "bob") == ["ada"]
    assert net.ask(follows, "bob", "ada")
    assert not net.ask(follows, "ada", "bob")


def test_peer_50_unfollowed_is_gone_from_both_lists(net: SmallNetwork) -> None:
    net.do(Unfollow(follower="bob", followee="ada"), Unfollow(follower="bob", followee="ada"))
    assert shown(net, "ada") == ["cy"]
    assert followed_by(net, "bob") == []


def test_s36_a_row_says_since_when_and_where_it_came_from(net: SmallNetwork) -> None:
    net.do(Follow(follower="dan", followee="ada", origin=FollowOrigin.HASHTAG, origin_ref="python"))
    row = net.ask(followers, "ada").rows[0]
    assert (row.member, row.origin, row.origin_ref, row.position) == ("dan", "hashtag", "python", net.head)
    assert row.since == net.now
    assert net.ask(following, "dan").rows[0].origin == "hashtag"


def test_s4_connecting_makes_two_follows_in_the_lists(net: SmallNetwork) -> None:
    net.connect("dan", "cy")
    assert shown(net, "cy") == ["dan"]
    assert shown(net, "dan") == ["cy"]
    assert net.ask(followers, "cy").rows[0].origin == "connection"


def test_x10_narrowing_hides_strangers_and_deletes_none(net: SmallNetwork) -> None:
    net.connect("cy", "ada")
    only(net, "ada", "connections")
    assert shown(net, "ada") == ["cy"]
    assert followed_by(net, "bob") == []
    assert not net.ask(follows, "bob", "ada")
    assert net.ask(follows, "cy", "ada")
    only(net, "ada", "everyone")
    assert shown(net, "ada") == ["cy", "bob"]


def test_h17_going_back_shows_them_again_less_those_that_ended_meanwhile() -> None:
    net = SmallNetwork("ada", "stays", "leaves", "removed", "barred", "erased", "acme")
    only(net, "ada", "everyone")
    for follower in ("stays", "leaves", "removed", "barred", "erased"):
        net.follow(follower, "ada")
    only(net, "ada", "connections")
    assert shown(net, "ada") == []
    net.do(
        Unfollow(follower="leaves", followee="ada"),
        RemoveFollower(follower="removed", followee="ada"),
        EraseMember(member="erased"),
    )
    net.block("ada", "barred")
    only(net, "ada", "everyone")
    assert shown(net, "ada") == ["stays"]


def test_x11_an_article_or_its_end_changes_no_standing_follow(net: SmallNetwork) -> None:
    net.publish_article("dan", "dan.1")
    net.follow("bob", "dan")
    net.do(DeletePost(author="dan", item="dan.1"))
    assert shown(net, "dan") == ["bob"]  # T3: existing follows stay; unset is not an explicit *connections*


def test_x11_a_page_is_followed_by_anyone(net: SmallNetwork) -> None:
    net.follow("dan", "acme")
    assert shown(net, "acme") == ["dan"]
    assert followed_by(net, "dan") == ["acme"]


def test_x11_a_hidden_side_hides_the_follow_until_its_return(net: SmallNetwork) -> None:
    net.hibernate("bob")
    assert shown(net, "ada") == ["cy"]
    net.reactivate("bob")
    assert shown(net, "ada") == ["cy", "bob"]
    net.hibernate("ada")
    assert shown(net, "ada") == []
    assert followed_by(net, "bob") == []


def test_x15_lifting_one_overlay_does_not_lift_another(net: SmallNetwork) -> None:
    net.hibernate("bob")
    net.do(RestrictMember(member="bob"), LiftRestriction(member="bob"))
    assert shown(net, "ada") == ["cy"]
    net.reactivate("bob")
    assert shown(net, "ada") == ["cy", "bob"]


def test_x15_a_dormant_connection_does_not_make_a_follow_effective(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    only(net, "ada", "connections")
    net.do(ChangePolicy(values={"connections_cap": 1}))
    net.hibernate("bob")
    net.connect("dan", "ada")
    net.reactivate("bob")
    assert shown(net, "ada") == ["dan"]
    assert followed_by(net, "bob") == []
    assert not net.ask(follows, "bob", "ada")
    net.do(RemoveConnection(member="ada", other="dan"))
    assert shown(net, "ada") == ["bob"]
    assert net.ask(follows, "bob", "ada")


def test_x12_a_removed_follower_is_gone_and_a_connection_stays(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    net.do(RemoveFollower(follower="bob", followee="ada"))
    assert shown(net, "ada") == ["cy"]
    assert shown(net, "bob") == ["ada"]
    net.follow("bob", "ada")
    assert shown(net, "ada") == ["bob", "cy"]  # as new: newest first


def test_x12_a_block_ends_follows_for_good(net: SmallNetwork) -> None:
    net.block("ada", "bob")
    net.do(UnblockMember(blocker="ada", blocked="bob"))
    assert shown(net, "ada") == ["cy"]  # peer 74: nothing is restored


def test_peer_63_an_erased_member_vanishes_from_lists_and_counts(net: SmallNetwork) -> None:
    net.do(EraseMember(member="bob"))
    assert shown(net, "ada") == ["cy"]
    net.do(EraseMember(member="ada"))
    assert followed_by(net, "cy") == []
    assert net.refusal(followers, "ada") == "not_available"


def test_g6_the_lists_are_the_members_own_and_the_counts_are_public(net: SmallNetwork) -> None:
    for query in (followers, following):
        assert net.refusal(query, "ada", "bob") == "not_available"
        assert net.refusal(query, "nobody") == "not_available"
    assert net.ask(follower_count, "ada", "dan") == 2
    assert net.ask(following_count, "bob", "dan") == 1


def test_x16_counts_of_whoever_is_not_there_are_refused_with_one_code(net: SmallNetwork) -> None:
    net.hibernate("cy")
    net.do(EraseMember(member="acme"))
    net.block("ada", "dan")
    for member in ("cy", "acme", "ada", "nobody"):
        assert net.refusal(follower_count, member, "dan") == "not_available"
        assert net.refusal(following_count, member, "dan") == "not_available"
    assert net.refusal(follower_count, "dan", "ada") == "blocked_by_you"
    assert net.refusal(follower_count, "ada", "nobody") == "not_available"


def test_h14_a_count_does_not_tell_a_block_from_an_absence() -> None:
    counted = []
    for act in ("block", "hibernate"):
        net = SmallNetwork()
        only(net, "ada", "everyone")
        net.follow("bob", "ada")
        net.follow("cy", "ada")
        net.connect("bob", "ada")
        if act == "block":
            net.block("bob", "dan")
            assert net.ask(follower_count, "ada") == 2  # the others see no difference
            assert net.ask(follower_count, "ada", "cy") == 2
        else:
            net.hibernate("bob")
        counted.append((net.ask(follower_count, "ada", "dan"), net.ask(following_count, "ada", "dan")))
    assert counted == [(1, 0), (1, 0)]


def test_peer_58_pages_concatenate_to_the_whole_list(net: SmallNetwork) -> None:
    net.follow("dan", "ada")
    for member in ("ada", "bob", "cy", "dan"):
        net.follow(member, "acme")
    for query, member, expected in (
        (followers, "acme", ["dan", "cy", "bob", "ada"]),
        (followers, "ada", ["dan", "cy", "bob"]),
        (following, "cy", ["acme", "ada"]),
    ):
        for limit in (1, 2, 3, 4, 5):
            walked = walk(lambda before, q=query, m=member, n=limit: net.ask(q, m, m, n, before))  # type: ignore[misc]
            assert members(walked) == expected


def test_peer_59_a_page_that_ends_the_list_has_no_cursor(net: SmallNetwork) -> None:
    assert net.ask(followers, "ada", "ada", 2).cursor is None
    assert net.ask(followers, "ada", "ada", 1).cursor is not None


def test_h21_a_list_is_walked_as_of_its_first_page(net: SmallNetwork) -> None:
    first = net.ask(followers, "ada", "ada", 1)
    net.follow("dan", "ada")
    net.do(Unfollow(follower="bob", followee="ada"))
    assert first.cursor is not None
    before = int(first.cursor)
    second = net.ask(followers, "ada", "ada", 1, before, as_of=first.as_of)
    assert members([*first, *second]) == ["cy", "bob"]


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_has_a_sensible_length(net: SmallNetwork, limit: int) -> None:
    assert net.refusal(followers, "ada", "ada", limit) == "bad_limit"


def test_peer_73_blocks_and_mutes_are_listed_newest_first(net: SmallNetwork) -> None:
    net.block("ada", "bob")
    net.block("ada", "cy")
    net.do(MuteMember(muter="ada", muted="dan"), MuteMember(muter="ada", muted="acme"))
    assert members(net.ask(blocked, "ada")) == ["cy", "bob"]
    assert members(net.ask(muted, "ada")) == ["acme", "dan"]
    assert members(net.ask(blocked, "bob")) == []
    assert members(walk(lambda before: net.ask(muted, "ada", 1, before))) == ["acme", "dan"]
    net.do(UnblockMember(blocker="ada", blocked="cy"), UnmuteMember(muter="ada", muted="acme"))
    assert members(net.ask(blocked, "ada")) == ["bob"]
    assert members(net.ask(muted, "ada")) == ["dan"]


def test_h14_what_one_did_stays_listed_when_the_other_vanishes(net: SmallNetwork) -> None:
    net.block("ada", "bob")
    net.do(MuteMember(muter="ada", muted="cy"))
    net.hibernate("bob")
    net.do(EraseMember(member="cy"))
    assert members(net.ask(blocked, "ada")) == ["bob"]
    assert members(net.ask(muted, "ada")) == ["cy"]


def test_followed_hashtags_are_listed_newest_first(net: SmallNetwork) -> None:
    net.do(*(FollowHashtag(member="ada", hashtag=each) for each in ("python", "bridges", "tea")))
    net.do(UnfollowHashtag(member="ada", hashtag="bridges"))
    page = net.ask(hashtags, "ada", 1)
    assert [row.hashtag for row in page] == ["tea"]
    assert [row.hashtag for row in walk(lambda before: net.ask(hashtags, "ada", 1, before))] == ["tea", "python"]


def test_every_list_asked_as_of_then_is_what_it_was_then() -> None:
    net = SmallNetwork("ada", "bob", "cy", "dan", "acme")
    queries: tuple[Callable[..., Page[Any]], ...] = (followers, following, blocked, muted, hashtags)
    seen: list[tuple[int, object]] = []

    def look(as_of: int | None = None) -> object:
        lists = [net.ask(query, member, as_of=as_of).rows for query in queries for member in ("ada", "bob", "cy")]
        return [*lists, [net.ask(follower_count, member, "dan", as_of=as_of) for member in ("ada", "bob")]]

    acts = (
        ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE),
        Follow(follower="bob", followee="ada"),
        Follow(follower="cy", followee="ada"),
        FollowHashtag(member="ada", hashtag="tea"),
        MuteMember(muter="ada", muted="cy"),
        ChangeFollowerSetting(member="ada", setting=FollowerSetting.CONNECTIONS),
        RestrictMember(member="cy"),
        ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE),
        LiftRestriction(member="cy"),
        Unfollow(follower="bob", followee="ada"),
        UnfollowHashtag(member="ada", hashtag="tea"),
    )
    for act in acts:
        net.do(act)
        seen.append((net.head, look()))
    net.block("ada", "cy")
    net.do(EraseMember(member="bob"))
    assert [look(position) for position, _ in seen] == [then for _, then in seen]
    assert net.now > START
