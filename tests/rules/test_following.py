"""Following: who may follow whom, where a follow comes from, and how it ends (rules.md section 5)."""

import pytest
from support.given import connected, followed, given_members, members

from domain import (
    BlockMember,
    ChangeFollowerSetting,
    ChangeProfile,
    DeletePost,
    EraseMember,
    Follow,
    FollowerSetting,
    FollowHashtag,
    FollowOrigin,
    HibernateMember,
    MuteMember,
    PrimaryAction,
    PublishArticle,
    ReactivateMember,
    RemoveConnection,
    RemoveFollower,
    RestrictMember,
    SendInvitation,
    Unfollow,
    UnfollowHashtag,
    UnmuteMember,
)
from domain.event import Event
from domain.items import ArticlePublished, PostDeleted, PostPublished
from domain.members.member_events import FollowerSettingChanged, MemberErased, ProfileChanged
from domain.relationships.blocking_events import MemberBlocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected
from domain.relationships.following_events import (
    Followed,
    FollowerRemoved,
    HashtagFollowed,
    HashtagUnfollowed,
    MemberMuted,
    MemberUnmuted,
    Unfollowed,
)
from domain.relationships.invitation_events import InvitationSent

FOLLOW = Follow(follower="ada", followee="bob")
UNFOLLOW = Unfollow(follower="ada", followee="bob")
REMOVE = RemoveFollower(follower="ada", followee="bob")
MUTE = MuteMember(muter="ada", muted="bob")
UNMUTE = UnmuteMember(muter="ada", muted="bob")
EVERYONE = FollowerSettingChanged(member="bob", setting="everyone")
CONNECTIONS = FollowerSettingChanged(member="bob", setting="connections")


def article(item: str = "a1") -> ArticlePublished:
    return ArticlePublished(item=item, author="bob", title="Rivers", body="They flow.", hashtags=[])


def deleted(item: str = "a1") -> PostDeleted:
    return PostDeleted(item=item, author="bob", kind="article", original=None)


def setting(value: FollowerSetting) -> ChangeFollowerSetting:
    return ChangeFollowerSetting(member="bob", setting=value)


# Who may follow


@pytest.mark.parametrize(
    ("history", "may"),
    [
        ((), False),
        ((article(),), True),
        ((EVERYONE,), True),
        ((CONNECTIONS,), False),
        ((article(), CONNECTIONS), False),
        ((CONNECTIONS, article()), False),
        ((article(), deleted(), EVERYONE), True),
        ((article(), deleted()), False),
        ((article("a1"), article("a2"), deleted("a1")), True),
        ((CONNECTIONS, EVERYONE), True),
        ((EVERYONE, CONNECTIONS), False),
    ],
)
def test_s34_s38_s39_s40_t1_t2_t3_who_may_be_followed_by_a_stranger(history: tuple[Event, ...], may: bool) -> None:
    """*everyone*: yes (S39). *connections*: no (S40). *unset*: while an article stands (S34, T1, T3). An explicit value
    wins over articles (T2)."""
    decided = given_members(*history).when(FOLLOW)
    if may:
        decided.then(followed("ada", "bob"))
    else:
        decided.refused("not_followable")


def test_s34_a_post_is_no_article() -> None:
    post = PostPublished(item="p1", author="bob", kind="post", audience="anyone", text="Hello", hashtags=[])
    given_members(post).when(FOLLOW).refused("not_followable")


def test_s34_and_s44_a_page_may_always_be_followed() -> None:
    given_members().when(Follow(follower="ada", followee="acme")).then(followed("ada", "acme"))
    given_members().when(ChangeFollowerSetting(member="acme", setting=FollowerSetting.CONNECTIONS)).refused(
        "not_a_person"
    )


@pytest.mark.parametrize("choice", [(), (EVERYONE,), (CONNECTIONS,)])
def test_s41_connections_may_follow_under_either_setting(choice: tuple[Event, ...]) -> None:
    unfollowed = Unfollowed(follower="ada", followee="bob")
    given_members(*choice, *connected("ada", "bob"), unfollowed).when(FOLLOW).then(followed("ada", "bob"))


def test_s35_a_follow_that_is_not_allowed_is_refused_and_nothing_waits() -> None:
    world = members()
    assert world.answer(FOLLOW) == "not_followable"
    world.do(setting(FollowerSetting.EVERYONE))
    assert not world.pair("ada", "bob").side_of("ada").follows


def test_s1_and_s6_a_follow_is_one_fact_that_holds_at_once() -> None:
    given_members(EVERYONE).when(FOLLOW).then(followed("ada", "bob"))
    world = members(EVERYONE)
    world.do(FOLLOW)
    pair = world.pair("ada", "bob")
    assert (pair.side_of("ada").follows, pair.side_of("bob").follows, pair.connected) == (True, False, False)
    assert not world.events(MembersConnected, InvitationSent)


def test_s7_following_makes_no_follow_back() -> None:
    world = members(EVERYONE)
    world.do(FOLLOW)
    assert [(event.follower, event.followee) for event in world.events(Followed)] == [("ada", "bob")]


def test_t3_when_the_only_article_is_deleted_existing_follows_stay() -> None:
    world = members()
    world.do(PublishArticle(author="bob", title="Rivers", body="They flow.", item="a1"))
    world.do(FOLLOW)
    world.do(DeletePost(author="bob", item="a1"))
    assert world.pair("ada", "bob").side_of("ada").follows
    assert world.answer(Follow(follower="cy", followee="bob")) == "not_followable"


@pytest.mark.parametrize("origin", [*FollowOrigin])
def test_s36_a_follow_keeps_where_it_came_from(origin: FollowOrigin) -> None:
    command = Follow(follower="ada", followee="bob", origin=origin, origin_ref="thing")
    given_members(EVERYONE).when(command).then(followed("ada", "bob", origin.value, "thing"))


def test_s36_without_an_origin_it_came_from_the_profile() -> None:
    given_members(EVERYONE).when(FOLLOW).then(followed("ada", "bob", "profile", None))


def test_s45_follow_can_be_the_primary_action_of_a_profile() -> None:
    command = ChangeProfile(member="bob", primary_action=PrimaryAction.FOLLOW)
    given_members().when(command).then(
        ProfileChanged(member="bob", name=None, headline=None, primary_action="follow", suggest_follow_text=None)
    )
    given_members().when(ChangeProfile(member="bob", primary_action=PrimaryAction.CONNECT)).then_already_so()


# The setting


@pytest.mark.parametrize("value", [*FollowerSetting])
def test_s38_the_setting_has_two_values_and_is_unset_until_chosen(value: FollowerSetting) -> None:
    world = members()
    assert world.member("bob").follower_setting == "unset"
    assert list(world.do(setting(value)).events) == [FollowerSettingChanged(member="bob", setting=value.value)]


def test_h17_and_x10_narrowing_deletes_no_follow_and_widening_restores_those_that_did_not_end() -> None:
    world = members(EVERYONE, *(followed(name, "bob") for name in ("ada", "cy", "dan", "acme")))
    world.do(setting(FollowerSetting.CONNECTIONS))
    assert not world.events(Unfollowed, FollowerRemoved)
    world.do(Unfollow(follower="cy", followee="bob"))
    world.do(RemoveFollower(follower="dan", followee="bob"))
    world.do(BlockMember(blocker="bob", blocked="acme"))
    world.do(setting(FollowerSetting.EVERYONE))
    standing = [name for name in ("ada", "cy", "dan", "acme") if world.pair(name, "bob").side_of(name).follows]
    assert standing == ["ada"]


def test_x10_the_removed_cannot_follow_again_while_it_is_narrowed() -> None:
    world = members(EVERYONE, followed("ada", "bob"))
    world.do(REMOVE)
    world.do(setting(FollowerSetting.CONNECTIONS))
    assert world.answer(FOLLOW) == "not_followable"
    world.do(setting(FollowerSetting.EVERYONE))
    assert world.answer(FOLLOW) == "accepted"


def test_x10_a_follow_hidden_by_narrowing_cannot_be_made_again() -> None:
    world = members(EVERYONE, followed("ada", "bob"))
    world.do(setting(FollowerSetting.CONNECTIONS))
    assert world.answer(FOLLOW) == "not_followable"
    world.do(setting(FollowerSetting.EVERYONE))
    assert not world.do(FOLLOW).events


# How a follow ends


def test_x12_a_follower_is_removed_and_a_connection_stays() -> None:
    removed = FollowerRemoved(follower="ada", followee="bob")
    given_members(*connected("ada", "bob")).when(REMOVE).then(removed)
    world = members(*connected("ada", "bob"))
    world.do(REMOVE)
    pair = world.pair("ada", "bob")
    assert (pair.connected, pair.side_of("ada").follows, pair.side_of("bob").follows) == (True, False, True)
    assert world.answer(FOLLOW) == "accepted"


def test_x12_the_removed_may_follow_again_unless_a_block_forbids_it() -> None:
    removed = (EVERYONE, followed("ada", "bob"), FollowerRemoved(follower="ada", followee="bob"))
    given_members(*removed).when(REMOVE).then_already_so()
    given_members(*removed).when(FOLLOW).then(followed("ada", "bob"))
    given_members(*removed, MemberBlocked(blocker="bob", blocked="ada")).when(FOLLOW).refused("not_available")


@pytest.mark.parametrize("act", [HibernateMember, RestrictMember])
def test_h14_the_hidden_can_be_unfollowed_and_unmuted_by_id(act: type[HibernateMember | RestrictMember]) -> None:
    world = members(followed("ada", "bob"), followed("bob", "ada"), MemberMuted(muter="ada", muted="bob"))
    world.do(act(member="bob"))
    for command, made in (
        (UNFOLLOW, Unfollowed(follower="ada", followee="bob")),
        (RemoveFollower(follower="bob", followee="ada"), FollowerRemoved(follower="bob", followee="ada")),
        (UNMUTE, MemberUnmuted(muter="ada", muted="bob")),
    ):
        assert list(world.do(command).events) == [made]


def test_h14_what_erasure_has_cut_is_already_so_and_a_mute_can_be_lifted() -> None:
    world = members(*connected("ada", "bob"), MemberMuted(muter="ada", muted="bob"))
    world.do(EraseMember(member="bob"))
    for command in (
        UNFOLLOW,
        RemoveFollower(follower="bob", followee="ada"),
        RemoveConnection(member="ada", other="bob"),
    ):
        assert not world.do(command).events
    assert list(world.do(UNMUTE).events) == [MemberUnmuted(muter="ada", muted="bob")]


def test_h14_only_a_member_who_never_was_cannot_be_unfollowed() -> None:
    given_members().when(Unfollow(follower="ada", followee="nobody")).refused("not_available")
    given_members(MemberErased(member="bob")).when(FOLLOW).refused("not_available")


def test_x8_nobody_follows_or_mutes_themselves() -> None:
    for command in (
        Follow(follower="ada", followee="ada"),
        Unfollow(follower="ada", followee="ada"),
        RemoveFollower(follower="ada", followee="ada"),
        MuteMember(muter="ada", muted="ada"),
        UnmuteMember(muter="ada", muted="ada"),
    ):
        given_members().when(command).refused("self")


def test_x15_a_return_brings_back_the_follows_as_they_were() -> None:
    world = members(followed("ada", "bob"))
    world.do(HibernateMember(member="bob"))
    assert world.answer(FOLLOW) == "not_available"
    world.do(ReactivateMember(member="bob"))
    assert world.pair("ada", "bob").side_of("ada").follows
    assert not world.do(FOLLOW).events


# Mutes and hashtags


def test_x13_a_mute_is_one_fact_and_changes_nothing_else() -> None:
    given_members(*connected("ada", "bob")).when(MUTE).then(MemberMuted(muter="ada", muted="bob"))
    world = members(*connected("ada", "bob"))
    world.do(MUTE)
    pair = world.pair("ada", "bob")
    assert (pair.connected, pair.side_of("ada").follows, pair.side_of("bob").follows) == (True, True, True)
    assert not pair.side_of("bob").mutes
    assert list(world.do(UNMUTE).events) == [MemberUnmuted(muter="ada", muted="bob")]


def test_s42_a_hashtag_is_followed_in_one_form_however_it_is_written() -> None:
    for written in ("#Straße", "STRASSE", "strasse"):
        given_members().when(FollowHashtag(member="ada", hashtag=written)).then(
            HashtagFollowed(member="ada", hashtag="strasse")
        )
    history = HashtagFollowed(member="ada", hashtag="strasse")
    given_members(history).when(FollowHashtag(member="ada", hashtag="#straSSe")).then_already_so()
    given_members(history).when(UnfollowHashtag(member="ada", hashtag="#STRASSE")).then(
        HashtagUnfollowed(member="ada", hashtag="strasse")
    )
    given_members().when(UnfollowHashtag(member="ada", hashtag="strasse")).then_already_so()


# What peers expect


def test_peer_47_a_follow_is_held_by_one_side() -> None:
    world = members(EVERYONE)
    world.do(FOLLOW)
    assert not world.pair("ada", "bob").side_of("bob").follows


def test_peer_49_and_65_nobody_follows_or_blocks_themselves() -> None:
    given_members().when(Follow(follower="ada", followee="ada")).refused("self")
    given_members().when(BlockMember(blocker="ada", blocked="ada")).refused("self")


def test_peer_50_unfollowing_ends_it_and_is_no_error_when_there_is_nothing() -> None:
    given_members(followed("ada", "bob")).when(UNFOLLOW).then(Unfollowed(follower="ada", followee="bob"))
    given_members().when(UNFOLLOW).then_already_so()


def test_peer_63_a_member_who_is_erased_ends_nothing_one_by_one() -> None:
    """Peers delete every follow; here erasure is one fact, and lists and counts leave the erased out (section 7)."""
    outcome = given_members(followed("ada", "bob")).when(EraseMember(member="bob")).accepted()
    assert list(outcome.events) == [MemberErased(member="bob")]


def test_peer_91_and_97_a_mute_keeps_the_follow_and_a_second_one_changes_nothing() -> None:
    history = (followed("ada", "bob"), MemberMuted(muter="ada", muted="bob"))
    given_members(*history).when(MUTE).then_already_so()
    assert members(*history).pair("ada", "bob").side_of("ada").follows


def test_peer_99_nobody_else_changes_a_members_mute() -> None:
    given_members(MemberMuted(muter="ada", muted="bob")).when(UNMUTE, actor="bob").refused("not_yours")


def test_s5_unfollowing_a_connection_says_nothing_of_the_connection() -> None:
    given_members(*connected("ada", "bob")).when(UNFOLLOW).then(Unfollowed(follower="ada", followee="bob"))
    world = members(*connected("ada", "bob"))
    world.do(UNFOLLOW)
    assert not world.events(ConnectionRemoved)
    assert world.answer(SendInvitation(inviter="ada", invitee="bob")) == "already_connected"
