"""relationship(viewer, member): what one member is to another, what can be done about it, or why not (rules.md G5)."""

import pytest
from support.small_network import SmallNetwork

from domain import (
    AcceptInvitation,
    ChangeEmailVisibility,
    ChangeFollowerSetting,
    ChangePolicy,
    ChangePrimaryEmail,
    ChangeProfile,
    ChangeWhoMayInvite,
    Command,
    DeletePost,
    EraseMember,
    Follow,
    FollowerSetting,
    IgnoreInvitation,
    IgnoreReason,
    LiftRestriction,
    MuteMember,
    PrimaryAction,
    Refused,
    RemoveConnection,
    RemoveFollower,
    ReplyKind,
    ReplyToInvitation,
    RestrictMember,
    SendInvitation,
    UnblockMember,
    Unfollow,
    Visibility,
    WhoMayInvite,
    WithdrawInvitation,
)
from domain.catalogue import DECIDERS
from domain.identifiers import DAY, HOUR
from projections.relationships import ACTIONS, Relationship


@pytest.fixture
def net() -> SmallNetwork:
    return SmallNetwork("ada", "bob", "cy", "dan", "acme")


def refused(net: SmallNetwork, viewer: str, member: str) -> str | None:
    try:
        net.related(viewer, member)
    except Refused as error:
        return error.code
    return None


def action(net: SmallNetwork, name: str, viewer: str = "ada", member: str = "bob") -> str | None:
    return net.related(viewer, member).actions[name]


def asks(inviter: str, invitee: str) -> Command:
    return ReplyToInvitation(inviter=inviter, invitee=invitee, kind=ReplyKind.ASK, text="Who?")


# What is between the two


def test_g5_strangers(net: SmallNetwork) -> None:
    found = net.related("ada", "bob")
    assert (found.viewer, found.member, found.degree) == ("ada", "bob", None)
    assert (found.connected_since, found.connected, found.pending, found.email) == (None, False, None, None)
    assert not any((found.following, found.followed_by, found.muted, found.blocked))


def test_g5_connected_members(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    since = net.now
    found = net.related("ada", "bob")
    assert (found.degree, found.connected_since, found.connected) == (1, since, True)
    assert (found.following, found.followed_by, found.email) == (True, True, "bob@example.org")
    net.connect("bob", "cy")
    assert net.related("ada", "cy").degree == 2


def test_g5_peer_21_a_pending_invitation_has_a_direction(net: SmallNetwork) -> None:
    net.invite("ada", "bob")
    sent, received = net.related("ada", "bob").pending, net.related("bob", "ada").pending
    assert sent is not None
    assert received is not None
    assert (sent.direction, received.direction) == ("sent", "received")
    assert sent.invitation == received.invitation
    assert sent.sent_at == net.now


def test_g5_follows_are_told_each_way(net: SmallNetwork) -> None:
    net.publish_article("bob", "bob.1")
    net.follow("ada", "bob")
    assert (net.related("ada", "bob").following, net.related("ada", "bob").followed_by) == (True, False)
    assert (net.related("bob", "ada").following, net.related("bob", "ada").followed_by) == (False, True)
    net.do(ChangeFollowerSetting(member="bob", setting=FollowerSetting.CONNECTIONS))
    assert not net.related("ada", "bob").following  # X10: hidden, as in the lists


def test_x13_a_mute_is_told_to_the_muter_alone(net: SmallNetwork) -> None:
    net.do(MuteMember(muter="ada", muted="bob"))
    assert net.related("ada", "bob").muted  # peer 93
    assert not net.related("bob", "ada").muted
    assert (action(net, "mute"), action(net, "unmute")) == ("already_so", None)


def test_s25_the_email_is_the_present_one_and_follows_its_visibility(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    net.do(ChangePrimaryEmail(member="bob", primary_email="new@example.org"))
    assert net.related("ada", "bob").email == "new@example.org"
    assert net.related("cy", "bob").email is None
    net.do(ChangeEmailVisibility(member="bob", visibility=Visibility.ONLY_ME))
    assert net.related("ada", "bob").email is None
    net.do(ChangeEmailVisibility(member="bob", visibility=Visibility.EVERYONE))
    assert net.related("cy", "bob").email == "new@example.org"
    net.block("bob", "cy")
    assert net.related("ada", "bob").email == "new@example.org"
    assert refused(net, "cy", "bob") == "not_available"


def test_peer_62_oneself_is_answered_too(net: SmallNetwork) -> None:
    found = net.related("ada", "ada")
    assert (found.degree, found.email, found.pending) == (0, "ada@example.org", None)
    assert set(found.actions.values()) == {"self"}


# Who is not there


def test_x16_one_answer_for_all_who_are_not_there(net: SmallNetwork) -> None:
    net.hibernate("bob")
    net.block("cy", "ada")
    net.do(RestrictMember(member="dan"), EraseMember(member="acme"))
    for member in ("bob", "cy", "dan", "acme", "nobody", "no~id"):
        assert refused(net, "ada", member) == "not_available"
    assert refused(net, "nobody", "ada") == refused(net, "acme", "ada") == "not_available"


def test_peer_82_whom_the_viewer_blocked_is_told_with_what_can_be_done(net: SmallNetwork) -> None:
    net.block("ada", "bob")
    found = net.related("ada", "bob")
    assert found.blocked
    assert found.degree is None
    assert found.actions["connect"] == found.actions["follow"] == found.actions["mute"] == "blocked_by_you"
    assert "unblock" in found.offered
    net.block("bob", "ada")
    net.hibernate("bob")
    assert net.related("ada", "bob") == found  # peer 75, X16: nothing of it shows through


def test_x18_a_hidden_viewer_can_do_nothing(net: SmallNetwork) -> None:
    net.hibernate("ada")
    assert set(net.related("ada", "bob").actions.values()) == {"inactive"}


# Actions


def test_g5_every_action_is_answered_and_the_codes_are_those_of_its_command(net: SmallNetwork) -> None:
    for arrange in ((), ("bob", "ada"), ("ada", "bob")):
        if arrange:
            net.invite(*arrange)
        for name, refusal in net.related("ada", "bob").actions.items():
            for command in ACTIONS[name]("ada", "bob"):
                assert refusal in {None, "already_so", *DECIDERS[type(command)].codes()}
        if arrange:
            net.do(WithdrawInvitation(inviter=arrange[0], invitee=arrange[1]))


STORY: tuple[Command, ...] = (
    SendInvitation(inviter="ada", invitee="bob"),
    asks("ada", "bob"),
    AcceptInvitation(inviter="ada", invitee="bob"),
    Unfollow(follower="ada", followee="bob"),
    RemoveConnection(member="ada", other="bob"),
    ChangeFollowerSetting(member="bob", setting=FollowerSetting.EVERYONE),
    Follow(follower="ada", followee="bob"),
    ChangeFollowerSetting(member="bob", setting=FollowerSetting.CONNECTIONS),
    RemoveFollower(follower="ada", followee="bob"),
    SendInvitation(inviter="bob", invitee="ada"),
    WithdrawInvitation(inviter="bob", invitee="ada"),
    MuteMember(muter="bob", muted="ada"),
    ChangeWhoMayInvite(member="bob", setting=WhoMayInvite.EMAIL),
    ChangePolicy(values={"invitations_per_week": 1}),
    RestrictMember(member="ada"),
    LiftRestriction(member="ada"),
)


def test_g5_an_action_is_possible_just_when_its_command_does_something() -> None:
    """After each step of a story each action is tried; those that do something, in a network of their own."""
    for steps in range(1, len(STORY) + 1):
        for viewer, member in (("ada", "bob"), ("bob", "ada")):
            net = SmallNetwork("ada", "bob")
            net.do(*STORY[:steps])
            if refused(net, viewer, member):
                continue
            for name, refusal in net.related(viewer, member).actions.items():
                commands = ACTIONS[name](viewer, member)
                if refusal == "already_so":
                    assert not any(net.do(command).events for command in commands), (steps, name)
                elif refusal:
                    assert {net.code(command) for command in commands} == {refusal}, (steps, name)
                else:
                    assert any(does_something(STORY[:steps], command) for command in commands), (steps, name)


def does_something(story: tuple[Command, ...], command: Command) -> bool:
    net = SmallNetwork("ada", "bob")
    net.do(*story)
    return bool(net.do(command).events)


def test_s13_g5_what_was_ignored_for_one_reason_can_be_ignored_for_another(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    for reason in IgnoreReason:
        net.do(IgnoreInvitation(inviter="bob", invitee="ada", reason=reason))
        assert action(net, "ignore") is None


def test_s8_connect(net: SmallNetwork) -> None:
    assert action(net, "connect") is None
    assert action(net, "connect", "ada", "acme") == "not_a_person"
    net.invite("ada", "bob")
    assert (action(net, "connect"), action(net, "withdraw")) == ("already_so", None)
    net.do(WithdrawInvitation(inviter="ada", invitee="bob"))
    assert action(net, "connect") == "cooling_down"
    net.wait(21 * DAY)
    assert action(net, "connect") is None
    net.connect("ada", "bob")
    assert action(net, "connect") == "already_connected"


def test_x1_connect_is_possible_where_it_accepts(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    assert {"connect", "accept", "ignore", "ask"} <= set(net.related("ada", "bob").offered)


def test_x3_what_has_expired_cannot_be_answered(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.wait(180 * DAY - 1)
    assert action(net, "accept") is None
    net.wait(1)
    assert action(net, "accept") == action(net, "ignore") == action(net, "ask") == "no_invitation"
    assert net.related("ada", "bob").pending is None


def test_s35_a_follow_that_is_not_possible_says_why(net: SmallNetwork) -> None:
    assert action(net, "follow") == "not_followable"
    net.publish_article("bob", "bob.1")
    assert action(net, "follow") is None
    net.do(DeletePost(author="bob", item="bob.1"))
    assert action(net, "follow") == "not_followable"
    assert action(net, "follow", "ada", "acme") is None


def test_s20_suggest_follow_is_offered_where_the_sender_could_follow(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    assert action(net, "suggest_follow") == "not_followable"
    net.publish_article("ada", "ada.1")
    assert action(net, "suggest_follow") is None


def test_s17_the_sender_can_answer_once_something_was_asked(net: SmallNetwork) -> None:
    assert action(net, "answer") == "no_invitation"
    net.invite("ada", "bob")
    assert action(net, "answer") == "nothing_asked"
    net.do(asks("ada", "bob"))
    assert action(net, "answer") is None


def test_h14_an_unfollow_is_possible_where_a_setting_hides_the_follow(net: SmallNetwork) -> None:
    net.publish_article("bob", "bob.1")
    net.follow("ada", "bob")
    net.do(ChangeFollowerSetting(member="bob", setting=FollowerSetting.CONNECTIONS))
    assert action(net, "unfollow") is None


def test_a_block_can_be_laid_again_after_the_wait(net: SmallNetwork) -> None:
    net.block("ada", "bob")
    assert (action(net, "block"), action(net, "unblock")) == ("already_so", None)
    net.do(UnblockMember(blocker="ada", blocked="bob"))
    assert action(net, "block") == "block_too_soon"
    net.wait(48 * HOUR)
    assert action(net, "block") is None


# The order in which actions are offered


def test_s37_follow_stands_beside_connect_when_s34_allows_it(net: SmallNetwork) -> None:
    assert net.related("ada", "bob").offered[:2] == ("connect", "mute")
    net.publish_article("bob", "bob.1")
    assert net.related("ada", "bob").offered[:2] == ("connect", "follow")


def test_s45_a_member_can_have_follow_offered_before_connect(net: SmallNetwork) -> None:
    net.publish_article("bob", "bob.1")
    net.do(ChangeProfile(member="bob", primary_action=PrimaryAction.FOLLOW))
    found = net.related("ada", "bob")
    assert found.offered[:2] == tuple(found.actions)[:2] == ("follow", "connect")
    assert set(found.actions) == set(ACTIONS)
    net.do(ChangeProfile(member="bob", primary_action=PrimaryAction.CONNECT))
    assert net.related("ada", "bob").offered[:2] == ("connect", "follow")


# Many at once, and in the past


def test_peer_22_many_at_once_equal_one_by_one(net: SmallNetwork) -> None:
    net.connect("ada", "bob")
    net.invite("cy", "ada")
    net.block("ada", "acme")
    net.hibernate("dan")
    asked = ("dan", "ada", "bob", "cy", "acme", "nobody")
    net.net.catch_up()
    found = net.net.relationships("ada", asked)
    assert tuple(found) == asked
    for member, answer in found.items():
        if isinstance(answer, Relationship):
            assert answer == net.related("ada", member)
        else:
            assert answer.code == refused(net, "ada", member) == "not_available"
    assert [member for member, answer in found.items() if isinstance(answer, Refused)] == ["dan", "nobody"]


def test_a_relationship_asked_as_of_then_is_what_it_was_then() -> None:
    net = SmallNetwork()
    seen = []
    for command in STORY:
        net.do(command)
        if command != RestrictMember(member="ada"):
            seen.append((net.head, net.related("bob", "ada"), net.related("ada", "bob")))
    net.block("ada", "bob")
    net.wait(400 * DAY)
    for position, of_bob, of_ada in seen:
        assert net.related("bob", "ada", position) == of_bob
        assert net.related("ada", "bob", position) == of_ada
