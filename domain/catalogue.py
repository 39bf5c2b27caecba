"""All commands, deciders and decision models in one place."""

from typing import Any

from domain import notices, policy, publishing
from domain.decision import Command, Deciders, DecisionModel
from domain.items import ITEM, OWN_SHARE, STANDING_ARTICLES
from domain.members import membership, moderation
from domain.members.member import MEMBER
from domain.notices import NOTICES_READ
from domain.policy import POLICY
from domain.relationships import blocking, connections, following, invitation_threads, invitations
from domain.relationships.connections import CONNECTIONS, TIMES_CONNECTED
from domain.relationships.following import HASHTAGS
from domain.relationships.inviting import INVITING, TIMES_IGNORED, TIMES_INVITED
from domain.relationships.pair import PAIR

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
    TIMES_CONNECTED,
    TIMES_INVITED,
    TIMES_IGNORED,
    HASHTAGS,
    ITEM,
    OWN_SHARE,
    STANDING_ARTICLES,
    NOTICES_READ,
    POLICY,
)
"""Every decision model that a decision reads."""
