"""Suggestions: members at degree 2 by the number of mutual connections, less those one would not want (G4)."""

import pytest
from support.small_network import SmallNetwork
from support.table_graph import TableGraph

from domain import (
    AcceptInvitation,
    BlockMember,
    Command,
    DismissSuggestion,
    EraseMember,
    HibernateMember,
    IgnoreInvitation,
    RemoveConnection,
    RestrictMember,
    SendInvitation,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from infrastructure.log.envelope import decode
from projections.degrees.adjacency import Adjacency
from projections.degrees.suggestions import suggestions
from projections.reading import Reading


class Suggesting(SmallNetwork):
    """A small network, asked for suggestions: of the tables and of memory, which always agree."""

    def suggested(
        self, member: str, limit: int = 20, after: str = "", as_of: int | None = None
    ) -> list[tuple[str, int]]:
        def asked(reading: Reading) -> list[tuple[str, int]]:
            adjacency = Adjacency()
            adjacency.advance(decode(self.net.log.page(0, reading.as_of)), reading.as_of)
            pages = [
                suggestions(reading, graph, member, limit, after)
                for graph in (TableGraph(reading), adjacency.graph(reading))
            ]
            assert pages[0].rows == pages[1].rows
            assert after or limit < 20 or pages[0].total == len(pages[0])
            return [(row.member, row.mutuals) for row in pages[0]]

        return self.ask(asked, as_of=as_of)


@pytest.fixture
def net() -> Suggesting:
    """ada knows bob and cy; both know dan, bob knows eve and fay, and fay knows gus."""
    net = Suggesting("ada", "bob", "cy", "dan", "eve", "fay", "gus", "acme")
    for one, other in (("ada", "bob"), ("ada", "cy"), ("bob", "dan"), ("cy", "dan")):
        net.connect(one, other)
    for one, other in (("bob", "fay"), ("bob", "eve"), ("fay", "gus")):
        net.connect(one, other)
    return net


def test_g4_most_mutual_connections_first_then_by_id(net: Suggesting) -> None:
    assert net.suggested("ada") == [("dan", 2), ("eve", 1), ("fay", 1)]


def test_peer_46_neither_oneself_nor_ones_connections(net: Suggesting) -> None:
    net.connect("bob", "cy")
    assert net.suggested("ada") == [("dan", 2), ("eve", 1), ("fay", 1)]


@pytest.mark.parametrize(
    "act",
    [
        BlockMember(blocker="ada", blocked="dan"),
        BlockMember(blocker="dan", blocked="ada"),
        HibernateMember(member="dan"),
        RestrictMember(member="dan"),
        EraseMember(member="dan"),
        DismissSuggestion(member="ada", other="dan"),
        SendInvitation(inviter="ada", invitee="dan"),
        SendInvitation(inviter="dan", invitee="ada"),
    ],
    ids=lambda act: type(act).__name__,
)
def test_g4_peer_87_less_blocked_hidden_dismissed_and_invited(net: Suggesting, act: Command) -> None:
    net.do(act)
    assert net.suggested("ada") == [("eve", 1), ("fay", 1)]


def test_g4_a_dismissal_is_ones_own(net: Suggesting) -> None:
    net.do(DismissSuggestion(member="ada", other="dan"))
    assert ("ada", 2) in net.suggested("dan")


def test_g4_hidden_mutual_connections_do_not_count(net: Suggesting) -> None:
    net.hibernate("cy")
    assert net.suggested("ada") == [("dan", 1), ("eve", 1), ("fay", 1)]


def test_g4_x3_an_invitation_that_is_over_keeps_nobody_out(net: Suggesting) -> None:
    net.invite("ada", "dan")
    net.wait(180 * DAY)
    assert net.suggested("ada")[0] == ("dan", 2)
    net.invite("ada", "eve")
    net.do(WithdrawInvitation(inviter="ada", invitee="eve"))
    assert net.suggested("ada") == [("dan", 2), ("eve", 1), ("fay", 1)]


@pytest.mark.parametrize("reason", ["not_now", "do_not_know", "spam"])
def test_g4_s13_x16_the_ignored_see_no_difference(net: Suggesting, reason: str) -> None:
    net.invite("dan", "ada")
    before = net.suggested("dan")
    net.ignore("dan", "ada", reason)
    assert net.suggested("dan") == before == [("fay", 1), ("eve", 1)][::-1]


@pytest.mark.parametrize(("reason", "after_expiry"), [("not_now", True), ("do_not_know", False), ("spam", False)])
def test_g4_s13_the_barred_are_not_suggested(net: Suggesting, reason: str, after_expiry: bool) -> None:
    net.invite("dan", "ada")
    net.ignore("dan", "ada", reason)
    assert ("dan", 2) not in net.suggested("ada")  # the invitation can still be accepted
    net.wait(180 * DAY)
    assert (("dan", 2) in net.suggested("ada")) == after_expiry


def test_g4_s13_accepting_after_all_lifts_the_bar(net: Suggesting) -> None:
    net.invite("dan", "ada")
    net.do(IgnoreInvitation(inviter="dan", invitee="ada", reason="spam"))
    net.do(AcceptInvitation(inviter="dan", invitee="ada"), RemoveConnection(member="ada", other="dan"))
    assert net.suggested("ada")[0] == ("dan", 2)


def test_g4_s13_inviting_the_barred_lifts_the_bar(net: Suggesting) -> None:
    net.invite("dan", "ada")
    net.ignore("dan", "ada", "spam")
    net.do(WithdrawInvitation(inviter="dan", invitee="ada"))
    assert ("dan", 2) not in net.suggested("ada")
    net.invite("ada", "dan")
    net.do(WithdrawInvitation(inviter="ada", invitee="dan"))
    assert net.suggested("ada")[0] == ("dan", 2)


def test_g4_pages_are_not_suggested(net: Suggesting) -> None:
    net.follow("bob", "acme")  # a page is followed, never connected (X8)
    assert net.suggested("ada") == [("dan", 2), ("eve", 1), ("fay", 1)]


def test_g4_h21_pages_of_suggestions_are_the_suggestions(net: Suggesting) -> None:
    as_of = net.head
    assert net.suggested("ada", 1) == [("dan", 2)]
    net.connect("ada", "gus")
    net.block("ada", "fay")
    assert net.suggested("ada", 2, "2:dan", as_of) == [("eve", 1), ("fay", 1)]
    assert net.suggested("ada", 2, "1:eve", as_of) == [("fay", 1)]
