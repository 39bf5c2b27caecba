"""As of when a query answers: the instant against which it checks expiry, and points inside an append (B13, B18)."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from support.small_network import SmallNetwork, code

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangePolicy,
    Command,
    EraseMember,
    HibernateMember,
)
from domain.identifiers import DAY, HOUR, SECOND, Instant
from infrastructure.log.audit import start_of_append
from infrastructure.read_models.runner import ProjectionRunner

EXPIRY = 180 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(now: Instant) -> datetime:
    return EPOCH + timedelta(microseconds=now)


@pytest.fixture
def net() -> SmallNetwork:
    made = SmallNetwork("ada", "bob", "cy", "dan", "eve")
    made.invite("bob", "ada")
    return made


def received(net: SmallNetwork, as_of: Any = None) -> list[str]:
    net.net.catch_up()
    return [row.member for row in net.net.invitations("ada", as_of=as_of)]


# The instant (X3, B13)


def test_b13_x3_as_of_a_time_an_invitation_has_expired_that_did_so_after_the_last_event(net: SmallNetwork) -> None:
    sent = net.now
    net.wait(400 * DAY)
    for later, pending in ((0, True), (EXPIRY - 1, True), (EXPIRY, False), (300 * DAY, False)):
        assert (received(net, at(sent + later)) == ["bob"]) is pending, later
        related = net.net.relationship("ada", "bob", at(sent + later))
        assert (related.pending is not None) is pending
        assert related.actions["accept"] == (None if pending else "no_invitation")
        assert bool(net.net.thread("bob", "ada", "ada", at(sent + later))) is pending
    assert received(net, net.head) == ["bob"]  # as of a position it is the position's own instant
    assert received(net) == []


def test_b13_x3_as_of_a_time_a_policy_holds_that_took_effect_after_the_last_event(net: SmallNetwork) -> None:
    effective = net.now + 2 * DAY
    net.do(ChangePolicy(values={"invitations_per_week": 1, "reply_length": 5}, effective_from=effective))
    net.invite("cy", "ada")
    net.wait(20 * DAY)
    net.net.catch_up()
    for now, action in ((effective - 1, None), (effective, "invitation_limit"), (effective + 7 * DAY, None)):
        assert net.net.relationship("cy", "dan", at(now)).actions["connect"] == action
    with net.net.reading(at(effective - 1)) as before, net.net.reading(at(effective)) as after:
        assert (before.policy.reply_length, after.policy.reply_length) == (2_000, 5)


def test_b13_x3_a_live_query_is_never_before_the_logs_last_instant(net: SmallNetwork) -> None:
    net.wait(EXPIRY + DAY)
    net.invite("cy", "dan")  # the log's last instant lies after the expiry, and then the clock steps back
    last = net.now
    net.wait(-2 * DAY)
    command = AcceptInvitation(inviter="bob", invitee="ada")
    with net.net.reading() as reading:
        assert reading.now == last
    assert received(net) == []
    assert net.related("ada", "bob").actions["accept"] == "no_invitation"
    assert code(lambda: net.net.handle(command)) == "no_invitation"


def test_b13_x3_a_live_query_takes_the_logs_last_instant_though_read_models_are_behind(net: SmallNetwork) -> None:
    net.net.catch_up()
    net.wait(EXPIRY + DAY)
    net.invite("cy", "dan")
    net.wait(-2 * DAY)
    assert [row.member for row in net.net.invitations("ada")] == []


def test_b13_x3_a_future_time_is_no_point_of_the_past(net: SmallNetwork) -> None:
    net.wait(DAY)
    for future in (1, HOUR, 1_000 * DAY):
        assert code(partial(received, net, at(net.now + future))) == "bad_as_of"
        assert code(partial(net.net.degree, "ada", "bob", at(net.now + future))) == "bad_as_of"
    assert received(net, at(net.now)) == ["bob"]
    last = net.now - DAY
    net.wait(-5 * DAY)  # the clock steps back behind the log's last instant
    assert received(net, at(last)) == ["bob"]
    assert code(lambda: received(net, at(last + 1))) == "bad_as_of"
    assert code(lambda: received(net, net.head + 1)) == "bad_as_of"
    assert code(lambda: received(net, datetime(1969, 1, 1, tzinfo=UTC))) == "bad_as_of"


def test_b13_before_the_first_event_there_is_nothing(net: SmallNetwork) -> None:
    assert net.net.acceptance_rates(at(0))["default"].sent == 0
    assert code(lambda: net.net.profile("ada", as_of=0)) == "not_available"


def test_b13_pages_of_a_list_as_of_a_time_are_all_as_of_that_time() -> None:
    net = SmallNetwork("ada", "bob", "cy", "dan")
    for inviter in ("bob", "cy", "dan"):
        net.invite(inviter, "ada")
    sent = net.now
    net.wait(400 * DAY)
    net.net.catch_up()
    zone = timezone(timedelta(hours=5))
    for later, expected in ((EXPIRY - 1, ["dan", "cy", "bob"][:1]), (EXPIRY - 2 * SECOND, ["dan", "cy"])):
        time = at(sent + later).astimezone(zone)
        pages = [net.net.invitations("ada", limit=1, as_of=time)]
        while pages[-1].cursor is not None:
            pages.append(net.net.invitations("ada", limit=1, cursor=pages[-1].cursor))
        assert [row.member for page in pages for row in page] == expected
        assert {page.total for page in pages} == {len(expected)}


# Points inside an append (X16, B18)

ACTS: dict[str, tuple[Command, ...]] = {
    "block": (BlockMember(blocker="bob", blocked="ada"),),
    "hibernation": (HibernateMember(member="bob"),),
}


def seen_at(net: SmallNetwork, position: int) -> list[Any]:
    """What ada would be told of bob as of a position."""
    net.net.catch_up()
    n = net.net
    profile = code(lambda: n.profile("bob", "ada", position))
    lists = [[row.member for row in ask("ada", "ada", as_of=position)] for ask in (n.connections, n.followers)]
    return [profile, n.degree("ada", "bob", position), *lists, n.connections("ada", as_of=position).as_of]


def connected() -> SmallNetwork:
    net = SmallNetwork("ada", "bob", "cy", "dan")
    net.connect("ada", "bob")
    net.connect("ada", "cy")
    net.connect("bob", "dan")
    return net


def test_b18_x16_every_point_inside_a_block_answers_as_of_the_append_before() -> None:
    net = connected()
    before = net.head
    expected = seen_at(net, before)
    net.do(BlockMember(blocker="bob", blocked="ada"))
    assert net.head - before > 2  # it ends a connection and two follows first
    for inside in range(before + 1, net.head):
        assert seen_at(net, inside) == expected, inside
    assert seen_at(net, net.head)[:2] == ["not_available", None]


def test_b18_x16_no_point_of_the_past_tells_a_block_from_a_hibernation() -> None:
    """Positions count what happened to others too, and are left out: as of each point, in order, without repeats."""
    told = []
    for act in ACTS.values():
        net = connected()
        before = net.head
        net.do(*act)
        net.invite("cy", "dan")
        answers = [seen_at(net, position)[:-1] for position in range(before, net.head + 1)]
        told.append([each for number, each in enumerate(answers) if number == 0 or each != answers[number - 1]])
    assert told[0] == told[1]


def test_b18_every_position_answers_as_of_the_end_of_an_append() -> None:
    net = connected()
    ends = []
    for command in (*ACTS["block"], EraseMember(member="cy")):
        net.do(command)
        ends.append(net.head)
    net.net.catch_up()
    found = {net.net.moment(position).position for position in range(net.head + 1)}
    assert found == {0} | {
        position - 1 for position in range(1, net.head + 1) if start_of_append(net.net.log, position) == position
    } | {net.head}
    assert found >= set(ends)


def test_b18_read_models_that_stand_inside_an_append_answer_as_of_the_one_before() -> None:
    net = connected()
    before, expected = net.head, seen_at(net, net.head)
    net.do(BlockMember(blocker="bob", blocked="ada"))
    runner = ProjectionRunner(net.net.log, net.net.read_models.store)
    for taken in range(before + 1, net.head + 1):
        runner.step(1)
        assert {status.position for status in net.net.status() if status.name == "members"} == {taken}
        related = net.net.degree("ada", "bob")
        assert related == (None if taken == net.head else expected[1])
        assert net.net.connections("ada", "ada").as_of == (net.head if taken == net.head else before)
