"""All commands, views and deciders in one place, and the one way from a command to its events."""

from typing import Any

from domain import (
    blocking,
    connections,
    following,
    invitation_threads,
    invitations,
    membership,
    moderation,
    notices,
    policy,
    publishing,
)
from domain.connections import CONNECTIONS
from domain.decision import Command, Deciders, DecisionModel, Facts, Outcome
from domain.following import HASHTAGS
from domain.invitations import INVITING
from domain.items import ITEM, OWN_SHARE, STANDING_ARTICLES
from domain.members import MEMBER
from domain.notices import NOTICES_READ
from domain.pair import PAIR
from domain.policy import POLICY
from domain.refusals import Refused

DECIDERS: Deciders = {
    **membership.DECIDERS,
    **moderation.DECIDERS,
    **invitations.DECIDERS,
    **invitation_threads.DECIDERS,
    **connections.DECIDERS,
    **following.DECIDERS,
    **publishing.DECIDERS,
    **blocking.DECIDERS,
    **notices.DECIDERS,
    **policy.DECIDERS,
}
"""Every command with its decision."""

COMMANDS: dict[str, type[Command]] = {command.__name__: command for command in DECIDERS}
"""Every command by name."""

DECISION_MODELS: tuple[DecisionModel[Any], ...] = (
    MEMBER,
    PAIR,
    INVITING,
    CONNECTIONS,
    HASHTAGS,
    ITEM,
    OWN_SHARE,
    STANDING_ARTICLES,
    NOTICES_READ,
    POLICY,
)
"""Every view that a decision reads."""


def decide(command: Command, facts: Facts, actor: str | None = None) -> Outcome:
    """The outcome of a command on these facts: events and advisories, or Refused.

    `actor` is who gives the command; None trusts the caller. It must be the member for whom the command acts, or for
    what is moderated a moderator named by the policy in force (X19). The acting member is registered and neither
    hibernated nor restricted (X18); a moderator and the host act without being a member.
    """
    decider = DECIDERS[type(command)]
    acting = decider.acts_for(command)
    by_moderator = decider.moderated and actor in facts.policy.moderators
    if actor is not None and actor != acting and not by_moderator:
        raise Refused("not_yours")
    if acting is not None and not decider.registers and not by_moderator:
        member = facts.read(MEMBER, acting)
        if member.registered_as is None or member.erased:
            raise Refused("unknown_member")
        if not decider.returning and (member.restricted or member.hibernated):
            raise Refused("inactive")
    return decider.decide(command, facts)
