"""Lists and counts of connections, mutuals, and who can read an email: what is shown to whom (G2, G6, S25, X15)."""

import pytest
from support.small_network import SmallNetwork, members, walk

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangePolicy,
    ChangePrimaryEmail,
    Command,
    EraseMember,
    HibernateMember,
    LiftRestriction,
    ReactivateMember,
    Refused,
    RemoveConnection,
    RestrictMember,
    UnblockMember,
)
from domain.identifiers import SECOND
from domain.members.member_events import MemberRegistered, PrimaryEmailChanged
from domain.relationships.connection_events import MembersConnected
from projections.connections import (
    MUTUALS,
    active_connections,
    connected,
    connection_count,
    connections,
    email_readable,
    mutual_connections,
)
from projections.reading import Reading

HIDING = [
    (HibernateMember(member="bob"), ReactivateMember(member="bob")),
    (RestrictMember(member="bob"), LiftRestriction(member="bob")),
]


class Lists(SmallNetwork):
    """A small network, asked for lists. Every list asked for has as many rows as its total says (H13)."""

    def shown(self, member: str, viewer: str | None, as_of: int | None = None) -> list[str] | str:
        """Who is in a member's list for a viewer, or the code with which it is refused."""

        def asked(reading: Reading) -> list[str] | str:
            try:
                page = connections(reading, member, viewer)
            except Refused as refused:
                return refused.code
            assert page.total == len(page) == connection_count(reading, member, viewer)
            return members(page)

        return self.ask(asked, as_of=as_of)

    def shared(self, one: str, other: str, viewer: str | None, as_of: int | None = None) -> list[str] | str:
        """The mutual connections of two members for a viewer, or why they are refused."""

        def asked(reading: Reading) -> list[str] | str:
            try:
                page = mutual_connections(reading, one, other, viewer)
            except Refused as refused:
                return refused.code
            assert page.total == len(page)
            return members(page)

        return self.ask(asked, as_of=as_of)

    def email(self, viewer: str, member: str, as_of: int | None = None) -> str | None:
        """The address that a viewer can read, from the event that holds it."""

        def asked(reading: Reading) -> str | None:
            position = email_readable(reading, viewer, member)
            event = None if position is None else reading.event(position)
            assert event is None or isinstance(event, MemberRegistered | PrimaryEmailChanged)
            return None if event is None else event.primary_email

        return self.ask(asked, as_of=as_of)

    def are_connected(self, one: str, other: str) -> bool:
        """Both sides say the same (S3), in the pair and in the lists."""
        answers = {self.ask(connected, *pair) is not None for pair in ((one, other), (other, one))}
        answers |= {other in self.ask(active_connections, one), one in self.ask(active_connections, other)}
        assert len(answers) == 1
        return answers.pop()


@pytest.fixture
def net() -> Lists:
    """ada is connected with bob, cy and dan, in this order; bob with cy; eve with nobody."""
    net = Lists("ada", "bob", "cy", "dan", "eve")
    for one, other in (("ada", "bob"), ("cy", "ada"), ("ada", "dan"), ("bob", "cy")):
        net.connect(one, other)
    return net


# Lists and counts


def test_peer_38_newest_first_with_the_time_of_connecting(net: Lists) -> None:
    page = net.ask(connections, "ada", "ada")
    assert members(page) == ["dan", "cy", "bob"]
    assert [row.position for row in page] == sorted((row.position for row in page), reverse=True)
    assert all(row.connected_since == net.net.recorded_at(row.position) for row in page)


def test_h21_pages_of_a_connections_list_are_the_list(net: Lists) -> None:
    rows = walk(lambda before: net.ask(connections, "ada", "ada", 1, before))
    assert members(rows) == ["dan", "cy", "bob"]


def test_h21_pages_are_of_the_first_pages_position(net: Lists) -> None:
    first = net.ask(connections, "ada", "ada", 1)
    net.connect("ada", "eve")
    net.do(RemoveConnection(member="ada", other="bob"))
    assert first.cursor is not None
    rest = net.ask(connections, "ada", "ada", 5, int(first.cursor), as_of=first.as_of)
    assert members([*first, *rest]) == ["dan", "cy", "bob"]


def test_peer_37_nobody_is_in_their_own_list(net: Lists) -> None:
    assert all(member not in net.shown(member, member) for member in ("ada", "bob", "cy", "dan", "eve"))


def test_peer_33_34_s3_a_connection_ends_for_both(net: Lists) -> None:
    net.do(RemoveConnection(member="cy", other="ada"))
    assert net.shown("ada", "ada") == ["dan", "bob"]
    assert net.shown("cy", "cy") == ["bob"]
    assert not net.are_connected("ada", "cy")


def test_g6_the_list_is_for_the_member_and_their_connections(net: Lists) -> None:
    assert net.shown("ada", "bob") == net.shown("ada", "ada") == net.shown("ada", None) == ["dan", "cy", "bob"]
    assert net.shown("ada", "eve") == net.shown("ada", "nobody") == "not_available"
    assert net.shown("nobody", "ada") == net.shown("nobody", None) == "not_available"


def test_g6_only_me_is_for_the_member_alone(net: Lists) -> None:
    net.do(ChangeConnectionsVisibility(member="ada", visibility="only_me"))
    assert net.shown("ada", "ada") == ["dan", "cy", "bob"]
    assert net.shown("ada", "bob") == "not_available"
    assert net.ask(connection_count, "ada") == 3
    net.do(ChangeConnectionsVisibility(member="ada", visibility="connections"))
    assert net.shown("ada", "bob") == ["dan", "cy", "bob"]


@pytest.mark.parametrize(("hide", "show"), HIDING)
def test_peer_41_42_x15_h16_hidden_members_leave_the_lists_and_come_back(
    net: Lists, hide: Command, show: Command
) -> None:
    net.do(hide)
    assert net.shown("ada", "ada") == ["dan", "cy"]
    assert net.shown("bob", "ada") == "not_available"
    assert net.shown("bob", "bob") == []
    assert not net.are_connected("ada", "bob")
    net.do(show)
    assert net.shown("ada", "ada") == ["dan", "cy", "bob"]
    assert net.are_connected("ada", "bob")


def test_h16_a_hidden_members_own_connections_can_be_asked_for(net: Lists) -> None:
    net.do(HibernateMember(member="bob"))
    assert list(net.ask(active_connections, "bob", despite_hidden=True)) == ["cy", "ada"]
    assert net.ask(connected, "ada", "bob", despite="bob") is not None
    assert net.ask(connected, "ada", "bob", despite="ada") is None


def test_h13_erased_members_leave_the_lists_for_good(net: Lists) -> None:
    net.do(EraseMember(member="bob"))
    assert net.shown("ada", "ada") == ["dan", "cy"]
    assert net.shown("bob", "bob") == net.shown("bob", "ada") == "not_available"


def test_h14_x16_a_list_leaves_out_whom_a_block_keeps_from_the_viewer(net: Lists) -> None:
    for blocker, blocked in (("dan", "cy"), ("cy", "dan")):
        net.block(blocker, blocked)
        assert net.shown("ada", "cy") == ["cy", "bob"]
        assert net.shown("ada", "bob") == net.shown("ada", None) == ["dan", "cy", "bob"]
        net.do(UnblockMember(blocker=blocker, blocked=blocked))
        assert net.shown("ada", "cy") == ["dan", "cy", "bob"]
        net.wait(49 * 3600 * SECOND)


def test_peer_74_unblocking_restores_nothing(net: Lists) -> None:
    net.block("ada", "bob")
    net.do(UnblockMember(blocker="ada", blocked="bob"))
    assert not net.are_connected("ada", "bob")
    assert net.shown("ada", "ada") == ["dan", "cy"]


def test_h15_every_row_is_there_by_an_event(net: Lists) -> None:
    def asked(reading: Reading) -> list[set[str]]:
        events = [reading.event(row.position) for row in connections(reading, "ada", "ada")]
        made = [event for event in events if isinstance(event, MembersConnected)]
        assert made == events
        return [{event.member, event.other} for event in made]

    assert net.ask(asked) == [{"ada", "dan"}, {"ada", "cy"}, {"ada", "bob"}]


@pytest.mark.parametrize("blocker", ["ada", "bob"])
def test_peer_89_a_block_changes_lists_and_counts_at_once(net: Lists, blocker: str) -> None:
    net.block(blocker, "bob" if blocker == "ada" else "ada")
    assert (net.shown("ada", "ada"), net.shown("bob", "bob")) == (["dan", "cy"], ["cy"])
    assert net.shown("ada", "bob") == net.shown("bob", "ada") == "not_available"


def test_x16_a_block_looks_like_hibernation_in_every_list() -> None:
    told = []
    for act in (BlockMember(blocker="bob", blocked="ada"), HibernateMember(member="bob")):
        net = Lists("ada", "bob", "cy", "dan")
        for one, other in (("ada", "cy"), ("bob", "cy"), ("ada", "dan"), ("bob", "dan")):
            net.connect(one, other)
        net.do(act)
        lists = [net.shown(member, "ada") for member in ("ada", "bob", "cy", "dan")]
        counts = [net.ask(connection_count, member, "ada") for member in ("ada", "cy", "dan")]
        mutuals = [net.shared("ada", other, "ada") for other in ("bob", "cy", "dan")]
        told.append((lists, counts, mutuals, net.email("ada", "bob")))
    assert told[0] == told[1]


def test_g6_lists_as_of_are_what_they_were(net: Lists) -> None:
    head, then = net.head, net.shown("ada", "bob")
    net.do(RemoveConnection(member="ada", other="bob"), HibernateMember(member="cy"))
    assert net.shown("ada", "bob") == "not_available"
    assert net.shown("ada", "bob", as_of=head) == then


# The cap


def capped(cap: int) -> Lists:
    net = Lists("ada", "bob", "cy", "dan", "eve")
    net.do(ChangePolicy(values={"connections_cap": cap}))
    return net


def test_x15_h16_h24_a_connection_stays_dormant_until_there_is_room() -> None:
    net = capped(2)
    net.connect("ada", "bob")
    net.connect("ada", "cy")
    net.hibernate("bob")
    net.connect("ada", "dan")  # a hidden connection does not count
    net.reactivate("bob")
    assert net.shown("ada", "ada") == ["dan", "cy"]
    assert net.shown("bob", "bob") == []
    assert not net.are_connected("ada", "bob")
    net.do(RemoveConnection(member="ada", other="cy"))
    assert net.shown("ada", "ada") == ["dan", "bob"]
    assert net.are_connected("ada", "bob")


def test_h24_x5_a_refused_acceptance_changes_no_list() -> None:
    net = capped(1)
    net.connect("ada", "bob")
    net.invite("cy", "ada")
    assert net.code(AcceptInvitation(inviter="cy", invitee="ada")) == "connections_cap"
    assert (net.shown("ada", "ada"), net.shown("cy", "cy")) == (["bob"], [])
    net.do(RemoveConnection(member="bob", other="ada"), AcceptInvitation(inviter="cy", invitee="ada"))
    assert (net.shown("ada", "ada"), net.shown("bob", "bob")) == (["cy"], [])


def test_x15_who_returned_first_is_shown_first() -> None:
    net = capped(2)
    for other in ("bob", "cy"):
        net.connect("ada", other)
        net.hibernate(other)
    net.connect("ada", "dan")
    net.reactivate("cy")
    net.reactivate("bob")
    assert net.shown("ada", "ada") == ["dan", "cy"]
    net.hibernate("dan")
    assert net.shown("ada", "ada") == ["cy", "bob"]
    net.reactivate("dan")  # dan was the one with a place, and lost it by going
    assert net.shown("ada", "ada") == ["cy", "bob"]


def test_x15_a_lower_cap_ends_nothing_that_was_not_interrupted() -> None:
    net = capped(3)
    for other in ("bob", "cy", "dan"):
        net.connect("ada", other)
    net.do(ChangePolicy(values={"connections_cap": 1}))
    assert net.shown("ada", "ada") == ["dan", "cy", "bob"]
    net.do(HibernateMember(member="dan"), ReactivateMember(member="dan"))
    assert net.shown("ada", "ada") == ["cy", "bob"]
    net.do(ChangePolicy(values={"connections_cap": None}))
    assert net.shown("ada", "ada") == ["dan", "cy", "bob"]


# Mutual connections


def test_g2_mutual_connections_are_those_of_both(net: Lists) -> None:
    assert net.shared("ada", "bob", "ada") == ["cy"]
    assert net.shared("bob", "dan", "bob") == ["ada"]
    assert net.shared("ada", "eve", "ada") == []
    assert net.shared("ada", "nobody", "ada") == net.shared("ada", "nobody", None) == "not_available"
    assert net.shared("ada", "bob", None) == ["cy"]


def test_g2_h20_only_me_is_still_named_to_their_own_connections(net: Lists) -> None:
    net.do(ChangeConnectionsVisibility(member="ada", visibility="only_me"))
    assert (
        net.shared("bob", "dan", "bob") == net.shared("bob", "dan", "dan") == net.shared("bob", "dan", None) == ["ada"]
    )


@pytest.mark.parametrize("viewer", ["eve", "cy", "somebody"])
@pytest.mark.parametrize(("one", "other"), [("bob", "dan"), ("ada", "ada"), ("bob", "nobody")])
def test_b14_g2_a_third_party_gathers_no_hidden_list_and_learns_of_no_block(
    net: Lists, viewer: str, one: str, other: str
) -> None:
    answers = []
    for blocks in (False, True):
        if blocks:
            net.do(BlockMember(blocker="bob", blocked="dan"))
        with pytest.raises(Refused) as refused:
            net.ask(mutual_connections, one, other, viewer)
        answers.append(str(refused.value))
        assert refused.value.code == "not_yours"
    assert answers[0] == answers[1]


def test_g2_x16_nobody_is_named_across_a_block(net: Lists) -> None:
    net.block("bob", "dan")
    assert net.shared("bob", "dan", "bob") == net.shared("bob", "dan", "dan") == "not_available"


def test_b14_each_mutual_connection_is_found_by_one_step_of_an_index(net: Lists) -> None:
    """Walking through the covering index for each of them made the time grow with the square of the connections."""

    def asked(reading: Reading) -> list[str]:
        plan = reading.all(f"EXPLAIN QUERY PLAN {MUTUALS}", fewer="ada", more="bob")
        return [detail for *_, detail in plan if "connection" in detail]

    first, second = net.ask(asked)
    assert "member=? AND other=?" not in first
    assert "member=? AND other=?" in second


def test_g2_mutuals_page_by_id(net: Lists) -> None:
    net.connect("bob", "dan")
    net.connect("ada", "eve")
    net.connect("eve", "bob")
    first = net.ask(mutual_connections, "ada", "bob", "ada", 2)
    rest = net.ask(mutual_connections, "ada", "bob", "ada", 2, first.cursor)
    assert (members(first), members(rest), rest.cursor) == (["cy", "dan"], ["eve"], None)


# Email


def test_s25_connections_read_the_email_by_default(net: Lists) -> None:
    assert net.email("bob", "ada") == net.email("ada", "ada") == "ada@example.org"
    assert net.email("eve", "ada") is net.email("nobody", "ada") is net.email("ada", "nobody") is None


def test_s25_visibility_says_who_reads(net: Lists) -> None:
    net.do(ChangeEmailVisibility(member="ada", visibility="only_me"))
    assert (net.email("bob", "ada"), net.email("ada", "ada")) == (None, "ada@example.org")
    net.do(ChangeEmailVisibility(member="ada", visibility="everyone"))
    assert net.email("eve", "ada") == "ada@example.org"
    net.block("ada", "eve")
    assert net.email("eve", "ada") is None


def test_s25_never_a_former_address(net: Lists) -> None:
    head = net.head
    net.do(ChangePrimaryEmail(member="ada", primary_email="new@example.org"))
    assert net.email("bob", "ada") == "new@example.org"
    assert net.email("bob", "ada", as_of=head) == "ada@example.org"


def test_s25_a_connection_that_ends_or_is_hidden_takes_the_email_with_it(net: Lists) -> None:
    net.do(RemoveConnection(member="ada", other="bob"))
    assert net.email("bob", "ada") is None
    net.do(HibernateMember(member="ada"))
    assert net.email("cy", "ada") is net.email("ada", "cy") is None
    assert net.email("ada", "ada") == "ada@example.org"
    net.do(ReactivateMember(member="ada"))
    assert net.email("cy", "ada") == "ada@example.org"
    net.do(EraseMember(member="ada"))
    assert net.email("cy", "ada") is net.email("ada", "ada") is None
