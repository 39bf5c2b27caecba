"""Arguments of queries with a wrong type or value: a TypeError that names the argument, or a refusal (B28)."""

import inspect
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import Any

import pytest
from support.small_network import SmallNetwork

from domain import PublishPost, Refused
from domain.errors import CodedError
from domain.refusals import QUERY_REFUSALS
from infrastructure.app import Network
from infrastructure.queries.queries import Queries
from projections.invitation_boxes import Wanted
from projections.relationships import Relationship

QUERIES = sorted(name for name, each in vars(Queries).items() if inspect.isfunction(each) and name[0] != "_")
QUERIES.remove("reading")
SOUND: dict[str, Any] = {
    "viewer": "ada",
    "member": "ada",
    "one": "ada",
    "other": "bob",
    "inviter": "ada",
    "invitee": "bob",
    "item": "item",
    "name": "tea",
    "members": ["bob"],
}
MEMBERS = ("viewer", "member", "one", "other", "inviter", "invitee")
IDS = (*MEMBERS, "item")
UNSOUND_IDS = ("", "a b", "\ud800", "\x00", "x" * 129, "x" * 100_000, "ada\n")


@pytest.fixture(scope="module")
def net() -> Iterator[Network]:
    made = SmallNetwork("ada", "bob", "cy")
    made.connect("ada", "bob")
    made.publish_article("ada", "item")
    made.net.catch_up()
    yield made.net
    made.net.close()


def parameters(query: str) -> list[str]:
    return list(inspect.signature(getattr(Network, query)).parameters)[1:]


def sound(net: Network, query: str) -> dict[str, Any]:
    """Arguments with which a query has an answer."""
    return {
        name: SOUND[name]
        for name, each in inspect.signature(getattr(net, query)).parameters.items()
        if each.default is inspect.Parameter.empty
    }


def with_parameter(*names: str) -> list[tuple[str, str]]:
    return [(query, name) for query in QUERIES for name in parameters(query) if name in names]


def refusal(ask: Callable[[], Any]) -> str | None:
    try:
        ask()
    except Refused as refused:
        return refused.code if refused.code in QUERY_REFUSALS else f"{refused.code}, which is not of a query"
    return None


@pytest.mark.parametrize("query", QUERIES)
def test_b28_every_query_answers_sound_arguments_by_position_and_by_name(net: Network, query: str) -> None:
    given = sound(net, query)
    assert refusal(lambda: getattr(net, query)(**given)) is None
    assert refusal(lambda: getattr(net, query)(*given.values())) is None


@pytest.mark.parametrize(("query", "argument"), with_parameter(*IDS, "name", "box", "cursor", "wanted"))
@pytest.mark.parametrize("value", [1, 1.5, b"ada", ["ada"], {"ada": 1}, True, object()])
def test_b28_what_is_no_text_is_a_type_error_that_names_the_argument(
    net: Network, query: str, argument: str, value: Any
) -> None:
    with pytest.raises(TypeError, match=rf"^{argument} has to be .+, and is {type(value).__name__}$"):
        getattr(net, query)(**sound(net, query) | {argument: value})


@pytest.mark.parametrize(("query", "argument"), with_parameter(*IDS))
@pytest.mark.parametrize("value", UNSOUND_IDS)
def test_b28_an_id_that_nobody_can_have_is_not_available(net: Network, query: str, argument: str, value: str) -> None:
    assert refusal(lambda: getattr(net, query)(**sound(net, query) | {argument: value})) == "not_available"


@pytest.mark.parametrize(("query", "argument"), with_parameter(*MEMBERS))
def test_b28_an_id_that_is_too_long_for_a_member_is_not_available(net: Network, query: str, argument: str) -> None:
    assert refusal(lambda: getattr(net, query)(**sound(net, query) | {argument: "x" * 65})) == "not_available"


def test_f12_an_item_may_have_an_id_of_128_characters(net: Network) -> None:
    net.handle(PublishPost(author="ada", text="Hello", item="i" * 128))
    net.catch_up()
    assert net.why("ada", "i" * 128).code == "own_item"


@pytest.mark.parametrize(("query", "argument"), with_parameter("as_of"))
@pytest.mark.parametrize("value", ["5", "2026-05-01", 5.0, date(2026, 5, 1), True, b"5"])
def test_b28_as_of_what_is_neither_position_nor_time_is_a_type_error(
    net: Network, query: str, argument: str, value: Any
) -> None:
    with pytest.raises(TypeError, match=rf"^{argument} has to be .+, and is {type(value).__name__}$"):
        getattr(net, query)(**sound(net, query), as_of=value)


WEST, EAST = timezone(-timedelta(hours=23)), timezone(timedelta(hours=23))


@pytest.mark.parametrize(("query", "argument"), with_parameter("as_of"))
@pytest.mark.parametrize(
    "value",
    [-1, 10**6, 10**30, datetime.max.replace(tzinfo=WEST), datetime.min.replace(tzinfo=EAST)],
)
def test_b28_as_of_what_is_not_in_the_log_is_refused(net: Network, query: str, argument: str, value: Any) -> None:
    assert refusal(lambda: getattr(net, query)(**sound(net, query) | {argument: value})) == "bad_as_of"


@pytest.mark.parametrize(("query", "argument"), with_parameter("limit"))
def test_b28_a_limit_is_a_number_of_rows(net: Network, query: str, argument: str) -> None:
    for value in ("20", 2.0, None, True, b"1"):
        with pytest.raises(TypeError, match=rf"^{argument} has to be .+, and is {type(value).__name__}$"):
            getattr(net, query)(**sound(net, query), limit=value)
    for number in (0, -1, 1001, 10**30):
        assert refusal(partial(getattr(net, query), **sound(net, query), limit=number)) == "bad_limit"


@pytest.mark.parametrize(("query", "argument"), with_parameter("cursor"))
@pytest.mark.parametrize("value", ["", "x", "7.9", "\ud800", "ä", "x" * 100_000])
def test_b28_a_cursor_that_no_page_gave_is_refused(net: Network, query: str, argument: str, value: str) -> None:
    assert refusal(lambda: getattr(net, query)(**sound(net, query) | {argument: value})) == "bad_cursor"


@pytest.mark.parametrize("query", ["degrees", "relationships"])
def test_b28_members_are_several_ids(net: Network, query: str) -> None:
    ask = getattr(net, query)
    for value in ("bob", 5, None):
        with pytest.raises(TypeError, match=r"^members has to be several ids, and is "):
            ask("ada", value)
    with pytest.raises(TypeError, match=r"^each of members has to be a str, and is int$"):
        ask("ada", ["bob", 5])


def test_b28_of_many_members_each_has_an_answer_whatever_the_others_are(net: Network) -> None:
    members = ["bob", "\ud800", "x" * 65, "cy"]
    assert net.degrees("ada", (each for each in members)) == [1, None, None, None]  # type: ignore[arg-type]
    found = net.relationships("ada", iter(members))
    assert list(found) == members
    assert [isinstance(each, Relationship) for each in found.values()] == [True, False, False, True]


def test_b28_an_unknown_box_a_hashtag_that_is_none_and_a_filter_for_nothing_are_refused(net: Network) -> None:
    assert refusal(lambda: net.invitations("ada", "lost")) == "bad_box"
    for name in ("", "#", "a b", "\ud800", "x" * 101):
        assert refusal(partial(net.hashtag, name, "ada")) == "bad_hashtag"
    for_nothing: list[dict[str, Any]] = [
        {"note_kind": "other"},
        {"note_kind": "\ud800"},
        {"degrees": [4]},
        {"degrees": ["1"]},
    ]
    for wanted in for_nothing:
        assert refusal(partial(Wanted, **wanted)) == "bad_filter"
    for wrong in ({"note_kind": 5}, {"degrees": "1"}, {"degrees": 1}, {"shared_min": "1"}, {"shared_min": True}):
        with pytest.raises(TypeError, match=rf"^{next(iter(wrong))} has to be "):
            Wanted(**wrong)


def test_b28_positions_and_times_that_there_are_not(net: Network) -> None:
    for position in (0, -1, net.head + 1, 10**30, 10**5_000, -(10**5_000)):
        with pytest.raises(IndexError, match="there is no position"):
            net.recorded_at(position)
    for wrong in ("1", 1.0, True, None):
        with pytest.raises(TypeError, match=r"^position has to be an int, and is "):
            net.recorded_at(wrong)  # type: ignore[arg-type]
    assert net.position_at(10**30) == net.head
    assert net.position_at(datetime.max.replace(tzinfo=WEST)) == net.head


WAITS: dict[str, Callable[..., Any]] = {
    "wait_for": lambda net, seconds: net.wait_for(1, seconds),
    "catch_up": lambda net, seconds: net.catch_up(timeout=seconds),
    "rebuild": lambda net, seconds: net.rebuild(["connections"], timeout=seconds),
    "check": lambda net, seconds: net.check(timeout=seconds),
}


@pytest.mark.parametrize("name", WAITS)
def test_b28_a_wait_of_a_wrong_kind_or_without_an_end(net: Network, name: str) -> None:
    for wrong in ("1", None, True, timedelta(seconds=1)):
        with pytest.raises(TypeError, match=r"^timeout has to be a number of seconds, and is "):
            WAITS[name](net, wrong)
    for endless in (10**5_000, 10**30, float("inf"), float("nan"), -(10**5_000)):
        with pytest.raises(ValueError, match=r"^timeout has to be a number of seconds, of at most "):
            WAITS[name](net, endless)
    WAITS[name](net, 10**9)


def test_b28_a_position_to_wait_for_is_one_that_a_log_can_have(net: Network) -> None:
    waits: tuple[Callable[[Any], object], ...] = (net.wait_for, net.catch_up)
    for wait in waits:
        for wrong in ("1", 1.0, True):
            with pytest.raises(TypeError, match=r"^position has to be an int, and is "):
                wait(wrong)
        with pytest.raises(IndexError, match="there is no position so high"):
            wait(10**5_000)


def test_b28_a_time_zone_that_knows_no_offset_is_none(net: Network) -> None:
    class Unknown(tzinfo):
        def utcoffset(self, _: datetime | None) -> None:
            return None

        dst = tzname = utcoffset

    for naive in (datetime(2026, 1, 1, tzinfo=Unknown()), datetime(2026, 1, 1)):  # noqa: DTZ001
        for ask in (net.position_at, net.moment):
            with pytest.raises(ValueError, match="The time has no time zone") as unsound:
                ask(naive)
            assert isinstance(unsound.value, CodedError)
            assert unsound.value.code == "bad_instant"


def test_f12_projections_a_progress_and_an_event_of_the_wrong_type(net: Network) -> None:
    wrong: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: net.rebuild("members"), "names has to be several names of projections"),
        (lambda: net.rebuild(5), "names has to be several names of projections"),  # type: ignore[arg-type]
        (lambda: net.rebuild(["members", 5]), "names has to be several names of projections"),  # type: ignore[list-item]
        (lambda: net.rebuild(progress=5), "progress has to be a function or None, and is int"),  # type: ignore[arg-type]
        (lambda: net.check(5), "progress has to be a function or None, and is int"),  # type: ignore[arg-type]
        (lambda: net.verify(5), "progress has to be a function or None, and is int"),  # type: ignore[arg-type]
        (lambda: net.describe(5), "event has to be an event of the log, and is int"),  # type: ignore[arg-type]
    )
    assert list(net.rebuild(iter(["members"])).equal) == ["members"]  # type: ignore[arg-type]
    for call, sentence in wrong:
        with pytest.raises(TypeError, match=sentence):
            call()
