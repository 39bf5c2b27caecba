"""Degrees and paths: exact to degree 3, the same from tables and memory, live and as of any position (G1, G3)."""

import random
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from oracle.network import NaiveNetwork
from oracle.queries import connected as naive_connected
from oracle.queries import degree as naive_degree
from oracle.queries import mutual_connections as naive_mutuals
from oracle.queries import path as naive_path
from support.small_network import SmallNetwork
from support.table_graph import TableGraph

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeConnectionsVisibility,
    ChangePolicy,
    Command,
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
from infrastructure.log.envelope import decode
from projections.connections import active_connections, connected, connection_count, mutual_connections
from projections.degrees.adjacency import Adjacency
from projections.degrees.degrees import degree, degrees, path
from projections.degrees.loading import loaded
from projections.reading import Reading

CHAIN = ("ada", "bob", "cy", "dan", "eve")


class Graph(SmallNetwork):
    """A small network with its adjacency; every question is asked of the tables and of memory, loaded and advanced."""

    def __init__(self, *members: str) -> None:
        super().__init__(*members)
        self.adjacency = Adjacency()

    def advanced(self) -> Adjacency:
        self.adjacency.advance(decode(self.net.log.page(self.adjacency.position, 10_000)), self.net.head)
        return self.adjacency

    def degree(self, viewer: str, member: str) -> int | None:
        def asked(reading: Reading) -> int | None:
            graphs = (
                TableGraph(reading),
                self.advanced().graph(reading),
                loaded(reading).graph(reading),
            )
            answers = [degree(graph, viewer, member) for graph in graphs]
            assert answers.count(answers[0]) == 3, answers
            return answers[0]

        return self.ask(asked)

    def path(self, viewer: str, member: str) -> tuple[str | None, ...] | None:
        def asked(reading: Reading) -> tuple[str | None, ...] | None:
            answers = [path(graph, viewer, member) for graph in (TableGraph(reading), self.advanced().graph(reading))]
            assert answers[0] == answers[1]
            return answers[0]

        return self.ask(asked)

    def hide_list(self, member: str) -> None:
        self.do(ChangeConnectionsVisibility(member=member, visibility="only_me"))


@pytest.fixture
def chain() -> Graph:
    """ada - bob - cy - dan - eve."""
    graph = Graph(*CHAIN, "fay", "ben")
    for one, other in pairwise(CHAIN):
        graph.connect(one, other)
    return graph


# Degrees


def test_g1_degree_is_the_length_of_the_shortest_way(chain: Graph) -> None:
    assert [chain.degree("ada", member) for member in CHAIN] == [0, 1, 2, 3, None]
    assert [chain.degree(member, "ada") for member in CHAIN] == [0, 1, 2, 3, None]
    chain.connect("ada", "dan")
    assert [chain.degree("ada", member) for member in CHAIN] == [0, 1, 2, 1, 2]


def test_peer_43_distances_in_a_chain_of_three(chain: Graph) -> None:
    assert (chain.degree("ada", "cy"), chain.degree("ada", "ada"), chain.degree("ada", "fay")) == (2, 0, None)


def test_g1_unknown_members_are_out_of_network(chain: Graph) -> None:
    assert chain.degree("ada", "nobody") is None
    assert chain.degree("nobody", "ada") is None
    assert chain.degree("nobody", "nobody") is None


@pytest.mark.parametrize("hide", [HibernateMember, RestrictMember])
def test_g1_x15_hidden_members_are_absent_at_the_ends_and_on_the_way(
    chain: Graph, hide: type[HibernateMember | RestrictMember]
) -> None:
    chain.do(hide(member="bob"))
    assert [chain.degree("ada", member) for member in CHAIN] == [0, None, None, None, None]
    assert [chain.degree("bob", member) for member in CHAIN] == [None] * 5
    chain.do(ReactivateMember(member="bob") if hide is HibernateMember else LiftRestriction(member="bob"))
    assert [chain.degree("ada", member) for member in CHAIN] == [0, 1, 2, 3, None]


def test_g1_x15_one_cause_lifted_leaves_the_other(chain: Graph) -> None:
    chain.do(HibernateMember(member="bob"), RestrictMember(member="bob"))
    chain.do(LiftRestriction(member="bob"))
    assert chain.degree("ada", "bob") is None
    chain.do(ReactivateMember(member="bob"))
    assert chain.degree("ada", "bob") == 1


def test_g1_erased_members_are_absent(chain: Graph) -> None:
    chain.do(EraseMember(member="bob"))
    assert [chain.degree("ada", member) for member in CHAIN] == [0, None, None, None, None]


def test_g1_a_blocked_pair_is_out_of_network_both_ways(chain: Graph) -> None:
    chain.block("ada", "cy")
    assert (chain.degree("ada", "cy"), chain.degree("cy", "ada")) == (None, None)
    chain.do(UnblockMember(blocker="ada", blocked="cy"))
    assert (chain.degree("ada", "cy"), chain.degree("cy", "ada")) == (2, 2)


def test_peer_75_the_other_block_keeps_them_apart(chain: Graph) -> None:
    chain.block("ada", "cy")
    chain.block("cy", "ada")
    chain.do(UnblockMember(blocker="ada", blocked="cy"))
    assert chain.degree("ada", "cy") is None
    chain.do(UnblockMember(blocker="cy", blocked="ada"))
    assert chain.degree("ada", "cy") == 2


def test_x16_a_block_on_the_way_looks_like_hibernation() -> None:
    answers = []
    for act in (BlockMember(blocker="cy", blocked="ada"), HibernateMember(member="cy")):
        graph = Graph(*CHAIN)
        for one, other in pairwise(CHAIN):
            graph.connect(one, other)
        graph.do(act)
        answers.append([(graph.degree("ada", member), graph.path("ada", member)) for member in CHAIN])
    assert answers[0] == answers[1]
    assert answers[0][3] == (None, None)


def test_peer_33_34_either_side_ends_a_connection_for_both(chain: Graph) -> None:
    chain.do(RemoveConnection(member="bob", other="ada"))
    assert (chain.degree("ada", "bob"), chain.degree("bob", "ada")) == (None, None)
    assert not chain.do(RemoveConnection(member="ada", other="bob")).events


def test_g1_degrees_of_many_are_those_of_each(chain: Graph) -> None:
    members = [*CHAIN, "fay", "nobody"]
    assert chain.ask(lambda reading: degrees(TableGraph(reading), "ada", members)) == [0, 1, 2, 3, None, None, None]


def test_g1_a_snapshot_of_the_graph_never_changes(chain: Graph) -> None:
    """So threads may ask of it while another one goes on to the next."""
    as_it_was = chain.ask(lambda reading: chain.advanced().graph(reading))
    chain.do(RemoveConnection(member="ada", other="bob"), HibernateMember(member="cy"))
    chain.block("dan", "fay")
    chain.connect("ada", "fay")
    as_it_is = chain.ask(lambda reading: chain.advanced().graph(reading))
    assert degrees(as_it_was, "ada", CHAIN) == [0, 1, 2, 3, None]
    assert degrees(as_it_is, "ada", [*CHAIN, "fay"]) == [0, None, None, None, None, 1]


# Paths


def test_g3_path_names_the_way(chain: Graph) -> None:
    assert chain.path("ada", "dan") == ("ada", "bob", None, "dan")
    assert chain.path("ada", "cy") == ("ada", "bob", "cy")
    assert (chain.path("ada", "bob"), chain.path("ada", "ada")) == (("ada", "bob"), ("ada",))
    assert (chain.path("ada", "eve"), chain.path("ada", "fay"), chain.path("nobody", "ada")) == (None, None, None)


def test_g3_g6_x16_h20_a_path_names_no_tie_between_strangers_whoever_hides_their_list(chain: Graph) -> None:
    chain.connect("bob", "fay")
    chain.connect("fay", "dan")
    for hiding in (None, "cy", "fay", "bob", "dan"):
        if hiding:
            chain.hide_list(hiding)
        assert chain.path("ada", "dan") == ("ada", "bob", None, "dan")


def test_g3_g2_own_connection_is_named_though_the_list_is_hidden(chain: Graph) -> None:
    chain.hide_list("bob")
    assert chain.path("ada", "cy") == ("ada", "bob", "cy")


def test_g3_of_several_ways_the_first_is_the_least_by_id(chain: Graph) -> None:
    chain.connect("ada", "ben")
    chain.connect("ben", "cy")
    assert chain.path("ada", "cy") == ("ada", "ben", "cy")
    assert chain.path("ada", "dan") == ("ada", "ben", None, "dan")


def test_peer_45_of_several_shortest_ways_one_is_shown(chain: Graph) -> None:
    chain.connect("ada", "fay")
    chain.connect("fay", "cy")
    assert chain.path("ada", "cy") == ("ada", "bob", "cy")
    assert chain.degree("ada", "cy") == 2


# Against the naive network

MEMBERS = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal")


def random_acts(rng: random.Random, count: int) -> Iterator[Command]:
    """A graph that grows and is broken up: connections, blocks, members going and coming back, and the cap moving."""
    for _ in range(count):
        one, other = rng.sample(MEMBERS, 2)
        pair = {"inviter": one, "invitee": other}
        chance = rng.random()
        if chance < 0.55:
            yield SendInvitation(**pair)
            yield AcceptInvitation(**pair)
        elif chance < 0.63:
            yield RemoveConnection(member=one, other=other)
        elif chance < 0.67:
            yield BlockMember(blocker=one, blocked=other)
        elif chance < 0.70:
            yield UnblockMember(blocker=one, blocked=other)
        elif chance < 0.78:
            yield HibernateMember(member=one)
        elif chance < 0.88:
            yield ReactivateMember(member=one)
        elif chance < 0.90:
            yield RestrictMember(member=one)
        elif chance < 0.94:
            yield LiftRestriction(member=one)
        elif chance < 0.97:
            yield ChangeConnectionsVisibility(member=one, visibility=rng.choice(("only_me", "connections")))
        else:
            yield ChangePolicy(values={"connections_cap": rng.choice((1, 2, 3, None))})


def check(reading: Reading, adjacency: Adjacency, naive: NaiveNetwork) -> dict[str, list[int | None]]:
    """Every answer equals the naive network's, from either source. Gives the degrees, to be asked again later."""
    found: dict[str, list[int | None]] = {}
    memory, tables = adjacency.graph(reading), TableGraph(reading)
    for viewer in MEMBERS:
        expected = [naive_degree(naive, viewer, member) for member in MEMBERS]
        assert degrees(memory, viewer, MEMBERS) == expected
        assert degrees(tables, viewer, MEMBERS) == expected
        # Alone, each is looked for from the other side.
        assert [degree(memory, viewer, member) for member in MEMBERS] == expected
        found[viewer] = expected
        for member in MEMBERS:
            assert path(memory, viewer, member) == path(tables, viewer, member) == naive_path(naive, viewer, member)
        others = [member for member in MEMBERS if naive_connected(naive, viewer, member)]
        assert sorted(active_connections(reading, viewer)) == others
        assert [member for member in MEMBERS if connected(reading, viewer, member)] == others
        assert connection_count(reading, viewer) == len(others)
    for one, other in product(MEMBERS[:4], MEMBERS[4:]):
        found_mutuals = naive_mutuals(naive, one, other, one)
        if isinstance(found_mutuals, str):
            with pytest.raises(Refused, match="not available"):
                mutual_connections(reading, one, other, one)
            continue
        page = mutual_connections(reading, one, other, one)
        assert [row.member for row in page] == found_mutuals
        assert page.total == len(page)
    return found


@pytest.mark.parametrize("history", range(6))
def test_g1_x15_h16_answers_equal_the_naive_ones_at_every_step(history: int, seed: int) -> None:
    print(f"repeat with --seed {seed}")
    rng = random.Random(f"{seed} {history}")
    graph, naive = Graph(*MEMBERS), NaiveNetwork()
    for member in MEMBERS:
        joined = RegisterMember(member=member, name=member.title(), primary_email=f"{member}@example.org")
        naive.handle(joined, graph.now)
        naive.recorded(naive.last_position + 1, naive.last_position + 1)
    cap = ChangePolicy(
        values={"connections_cap": 2, "invitations_per_week": None, "cooldown_days": 0, "reblock_wait_hours": 0}
    )
    live: dict[int, dict[str, list[int | None]]] = {}
    for command in (cap, *random_acts(rng, 150)):
        accepted = naive.handle(command, graph.now + SECOND) == "accepted"
        graph.code(command)
        assert accepted == (graph.head > naive.last_position), command
        if accepted:
            naive.recorded(naive.last_position + 1, graph.head)
            graph.net.catch_up()
            with graph.net.reading() as reading:
                live[graph.head] = check(reading, graph.advanced(), naive)
    loaded_at_the_end = graph.ask(loaded)
    for position, then in rng.sample(sorted(live.items()), 20):
        with graph.net.reading(position) as reading:
            for viewer in MEMBERS:
                assert degrees(graph.adjacency.graph(reading), viewer, MEMBERS) == then[viewer]
                assert degrees(loaded_at_the_end.graph(reading), viewer, MEMBERS) == then[viewer]
            check(reading, loaded(reading), naive.as_of(position))
