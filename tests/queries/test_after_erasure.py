"""Erasure ends all answers about the erased, and for a viewer those as of the past too; of who never was there no query
says "nothing" (B20, B31, X17)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.seen_by import questions
from support.small_network import SmallNetwork

from domain import (
    AcceptInvitation,
    BlockMember,
    EraseMember,
    FollowHashtag,
    MuteMember,
    PublishPost,
    Refused,
    ReplyKind,
    ReplyToInvitation,
    SendInvitation,
    SharePost,
    UnblockMember,
)

MEMBERS = ("ada", "bob", "cy", "dan", "eve")
ITEMS = ("of-bob", "of-cy")
ERASED = "bob"
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def net() -> Iterator[SmallNetwork]:
    """bob did all that there is, with ada and with others, and is erased in the end."""
    made = SmallNetwork(*MEMBERS)
    made.invite("bob", "ada", "Here is bob")
    made.do(ReplyToInvitation(inviter="bob", invitee="ada", kind=ReplyKind.ASK, text="Who is bob?"))
    made.do(AcceptInvitation(inviter="bob", invitee="ada"))
    made.connect("ada", "cy")
    made.connect("bob", "cy")
    made.connect("bob", "eve")
    made.do(FollowHashtag(member="bob", hashtag="tea"), FollowHashtag(member="ada", hashtag="tea"))
    made.do(PublishPost(author="bob", text="bob likes #tea", item="of-bob"))
    made.do(PublishPost(author="cy", text="So do I. #tea", item="of-cy"), SharePost(sharer="bob", item="of-cy"))
    made.invite("dan", "bob")
    made.do(MuteMember(muter="bob", muted="eve"), BlockMember(blocker="bob", blocked="dan"))
    made.do(MuteMember(muter="eve", muted="bob"))
    made.net.catch_up()
    made.before = made.head  # type: ignore[attr-defined]
    made.do(EraseMember(member="bob"))
    made.do(PublishPost(author="cy", text="More #tea", item="later"))
    made.net.catch_up()
    yield made
    made.net.close()


def answer(ask: Ask, *arguments: Any, **named: Any) -> Any:
    """What a query answers, with the rows of a list; or the code of its refusal."""
    try:
        found = ask(*arguments, **named)
    except Refused as refused:
        return refused.code
    return found.rows if hasattr(found, "rows") else found


def points(net: SmallNetwork) -> list[int | None]:
    return [None, *range(1, net.head + 1)]


@pytest.mark.parametrize("viewer", ["ada", "cy", "dan", "eve"])
def test_b20_no_answer_to_a_viewer_names_the_erased_as_of_any_point(net: SmallNetwork, viewer: str) -> None:
    for as_of in points(net):
        for query, arguments in questions(viewer, [each for each in MEMBERS if each != ERASED], ITEMS):
            if (query, viewer) == ("muted", "eve"):  # what one did oneself, one can see and undo (H14)
                continue
            found = answer(getattr(net.net, query), **arguments, as_of=as_of)
            assert ERASED not in str(found).replace("of-bob", ""), (query, arguments, as_of)


@pytest.mark.parametrize("viewer", ["ada", "cy", "dan", "eve"])
def test_b20_every_query_about_the_erased_is_refused_to_a_viewer_as_of_any_point(
    net: SmallNetwork, viewer: str
) -> None:
    n = net.net
    for as_of in points(net):
        asked = {
            "profile": answer(n.profile, ERASED, viewer, as_of=as_of),
            "relationship": answer(n.relationship, viewer, ERASED, as_of=as_of),
            "connections": answer(n.connections, ERASED, viewer, as_of=as_of),
            "followers": answer(n.followers, ERASED, viewer, as_of=as_of),
            "following": answer(n.following, ERASED, viewer, as_of=as_of),
            "mutual connections": answer(n.mutual_connections, viewer, ERASED, viewer, as_of=as_of),
            "thread to them": answer(n.thread, viewer, ERASED, viewer, as_of=as_of),
            "thread from them": answer(n.thread, ERASED, viewer, viewer, as_of=as_of),
        }
        assert set(asked.values()) == {"not_available"}, (as_of, asked)
        found = answer(n.relationships, viewer, [ERASED], as_of=as_of)
        assert [refused.code for refused in found.values()] == ["not_available"]
        there = as_of is None or as_of >= MEMBERS.index(viewer) + 1
        expected = None if there else "not_available"
        assert answer(n.degree, viewer, ERASED, as_of=as_of) == expected
        assert answer(n.path, viewer, ERASED, as_of=as_of) == expected
        assert answer(n.why, viewer, "of-bob", as_of=as_of).code == "not_available"


def test_b20_and_x18_to_whoever_had_blocked_them_the_erased_are_not_available_either() -> None:
    net = SmallNetwork("ada", "bob")
    net.do(BlockMember(blocker="ada", blocked="bob"))
    net.net.catch_up()
    assert answer(net.net.profile, "bob", "ada") == "blocked_by_you"
    net.do(EraseMember(member="bob"))
    net.net.catch_up()
    for as_of in points(net):
        for query, arguments in (("profile", ("bob", "ada")), ("relationship", ("ada", "bob"))):
            assert answer(getattr(net.net, query), *arguments, as_of=as_of) == "not_available", (query, as_of)
    assert net.code(SendInvitation(inviter="ada", invitee="bob")) == "not_available"
    net.do(UnblockMember(blocker="ada", blocked="bob"))


def test_b20_the_erased_themselves_are_answered_nothing_as_of_any_point(net: SmallNetwork) -> None:
    for as_of in points(net):
        for query, arguments in questions(ERASED, MEMBERS, ITEMS):
            found = answer(getattr(net.net, query), **arguments, as_of=as_of)
            if query == "relationships":
                assert {refused.code for refused in found.values()} == {"not_available"}
            elif query == "why":
                assert found.code == "not_available"
            elif query == "mutual_connections" and ERASED not in (arguments["one"], arguments["other"]):
                assert found == "not_yours"
            elif found not in ("bad_box", "bad_hashtag"):
                assert found == "not_available", (query, arguments, as_of)


def test_b20_the_host_is_answered_as_of_the_past_alone(net: SmallNetwork) -> None:
    n, before = net.net, net.before  # type: ignore[attr-defined]
    asked: dict[str, Ask] = {
        "profile": lambda as_of: n.profile(ERASED, as_of=as_of),
        "connections": lambda as_of: n.connections(ERASED, as_of=as_of),
        "followers": lambda as_of: n.followers(ERASED, as_of=as_of),
        "following": lambda as_of: n.following(ERASED, as_of=as_of),
        "mutual connections": lambda as_of: n.mutual_connections(ERASED, "ada", as_of=as_of),
        "thread": lambda as_of: n.thread("bob", "ada", as_of=as_of),
        "thread, of the other": lambda as_of: n.thread("dan", "bob", as_of=as_of),
    }
    for name, ask in asked.items():
        assert answer(ask, None) == answer(ask, net.head) == "not_available", name
        assert answer(ask, before) != "not_available", name
    assert [row.member for row in n.connections("cy", as_of=before)] == ["bob", "ada"]
    assert [row.member for row in n.connections("cy", "ada", as_of=before)] == ["ada"]
    assert (n.profile("cy", as_of=before).connections, n.profile("cy", "ada", as_of=before).connections) == (2, 1)


# Who never was there


@pytest.mark.parametrize("as_of", [None, 5])
def test_b31_no_query_says_nothing_for_somebody_who_does_not_exist(net: SmallNetwork, as_of: int | None) -> None:
    for query, arguments in questions("ghost", ("ada", "ghost"), ITEMS):
        found = answer(getattr(net.net, query), **arguments, as_of=as_of)
        if query == "relationships":
            assert {refused.code for refused in found.values()} == {"not_available"}
        elif query == "why":
            assert found.code == "not_available"
        elif query == "mutual_connections" and "ghost" not in (arguments["one"], arguments["other"]):
            assert found == "not_yours"
        elif found not in ("bad_box", "bad_hashtag"):
            assert found == "not_available", (query, arguments)
    n = net.net
    for ask in (n.profile, n.connections, n.followers, n.following):
        for viewer in (None, "ada", "ghost"):
            assert answer(ask, "ghost", viewer, as_of=as_of) == "not_available"
    for viewer in (None, "ada"):
        assert answer(n.mutual_connections, "ada", "ghost", viewer, as_of=as_of) == "not_available"
        assert answer(n.thread, "ada", "ghost", viewer, as_of=as_of) == "not_available"
        assert answer(n.thread, "ghost", "ada", viewer, as_of=as_of) == "not_available"
    assert answer(n.degree, "ada", "ghost", as_of=as_of) is None  # out of network, as for whoever is hidden (G1)
