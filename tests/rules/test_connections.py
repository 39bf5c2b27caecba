"""Connections: made whole, ended whole, never more than the cap; and what peers expect of them and of invitations."""

from itertools import permutations

import pytest
from support.given import World, connected, followed, given_members, invited, members, policy, registered

from domain import (
    AcceptInvitation,
    BlockMember,
    DismissSuggestion,
    Follow,
    HibernateMember,
    IgnoreInvitation,
    LiftRestriction,
    ReactivateMember,
    RemoveConnection,
    RestrictMember,
    SendInvitation,
    UnblockMember,
    Unfollow,
    WithdrawInvitation,
)
from domain.decision import Command
from domain.event import Event
from domain.relationships.blocking_events import MemberBlocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected, SuggestionDismissed
from domain.relationships.connections import CONNECTIONS, at_cap
from domain.relationships.following_events import Followed, FollowerRemoved, Unfollowed
from domain.relationships.invitation_events import InvitationAccepted, InvitationSent
from domain.relationships.invitations import open_invitation

INVITE = SendInvitation(inviter="ada", invitee="bob")
ACCEPT = AcceptInvitation(inviter="ada", invitee="bob")
IGNORE = IgnoreInvitation(inviter="ada", invitee="bob")
WITHDRAW = WithdrawInvitation(inviter="ada", invitee="bob")
BLOCK = BlockMember(blocker="ada", blocked="bob")
UNBLOCK = UnblockMember(blocker="ada", blocked="bob")


def others(world: World, member: str) -> list[str]:
    return [other for other in world.facts().read(CONNECTIONS, member) if other != member]


@pytest.mark.parametrize("remover", ["ada", "bob"])
def test_s3_a_connection_is_held_by_both_or_by_none(remover: str) -> None:
    other = "bob" if remover == "ada" else "ada"
    world = members(invited("ada", "bob"))
    world.do(ACCEPT)
    assert (others(world, "ada"), others(world, "bob")) == (["bob"], ["ada"])
    world.do(RemoveConnection(member=remover, other=other))
    assert (others(world, "ada"), others(world, "bob")) == ([], [])


def test_s4_becoming_connected_makes_each_follow_the_other_in_the_same_append() -> None:
    given_members(invited("ada", "bob")).when(ACCEPT).then_types(
        InvitationAccepted, MembersConnected, Followed, Followed
    )


def test_s4_a_follow_that_stands_is_not_made_again() -> None:
    outcome = given_members(followed("ada", "bob"), invited("ada", "bob")).when(ACCEPT).accepted()
    assert outcome.events[2:] == (followed("bob", "ada", "connection"),)


def test_s5_that_follow_can_be_undone_by_either_side_and_the_connection_stays() -> None:
    world = members(*connected("ada", "bob"))
    for follower, followee in (("ada", "bob"), ("bob", "ada")):
        world.do(Unfollow(follower=follower, followee=followee))
        assert not world.pair("ada", "bob").side_of(follower).follows
    assert world.pair("ada", "bob").connected


def test_s1_a_follow_makes_no_connection() -> None:
    world = members(followed("ada", "bob"), followed("bob", "ada"))
    assert not world.pair("ada", "bob").connected
    assert others(world, "ada") == []
    assert world.answer(INVITE).startswith("accepted")


def test_x5_at_the_cap_either_side_is_refused_and_one_below_it_is_not() -> None:
    at_limit = (policy(connections_cap=2), *connected("cy", "dan"), registered("eve"))
    for full in ("ada", "bob"):
        one_below = (*at_limit, *connected(full, "cy"), invited("ada", "bob"))
        given_members(*one_below).when(ACCEPT).advises("email_shared")
        given_members(*one_below, *connected("eve", full)).when(ACCEPT).refused("connections_cap")


def test_x5_a_refused_acceptance_leaves_the_invitation_pending() -> None:
    world = members(policy(connections_cap=1), *connected("bob", "cy"), invited("ada", "bob"))
    assert world.answer(ACCEPT) == "connections_cap"
    assert world.answer(SendInvitation(inviter="bob", invitee="ada")) == "connections_cap"
    assert open_invitation(world.pair("ada", "bob"), "ada", world.now) is not None
    world.do(RemoveConnection(member="cy", other="bob"))
    assert world.answer(ACCEPT) == "accepted email_shared"


def test_x5_the_cap_counts_connections_that_were_removed_and_made_again_once() -> None:
    world = members(policy(connections_cap=2), *connected("ada", "cy"))
    world.do(RemoveConnection(member="ada", other="cy"))
    world.append([*connected("cy", "ada")])
    assert not at_cap("ada", world.facts())
    world.append([*connected("ada", "dan")])
    assert at_cap("ada", world.facts())


def test_h24_of_two_acceptances_at_one_below_the_cap_one_succeeds() -> None:
    for first, second in permutations(("ada", "cy")):
        world = members(policy(connections_cap=1), invited("ada", "bob"), invited("cy", "bob"))
        answers = [world.answer(AcceptInvitation(inviter=inviter, invitee="bob")) for inviter in (first, second)]
        assert answers == ["accepted email_shared", "connections_cap"]
        assert open_invitation(world.pair(second, "bob"), second, world.now) is not None


def test_x15_a_hidden_connection_does_not_count_and_counts_again_on_return() -> None:
    """H16: which causes hide a member is told apart; only when the last is lifted does the connection count again."""
    world = members(policy(connections_cap=1), *connected("bob", "cy"), invited("ada", "bob"))
    world.do(HibernateMember(member="cy"))
    world.do(RestrictMember(member="cy"))
    assert world.copy().answer(ACCEPT) == "accepted email_shared"
    world.do(ReactivateMember(member="cy"))
    assert not at_cap("bob", world.facts())
    world.do(LiftRestriction(member="cy"))
    assert world.answer(ACCEPT) == "connections_cap"


def test_x15_a_connection_that_returns_over_the_cap_stands_and_makes_the_member_full() -> None:
    world = members(policy(connections_cap=1), *connected("bob", "cy"), invited("ada", "bob"))
    world.do(HibernateMember(member="cy"))
    world.do(ACCEPT)
    world.do(ReactivateMember(member="cy"))
    assert others(world, "bob") == ["cy", "ada"]
    assert at_cap("bob", world.facts())


def test_s8_after_removing_a_connection_either_may_invite_again() -> None:
    world = members(*connected("ada", "bob"))
    world.do(RemoveConnection(member="ada", other="bob"))
    assert world.copy().answer(INVITE).startswith("accepted")
    assert world.answer(SendInvitation(inviter="bob", invitee="ada")).startswith("accepted")


def test_h14_a_connection_with_a_hidden_member_can_be_ended() -> None:
    for act in (HibernateMember(member="bob"), RestrictMember(member="bob")):
        world = members(*connected("ada", "bob"))
        world.do(act)
        outcome = world.do(RemoveConnection(member="ada", other="bob"))
        assert [type(event) for event in outcome.events] == [ConnectionRemoved, Unfollowed, FollowerRemoved]


def test_g4_a_suggestion_is_dismissed_once_and_only_of_a_stranger() -> None:
    dismiss = DismissSuggestion(member="ada", other="bob")
    given_members().when(dismiss).then(SuggestionDismissed(member="ada", other="bob"))
    given_members(SuggestionDismissed(member="ada", other="bob")).when(dismiss).then_already_so()
    given_members(*connected("ada", "bob")).when(dismiss).refused("already_connected")
    given_members(MemberBlocked(blocker="ada", blocked="bob")).when(dismiss).refused("blocked_by_you")
    given_members().when(DismissSuggestion(member="ada", other="ada")).refused("self")


# What peers expect


def test_peer_1_and_2_one_invitation_and_sending_it_again_makes_no_second() -> None:
    """Peers refuse the second; X21 answers that it is already so."""
    world = members()
    world.do(INVITE)
    assert not world.do(INVITE).events
    assert len(world.events(InvitationSent)) == 1
    assert world.pair("ada", "bob").side_of("bob").invitation is None


def test_peer_3_the_first_note_stands() -> None:
    world = members()
    for note in ("First", "Second"):
        world.do(SendInvitation(inviter="ada", invitee="bob", note=note))
    assert [event.note for event in world.events(InvitationSent)] == ["First"]


def test_peer_7_after_acceptance_nothing_is_pending_either_way() -> None:
    world = members(invited("ada", "bob"), invited("bob", "ada"))
    world.do(ACCEPT)
    pair = world.pair("ada", "bob")
    assert pair.connected
    assert [pair.side_of("ada").invitation, pair.side_of("bob").invitation] == [None, None]


def test_peer_9_and_11_only_the_recipient_can_answer() -> None:
    for command in (ACCEPT, IGNORE):
        for actor in ("ada", "cy"):
            given_members(invited("ada", "bob")).when(command, actor=actor).refused("not_yours")
    given_members(invited("ada", "bob")).when(AcceptInvitation(inviter="ada", invitee="cy")).refused("no_invitation")


@pytest.mark.parametrize("reason", ["not_now", "do_not_know", "spam"])
def test_peer_10_and_14_after_ignoring_they_are_strangers_and_the_recipient_may_invite(reason: str) -> None:
    """X1: as the ignored invitation can still be accepted, inviting back accepts it."""
    world = members(invited("ada", "bob"))
    world.do(IgnoreInvitation(inviter="ada", invitee="bob", reason=reason))
    assert not world.pair("ada", "bob").connected
    assert world.answer(SendInvitation(inviter="bob", invitee="ada")) == "accepted email_shared"
    assert world.pair("ada", "bob").connected


def test_peer_15_and_17_withdrawing_leaves_nothing_and_a_new_invitation_waits() -> None:
    """Peers allow it at once; X2 has a cool-down. The other side is free to invite."""
    world = members(invited("ada", "bob"))
    world.do(WITHDRAW)
    assert [world.answer(INVITE), world.answer(ACCEPT)] == ["cooling_down", "no_invitation"]
    assert world.answer(SendInvitation(inviter="bob", invitee="ada")).startswith("accepted")


def test_peer_23_25_and_26_the_cap_the_last_place_below_it_and_no_cap_at_all() -> None:
    crowd = [registered(f"m{number}") for number in range(5)]
    for cap, accepted in ((3, 3), (None, 5)):
        world = members(policy(connections_cap=cap), *crowd, *(invited(each.member, "ada") for each in crowd))
        answers = [world.answer(AcceptInvitation(inviter=each.member, invitee="ada")) for each in crowd]
        assert answers.count("accepted email_shared") == accepted == len(others(world, "ada"))


@pytest.mark.parametrize("order", [*permutations((ACCEPT, ACCEPT, WITHDRAW))])
def test_peer_31_of_accept_accept_and_withdraw_one_wins(
    order: tuple[AcceptInvitation | WithdrawInvitation, ...],
) -> None:
    world = members(invited("ada", "bob"))
    for command in order:
        world.answer(command)
    assert len(world.events(MembersConnected)) == (0 if order[0] == WITHDRAW else 1)


def test_peer_33_and_34_either_side_ends_it_and_a_second_time_is_already_so() -> None:
    ended = {
        "ada": (Unfollowed(follower="ada", followee="bob"), FollowerRemoved(follower="bob", followee="ada")),
        "bob": (Unfollowed(follower="bob", followee="ada"), FollowerRemoved(follower="ada", followee="bob")),
    }
    for member, other in permutations(("ada", "bob")):
        command = RemoveConnection(member=member, other=other)
        history: tuple[Event, ...] = connected("ada", "bob")
        removed = (ConnectionRemoved(member=member, other=other), *ended[member])
        given_members(*history).when(command).then(*removed)
        given_members(*history, *removed).when(command).then_already_so()


def test_peer_37_a_member_is_never_connected_to_themselves() -> None:
    given_members().when(RemoveConnection(member="ada", other="ada")).refused("self")
    given_members().when(AcceptInvitation(inviter="ada", invitee="ada")).refused("self")


def test_peer_41_and_42_a_suspension_hides_and_ends_nothing() -> None:
    world = members(*connected("ada", "bob"))
    world.do(RestrictMember(member="bob", reason="checks"))
    assert world.answer(Follow(follower="cy", followee="bob")) == "not_available"
    world.do(LiftRestriction(member="bob"))
    pair = world.pair("ada", "bob")
    assert pair.connected
    assert pair.side_of("ada").follows
    assert not world.events(ConnectionRemoved, Unfollowed, FollowerRemoved)


# Races, as orders of the same commands


RACERS = (
    ACCEPT,
    IGNORE,
    WITHDRAW,
    BLOCK,
    SendInvitation(inviter="bob", invitee="ada"),
)


@pytest.mark.parametrize("order", [*permutations(RACERS)])
def test_h2_in_every_order_of_the_acts_of_a_pair_a_block_ends_all(
    order: tuple[Command, ...],
) -> None:
    """The world checks X14 after every event."""
    world = members(invited("ada", "bob"))
    for command in order:
        world.answer(command)
    pair = world.pair("ada", "bob")
    assert pair.side_of("ada").blocks
    assert not pair.connected


@pytest.mark.parametrize("order", [*permutations((ACCEPT, BLOCK, UNBLOCK))])
def test_h3_a_block_lifted_again_leaves_the_two_apart(order: tuple[Command, ...]) -> None:
    world = members(invited("ada", "bob"))
    for command in order:
        world.answer(command)
    blocked, unblocked = order.index(BLOCK), order.index(UNBLOCK)
    pair = world.pair("ada", "bob")
    assert pair.side_of("ada").blocks == (unblocked < blocked)
    assert not pair.connected
    assert not pair.side_of("ada").follows
