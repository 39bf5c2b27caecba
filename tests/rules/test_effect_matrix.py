"""The effect of each act, cell by cell, as far as events decide it (rules.md section 7). A acts on B.

`made` and `cut` are events. `-`, and what the rules call hide, are no event: the read models hide, and they too decide
on items, email and notices.
"""

import pytest
from support.given import World, connected, followed, invited, made, members

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeFollowerSetting,
    EraseMember,
    FollowerSetting,
    HibernateMember,
    IgnoreInvitation,
    IgnoreReason,
    LiftRestriction,
    MuteMember,
    ReactivateMember,
    RemoveConnection,
    RemoveFollower,
    RestrictMember,
    SendInvitation,
    UnblockMember,
    Unfollow,
    UnmuteMember,
    WithdrawInvitation,
)
from domain.decision import Command
from domain.event import Event
from domain.identifiers import DAY, HOUR
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected
from domain.relationships.following_events import Followed, FollowerRemoved, Unfollowed
from domain.relationships.invitation_events import (
    InvitationAccepted,
    InvitationClosed,
    InvitationIgnored,
    InvitationSent,
    InvitationWithdrawn,
)

A, B = "ada", "bob"
TOGETHER = connected(A, B)
"""The two are connected and follow each other."""
APART = (followed(A, B), followed(B, A))
"""The two follow each other."""
IGNORE = {reason: IgnoreInvitation(inviter=B, invitee=A, reason=reason) for reason in IgnoreReason}

Setup = tuple[Event | Command, ...]
ACTS: dict[str, tuple[Command, Setup, Setup]] = {
    # act: the command; what stands before it where the two are connected, and where an invitation is pending
    "accept": (AcceptInvitation(inviter=B, invitee=A), (), (invited(B, A),)),
    "ignore": (IGNORE[IgnoreReason.NOT_NOW], (), (*APART, invited(B, A))),
    "withdraw": (WithdrawInvitation(inviter=A, invitee=B), (), (*APART, invited(A, B))),
    "unfollow": (Unfollow(follower=A, followee=B), TOGETHER, (*APART, invited(B, A))),
    "remove follower": (RemoveFollower(follower=B, followee=A), TOGETHER, (*APART, invited(B, A))),
    "remove connection": (RemoveConnection(member=A, other=B), TOGETHER, (*APART, invited(B, A))),
    "mute": (MuteMember(muter=A, muted=B), TOGETHER, (*APART, invited(B, A))),
    "unmute": (UnmuteMember(muter=A, muted=B), (*TOGETHER, MuteMember(muter=A, muted=B)), ()),
    "set connections": (
        ChangeFollowerSetting(member=A, setting=FollowerSetting.CONNECTIONS),
        TOGETHER,
        (*APART, invited(B, A)),
    ),
    "block": (BlockMember(blocker=A, blocked=B), TOGETHER, (*APART, invited(B, A))),
    "unblock": (
        UnblockMember(blocker=A, blocked=B),
        (*TOGETHER, BlockMember(blocker=A, blocked=B)),
        (*APART, invited(B, A), BlockMember(blocker=A, blocked=B)),
    ),
    "hibernate": (HibernateMember(member=A), TOGETHER, (*APART, invited(B, A))),
    "be restricted": (RestrictMember(member=A), TOGETHER, (*APART, invited(B, A))),
    "return": (
        ReactivateMember(member=A),
        (*TOGETHER, HibernateMember(member=A)),
        (*APART, invited(B, A), HibernateMember(member=A)),
    ),
    "be unrestricted": (
        LiftRestriction(member=A),
        (*TOGETHER, RestrictMember(member=A)),
        (*APART, invited(B, A), RestrictMember(member=A)),
    ),
    "be erased": (EraseMember(member=A), TOGETHER, (*APART, invited(B, A))),
}

CELLS = ("connection", "A follows B", "B follows A", "invitation")
MATRIX: dict[str, tuple[str, str, str, str]] = {
    "accept": ("made", "made", "made", "accepted"),
    "ignore": ("-", "-", "-", "ignored"),
    "withdraw": ("-", "-", "-", "withdrawn"),
    "unfollow": ("-", "cut", "-", "-"),
    "remove follower": ("-", "-", "cut", "-"),
    "remove connection": ("cut", "cut", "cut", "-"),
    "mute": ("-", "-", "-", "-"),
    "unmute": ("-", "-", "-", "-"),
    "set connections": ("-", "-", "-", "-"),
    "block": ("cut", "cut", "cut", "closed"),
    "unblock": ("-", "-", "-", "-"),
    "hibernate": ("-", "-", "-", "-"),
    "be restricted": ("-", "-", "-", "-"),
    "return": ("-", "-", "-", "-"),
    "be unrestricted": ("-", "-", "-", "-"),
    "be erased": ("-", "-", "-", "-"),  # one fact; the read models leave the erased out of everything
}


def world_with(setup: Setup) -> World:
    world = members(*(each for each in setup if not isinstance(each, Command)))
    for each in setup:
        if isinstance(each, Command):
            world.do(each)
    return world


def effect(cell: str, event: Event) -> str | None:
    """What an event does in a cell; None: nothing."""
    match cell, event:
        case "connection", MembersConnected():
            return "made"
        case "connection", ConnectionRemoved():
            return "cut"
        case "A follows B", Followed(follower="ada") | Unfollowed(follower="ada") | FollowerRemoved(follower="ada"):
            return "made" if isinstance(event, Followed) else "cut"
        case "B follows A", Followed(follower="bob") | Unfollowed(follower="bob") | FollowerRemoved(follower="bob"):
            return "made" if isinstance(event, Followed) else "cut"
        case "invitation", InvitationAccepted() | InvitationIgnored() | InvitationWithdrawn() | InvitationClosed():
            return type(event).__name__.removeprefix("Invitation").lower()
    return None


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("act", ACTS)
def test_section_7_each_act_makes_and_cuts_what_its_cells_say_and_no_more(act: str, cell: str) -> None:
    command, when_connected, when_invited = ACTS[act]
    setup = when_invited if cell == "invitation" else when_connected or when_invited
    events = world_with(setup).do(command).events
    effects = [found for event in events if (found := effect(cell, event))]
    expected = MATRIX[act][CELLS.index(cell)]
    assert effects == ([] if expected == "-" else [expected])


@pytest.mark.parametrize("act", ACTS)
def test_section_7_an_act_leaves_what_it_does_not_cut(act: str) -> None:
    command, when_connected, when_invited = ACTS[act]
    for setup in filter(None, (when_connected, when_invited)):
        world = world_with(setup)
        before = world.pair(A, B)
        world.do(command)
        after = world.pair(A, B)
        connection, first, second, invitation = MATRIX[act]
        if connection == "-":
            assert after.connected == before.connected
        if first == "-":
            assert after.side_of(A).follows == before.side_of(A).follows
        if second == "-":
            assert after.side_of(B).follows == before.side_of(B).follows
        if invitation == "-":
            assert [after.side_of(side).invitation for side in (A, B)] == [
                before.side_of(side).invitation for side in (A, B)
            ]


SEND_A, SEND_B = SendInvitation(inviter=A, invitee=B), SendInvitation(inviter=B, invitee=A)
SENT = "accepted customize_note email_shared"
NEW_INVITATION: dict[str, tuple[str, str]] = {
    # act: what A is answered on inviting B, and B on inviting A, at once afterwards, where the two were connected
    "unfollow": ("already_connected", "already_connected"),
    "remove follower": ("already_connected", "already_connected"),
    "remove connection": (SENT, SENT),
    "mute": ("already_connected", "already_connected"),
    "set connections": ("already_connected", "already_connected"),
    "block": ("blocked_by_you", "not_available"),
    "unblock": (SENT, SENT),
    "hibernate": ("inactive", "not_available"),
    "be restricted": ("inactive", "not_available"),
    "return": ("already_connected", "already_connected"),
    "be unrestricted": ("already_connected", "already_connected"),
    "be erased": ("unknown_member", "not_available"),
}


@pytest.mark.parametrize("act", NEW_INVITATION)
def test_section_7_a_new_invitation_after_the_act(act: str) -> None:
    command, setup, _ = ACTS[act]
    world = world_with(setup)
    world.do(command)
    assert (world.copy().answer(SEND_A), world.copy().answer(SEND_B)) == NEW_INVITATION[act]


def test_section_7_a_new_invitation_after_accepting_is_not_possible() -> None:
    world = world_with((invited(B, A), ACTS["accept"][0]))
    assert (world.copy().answer(SEND_A), world.answer(SEND_B)) == ("already_connected", "already_connected")


@pytest.mark.parametrize("reason", [*IgnoreReason])
def test_section_7_a_new_invitation_after_ignoring_comes_after_21_days_and_barred_or_not(reason: IgnoreReason) -> None:
    world = world_with((invited(B, A), IGNORE[reason]))
    assert not world.do(SEND_B).events
    sent = made(world.wait(21 * DAY).do(SEND_B).events, InvitationSent)
    assert sent.barred == (reason != IgnoreReason.NOT_NOW)


def test_section_7_a_new_invitation_after_withdrawing_comes_after_21_days() -> None:
    world = world_with((invited(A, B), ACTS["withdraw"][0]))
    assert world.wait(21 * DAY - 1).answer(SEND_A) == "cooling_down"
    assert world.wait(1).answer(SEND_A) == SENT


def test_section_7_block_closes_invitations_both_ways_with_its_own_reason() -> None:
    for inviter, invitee in ((A, B), (B, A)):
        closed = InvitationClosed(invitation=f"{inviter}>{invitee}", inviter=inviter, invitee=invitee, reason="block")
        events = world_with((invited(inviter, invitee),)).do(BlockMember(blocker=A, blocked=B)).events
        assert closed in events


def test_section_7_after_unblocking_a_new_block_waits_48_hours() -> None:
    world = world_with((BlockMember(blocker=A, blocked=B), UnblockMember(blocker=A, blocked=B)))
    block = BlockMember(blocker=A, blocked=B)
    assert world.wait(48 * HOUR - 1).answer(block) == "block_too_soon"
    assert world.wait(1).answer(block) == "accepted"


def test_section_7_a_frozen_invitation_is_as_before_when_the_member_returns() -> None:
    for away, back in ((HibernateMember, ReactivateMember), (RestrictMember, LiftRestriction)):
        for side in (A, B):
            world = members(invited(B, A))
            world.do(away(member=side))
            frozen = world.copy().answer(ACTS["accept"][0])
            assert frozen == ("inactive" if side == A else "not_available")
            world.do(back(member=side))
            assert world.answer(ACTS["accept"][0]) == "accepted email_shared"


def test_section_7_after_erasure_nothing_of_the_pair_can_be_begun_or_answered() -> None:
    world = members(invited(A, B), invited("cy", A), *APART)
    world.do(EraseMember(member=A))
    for command in (
        AcceptInvitation(inviter=A, invitee=B),
        IgnoreInvitation(inviter=A, invitee=B),
        WithdrawInvitation(inviter="cy", invitee=A),
        SEND_B,
    ):
        assert world.answer(command) == "not_available"
