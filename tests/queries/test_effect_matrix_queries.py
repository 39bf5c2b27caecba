"""The effect of each act, cell by cell, as queries show it: the table of section 7 in docs/rules.md is read and tried.

A (ada) acts on B (bob). Before the act all that the table speaks of stands, as far as it can stand together: where the
two are connected, and where they are not and one has invited the other. What an act hides shows again when its cause
is lifted; what it cuts does not. New invitations are decided, and tried in test_effect_matrix.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.small_network import SmallNetwork

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeEmailVisibility,
    ChangeFollowerSetting,
    Command,
    EraseMember,
    FollowerSetting,
    HibernateMember,
    IgnoreInvitation,
    IgnoreReason,
    LiftRestriction,
    MuteMember,
    PublishPost,
    ReactivateMember,
    Refused,
    RemoveConnection,
    RemoveFollower,
    RestrictMember,
    SendInvitation,
    SharePost,
    UnblockMember,
    Unfollow,
    UnmuteMember,
    Visibility,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from projections.reading import Page

A, B, FRIEND = "ada", "bob", "cy"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
DECIDED = "new invitation"
"""The column that test_effect_matrix.py tries."""


def table() -> dict[str, dict[str, str]]:
    """The table of section 7: act -> column -> what stands in the cell."""
    section = DOCUMENT.read_text(encoding="utf-8").split("\n## 7. ")[1].split("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line] for line in lines]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


@dataclass(frozen=True)
class Act:
    """An act of A on B. `before`: what it needs to have happened; `undo`: what lifts its cause; `where`: in which of
    the two circumstances it can be tried."""

    row: str
    command: Command
    before: Sequence[Command] = ()
    undo: Command | None = None
    where: tuple[str, ...] = ("connected", "invited")
    inviter: str = B


CONNECTIONS_ONLY = ChangeFollowerSetting(member=A, setting=FollowerSetting.CONNECTIONS)
EVERYONE = ChangeFollowerSetting(member=A, setting=FollowerSetting.EVERYONE)
BLOCK, UNBLOCK = BlockMember(blocker=A, blocked=B), UnblockMember(blocker=A, blocked=B)
HIBERNATE, RETURN = HibernateMember(member=A), ReactivateMember(member=A)
RESTRICT, LIFT = RestrictMember(member=A), LiftRestriction(member=A)
ACTS = {
    "accept": Act("accept", AcceptInvitation(inviter=B, invitee=A), where=("invited",)),
    **{
        f"ignore as {reason}": Act("ignore", IgnoreInvitation(inviter=B, invitee=A, reason=reason), where=("invited",))
        for reason in IgnoreReason
    },
    "withdraw": Act("withdraw", WithdrawInvitation(inviter=A, invitee=B), where=("invited",), inviter=A),
    "unfollow": Act("unfollow", Unfollow(follower=A, followee=B)),
    "remove follower": Act("remove follower", RemoveFollower(follower=B, followee=A)),
    "remove connection": Act("remove connection", RemoveConnection(member=A, other=B), where=("connected",)),
    "mute": Act("mute", MuteMember(muter=A, muted=B), undo=UnmuteMember(muter=A, muted=B)),
    "set connections": Act("set *connections*", CONNECTIONS_ONLY, undo=EVERYONE),
    "block": Act("block", BLOCK, undo=UNBLOCK),
    "unblock": Act("unblock", UNBLOCK, before=(BLOCK,)),
    "hibernate": Act("hibernate, be restricted", HIBERNATE, undo=RETURN),
    "be restricted": Act("hibernate, be restricted", RESTRICT, undo=LIFT),
    "return from hibernation": Act("return", RETURN, before=(HIBERNATE,)),
    "return from restriction": Act("return", LIFT, before=(RESTRICT,)),
    "be erased": Act("be erased", EraseMember(member=A)),
}
SHARED = ("mute", "block", "hibernate", "be restricted")
"""The acts that keep also what others share out of a feed (F1)."""


def network(name: str, where: str) -> SmallNetwork:
    """All that can stand between the two stands, and for an acceptance nothing but the invitation does."""
    act = ACTS[name]
    network = SmallNetwork(A, B, FRIEND)
    for member in (A, B, FRIEND):
        network.do(ChangeFollowerSetting(member=member, setting=FollowerSetting.EVERYONE))
    strangers = name == "accept"
    if where == "connected":
        network.connect(A, B)
    elif not strangers:
        network.follow(A, B)
        network.follow(B, A)
    if where == "invited":
        if not strangers:  # so that there is an email to read that being connected does not open
            for member in (A, B):
                network.do(ChangeEmailVisibility(member=member, visibility=Visibility.EVERYONE))
        network.invite(act.inviter, B if act.inviter == A else A)
    for member in (A, B):
        network.do(PublishPost(author=member, text="Hello", item=f"{member}.1"))
    if name in SHARED:
        for viewer in (A, B):
            network.follow(viewer, FRIEND)
        for member in (A, B):
            network.do(SharePost(sharer=FRIEND, item=f"{member}.1"))
    for command in act.before:
        network.do(command)
    return network


# What the queries show of each column


def told(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Refused as refused:
        return refused.code


def rows(ask: Callable[..., Page[Any]], *arguments: Any) -> list[Any]:
    """The rows of a list; none of a list of an erased member, which is refused."""
    try:
        return ask(*arguments).rows
    except Refused:
        return []


def connection(network: SmallNetwork) -> Any:
    """Whether the lists of both name the other, and they are of the first degree. An erased member has no list."""
    lists = [[row.member for row in rows(network.net.connections, each)] for each in (A, B)]
    degrees = [told(lambda: network.net.degree(one, other)) for one, other in ((A, B), (B, A))]  # noqa: B023
    shown = {lists[0] == [B], lists[1] == [A], *(degree == 1 for degree in degrees)}
    assert len(shown) == 1, "a connection is symmetric"
    return shown.pop()


def follow(network: SmallNetwork, follower: str, followee: str) -> bool:
    """Whether the lists of both have it; those of an erased member are nobody's to read."""
    shown = {
        followee in [row.member for row in rows(network.net.following, follower)],
        follower in [row.member for row in rows(network.net.followers, followee)],
    }
    assert len(shown) == 1, "both lists agree"
    return shown.pop()


def invitation(network: SmallNetwork) -> Any:
    """The boxes of both that hold the invitation."""
    found = [
        f"{box} of {member}"
        for member in (A, B)
        for box in ("sent", "received", "archived", "barred")
        if any(row.member in (A, B) for row in rows(network.net.invitations, member, box))
    ]
    return tuple(found)


def items(network: SmallNetwork, viewer: str, author: str) -> Any:
    """The author's items in the viewer's feed, with the kinds of their causes."""
    shown = rows(network.net.feed, viewer)
    return {row.item: tuple(cause.kind for cause in row.causes) for row in shown if row.author == author}


def emails(network: SmallNetwork) -> tuple[bool, bool]:
    """Whether each can read the other's email, where they can see the other at all."""

    def readable(viewer: str, member: str) -> bool:
        related = told(lambda: network.net.relationship(viewer, member))
        return not isinstance(related, str) and related.email == f"{member}@example.org"

    return readable(A, B), readable(B, A)


def notices(network: SmallNetwork) -> tuple[int, ...]:
    """The positions of what B is told."""
    return tuple(row.position for row in network.net.notices(B).rows)


COLUMNS: dict[str, Callable[[SmallNetwork], Any]] = {
    "connection": connection,
    "A follows B": lambda network: follow(network, A, B),
    "B follows A": lambda network: follow(network, B, A),
    "pending invitation": invitation,
    "B's items for A": lambda network: items(network, A, B),
    "A's items for B": lambda network: items(network, B, A),
    "email each way": emails,
    "B is told": notices,
}
STANDS_ONLY_INVITED = ("pending invitation",)
STANDS_ONLY_CONNECTED = ("connection", "email each way")


@dataclass(frozen=True)
class Seen:
    """What a column shows before the act, after it, and after its cause was lifted (None: it has none). `head`: the
    position of the last event before the act."""

    act: str
    column: str
    where: str
    head: int
    before: Any
    after: Any
    lifted: Any


def nothing(shown: Any) -> bool:
    return not any(shown) if isinstance(shown, tuple) else not shown


def is_cut(seen: Seen) -> bool:
    """It stood, it is gone, and it does not come back when the cause is lifted."""
    return not nothing(seen.before) and nothing(seen.after) and nothing(seen.lifted or ())


def is_hidden(seen: Seen) -> bool:
    """It stood, it is gone, and it is as it was when the cause is lifted."""
    return not nothing(seen.before) and nothing(seen.after) and seen.lifted == seen.before


def is_untouched(seen: Seen) -> bool:
    """It stood, where it can, and stands as it did; but a feed that is nobody's any more has nothing in it."""
    apart = seen.act in ("unblock", "remove connection") or (seen.column, seen.where) == ("connection", "invited")
    return (apart or not nothing(seen.before)) and (
        seen.before == seen.after or (seen.act == "be erased" and nothing(seen.after))
    )


def is_hidden_with_shares(seen: Seen) -> bool:
    """Nothing shows, by whatever it came; afterwards only what a third member shares does."""
    came = [set(kinds) for kinds in seen.before.values()]
    return came == [{"follow", "share"}] and seen.after == {} and set(seen.lifted.values()) == {("share",)}


def is_shown(seen: Seen) -> bool:
    return nothing(seen.before) and not nothing(seen.after)


PENDING = ("received of ada", "sent of bob")
"""Where an invitation of bob's to ada is, while nothing has become of it."""
CELLS: dict[str, Callable[[Seen], bool]] = {
    "-": is_untouched,
    "made": is_shown,
    "cut": is_cut,
    "leave": is_cut,
    "closed": is_cut,
    "closed, both ways": is_cut,
    "hide": is_hidden,
    "frozen": lambda seen: (
        (seen.before, seen.after, seen.lifted) == (PENDING, ("received of ada",), PENDING)  # who is hidden sees it
    ),
    "hide if not connected": lambda seen: is_hidden(seen) if seen.where == "invited" else is_untouched(seen),
    "hide, with shares": is_hidden_with_shares,
    "stays cut": lambda seen: nothing(seen.before) and nothing(seen.after),
    "nothing returns": lambda seen: nothing(seen.before) and nothing(seen.after),
    "shown": is_shown,
    "as before": lambda seen: is_shown(seen) or (seen.before, seen.after) == (("received of ada",), PENDING),
    "from now, with backfill": is_shown,
    "by S25": is_shown,
    "archived, looks pending to the sender": lambda seen: (
        seen.before == PENDING and seen.after == ("archived of ada", "sent of bob")
    ),
    "yes": lambda seen: len([position for position in seen.after if position > seen.head]) == 1,
    "no": lambda seen: not [position for position in (*seen.after, *(seen.lifted or ())) if position > seen.head],
}
"""How it is seen that a cell is true."""


def cells() -> list[Any]:
    found = []
    for name, act in ACTS.items():
        for column, said in table()[act.row].items():
            for where in act.where:
                possible = column not in (STANDS_ONLY_INVITED if where == "connected" else STANDS_ONLY_CONNECTED)
                if column != DECIDED and (possible or len(act.where) == 1):
                    found.append(pytest.param(name, column, said, where, id=f"{name}: {column}: {said}, {where}"))
    return found


@pytest.mark.parametrize(("name", "column", "said", "where"), cells())
def test_section_7_each_cell_is_what_the_queries_show(name: str, column: str, said: str, where: str) -> None:
    world, act = network(name, where), ACTS[name]

    def look() -> Any:
        world.net.catch_up()
        return COLUMNS[column](world)

    before, head = look(), world.head
    world.do(act.command)
    after = look()
    lifted = None
    if act.undo is not None:
        world.do(act.undo)
        lifted = look()
    seen = Seen(name, column, where, head, before, after, lifted)
    assert CELLS[said](seen), seen


def test_section_7_each_cell_of_the_table_is_tried() -> None:
    tried = {(ACTS[cell.values[0]].row, cell.values[1]) for cell in cells()}
    assert tried == {(row, column) for row, columns in table().items() for column in columns if column != DECIDED}
    assert set(COLUMNS) == {column for _, column in tried}


def test_section_7_a_block_closes_the_blockers_own_invitation_too() -> None:
    world = SmallNetwork(A, B)
    world.invite(A, B)
    world.net.catch_up()
    assert invitation(world) == ("sent of ada", "received of bob")
    world.block(A, B)
    world.net.catch_up()
    assert invitation(world) == ()


def test_section_7_accepting_brings_new_items_and_the_newest_of_the_last_30_days() -> None:
    world = SmallNetwork(A, B)
    for member in (A, B):
        world.do(PublishPost(author=member, text="Long ago", item=f"{member}.old"))
    world.wait(31 * DAY)
    for member in (A, B):
        for number in range(21):
            world.do(PublishPost(author=member, text="Hello", item=f"{member}.{number}"))
    world.do(SendInvitation(inviter=B, invitee=A), AcceptInvitation(inviter=B, invitee=A))
    for member in (A, B):
        world.do(PublishPost(author=member, text="New", item=f"{member}.new"))
    world.net.catch_up()
    for viewer, author in ((A, B), (B, A)):
        shown = [row.item for row in world.net.feed(viewer, limit=50).rows]
        assert shown == [f"{author}.new", *(f"{author}.{number}" for number in range(20, 0, -1))]


def test_section_7_after_erasure_an_email_is_read_by_nobody() -> None:
    world = network("be erased", "connected")
    world.do(EraseMember(member=A))
    world.net.catch_up()
    assert told(lambda: world.net.profile(A, viewer=B)) == "not_available"
    assert told(lambda: world.net.profile(A)) == "not_available", "nor by the host"


@pytest.mark.parametrize("away", [HIBERNATE, RESTRICT], ids=lambda command: type(command).__name__)
def test_section_7_and_x17_erasing_who_is_away_cuts_as_erasing_does(away: Command) -> None:
    for where in ("connected", "invited"):
        erased, was_away = network("be erased", where), network("be erased", where)
        was_away.do(away)
        for world in (erased, was_away):
            world.do(EraseMember(member=A))
            world.net.catch_up()
        assert {name: shown(was_away) for name, shown in COLUMNS.items()} == {
            name: shown(erased) for name, shown in COLUMNS.items()
        }
        assert [told(lambda: was_away.do(back)) for back in (RETURN, LIFT)] == ["unknown_member", "not_available"]  # noqa: B023
