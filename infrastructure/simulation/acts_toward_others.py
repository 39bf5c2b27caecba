"""What simulated members do to each other: invite, answer, follow, mute, block, part.

An act gives a command, or None where there is nothing to do it to; the member then does something else.
"""

from collections.abc import Callable

from domain import (
    AcceptInvitation,
    BlockMember,
    Command,
    DismissSuggestion,
    Follow,
    FollowOrigin,
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
from infrastructure.simulation import texts
from infrastructure.simulation.people import Character, Person
from infrastructure.simulation.world import World

Act = Callable[[World, Person], Command | None]

CAMPAIGN = 115
"""How many are written to in one go, mostly by spammers; the default policy allows 100 invitations a week."""
STRANGERS_TOLD_TO_FOLLOW = (Character.CELEBRITY, Character.PUBLISHER)


def invite(world: World, person: Person) -> Command | None:
    other = world.somebody() if person.character is Character.SPAMMER else world.acquaintance(person)
    if other is person or other.character is Character.PAGE or other.gone:
        return None
    if other.member in person.connections or other.member in person.sent or other.member in person.blocked:
        return None
    note = how_known = None
    if person.character is Character.SPAMMER:
        note = texts.written(texts.ADVERTISEMENTS, person, world.chance)
    elif world.likely(0.15 if person.character is Character.NETWORKER else 0.6):
        note = texts.written(texts.NOTES, person, world.chance)
        how_known = world.chance.choice(texts.KNOWN_FROM) if world.likely(0.4) else None
    close = other.circle == person.circle
    email = other.email if other.character is Character.PRIVATE and close and world.likely(0.8) else None
    if other.member in person.received or other.character is Character.NETWORKER:
        world.connect(person, other)
    elif other.character is not Character.PRIVATE or email:
        person.sent.add(other.member)
        other.received.add(person.member)
    return SendInvitation(inviter=person.member, invitee=other.member, note=note, how_known=how_known, email=email)


def campaign(world: World, person: Person) -> Command | None:
    """Write to one stranger after the other, until all that were meant to be written to have been tried."""
    if world.campaigner is None:
        world.campaigner, world.campaign_left = person, CAMPAIGN
    world.campaign_left -= 1
    if not world.campaign_left:
        world.campaigner = None
    return invite(world, person)


def answer_invitation(world: World, person: Person) -> Command | None:
    inviter = person.received.draw(world.chance)
    if inviter is None:
        return None
    sender = world.people[inviter]
    known = sender.circle == person.circle or any(friend in person.connections for friend in _some(sender, world))
    draw = world.chance.random()
    if sender.character is Character.SPAMMER and draw < 0.7:
        reason = IgnoreReason.SPAM if draw < 0.4 else IgnoreReason.DO_NOT_KNOW
        return _ignore(person, sender, reason)
    if not known and person.character in STRANGERS_TOLD_TO_FOLLOW and draw < 0.6:
        text = texts.written(texts.SUGGESTIONS, person, world.chance) if draw < 0.3 else None
        sender.suggested_by.add(person.member)
        return _reply(sender, person, ReplyKind.SUGGEST_FOLLOW, text)
    if not known and draw < 0.25:
        sender.asked_by.add(person.member)
        return _reply(sender, person, ReplyKind.ASK, texts.written(texts.QUESTIONS, person, world.chance))
    if not known and draw < 0.4:
        return _ignore(person, sender, IgnoreReason.NOT_NOW if draw < 0.35 else IgnoreReason.DO_NOT_KNOW)
    world.connect(person, sender)
    return AcceptInvitation(inviter=inviter, invitee=person.member)


def _some(person: Person, world: World) -> list[str]:
    """A few of a member's connections; looking at all of a networker's would take long."""
    drawn = [person.connections.draw(world.chance) for _ in range(min(4, len(person.connections)))]
    return [friend for friend in drawn if friend is not None]


def _ignore(person: Person, sender: Person, reason: IgnoreReason) -> Command:
    person.received.discard(sender.member)
    sender.asked_by.discard(person.member)
    return IgnoreInvitation(inviter=sender.member, invitee=person.member, reason=reason)


def _reply(sender: Person, recipient: Person, kind: ReplyKind, text: str | None) -> Command:
    return ReplyToInvitation(inviter=sender.member, invitee=recipient.member, kind=kind, text=text)


def answer_question(world: World, person: Person) -> Command | None:
    asker = person.asked_by.draw(world.chance)
    if asker is None:
        return None
    if world.likely(0.8):
        person.asked_by.discard(asker)
    text = texts.written(texts.ANSWERS, person, world.chance)
    return _reply(person, world.people[asker], ReplyKind.ANSWER, text)


def withdraw(world: World, person: Person) -> Command | None:
    invitee = person.sent.draw(world.chance)
    if invitee is None:
        return None
    person.sent.discard(invitee)
    person.asked_by.discard(invitee)
    world.people[invitee].received.discard(person.member)
    return WithdrawInvitation(inviter=person.member, invitee=invitee)


def follow(world: World, person: Person) -> Command | None:
    suggested = person.suggested_by.draw(world.chance)
    if suggested is not None and suggested not in person.following:
        world.follow(person, world.people[suggested])
        return Follow(follower=person.member, followee=suggested)
    item = None
    if world.recent and world.likely(0.4):
        item, author = world.chance.choice(world.recent)
        other = world.people[author]
    else:
        other = world.popular()
    if other is person or other.member in person.following or other.member in person.blocked or other.gone:
        return None
    if not _open_to_followers(other) and not world.likely(0.1):
        return None  # most look at the button first; some do not, and are refused
    if _open_to_followers(other):
        world.follow(person, other)
    if item is None:
        return Follow(follower=person.member, followee=other.member)
    return Follow(follower=person.member, followee=other.member, origin=FollowOrigin.POST, origin_ref=item)


def _open_to_followers(person: Person) -> bool:
    return person.character in (
        Character.CELEBRITY,
        Character.PUBLISHER,
        Character.PAGE,
        Character.NETWORKER,
    )


def unfollow(world: World, person: Person) -> Command | None:
    followee = person.following.draw(world.chance)
    if followee is None:
        return None
    world.unfollow(person, world.people[followee])
    return Unfollow(follower=person.member, followee=followee)


def remove_follower(world: World, person: Person) -> Command | None:
    follower = person.followers.draw(world.chance)
    if follower is None:
        return None
    world.unfollow(world.people[follower], person)
    return RemoveFollower(follower=follower, followee=person.member)


def remove_connection(world: World, person: Person) -> Command | None:
    friend = person.connections.draw(world.chance)
    if friend is None:
        return None
    world.part(person, world.people[friend])
    return RemoveConnection(member=person.member, other=friend)


def mute(world: World, person: Person) -> Command | None:
    followee = person.following.draw(world.chance)
    if followee is None:
        return None
    person.muted.add(followee)
    return MuteMember(muter=person.member, muted=followee)


def unmute(world: World, person: Person) -> Command | None:
    muted = person.muted.take(world.chance)
    return UnmuteMember(muter=person.member, muted=muted) if muted else None


def block(world: World, person: Person) -> Command | None:
    annoying = next((each for each in person.received if world.people[each].character is Character.SPAMMER), None)
    other = annoying or (world.somebody().member if world.likely(0.2) else person.followers.draw(world.chance))
    if other is None or other == person.member:
        return None
    world.part(person, world.people[other])
    person.blocked.add(other)
    return BlockMember(blocker=person.member, blocked=other)


def unblock(world: World, person: Person) -> Command | None:
    blocked = person.blocked.take(world.chance)
    return UnblockMember(blocker=person.member, blocked=blocked) if blocked else None


def dismiss_suggestion(world: World, person: Person) -> Command | None:
    other = world.acquaintance(person)
    if other is person or other.member in person.connections:
        return None
    return DismissSuggestion(member=person.member, other=other.member)
