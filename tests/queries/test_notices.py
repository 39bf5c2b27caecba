"""Notices: what a member is told of, and of what never twice (rules.md N1-N3)."""

import pytest
from support.small_network import SmallNetwork, walk

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeFollowerSetting,
    ChangeInvitationPolicy,
    Command,
    DeletePost,
    EraseMember,
    Follow,
    FollowerSetting,
    HibernateMember,
    IgnoreInvitation,
    InvitationPolicy,
    MarkNoticesRead,
    MuteMember,
    PublishPost,
    RemoveConnection,
    RemoveFollower,
    ReplyKind,
    ReplyToInvitation,
    RestrictMember,
    SendInvitation,
    SharePost,
    UnblockMember,
    Unfollow,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from projections.notices import notices

ASK = ReplyToInvitation(inviter="bob", invitee="ada", kind=ReplyKind.ASK, text="Who?")
ANSWER = ReplyToInvitation(inviter="bob", invitee="ada", kind=ReplyKind.ANSWER, text="Bob.")


@pytest.fixture
def net() -> SmallNetwork:
    """Everyone may follow everyone; ada has published one post."""
    net = SmallNetwork()
    for member in ("ada", "bob", "cy", "dan"):
        net.do(ChangeFollowerSetting(member=member, setting=FollowerSetting.EVERYONE))
    net.do(PublishPost(author="ada", text="Hello", item="ada.1"))
    return net


def told(net: SmallNetwork, member: str, as_of: int | None = None) -> list[str]:
    """A member's notices, newest first, as "kind actor", with a ! while unread; pages of one and the total agree."""
    page = net.ask(notices, member, 100, as_of=as_of)
    assert net.ask(lambda reading: notices(reading, member).total, as_of=as_of) == len(page)
    assert walk(lambda before: net.ask(notices, member, 1, before, as_of=as_of)) == page.rows
    return [f"{row.kind} {row.actor}{'' if row.read else '!'}" for row in page]


def read(net: SmallNetwork, member: str) -> None:
    """The member reads all that shows."""
    net.do(MarkNoticesRead(member=member, up_to=net.ask(notices, member).rows[0].position))


def refollow(net: SmallNetwork, follower: str, followee: str) -> None:
    net.do(Unfollow(follower=follower, followee=followee), Follow(follower=follower, followee=followee))


def share(net: SmallNetwork, sharer: str, item: str) -> str:
    (shared,) = net.do(SharePost(sharer=sharer, item=item)).events
    return str(getattr(shared, "share"))  # noqa: B009 - the one event of a share


def test_n1_an_invitation_received_and_one_of_theirs_accepted(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    assert told(net, "ada") == ["invitation bob!"]
    assert told(net, "bob") == ["accepted ada!"]


def test_peer_27_exactly_one_each_and_no_follower_for_the_automatic_follow(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    net.do(AcceptInvitation(inviter="bob", invitee="ada"))
    assert [len(told(net, member)) for member in ("ada", "bob", "cy")] == [1, 1, 0]


def test_n1_a_row_says_of_what_when_and_where(net: SmallNetwork) -> None:
    net.do(Follow(follower="bob", followee="ada"))
    (row,) = net.ask(notices, "ada")
    assert (row.position, row.at, row.kind, row.actor, row.object) == (net.head, net.now, "follower", "bob", "bob")
    shared = share(net, "bob", "ada.1")
    assert net.ask(notices, "ada").rows[0].object == shared


def test_s14_an_acceptance_by_policy_is_told_like_any_other(net: SmallNetwork) -> None:
    net.do(ChangeInvitationPolicy(member="ada", setting=InvitationPolicy.ACCEPT_ALL))
    net.invite("bob", "ada")
    assert told(net, "bob") == ["accepted ada!"]
    assert told(net, "ada") == ["invitation bob!"]


def test_x1_a_crossing_invitation_is_told_as_an_acceptance(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.invite("ada", "bob")
    assert told(net, "bob") == ["accepted ada!"]
    assert told(net, "ada") == ["invitation bob!"]


def test_n1_a_reply_in_a_thread_is_told_to_the_other(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.do(ASK, ANSWER)
    assert told(net, "bob") == ["reply ada!"]
    assert told(net, "ada") == ["reply bob!", "invitation bob!"]


def test_peer_57_a_follow_gives_one_notice(net: SmallNetwork) -> None:
    net.follow("bob", "ada")
    net.follow("bob", "ada")
    assert told(net, "ada") == ["follower bob!"]


def test_n1_a_share_is_told_to_the_author(net: SmallNetwork) -> None:
    share(net, "bob", "ada.1")
    net.do(SharePost(sharer="bob", item="ada.1"))  # peer 139: repeating it tells nobody
    assert told(net, "ada") == ["share bob!"]


def test_peer_138_nobody_is_told_of_their_own_acts(net: SmallNetwork) -> None:
    share(net, "ada", "ada.1")
    net.invite("ada", "bob")
    net.follow("ada", "cy")
    assert told(net, "ada") == []


def test_n1_nothing_silent_is_told(net: SmallNetwork) -> None:
    net.connect("bob", "ada")
    net.follow("cy", "ada")
    net.follow("ada", "cy")
    net.invite("dan", "ada")
    net.invite("ada", "cy")
    for member in ("ada", "bob", "cy", "dan"):
        if told(net, member):
            read(net, member)
    silent: tuple[Command, ...] = (
        IgnoreInvitation(inviter="dan", invitee="ada"),
        WithdrawInvitation(inviter="ada", invitee="cy"),
        MuteMember(muter="ada", muted="bob"),
        Unfollow(follower="ada", followee="cy"),
        RemoveFollower(follower="cy", followee="ada"),
        RemoveConnection(member="ada", other="bob"),
        ChangeFollowerSetting(member="ada", setting=FollowerSetting.CONNECTIONS),
    )
    for act in silent:
        former = {member: told(net, member) for member in ("ada", "bob", "cy", "dan")}
        net.do(act)
        assert all(set(told(net, member)) <= set(former[member]) for member in former), act


def test_s13_of_a_barred_invitation_nobody_is_told(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.ignore("bob", "ada", "spam")
    read(net, "ada")
    net.wait(21 * DAY)
    net.invite("bob", "ada")
    assert told(net, "ada") == []  # nor of the former one, which the new one has replaced


# At most one while it is unread


def test_h22_following_again_and_again_is_one_notice(net: SmallNetwork) -> None:
    """That of the follow that stands: those of the ended ones are gone (N2)."""
    net.follow("bob", "ada")
    for _ in range(3):
        refollow(net, "bob", "ada")
    assert told(net, "ada") == ["follower bob!"]
    read(net, "ada")
    assert told(net, "ada") == ["follower bob"]
    refollow(net, "bob", "ada")
    assert told(net, "ada") == ["follower bob!"]


def test_n2_once_it_is_read_the_next_one_is_told(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.do(ASK)
    read(net, "bob")
    net.do(ASK, ASK)
    assert told(net, "bob") == ["reply ada!", "reply ada"]
    read(net, "bob")
    net.do(ASK)
    assert told(net, "bob") == ["reply ada!", "reply ada", "reply ada"]


def test_n2_a_repetition_that_was_not_told_is_not_told_later(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.do(ASK)
    first = net.ask(notices, "bob").rows[0].position
    net.do(ASK)  # not told: the first is unread
    net.do(MarkNoticesRead(member="bob", up_to=first))
    assert told(net, "bob") == ["reply ada"]
    net.do(ASK)  # told: the one told last is read, though the mark lies before the second
    assert told(net, "bob") == ["reply ada!", "reply ada"]


def test_n2_other_actors_kinds_and_objects_are_told_of_apart(net: SmallNetwork) -> None:
    net.do(PublishPost(author="ada", text="Again", item="ada.2"))
    share(net, "bob", "ada.1")
    share(net, "bob", "ada.2")
    share(net, "cy", "ada.1")
    net.follow("bob", "ada")
    assert told(net, "ada") == ["follower bob!", "share cy!", "share bob!", "share bob!"]


def test_n2_replies_in_one_thread_are_one_notice_while_it_is_unread(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.do(ASK, ASK)
    assert told(net, "bob") == ["reply ada!"]
    read(net, "bob")
    net.do(ASK)
    assert told(net, "bob") == ["reply ada!", "reply ada"]


# What does not show


@pytest.mark.parametrize(("blocker", "blocked"), [("ada", "bob"), ("bob", "ada")])
def test_peer_86_across_a_block_old_ones_are_hidden_too(net: SmallNetwork, blocker: str, blocked: str) -> None:
    share(net, "bob", "ada.1")
    net.follow("cy", "ada")
    net.do(BlockMember(blocker=blocker, blocked=blocked))
    assert told(net, "ada") == ["follower cy!"]
    net.do(UnblockMember(blocker=blocker, blocked=blocked))
    assert told(net, "ada") == ["follower cy!", "share bob!"]


@pytest.mark.parametrize(
    "hides", [HibernateMember(member="bob"), RestrictMember(member="bob"), EraseMember(member="bob")]
)
def test_n2_a_hidden_actors_notices_do_not_show(net: SmallNetwork, hides: Command) -> None:
    net.follow("bob", "ada")
    net.follow("cy", "ada")
    net.do(hides)
    assert told(net, "ada") == ["follower cy!"]


def test_h16_they_show_again_on_return(net: SmallNetwork) -> None:
    net.follow("bob", "ada")
    net.hibernate("bob")
    net.reactivate("bob")
    assert told(net, "ada") == ["follower bob!"]


def test_x13_a_mute_keeps_no_notice_away(net: SmallNetwork) -> None:
    net.do(MuteMember(muter="ada", muted="bob"))
    net.follow("bob", "ada")
    assert told(net, "ada") == ["follower bob!"]


def test_n2_b21_a_deleted_shares_notice_does_not_show(net: SmallNetwork) -> None:
    shared = share(net, "bob", "ada.1")
    net.do(DeletePost(author="bob", item=shared))
    assert told(net, "ada") == []
    share(net, "bob", "ada.1")
    assert told(net, "ada") == ["share bob!"]
    net.do(DeletePost(author="ada", item="ada.1"))
    assert told(net, "ada") == []


def test_n2_b21_an_ended_follows_notice_does_not_show(net: SmallNetwork) -> None:
    net.follow("bob", "ada")
    net.do(RemoveFollower(followee="ada", follower="bob"))
    assert told(net, "ada") == []
    net.follow("bob", "ada")
    assert told(net, "ada") == ["follower bob!"]


@pytest.mark.parametrize("end", ["withdrawn", "closed", "expired", "sent anew", "ignored"])
def test_n2_b21_an_ended_invitations_notices_do_not_show(net: SmallNetwork, end: str) -> None:
    """Neither of the invitation nor of what was written in its thread; ignoring ends nothing."""
    net.invite("bob", "ada")
    net.do(ASK, ANSWER)
    match end:
        case "withdrawn":
            net.do(WithdrawInvitation(inviter="bob", invitee="ada"))
        case "closed":
            net.do(BlockMember(blocker="bob", blocked="ada"), UnblockMember(blocker="bob", blocked="ada"))
        case "expired":
            net.wait(180 * DAY)
        case "sent anew":
            net.wait(21 * DAY)
            net.invite("bob", "ada")
        case "ignored":
            net.ignore("bob", "ada")
    expected = {"sent anew": ["invitation bob!"], "ignored": ["reply bob!", "invitation bob!"]}
    assert told(net, "ada") == expected.get(end, [])
    assert told(net, "bob") == (["reply ada!"] if end == "ignored" else [])


@pytest.mark.parametrize("end", ["removed", "blocked"])
def test_n2_b21_an_ended_connections_notices_do_not_come_back(net: SmallNetwork, end: str) -> None:
    net.invite("bob", "ada")
    net.do(ASK, AcceptInvitation(inviter="bob", invitee="ada"))
    assert told(net, "ada") == ["invitation bob!"]
    assert told(net, "bob") == ["accepted ada!", "reply ada!"]
    if end == "removed":
        net.do(RemoveConnection(member="ada", other="bob"))
    else:
        net.do(BlockMember(blocker="ada", blocked="bob"), UnblockMember(blocker="ada", blocked="bob"))
    assert told(net, "ada") == told(net, "bob") == []
    net.invite("ada", "bob")
    net.do(AcceptInvitation(inviter="ada", invitee="bob"))
    assert told(net, "ada") == ["accepted bob!"]
    assert told(net, "bob") == ["invitation ada!"]


def test_n2_an_answer_in_a_thread_that_its_recipient_has_ignored_tells_nobody(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.do(ASK)
    net.ignore("bob", "ada")
    net.do(ANSWER)
    assert told(net, "ada") == ["invitation bob!"]
    net.do(AcceptInvitation(inviter="bob", invitee="ada"))
    assert told(net, "ada") == ["invitation bob!"]  # accepting it later does not tell it then


def test_b20_notices_of_an_erased_member_and_of_an_unknown_one_are_not_available(net: SmallNetwork) -> None:
    net.follow("bob", "ada")
    net.do(EraseMember(member="ada"))
    assert net.refusal(notices, "ada") == net.refusal(notices, "nobody") == "not_available"


# Reading and paging


def test_n3_marking_reads_up_to_a_notice_and_no_further(net: SmallNetwork) -> None:
    net.follow("bob", "ada")
    net.follow("cy", "ada")
    older = net.ask(notices, "ada").rows[1].position
    net.do(MarkNoticesRead(member="ada", up_to=older))
    assert told(net, "ada") == ["follower cy!", "follower bob"]
    net.do(MarkNoticesRead(member="ada", up_to=net.head))
    assert told(net, "ada") == ["follower cy", "follower bob"]
    assert told(net, "bob") == []


def test_n3_notices_page_like_every_list_and_refill(net: SmallNetwork) -> None:
    for follower in ("bob", "cy", "dan"):
        net.follow(follower, "ada")
        refollow(net, follower, "ada")
    share(net, "bob", "ada.1")
    expected = ["share bob", "follower dan", "follower cy", "follower bob"]
    for limit in (1, 2, 3, 4, 5):
        walked = walk(lambda before, n=limit: net.ask(notices, "ada", n, before))  # type: ignore[misc]
        assert [f"{row.kind} {row.actor}" for row in walked] == expected
    assert net.ask(notices, "ada", 4).cursor is None


def test_n2_a_rebuilt_read_model_tells_nothing_twice(net: SmallNetwork) -> None:
    net.invite("bob", "ada")
    net.do(ASK)
    read(net, "bob")
    net.do(ASK, ASK)
    net.follow("cy", "bob")
    refollow(net, "cy", "bob")
    before = told(net, "bob")
    net.net.rebuild(["notices"])
    assert told(net, "bob") == before == ["follower cy!", "reply ada!", "reply ada"]


def test_notices_asked_as_of_then_are_what_they_were_then(net: SmallNetwork) -> None:
    seen = []
    acts = (
        Follow(follower="bob", followee="ada"),
        SendInvitation(inviter="cy", invitee="ada"),
        MarkNoticesRead(member="ada", up_to=net.head + 1),
        Unfollow(follower="bob", followee="ada"),
        Follow(follower="bob", followee="ada"),
        SharePost(sharer="dan", item="ada.1"),
        HibernateMember(member="cy"),
        BlockMember(blocker="dan", blocked="ada"),
    )
    for act in acts:
        net.do(act)
        seen.append((net.head, told(net, "ada")))
    net.do(MarkNoticesRead(member="ada", up_to=net.head))
    assert [told(net, "ada", position) for position, _ in seen] == [then for _, then in seen]
    assert [then for _, then in seen[2:5]] == [
        ["invitation cy!", "follower bob"],
        ["invitation cy!"],
        ["follower bob!", "invitation cy!"],
    ]
