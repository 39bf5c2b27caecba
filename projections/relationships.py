"""What a member is to a viewer, and what the viewer can do about it: `relationship(viewer, member)` (G5).

Whether an action is possible is what the decision itself answers, from the facts as of the reading: no rule is written
twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from domain.decision import Command, Facts
from domain.dispatch import decide
from domain.identifiers import Instant
from domain.members.member import MEMBER
from domain.members.member_events import MemberRegistered, PrimaryAction, PrimaryEmailChanged
from domain.refusals import Refused
from domain.relationships.blocking import BlockMember, UnblockMember
from domain.relationships.connections import RemoveConnection
from domain.relationships.following import Follow, MuteMember, RemoveFollower, Unfollow, UnmuteMember
from domain.relationships.invitation_events import IgnoreReason, ReplyKind
from domain.relationships.invitation_threads import ReplyToInvitation
from domain.relationships.invitations import AcceptInvitation, IgnoreInvitation, SendInvitation, WithdrawInvitation
from domain.relationships.pair import PAIR, Pair
from projections.connections import connected, email_readable
from projections.following import follows
from projections.invitation_boxes import Pending, pending
from projections.reading import Reading
from projections.visibility import require_available, require_viewer

ALREADY_SO = "already_so"
"""Why an action that would be accepted is not offered: it would change nothing."""

_SOMETHING = "?"  # for the text of a reply that is only tried


def _reply(inviter: str, invitee: str, kind: ReplyKind) -> ReplyToInvitation:
    return ReplyToInvitation(inviter=inviter, invitee=invitee, kind=kind, text=_SOMETHING)


ACTIONS: dict[str, Callable[[str, str], list[Command]]] = {
    "connect": lambda viewer, member: [SendInvitation(inviter=viewer, invitee=member)],
    "follow": lambda viewer, member: [Follow(follower=viewer, followee=member)],
    "accept": lambda viewer, member: [AcceptInvitation(inviter=member, invitee=viewer)],
    "ignore": lambda viewer, member: [
        IgnoreInvitation(inviter=member, invitee=viewer, reason=reason) for reason in IgnoreReason
    ],
    "ask": lambda viewer, member: [_reply(member, viewer, ReplyKind.ASK)],
    "suggest_follow": lambda viewer, member: [_reply(member, viewer, ReplyKind.SUGGEST_FOLLOW)],
    "answer": lambda viewer, member: [_reply(viewer, member, ReplyKind.ANSWER)],
    "withdraw": lambda viewer, member: [WithdrawInvitation(inviter=viewer, invitee=member)],
    "unfollow": lambda viewer, member: [Unfollow(follower=viewer, followee=member)],
    "remove_follower": lambda viewer, member: [RemoveFollower(follower=member, followee=viewer)],
    "remove_connection": lambda viewer, member: [RemoveConnection(member=viewer, other=member)],
    "mute": lambda viewer, member: [MuteMember(muter=viewer, muted=member)],
    "unmute": lambda viewer, member: [UnmuteMember(muter=viewer, muted=member)],
    "block": lambda viewer, member: [BlockMember(blocker=viewer, blocked=member)],
    "unblock": lambda viewer, member: [UnblockMember(blocker=viewer, blocked=member)],
}
"""What a viewer can do about a member, each with the commands that do it, of which one has to be possible. In the order
in which it is offered: follow stands beside connect (S37)."""
FOLLOW_FIRST = ("follow", *(name for name in ACTIONS if name != "follow"))
"""The order for a member whose primary action is to be followed (S45)."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """A member as seen by a viewer.

    `degree`: 0 for the viewer themselves, 1 to 3, None out of network. `connected_since`: microseconds UTC. `pending`:
    the invitation that stands between the two. `following` and `followed_by` are effective follows (X11). `muted` and
    `blocked` are the viewer's own acts. `email`: None where the viewer may not read it. `actions`: each action in the
    order in which it is offered, with None where it is possible, else the code of its refusal, or `already_so`.
    """

    viewer: str
    member: str
    degree: int | None
    connected_since: Instant | None
    pending: Pending | None
    following: bool
    followed_by: bool
    muted: bool
    blocked: bool
    email: str | None
    actions: dict[str, str | None]

    @property
    def connected(self) -> bool:
        return self.connected_since is not None

    @property
    def offered(self) -> tuple[str, ...]:
        """The actions that are possible, in order: the first is the one that a profile puts forward."""
        return tuple(name for name, refusal in self.actions.items() if refusal is None)


def relationship(
    reading: Reading, facts: Facts, viewer: str, member: str, degree: Callable[[str], int | None]
) -> Relationship:
    """What a member is to a viewer. `facts`: the log's as of the reading. `degree`: gives a member's degree to the
    viewer.

    Refused `not_available` for a member who is unknown, erased or hidden or has blocked the viewer, one answer for all
    (X16), and for a viewer who is unknown or erased. For a member that the viewer has blocked there is an answer, which
    says so and what can be done about it.
    """
    blocked = _require_related(reading, viewer, member)
    pair = facts.read(PAIR, viewer, member) if viewer != member else Pair()
    connection = connected(reading, viewer, member)
    return Relationship(
        viewer=viewer,
        member=member,
        degree=degree(member),
        connected_since=connection.at if connection else None,
        pending=pending(reading, viewer, member),
        following=follows(reading, viewer, member),
        followed_by=follows(reading, member, viewer),
        muted=pair.side_of(viewer).mutes,
        blocked=blocked,
        email=readable_email(reading, viewer, member),
        actions={name: _possibility(ACTIONS[name](viewer, member), facts) for name in _order(facts, member)},
    )


def relationships(
    reading: Reading, facts: Facts, viewer: str, members: Iterable[str], degree: Callable[[str], int | None]
) -> dict[str, Relationship | Refused]:
    """The same for many members, in the order given: for each what `relationship` returns, or the refusal that it
    raises."""
    found: dict[str, Relationship | Refused] = {}
    for member in members:
        try:
            found[member] = relationship(reading, facts, viewer, member, degree)
        except Refused as refused:
            found[member] = refused
    return found


def readable_email(reading: Reading, viewer: str, member: str) -> str | None:
    """The member's primary email, if the viewer may read it now (S25)."""
    position = email_readable(reading, viewer, member)
    return None if position is None else email_at(reading, position)


def email_at(reading: Reading, position: int) -> str:
    """The primary email that the event at a position made known."""
    event = reading.event(position)
    assert isinstance(event, MemberRegistered | PrimaryEmailChanged)
    return event.primary_email


def _require_related(reading: Reading, viewer: str, member: str) -> bool:
    """Whether the viewer has blocked the member. Refused where the viewer may know nothing of them."""
    require_viewer(reading, viewer)
    try:
        require_available(reading, member, viewer)
    except Refused as refused:
        if refused.code == "blocked_by_you":
            return True
        raise
    return False


def _order(facts: Facts, member: str) -> Iterable[str]:
    first = facts.read(MEMBER, member).profile["primary_action"]
    return FOLLOW_FIRST if first == PrimaryAction.FOLLOW else ACTIONS


def _possibility(commands: list[Command], facts: Facts) -> str | None:
    """None if one of the commands would change something; else why the first would not."""
    answers = [_answer(command, facts) for command in commands]
    return None if None in answers else answers[0]


def _answer(command: Command, facts: Facts) -> str | None:
    try:
        outcome = decide(command, facts)
    except Refused as refused:
        return refused.code
    return None if outcome.events else ALREADY_SO
