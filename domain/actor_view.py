"""What the member who acted may be told of the outcome (X16).

The host sees which events an act made; from their kinds and number the actor could tell a block from a hibernation, an
ignored invitation from one that waits, a bar from none. What is here depends on nothing that is hidden from the actor.
"""

from dataclasses import dataclass
from typing import Any

from domain.catalogue import DECIDERS
from domain.decision import Command, Outcome
from domain.items import ArticlePublished, PostPublished, PostShared
from domain.relationships.connection_events import MembersConnected
from domain.relationships.invitation_events import InvitationSent


@dataclass(frozen=True, slots=True)
class ActorView:
    """An accepted act, as the member who acted may see it.

    `already_so` is None where that is not told: an act that ends something is answered alike whether or not anything
    was there. `invitation`, `item` and `share` are the ids of what the act made. `connected` is whether it connected
    the two. There is no position: from two of them the number of events between could be told.
    """

    already_so: bool | None
    advisories: tuple[str, ...] = ()
    invitation: str | None = None
    item: str | None = None
    share: str | None = None
    connected: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: `accepted`, and of the rest what has something to say."""
        told: dict[str, Any] = {"accepted": True}
        if self.already_so is not None:
            told["already_so"] = self.already_so
        for name in ("invitation", "item", "share"):
            if (made := getattr(self, name)) is not None:
                told[name] = made
        if self.connected:
            told["connected"] = True
        if self.advisories:
            told["advisories"] = list(self.advisories)
        return told


def actor_view(command: Command, outcome: Outcome) -> ActorView:
    """What the member for whom an accepted command acted may be told of its outcome."""
    if DECIDERS[type(command)].answered_alike:
        return ActorView(already_so=None)
    invitation = item = share = None
    connected = False
    for event in outcome.events:
        match event:
            case InvitationSent():
                invitation = event.invitation
            case PostPublished() | ArticlePublished():
                item = event.item
            case PostShared():
                share = event.share
            case MembersConnected():
                connected, invitation = True, event.invitation
    return ActorView(not outcome.events, outcome.advisories, invitation, item, share, connected)
