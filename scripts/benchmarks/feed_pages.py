"""Row `feed`: the first page of a feed, pulled and pushed, on a log and on one ten times as long.

A hundred thousand members all follow one author; each reader follows 499 others too. The same readers are asked in
turns on all four networks. What the longer log has more of is publications, by the followed as much as by the others,
as a network that grows older has.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.building import Appender, copied, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh, in_parallel, percentile
from domain import ChangePolicy
from domain.identifiers import DAY
from domain.items import PostPublished
from domain.relationships.following_events import Followed
from infrastructure.app import Network, open_network

PAGE = 20
GROWTH = 10
SPAN = 20 * DAY
"""How long the longer log takes: less than a reader may be away and still be pushed to."""
PUSH_FOLLOWERS_MAX = 1_000
CELEBRITY = "member-0"
CELEBRITY_SHARE = 100
"""One post in so many is the celebrity's."""
FOLLOWED_SHARE = 2
"""One post in so many is by somebody that readers follow."""
POST = "A new note on lattices, with all the details of the third proof and an appendix of open problems."


@dataclass(frozen=True, slots=True)
class Size:
    """How large the network is."""

    members: int
    authors: int
    readers: int
    followees: int
    posts: int
    calls: int
    seed: int

    @property
    def short(self) -> int:
        """How many events the shorter log has, about."""
        return 2 * self.members + self.readers * self.followees + self.posts

    def reader(self, number: int) -> str:
        return f"member-{self.members - 1 - number}"


@dataclass(slots=True)
class Times:
    """Seconds of each page, on one network."""

    events: int
    pages: list[float] = field(default_factory=list)

    def milliseconds(self, fraction: float) -> float:
        return 1_000 * percentile(self.pages, fraction)


def measure(context: Context) -> Iterator[Line]:
    """Lines for pull and for push, and for what the longer log costs each."""
    size = Size(
        members=context.size(100_000, 2_000),
        authors=context.size(5_000, 1_000),
        readers=context.size(20, 5),
        followees=context.size(500, 100),
        posts=context.size(40_000, 1_000),
        calls=context.size(50, 20),
        seed=context.seed,
    )
    context.say("building two networks, each at two ages")
    in_parallel([(_build, context.folder, size, pushes) for pushes in (False, True)])
    found = fresh(_take_turns, context.folder, size)
    for kind, must, aim in (("pull", 2.6, 1.5), ("push", 2, 1)):
        short, long = found[f"{kind}-short"], found[f"{kind}-long"]
        yield Line(
            f"feed page {kind}ed, p99",
            "ms",
            short.milliseconds(0.99),
            note=f"p50 {short.milliseconds(0.5):.2f} ms; {size.members:,} members, {short.events:,} events",
            **at_most("ours", must, aim),
        )
        yield Line(
            f"the same, a log of {long.events / short.events:.0f}x the events, p99",
            "ms",
            long.milliseconds(0.99),
            f"on the {short.events:,}",
            short.milliseconds(0.99),
            long.milliseconds(0.99) / short.milliseconds(0.99),
            note=f"p50 {long.milliseconds(0.5):.2f} ms, {long.milliseconds(0.5) / short.milliseconds(0.5):.2f}x",
            **at_most("ratio", 1.2, 1.1),
        )


def _build(folder: Path, size: Size, pushes: bool) -> None:
    name = "push" if pushes else "pull"
    short, long = folder / f"{name}-short.db", folder / f"{name}-long.db"
    step = SPAN // (GROWTH * size.short)
    start = now() - SPAN
    chance = random.Random(size.seed)
    with open_network(str(short), follow=False, clock=lambda: start) as net:
        if pushes:
            net.handle(ChangePolicy(values={"feed_push_followers_max": PUSH_FOLLOWERS_MAX}))
        with Appender(net.log, start, step) as appender:
            _members(appender, size, chance)
            for number in range(size.posts):
                appender.add(_post(number, size, chance))
        net.catch_up()
        events = net.head
    copied(short, long)
    with open_network(str(long), follow=False) as net:
        with Appender(net.log, start + events * step, step) as appender:
            for number in range(size.posts, size.posts + (GROWTH - 1) * events):
                appender.add(_post(number, size, chance))
        net.catch_up()


def _members(appender: Appender, size: Size, chance: random.Random) -> None:
    for number in range(size.members):
        appender.add(registered(f"member-{number}"))
    for number in range(1, size.members):
        appender.add(_followed(f"member-{number}", CELEBRITY))
    for number in range(size.readers):
        for author in chance.sample(range(1, size.authors + 1), size.followees - 1):
            appender.add(_followed(size.reader(number), f"member-{author}"))


def _followed(follower: str, followee: str) -> Followed:
    return Followed(follower=follower, followee=followee, origin="profile", origin_ref=None)


def _post(number: int, size: Size, chance: random.Random) -> PostPublished:
    if number % CELEBRITY_SHARE == 0:
        author = 0
    elif number % FOLLOWED_SHARE:
        author = chance.randint(1, size.authors)
    else:
        author = chance.randint(size.authors + 1, size.members - size.readers - 1)
    return PostPublished(
        item=f"item-{number}", author=f"member-{author}", kind="post", audience="anyone", text=POST, hashtags=[]
    )


def _take_turns(folder: Path, size: Size) -> dict[str, Times]:
    nets: dict[str, Network] = {}
    found: dict[str, Times] = {}
    for name in ("pull-short", "push-short", "pull-long", "push-long"):
        nets[name] = open_network(str(folder / f"{name}.db"), follow=False)
        found[name] = Times(nets[name].head)
    for turn in range(size.calls + 1):
        for number in range(size.readers):
            for name, net in nets.items():
                started = time.perf_counter()
                rows = net.feed(size.reader(number), limit=PAGE).rows
                elapsed = time.perf_counter() - started
                if len(rows) != PAGE:
                    raise AssertionError(f"a page of {len(rows)} rows")
                if turn:  # the first reads what is not in the cache of any
                    found[name].pages.append(elapsed)
    for net in nets.values():
        net.close()
    return found
