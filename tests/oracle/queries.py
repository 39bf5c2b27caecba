"""What the naive network answers, each query as the rules word it: who is shown to whom, lists, degrees, actions."""

from typing import Any

from oracle.network import NaiveNetwork
from oracle.state import Invitation, Notice, Share

from domain import (
    AcceptInvitation,
    BlockMember,
    Command,
    Follow,
    IgnoreInvitation,
    IgnoreReason,
    MuteMember,
    RemoveConnection,
    RemoveFollower,
    ReplyKind,
    ReplyToInvitation,
    SendInvitation,
    UnblockMember,
    Unfollow,
    UnmuteMember,
    WithdrawInvitation,
)

NOT_AVAILABLE = "not_available"

# Who is shown to whom. `despite` names a member whose own hiding does not matter: for their own feed (section 7: "-").


def available(network: NaiveNetwork, viewer: str, member: str) -> bool:
    """X16: hidden, erased, unknown, blocking and blocked are all one to the viewer."""
    return (viewer == member or not network.hidden(member)) and not network.blocked(viewer, member)


def is_viewer(network: NaiveNetwork, member: str) -> bool:
    known = network.members.get(member)
    return known is not None and not (known.erased or known.erased_since)


def shown_since(network: NaiveNetwork, member: str, other: str) -> int:
    return max(network.connections[frozenset((member, other))].position, network.members[other].returned)


def has_room(network: NaiveNetwork, member: str, other: str) -> bool:
    """X15, from the member's side: one that the other's hiding interrupted waits while the member is at the cap."""
    cap = network.policy.connections_cap
    since = shown_since(network, member, other)
    if cap is None or since == network.connections[frozenset((member, other))].position:
        return True
    longer = [each for each in network.connected_others(member) if shown_since(network, member, each) < since]
    return sum(connected(network, member, each) for each in longer) < cap


def connected(network: NaiveNetwork, one: str, other: str, despite: str | None = None) -> bool:
    """The connection stands and is shown."""
    if not network.stands_connected(one, other):
        return False
    if any(network.hidden(member) and member != despite for member in (one, other)):
        return False
    return has_room(network, one, other) and has_room(network, other, one)


def follows(network: NaiveNetwork, follower: str, followee: str, despite: str | None = None) -> bool:
    """X11: the follow is effective."""
    if (follower, followee) not in network.follows or network.blocked(follower, followee):
        return False
    if any(network.hidden(member) and member != despite for member in (follower, followee)):
        return False
    open_to_strangers = network.value(followee, "follower_setting") != "connections"
    return open_to_strangers or connected(network, follower, followee, despite)


def connections_of(network: NaiveNetwork, member: str) -> list[str]:
    """Newest first."""
    others = [other for other in network.members if connected(network, member, other)]
    return sorted(others, key=lambda other: -network.connections[frozenset((member, other))].position)


# Lists and counts


def connections(network: NaiveNetwork, member: str, viewer: str) -> list[str] | str:
    """G6."""
    if not is_viewer(network, viewer) or not available(network, viewer, member):
        return NOT_AVAILABLE
    listed = network.value(member, "connections_visibility") == "connections" and connected(network, viewer, member)
    if viewer != member and not listed:
        return NOT_AVAILABLE
    return [other for other in connections_of(network, member) if available(network, viewer, other)]


def followers(network: NaiveNetwork, member: str) -> list[str]:
    """The member's own list, newest first."""
    found = [each for each in network.members if follows(network, each, member)]
    return sorted(found, key=lambda each: -network.follows[each, member].position)


def following(network: NaiveNetwork, member: str) -> list[str]:
    """The member's own list, newest first."""
    found = [each for each in network.members if follows(network, member, each)]
    return sorted(found, key=lambda each: -network.follows[member, each].position)


def counts(network: NaiveNetwork, member: str, viewer: str | None = None) -> dict[str, int] | str:
    """X11, X16: the length of each list as the viewer may see it; without a viewer nobody is left out for a block."""
    if network.hidden(member) or (viewer is not None and not available(network, viewer, member)):
        return NOT_AVAILABLE
    lists = {
        "connections": connections_of(network, member),
        "followers": followers(network, member),
        "following": following(network, member),
    }
    return {
        name: sum(viewer is None or available(network, viewer, each) for each in members)
        for name, members in lists.items()
    }


def invitations(network: NaiveNetwork, member: str, box: str) -> list[tuple[str, str, str, str | None]]:
    """Of each the other member, note kind, note, how known; newest first. Boxes: received, sent, barred, archived."""
    found = []
    for invitation in reversed(network.invitations):
        inviter, invitee = invitation.inviter, invitation.invitee
        if invitation is not network.open_invitation(inviter, invitee) or not is_viewer(network, member):
            continue
        other = invitee if box == "sent" else inviter
        answered_box = "archived" if invitation.ignored else "barred" if invitation.barred else "received"
        mine = inviter == member if box == "sent" else invitee == member and box == answered_box
        if mine and not network.hidden(other):
            found.append((other, invitation.note_kind, invitation.note, invitation.how_known))
    return found


def thread(network: NaiveNetwork, inviter: str, invitee: str, viewer: str) -> list[tuple[str, str, str]] | str:
    """Author, kind and text of each reply to the newest invitation, oldest first, while it is open or was accepted."""
    other = invitee if viewer == inviter else inviter
    if viewer not in (inviter, invitee) or not is_viewer(network, viewer) or not available(network, viewer, other):
        return NOT_AVAILABLE
    invitation = network.latest_invitation(inviter, invitee)
    shown = invitation and (invitation.state == "accepted" or network.open_invitation(inviter, invitee))
    return list(invitation.thread) if invitation and shown else []


# The graph


def degree(network: NaiveNetwork, viewer: str, member: str) -> int | None:
    """G1; on the way, too, those are absent who are not available to the viewer (X16)."""
    if network.hidden(viewer):
        return None
    reached, edge = {viewer}, {viewer}
    for distance in range(4):
        if member in edge:
            return distance
        edge = {near for far in edge for near in network.members if connected(network, far, near)} - reached
        edge = {near for near in edge if available(network, viewer, near)}
        reached |= edge
    return None


def path(network: NaiveNetwork, viewer: str, member: str) -> tuple[str | None, ...] | None:
    """G3: over the least by id of the viewer's connections who are one step nearer; nobody after them is named."""
    distance = degree(network, viewer, member)
    if distance is None or distance < 2:
        return None if distance is None else (viewer, member)[: distance + 1]
    seen = [each for each in network.members if available(network, viewer, each)]
    seconds = [member] if distance == 2 else [each for each in seen if connected(network, each, member)]
    firsts = [each for each in seen if connected(network, viewer, each)]
    first = min(each for each in firsts if any(connected(network, each, second) for second in seconds))
    return (viewer, first, member) if distance == 2 else (viewer, first, None, member)


def mutual_connections(network: NaiveNetwork, one: str, other: str, viewer: str) -> list[str] | str:
    """G2: those of both, by id, for one of the two."""
    assert viewer in (one, other)
    if not is_viewer(network, viewer):
        return NOT_AVAILABLE
    if not available(network, viewer, one) or not available(network, viewer, other):
        return NOT_AVAILABLE
    return sorted(m for m in network.members if connected(network, one, m) and connected(network, other, m))


def suggestions(network: NaiveNetwork, member: str) -> list[tuple[str, int]]:
    """G4: the most mutual connections first, then by id."""
    found = [
        (other, len(mutual_connections(network, member, other, member)))
        for other in network.members
        if degree(network, member, other) == 2
        if not network.is_page(other)  # who cannot be invited is not suggested
        if (member, other) not in network.dismissed and (member, other) not in network.bars
        # An invitation that the member ignored stands all the same, and can still be accepted.
        if not network.open_invitation(member, other) and not network.open_invitation(other, member)
    ]
    return sorted(found, key=lambda each: (-each[1], each[0]))


# One member to another


def pending(network: NaiveNetwork, viewer: str, member: str) -> str | None:
    """As the viewer sees it: what they sent stays pending though ignored; what they ignored, or barred, does not."""
    if network.open_invitation(viewer, member):
        return "sent"
    received = network.open_invitation(member, viewer)
    return "received" if received and not received.ignored and not received.barred else None


def email_readable(network: NaiveNetwork, viewer: str, member: str) -> str | None:
    """S25: the address, or None."""
    if not is_viewer(network, viewer):
        return None
    address: str | None = network.value(member, "primary_email") if member in network.members else None
    if viewer == member:
        return address
    if network.hidden(viewer) or not available(network, viewer, member):
        return None
    visibility = network.value(member, "email_visibility")
    readable = visibility == "everyone" or (visibility == "connections" and connected(network, viewer, member))
    return address if readable else None


def action_commands(viewer: str, member: str) -> dict[str, Command]:
    return {
        "connect": SendInvitation(inviter=viewer, invitee=member),
        "accept": AcceptInvitation(inviter=member, invitee=viewer),
        "withdraw": WithdrawInvitation(inviter=viewer, invitee=member),
        "reply_ask": ReplyToInvitation(inviter=member, invitee=viewer, kind=ReplyKind.ASK, text="?"),
        "follow": Follow(follower=viewer, followee=member),
        "unfollow": Unfollow(follower=viewer, followee=member),
        "remove_follower": RemoveFollower(follower=member, followee=viewer),
        "remove_connection": RemoveConnection(member=viewer, other=member),
        "mute": MuteMember(muter=viewer, muted=member),
        "unmute": UnmuteMember(muter=viewer, muted=member),
        "block": BlockMember(blocker=viewer, blocked=member),
        "unblock": UnblockMember(blocker=viewer, blocked=member),
    }


def possible(network: NaiveNetwork, command: Command) -> bool | str:
    """True; a refusal code; or "already_so" where it would change nothing."""
    verdict = network.would(command)
    return True if verdict == "accepted" else verdict


def ignorable(network: NaiveNetwork, viewer: str, member: str) -> bool | str:
    """As `possible`: there is a reason for which the viewer may ignore the member's invitation."""
    tried = [IgnoreInvitation(inviter=member, invitee=viewer, reason=reason) for reason in IgnoreReason]
    verdicts = [possible(network, command) for command in tried]
    return True if True in verdicts else verdicts[0]


def relationship(network: NaiveNetwork, viewer: str, member: str) -> dict[str, Any] | str:
    """G5. Of a member who is not available only the viewer's own block is told, and what it leaves them to do."""
    if not is_viewer(network, viewer):
        return NOT_AVAILABLE
    own_block = (viewer, member) in network.blocks and is_viewer(network, member)
    if not available(network, viewer, member) and not own_block:
        return NOT_AVAILABLE
    is_connected = connected(network, viewer, member)
    return {
        "degree": degree(network, viewer, member),
        "connected": is_connected,
        "connected_since": network.connections[frozenset((viewer, member))].at if is_connected else None,
        "pending": pending(network, viewer, member),
        "following": follows(network, viewer, member),
        "followed_by": follows(network, member, viewer),
        "muted": (viewer, member) in network.mutes,
        "email": email_readable(network, viewer, member),
        "actions": {name: possible(network, command) for name, command in action_commands(viewer, member).items()}
        | {"ignore": ignorable(network, viewer, member)},
    }


# Notices


def object_of(notice: Notice) -> Any:
    if isinstance(notice.about, Invitation):
        return (notice.about.inviter, notice.about.invitee)
    return notice.about.item if isinstance(notice.about, Share) else notice.actor


def notices(network: NaiveNetwork, member: str) -> list[tuple[str, str, Any, bool]]:
    """N1, N2: kind, actor, object and whether it is read, newest first. The object of an invitation's is the pair, that
    of a follow's the follower."""
    if not is_viewer(network, member):
        return []
    return [
        (notice.kind, notice.actor, object_of(notice), notice.position <= network.members[member].read_up_to)
        for notice in reversed(network.notices)
        if notice.recipient == member and available(network, member, notice.actor)
        if network.holds(notice)
    ]


def broken_pairs(network: NaiveNetwork) -> set[tuple[str, str]]:
    """X14: pairs that are blocked and yet connected, following or invited; there are none."""
    return {
        (blocker, blocked)
        for blocker, blocked in network.blocks
        if network.stands_connected(blocker, blocked)
        or (blocker, blocked) in network.follows
        or (blocked, blocker) in network.follows
        or network.open_invitation(blocker, blocked)
        or network.open_invitation(blocked, blocker)
    }
