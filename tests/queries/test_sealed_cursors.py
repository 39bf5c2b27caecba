"""Cursors that only the network's own pages can make, and the next pages of live lists (B19, F8, X16)."""

import base64
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from support.random_commands import START, random_commands, resolved
from support.small_network import SmallNetwork, code

from domain import (
    BlockMember,
    Command,
    DeletePost,
    EraseMember,
    Follow,
    HibernateMember,
    MuteMember,
    PublishPost,
    ReactivateMember,
    Refused,
    RegisterMember,
    RemoveConnection,
    SendInvitation,
    SharePost,
    Unfollow,
    WithdrawInvitation,
)
from domain.items import PostShared
from infrastructure.app import Network, open_network
from infrastructure.read_models.cursors import CursorSeal, Place
from projections.reading import Page

OTHERS = ("bob", "cy", "dan", "eve", "fay")
Ask = Callable[..., Page[Any]]


@pytest.fixture
def net() -> SmallNetwork:
    """ada has five connections, follows them all, and each of them has published; fay has invited gus too."""
    made = SmallNetwork("ada", *OTHERS, "gus", "hal")
    for other in OTHERS:
        made.connect("ada", other)
        made.do(PublishPost(author=other, text="On #tea", item=f"of-{other}"))
        made.invite(other, "gus")
        made.connect(other, "hal")
    made.net.catch_up()
    return made


def lists(network: Network) -> dict[str, Ask]:
    """Each list of the door that has several rows, by name."""
    return {
        "feed": lambda **paging: network.feed("ada", **paging),
        "hashtag": lambda **paging: network.hashtag("tea", "ada", **paging),
        "connections": lambda **paging: network.connections("ada", "ada", **paging),
        "connections, by the host": lambda **paging: network.connections("ada", **paging),
        "connections of another": lambda **paging: network.connections("hal", "bob", **paging),
        "followers": lambda **paging: network.followers("ada", "ada", **paging),
        "following": lambda **paging: network.following("ada", "ada", **paging),
        "notices": lambda **paging: network.notices("hal", **paging),
        "invitations": lambda **paging: network.invitations("gus", **paging),
        "mutual connections": lambda **paging: network.mutual_connections("ada", "hal", "ada", **paging),
        "mutual connections, turned": lambda **paging: network.mutual_connections("hal", "ada", "ada", **paging),
        "suggestions": lambda **paging: network.suggestions("bob", **paging),
    }


LISTS = tuple(lists(SmallNetwork("ada").net))


# Sealed


@pytest.mark.parametrize("name", LISTS)
def test_b19_f8_peer_134_made_up_and_altered_cursors_are_refused(
    net: SmallNetwork, rng: random.Random, name: str
) -> None:
    ask = lists(net.net)[name]
    cursor = ask(limit=1).cursor
    assert cursor is not None
    assert ask(limit=1, cursor=cursor).rows
    made_up = ["7.999999", "1.1", "0", "", "=", cursor + "A", cursor[:-1], cursor + "=", " " + cursor, "x" * 5_000]
    made_up += ["\ud800", "\N{BLACK HEART SUIT}", base64.urlsafe_b64encode(b"7.999999").decode()]
    for _ in range(50):
        at = rng.randrange(len(cursor))
        other = rng.choice([each for each in "Aa0-_" if each != cursor[at]])
        made_up.append(cursor[:at] + other + cursor[at + 1 :])
    assert {code(partial(ask, limit=1, cursor=each)) for each in made_up} == {"bad_cursor"}


@pytest.mark.parametrize("name", LISTS)
def test_b19_a_cursor_serves_its_own_query_alone(net: SmallNetwork, name: str) -> None:
    every = lists(net.net)
    cursor = every[name](limit=1).cursor
    elsewhere = [ask for other, ask in every.items() if other != name]
    elsewhere.append(lambda **paging: net.net.invitations("gus", "archived", **paging))
    elsewhere.append(lambda **paging: net.net.connections("ada", "bob", **paging))
    assert {code(partial(ask, limit=1, cursor=cursor)) for ask in elsewhere} == {"bad_cursor"}


def test_b19_a_cursor_tells_nothing_and_is_the_same_for_the_same_page(net: SmallNetwork) -> None:
    pages = [net.net.suggestions("bob", limit=1) for _ in range(2)]
    assert pages[0].cursor == pages[1].cursor
    assert pages[0].cursor is not None
    assert b"." not in base64.urlsafe_b64decode(pages[0].cursor + "==")[16:18]


def test_b19_the_secret_is_the_stores_own_and_outlives_restarts_and_rebuilds(tmp_path: Path) -> None:
    one, other = (open_network(str(tmp_path / name), follow=False) for name in ("one.db", "other.db"))
    for network in (one, other):
        for member in ("ada", "bob", "cy"):
            network.handle(RegisterMember(member=member, name="A", primary_email=f"{member}@example.org"))
        network.handle_many([MuteMember(muter="ada", muted=muted) for muted in ("bob", "cy")])
        network.catch_up()
    cursor = one.muted("ada", limit=1).cursor
    assert code(lambda: other.muted("ada", limit=1, cursor=cursor)) == "bad_cursor"
    with open_network(str(tmp_path / "one.db"), follow=False) as beside:
        assert beside.muted("ada", limit=1, cursor=cursor).rows[0].member == "bob"
    one.rebuild()
    one.close()
    other.close()
    with open_network(str(tmp_path / "one.db"), follow=False) as again:
        assert again.muted("ada", limit=1, cursor=cursor).rows[0].member == "bob"


@pytest.mark.parametrize(
    "place", [Place(0, 0, True, "x"), Place(7, 0, False, "3:a.b"), Place(2**62, 2**53, True, "m" * 64)]
)
def test_b19_what_is_sealed_is_unsealed(place: Place) -> None:
    seal = CursorSeal(b"s" * 32)
    assert seal.unseal(seal.seal(place, "query"), "query") == place
    for other in (CursorSeal(b"t" * 32), seal):
        with pytest.raises(Refused):
            other.unseal(seal.seal(place, "query"), "another query")


# The pages that follow

GONE: dict[str, Callable[[str], Command]] = {
    "has blocked the viewer": lambda viewer: BlockMember(blocker="dan", blocked=viewer),
    "is blocked by the viewer": lambda viewer: BlockMember(blocker=viewer, blocked="dan"),
    "hibernates": lambda viewer: HibernateMember(member="dan"),
    "is erased": lambda viewer: EraseMember(member="dan"),
}
OF_PEOPLE = {"connections": "ada", "followers": "ada", "following": "ada", "feed": "ada", "hashtag": "ada"}
OF_PEOPLE |= {"mutual connections": "ada", "notices": "hal", "invitations": "gus", "suggestions": "bob"}


def whom(row: Any) -> str:
    return str(getattr(row, "member", None) or getattr(row, "actor", None) or row.author)


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("name", OF_PEOPLE)
def test_f8_b19_the_next_pages_of_a_live_list_leave_out_who_has_gone(net: SmallNetwork, name: str, gone: str) -> None:
    ask = lists(net.net)[name]
    every = [whom(row) for row in ask()]
    page = ask(limit=1)
    before = [whom(row) for row in ask(limit=50, cursor=page.cursor)]
    assert before == every[1:]
    assert "dan" in before
    net.do(GONE[gone](OF_PEOPLE[name]))
    net.net.catch_up()
    rest = ask(limit=50, cursor=page.cursor)
    assert [whom(row) for row in rest] == [each for each in before if each != "dan"]
    assert rest.total == len(every) - every.count("dan")
    one_by_one = [whom(row) for row in walk(ask, page.cursor)]
    assert one_by_one == [whom(row) for row in rest]


def walk(ask: Ask, cursor: str | None, limit: int = 1) -> list[Any]:
    """The rows of the pages that follow a cursor."""
    rows: list[Any] = []
    while cursor is not None:
        page = ask(limit=limit, cursor=cursor)
        assert page.rows or page.cursor is None, "an empty page that goes on"
        rows += page.rows
        cursor = page.cursor
    return rows


def test_f8_a_list_that_may_no_longer_be_seen_has_no_next_page(net: SmallNetwork) -> None:
    page = net.net.connections("hal", "bob", limit=1)
    net.do(RemoveConnection(member="hal", other="bob"))
    net.net.catch_up()
    assert code(lambda: net.net.connections("hal", "bob", limit=1, cursor=page.cursor)) == "not_available"


def test_f8_what_ends_or_begins_anew_between_two_pages_is_not_on_the_next(net: SmallNetwork) -> None:
    asked = {name: lists(net.net)[name] for name in ("following", "connections", "invitations")}
    cursors = {name: ask(limit=1).cursor for name, ask in asked.items()}
    net.do(*(Unfollow(follower="ada", followee=each) for each in ("cy", "dan")), Follow(follower="ada", followee="cy"))
    net.do(RemoveConnection(member="bob", other="ada"))
    net.connect("bob", "ada")
    net.do(WithdrawInvitation(inviter="eve", invitee="gus"), SendInvitation(inviter="hal", invitee="gus"))
    net.net.catch_up()
    shown = {name: [row.member for row in walk(ask, cursors[name])] for name, ask in asked.items()}
    assert shown == {
        "following": ["eve"],
        "connections": ["eve", "dan", "cy"],
        "invitations": ["dan", "cy", "bob"],
    }


def test_f8_who_comes_back_between_two_pages_was_not_in_the_list(net: SmallNetwork) -> None:
    net.hibernate("cy")
    net.net.catch_up()
    page = net.net.connections("ada", "ada", limit=2)
    net.do(ReactivateMember(member="cy"))
    net.net.catch_up()
    rest = net.net.connections("ada", "ada", limit=5, cursor=page.cursor)
    assert ([row.member for row in rest], rest.total) == (["dan", "bob"], 4)


def test_f8_an_item_that_is_shared_anew_keeps_its_place_on_the_pages_that_follow(net: SmallNetwork) -> None:
    page = net.net.feed("ada", limit=2)
    net.do(SharePost(sharer="fay", item="of-cy"), DeletePost(author="dan", item="of-dan"))
    net.do(Unfollow(follower="ada", followee="bob"))
    net.net.catch_up()
    assert [entry.item for entry in walk(lambda **paging: net.net.feed("ada", **paging), page.cursor)] == [
        "of-cy",
        "of-bob",
    ]


def test_f8_pages_of_the_past_stay_as_they_were(net: SmallNetwork) -> None:
    point = net.head
    as_of = {name: ask(limit=1, as_of=point) for name, ask in lists(net.net).items()}
    expected = {name: ask(limit=50, as_of=point).rows[1:] for name, ask in lists(net.net).items()}
    net.do(BlockMember(blocker="cy", blocked="ada"), HibernateMember(member="eve"))
    net.net.catch_up()
    for name in ("connections, by the host", "followers", "invitations"):
        ask = lists(net.net)[name]
        assert walk(ask, as_of[name].cursor) == expected[name]
        assert walk(lambda ask=ask, **paging: ask(**paging, as_of=point), as_of[name].cursor) == expected[name]
        assert as_of[name].total == len(expected[name]) + 1
        for other in (point - 30, net.head):
            elsewhere = partial(ask, cursor=as_of[name].cursor, as_of=other)
            assert code(elsewhere) == "bad_cursor"


def test_f8_any_list_walked_while_anything_happens(rng: random.Random) -> None:
    """The rows after the first page are those that the list had, in their order, less those that it has no more."""
    assert sum(walked_meanwhile(rng) for _ in range(8)) > 10


def walked_meanwhile(rng: random.Random) -> int:
    """A random history in which lists are walked; how many walks there were."""
    now = START
    acts = iter(random_commands(rng, 6, 300))
    shares: list[tuple[str, str]] = []
    members: list[str] = []
    compared = 0
    with open_network("memory:", clock=lambda: now, follow=False) as network:

        def give(some: int) -> None:
            nonlocal now
            for command, at in list(islice(acts, some)):
                now = max(now, at)
                with suppress(Refused):
                    result = network.handle(resolved(command, shares, network.head))
                    shares.extend((each.share, each.sharer) for each in result.events if isinstance(each, PostShared))
                if isinstance(command, RegisterMember) and command.member not in members:
                    members.append(command.member)
            network.catch_up()

        give(100)
        for _ in range(5):
            asked = {name: ask for member in members for name, ask in of(network, member, members)}
            first = {}
            for name, ask in asked.items():
                with suppress(Refused):
                    page = ask(limit=rng.choice((1, 2)))
                    if page.cursor is not None:
                        first[name] = page.cursor, [identity(row) for row in ask(limit=500)][len(page.rows) :]
            give(rng.choice((1, 5, 20, 60)))
            for name, (cursor, expected) in first.items():
                ask = asked[name]
                if (refusal := code(ask)) is not None:
                    assert code(partial(ask, cursor=cursor)) == refusal, name
                    continue
                left = {identity(row) for row in ask(limit=500)}
                expected = [each for each in expected if each in left]
                assert [identity(row) for row in walk(ask, cursor, rng.choice((1, 3)))] == expected, name
                compared += 1
    return compared


def identity(row: Any) -> Any:
    """What makes a row of a list the same at another time."""
    return row.position if hasattr(row, "position") else row.member


def of(network: Network, member: str, members: list[str]) -> Iterator[tuple[str, Ask]]:
    """Every list but the feed, of which the rules let stay what no longer has a cause."""
    for query in ("followers", "following", "hashtags", "muted", "blocked", "notices", "suggestions"):
        yield f"{query} {member}", partial(getattr(network, query), member)
    for box in ("received", "sent", "archived", "barred"):
        yield f"{box} {member}", partial(network.invitations, member, box)
    for tag in ("alpha", "beta"):
        yield f"{tag} {member}", partial(network.hashtag, tag, member)
    for other in members:
        yield f"connections {other} {member}", partial(network.connections, other, member)
        yield f"mutual {other} {member}", partial(network.mutual_connections, other, member, member)
