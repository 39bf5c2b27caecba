"""What a host may hand to the member who acted (X16).

The host sees the events that an act made. From their kinds and their number the actor could distinguish a block from a
hibernation, an ignored invitation from one that waits, and a bar from none. The view defined here depends on nothing
that is hidden from the actor.
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

    `already_so` is None where the view does not say: an act that ends something has the same answer whether or not
    anything was there. `invitation`, `item` and `share` are the ids of what the act made. `connected` says whether it
    connected the two members. There is no position, because two positions give away how many events lie between them.
    """

    already_so: bool | None
    advisories: tuple[str, ...] = ()
    invitation: str | None = None
    item: str | None = None
    share: str | None = None
    connected: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: always `accepted`, and each of the other fields that has a value."""
        shown: dict[str, Any] = {"accepted": True}
        if self.already_so is not None:
            shown["already_so"] = self.already_so
        for name in ("invitation", "item", "share"):
            if (made := getattr(self, name)) is not None:
                shown[name] = made
        if self.connected:
            shown["connected"] = True
        if self.advisories:
            shown["advisories"] = list(self.advisories)
        return shown


def actor_view(command: Command, outcome: Outcome) -> ActorView:
    """The outcome of an accepted command, as the member that it acted for may see it."""
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
