"""Invitations: who may invite whom, what is sent, and what each answer makes (rules.md section 3)."""

import pytest
from support.given import NOTE, NOW, START, connected, followed, given_members, invited, made, members, policy

from domain import (
    AcceptInvitation,
    ChangeInvitationPolicy,
    ChangeWhoMayInvite,
    IgnoreInvitation,
    IgnoreReason,
    InvitationPolicy,
    SendInvitation,
    WhoMayInvite,
    WithdrawInvitation,
)
from domain.event import Event
from domain.identifiers import DAY, WEEK, Instant
from domain.members.member_events import InvitationPolicyChanged, WhoMayInviteChanged
from domain.relationships.blocking_events import MemberBlocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected
from domain.relationships.following_events import Followed
from domain.relationships.invitation_events import (
    InvitationAccepted,
    InvitationIgnored,
    InvitationSent,
    InvitationWithdrawn,
)
from domain.relationships.invitations import open_invitation

INVITE = SendInvitation(inviter="ada", invitee="bob")
ACCEPT = AcceptInvitation(inviter="ada", invitee="bob")
WITHDRAW = WithdrawInvitation(inviter="ada", invitee="bob")
WITHDRAWN = InvitationWithdrawn(invitation="ada>bob", inviter="ada", invitee="bob")
OPEN_NETWORKER = InvitationPolicyChanged(member="bob", setting="accept_all")
BY_EMAIL_ONLY = WhoMayInviteChanged(member="bob", setting="email")


def ignore(reason: str = "not_now") -> IgnoreInvitation:
    return IgnoreInvitation(inviter="ada", invitee="bob", reason=IgnoreReason(reason))


def ignored(reason: str, inviter: str = "ada", invitee: str = "bob") -> InvitationIgnored:
    return InvitationIgnored(invitation=f"{inviter}>{invitee}", inviter=inviter, invitee=invitee, reason=reason)


def sent(
    note: str = NOTE, kind: str = "default", *, how_known: str | None = None, barred: bool = False, now: Instant = NOW
) -> InvitationSent:
    return InvitationSent(
        invitation="id-1",
        inviter="ada",
        invitee="bob",
        note=note,
        note_kind=kind,
        how_known=how_known,
        barred=barred,
        expires_at=now + 180 * DAY,
        email_notice=1,
    )


def accepted_events(invitation: str = "ada>bob", *, by_policy: bool = False) -> list[Event]:
    return [
        InvitationAccepted(invitation=invitation, inviter="ada", invitee="bob", by_policy=by_policy, email_notice=1),
        MembersConnected(member="ada", other="bob", invitation=invitation),
        followed("ada", "bob", "connection"),
        followed("bob", "ada", "connection"),
    ]


# Sending


def test_s8_a_member_may_invite_any_person_they_are_not_connected_to() -> None:
    given_members().when(INVITE).then(sent())


def test_s8_connected_members_cannot_invite_each_other() -> None:
    given_members(*connected("ada", "bob")).when(INVITE).refused("already_connected")
    given_members(*connected("bob", "ada")).when(INVITE).refused("already_connected")


def test_s9_a_custom_note_is_kept_as_sent() -> None:
    command = SendInvitation(inviter="ada", invitee="bob", note="  We met in Turin. ")
    given_members().when(command).then(sent("We met in Turin.", "custom")).advises("email_shared")


def test_s9_the_default_note_is_that_of_the_policy_in_force() -> None:
    given_members(policy(default_note="Let us connect.")).when(INVITE).then(sent("Let us connect.", "default"))


@pytest.mark.parametrize("note", [None, "", " \n "])
def test_s10_the_default_note_is_accepted_with_advice(note: str | None) -> None:
    command = SendInvitation(inviter="ada", invitee="bob", note=note)
    given_members().when(command).then(sent()).advises("customize_note", "email_shared")


@pytest.mark.parametrize("note", [None, "We met in Turin."])
def test_s11_a_note_never_decides_acceptance(note: str | None) -> None:
    given_members(invited("ada", "bob", note=note)).when(ACCEPT).then(*accepted_events())


def test_s12_an_unanswered_or_ignored_invitation_gives_nothing() -> None:
    world = members(invited("ada", "bob"))
    world.do(ignore("spam"))
    pair = world.pair("ada", "bob")
    assert not pair.connected
    assert not pair.side_of("ada").follows
    assert not pair.side_of("bob").follows


def test_s22_and_s24_how_the_sender_knows_the_member_may_be_stated_and_is_never_asked() -> None:
    command = SendInvitation(inviter="ada", invitee="bob", how_known=" Same choir ")
    world = members()
    assert list(world.do(command).events) == [sent(how_known="Same choir")]
    world.do(ACCEPT)
    assert world.pair("ada", "bob").connected


def test_s27_sending_and_accepting_say_that_email_is_shared_and_record_the_notice() -> None:
    world = members()
    sending, accepting = world.do(INVITE), world.do(ACCEPT)
    assert "email_shared" in sending.advisories
    assert "email_shared" in accepting.advisories
    assert [event.email_notice for event in world.events(InvitationSent, InvitationAccepted)] == [1, 1]


def test_x7_a_note_has_at_most_300_characters_after_trimming() -> None:
    longest = "é" * 300
    fits = SendInvitation(inviter="ada", invitee="bob", note=f"  {longest}  ")
    given_members().when(fits).then(sent(longest, "custom"))
    given_members().when(SendInvitation(inviter="ada", invitee="bob", note=longest + "e")).refused("too_long")


def test_x8_and_peer_5_nobody_invites_themselves_or_a_page() -> None:
    given_members().when(SendInvitation(inviter="ada", invitee="ada")).refused("self")
    given_members().when(SendInvitation(inviter="ada", invitee="acme")).refused("not_a_person")


# Sending again


def test_x21_sending_again_is_already_so_until_21_days_are_over() -> None:
    resend = SendInvitation(inviter="ada", invitee="bob", note="Again")
    before, over = START + 21 * DAY - 1, START + 21 * DAY
    given_members(invited("ada", "bob")).when(resend, now=before).then_already_so()
    given_members(invited("ada", "bob")).when(resend, now=over).then(sent("Again", "custom", now=over))


@pytest.mark.parametrize("reason", ["not_now", "do_not_know", "spam"])
def test_x21_being_ignored_makes_no_difference_to_the_sender(reason: str) -> None:
    history = (invited("ada", "bob"), ignored(reason))
    given_members(*history).when(INVITE, now=START + 21 * DAY - 1).then_already_so()
    over = START + 21 * DAY
    barred = reason != "not_now"
    given_members(*history).when(INVITE, now=over).then(sent(now=over, barred=barred)).advises(
        "customize_note", "email_shared"
    )


def test_x21_what_is_sent_anew_counts_from_its_own_sending() -> None:
    world = members(invited("ada", "bob"))
    world.now = START + 21 * DAY
    assert world.do(INVITE).events
    world.wait(21 * DAY - 1)
    assert not world.do(INVITE).events
    assert world.wait(1).do(INVITE).events
    sent_anew = world.pair("ada", "bob").side_of("ada").invitation
    assert sent_anew is not None
    assert sent_anew.sent_at == START + 42 * DAY


def test_x2_withdrawing_bars_a_new_invitation_for_21_days() -> None:
    given_members(invited("ada", "bob")).when(WITHDRAW).then(WITHDRAWN)
    history = (invited("ada", "bob"), (WITHDRAWN, NOW))
    given_members(*history).when(INVITE, now=NOW + 21 * DAY - 1).refused("cooling_down")
    given_members(*history).when(INVITE, now=NOW + 21 * DAY).then(sent(now=NOW + 21 * DAY))


def test_x2_withdrawing_twice_is_already_so_and_without_an_invitation_refused() -> None:
    given_members(invited("ada", "bob"), WITHDRAWN).when(WITHDRAW).then_already_so()
    given_members().when(WITHDRAW).refused("no_invitation")


def test_x2_withdrawing_what_has_expired_is_refused_even_where_an_earlier_one_was_withdrawn() -> None:
    sent_anew = (invited("ada", "bob"), START + 30 * DAY)
    given_members(invited("ada", "bob"), WITHDRAWN, sent_anew).when(WITHDRAW, now=START + 180 * DAY).refused(
        "no_invitation"
    )


# Ignoring


@pytest.mark.parametrize("reason", ["not_now", "do_not_know", "spam"])
def test_s13_ignoring_keeps_its_reason_and_can_still_become_acceptance(reason: str) -> None:
    world = members(invited("ada", "bob"))
    assert list(world.do(ignore(reason)).events) == [ignored(reason)]
    assert list(world.do(ACCEPT).events) == accepted_events()


def test_s13_after_acceptance_the_sender_is_barred_no_more() -> None:
    world = members(invited("ada", "bob"), ignored("spam"))
    world.do(ACCEPT)
    world.append([ConnectionRemoved(member="bob", other="ada")])
    assert not made(world.do(INVITE).events, InvitationSent).barred


def test_s13_ignoring_for_a_second_reason_keeps_the_bar_and_is_one_strike() -> None:
    world = members(policy(strikes=2), invited("ada", "bob"))
    for reason in ("spam", "do_not_know", "not_now"):
        world.do(ignore(reason))
    assert world.pair("ada", "bob").side_of("bob").bars_invitations
    assert world.answer(SendInvitation(inviter="ada", invitee="cy")) == "accepted customize_note email_shared"


def test_s13_nothing_can_be_ignored_that_is_not_there() -> None:
    given_members().when(ignore()).refused("no_invitation")
    given_members(*connected("ada", "bob")).when(ignore()).refused("no_invitation")


# Accepting


def test_s2_a_connection_needs_an_invitation_and_an_acceptance() -> None:
    given_members().when(ACCEPT).refused("no_invitation")
    given_members(invited("ada", "bob")).when(ACCEPT).then(*accepted_events())


def test_s8_accepting_twice_is_already_so() -> None:
    given_members(invited("ada", "bob"), *accepted_events()).when(ACCEPT).then_already_so()


def test_s8_a_withdrawn_invitation_cannot_be_accepted() -> None:
    given_members(invited("ada", "bob"), WITHDRAWN).when(ACCEPT).refused("no_invitation")


def test_x3_a_pending_invitation_expires_after_180_days_to_the_microsecond() -> None:
    last, expired = START + 180 * DAY - 1, START + 180 * DAY
    given_members(invited("ada", "bob")).when(ACCEPT, now=last).then(*accepted_events())
    for command in (ACCEPT, ignore(), WITHDRAW):
        given_members(invited("ada", "bob")).when(command, now=expired).refused("no_invitation")
    given_members(invited("ada", "bob")).when(INVITE, now=expired).then(sent(now=expired))


def test_x3_the_expiry_is_that_of_the_policy_when_it_was_sent() -> None:
    world = members(policy(invitation_expiry_days=1))
    world.do(INVITE)
    world.append([policy(at=world.now, invitation_expiry_days=None)])
    assert world.copy().wait(DAY - 1).answer(ACCEPT) == "accepted email_shared"
    assert world.wait(DAY).answer(ACCEPT) == "no_invitation"


def test_x1_inviting_a_member_whose_invitation_is_pending_accepts_it() -> None:
    back = SendInvitation(inviter="bob", invitee="ada", note="I was about to write.")
    given_members(invited("ada", "bob")).when(back).then(*accepted_events()).advises("email_shared")


def test_x1_an_invitation_that_was_ignored_is_accepted_by_inviting_back() -> None:
    back = SendInvitation(inviter="bob", invitee="ada")
    given_members(invited("ada", "bob"), ignored("spam")).when(back).then(*accepted_events())


def test_x1_inviting_back_is_an_acceptance_even_in_the_cool_down_after_withdrawing() -> None:
    """The cool-down keeps a member from asking again; here the other asks."""
    given_members(invited("ada", "bob"), WITHDRAWN, invited("bob", "ada")).when(INVITE).then_types(
        InvitationAccepted, MembersConnected, Followed, Followed
    )


@pytest.mark.parametrize("first", ["ada", "bob"])
def test_h4_crossed_invitations_give_one_connection_and_nothing_pending(first: str) -> None:
    second = "bob" if first == "ada" else "ada"
    world = members()
    world.do(SendInvitation(inviter=first, invitee=second))
    world.do(SendInvitation(inviter=second, invitee=first))
    assert len(world.events(InvitationSent)) == len(world.events(MembersConnected)) == 1
    pair = world.pair("ada", "bob")
    assert open_invitation(pair, "ada", world.now) is None
    assert open_invitation(pair, "bob", world.now) is None


def test_h5_a_double_accept_connects_once() -> None:
    world = members(invited("ada", "bob"))
    first, second = world.do(ACCEPT), world.do(ACCEPT)
    assert first.events
    assert not second.events
    assert len(world.events(MembersConnected)) == 1


def test_h6_when_a_member_may_be_invited_again_is_exact() -> None:
    """Ignored: after 21 days from the sending. Withdrawn: 21 days from the withdrawal. do_not_know: barred for good."""
    for reason, barred in (("not_now", False), ("do_not_know", True)):
        world = members(invited("ada", "bob"), ignored(reason))
        world.now = START + 21 * DAY
        assert made(world.do(INVITE).events, InvitationSent).barred == barred
    world = members(invited("ada", "bob"), (WITHDRAWN, START + 20 * DAY))
    world.now = START + 41 * DAY - 1
    assert world.answer(INVITE) == "cooling_down"
    assert world.wait(1).do(INVITE).events


# Policies of the invitee


def test_s14_an_open_networker_accepts_without_a_human_act() -> None:
    given_members(OPEN_NETWORKER).when(INVITE).then(sent(), *accepted_events("id-1", by_policy=True)).advises(
        "customize_note", "email_shared"
    )


@pytest.mark.parametrize("full", ["ada", "bob"])
def test_s15_accept_all_does_not_override_a_cap(full: str) -> None:
    history = (policy(connections_cap=1), *connected(full, "cy"), OPEN_NETWORKER)
    given_members(*history).when(INVITE).then(sent())


def test_s15_accept_all_does_not_override_a_restricted_sender() -> None:
    struck = (policy(strikes=1), invited("ada", "cy"), ignored("spam", invitee="cy"))
    command = SendInvitation(inviter="ada", invitee="bob", email="bob@example.org")
    given_members(*struck, OPEN_NETWORKER).when(command).then(sent())


def test_s15_accept_all_does_not_override_a_block_or_a_bar() -> None:
    given_members(OPEN_NETWORKER, MemberBlocked(blocker="bob", blocked="ada")).when(INVITE).refused("not_available")
    history = (invited("ada", "bob"), ignored("do_not_know"), OPEN_NETWORKER)
    given_members(*history).when(INVITE, now=START + 21 * DAY).then(sent(now=START + 21 * DAY, barred=True))


def test_x6_only_those_who_give_the_primary_email_may_invite() -> None:
    given_members(BY_EMAIL_ONLY).when(INVITE).refused("email_required")
    for email, answer in (("bob@example.com", "email_required"), ("Bob@Example.ORG", "accepted")):
        command = SendInvitation(inviter="ada", invitee="bob", email=email)
        assert members(BY_EMAIL_ONLY).answer(command).startswith(answer)


def test_s14_and_x6_settings_are_changed_once_and_only_by_persons() -> None:
    accept_all = ChangeInvitationPolicy(member="bob", setting=InvitationPolicy.ACCEPT_ALL)
    by_email = ChangeWhoMayInvite(member="bob", setting=WhoMayInvite.EMAIL)
    given_members().when(accept_all).then(OPEN_NETWORKER)
    given_members().when(by_email).then(BY_EMAIL_ONLY)
    given_members().when(ChangeInvitationPolicy(member="bob", setting=InvitationPolicy.REVIEW)).then_already_so()
    given_members().when(ChangeWhoMayInvite(member="bob", setting=WhoMayInvite.ANYONE)).then_already_so()
    given_members().when(ChangeInvitationPolicy(member="acme", setting=InvitationPolicy.REVIEW)).refused("not_a_person")
    given_members().when(ChangeWhoMayInvite(member="acme", setting=WhoMayInvite.EMAIL)).refused("not_a_person")


# Limits on a sender


@pytest.mark.parametrize("limit", [1, 100])
def test_x4_the_invitation_over_the_limit_is_refused_until_seven_days_after_the_oldest(limit: int) -> None:
    history = [(invited("ada", f"m{number}"), START + number) for number in range(limit)]
    values = () if limit == 100 else (policy(invitations_per_week=limit),)
    given_members(*values, *history[:-1]).when(INVITE).then(sent())
    given_members(*values, *history).when(INVITE, now=START + WEEK - 1).refused("invitation_limit")
    given_members(*values, *history).when(INVITE, now=START + WEEK).then(sent(now=START + WEEK))


def test_x4_the_window_slides_and_has_no_edge_to_wait_for() -> None:
    """Two at the end of one week and two at the start of the next would be four within a day."""
    world = members(policy(invitations_per_week=2))
    world.now = START + 6 * DAY
    answers = [world.answer(SendInvitation(inviter="ada", invitee=other)) for other in ("bob", "cy", "dan")]
    world.now = START + 8 * DAY
    answers.append(world.answer(SendInvitation(inviter="ada", invitee="dan")))
    assert [answer == "invitation_limit" for answer in answers] == [False, False, True, True]


def test_x4_withdrawing_gives_no_quota_back_and_an_acceptance_takes_none() -> None:
    world = members(policy(invitations_per_week=1), invited("ada", "bob"), invited("cy", "ada"))
    world.do(WITHDRAW)
    assert world.answer(SendInvitation(inviter="ada", invitee="dan")) == "invitation_limit"
    assert world.answer(SendInvitation(inviter="ada", invitee="cy")) == "accepted email_shared"


def test_h23_at_limit_n_exactly_n_of_n_plus_1_sends_succeed() -> None:
    world = members(policy(invitations_per_week=2))
    answers = [world.answer(SendInvitation(inviter="ada", invitee=other)) for other in ("bob", "cy", "dan")]
    assert answers.count("invitation_limit") == 1
    assert len(world.events(InvitationSent)) == 2


def test_s26_at_the_threshold_a_sender_must_give_the_email_and_the_acceptor_is_told() -> None:
    strangers = [f"m{number}" for number in range(5)]
    struck = [event for other in strangers for event in (invited("ada", other), ignored("spam", invitee=other))]
    below = struck[:-1]
    given_members(*below).when(INVITE).then(sent())
    given_members(*struck).when(INVITE).refused("email_required")
    with_email = SendInvitation(inviter="ada", invitee="bob", email="bob@example.org")
    given_members(*struck).when(with_email).then(sent())
    given_members(invited("ada", "bob"), *below).when(ACCEPT).advises("email_shared")
    given_members(invited("ada", "bob"), *struck).when(ACCEPT).advises("email_shared", "flagged_sender")


def test_s26_not_now_does_not_count_against_the_sender() -> None:
    given_members(policy(strikes=1), invited("ada", "cy"), ignored("not_now", invitee="cy")).when(INVITE).then(sent())
