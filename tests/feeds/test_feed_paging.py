"""Feeds page by page, pushed and pulled: no gap, no repeat, no end before the end, whatever happens meanwhile."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from support.feed_network import PUSHES, FeedNetwork
from support.small_network import walk

from domain import ChangePolicy, MuteMember, RemoveFollower, SharePost, UnblockMember, Unfollow
from domain.identifiers import DAY
from projections.feeds import judging, newest, pulled, pushed, reader
from projections.feeds.judging import SHARES_SCANNED_MAX, FeedEntry
from projections.feeds.pages import entries, feed
from projections.feeds.push_tables import ENTRIES_KEPT
from projections.feeds.reader import Reader
from projections.reading import Page, Reading


@pytest.fixture(params=PUSHES, ids=lambda push: f"push-{push}")
def network(request: pytest.FixtureRequest) -> FeedNetwork:
    return FeedNetwork(request.param)


def items(rows: list[FeedEntry]) -> list[str]:
    return [row.item for row in rows]


def after(network: FeedNetwork, viewer: str, page: Page[FeedEntry], limit: int) -> Page[FeedEntry]:
    """The page that a page's cursor asks for."""
    assert page.cursor is not None
    return network.ask(feed, viewer, limit, int(page.cursor), as_of=page.as_of)


def numbered(count: int) -> list[str]:
    return [f"item-{number:04}" for number in range(count)]


def test_f8_peer_129_five_posts_in_pages_of_two(network: FeedNetwork) -> None:
    network.follow("bob", "ada")
    network.post("ada", *numbered(5))
    pages = [network.ask(feed, "bob", 2)]
    while pages[-1].cursor is not None:
        pages.append(after(network, "bob", pages[-1], 2))
    assert [items(page.rows) for page in pages] == [
        ["item-0004", "item-0003"],
        ["item-0002", "item-0001"],
        ["item-0000"],
    ]


def test_f8_peers_130_131_133_a_cursor_means_that_more_follows(network: FeedNetwork) -> None:
    empty = network.ask(feed, "bob", 2)
    assert (empty.rows, empty.cursor) == ([], None)
    network.follow("bob", "ada")
    network.post("ada", *numbered(2))
    assert network.ask(feed, "bob", 2).cursor is None
    network.post("ada", "third")
    page = network.ask(feed, "bob", 2)
    rest = after(network, "bob", page, 2)
    assert (items(rest.rows), rest.cursor) == (["item-0000"], None)
    assert network.ask(feed, "bob", 1).rows[0] == network.ask(feed, "bob", 10).rows[0]


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_f8_a_bad_limit_is_refused(limit: int) -> None:
    assert FeedNetwork().refusal(feed, "bob", limit) == "bad_limit"


def test_f8_h21_what_is_written_meanwhile_moves_no_page(network: FeedNetwork) -> None:
    """Items move up by a share, leave by a deletion or a mute, and come: the walk shows the feed of its first page."""
    network.follow("bob", "ada", "cy")
    network.post("ada", *numbered(6))
    network.post("cy", "of-cy")
    whole = network.feed("bob")
    page = network.ask(feed, "bob", 2)
    shown = items(page.rows)
    network.share("cy", "item-0001")
    network.delete("ada", "item-0002")
    network.post("ada", "later")
    network.do(MuteMember(muter="bob", muted="cy"), RemoveFollower(followee="ada", follower="bob"))
    while page.cursor is not None:
        page = after(network, "bob", page, 2)
        shown += items(page.rows)
    assert shown == whole
    assert network.feed("bob") == []


def test_f8_peer_135_shares_and_originals_mix_without_repeat(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy", "dan")
    network.post("ada", *numbered(6))
    for number in (0, 3, 5):
        network.share("cy" if number else "dan", f"item-{number:04}")
    network.post("dan", "top")
    network.share("cy", "item-0000")
    assert network.feed("bob") == [
        "item-0000", "top", "item-0005", "item-0003", "item-0004", "item-0002", "item-0001",
    ]  # fmt: skip


def test_f8_h21_a_filtered_page_is_filled_up(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy")
    network.post("ada", "first", "second")
    network.post("cy", *numbered(40))
    network.post("ada", "third")
    network.do(MuteMember(muter="bob", muted="cy"))
    page = network.ask(feed, "bob", 2)
    assert items(page.rows) == ["third", "second"]
    assert items(after(network, "bob", page, 2).rows) == ["first"]


def test_peer_137_a_feed_read_while_empty_fills_later(network: FeedNetwork) -> None:
    network.follow("bob", "ada")
    assert network.feed("bob") == []
    network.post("ada", "item")
    assert network.feed("bob") == ["item"]


def test_peers_121_139_the_same_item_or_share_again_is_there_once(network: FeedNetwork) -> None:
    network.follow("bob", "ada", "cy")
    network.post("ada", "item", "other", "item")
    network.share("cy", "item")
    assert network.do(SharePost(sharer="cy", item="item")).events == ()
    assert network.feed("bob") == ["item", "other"]


def test_f7_items_of_many_shares_are_found_either_way(network: FeedNetwork) -> None:
    """More shares than are looked through one by one, deleted ones among them."""
    network.follow("bob", "ada", "cy")
    network.post("ada", "viral", "other")
    network.follow("eve", "ada")
    for _ in range(SHARES_SCANNED_MAX):
        network.delete("dan", network.share("dan", "viral"))
    assert network.feed("bob") == ["other", "viral"]
    network.share("cy", "viral")
    assert network.causes("bob", "viral") == {"follow ada", "share cy"}
    assert network.feed("bob") == ["viral", "other"]


@pytest.mark.parametrize(("blocker", "blocked"), [("bob", "ada"), ("ada", "bob")])
def test_f8_the_next_page_shows_nothing_that_a_block_cut_though_it_was_lifted(
    network: FeedNetwork, blocker: str, blocked: str
) -> None:
    """After an unblock nothing returns that the follow brought; a hashtag or the share of another does (section 7)."""
    network.follow("bob", "ada", "cy")
    network.follow_hashtag("bob", "tea")
    network.post("dan", "shared-by-ada")
    network.share("ada", "shared-by-ada")
    network.post("ada", "by-follow", "by-share")
    network.post("ada", "by-hashtag", text="#tea")
    network.share("cy", "by-share")
    network.post("cy", "top")
    network.net.catch_up()
    page = network.net.feed("bob", limit=1)
    network.block(blocker, blocked)
    network.do(UnblockMember(blocker=blocker, blocked=blocked))
    network.net.catch_up()
    rest = network.net.feed("bob", limit=10, cursor=page.cursor)
    assert [(row.item, [cause.kind for cause in row.causes]) for row in rest] == [
        ("by-share", ["share"]),
        ("by-hashtag", ["hashtag"]),
    ]
    assert [row.item for row in network.net.feed("bob")] == ["top", "by-share", "by-hashtag"]


@pytest.mark.parametrize("act", ["hibernate", "restrict", "erase", "block", "blocked", "mute", "delete"])
def test_f8_the_next_page_shows_no_share_that_may_no_longer_be_seen(network: FeedNetwork, act: str) -> None:
    """Of an entry with another cause the share alone is left out; its place stays, so that no entry comes twice."""
    network.follow("bob", "ada", "cy")
    network.post("dan", "by-share")
    network.post("ada", "by-both", "by-follow")
    shares = [network.share("cy", item) for item in ("by-share", "by-both")]
    network.post("ada", "top")
    network.net.catch_up()
    page = network.net.feed("bob", limit=1)
    match act:
        case "mute":
            network.do(MuteMember(muter="bob", muted="cy"))
        case "delete":
            network.delete("cy", shares[0])
            network.delete("cy", shares[1])
        case _:
            network.part("bob", "cy", act)
    network.net.catch_up()
    rest = network.net.feed("bob", limit=10, cursor=page.cursor)
    assert [(row.item, [cause.kind for cause in row.causes]) for row in rest] == [
        ("by-both", ["follow"]),
        ("by-follow", ["follow"]),
    ]
    assert rest.total == 3


# Push: no switch makes a gap


def test_f10_h12_an_author_crosses_the_threshold_and_comes_back() -> None:
    network = FeedNetwork(push=2)
    network.follow("bob", "ada")
    network.post("ada", "pushed")
    network.follow("cy", "ada")
    network.follow("dan", "ada")
    network.post("ada", "pulled")
    network.do(Unfollow(follower="dan", followee="ada"))
    network.post("ada", "pushed-again")
    assert network.feed("bob") == ["pushed-again", "pulled", "pushed"]
    assert network.feed("cy") == ["pushed-again", "pulled", "pushed"]
    assert pushed_to(network, "bob") == ["pushed-again", "pushed"]


def test_f10_h11_h12_changes_of_policy_lose_no_period() -> None:
    network = FeedNetwork()
    network.follow("bob", "ada")
    for number, most in enumerate((1_000, 0, 1, 0, 1_000)):
        network.post("ada", f"before-{number}")
        network.policy(feed_push_followers_max=most)
        network.post("ada", f"after-{number}")
    in_order = [f"{when}-{number}" for number in range(5) for when in ("before", "after")]
    assert network.feed("bob") == in_order[::-1]
    assert pushed_to(network, "bob") == ["after-4", "before-3", "after-2", "before-1", "after-0"]


def test_f10_a_change_of_policy_counts_from_its_own_instant() -> None:
    network = FeedNetwork()
    network.follow("bob", "ada")
    later = network.now + 10 * DAY
    network.do(ChangePolicy(values={"feed_push_followers_max": 5}, effective_from=later))
    network.post("ada", "not-yet")
    network.now = later
    network.post("ada", "now")
    assert network.feed("bob") == ["now", "not-yet"]
    assert pushed_to(network, "bob") == ["now"]


def test_f10_h11_who_was_dormant_has_missed_nothing() -> None:
    network = FeedNetwork(push=1_000)
    network.follow("bob", "ada")
    network.follow("cy", "ada")
    network.post("ada", "awake")
    network.wait(31 * DAY)
    network.post("ada", "asleep", "asleep-too")
    assert network.feed("bob") == ["asleep-too", "asleep", "awake"]
    network.follow("bob", "dan")
    network.post("ada", "back")
    network.wait(31 * DAY)
    network.post("ada", "asleep-again")
    assert network.feed("bob") == ["asleep-again", "back", "asleep-too", "asleep", "awake"]
    assert pushed_to(network, "bob") == ["back", "awake"]
    network.post("bob", "own")
    network.post("ada", "last")
    assert network.feed("bob")[0] == "last"
    assert pushed_to(network, "cy") == ["awake"]


def test_f10_what_is_no_longer_kept_is_pulled() -> None:
    network = FeedNetwork(push=1_000)
    network.follow("bob", "ada", "cy")
    network.post("cy", *numbered(ENTRIES_KEPT + 30))
    network.post("ada", "top")
    network.net.catch_up()
    assert len(pushed_to(network, "bob")) == ENTRIES_KEPT

    def whole(reading: Reading, push: bool) -> list[FeedEntry]:
        return list(entries(Reader(reading, "bob"), push=push))

    found = network.ask(whole, True)
    assert items(found) == ["top", *reversed(numbered(ENTRIES_KEPT + 30))]
    assert found == network.ask(whole, False)
    assert walk(lambda before: network.ask(feed, "bob", 400, before)) == found


def test_f10_live_and_rebuilt_are_equal(network: FeedNetwork) -> None:
    """Whatever the stretches in which the rows came."""
    network.follow("bob", "ada", "cy")
    for number in range(4):
        network.post("ada", f"a{number}")
        network.feed("bob")
        network.follow(("cy", "dan", "eve", "acme")[number], "ada")
        network.wait(20 * DAY)
        network.share("cy", f"a{number}")
    assert network.feed("bob") == [f"a{number}" for number in (3, 2, 1, 0)]
    assert all(network.net.check().values())


def pushed_to(network: FeedNetwork, viewer: str) -> list[str]:
    """What was pushed, newest first."""

    def kept(reading: Reading) -> list[str]:
        sql = "SELECT original FROM feed_entry WHERE viewer = :viewer ORDER BY began DESC"
        return [original for (original,) in reading.all(sql, viewer=viewer)]

    return network.ask(kept)


# The cost of a page: index look-ups only


def statements() -> list[Any]:
    """Every SQL statement that reads a feed."""
    modules = (judging, newest, pulled, pushed, reader)
    found = {name: value for module in modules for name, value in vars(module).items() if isinstance(value, str)}
    return [pytest.param(sql, id=name) for name, sql in found.items() if name.isupper() and "SELECT" in sql]


@pytest.mark.parametrize("sql", statements())
def test_f8_no_table_is_read_from_end_to_end(sql: str) -> None:
    def plan(reading: Reading) -> list[str]:
        parameters = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
        return [str(detail) for *_, detail in reading.all("EXPLAIN QUERY PLAN " + sql, **parameters)]

    scans = [step for step in FeedNetwork().ask(plan) if step.startswith("SCAN")]
    # The policy's few rows, and what a subquery has just given, are no table that grows.
    harmless = ("SCAN (subquery", "SCAN CONSTANT ROW", "SCAN feed_policy")
    assert [step for step in scans if not step.startswith(harmless)] == []


def test_f8_a_page_asks_as_often_however_long_the_log_is() -> None:
    """The number of look-ups of a page, before and after much more was published by followees and by others."""
    network = FeedNetwork()
    network.follow("bob", "ada", "cy", "dan")

    def look_ups(reading: Reading) -> int:
        asked = count_look_ups(reading)
        feed(reading, "bob", 10)
        return asked()

    for author in ("ada", "cy", "dan", "eve"):
        network.post(author, *(f"{author}-{number}" for number in range(15)))
    few = network.ask(look_ups)
    for author in ("ada", "cy", "dan", "eve"):
        network.post(author, *(f"{author}-{number}" for number in range(15, 150)))
    assert network.ask(look_ups) == few


def count_look_ups(reading: Reading) -> Callable[[], int]:
    """Counts what a reading is asked from now on."""
    asked, answer = [], reading.all

    def counted(sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return answer(sql, **parameters)

    reading.all = counted  # type: ignore[method-assign]
    return lambda: len(asked)
