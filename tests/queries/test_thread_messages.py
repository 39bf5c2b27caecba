"""Threads and acceptance rates: what was written about an invitation, in order, and how invitations fare (rules.md S11,
S16-S19)."""

import pytest
from support.small_network import SmallNetwork, ada_invited_twice, members

from domain import (
    AcceptInvitation,
    RemoveConnection,
    ReplyKind,
    ReplyToInvitation,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from projections.invitation_boxes import invitations
from projections.invitation_threads import acceptance_rates, thread


@pytest.fixture
def net() -> SmallNetwork:
    return ada_invited_twice()


def reply(net: SmallNetwork, inviter: str, invitee: str, kind: str, text: str | None = None) -> None:
    net.do(ReplyToInvitation(inviter=inviter, invitee=invitee, kind=ReplyKind(kind), text=text))


# Threads


def test_s17_a_thread_keeps_its_order(net: SmallNetwork) -> None:
    reply(net, "cy", "ada", "ask", "Which bridge?")
    reply(net, "cy", "ada", "answer", "The old one.")
    reply(net, "cy", "ada", "ask", "When?")
    messages = net.ask(thread, "cy", "ada", "cy")
    assert [(each.author, each.kind, each.text) for each in messages] == [
        ("cy", "note", "We met at the bridge."),
        ("ada", "ask", "Which bridge?"),
        ("cy", "answer", "The old one."),
        ("ada", "ask", "When?"),
    ]
    assert [each.position for each in messages] == sorted(each.position for each in messages)
    assert messages[-1].at == net.now
    assert net.ask(thread, "cy", "ada", "ada") == net.ask(thread, "cy", "ada") == messages
    assert net.ask(invitations, "ada").rows[0].replies == 3
    assert members(net.ask(invitations, "ada")) == ["cy", "bob"]  # S16: it stays pending


def test_s19_a_suggestion_to_follow_is_part_of_the_thread(net: SmallNetwork) -> None:
    net.publish_article("ada", "ada.1")
    reply(net, "cy", "ada", "suggest_follow", "Do follow me.")
    assert [each.kind for each in net.ask(thread, "cy", "ada", "cy")] == ["note", "suggest_follow"]


def test_a_thread_is_for_the_two_alone(net: SmallNetwork) -> None:
    assert net.refusal(thread, "cy", "ada", "bob") == "not_available"
    assert net.refusal(thread, "cy", "ada", "nobody") == "not_available"
    assert net.ask(thread, "ada", "cy", "ada") == []


def test_x21_sent_anew_a_thread_begins_anew(net: SmallNetwork) -> None:
    reply(net, "cy", "ada", "ask", "Which bridge?")
    net.wait(21 * DAY)
    net.invite("cy", "ada", "The old one.")
    assert [each.text for each in net.ask(thread, "cy", "ada", "ada")] == ["The old one."]
    assert net.ask(invitations, "ada").rows[0].replies == 0


def test_a_thread_ends_with_its_invitation_unless_it_led_to_a_connection(net: SmallNetwork) -> None:
    net.do(WithdrawInvitation(inviter="bob", invitee="ada"))
    assert net.ask(thread, "bob", "ada", "ada") == []
    net.do(AcceptInvitation(inviter="cy", invitee="ada"))
    assert [each.kind for each in net.ask(thread, "cy", "ada", "cy")] == ["note"]
    net.do(RemoveConnection(member="ada", other="cy"))
    assert [each.kind for each in net.ask(thread, "cy", "ada", "cy")] == ["note"]


def test_x16_a_thread_with_whoever_is_not_there_is_not_available(net: SmallNetwork) -> None:
    net.hibernate("ada")
    net.block("cy", "bob")
    assert net.refusal(thread, "cy", "ada", "cy") == "not_available"
    assert net.refusal(thread, "cy", "bob", "bob") == "not_available"
    assert net.refusal(thread, "cy", "bob", "cy") == "not_available"
    assert len(net.ask(thread, "cy", "ada", "ada")) == 1  # one's own hiding hides nothing from oneself


# Acceptance rate


def test_s11_acceptance_is_told_by_kind_of_note(net: SmallNetwork) -> None:
    net.do(AcceptInvitation(inviter="cy", invitee="ada"))
    net.invite("dan", "ada")
    net.ignore("dan", "ada", "spam")
    rates = net.ask(acceptance_rates)
    assert [(kind, each.sent, each.accepted, each.rate) for kind, each in rates.items()] == [
        ("default", 2, 0, 0.0),
        ("custom", 1, 1, 1.0),
    ]
    net.do(RemoveConnection(member="cy", other="ada"))
    assert net.ask(acceptance_rates)["custom"].accepted == 1  # it was accepted, whatever came of it


def test_s11_where_nothing_was_sent_there_is_no_rate() -> None:
    assert SmallNetwork().ask(acceptance_rates)["default"].rate is None


def test_s11_each_sending_counts_and_an_as_of_rate_is_that_of_then(net: SmallNetwork) -> None:
    then = net.head
    net.wait(21 * DAY)
    net.invite("bob", "ada")
    net.do(AcceptInvitation(inviter="bob", invitee="ada"))
    now, before = net.ask(acceptance_rates)["default"], net.ask(acceptance_rates, as_of=then)["default"]
    assert ((now.sent, now.accepted), (before.sent, before.accepted)) == ((2, 1), (1, 0))
