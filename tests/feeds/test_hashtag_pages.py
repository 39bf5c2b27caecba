"""Hashtag pages: what is published under a hashtag, by whom, and how to follow them (S42, S43)."""

import pytest
from support.feed_network import FeedNetwork
from support.small_network import walk

from domain import (
    ChangeFollowerSetting,
    EraseMember,
    FollowerSetting,
    MuteMember,
    Recognition,
    RecognizeMember,
    UnblockMember,
    Unfollow,
    UnfollowHashtag,
    WithdrawRecognition,
)
from domain.event import Event
from domain.items import PostPublished
from domain.relationships.following_events import HashtagFollowed
from infrastructure.log.envelope import encode
from projections.feeds.hashtag_pages import HashtagItem, hashtag

TAGGED = "#tea for all"


@pytest.fixture
def network() -> FeedNetwork:
    return FeedNetwork()


def page(network: FeedNetwork, viewer: str = "bob", tag: str = "tea") -> list[HashtagItem]:
    """All rows of a page, the same in pages of any size."""
    found = network.ask(hashtag, tag, viewer, 1_000)
    assert found.total == len(found.rows)
    for limit in (1, 2, 3):
        assert walk(lambda before: network.ask(hashtag, tag, viewer, limit, before)) == found.rows  # noqa: B023
    return found.rows


def items(network: FeedNetwork, viewer: str = "bob", tag: str = "tea") -> list[str]:
    return [row.item for row in page(network, viewer, tag)]


def follow_action(network: FeedNetwork, viewer: str, author: str) -> str | None:
    (action,) = {row.follow for row in page(network, viewer) if row.author == author}
    return action


def test_s43_f12_newest_first_of_whatever_kind_and_case(network: FeedNetwork) -> None:
    network.post("ada", "one", text="Some #Tea")
    network.status("cy", "two", text="#TEA #cake")
    network.post("ada", "three", text="no hashtag: tea")
    network.post("ada", "four", text="#teapot")
    network.share("dan", "one")
    assert items(network) == ["two", "one"]
    assert items(network, tag="cake") == ["two"]
    assert items(network, tag="nothing") == []
    assert [(row.author, row.kind) for row in page(network)] == [("cy", "status_update"), ("ada", "post")]


def test_s43_f2_deleted_items_and_those_for_connections_do_not_show(network: FeedNetwork) -> None:
    network.connect("ada", "bob")
    network.post("ada", "close", text=TAGGED, to_connections=True)
    network.post("ada", "gone", "stays", text=TAGGED)
    network.delete("ada", "gone")
    assert items(network) == items(network, "ada") == ["stays"]


@pytest.mark.parametrize("act", ["hibernate", "restrict", "erase", "block", "blocked"])
def test_s43_f1_x16_authors_who_are_not_there_for_the_viewer(network: FeedNetwork, act: str) -> None:
    """Peers 83, 87: third parties still see both sides of a block."""
    network.post("ada", "item", text=TAGGED)
    network.post("cy", "other", text=TAGGED)
    network.part("bob", "ada", act)
    assert items(network) == ["other"]
    assert items(network, "dan") == (["other", "item"] if "block" in act else ["other"])


def test_s43_a_lifted_block_shows_the_items_again(network: FeedNetwork) -> None:
    network.post("ada", "item", text=TAGGED)
    network.block("bob", "ada")
    network.do(UnblockMember(blocker="bob", blocked="ada"))
    assert items(network) == ["item"]


def test_x13_peer_93_a_mute_keeps_nothing_from_a_page_that_is_opened(network: FeedNetwork) -> None:
    network.do(MuteMember(muter="bob", muted="ada"))
    network.post("ada", "item", text=TAGGED)
    assert items(network) == ["item"]


def test_s43_s34_s35_the_follow_action_or_why_not(network: FeedNetwork) -> None:
    for author in ("ada", "bob", "acme"):
        network.post(author, f"of-{author}", text=TAGGED)
    assert follow_action(network, "bob", "ada") is None
    assert follow_action(network, "bob", "bob") == "self"
    network.follow("bob", "ada")
    assert follow_action(network, "bob", "ada") == "already"
    network.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.CONNECTIONS))
    assert follow_action(network, "cy", "ada") == "not_followable"
    assert follow_action(network, "bob", "ada") == "not_followable"  # X10: what is hidden cannot be repeated
    assert follow_action(network, "cy", "acme") is None
    network.connect("ada", "cy")
    network.do(Unfollow(follower="cy", followee="ada"))
    assert follow_action(network, "cy", "ada") is None
    network.hibernate("dan")
    assert follow_action(network, "dan", "acme") == "inactive"


def test_s43_t1_t3_who_never_chose_is_open_while_an_article_stands() -> None:
    network = FeedNetwork()
    network.register("fay")
    network.post("fay", "item", text=TAGGED)
    assert follow_action(network, "bob", "fay") == "not_followable"
    network.publish_article("fay", "article")
    assert follow_action(network, "bob", "fay") is None
    network.delete("fay", "article")
    assert follow_action(network, "bob", "fay") == "not_followable"


def test_s42_recognitions_of_the_author_are_shown(network: FeedNetwork) -> None:
    network.post("ada", "item", text=TAGGED)
    for recognition in (Recognition.TOP_VOICE, Recognition.INFLUENCER):
        network.do(RecognizeMember(member="ada", recognition=recognition))
    assert [row.recognitions for row in page(network)] == [("influencer", "top_voice")]
    before = network.head
    network.do(WithdrawRecognition(member="ada", recognition=Recognition.INFLUENCER))
    assert [row.recognitions for row in page(network)] == [("top_voice",)]
    former = network.ask(hashtag, "tea", "bob", as_of=before)
    assert [row.recognitions for row in former] == [("influencer", "top_voice")]


def test_s43_nobody_is_shown_to_who_is_no_member(network: FeedNetwork) -> None:
    network.post("ada", "item", text=TAGGED)
    network.do(EraseMember(member="bob"))
    assert {network.refusal(hashtag, "tea", viewer) for viewer in ("nobody", "bob")} == {"not_available"}


def test_f12_hashtags_of_an_early_release_are_shown_in_their_normal_form(network: FeedNetwork) -> None:
    """That release folded cases alone, so a ligature was another hashtag than its letters."""
    early: list[Event] = [
        HashtagFollowed(member="bob", hashtag="ﬁsh"),
        HashtagFollowed(member="bob", hashtag="fish"),
        PostPublished("one", "ada", "post", "anyone", "#ﬁsh #fish", ["ﬁsh", "fish"]),
    ]
    stored = [encode(event, network.now, {"id": f"early-{number}"}) for number, event in enumerate(early)]
    network.net.log.append(stored)
    assert items(network, tag="fish") == ["one"]
    assert network.causes("bob", "one") == {"hashtag fish"}
    network.do(UnfollowHashtag(member="bob", hashtag="FISH"))
    assert network.feed("bob") == []
