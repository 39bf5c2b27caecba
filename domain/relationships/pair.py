"""The pair: everything that stands between two members, folded once and read by the decisions of every concept.

A connection is one symmetric fact of the pair (S3). Everything else is the stance of one of the two toward the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from domain.decision import DecisionModel, Facts, Read, refuse_unless
from domain.event import Event
from domain.identifiers import Instant, pair_tag
from domain.members.member import MEMBER, Member
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected, SuggestionDismissed
from domain.relationships.following_events import Followed, FollowerRemoved, MemberMuted, MemberUnmuted, Unfollowed
from domain.relationships.invitation_events import (
    IgnoreReason,
    InvitationAccepted,
    InvitationClosed,
    InvitationIgnored,
    InvitationReplied,
    InvitationSent,
    InvitationWithdrawn,
    ReplyKind,
)


@dataclass(slots=True)
class Invitation:
    """An invitation that can still be answered, unless it has expired. `expires_at` None means that it never does.

    `ignored_as` is the reason last given for ignoring it. `asked` says whether the recipient has asked in its thread.
    """

    id: str
    sent_at: Instant
    expires_at: Instant | None
    ignored_as: str | None = None
    asked: bool = False

    def open_at(self, now: Instant) -> bool:
        """Whether it can be accepted: from the instant of its expiry on it cannot (X3)."""
        return self.expires_at is None or now < self.expires_at


@dataclass(slots=True)
class Stance:
    """What one member of a pair holds toward the other.

    `withdrawn`: the last invitation sent was withdrawn. `cooling_since`: when that was, unless the two have been
    connected since (X2). `bars_invitations`: until one of the other's is accepted, or one is sent to the other (S13).
    `suggested_in`: the invitation in whose thread the other suggested to follow instead (S19).
    """

    invitation: Invitation | None = None
    withdrawn: bool = False
    cooling_since: Instant | None = None
    bars_invitations: bool = False
    follows: bool = False
    mutes: bool = False
    blocks: bool = False
    unblocked_at: Instant | None = None
    dismissed: bool = False
    suggested_in: str | None = None


@dataclass(slots=True)
class Pair:
    """Two members. `toward[member]` is that member's stance toward the other."""

    connected: bool = False
    toward: dict[str, Stance] = field(default_factory=dict)

    def side_of(self, member: str) -> Stance:
        """What this member holds toward the other; not to be changed by a reader."""
        return self.toward.get(member, _NO_STANCE)


_NO_STANCE = Stance()
"""Made once: most pairs that are decided about have no history, and it is asked for several times in a decision."""


def _side(pair: Pair, member: str) -> Stance:
    side = pair.toward.get(member)
    if side is None:
        side = pair.toward[member] = Stance()
    return side


def evolve(pair: Pair, event: Event, at: Instant) -> Pair:
    match event:
        case Followed():
            _side(pair, event.follower).follows = True
        case InvitationSent():
            sender = _side(pair, event.inviter)
            sender.invitation = Invitation(event.invitation, at, event.expires_at)
            sender.withdrawn, sender.cooling_since = False, None
            sender.bars_invitations = False
        case InvitationAccepted():
            _side(pair, event.invitee).bars_invitations = False
        case MembersConnected():
            pair.connected = True
            for side in pair.toward.values():
                side.invitation = side.cooling_since = None
        case ConnectionRemoved():
            pair.connected = False
        case Unfollowed() | FollowerRemoved():
            _side(pair, event.follower).follows = False
        case InvitationIgnored():
            if sent := _side(pair, event.inviter).invitation:
                sent.ignored_as = event.reason
            if event.reason != IgnoreReason.NOT_NOW:
                _side(pair, event.invitee).bars_invitations = True
        case InvitationWithdrawn():
            sender = _side(pair, event.inviter)
            sender.invitation, sender.withdrawn, sender.cooling_since = None, True, at
        case InvitationClosed():
            _side(pair, event.inviter).invitation = None
        case InvitationReplied():
            sender = _side(pair, event.inviter)
            if sent := sender.invitation:
                sent.asked = sent.asked or event.kind == ReplyKind.ASK
            if event.kind == ReplyKind.SUGGEST_FOLLOW:
                sender.suggested_in = event.invitation
        case MemberBlocked():
            _side(pair, event.blocker).blocks = True
        case MemberUnblocked():
            side = _side(pair, event.blocker)
            side.blocks, side.unblocked_at = False, at
        case MemberMuted():
            _side(pair, event.muter).mutes = True
        case MemberUnmuted():
            _side(pair, event.muter).mutes = False
        case SuggestionDismissed():
            _side(pair, event.member).dismissed = True
    return pair


PAIR = DecisionModel(
    "pair",
    pair_tag,
    (
        InvitationSent,
        InvitationAccepted,
        InvitationIgnored,
        InvitationWithdrawn,
        InvitationReplied,
        InvitationClosed,
        MembersConnected,
        ConnectionRemoved,
        Followed,
        Unfollowed,
        FollowerRemoved,
        MemberBlocked,
        MemberUnblocked,
        MemberMuted,
        MemberUnmuted,
        SuggestionDismissed,
    ),
    Pair,
    evolve,
)


def expects_pair(acting: str, target: str, *further: tuple[DecisionModel[Any], str]) -> Callable[[Any], Sequence[Read]]:
    """For `Decider.expects`: the pair of the members that two fields name, the second of them, and further models, each
    with the field that is its key."""

    def reads(command: Any) -> Sequence[Read]:
        other = getattr(command, target)
        others = [(model, (getattr(command, name),)) for model, name in further]
        return [(PAIR, (getattr(command, acting), other)), (MEMBER, (other,)), *others]

    return reads


REGISTERED_REFUSALS = ("self", "not_available")
"""What require_registered_pair can refuse."""
REACHABLE_REFUSALS = ("self", "blocked_by_you", "not_available")
"""What require_reachable can refuse."""


def require_reachable(facts: Facts, acting: str, target: str) -> tuple[Pair, Member]:
    """The pair and the target member, for an act that needs the target to be present and willing (X18).

    Refused: `self`; `blocked_by_you`; `not_available` when the target is unknown, erased or hidden, or has blocked the
    acting member: these four must look the same (X16).
    """
    refuse_unless(acting != target, "self")
    pair, member = facts.read(PAIR, acting, target), facts.read(MEMBER, target)
    refuse_unless(not member.erased, "not_available")
    refuse_unless(not pair.side_of(acting).blocks, "blocked_by_you")
    refuse_unless(member.present and not pair.side_of(target).blocks, "not_available")
    return pair, member


def require_registered_pair(facts: Facts, acting: str, target: str) -> Pair:
    """The pair, for an act that ends something. Such an act is possible toward the hidden, the erased and the blocked
    too (H14).

    An erasure is one event of the erased member's own, and ends all that stood with them; so the pair returned for an
    erased target has no connection, no follow and no invitation.
    Refused: `self`; `not_available` when the target was never registered.
    """
    refuse_unless(acting != target, "self")
    member, pair = facts.read(MEMBER, target), facts.read(PAIR, acting, target)
    refuse_unless(member.registered_as is not None, "not_available")
    if member.erased:
        return Pair(toward={name: replace(side, invitation=None, follows=False) for name, side in pair.toward.items()})
    return pair
