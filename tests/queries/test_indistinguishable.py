"""Two histories that differ only in what one member did silently give the other the same answers, counts, errors (X16).

ada is the one who must not learn it; bob blocks her, or hibernates; ignores her invitation, or does not; bars her;
mutes her. Everything that ada can ask is asked in both histories, and everything she can do is tried in both; log
positions and made ids are left out of the comparison, for they count what happened to others too.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from support.small_network import SmallNetwork

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeFollowerSetting,
    Command,
    DismissSuggestion,
    Follow,
    FollowerSetting,
    FollowHashtag,
    HibernateMember,
    IgnoreInvitation,
    IgnoreReason,
    MuteMember,
    PublishArticle,
    PublishPost,
    Refused,
    RemoveConnection,
    RemoveFollower,
    ReplyKind,
    ReplyToInvitation,
    RestrictMember,
    SendInvitation,
    SharePost,
    UnblockMember,
    Unfollow,
    UnmuteMember,
    WithdrawInvitation,
)
from domain.identifiers import DAY, SECOND
from projections.reading import Page

MEMBERS = ("ada", "bob", "cy", "dan", "acme")
ITEMS = ("ada.1", "bob.1", "bob.2", "cy.1")
Act = Command | int
"""A command, or a time that passes."""


def follow(follower: str, followee: str) -> Command:
    return Follow(follower=follower, followee=followee)


def invite(inviter: str, invitee: str) -> Command:
    return SendInvitation(inviter=inviter, invitee=invitee, note="Hello")


def connect(one: str, other: str) -> tuple[Command, ...]:
    return (invite(one, other), AcceptInvitation(inviter=one, invitee=other))


def reply(inviter: str, invitee: str, kind: ReplyKind) -> Command:
    return ReplyToInvitation(inviter=inviter, invitee=invitee, kind=kind, text="Well?")


def ignore(reason: str) -> Command:
    return IgnoreInvitation(inviter="ada", invitee="bob", reason=IgnoreReason(reason))


COMMON: tuple[Act, ...] = (
    *(ChangeFollowerSetting(member=each, setting=FollowerSetting.EVERYONE) for each in ("ada", "bob", "cy")),
    *connect("ada", "cy"),
    *connect("cy", "bob"),
    *connect("bob", "dan"),
    follow("bob", "acme"),
    FollowHashtag(member="ada", hashtag="tea"),
    PublishPost(author="ada", text="I like #tea", item="ada.1"),
    PublishPost(author="bob", text="So do I. #tea", item="bob.1"),
    PublishArticle(author="bob", title="On #tea", body="It is good.", item="bob.2"),
    PublishPost(author="cy", text="I do not. #tea", item="cy.1"),
    SharePost(sharer="cy", item="bob.1"),
    SharePost(sharer="bob", item="cy.1"),
    SharePost(sharer="bob", item="ada.1"),
)
BETWEEN: dict[str, tuple[Act, ...]] = {
    "strangers": (),
    "connected": connect("ada", "bob"),
    "she follows him": (follow("ada", "bob"),),
    "he follows her": (follow("bob", "ada"),),
    "she invited him": (
        invite("ada", "bob"),
        reply("ada", "bob", ReplyKind.ASK),
        reply("ada", "bob", ReplyKind.ANSWER),
    ),
    "he invited her": (invite("bob", "ada"), reply("bob", "ada", ReplyKind.ASK)),
    "she ignored him": (invite("bob", "ada"), IgnoreInvitation(inviter="bob", invitee="ada")),
    "she muted him": (MuteMember(muter="ada", muted="bob"),),
    "she blocked him": (*connect("ada", "bob"), BlockMember(blocker="ada", blocked="bob")),
    "removed": (*connect("ada", "bob"), RemoveConnection(member="bob", other="ada")),
    "she withdrew": (invite("ada", "bob"), WithdrawInvitation(inviter="ada", invitee="bob")),
}
BLOCK = BlockMember(blocker="bob", blocked="ada")
HIBERNATE = HibernateMember(member="bob")
INVITED = BETWEEN["she invited him"]

Pair = tuple[tuple[Act, ...], tuple[Act, ...]]
PAIRS: dict[str, Pair] = {
    **{f"blocked or hibernated: {name}": ((*acts, BLOCK), (*acts, HIBERNATE)) for name, acts in BETWEEN.items()},
    "blocked or restricted": ((*BETWEEN["connected"], BLOCK), (*BETWEEN["connected"], RestrictMember(member="bob"))),
    "blocked long ago or hibernated": ((*INVITED, BLOCK, 200 * DAY), (*INVITED, HIBERNATE, 200 * DAY)),
    **{f"ignored ({reason}) or not": ((*INVITED, ignore(reason)), (*INVITED, SECOND)) for reason in IgnoreReason},
    "ignored for one reason or another": ((*INVITED, ignore("spam")), (*INVITED, ignore("not_now"))),
    "ignored until it expires or not": ((*INVITED, ignore("spam"), 180 * DAY), (*INVITED, SECOND, 180 * DAY)),
    "ignored and sent anew or not": (
        (*INVITED, ignore("not_now"), 21 * DAY, invite("ada", "bob")),
        (*INVITED, SECOND, 21 * DAY, invite("ada", "bob")),
    ),
    "barred or not": (
        (*INVITED, ignore("spam"), 21 * DAY, invite("ada", "bob")),
        (*INVITED, SECOND, 21 * DAY, invite("ada", "bob")),
    ),
    "barred or ignored kindly": (
        (*INVITED, ignore("do_not_know"), 21 * DAY, invite("ada", "bob")),
        (*INVITED, ignore("not_now"), 21 * DAY, invite("ada", "bob")),
    ),
    "ignored and accepted later or accepted": (
        (*INVITED, ignore("spam"), AcceptInvitation(inviter="ada", invitee="bob")),
        (*INVITED, SECOND, AcceptInvitation(inviter="ada", invitee="bob")),
    ),
    **{
        f"muted or not: {name}": ((*acts, MuteMember(muter="bob", muted="ada")), (*acts, SECOND))
        for name, acts in BETWEEN.items()
        if name != "she blocked him"
    },
    "dismissed or not": ((DismissSuggestion(member="bob", other="ada"),), (SECOND,)),
}
"""Two histories each, after what is common to all; where one has an act the other has one, or the time it takes."""


def network(acts: tuple[Act, ...]) -> SmallNetwork:
    net = SmallNetwork(*MEMBERS)
    for act in (*COMMON, *acts):
        if isinstance(act, Command):
            net.do(act)
        else:
            net.wait(act)
    net.net.catch_up()
    return net


# What ada sees


class Seen:
    """Answers without log positions, and with the ids that the network made numbered as they are met."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def of(self, answer: Any) -> Any:
        if isinstance(answer, Refused):
            return f"refused: {answer.code}"
        if isinstance(answer, Page):
            return {"rows": self.of(answer.rows), "total": answer.total, "goes on": answer.cursor is not None}
        if is_dataclass(answer):
            names = [each.name for each in fields(answer) if not each.name.endswith("position")]
            return {name: self.of(getattr(answer, name)) for name in names}
        if isinstance(answer, dict):
            return {name: self.of(value) for name, value in answer.items()}
        if isinstance(answer, str):
            return self._ids.setdefault(answer, f"made {len(self._ids)}") if answer.startswith("id-") else answer
        if isinstance(answer, list | tuple | set | frozenset):
            return [self.of(each) for each in answer]
        return answer


def questions(net: SmallNetwork) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Everything that ada can ask."""
    n = net.net
    for limit in (1, 2, 20):
        yield f"feed {limit}", partial(pages, n.feed, "ada", limit=limit)
        yield f"followers {limit}", partial(pages, n.followers, "ada", "ada", limit=limit)
        yield f"following {limit}", partial(pages, n.following, "ada", "ada", limit=limit)
        yield f"notices {limit}", partial(pages, n.notices, "ada", limit=limit)
        yield f"suggestions {limit}", partial(pages, n.suggestions, "ada", limit=limit)
        yield f"hashtag {limit}", partial(pages, n.hashtag, "tea", "ada", limit=limit)
        for box in ("received", "sent", "archived", "barred"):
            yield f"{box} {limit}", partial(pages, n.invitations, "ada", box, limit=limit)
    for asked in (n.muted, n.blocked, n.hashtags):
        yield asked.__name__, partial(pages, asked, "ada")
    for item in ITEMS:
        yield f"why {item}", partial(n.why, "ada", item)
    for member in MEMBERS:
        yield f"profile {member}", partial(n.profile, member, "ada")
        yield f"relationship {member}", partial(n.relationship, "ada", member)
        yield f"connections {member}", partial(pages, n.connections, member, "ada", limit=1)
        yield f"degree {member}", partial(n.degree, "ada", member)
        yield f"path {member}", partial(n.path, "ada", member)
        for query in (n.followers, n.following):
            yield f"{query.__name__} {member}", partial(query, member, "ada")
    for member in MEMBERS:
        yield f"mutuals {member}", partial(pages, n.mutual_connections, "ada", member, "ada")
    for one, other in permutations(MEMBERS, 2):
        yield f"thread {one} {other}", partial(n.thread, one, other, "ada")
    yield "relationships", lambda: n.relationships("ada", MEMBERS)


def pages(query: Callable[..., Page[Any]], *arguments: Any, **named: Any) -> list[Page[Any]]:
    """All pages of a list, by their cursors."""
    found = [query(*arguments, **named)]
    while found[-1].cursor is not None:
        found.append(query(*arguments, **named, cursor=found[-1].cursor))
    return found


def everything(net: SmallNetwork) -> dict[str, Any]:
    """Each answer, or refusal, that ada gets."""
    net.net.catch_up()
    seen, answers = Seen(), {}
    for name, ask in questions(net):
        try:
            answers[name] = seen.of(ask())
        except Refused as refused:
            answers[name] = seen.of(refused)
    return answers


@pytest.mark.parametrize("pair", PAIRS)
def test_x16_every_answer_is_the_same(pair: str) -> None:
    one, other = (everything(network(acts)) for acts in PAIRS[pair])
    differing = {name: (one[name], other[name]) for name in one if one[name] != other[name]}
    assert not differing


@pytest.mark.parametrize("name", [name for name in BETWEEN if name != "she blocked him"])
def test_x16_the_comparison_would_see_a_difference(name: str) -> None:
    """Whatever is between the two, bob's absence changes what ada is answered."""
    assert everything(network((*BETWEEN[name], BLOCK))) != everything(network(BETWEEN[name]))


# What ada can do

COMMANDS: tuple[Command, ...] = (
    invite("ada", "bob"),
    AcceptInvitation(inviter="bob", invitee="ada"),
    IgnoreInvitation(inviter="bob", invitee="ada", reason=IgnoreReason.SPAM),
    WithdrawInvitation(inviter="ada", invitee="bob"),
    reply("bob", "ada", ReplyKind.ASK),
    reply("bob", "ada", ReplyKind.SUGGEST_FOLLOW),
    reply("ada", "bob", ReplyKind.ANSWER),
    follow("ada", "bob"),
    Unfollow(follower="ada", followee="bob"),
    RemoveFollower(follower="bob", followee="ada"),
    RemoveConnection(member="ada", other="bob"),
    MuteMember(muter="ada", muted="bob"),
    UnmuteMember(muter="ada", muted="bob"),
    BlockMember(blocker="ada", blocked="bob"),
    UnblockMember(blocker="ada", blocked="bob"),
    DismissSuggestion(member="ada", other="bob"),
    SharePost(sharer="ada", item="bob.1"),
    SharePost(sharer="ada", item="bob.2"),
    SharePost(sharer="ada", item="cy.1"),
    invite("ada", "dan"),
    follow("ada", "cy"),
)


def told(net: SmallNetwork, command: Command) -> str:
    """What a command's caller is told, apart from its events: accepted with advisories, or a refusal's code."""
    try:
        return f"accepted {net.do(command).advisories}"
    except Refused as refused:
        return refused.code


@pytest.mark.parametrize("pair", PAIRS)
def test_x16_every_command_is_answered_the_same_and_leaves_her_with_the_same(pair: str) -> None:
    one, other = (network(acts) for acts in PAIRS[pair])
    for command in COMMANDS:
        assert told(one, command) == told(other, command), command
    assert everything(one) == everything(other)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_x16_every_command_as_the_first_is_answered_the_same(command: Command) -> None:
    for name in PAIRS:
        one, other = (network(acts) for acts in PAIRS[name])
        assert told(one, command) == told(other, command), name
