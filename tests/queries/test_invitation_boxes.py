"""Invitation boxes, threads and acceptance rates: what each side sees of an invitation, and until when (rules.md 3)."""

from functools import partial
from typing import Any

import pytest
from support.small_network import SmallNetwork, ada_invited_twice, members, walk

from domain import (
    AcceptInvitation,
    ChangeInvitationPolicy,
    ChangePolicy,
    EraseMember,
    IgnoreInvitation,
    IgnoreReason,
    InvitationPolicy,
    ReplyKind,
    ReplyToInvitation,
    SendInvitation,
    UnblockMember,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from projections.invitation_boxes import Pending, Wanted, invitations, pending
from projections.invitation_threads import acceptance_rates, thread
from projections.reading import Reading

BOXES = ("received", "sent", "archived", "barred")
DEFAULT_NOTE = "I would like to connect with you."


@pytest.fixture
def net() -> SmallNetwork:
    return ada_invited_twice()


def box(net: SmallNetwork, member: str, name: str, as_of: int | None = None) -> list[str]:
    """The members in a box; in passing: total is its length, and pages of one concatenate to it."""
    page = net.ask(invitations, member, name, 100, as_of=as_of)
    assert net.ask(lambda reading: invitations(reading, member, name).total, as_of=as_of) == len(page)
    walked = walk(lambda before: net.ask(invitations, member, name, 1, before, as_of=as_of))
    assert walked == page.rows
    return members(page)


def boxes(net: SmallNetwork, member: str, as_of: int | None = None) -> dict[str, list[str]]:
    """The boxes that are not empty."""
    return {name: found for name in BOXES if (found := box(net, member, name, as_of))}


def withdraw(net: SmallNetwork, inviter: str, invitee: str) -> None:
    net.do(WithdrawInvitation(inviter=inviter, invitee=invitee))


# Boxes


def test_peer_1_one_sent_and_one_received_and_nothing_else(net: SmallNetwork) -> None:
    assert boxes(net, "bob") == {"sent": ["ada"]}
    assert boxes(net, "ada") == {"received": ["cy", "bob"]}
    assert boxes(net, "dan") == {}


def test_peer_18_received_newest_first_and_the_accepted_leaves(net: SmallNetwork) -> None:
    net.do(AcceptInvitation(inviter="cy", invitee="ada"))
    assert boxes(net, "ada") == {"received": ["bob"]}
    assert boxes(net, "cy") == {}  # peer 7: both pending lists are empty


def test_s9_s24_a_row_says_all_that_the_inviter_said() -> None:
    net = SmallNetwork()
    sent = SendInvitation(inviter="bob", invitee="ada", note="  Hello ", how_known="school")
    result = net.do(sent)
    (row,) = net.ask(invitations, "ada")
    assert (row.member, row.inviter, row.invitee, row.note, row.note_kind, row.how_known) == (
        *("bob", "bob", "ada"),
        *("Hello", "custom", "school"),
    )
    assert (row.sent_at, row.expires_at, row.position) == (net.now, net.now + 180 * DAY, result.position)
    assert (row.replies, row.ignored_reason) == (0, None)
    (seen_by_sender,) = net.ask(invitations, "bob", "sent")
    assert seen_by_sender.member == "ada"
    assert seen_by_sender.invitation == row.invitation


def test_s10_a_default_note_shows_its_text_and_kind(net: SmallNetwork) -> None:
    _, row = net.ask(invitations, "ada").rows
    assert (row.note, row.note_kind) == (DEFAULT_NOTE, "default")


@pytest.mark.parametrize("reason", ["not_now", "do_not_know", "spam"])
def test_s13_ignored_is_archived_and_goes_on_being_sent(net: SmallNetwork, reason: str) -> None:
    before = net.ask(invitations, "bob", "sent").rows
    net.ignore("bob", "ada", reason)
    assert boxes(net, "ada") == {"received": ["cy"], "archived": ["bob"]}
    assert net.ask(invitations, "ada", "archived").rows[0].ignored_reason == reason
    assert net.ask(invitations, "bob", "sent").rows == before  # and its reason is not told


def test_s13_the_barred_reaches_the_barred_box_alone(net: SmallNetwork) -> None:
    net.ignore("bob", "ada", "spam")
    net.wait(21 * DAY)
    net.invite("bob", "ada")
    assert boxes(net, "ada") == {"received": ["cy"], "barred": ["bob"]}
    assert boxes(net, "bob") == {"sent": ["ada"]}
    net.ignore("bob", "ada", "not_now")
    assert boxes(net, "ada") == {"received": ["cy"], "archived": ["bob"]}  # answered: each is in one box
    net.do(AcceptInvitation(inviter="bob", invitee="ada"))
    assert boxes(net, "ada") == {"received": ["cy"]}


def test_x21_sent_anew_it_is_one_invitation_and_newest(net: SmallNetwork) -> None:
    net.ignore("bob", "ada", "not_now")
    net.invite("bob", "ada")  # already so: the cool-down is not over
    assert boxes(net, "ada") == {"received": ["cy"], "archived": ["bob"]}
    net.wait(21 * DAY)
    net.invite("bob", "ada")
    assert boxes(net, "ada") == {"received": ["bob", "cy"]}
    assert boxes(net, "bob") == {"sent": ["ada"]}


def test_peer_15_withdrawn_it_vanishes_from_both_sides(net: SmallNetwork) -> None:
    withdraw(net, "bob", "ada")
    assert boxes(net, "bob") == {}
    assert boxes(net, "ada") == {"received": ["cy"]}


def test_x1_crossing_invitations_leave_no_box_filled(net: SmallNetwork) -> None:
    net.invite("ada", "bob")
    assert boxes(net, "bob") == {}
    assert boxes(net, "ada") == {"received": ["cy"]}


def test_s14_what_an_open_networker_accepts_is_in_no_box() -> None:
    net = SmallNetwork()
    net.do(ChangeInvitationPolicy(member="ada", setting=InvitationPolicy.ACCEPT_ALL))
    net.invite("bob", "ada")
    assert boxes(net, "ada") == boxes(net, "bob") == {}


@pytest.mark.parametrize("wait", [-1, 0, 1])
def test_x3_expired_it_shows_in_no_list_from_that_instant_on(net: SmallNetwork, wait: int) -> None:
    net.ignore("cy", "ada")
    last = net.ask(invitations, "ada").rows[0].expires_at
    assert last is not None
    net.now = last + wait
    gone = wait >= 0
    assert box(net, "ada", "received") == ([] if gone else ["bob"])
    assert box(net, "bob", "sent") == ([] if gone else ["ada"])
    assert len(net.ask(thread, "bob", "ada", "ada")) == (0 if gone else 1)
    assert (net.ask(pending, "bob", "ada") is None) == gone
    cys = net.ask(invitations, "cy", "sent").rows[0].expires_at
    assert cys is not None
    net.now = cys + wait
    assert box(net, "ada", "archived") == ([] if gone else ["cy"])


def test_x3_without_an_expiry_it_stays() -> None:
    net = SmallNetwork()
    net.do(ChangePolicy(values={"invitation_expiry_days": None}))
    net.invite("bob", "ada")
    net.wait(10_000 * DAY)
    assert boxes(net, "ada") == {"received": ["bob"]}
    assert net.ask(invitations, "ada").rows[0].expires_at is None


def test_x3_an_as_of_query_takes_the_instant_of_its_point(net: SmallNetwork) -> None:
    then = net.head
    net.wait(200 * DAY)
    assert boxes(net, "ada") == {}
    assert boxes(net, "ada", as_of=then) == {"received": ["cy", "bob"]}


def test_h1_a_block_leaves_no_item_that_cannot_be_answered(net: SmallNetwork) -> None:
    net.invite("ada", "dan")
    net.block("bob", "ada")
    net.block("ada", "dan")
    assert boxes(net, "ada") == {"received": ["cy"]}
    assert boxes(net, "bob") == boxes(net, "dan") == {}
    net.do(UnblockMember(blocker="bob", blocked="ada"))
    assert boxes(net, "ada") == {"received": ["cy"]}  # nothing returns


def test_h16_the_invitations_of_a_hidden_member_are_frozen(net: SmallNetwork) -> None:
    net.hibernate("bob")
    assert boxes(net, "ada") == {"received": ["cy"]}
    net.reactivate("bob")
    assert boxes(net, "ada") == {"received": ["cy", "bob"]}
    net.hibernate("ada")
    assert boxes(net, "bob") == {}


def test_an_erased_member_leaves_no_invitation(net: SmallNetwork) -> None:
    net.do(EraseMember(member="ada"))
    assert boxes(net, "bob") == {}
    assert net.refusal(invitations, "ada") == "not_available"


def test_there_are_four_boxes_of_registered_members(net: SmallNetwork) -> None:
    assert net.refusal(invitations, "ada", "spam") == "bad_box"
    assert net.refusal(invitations, "nobody") == "not_available"


# Paging, filters, answers


def crowd(size: int) -> SmallNetwork:
    """m0, m1 … invite ada, in this order; every third with a note, and every second is connected with ada's friend."""
    names = [f"m{number}" for number in range(size)]
    net = SmallNetwork("ada", "friend", *names)
    net.connect("ada", "friend")
    for number, name in enumerate(names):
        if number % 2 == 0:
            net.connect("friend", name)
        net.invite(name, "ada", "I know you." if number % 3 == 0 else None)
    return net


def test_s23_the_inbox_pages_and_peer_29_no_page_is_longer_than_asked() -> None:
    net = crowd(7)
    for limit in range(1, 9):
        walked = walk(lambda before, n=limit: net.ask(invitations, "ada", "received", n, before))  # type: ignore[misc]
        assert members(walked) == ["m6", "m5", "m4", "m3", "m2", "m1", "m0"]


def test_s23_filters_refill_a_page_and_never_end_it_early() -> None:
    net = crowd(12)
    net.net.catch_up()
    names = [f"m{number}" for number in range(12)]
    near = dict(zip(names, net.net.degrees("ada", names), strict=True))
    filters: tuple[tuple[Wanted, list[int]], ...] = (
        (Wanted(note_kind="custom"), [9, 6, 3, 0]),
        (Wanted(note_kind="default", degrees={2}), [10, 8, 4, 2]),
        (Wanted(degrees={None}), [11, 9, 7, 5, 3, 1]),
        (Wanted(degrees={2, 3}), [10, 8, 6, 4, 2, 0]),
        (Wanted(shared_min=1), [10, 8, 6, 4, 2, 0]),
        (Wanted(shared_min=0), list(range(11, -1, -1))),
        (Wanted(note_kind="custom", shared_min=2), []),
    )

    def total(reading: Reading, given: dict[str, Any]) -> int:
        return invitations(reading, "ada", **given).total

    for wanted, expected in filters:
        for limit in (1, 2, 5, 100):
            given: dict[str, Any] = {
                "wanted": wanted,
                "degree": near.get,
                "shared": lambda other: int(near[other] == 2),
            }
            walked = walk(partial(net.ask, invitations, "ada", "received", limit, **given))
            assert members(walked) == [f"m{number}" for number in expected]
            assert net.ask(total, given) == len(expected)


def test_s23_a_page_is_answered_in_bulk(net: SmallNetwork) -> None:
    """A page's rows become commands, which are recorded together; the answer to each says what came of it."""
    net.invite("dan", "ada")
    page = net.ask(invitations, "ada", "received", 2)
    net.net.handle_many(IgnoreInvitation(inviter=row.inviter, invitee=row.invitee, reason="spam") for row in page)
    assert boxes(net, "ada") == {"received": ["bob"], "archived": ["dan", "cy"]}
    archived = net.ask(invitations, "ada", "archived")
    net.net.handle_many(AcceptInvitation(inviter=row.inviter, invitee=row.invitee) for row in archived)
    assert boxes(net, "ada") == {"received": ["bob"]}


def test_h21_pages_hold_still_while_invitations_come_and_go(net: SmallNetwork) -> None:
    first = net.ask(invitations, "ada", "received", 1)
    net.invite("dan", "ada")
    withdraw(net, "bob", "ada")
    assert first.cursor is not None
    rest = net.ask(invitations, "ada", "received", 1, int(first.cursor), as_of=first.as_of)
    assert members(rest) == ["bob"]


# Pending


def test_peer_21_what_stands_between_two_members(net: SmallNetwork) -> None:
    expires_at = net.ask(invitations, "bob", "sent").rows[0].expires_at
    sent = net.ask(pending, "bob", "ada")
    assert sent is not None
    assert sent == Pending("sent", sent.invitation, sent.sent_at, expires_at)
    assert net.ask(pending, "ada", "bob") == Pending("received", sent.invitation, sent.sent_at, expires_at)
    assert net.ask(pending, "ada", "dan") is None
    assert net.ask(pending, "ada", "ada") is None
    net.ignore("bob", "ada")
    assert net.ask(pending, "ada", "bob") is None
    assert net.ask(pending, "bob", "ada") == sent


# As of


def test_every_box_asked_as_of_then_is_what_it_was_then() -> None:
    net = SmallNetwork()
    seen: list[tuple[int, object]] = []

    def look(as_of: int | None = None) -> object:
        lists = [net.ask(invitations, member, name, as_of=as_of).rows for member in ("ada", "bob") for name in BOXES]
        return [*lists, net.ask(thread, "bob", "ada", "bob", as_of=as_of), net.ask(acceptance_rates, as_of=as_of)]

    acts = (
        SendInvitation(inviter="bob", invitee="ada", note="Hello"),
        ReplyToInvitation(inviter="bob", invitee="ada", kind=ReplyKind.ASK, text="Who?"),
        ReplyToInvitation(inviter="bob", invitee="ada", kind=ReplyKind.ANSWER, text="Bob."),
        IgnoreInvitation(inviter="bob", invitee="ada", reason=IgnoreReason.DO_NOT_KNOW),
        SendInvitation(inviter="ada", invitee="cy"),
        WithdrawInvitation(inviter="bob", invitee="ada"),
        SendInvitation(inviter="bob", invitee="ada"),
        AcceptInvitation(inviter="bob", invitee="ada"),
    )
    for act in acts:
        if isinstance(act, SendInvitation):
            net.wait(21 * DAY)
        net.do(act)
        seen.append((net.head, look()))
    net.block("ada", "bob")
    net.wait(365 * DAY)
    assert [look(position) for position, _ in seen] == [then for _, then in seen]
