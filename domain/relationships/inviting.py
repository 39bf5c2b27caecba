"""Inviters: how many invitations a member has sent, and how many have counted against them."""

from bisect import bisect_right
from dataclasses import dataclass, field

from domain.decision import DecisionModel, Facts, counting
from domain.event import Event
from domain.identifiers import WEEK, Instant, inviter_tag
from domain.relationships.invitation_events import IgnoreReason, InvitationIgnored, InvitationSent


@dataclass(slots=True)
class Inviting:
    """When a member sent invitations, in order, and the members who answered one with spam or do_not_know."""

    sent_at: list[Instant] = field(default_factory=list)
    strikes: set[str] = field(default_factory=set)

    def sent_since(self, instant: Instant) -> int:
        """How many were sent after an instant."""
        return len(self.sent_at) - bisect_right(self.sent_at, instant)


def evolve(inviting: Inviting, event: Event, at: Instant) -> Inviting:
    match event:
        case InvitationSent():
            inviting.sent_at.append(at)
        case InvitationIgnored(reason=IgnoreReason.SPAM | IgnoreReason.DO_NOT_KNOW):
            inviting.strikes.add(event.invitee)
    return inviting


INVITING = DecisionModel("inviting", inviter_tag, (InvitationSent, InvitationIgnored), Inviting, evolve)


TIMES_INVITED = counting("times_invited", inviter_tag, InvitationSent)
TIMES_IGNORED = counting("times_ignored", inviter_tag, InvitationIgnored)


def flagged(inviter: str, facts: Facts) -> bool:
    """Whether so many have answered spam or do_not_know that the sender is restricted (S26)."""
    limit = facts.policy.strikes
    if limit is None or facts.read(TIMES_IGNORED, inviter) < limit:
        return False
    return len(facts.read(INVITING, inviter).strikes) >= limit


def at_weekly_limit(inviter: str, facts: Facts) -> bool:
    """Whether as many were sent in the last seven days as the policy allows."""
    limit = facts.policy.invitations_per_week
    if limit is None or facts.read(TIMES_INVITED, inviter) < limit:
        return False
    return facts.read(INVITING, inviter).sent_since(facts.now - WEEK) >= limit
