"""What the naive network knows, as plain sets, the rules' words for it, and the effects of facts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain import Command, Policy, RegisterMember

ALREADY_SO = "already_so"
Decision = str | Callable[[], Any]
"""A refusal code, "already_so", or what is to be done."""


@dataclass
class Member:
    registration: RegisterMember
    values: dict[str, Any]  # what the member chose for themselves, by field name
    hibernated: bool = False
    restricted: bool = False
    erased: bool = False
    erased_since: bool = False  # of a network as of the past: later; no viewer sees them (B20), decisions of then did
    returned: int = 0  # position at which they were last shown again
    read_up_to: int = 0
    hashtags: dict[str, int] = field(default_factory=dict)  # followed: since which position
    recognitions: set[str] = field(default_factory=set)

    @property
    def absent(self) -> bool:
        return self.erased or self.hibernated or self.restricted


@dataclass
class Invitation:
    inviter: str
    invitee: str
    note: str
    note_kind: str
    how_known: str | None
    barred: bool
    sent_at: int
    expires_at: int | None
    position: int
    state: str = "open"  # accepted, withdrawn, closed, replaced
    ignored: str | None = None  # the reason last given; to the sender it is open all the same
    struck: bool = False  # ever answered with spam or do_not_know
    withdrawn_at: int | None = None
    connected_since: bool = False  # whether the two have been connected after it was sent
    thread: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Connection:
    position: int
    at: int
    invitation: Invitation


@dataclass
class StandingFollow:
    position: int
    at: int
    backfill_items: int | None  # as the policy had them when it began
    backfill_days: int | None


@dataclass
class Item:
    author: str
    kind: str
    audience: str
    content: dict[str, Any]
    hashtags: list[str]
    position: int
    at: int
    status_policy: str | float  # in force when it was published
    deleted: int | None = None  # position


@dataclass
class Share:
    share: str
    sharer: str
    item: str
    position: int
    deleted: bool = False


@dataclass
class Notice:
    recipient: str
    kind: str
    actor: str
    about: "Invitation | Share | StandingFollow"
    position: int


class NaiveState:
    def __init__(self) -> None:
        self.now = 0
        self.last_position = 0
        self.actions: list[tuple[Command, int, str | None, str | None, int, int, str | None]] = []
        self.answered: dict[str, tuple[Command, str | None, str]] = {}  # by command id; only what was accepted
        self.policy_changes: list[tuple[int, int, dict[str, Any]]] = []
        self.members: dict[str, Member] = {}
        self.invitations: list[Invitation] = []
        self.connections: dict[frozenset[str], Connection] = {}
        self.follows: dict[tuple[str, str], StandingFollow] = {}
        self.blocks: set[tuple[str, str]] = set()
        self.last_blocks: dict[frozenset[str], int] = {}  # of two members, also if it was lifted since
        self.unblocked_at: dict[tuple[str, str], int] = {}
        self.mutes: set[tuple[str, str]] = set()
        self.dismissed: set[tuple[str, str]] = set()
        self.bars: set[tuple[str, str]] = set()  # recipient and barred sender (S13)
        self.items: dict[str, Item] = {}
        self.shares: list[Share] = []
        self.notices: list[Notice] = []
        self.facts_made = 0
        self.unrecorded: tuple[Command, int, str | None, str | None] | None = None

    # Words of the rules

    def policy_at(self, instant: int) -> Policy:
        values: dict[str, Any] = {}
        for effective_from, _, change in sorted(self.policy_changes, key=lambda each: each[:2]):
            if effective_from <= instant:
                values |= change
        return Policy(**values)

    @property
    def policy(self) -> Policy:
        return self.policy_at(self.now)

    def value(self, member: str, name: str) -> Any:
        return self.members[member].values.get(name)

    def is_page(self, member: str) -> bool:
        return self.members[member].registration.kind == "page"

    def hidden(self, member: str) -> bool:
        known = self.members.get(member)
        return known is None or known.absent or known.erased_since

    def blocked(self, one: str, other: str) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def stands_connected(self, one: str, other: str) -> bool:
        """The fact, shown or not."""
        return frozenset((one, other)) in self.connections

    def connected_others(self, member: str) -> set[str]:
        return {other for pair in self.connections if member in pair for other in pair - {member}}

    def latest_invitation(self, inviter: str, invitee: str) -> Invitation | None:
        between = [each for each in self.invitations if (each.inviter, each.invitee) == (inviter, invitee)]
        return between[-1] if between else None

    def open_invitation(self, inviter: str, invitee: str) -> Invitation | None:
        """X3. Also one that was ignored or sent by a barred sender: those can be accepted, and look pending to them."""
        latest = self.latest_invitation(inviter, invitee)
        if latest is None or latest.state != "open":
            return None
        return latest if latest.expires_at is None or self.now < latest.expires_at else None

    def may_follow(self, follower: str, followee: str) -> bool:
        """S34, S38-S41, T1, T2."""
        if self.is_page(followee) or self.stands_connected(follower, followee):
            return True
        setting = self.value(followee, "follower_setting")
        articles = [
            e for e in self.items.values() if e.author == followee and e.kind == "article" and e.deleted is None
        ]
        return bool(setting == "everyone" or (setting is None and articles))

    def narrowed(self, follower: str, followee: str) -> bool:
        """S40, X10: whether the followee lets only connections follow, and the follower is none."""
        setting = self.value(followee, "follower_setting")
        return setting == "connections" and not self.stands_connected(follower, followee)

    # Checks: a refusal code, or None

    def unreachable(self, actor: str, target: str) -> str | None:
        """For acts that reach the other (X8, X18)."""
        if actor == target:
            return "self"
        if target in self.members and self.members[target].erased:
            return "not_available"
        if (actor, target) in self.blocks:
            return "blocked_by_you"
        return "not_available" if self.hidden(target) or (target, actor) in self.blocks else None

    def never_known(self, actor: str, target: str) -> str | None:
        """For acts that end something: they work whatever became of the other."""
        if actor == target:
            return "self"
        return None if target in self.members else "not_available"

    def at_cap(self, *members: str) -> bool:
        """X5, X15: those whose other side is hidden do not count."""
        cap = self.policy.connections_cap
        counts = [sum(not self.members[other].absent for other in self.connected_others(one)) for one in members]
        return cap is not None and any(count >= cap for count in counts)

    def bad_text(self, text: str | None, limit: int | None, may_be_empty: bool = False) -> str | None:
        if not text and not may_be_empty:
            return "empty_text"
        return "too_long" if limit is not None and len(text or "") > limit else None

    # Effects: each fact that is remembered takes the next position

    def position(self) -> int:
        self.facts_made += 1
        return self.last_position + self.facts_made

    def tell(self, recipient: str, kind: str, actor: str, about: Any, position: int) -> None:
        """N1, N2: at most one notice for the same actor, kind and object while it is unread and stands."""
        last_read = self.members[recipient].read_up_to
        unread = [e for e in self.notices if e.recipient == recipient and e.position > last_read and self.holds(e)]
        same = [e for e in unread if (e.kind, e.actor) == (kind, actor) and e.about is about]
        if recipient != actor and not same:
            self.notices.append(Notice(recipient, kind, actor, about, position))

    def holds(self, notice: Notice) -> bool:
        """N2: what the notice tells of stands. An accepted invitation does while the connection that it made does."""
        about = notice.about
        if isinstance(about, Share):
            return not about.deleted and self.items[about.item].deleted is None
        if isinstance(about, StandingFollow):
            return about in self.follows.values()
        connection = self.connections.get(frozenset((about.inviter, about.invitee)))
        made = connection is not None and connection.invitation is about
        return made or self.open_invitation(about.inviter, about.invitee) is about

    def start_following(self, follower: str, followee: str, automatic: bool) -> None:
        policy, position = self.policy, self.position()
        follow = StandingFollow(position, self.now, policy.backfill_items, policy.backfill_days)
        self.follows[follower, followee] = follow
        if not automatic:
            self.tell(followee, "follower", follower, follow, position)

    def connect(self, invitation: Invitation) -> None:
        """S3, S4: in the log's order."""
        inviter, invitee = invitation.inviter, invitation.invitee
        invitation.state = "accepted"
        self.bars.discard((invitee, inviter))
        self.tell(inviter, "accepted", invitee, invitation, self.position())
        self.connections[frozenset((inviter, invitee))] = Connection(self.position(), self.now, invitation)
        for each in self.invitations:
            if {each.inviter, each.invitee} == {inviter, invitee}:
                each.connected_since = True
        for follower, followee in ((inviter, invitee), (invitee, inviter)):
            if (follower, followee) not in self.follows:
                self.start_following(follower, followee, automatic=True)

    def disconnect(self, one: str, other: str) -> None:
        """Cuts the connection and the follows, as removing a connection does."""
        self.connections.pop(frozenset((one, other)), None)
        self.follows.pop((one, other), None)
        self.follows.pop((other, one), None)

    def sever(self, one: str, other: str) -> None:
        """Cuts all there is between the two, open invitations both ways too: rows block and erased of section 7."""
        self.disconnect(one, other)
        for invitation in self.invitations:
            if {invitation.inviter, invitation.invitee} == {one, other} and invitation.state == "open":
                invitation.state = "closed"
