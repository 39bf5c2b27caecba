"""What the member who acted is told of their own act does not depend on what is hidden from them (X16)."""

import pytest
from support.given import (
    NOW,
    World,
    connected,
    every_command_toward,
    followed,
    invited,
    made,
    members,
)

import domain
from domain.actor_view import actor_view
from domain.event import Event
from domain.identifiers import DAY
from domain.items import PostShared
from domain.members.member_events import InvitationPolicyChanged, MemberHibernated
from domain.refusals import Refused
from domain.relationships.following_events import MemberMuted
from domain.relationships.invitation_events import InvitationIgnored

BLOCK = domain.BlockMember(blocker="bob", blocked="ada")
HIBERNATE = domain.HibernateMember(member="bob")
INVITE = domain.SendInvitation(inviter="ada", invitee="bob", note="Hello")


def told(world: World, command: domain.Command) -> dict[str, object] | str:
    """What ada is told: her view of the result, ids left out since each history makes its own; or the refusal."""
    try:
        view = actor_view(command, world.do(command)).as_json()
    except Refused as refused:
        return f"{refused}"
    return {name: value if name not in ("invitation", "share") else "id" for name, value in view.items()}


STATES: dict[str, tuple[Event, ...]] = {
    "strangers": (),
    "ada invited": (invited("ada", "bob"),),
    "bob invited": (invited("bob", "ada"),),
    "ada follows": (followed("ada", "bob"),),
    "bob follows": (followed("bob", "ada"),),
    "connected": connected("ada", "bob"),
    "ada mutes": (MemberMuted(muter="ada", muted="bob"),),
}


@pytest.mark.parametrize("state", STATES)
def test_b17_and_x16_an_act_is_answered_alike_across_a_block_and_a_hibernation(state: str) -> None:
    for command in every_command_toward("ada", "bob"):
        answers = []
        for absence in (BLOCK, HIBERNATE):
            world = members(*STATES[state])
            world.do(absence)
            answers.append(told(world, command))
        assert answers[0] == answers[1], command


@pytest.mark.parametrize("state", STATES)
def test_b17_and_x16_what_ends_something_is_answered_alike_whether_or_not_it_was_there(state: str) -> None:
    ending = (
        domain.RemoveConnection(member="ada", other="bob"),
        domain.Unfollow(follower="ada", followee="bob"),
        domain.RemoveFollower(follower="bob", followee="ada"),
        domain.UnmuteMember(muter="ada", muted="bob"),
        domain.BlockMember(blocker="ada", blocked="bob"),
        domain.UnblockMember(blocker="ada", blocked="bob"),
    )
    for command in ending:
        for absence in ((), (MemberHibernated(member="bob"),)):
            assert told(members(*STATES[state], *absence), command) == {"accepted": True}


@pytest.mark.parametrize("reason", ["spam", "do_not_know", "not_now"])
def test_b16_and_s13_the_sender_is_told_nothing_of_an_ignored_invitation_or_a_bar(reason: str) -> None:
    ignored = InvitationIgnored(invitation="ada>bob", inviter="ada", invitee="bob", reason=reason)
    for now in (NOW, NOW + 30 * DAY):
        for command in every_command_toward("ada", "bob"):
            world, hidden = members(invited("ada", "bob")), members(invited("ada", "bob"), ignored)
            world.now = hidden.now = now
            assert told(hidden, command) == told(world, command)


def test_b16_what_is_told_of_a_sending_names_the_invitation_and_no_more() -> None:
    assert told(members(), INVITE) == {
        "accepted": True,
        "already_so": False,
        "invitation": "id",
        "advisories": ["email_shared"],
    }
    assert told(members(invited("ada", "bob")), INVITE) == {
        "accepted": True,
        "already_so": True,
    }


def test_s14_an_acceptance_by_policy_looks_like_one_by_crossing() -> None:
    by_policy = members(InvitationPolicyChanged(member="bob", setting="accept_all"))
    crossing = members(invited("bob", "ada"))
    assert (
        told(by_policy, INVITE)
        == told(crossing, INVITE)
        == {
            "accepted": True,
            "already_so": False,
            "invitation": "id",
            "connected": True,
            "advisories": ["email_shared"],
        }
    )


def test_n3_marking_as_read_does_not_tell_whether_anything_happened_meanwhile() -> None:
    mark = domain.MarkNoticesRead(member="ada", up_to=10**12)
    quiet, busy = members(), members()
    for world in (quiet, busy):
        assert told(world, mark) == {"accepted": True}
    busy.append([followed("cy", "dan")])
    assert told(busy, mark) == told(quiet, mark)


def test_what_an_act_made_is_named() -> None:
    world = members()
    post = domain.PublishPost(author="ada", text="On rivers", item="p1")
    assert actor_view(post, world.do(post)).as_json() == {"accepted": True, "already_so": False, "item": "p1"}
    share = domain.SharePost(sharer="bob", item="p1")
    outcome = world.do(share)
    assert actor_view(share, outcome).share == made(outcome.events, PostShared).share
