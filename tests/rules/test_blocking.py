"""Blocking, and what cannot be inferred: a block looks like an absence, an ignore like silence (rules.md X14, X16)."""

import random
from collections.abc import Callable, Iterable

import pytest
from support.given import (
    NOW,
    START,
    World,
    any_command,
    connected,
    every_command_toward,
    followed,
    given_members,
    invited,
    members,
)

from domain import (
    BlockMember,
    ChangeInvitationPolicy,
    DismissSuggestion,
    Follow,
    HibernateMember,
    IgnoreInvitation,
    IgnoreReason,
    MuteMember,
    RestrictMember,
    SendInvitation,
    SharePost,
    UnblockMember,
)
from domain.decision import Command
from domain.event import Event
from domain.identifiers import DAY, HOUR
from domain.items import ArticlePublished, PostPublished, PostShared
from domain.refusals import Refused
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected
from domain.relationships.following_events import FollowerRemoved, Unfollowed
from domain.relationships.invitation_events import InvitationClosed, InvitationReplied, InvitationSent
from domain.relationships.invitations import open_invitation

BLOCK = BlockMember(blocker="ada", blocked="bob")
UNBLOCK = UnblockMember(blocker="ada", blocked="bob")
BLOCKED = MemberBlocked(blocker="ada", blocked="bob")
UNBLOCKED = MemberUnblocked(blocker="ada", blocked="bob")
CUT = (
    ConnectionRemoved(member="ada", other="bob"),
    Unfollowed(follower="ada", followee="bob"),
    FollowerRemoved(follower="bob", followee="ada"),
)


def closed(inviter: str, invitee: str) -> InvitationClosed:
    return InvitationClosed(invitation=f"{inviter}>{invitee}", inviter=inviter, invitee=invitee, reason="block")


# Blocking


def test_x14_a_block_ends_all_that_stands_and_then_stands_itself() -> None:
    """The order matters: also between the events of one append no pair is blocked and connected."""
    given_members(*connected("ada", "bob")).when(BLOCK).then(*CUT, BLOCKED)
    given_members(followed("bob", "ada"), invited("ada", "bob"), invited("bob", "ada")).when(BLOCK).then(
        CUT[2], closed("ada", "bob"), closed("bob", "ada"), BLOCKED
    )
    given_members().when(BLOCK).then(BLOCKED)


def test_x14_an_invitation_that_has_expired_is_not_ended_again() -> None:
    given_members(invited("ada", "bob")).when(BLOCK, now=START + 180 * DAY).then(BLOCKED)


@pytest.mark.parametrize(("inviter", "invitee"), [("ada", "bob"), ("bob", "ada")])
def test_h1_a_block_closes_invitations_in_both_directions_and_nothing_is_left_to_answer(
    inviter: str, invitee: str
) -> None:
    world = members(invited(inviter, invitee))
    world.do(BLOCK)
    assert open_invitation(world.pair("ada", "bob"), inviter, NOW) is None
    commands = [*every_command_toward("ada", "bob"), *every_command_toward("bob", "ada")]
    for command in commands:
        world.copy().answer(command)
    world.do(UNBLOCK)
    for command in commands:
        after = world.copy()
        after.answer(command)
        assert not after.events(MembersConnected)


def test_x8_nobody_blocks_themselves() -> None:
    given_members().when(BlockMember(blocker="ada", blocked="ada")).refused("self")
    given_members().when(UnblockMember(blocker="ada", blocked="ada")).refused("self")


def test_peer_66_a_second_block_changes_nothing() -> None:
    given_members(BLOCKED).when(BLOCK).then_already_so()


def test_peer_67_and_69_both_follows_and_the_others_invitation_end() -> None:
    world = members(followed("ada", "bob"), followed("bob", "ada"), invited("bob", "ada"))
    world.do(BLOCK)
    pair = world.pair("ada", "bob")
    assert (pair.side_of("ada").follows, pair.side_of("bob").follows, pair.side_of("bob").invitation) == (
        False,
        False,
        None,
    )


def test_peer_71_neither_side_can_follow_or_invite() -> None:
    for one, other, code in (("ada", "bob", "blocked_by_you"), ("bob", "ada", "not_available")):
        for command in (Follow(follower=one, followee=other), SendInvitation(inviter=one, invitee=other)):
            given_members(BLOCKED).when(command).refused(code)


def test_peer_74_unblocking_restores_nothing_and_allows_everything() -> None:
    world = members(*connected("ada", "bob"))
    world.do(BLOCK)
    assert list(world.do(UNBLOCK).events) == [UNBLOCKED]
    pair = world.pair("ada", "bob")
    assert (pair.connected, pair.side_of("ada").follows, pair.side_of("bob").follows) == (False, False, False)
    assert world.answer(SendInvitation(inviter="bob", invitee="ada")).startswith("accepted")
    given_members().when(UNBLOCK).then_already_so()


def test_peer_75_one_block_stands_when_the_other_is_lifted() -> None:
    world = members(BLOCKED, MemberBlocked(blocker="bob", blocked="ada"))
    assert world.answer(Follow(follower="ada", followee="bob")) == "blocked_by_you"
    world.do(UNBLOCK)
    assert world.answer(Follow(follower="ada", followee="bob")) == "not_available"


def test_peer_85_neither_can_share_the_others_items() -> None:
    posts = [
        PostPublished(item=author, author=author, kind="post", audience="anyone", text="Hello", hashtags=[])
        for author in ("ada", "bob")
    ]
    given_members(*posts, BLOCKED).when(SharePost(sharer="bob", item="ada")).refused("not_available")
    given_members(*posts, BLOCKED).when(SharePost(sharer="ada", item="bob")).refused("blocked_by_you")


def test_a_new_block_waits_48_hours_after_unblocking_to_the_microsecond() -> None:
    history = (BLOCKED, (UNBLOCKED, NOW))
    given_members(*history).when(BLOCK, now=NOW + 48 * HOUR - 1).refused("block_too_soon")
    given_members(*history).when(BLOCK, now=NOW + 48 * HOUR).then(BLOCKED)
    given_members(*history).when(BlockMember(blocker="bob", blocked="ada"), now=NOW).then(
        MemberBlocked(blocker="bob", blocked="ada")
    )


def test_h14_those_who_are_away_can_be_blocked_and_unblocked_and_strangers_to_the_network_not() -> None:
    for act in (HibernateMember(member="bob"), RestrictMember(member="bob")):
        world = members(*connected("ada", "bob"))
        world.do(act)
        assert list(world.do(BLOCK).events) == [*CUT, BLOCKED]
        assert list(world.do(UNBLOCK).events) == [UNBLOCKED]
    given_members().when(BlockMember(blocker="ada", blocked="nobody")).refused("not_available")


# What cannot be inferred


def asked(inviter: str, invitee: str) -> tuple[Event, Event]:
    question = InvitationReplied(
        invitation=f"{inviter}>{invitee}", inviter=inviter, invitee=invitee, author=invitee, kind="ask", text="Where?"
    )
    return invited(inviter, invitee), question


PASTS: dict[str, tuple[Event, ...]] = {
    "strangers": (),
    "connected": connected("ada", "bob"),
    "ada follows": (followed("ada", "bob"),),
    "bob follows": (followed("bob", "ada"),),
    "ada invited": (invited("ada", "bob"),),
    "bob invited": (invited("bob", "ada"),),
    "ada invited and was asked": asked("ada", "bob"),
    "bob invited and was asked": asked("bob", "ada"),
}


ITEMS: tuple[Event, ...] = (
    *(
        PostPublished(item=f"post-{who}", author=who, kind="post", audience="anyone", text="Hi", hashtags=[])
        for who in ("bob", "cy")
    ),
    PostPublished(item="private-bob", author="bob", kind="post", audience="connections", text="Us", hashtags=[]),
    ArticlePublished(item="article-bob", author="bob", title="Rivers", body="They flow.", hashtags=[]),
    PostShared(share="cy-shares-bob", sharer="cy", item="post-bob", author="bob", comment=""),
    PostShared(share="bob-shares-cy", sharer="bob", item="post-cy", author="cy", comment=""),
)
ATTEMPTS = [
    *every_command_toward("ada", "bob"),
    *(SharePost(sharer="ada", item=item) for item in ("cy-shares-bob", "bob-shares-cy", "post-cy")),
    SendInvitation(inviter="ada", invitee="cy"),
]
"""All that ada can try toward bob, and some of what she can try with others."""


def same_answers(one: World, other: World, commands: Iterable[Command]) -> None:
    """Every command is answered alike in both worlds, and what it does makes no difference to the next."""
    for command in commands:
        assert one.answer(command) == other.answer(command), command


@pytest.mark.parametrize("past", PASTS)
@pytest.mark.parametrize("away", [HibernateMember, RestrictMember], ids=lambda act: act.__name__)
def test_x16_a_block_looks_exactly_like_the_other_being_away(
    past: str, away: Callable[..., Command], rng: random.Random
) -> None:
    """bob blocks ada, or is away: ada is answered alike, whatever she tries, in whatever order."""
    for _ in range(5):
        blocked, hidden = members(*ITEMS, *PASTS[past]), members(*ITEMS, *PASTS[past])
        blocked.do(BlockMember(blocker="bob", blocked="ada"))
        hidden.do(away(member="bob"))
        for command in ATTEMPTS:
            same_answers(blocked.copy(), hidden.copy(), [command])
        same_answers(blocked, hidden, rng.sample(ATTEMPTS, len(ATTEMPTS)))


@pytest.mark.parametrize("reason", [*IgnoreReason])
@pytest.mark.parametrize("past", ["ada invited", "ada invited and was asked"])
def test_x16_an_ignored_invitation_looks_exactly_like_an_unanswered_one(
    past: str, reason: IgnoreReason, rng: random.Random
) -> None:
    """With its reason, and with the bar that follows from it. Over time too: across the cool-down, and the expiry."""
    for _ in range(5):
        ignored, unanswered = members(*ITEMS, *PASTS[past]), members(*ITEMS, *PASTS[past])
        ignored.do(IgnoreInvitation(inviter="ada", invitee="bob", reason=reason))
        for wait in (0, 20 * DAY, DAY - 1, 1, 30 * DAY, 180 * DAY):
            for world in (ignored, unanswered):
                world.wait(wait)
            for command in ATTEMPTS:
                same_answers(ignored.copy(), unanswered.copy(), [command])
            same_answers(ignored, unanswered, rng.sample(ATTEMPTS, 3))


def test_x16_a_bar_is_not_told_by_what_sending_answers() -> None:
    """Nor by the open networker's acceptance that does not come: any invitation may wait (S13, S15)."""
    barred, free = members(), members()
    barred.append([invited("ada", "bob")])
    free.append([invited("ada", "bob")])
    barred.do(IgnoreInvitation(inviter="ada", invitee="bob", reason=IgnoreReason.SPAM))
    for world in (barred, free):
        world.do(ChangeInvitationPolicy(member="bob", setting="accept_all"))
        world.wait(21 * DAY)
    command = SendInvitation(inviter="ada", invitee="bob")
    assert barred.answer(command) == free.answer(command)
    assert barred.events(InvitationSent)[-1].barred


@pytest.mark.parametrize("past", PASTS)
@pytest.mark.parametrize(
    "hidden_act",
    [MuteMember(muter="bob", muted="ada"), DismissSuggestion(member="bob", other="ada")],
    ids=lambda command: type(command).__name__,
)
def test_x16_a_mute_and_a_dismissed_suggestion_change_no_answer(past: str, hidden_act: Command) -> None:
    done, left = members(*ITEMS, *PASTS[past]), members(*ITEMS, *PASTS[past])
    done.answer(hidden_act)
    for command in ATTEMPTS:
        same_answers(done.copy(), left.copy(), [command])


# Whatever is done


@pytest.mark.parametrize("number", range(10))
def test_x14_and_s3_hold_after_every_event_of_any_story(number: int, rng: random.Random) -> None:
    """The world checks X14 at every event; a connection is one fact, the same whoever of the two is asked."""
    world = members()
    for _ in range(150):
        world.wait(rng.choice((0, 0, HOUR, 2 * DAY, 22 * DAY)))
        try:
            world.do(any_command(rng))
        except Refused:
            continue
    for one, other in (("ada", "bob"), ("bob", "cy"), ("cy", "ada")):
        assert world.pair(one, other) == world.pair(other, one)
