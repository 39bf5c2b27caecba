"""The graph in memory answers as of every earlier position, from the changes that it keeps, and not from the tables
(B15)."""

import random
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest
from oracle.network import NaiveNetwork
from oracle.queries import degree as naive_degree
from oracle.queries import is_viewer
from oracle.queries import suggestions as naive_suggestions
from support.interrupt_at_step import Interrupt
from support.small_network import SmallNetwork

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangePolicy,
    Command,
    DismissSuggestion,
    EraseMember,
    HibernateMember,
    LiftRestriction,
    ReactivateMember,
    Refused,
    RegisterMember,
    RemoveConnection,
    RestrictMember,
    SendInvitation,
    UnblockMember,
)
from domain.identifiers import SECOND
from infrastructure.queries.graph_in_memory import GraphInMemory
from projections.degrees.degrees import degrees
from projections.degrees.suggestions import suggestions
from projections.reading import Reading

MEMBERS = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal", "acme")
LAWS = {"invitations_per_week": None, "cooldown_days": 0, "reblock_wait_hours": 0}


def registrations(members: tuple[str, ...]) -> Iterator[Command]:
    for member in members:
        kind = "page" if member == "acme" else "person"
        yield RegisterMember(member=member, name=member.title(), primary_email=f"{member}@example.org", kind=kind)


def random_acts(rng: random.Random, acts: int) -> Iterator[Command]:
    """Most members are there from the start, two come later; two are erased near the end."""
    late = list(registrations(MEMBERS[6:8]))
    yield from registrations((*MEMBERS[:6], "acme"))
    yield ChangePolicy(values={"connections_cap": 3, **LAWS})
    for act in range(acts):
        one, other = rng.sample(MEMBERS[:8], 2)
        pair = {"inviter": one, "invitee": other}
        chance = rng.random()
        if act in (acts // 4, acts // 2):
            yield late.pop()
        elif act in (acts * 3 // 4, acts * 7 // 8):
            yield EraseMember(member=one)
        elif chance < 0.5:
            yield SendInvitation(**pair)
            if rng.random() < 0.9:
                yield AcceptInvitation(**pair)
        elif chance < 0.62:
            yield RemoveConnection(member=one, other=other)
        elif chance < 0.68:
            yield rng.choice((BlockMember(blocker=one, blocked=other), DismissSuggestion(member=one, other=other)))
        elif chance < 0.72:
            yield UnblockMember(blocker=one, blocked=other)
        elif chance < 0.79:
            yield HibernateMember(member=one)
        elif chance < 0.89:
            yield ReactivateMember(member=one)
        elif chance < 0.92:
            yield RestrictMember(member=one)
        elif chance < 0.97:
            yield LiftRestriction(member=one)
        else:
            yield ChangePolicy(values={"connections_cap": rng.choice((1, 2, 3, None))})


def follow(network: SmallNetwork, naive: NaiveNetwork, command: Command) -> None:
    accepted = naive.handle(command, network.now + SECOND) == "accepted"
    network.code(command)
    if accepted:
        naive.recorded(naive.last_position + 1, network.head)


@pytest.mark.parametrize("history", range(4))
def test_b15_g1_g4_degrees_and_suggestions_as_of_every_append_are_the_naive_ones(history: int, seed: int) -> None:
    print(f"repeat with --seed {seed}")
    rng = random.Random(f"{seed} {history}")
    network, naive = SmallNetwork("zoe"), NaiveNetwork()
    follow_first = RegisterMember(member="zoe", name="Zoe", primary_email="zoe@example.org")
    assert naive.handle(follow_first, network.now) == "accepted"
    naive.recorded(1, network.head)
    ends: list[int] = []
    for command in random_acts(rng, 150):
        follow(network, naive, command)
        ends.append(network.head)
        if rng.random() < 0.3:  # so that the graph in memory grows event by event as well as in bulk
            network.net.catch_up()
            with suppress(Refused):
                network.net.degrees("zoe", MEMBERS)
    network.net.catch_up()
    erased = [member for member in MEMBERS if member in naive.members and naive.members[member].erased]
    for position in rng.sample(sorted(set(ends)), min(40, len(set(ends)))):
        former = naive.as_of(position)
        for member in erased:  # who is erased by now never was there, for a viewer (X17)
            if is_viewer(former, member) and former.handle(EraseMember(member=member), former.now) == "accepted":
                former.recorded(former.last_position + 1, former.last_position + 10)
        for viewer in MEMBERS:
            if not is_viewer(former, viewer):
                continue
            found = network.net.degrees(viewer, MEMBERS, position)
            assert found == [naive_degree(former, viewer, member) for member in MEMBERS], (position, viewer)
            page = network.net.suggestions(viewer, as_of=position)
            assert [(row.member, row.mutuals) for row in page] == naive_suggestions(former, viewer), (position, viewer)


class Counted(Reading):
    """A reading that counts the queries of the tables."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.queries = 0
        self.as_of, self.erased_by, self.now = reading.as_of, reading.erased_by, reading.now
        self.policy = reading.policy

    def all(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        self.queries += 1
        return self.reading.all(sql, **parameters)

    def earlier(self, position: int, now: int) -> Reading:
        return self.reading.earlier(position, now)

    def event(self, position: int) -> Any:
        return self.reading.event(position)

    def policy_when(self, position: int, instant: int) -> Any:
        return self.reading.policy_when(position, instant)


@pytest.fixture
def chain() -> SmallNetwork:
    """ada - bob - cy - dan, connected one after the other; eve knows nobody."""
    made = SmallNetwork("ada", "bob", "cy", "dan", "eve")
    for one, other in (("ada", "bob"), ("bob", "cy"), ("cy", "dan")):
        made.connect(one, other)
    made.net.catch_up()
    return made


def test_b15_as_of_the_past_the_graph_asks_the_tables_nothing(chain: SmallNetwork) -> None:
    graph = GraphInMemory(chain.net.log)
    with chain.net.reading() as newest:
        graph.as_of(newest)
    for position in range(chain.head + 1):
        with chain.net.reading(position, by_viewer=True) as reading:
            counted = Counted(reading)
            degrees(graph.as_of(counted), "ada", MEMBERS)
            assert counted.queries == 0


def test_b15_suggestions_as_of_the_past_ask_the_tables_no_more_than_live(chain: SmallNetwork) -> None:
    graph = GraphInMemory(chain.net.log)
    asked = []
    for position in (None, chain.head - 2):
        with chain.net.reading(position) as reading:
            graph.as_of(reading)
            counted = Counted(reading)
            suggestions(counted, graph.as_of(counted), "ada")
            asked.append(counted.queries)
    assert asked[0] == asked[1]


def test_b15_x17_the_first_question_of_all_may_be_as_of_before_an_erasure(chain: SmallNetwork) -> None:
    before = chain.head
    chain.do(EraseMember(member="bob"))
    chain.net.catch_up()
    assert chain.net.degrees("ada", ("bob", "cy"), as_of=before) == [None, None]
    assert chain.net.degrees("cy", ("dan",), as_of=before) == [1]


def test_b15_b3_an_advance_that_is_interrupted_anywhere_leaves_nothing_behind(chain: SmallNetwork) -> None:
    before = chain.head
    chain.connect("ada", "dan")
    between = chain.head
    chain.connect("ada", "cy")
    chain.connect("ada", "eve")
    for step in count():
        graph = GraphInMemory(chain.net.log)
        chain.ask(graph.as_of, as_of=before)
        interrupt = Interrupt(step, "projections/degrees/")
        interrupt.during(partial(chain.ask, graph.as_of))
        if not interrupt.came:
            break
        assert degrees(chain.ask(graph.as_of), "ada", ("bob", "cy", "dan", "eve")) == [1, 1, 1, 1], step
        past = chain.ask(graph.as_of, as_of=between)
        assert degrees(past, "ada", ("bob", "cy", "dan", "eve")) == [1, 2, 1, None], step
    assert step > 50
