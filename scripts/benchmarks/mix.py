"""A stream of acts like BG's: members drawn by its skewed distribution, acts by its update mix.

BG (Barahmand and Ghandeharizadeh, CIDR 2013) measures social networks. Its workload UpdateOnly, which has the
proportions of SymmetricHighUpdateActions without the reads, is 40 % invite, 20 % accept, 20 % reject, 20 % thaw. It
knows no one-way follows and publishes only by posting to walls, so here a tenth of the acts follows and a tenth
publishes. Its members are drawn with zipfianmean 0.27: some 65 % of the acts are by a fifth of the members.
"""

import random
from collections.abc import Iterator
from itertools import accumulate

Act = tuple[str, str, str]
"""A verb, who acts, and the other member; for `publish` the text, for `register` nothing."""

SHARE_OF_BG = 0.8
WEIGHTS = {
    "invite": 0.4 * SHARE_OF_BG,
    "accept": 0.2 * SHARE_OF_BG,
    "ignore": 0.2 * SHARE_OF_BG,
    "remove": 0.2 * SHARE_OF_BG,
    "follow": 0.1,
    "publish": 0.1,
}
ZIPFIAN_MEAN = 0.27
TRIES = 100
NOTE = "I enjoyed your talk; let us stay in touch."
WORDS = ["graph", "proof", "log", "theorem", "lattice", "sheaf", "number", "prime", "cover", "bundle", "knot", "tree"]


class Mix:
    """The acts of one seed, and what they have made so far: enough to know what can be accepted, ignored or removed."""

    def __init__(self, seed: int, members: int) -> None:
        self._chance = random.Random(seed)
        self.members = [f"member-{number}" for number in range(members)]
        self._weights = list(accumulate(rank ** (ZIPFIAN_MEAN - 1) for rank in range(1, members + 1)))
        self._pending: list[tuple[str, str]] = []  # inviter, invitee
        self._connected: list[tuple[str, str]] = []
        self._involved: set[tuple[str, str]] = set()  # pairs that are connected, or have an invitation, ignored or not
        self._follows: set[tuple[str, str]] = set()

    def populate(self, friends: int) -> Iterator[Act]:
        """Everybody registers, and makes connections until each has so many on average."""
        for member in self.members:
            yield "register", member, ""
        for _ in range(len(self.members) * friends // 2):
            yield self._invite()
            inviter, invitee = self._pending.pop()
            yield self._accepted(inviter, invitee)

    def acts(self, count: int) -> Iterator[Act]:
        """The next acts."""
        verbs, weights = list(WEIGHTS), list(WEIGHTS.values())
        for verb in self._chance.choices(verbs, weights, k=count):
            yield self._act(verb)

    def _act(self, verb: str) -> Act:
        match verb:
            case "accept" if self._pending:
                return self._accepted(*self._taken(self._pending))
            case "ignore" if self._pending:
                inviter, invitee = self._taken(self._pending)
                return "ignore", invitee, inviter
            case "remove" if self._connected:
                return self._removed(*self._taken(self._connected))
            case "follow":
                follower, followee = self._strangers(self._follows, directed=True)
                self._follows.add((follower, followee))
                return "follow", follower, followee
            case "publish":
                return "publish", self._member(), " ".join(self._chance.choices(WORDS, k=16))
        return self._invite()

    def _invite(self) -> Act:
        inviter, invitee = self._strangers(self._involved, directed=False)
        self._involved.add(_pair(inviter, invitee))
        self._pending.append((inviter, invitee))
        return "invite", inviter, invitee

    def _accepted(self, inviter: str, invitee: str) -> Act:
        self._connected.append((inviter, invitee))
        self._follows |= {(inviter, invitee), (invitee, inviter)}
        return "accept", invitee, inviter

    def _removed(self, member: str, other: str) -> Act:
        self._involved.discard(_pair(member, other))
        self._follows -= {(member, other), (other, member)}
        return "remove", member, other

    def _member(self) -> str:
        return self._chance.choices(self.members, cum_weights=self._weights)[0]

    def _strangers(self, known: set[tuple[str, str]], *, directed: bool) -> tuple[str, str]:
        for _ in range(TRIES):
            one, other = self._member(), self._member()
            if one != other and ((one, other) if directed else _pair(one, other)) not in known:
                return one, other
        raise ValueError("too few members: almost nobody is left to invite or to follow")

    def _taken(self, pairs: list[tuple[str, str]]) -> tuple[str, str]:
        index = int(self._chance.random() * len(pairs))
        pairs[index], pairs[-1] = pairs[-1], pairs[index]
        return pairs.pop()


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
