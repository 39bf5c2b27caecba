"""Profiles: what a member shows of themselves, to whom, with the counts that are public (rules.md S25, S45, G6)."""

from collections.abc import Callable
from typing import Any

import pytest
from support.small_network import SmallNetwork

from domain import (
    ChangeEmailVisibility,
    ChangeFollowerSetting,
    ChangePrimaryEmail,
    ChangeProfile,
    Command,
    DeletePost,
    EraseMember,
    FollowerSetting,
    PrimaryAction,
    Recognition,
    RecognizeMember,
    RestrictMember,
    Visibility,
    WithdrawRecognition,
)
from projections.connections import connections
from projections.following import followers, following
from projections.profiles import Profile, profile


@pytest.fixture
def net() -> SmallNetwork:
    return SmallNetwork("ada", "bob", "cy", "dan", "acme")


def shown(net: SmallNetwork, member: str, viewer: str | None = None, as_of: int | None = None) -> Profile:
    return net.ask(profile, member, viewer, lambda v, m: net.related(v, m, as_of), as_of=as_of)


def refused(net: SmallNetwork, member: str, viewer: str | None) -> str | None:
    return net.refusal(profile, member, viewer, net.related)


def counts(found: Profile) -> tuple[int, int, int]:
    return (found.connections, found.followers, found.following)


def test_a_profile_says_what_was_registered(net: SmallNetwork) -> None:
    found = shown(net, "ada", "bob")
    assert (found.member, found.kind, found.name, found.headline) == ("ada", "person", "Ada", "")
    assert (found.recognitions, found.articles, found.primary_action) == ((), 0, "connect")
    assert counts(found) == (0, 0, 0)
    assert shown(net, "acme").kind == "page"


def test_a_profile_says_what_was_changed_last(net: SmallNetwork) -> None:
    net.do(ChangeProfile(member="ada", name="Ada L.", headline="Engines"))
    net.do(ChangeProfile(member="ada", headline="Analytical engines", primary_action=PrimaryAction.FOLLOW))
    found = shown(net, "ada", "bob")
    assert (found.name, found.headline, found.primary_action) == ("Ada L.", "Analytical engines", "follow")
    net.do(ChangeProfile(member="ada", headline=""))
    assert shown(net, "ada", "bob").headline == ""


def test_s42_recognitions_show_while_they_stand(net: SmallNetwork) -> None:
    net.do(*(RecognizeMember(member="ada", recognition=each) for each in Recognition))
    assert shown(net, "ada", "bob").recognitions == ("influencer", "top_voice")
    net.do(WithdrawRecognition(member="ada", recognition=Recognition.INFLUENCER))
    assert shown(net, "ada", "bob").recognitions == ("top_voice",)


@pytest.mark.parametrize(
    ("visibility", "readers"),
    [("connections", {"ada", "bob"}), ("only_me", {"ada"}), ("everyone", {"ada", "bob", "cy", None})],
)
def test_s25_an_email_is_shown_by_its_visibility(net: SmallNetwork, visibility: str, readers: set[str | None]) -> None:
    net.connect("ada", "bob")
    net.invite("ada", "cy")  # S12: an unanswered invitation shows none
    net.do(
        ChangeEmailVisibility(member="ada", visibility=Visibility(visibility)),
        ChangePrimaryEmail(member="ada", primary_email="now@example.org"),
    )
    for viewer in ("ada", "bob", "cy", None):
        assert shown(net, "ada", viewer).email == ("now@example.org" if viewer in readers else None)


def test_h13_each_count_is_the_length_of_its_list(net: SmallNetwork) -> None:
    net.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE))
    net.connect("ada", "bob")
    net.follow("cy", "ada")
    net.follow("ada", "acme")
    assert counts(shown(net, "ada", "dan")) == (1, 2, 2)
    acts: tuple[Callable[[], Any], ...] = (
        lambda: net.hibernate("bob"),
        lambda: net.reactivate("bob"),
        lambda: net.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.CONNECTIONS)),
        lambda: net.do(RestrictMember(member="acme")),
        lambda: net.block("bob", "ada"),
        lambda: net.do(ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE)),
        lambda: net.do(EraseMember(member="cy")),
        lambda: net.hibernate("ada"),
    )
    for act in acts:
        act()
        lists = (
            net.ask(lambda reading: connections(reading, "ada", "ada", 100).total),
            net.ask(lambda reading: followers(reading, "ada").total),
            net.ask(lambda reading: following(reading, "ada").total),
        )
        assert counts(shown(net, "ada", "ada")) == counts(shown(net, "ada")) == lists
        if refused(net, "ada", "dan") is None:
            assert counts(shown(net, "ada", "dan")) == lists


def test_peer_89_a_block_changes_the_counts_of_both_at_once(net: SmallNetwork) -> None:
    net.connect("ada", "bob")
    net.block("bob", "ada")
    assert counts(shown(net, "ada")) == counts(shown(net, "bob")) == (0, 0, 0)


def test_h14_a_count_leaves_out_whoever_is_in_a_block_with_the_viewer(net: SmallNetwork) -> None:
    net.connect("ada", "bob")
    net.connect("ada", "cy")
    net.block("bob", "dan")
    assert counts(shown(net, "ada", "dan")) == (1, 1, 1)
    assert counts(shown(net, "ada", "cy")) == (2, 2, 2)
    net.block("dan", "cy")
    assert counts(shown(net, "ada", "dan")) == (0, 0, 0)


def test_t1_standing_articles_are_counted(net: SmallNetwork) -> None:
    net.publish_article("ada", "ada.1")
    net.publish_article("ada", "ada.2")
    net.do(DeletePost(author="ada", item="ada.1"))
    assert shown(net, "ada", "bob").articles == 1


def test_s35_s37_a_profile_offers_its_actions(net: SmallNetwork) -> None:
    found = shown(net, "ada", "bob").relationship
    assert found == net.related("bob", "ada")
    assert found is not None
    assert found.actions["follow"] == "not_followable"
    assert shown(net, "ada").relationship is None  # the host is nobody to anybody


@pytest.mark.parametrize(
    "leaves", [RestrictMember(member="ada"), EraseMember(member="ada"), "hibernates", "blocks", "unknown"]
)
def test_x16_one_answer_for_all_who_are_not_there(net: SmallNetwork, leaves: Command | str) -> None:
    if leaves == "hibernates":
        net.hibernate("ada")
    elif leaves == "blocks":
        net.block("ada", "bob")
    elif isinstance(leaves, Command):
        net.do(leaves)
    assert refused(net, "nobody" if leaves == "unknown" else "ada", "bob") == "not_available"


def test_peer_82_whom_one_blocked_is_told_to_be_blocked(net: SmallNetwork) -> None:
    net.block("bob", "ada")
    assert refused(net, "ada", "bob") == "blocked_by_you"
    assert refused(net, "bob", "ada") == "not_available"
    assert refused(net, "ada", "cy") is None  # peer 83: others still see both


def test_the_hidden_see_themselves_and_the_host_sees_them(net: SmallNetwork) -> None:
    net.hibernate("ada")
    assert shown(net, "ada", "ada").email == "ada@example.org"
    assert shown(net, "ada").name == "Ada"
    net.do(EraseMember(member="bob"))
    for viewer in (None, "bob"):
        assert refused(net, "bob", viewer) == "not_available"
    assert refused(net, "cy", "bob") == refused(net, "cy", "nobody") == "not_available"


def test_a_profile_asked_as_of_then_is_what_it_was_then(net: SmallNetwork) -> None:
    acts: tuple[Callable[[], Any], ...] = (
        lambda: net.do(ChangeProfile(member="ada", headline="Engines")),
        lambda: net.connect("bob", "ada"),
        lambda: net.do(ChangePrimaryEmail(member="ada", primary_email="new@example.org")),
        lambda: net.publish_article("ada", "ada.1"),
        lambda: net.follow("cy", "ada"),
        lambda: net.do(RecognizeMember(member="ada", recognition=Recognition.TOP_VOICE)),
        lambda: net.hibernate("cy"),
    )
    seen = []
    for act in acts:
        act()
        seen.append((net.head, shown(net, "ada", "bob"), shown(net, "ada")))
    net.do(ChangeProfile(member="ada", name="Somebody"), DeletePost(author="ada", item="ada.1"))
    net.block("ada", "bob")
    for position, to_bob, to_host in seen:
        assert shown(net, "ada", "bob", position) == to_bob
        assert shown(net, "ada", as_of=position) == to_host
