"""The acts of the mix as our commands."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from benchmarks.mix import NOTE, Act
from domain import (
    AcceptInvitation,
    ChangeFollowerSetting,
    ChangePolicy,
    Command,
    Follow,
    FollowerSetting,
    IgnoreInvitation,
    PublishPost,
    RegisterMember,
    RemoveConnection,
    SendInvitation,
)
from infrastructure.app import Network

WIDE_LIMITS: dict[str, Any] = {"invitations_per_week": 1_000_000_000, "cooldown_days": 0}
"""So wide that none is reached; each is still compared with what a member has sent."""

COMMANDS: dict[str, Callable[[str, str], Command]] = {
    "invite": lambda actor, other: SendInvitation(inviter=actor, invitee=other, note=NOTE),
    "accept": lambda actor, other: AcceptInvitation(inviter=other, invitee=actor),
    "ignore": lambda actor, other: IgnoreInvitation(inviter=other, invitee=actor),
    "remove": lambda actor, other: RemoveConnection(member=actor, other=other),
    "follow": lambda actor, other: Follow(follower=actor, followee=other),
    "publish": lambda actor, text: PublishPost(author=actor, text=text),
}


def command(act: Act) -> Command:
    """The command of an act that is not `register`."""
    verb, actor, other = act
    return COMMANDS[verb](actor, other)


def start(net: Network, acts: Iterable[Act]) -> None:
    """Lift the limits, and bring a network to where a mix begins."""
    net.handle(ChangePolicy(values=WIDE_LIMITS))
    net.handle_many(_commands(acts))


def _commands(acts: Iterable[Act]) -> Iterator[Command]:
    for act in acts:
        verb, actor, _ = act
        if verb == "register":
            yield RegisterMember(member=actor, name=actor, primary_email=f"{actor}@example.org")
            yield ChangeFollowerSetting(member=actor, setting=FollowerSetting.EVERYONE)
        else:
            yield command(act)
