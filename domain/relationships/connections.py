"""Connections: mutual trust, made by an accepted invitation and ended by either side."""

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    DecisionModel,
    Facts,
    Outcome,
    accepted,
    counting,
    field,
    refuse_unless,
)
from domain.event import Event
from domain.identifiers import Instant, MemberId, member_tag
from domain.members.member import MEMBER
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected, SuggestionDismissed
from domain.relationships.following_events import AUTOMATIC_ORIGIN, Followed, FollowerRemoved, Unfollowed
from domain.relationships.pair import (
    REACHABLE_REFUSALS,
    REGISTERED_REFUSALS,
    Pair,
    expects_pair,
    require_reachable,
    require_registered_pair,
)


class RemoveConnection(Command):
    """End a connection, with the follows that stand both ways. Silent."""

    member: MemberId
    other: MemberId


class DismissSuggestion(Command):
    """Do not suggest this member to me again (G4)."""

    member: MemberId
    other: MemberId


Connections = dict[str, None]
"""The other members, in the order of connecting."""


def evolve(others: Connections, event: Event, _: Instant) -> Connections:
    # The model does not know its own member, so it keeps both ids; readers skip the member.
    match event:
        case MembersConnected():
            others[event.member] = others[event.other] = None
        case ConnectionRemoved():
            others.pop(event.member, None)
            others.pop(event.other, None)
    return others


CONNECTIONS: DecisionModel[Connections] = DecisionModel(
    "connections", member_tag, (MembersConnected, ConnectionRemoved), dict, evolve
)


TIMES_CONNECTED = counting("times_connected", member_tag, MembersConnected)


def at_cap(member: str, facts: Facts) -> bool:
    """Whether a member has as many connections as the policy allows (X5).

    Connections to hidden members do not count (X15). Which members are hidden is read only where the connections,
    hidden ones included, reach the cap; and these only where a member has been connected as often as that. So a member
    far from the cap has a small boundary.
    """
    cap = facts.policy.connections_cap
    if cap is None or facts.read(TIMES_CONNECTED, member) < cap:
        return False
    others = facts.read(CONNECTIONS, member)
    if len(others) - (member in others) < cap:
        return False
    return sum(1 for other in others if other != member and facts.read(MEMBER, other).present) >= cap


def connect(member: str, other: str, pair: Pair, invitation: str) -> list[Event]:
    """The connection, and a follow for each side that does not follow yet (S4)."""
    return [
        MembersConnected(member=member, other=other, invitation=invitation),
        *(
            Followed(follower=follower, followee=followee, origin=AUTOMATIC_ORIGIN, origin_ref=None)
            for follower, followee in ((member, other), (other, member))
            if not pair.side_of(follower).follows
        ),
    ]


def sever(member: str, other: str, pair: Pair) -> list[Event]:
    """What ends when `member` cuts all ties: the connection and the follows both ways, each only if it stands."""
    events: list[Event] = []
    if pair.connected:
        events.append(ConnectionRemoved(member=member, other=other))
    if pair.side_of(member).follows:
        events.append(Unfollowed(follower=member, followee=other))
    if pair.side_of(other).follows:
        events.append(FollowerRemoved(follower=other, followee=member))
    return events


def remove_connection(command: RemoveConnection, facts: Facts) -> Outcome:
    pair = require_registered_pair(facts, command.member, command.other)
    return accepted(*sever(command.member, command.other, pair)) if pair.connected else ALREADY_SO


def dismiss_suggestion(command: DismissSuggestion, facts: Facts) -> Outcome:
    pair, _ = require_reachable(facts, command.member, command.other)
    refuse_unless(not pair.connected, "already_connected")
    if pair.side_of(command.member).dismissed:
        return ALREADY_SO
    return accepted(SuggestionDismissed(member=command.member, other=command.other))


DECIDERS: Deciders = {
    RemoveConnection: Decider(
        remove_connection,
        field("member"),
        REGISTERED_REFUSALS,
        answered_alike=True,
        expects=expects_pair("member", "other"),
    ),
    DismissSuggestion: Decider(
        dismiss_suggestion,
        field("member"),
        (*REACHABLE_REFUSALS, "already_connected"),
        expects=expects_pair("member", "other"),
    ),
}
