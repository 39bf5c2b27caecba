"""Where a pulled feed begins with each followee: from memory it is the same feed, and a page costs the same whatever
the log's length."""

import random
from contextlib import suppress

import pytest
from support.feed_network import FeedNetwork
from support.random_commands import START, random_commands, resolved

from domain import Refused
from domain.items import PostShared
from infrastructure.app import open_network
from projections.feeds.newest import EVER, ONE, STANDING, NewestKept, newest_looked_up
from projections.feeds.pages import entries, feed
from projections.feeds.reader import Reader
from projections.reading import Reading


@pytest.mark.parametrize("limits", [(100, 1_000, 32), (100, 1_000, 0), (2, 1_000, 1), (100, 8, 1)])
def test_f10_what_is_kept_in_memory_changes_no_feed(rng: random.Random, limits: tuple[int, int, int]) -> None:
    """As of now and of the past, from any position on, whatever has been let go."""
    kept, shares, now = NewestKept(*limits), list[tuple[str, str]](), START
    with open_network("memory:", clock=lambda: now, follow=False) as network:
        for number, (command, at) in enumerate(random_commands(rng, 6, 300)):
            now = max(now, at)
            with suppress(Refused):
                result = network.handle(resolved(command, shares, network.head))
                shares += [(event.share, event.sharer) for event in result.events if isinstance(event, PostShared)]
            if number % 5 or not network.head:
                continue
            network.catch_up()
            with network.reading(rng.choice((None, None, rng.randint(0, network.head)))) as reading:
                reader = Reader(reading, rng.choice(("ann", "bob", "cid", "dee", "eve", "fay")))
                before = rng.choice((2**62, rng.randint(1, network.head)))
                expected = list(entries(reader, before, push=False))
                assert list(entries(reader, before, push=False, bounds_of=kept.bounds)) == expected
                below = min(before - 1, reading.as_of)
                bounds = {author: -negative for negative, author in kept.bounds(reader, below)}
                assert all(-below <= -bounds[author] <= newest for newest, author in newest_looked_up(reader, below))


def looked_up(network: FeedNetwork, kept: NewestKept, limit: int = 2, before: int = 2**62) -> dict[str, int]:
    """How often each way of looking up the newest activities is gone for one page of bob's feed."""
    asked = dict.fromkeys((STANDING, EVER, ONE), 0)

    def counted(reading: Reading) -> None:
        answer = reading.all

        def all_(sql: str, **parameters: object) -> list[tuple[object, ...]]:
            if sql in asked:
                asked[sql] += 1
            return answer(sql, **parameters)

        reading.all = all_  # type: ignore[method-assign]
        feed(reading, "bob", limit, before, kept.bounds)

    network.ask(counted)
    return {"all that stand": asked[STANDING], "all": asked[EVER], "one": asked[ONE]}


def test_f8_the_newest_activities_are_looked_up_once() -> None:
    network, kept = FeedNetwork(), NewestKept()
    network.follow("bob", "ada", "cy", "dan")
    network.post("ada", "one", "two")
    network.post("cy", "three")
    assert looked_up(network, kept) == {"all that stand": 0, "all": 1, "one": 0}
    network.post("dan", "four")
    network.share("eve", "four")
    assert looked_up(network, kept) == {"all that stand": 0, "all": 0, "one": 0}
    assert looked_up(network, kept, before=network.head - 1) == {"all that stand": 0, "all": 0, "one": 1}
    network.follow("bob", "eve")
    assert looked_up(network, kept) == {"all that stand": 0, "all": 1, "one": 0}


def shown(network: FeedNetwork, kept: NewestKept, as_of: int | None = None) -> list[str]:
    """Bob's feed, from memory."""

    def ask(reading: Reading) -> list[str]:
        return [entry.item for entry in entries(Reader(reading, "bob"), push=False, bounds_of=kept.bounds)]

    return network.ask(ask, as_of=as_of)


def test_f10_what_was_deleted_since_is_kept_for_the_past() -> None:
    network, kept = FeedNetwork(), NewestKept()
    network.follow("bob", "ada")
    network.post("ada", "old", "deleted")
    before = network.head
    network.delete("ada", "deleted")
    assert shown(network, kept) == ["old"]
    assert shown(network, kept, before) == ["deleted", "old"]


def test_f10_what_is_looked_up_for_the_past_is_not_kept_for_today() -> None:
    network, kept = FeedNetwork(), NewestKept()
    network.follow("bob", "ada")
    network.post("ada", "old")
    before = network.head
    network.post("ada", "new")
    network.follow("eve", "cy")
    network.ask(lambda reading: kept.bounds(Reader(reading, "eve"), reading.as_of))
    assert shown(network, kept, before) == ["old"]
    assert shown(network, kept) == ["new", "old"]
