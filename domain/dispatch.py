"""From a command to its decision, and who may give it (X18, X19): the one way to events."""

from domain.catalogue import DECIDERS
from domain.decision import Command, Facts, Outcome, Read
from domain.members.member import MEMBER
from domain.refusals import Refused


def decide(command: Command, facts: Facts, actor: str | None = None) -> Outcome:
    """The outcome of a command on these facts: events and advisories, or Refused.

    `actor` is who gives the command; None trusts the caller. It must be the member that the command acts for, or for
    what is moderated a moderator named by the policy in force (X19). The acting member is registered and neither
    hibernated nor restricted (X18); a moderator and the host act without being a member.
    """
    decider = DECIDERS[type(command)]
    acting = decider.acts_for(command)
    by_moderator = decider.open_to_moderators and actor in facts.policy.moderators
    if actor is not None and actor != acting and not by_moderator:
        raise Refused("not_yours")
    if acting is not None and not decider.creates_member and not by_moderator:
        member = facts.read(MEMBER, acting)
        if member.registered_as is None or member.erased:
            raise Refused("unknown_member")
        if not decider.open_to_hibernated and (member.restricted or member.hibernated):
            raise Refused("inactive")
    return decider.decide(command, facts)


def expected_reads(command: Command) -> list[Read]:
    """What the decision on a command will most likely read: a hint, see `Decider.expects`."""
    decider = DECIDERS[type(command)]
    acting = decider.acts_for(command)
    reads = list(decider.expects(command))
    if acting is not None:
        reads.append((MEMBER, (acting,)))
    return reads
