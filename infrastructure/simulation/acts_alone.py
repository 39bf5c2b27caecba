"""What simulated members do by themselves: publish, set their settings, come and go, and make mistakes."""

from collections.abc import Callable

from domain import (
    AcceptInvitation,
    Audience,
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangeFollowerSetting,
    ChangeInvitationPolicy,
    ChangePrimaryEmail,
    ChangeProfile,
    ChangeWhoMayInvite,
    Command,
    ConnectionsVisibility,
    DeletePost,
    EraseMember,
    Follow,
    FollowerSetting,
    FollowHashtag,
    HibernateMember,
    InvitationPolicy,
    MarkNoticesRead,
    PostKind,
    PrimaryAction,
    PublishArticle,
    PublishPost,
    ReactivateMember,
    SendInvitation,
    SharePost,
    UnfollowHashtag,
    Visibility,
    WhoMayInvite,
)
from infrastructure.simulation import texts
from infrastructure.simulation.people import TOPICS, Character, Person
from infrastructure.simulation.world import World


def settings_at_joining(person: Person) -> list[Command]:
    """What a member of this character sets at once."""
    member = person.member
    match person.character:
        case Character.NETWORKER:
            return [
                ChangeInvitationPolicy(member=member, setting=InvitationPolicy.ACCEPT_ALL),
                ChangeFollowerSetting(member=member, setting=FollowerSetting.EVERYONE),
                ChangeEmailVisibility(member=member, visibility=Visibility.EVERYONE),
            ]
        case Character.PRIVATE:
            return [
                ChangeWhoMayInvite(member=member, setting=WhoMayInvite.EMAIL),
                ChangeFollowerSetting(member=member, setting=FollowerSetting.CONNECTIONS),
                ChangeConnectionsVisibility(member=member, visibility=ConnectionsVisibility.ONLY_ME),
            ]
        case Character.CELEBRITY:
            return [
                ChangeFollowerSetting(member=member, setting=FollowerSetting.EVERYONE),
                ChangeProfile(
                    member=member, primary_action=PrimaryAction.FOLLOW, suggest_follow_text=texts.SAVED_SUGGESTION
                ),
            ]
        case Character.PUBLISHER:
            return [ChangeProfile(member=member, suggest_follow_text=texts.SAVED_SUGGESTION)]
    return []


def post(world: World, person: Person) -> Command | None:
    update = world.likely(0.2)
    audience = Audience.CONNECTIONS if world.likely(0.15) else Audience.ANYONE
    text = texts.written(texts.STATUS_UPDATES if update else texts.POSTS, person, world.chance)
    kind = PostKind.STATUS_UPDATE if update else PostKind.POST
    item = world.new_item(person, audience)
    return PublishPost(author=person.member, text=text, kind=kind, audience=audience, item=item)


def article(world: World, person: Person) -> Command | None:
    title, body = (texts.written(each, person, world.chance) for each in (texts.TITLES, texts.BODIES))
    item = world.new_item(person, Audience.ANYONE)
    return PublishArticle(author=person.member, title=title, body=body, item=item)


def share(world: World, person: Person) -> Command | None:
    followee = person.following.draw(world.chance)
    item = world.people[followee].latest if followee else None
    if item is None:
        return None
    return SharePost(sharer=person.member, item=item, comment=texts.written(texts.COMMENTS, person, world.chance))


def delete(world: World, person: Person) -> Command | None:
    item = person.items.take(world.chance)
    return DeletePost(author=person.member, item=item) if item else None


def follow_hashtag(world: World, person: Person) -> Command | None:
    hashtag = world.chance.choice(person.interests if world.likely(0.8) else TOPICS)
    if hashtag in person.hashtags:
        return None
    person.hashtags.add(hashtag)
    return FollowHashtag(member=person.member, hashtag=f"#{hashtag}")


def unfollow_hashtag(world: World, person: Person) -> Command | None:
    hashtag = person.hashtags.take(world.chance)
    return UnfollowHashtag(member=person.member, hashtag=hashtag) if hashtag else None


def change_a_setting(world: World, person: Person) -> Command | None:
    member, chance = person.member, world.chance
    changes: list[Callable[[], Command]] = [
        lambda: ChangeProfile(member=member, headline=texts.written(texts.HEADLINES, person, chance)),
        lambda: ChangePrimaryEmail(member=member, primary_email=person.email),
        lambda: ChangeEmailVisibility(member=member, visibility=chance.choice(list(Visibility))),
        lambda: ChangeFollowerSetting(member=member, setting=chance.choice(list(FollowerSetting))),
        lambda: ChangeConnectionsVisibility(member=member, visibility=chance.choice(list(ConnectionsVisibility))),
    ]
    change = int(chance.random() ** 2 * len(changes))
    if change == 1:
        person.email = f"{member}@mail{chance.randrange(100)}.example.org"
    return changes[change]()


def read_notices(world: World, person: Person) -> Command | None:
    return MarkNoticesRead(member=person.member, up_to=world.produced)


def hibernate(world: World, person: Person) -> Command | None:
    person.hibernated = True
    return HibernateMember(member=person.member)


def reactivate(world: World, person: Person) -> Command | None:
    person.hibernated = False
    return ReactivateMember(member=person.member)


def leave(world: World, person: Person) -> Command | None:
    person.gone = True
    return EraseMember(member=person.member)


def mistake(world: World, person: Person) -> Command | None:
    """Something that the network refuses."""
    member, other = person.member, world.somebody().member
    mistakes: list[Callable[[], Command]] = [
        lambda: Follow(follower=member, followee=member),
        lambda: Follow(follower=member, followee="nobody"),
        lambda: AcceptInvitation(inviter=other, invitee=member),
        lambda: PublishPost(author=member, text="   "),
        lambda: PublishPost(author=member, text="and so on " * 400),
        lambda: DeletePost(author=member, item=f"item-{world.chance.randrange(1, world.items + 2)}"),
        lambda: SendInvitation(inviter=member, invitee=person.connections.draw(world.chance) or member),
    ]
    return world.chance.choice(mistakes)()
