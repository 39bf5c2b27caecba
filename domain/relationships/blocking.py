"""Blocking: it ends all that stands between two members, and keeps anything new from starting."""

from domain.decision import ALREADY_SO, Command, Decider, Deciders, Facts, Outcome, accepted, field, refuse_unless
from domain.event import Event
from domain.identifiers import HOUR, MemberId
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.connections import sever
from domain.relationships.invitation_events import CloseReason, InvitationClosed
from domain.relationships.invitations import open_invitation
from domain.relationships.pair import REGISTERED_REFUSALS, expects_pair, require_registered_pair


class BlockMember(Command):
    """Block a member: connection, follows and invitations between the two end, silently."""

    blocker: MemberId
    blocked: MemberId


class UnblockMember(Command):
    """Lift one's block. Nothing that it ended comes back."""

    blocker: MemberId
    blocked: MemberId


def block_member(command: BlockMember, facts: Facts) -> Outcome:
    pair = require_registered_pair(facts, command.blocker, command.blocked)
    own = pair.side_of(command.blocker)
    if own.blocks:
        return ALREADY_SO
    wait = facts.policy.reblock_wait_hours * HOUR
    refuse_unless(own.unblocked_at is None or facts.now >= own.unblocked_at + wait, "block_too_soon")
    # The block comes last: at no position is a pair blocked and still connected, following or invited (X14).
    events: list[Event] = sever(command.blocker, command.blocked, pair)
    reason = CloseReason.BLOCK.value
    for inviter, invitee in ((command.blocker, command.blocked), (command.blocked, command.blocker)):
        if sent := open_invitation(pair, inviter, facts.now):
            events.append(InvitationClosed(invitation=sent.id, inviter=inviter, invitee=invitee, reason=reason))
    return accepted(*events, MemberBlocked(blocker=command.blocker, blocked=command.blocked))


def unblock_member(command: UnblockMember, facts: Facts) -> Outcome:
    if not require_registered_pair(facts, command.blocker, command.blocked).side_of(command.blocker).blocks:
        return ALREADY_SO
    return accepted(MemberUnblocked(blocker=command.blocker, blocked=command.blocked))


DECIDERS: Deciders = {
    BlockMember: Decider(
        block_member,
        field("blocker"),
        (*REGISTERED_REFUSALS, "block_too_soon"),
        answered_alike=True,
        expects=expects_pair("blocker", "blocked"),
    ),
    UnblockMember: Decider(
        unblock_member,
        field("blocker"),
        REGISTERED_REFUSALS,
        answered_alike=True,
        expects=expects_pair("blocker", "blocked"),
    ),
}
