"""Invitations: a request to connect, answered by its recipient or not at all."""

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    Facts,
    Outcome,
    accepted,
    refuse_unless,
)
from domain.decision import field as field_of
from domain.event import Event
from domain.identifiers import DAY, Instant, MemberId
from domain.members.member import MEMBER, Member
from domain.members.member_events import (
    InvitationPolicy,
    InvitationPolicyChanged,
    MemberKind,
    WhoMayInvite,
    WhoMayInviteChanged,
)
from domain.refusals import Refused
from domain.relationships.connections import TIMES_CONNECTED, at_cap, connect
from domain.relationships.invitation_events import (
    IgnoreReason,
    InvitationAccepted,
    InvitationIgnored,
    InvitationSent,
    InvitationWithdrawn,
    NoteKind,
)
from domain.relationships.inviting import TIMES_IGNORED, TIMES_INVITED, at_weekly_limit, flagged
from domain.relationships.pair import REACHABLE_REFUSALS, Invitation, Pair, expects_pair, require_reachable
from domain.text import Email, Text, require_length

EMAIL_NOTICE = 1
"""The version of the notice that connecting shares email (S27); a new wording is a new number."""


# Commands


class SendInvitation(Command):
    """Ask a person to connect. Without a note the default note is sent. `email`: the invitee's primary email, where it
    is required."""

    inviter: MemberId
    invitee: MemberId
    note: Text | None = None
    how_known: Text | None = None
    email: Email | None = None


class AcceptInvitation(Command):
    """Accept, as the invitee. Possible after ignoring, until the invitation is withdrawn, closed or expired."""

    inviter: MemberId
    invitee: MemberId


class IgnoreInvitation(Command):
    """Ignore, as the invitee, silently. do_not_know and spam bar the sender and count against them."""

    inviter: MemberId
    invitee: MemberId
    reason: IgnoreReason = IgnoreReason.NOT_NOW


class WithdrawInvitation(Command):
    """Take a pending invitation back, as the inviter, silently; it gives no quota back."""

    inviter: MemberId
    invitee: MemberId


class ChangeInvitationPolicy(Command):
    """Review each invitation, or accept all (an open networker)."""

    member: MemberId
    setting: InvitationPolicy


class ChangeWhoMayInvite(Command):
    """Let anyone invite, or only those who give the member's primary email."""

    member: MemberId
    setting: WhoMayInvite


def open_invitation(pair: Pair, inviter: str, now: Instant) -> Invitation | None:
    """The invitation of this inviter that can be accepted now, ignored or not."""
    sent = pair.side_of(inviter).invitation
    return sent if sent is not None and sent.open_at(now) else None


def acceptance(sent: Invitation, inviter: str, invitee: str, pair: Pair, *, by_policy: bool) -> list[Event]:
    """What accepting makes (S3, S4)."""
    return [
        InvitationAccepted(
            invitation=sent.id, inviter=inviter, invitee=invitee, by_policy=by_policy, email_notice=EMAIL_NOTICE
        ),
        *connect(inviter, invitee, pair, sent.id),
    ]


# Decisions


def send_invitation(command: SendInvitation, facts: Facts) -> Outcome:
    inviter, invitee, policy = command.inviter, command.invitee, facts.policy
    pair, recipient = require_reachable(facts, inviter, invitee)
    persons = recipient.kind == facts.read(MEMBER, inviter).kind == MemberKind.PERSON
    refuse_unless(persons, "not_a_person")
    refuse_unless(not pair.connected, "already_connected")
    if open_invitation(pair, invitee, facts.now):
        return accept_invitation(AcceptInvitation(inviter=invitee, invitee=inviter), facts)
    require_length(command.note or "", policy.note_length)
    require_length(command.how_known or "", policy.note_length)
    own, cooldown = pair.side_of(inviter), policy.cooldown_days * DAY
    sent = open_invitation(pair, inviter, facts.now)
    if sent and facts.now < sent.sent_at + cooldown:
        return ALREADY_SO
    refuse_unless(own.cooling_since is None or facts.now >= own.cooling_since + cooldown, "cooling_down")
    if recipient.who_may_invite == WhoMayInvite.EMAIL or flagged(inviter, facts):
        refuse_unless(_gives_email(command, recipient), "email_required")
    refuse_unless(not at_weekly_limit(inviter, facts), "invitation_limit")
    return _send(command, recipient, pair, facts)


def _gives_email(command: SendInvitation, recipient: Member) -> bool:
    return command.email is not None and command.email.casefold() == recipient.primary_email.casefold()


def _send(command: SendInvitation, recipient: Member, pair: Pair, facts: Facts) -> Outcome:
    expiry = facts.policy.invitation_expiry_days
    barred = pair.side_of(command.invitee).bars_invitations
    sent = InvitationSent(
        invitation=facts.new_id(),
        inviter=command.inviter,
        invitee=command.invitee,
        note=command.note or facts.policy.default_note,
        note_kind=(NoteKind.CUSTOM if command.note else NoteKind.DEFAULT).value,
        how_known=command.how_known or None,
        barred=barred,
        expires_at=None if expiry is None else facts.now + expiry * DAY,
        email_notice=EMAIL_NOTICE,
    )
    events: list[Event] = [sent]
    if recipient.invitation_policy == InvitationPolicy.ACCEPT_ALL and not barred and _admissible(command, facts):
        invitation = Invitation(sent.invitation, facts.now, sent.expires_at)
        events += acceptance(invitation, command.inviter, command.invitee, pair, by_policy=True)
    advisories = ("email_shared",) if command.note else ("customize_note", "email_shared")
    return accepted(*events, advisories=advisories)


def _admissible(command: SendInvitation, facts: Facts) -> bool:
    # S15: a sender restricted by strikes is never accepted by policy, even one who gave the email.
    return not (flagged(command.inviter, facts) or at_cap(command.inviter, facts) or at_cap(command.invitee, facts))


def accept_invitation(command: AcceptInvitation, facts: Facts) -> Outcome:
    pair, _ = require_reachable(facts, command.invitee, command.inviter)
    if pair.connected:
        return ALREADY_SO
    sent = open_invitation(pair, command.inviter, facts.now)
    if sent is None:
        raise Refused("no_invitation")
    full = at_cap(command.invitee, facts) or at_cap(command.inviter, facts)
    refuse_unless(not full, "connections_cap")
    advisories = ("email_shared", "flagged_sender") if flagged(command.inviter, facts) else ("email_shared",)
    return accepted(*acceptance(sent, command.inviter, command.invitee, pair, by_policy=False), advisories=advisories)


def ignore_invitation(command: IgnoreInvitation, facts: Facts) -> Outcome:
    pair, _ = require_reachable(facts, command.invitee, command.inviter)
    sent = open_invitation(pair, command.inviter, facts.now)
    if sent is None:
        raise Refused("no_invitation")
    if sent.ignored_as == command.reason:
        return ALREADY_SO
    return accepted(
        InvitationIgnored(
            invitation=sent.id, inviter=command.inviter, invitee=command.invitee, reason=command.reason.value
        )
    )


def withdraw_invitation(command: WithdrawInvitation, facts: Facts) -> Outcome:
    pair, _ = require_reachable(facts, command.inviter, command.invitee)
    sent = open_invitation(pair, command.inviter, facts.now)
    if sent is None:
        if pair.side_of(command.inviter).withdrawn:
            return ALREADY_SO
        raise Refused("no_invitation")
    return accepted(InvitationWithdrawn(invitation=sent.id, inviter=command.inviter, invitee=command.invitee))


def change_invitation_policy(command: ChangeInvitationPolicy, facts: Facts) -> Outcome:
    member = facts.read(MEMBER, command.member)
    refuse_unless(member.kind == MemberKind.PERSON, "not_a_person")
    if member.invitation_policy == command.setting:
        return ALREADY_SO
    return accepted(InvitationPolicyChanged(member=command.member, setting=command.setting.value))


def change_who_may_invite(command: ChangeWhoMayInvite, facts: Facts) -> Outcome:
    member = facts.read(MEMBER, command.member)
    refuse_unless(member.kind == MemberKind.PERSON, "not_a_person")
    if member.who_may_invite == command.setting:
        return ALREADY_SO
    return accepted(WhoMayInviteChanged(member=command.member, setting=command.setting.value))


DECIDERS: Deciders = {
    SendInvitation: Decider(
        send_invitation,
        field_of("inviter"),
        (
            *REACHABLE_REFUSALS,
            "not_a_person",
            "already_connected",
            "too_long",
            "cooling_down",
            "email_required",
            "invitation_limit",
            "connections_cap",
        ),
        expects=expects_pair("inviter", "invitee", (TIMES_INVITED, "inviter"), (TIMES_IGNORED, "inviter")),
    ),
    AcceptInvitation: Decider(
        accept_invitation,
        field_of("invitee"),
        (*REACHABLE_REFUSALS, "no_invitation", "connections_cap"),
        expects=expects_pair(
            "invitee",
            "inviter",
            (TIMES_CONNECTED, "inviter"),
            (TIMES_CONNECTED, "invitee"),
            (TIMES_IGNORED, "inviter"),
        ),
    ),
    IgnoreInvitation: Decider(
        ignore_invitation,
        field_of("invitee"),
        (*REACHABLE_REFUSALS, "no_invitation"),
        expects=expects_pair("invitee", "inviter"),
    ),
    WithdrawInvitation: Decider(
        withdraw_invitation,
        field_of("inviter"),
        (*REACHABLE_REFUSALS, "no_invitation"),
        expects=expects_pair("inviter", "invitee"),
    ),
    ChangeInvitationPolicy: Decider(change_invitation_policy, field_of("member"), ("not_a_person",)),
    ChangeWhoMayInvite: Decider(change_who_may_invite, field_of("member"), ("not_a_person",)),
}
