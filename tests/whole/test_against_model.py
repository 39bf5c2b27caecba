"""The whole network against the naive one: after any history, every query of every read model equals the model's
answer, live, rebuilt, as of earlier positions, and whether feeds are pulled or pushed (F10)."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from oracle import feed as naive_feed
from oracle import queries as naive
from oracle.network import NaiveNetwork
from support.random_commands import HASHTAGS, START, command_histories, random_commands, resolved

from domain import ChangeFollowerSetting, ChangePolicy, Command, Follow, FollowerSetting, Refused
from infrastructure.app import Network, open_network
from projections.reading import Page

WHY_RULES = {
    "not_available": "not_available",
    "muted": "F1",
    "own_item": "F5",
    "no_cause": "F3",
    "status_updates_withheld": "F4",
}
POSSIBLE: dict[str | None, bool | str] = {None: True, "already": "already_so"}
ACTIONS = {"reply_ask": "ask"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WITH_AN_ID = AGAIN = 0.3
BOXES = ("received", "sent", "archived", "barred")


class Twins:
    """A network and its model, given the same commands."""

    def __init__(self, push: int) -> None:
        self.now = START
        self.network = open_network("memory:", clock=lambda: self.now, follow=False)
        self.model = NaiveNetwork()
        self.shares: list[tuple[str, str]] = []
        self.chance = random.Random(push)
        self.with_ids: list[tuple[Command, str]] = []
        self.do(ChangePolicy(values={"feed_push_followers_max": push}), self.now)

    def do(self, command: Command, now: int) -> None:
        """A command, some with an id (E14, E15): then the next may be one that was given before, or have its id."""
        command_id = None
        if self.chance.random() < WITH_AN_ID:
            command_id = str(self.chance.randrange(200))
            if self.with_ids and self.chance.random() < AGAIN:
                self.handle(*self.chance.choice(self.with_ids), now)
        command = resolved(command, self.shares, self.network.head)
        if command_id is not None:
            self.with_ids.append((command, command_id))
        self.handle(command, command_id, now)

    def handle(self, command: Command, command_id: str | None, now: int) -> None:
        self.now = max(self.now, now)
        head = self.network.head
        expected = self.model.handle(command, self.now, command_id=command_id)
        try:
            result = self.network.handle(command, command_id=command_id, now=self.now)
            answered = "accepted" if result.events else "already_so"
        except Refused as refused:
            result, answered = None, refused.code
        assert answered == expected, f"{command!r} {command_id}: the network says {answered}, the model {expected}"
        if result is not None and self.model.unrecorded is not None:
            share = next((event.share for event in result.events if hasattr(event, "share")), None)
            if share is not None:
                self.shares.append((share, result.events[0].sharer))  # type: ignore[attr-defined]
            self.model.recorded(head + 1, result.position, share)
        assert not naive.broken_pairs(self.model), "X14"

    def then(self, position: int) -> NaiveNetwork:
        """The model as a viewer sees it as of a position: whoever is erased by now never was there (B20)."""
        model = self.model.as_of(position)
        for name, member in model.members.items():
            member.erased_since = self.model.members[name].erased and not member.erased
        return model


def walk(ask: Callable[..., Page[Any]], size: int) -> list[Any]:
    """All pages, of `size` rows; each but the last full, and the total that of all rows."""
    rows: list[Any] = []
    cursor = None
    while True:
        page = ask(limit=size, cursor=cursor)
        rows += page.rows
        assert len(page.rows) <= size
        if page.cursor is None:
            assert page.total == len(rows), "the total is the length of the list"
            return rows
        assert len(page.rows) == size, "only the last page may be short"
        cursor = page.cursor


def refusal(ask: Callable[[], Any]) -> Any:
    """The answer, or the code of its refusal."""
    try:
        return ask()
    except Refused as refused:
        return refused.code


def compare(network: Network, model: NaiveNetwork, as_of: int | datetime | None, rng: random.Random) -> None:
    """Every query for every member and viewer."""
    members = sorted(model.members)
    size = rng.choice((1, 2, 3, 50))
    at: dict[str, Any] = {"as_of": as_of}

    def same(got: Any, expected: Any, *what: object) -> None:
        assert got == expected, f"{what} as of {as_of} (head {network.head}): got {got}, the model says {expected}"

    for viewer in members:
        if not naive.is_viewer(model, viewer):
            same({refusal(ask) for ask in own_queries(network, viewer, as_of)}, {"not_available"}, "erased", viewer)
            continue
        entries = walk(lambda **page: network.feed(viewer, **page, **at), size)  # noqa: B023
        got = [(row.item, row.author, row.kind, causes(row.causes)) for row in entries]
        same(got, naive_feed.feed(model, viewer), "feed", viewer)
        for item in model.items:
            answer = network.why(viewer, item, as_of=as_of)
            expected = naive_feed.why(model, viewer, item)
            if isinstance(expected, str):
                same(WHY_RULES.get(str(answer.code)), expected.replace("F2", "not_available"), "why", viewer, item)
            else:
                same(causes(answer.causes), expected, "why", viewer, item)
        for hashtag in HASHTAGS:
            page = walk(lambda **page: network.hashtag(hashtag, viewer, **page, **at), size)  # noqa: B023
            same(
                [(row.item, row.author, POSSIBLE.get(row.follow, row.follow)) for row in page],
                naive_feed.hashtag_page(model, hashtag, viewer),
                "hashtag",
                viewer,
                hashtag,
            )
        for box in BOXES:
            rows = walk(lambda **page: network.invitations(viewer, box, **page, **at), size)  # noqa: B023
            got_box = [(row.member, row.note_kind, row.note, row.how_known) for row in rows]
            same(got_box, naive.invitations(model, viewer, box), "invitations", viewer, box)
        rows = walk(lambda **page: network.notices(viewer, **page, **at), size)  # noqa: B023
        same(
            [(row.kind, row.actor, row.read) for row in rows],
            [(kind, actor, read) for kind, actor, _, read in naive.notices(model, viewer)],
            "notices",
            viewer,
        )
        rows = walk(lambda **page: network.suggestions(viewer, **page, **at), size)  # noqa: B023
        same([(row.member, row.mutuals) for row in rows], naive.suggestions(model, viewer), "suggestions", viewer)
        same([row.member for row in walk(lambda **page: network.followers(viewer, viewer, **page, **at), size)],  # noqa: B023
             naive.followers(model, viewer), "followers", viewer)  # fmt: skip
        same([row.member for row in walk(lambda **page: network.following(viewer, viewer, **page, **at), size)],  # noqa: B023
             naive.following(model, viewer), "following", viewer)  # fmt: skip
        distances = network.degrees(viewer, members, as_of=as_of)
        same(distances, [naive.degree(model, viewer, member) for member in members], "degrees", viewer)
        for member in members:
            compare_two(network, model, viewer, member, as_of, same, size)


def own_queries(network: Network, member: str, as_of: int | datetime | None) -> list[Callable[[], Any]]:
    """What a member can ask of their own."""
    names = ("feed", "notices", "suggestions", "hashtags", "muted", "blocked", "invitations")
    asked = [partial(getattr(network, name), member, as_of=as_of) for name in names]
    asked += [partial(getattr(network, name), member, member, as_of=as_of) for name in ("followers", "following")]
    asked += [partial(getattr(network, name), member, member, as_of=as_of) for name in ("connections", "profile")]
    return [*asked, partial(network.degrees, member, [member], as_of=as_of)]


def causes(rows: Sequence[Any]) -> frozenset[tuple[str, ...]]:
    return frozenset((row.kind, row.ref, row.share) if row.share else (row.kind, row.ref) for row in rows)


def compare_two(
    network: Network,
    model: NaiveNetwork,
    viewer: str,
    member: str,
    as_of: int | datetime | None,
    same: Callable[..., None],
    size: int,
) -> None:
    at: dict[str, Any] = {"as_of": as_of}
    got = refusal(
        lambda: [row.member for row in walk(lambda **p: network.connections(member, viewer, **p, **at), size)]
    )
    same(got, naive.connections(model, member, viewer), "connections", member, viewer)
    shared = partial(network.mutual_connections, viewer, member, viewer, **at)
    got = refusal(lambda: [row.member for row in walk(shared, size)])
    same(got, naive.mutual_connections(model, viewer, member, viewer), "mutuals", viewer, member)
    got = refusal(lambda: network.profile(member, viewer, as_of=as_of))
    if not isinstance(got, str):
        got = {name: getattr(got, name) for name in ("connections", "followers", "following")}
    expected: Any = naive.counts(model, member, viewer)
    if not naive.is_viewer(model, viewer):
        expected = "not_available"
    if (viewer, member) in model.blocks and got == "blocked_by_you":
        expected = got
    if viewer == member and model.hidden(member):  # who hibernates sees their own profile, with empty lists
        expected = got if isinstance(got, str) else {"connections": 0, "followers": 0, "following": 0}
    same(got, expected, "counts", member, viewer)
    if viewer == member:
        return
    got = refusal(lambda: [(m.author, m.kind, m.text) for m in network.thread(viewer, member, viewer, as_of=as_of)])
    told = naive.thread(model, viewer, member, viewer)
    same(got if isinstance(got, str) else got[1:], told, "thread", viewer, member)
    got = refusal(lambda: network.relationship(viewer, member, as_of=as_of))
    expected = naive.relationship(model, viewer, member)
    if isinstance(got, str) or isinstance(expected, str):
        same(got, expected, "relationship", viewer, member)
        return
    for name in ("degree", "connected", "connected_since", "following", "followed_by", "muted", "email"):
        same(getattr(got, name), expected[name], "relationship", name, viewer, member)
    same(got.pending.direction if got.pending else None, expected["pending"], "pending", viewer, member)
    for name, possible in expected["actions"].items():
        answer = got.actions[ACTIONS.get(name, name)]
        same(True if answer is None else answer, possible, "action", name, viewer, member)


def check(twins: Twins, rng: random.Random, points: int) -> None:
    """As of now, of some positions, inside an append or not (B18), and of some times between two commands (B13)."""
    network = twins.network
    network.catch_up()
    compare(network, twins.model, None, rng)
    for _ in range(points):
        position = rng.randint(1, network.head)
        compare(network, twins.then(position), position, rng)
        now = rng.randint(START, twins.now)
        model = twins.then(network.position_at(now))
        model.now = now
        compare(network, model, EPOCH + timedelta(microseconds=now), rng)
    report = network.rebuild()
    assert all(report.equal.values()), report.equal
    compare(network, twins.model, None, rng)


@pytest.mark.parametrize("push", [0, 2, 1000])
@pytest.mark.parametrize("round_", range(3))
def test_long_random_histories(rng: random.Random, push: int, round_: int) -> None:
    twins = Twins(push)
    with twins.network:
        for number, (command, now) in enumerate(random_commands(rng, rng.choice((6, 8)), 220)):
            twins.do(command, now)
            if number % 20 == 0:  # batches of many sizes: derived rows come stretch by stretch
                twins.network.catch_up()
        check(twins, rng, 2)


@pytest.mark.parametrize("push", [0, 1000])
def test_f8_a_feed_walked_while_anything_happens(rng: random.Random, push: int) -> None:
    """The pages after the first show what the feed had then, in its order, less what may no longer be seen."""
    twins, compared = Twins(push), 0
    with twins.network:
        commands = random_commands(rng, 6, 400)
        for command, now in islice(commands, 7):  # the members are registered
            twins.do(command, now)
        for one, other in permutations(twins.model.members, 2):
            twins.do(ChangeFollowerSetting(member=other, setting=FollowerSetting.EVERYONE), now)
            twins.do(Follow(follower=one, followee=other), now)
        for command, now in islice(commands, 80):
            twins.do(command, now)
        while True:
            twins.network.catch_up()
            model = twins.model.as_of(twins.model.last_position)
            viewers = [member for member in model.members if naive.is_viewer(model, member)]
            pages = {viewer: twins.network.feed(viewer, limit=rng.choice((1, 2, 3))) for viewer in viewers}
            meanwhile = list(islice(commands, rng.choice((1, 5, 20, 60))))
            for command, now in meanwhile:
                twins.do(command, now)
            twins.network.catch_up()
            for viewer, first in pages.items():
                rows, cursor = list[Any](), first.cursor
                if cursor is not None and not naive.is_viewer(twins.model, viewer):
                    assert refusal(partial(twins.network.feed, viewer, cursor=cursor)) == "not_available"
                    continue
                while cursor is not None:
                    page = twins.network.feed(viewer, limit=rng.choice((1, 2, 50)), cursor=cursor)
                    rows, cursor = rows + page.rows, page.cursor
                before = naive_feed.feed(model, viewer)[len(first.rows) :]
                at = model.last_position
                left = [(row[0], naive_feed.left_of(twins.model, viewer, row[0], row[3], at)) for row in before]
                expected = [row for row in left if row[1]]
                assert [(row.item, causes(row.causes)) for row in rows] == expected, viewer
                compared += first.cursor is not None
            if not meanwhile:
                break
    assert compared


@given(command_histories())
@settings(deadline=None)
def test_any_history(history: list[tuple[Command, int]]) -> None:
    rng = random.Random(len(history))
    twins = Twins(len(history) % 3)
    now = START
    with twins.network:
        for command, advance in history:
            now += advance
            twins.do(command, now)
        check(twins, rng, 1)
