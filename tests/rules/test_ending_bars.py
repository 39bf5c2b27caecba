"""What bars a new invitation and what ends that: bars, strikes and cool-downs over a story (S13, S26, X2, X8)."""

from support.given import given_members, invited, members, policy, registered

from domain import (
    AcceptInvitation,
    IgnoreInvitation,
    IgnoreReason,
    RemoveConnection,
    SendInvitation,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from domain.relationships.invitation_events import InvitationIgnored, InvitationSent

INVITE = SendInvitation(inviter="ada", invitee="bob")
BACK = SendInvitation(inviter="bob", invitee="ada")


def ignore(inviter: str, invitee: str, reason: str = "spam") -> IgnoreInvitation:
    return IgnoreInvitation(inviter=inviter, invitee=invitee, reason=IgnoreReason(reason))


def test_s13_the_bar_ends_when_its_maker_invites_the_barred() -> None:
    world = members(invited("ada", "bob"))
    world.do(ignore("ada", "bob"))
    world.do(WithdrawInvitation(inviter="ada", invitee="bob"))
    assert world.pair("ada", "bob").side_of("bob").bars_invitations
    world.do(BACK)
    assert not world.pair("ada", "bob").side_of("bob").bars_invitations
    world.do(WithdrawInvitation(inviter="bob", invitee="ada"))
    world.wait(21 * DAY).do(INVITE)
    assert not world.events(InvitationSent)[-1].barred


def test_s13_the_barred_cannot_end_the_bar_by_inviting() -> None:
    world = members(invited("ada", "bob"))
    world.do(ignore("ada", "bob", "do_not_know"))
    world.wait(21 * DAY).do(INVITE)
    assert world.events(InvitationSent)[-1].barred
    assert world.pair("ada", "bob").side_of("bob").bars_invitations


def test_s26_a_member_who_answers_so_again_is_one_strike() -> None:
    world = members(policy(strikes=2), invited("ada", "bob"))
    world.do(ignore("ada", "bob"))
    world.wait(22 * DAY).do(INVITE)
    world.do(ignore("ada", "bob", "do_not_know"))
    assert world.answer(SendInvitation(inviter="ada", invitee="cy")) == "accepted customize_note email_shared"
    world.do(ignore("ada", "cy"))
    assert world.answer(SendInvitation(inviter="ada", invitee="dan")) == "email_required"


def test_s26_strikes_of_old_logs_count_members_too() -> None:
    twice = (
        invited("ada", "bob"),
        InvitationIgnored(invitation="ada>bob", inviter="ada", invitee="bob", reason="spam"),
        invited("ada", "bob"),
        InvitationIgnored(invitation="again", inviter="ada", invitee="bob", reason="spam"),
    )
    given_members(policy(strikes=2), *twice).when(SendInvitation(inviter="ada", invitee="cy")).accepted()


def test_x2_a_connection_in_between_ends_the_cool_down() -> None:
    world = members()
    world.do(INVITE)
    world.do(WithdrawInvitation(inviter="ada", invitee="bob"))
    assert world.answer(INVITE) == "cooling_down"
    world.do(BACK)
    world.do(AcceptInvitation(inviter="bob", invitee="ada"))
    world.do(RemoveConnection(member="bob", other="ada"))
    assert world.wait(1).answer(INVITE).startswith("accepted")


def test_x2_withdrawing_again_stays_already_so_after_a_connection() -> None:
    world = members()
    for command in (INVITE, WithdrawInvitation(inviter="ada", invitee="bob"), BACK):
        world.do(command)
    world.do(AcceptInvitation(inviter="bob", invitee="ada"))
    assert not world.do(WithdrawInvitation(inviter="ada", invitee="bob")).events


def test_x8_a_page_does_not_invite() -> None:
    given_members().when(SendInvitation(inviter="acme", invitee="ada")).refused("not_a_person")
    given_members(registered("blue", "page")).when(SendInvitation(inviter="acme", invitee="blue")).refused(
        "not_a_person"
    )
