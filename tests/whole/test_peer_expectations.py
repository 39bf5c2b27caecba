"""What the tests of comparable projects agree on, where no other test here asks for it (docs/rules.md, section 11)."""

from typing import Any

from support.small_network import SmallNetwork, members

from domain import Audience, ChangeFollowerSetting, FollowerSetting, MuteMember, PublishPost


def everything_told(world: SmallNetwork, member: str) -> dict[str, Any]:
    """All that a member can be told of what happened to them."""
    world.net.catch_up()
    return {
        "notices": [(row.actor, row.kind) for row in world.net.notices(member).rows],
        "boxes": [members(world.net.invitations(member, box).rows) for box in ("received", "archived", "barred")],
        "blocked": members(world.net.blocked(member).rows),
        "muted": members(world.net.muted(member).rows),
    }


def test_n1_peer_90_a_block_is_told_to_nobody() -> None:
    world = SmallNetwork()
    before = {member: everything_told(world, member) for member in ("ada", "bob", "cy")}
    world.block("ada", "bob")
    after = {member: everything_told(world, member) for member in ("ada", "bob", "cy")}
    assert after.pop("ada") == before.pop("ada") | {"blocked": ["bob"]}, "the one who blocks sees whom"
    assert after == before


def test_x13_n1_peer_98_a_muted_member_who_follows_is_told_of() -> None:
    world = SmallNetwork()
    world.do(
        ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE), MuteMember(muter="ada", muted="bob")
    )
    world.follow("bob", "ada")
    assert everything_told(world, "ada")["notices"] == [("bob", "follower")]


def test_f5_f9_peer_113_an_author_is_never_refused_their_own_items() -> None:
    """They are not in the own feed, and why not is told: whoever they are for, they are available to their author."""
    world = SmallNetwork()
    for audience in Audience:
        world.do(PublishPost(author="ada", text="On #bridges", audience=audience, item=f"for.{audience}"))
    world.hibernate("ada")
    world.net.catch_up()
    for audience in Audience:
        assert world.net.why("ada", f"for.{audience}").code == "own_item"
    shown = [row.item for row in world.net.hashtag("bridges", viewer="ada").rows]
    assert shown == ["for.anyone"], "also while hidden; what is for connections is under no hashtag (F2)"
