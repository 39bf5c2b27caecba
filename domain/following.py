"""Following: one-way interest. Members decide who may; hashtags can be followed by anyone."""

from collections.abc import Sequence
from enum import StrEnum

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    DecisionModel,
    Facts,
    Outcome,
    accepted,
    field,
    refuse_unless,
)
from domain.event import Event, recorded_as
from domain.identifiers import Hashtag, Instant, MemberId, hashtag_tag, member_tag
from domain.items import STANDING_ARTICLES
from domain.members import MEMBER, FollowerSettingChanged, MemberKind, Text
from domain.pair import Pair, require_reachable, require_registered_pair
from domain.relationship_events import Followed, FollowerRemoved, MemberMuted, MemberUnmuted, Unfollowed


class FollowerSetting(StrEnum):
    """Who may follow (S38-S40). A member who never chose is *unset*: open to strangers while an article stands (T1)."""

    EVERYONE = "everyone"
    CONNECTIONS = "connections"


class FollowOrigin(StrEnum):
    """Where a follow came from (S36)."""

    PROFILE = "profile"
    POST = "post"
    ARTICLE = "article"
    HASHTAG = "hashtag"
    INVITATION_REPLY = "invitation_reply"


# Commands


class Follow(Command):
    """Follow a member. `origin_ref` names the item, hashtag or invitation it came from. A follow made after the member
    suggested it in an invitation's thread carries that invitation as its origin, unless another origin is given
    (S21)."""

    follower: MemberId
    followee: MemberId
    origin: FollowOrigin | None = None
    origin_ref: Text | None = None


class Unfollow(Command):
    """Stop following; a connection stays."""

    follower: MemberId
    followee: MemberId


class RemoveFollower(Command):
    """End someone's follow of me; a connection stays, and they may follow again where the setting allows it."""

    follower: MemberId
    followee: MemberId


class ChangeFollowerSetting(Command):
    """Let everyone follow, or connections only."""

    member: MemberId
    setting: FollowerSetting


class MuteMember(Command):
    """Keep a member's items out of my feed, silently."""

    muter: MemberId
    muted: MemberId


class UnmuteMember(Command):
    """End a mute."""

    muter: MemberId
    muted: MemberId


class FollowHashtag(Command):
    """Bring items with a hashtag into my feed."""

    member: MemberId
    hashtag: Hashtag


class UnfollowHashtag(Command):
    """Stop following a hashtag."""

    member: MemberId
    hashtag: Hashtag


# Events of one member (those between two are in relationship_events)


class _OfHashtag:
    """The tags of an event about a member and a hashtag."""

    __slots__ = ()
    member: str
    hashtag: str

    def tags(self) -> Sequence[str]:
        return (member_tag(self.member), hashtag_tag(self.hashtag))


@recorded_as("hashtag_followed")
class HashtagFollowed(_OfHashtag):
    member: str
    hashtag: str


@recorded_as("hashtag_unfollowed")
class HashtagUnfollowed(_OfHashtag):
    member: str
    hashtag: str


def evolve_hashtags(followed: set[str], event: Event, _: Instant) -> set[str]:
    match event:
        case HashtagFollowed():
            followed.add(event.hashtag)
        case HashtagUnfollowed():
            followed.discard(event.hashtag)
    return followed


HASHTAGS: DecisionModel[set[str]] = DecisionModel(
    "hashtags", member_tag, (HashtagFollowed, HashtagUnfollowed), set, evolve_hashtags
)


# Decisions


def may_follow(follower: str, followee: str, pair: Pair, facts: Facts) -> bool:
    """S34, S38-S41, T1-T3: connections and a page's followers always; else the explicit setting; else a standing
    article."""
    member = facts.read(MEMBER, followee)
    if pair.connected or member.kind == MemberKind.PAGE:
        return True
    if member.follower_setting == "unset":
        return bool(facts.read(STANDING_ARTICLES, followee))
    return member.follower_setting == FollowerSetting.EVERYONE


def follow(command: Follow, facts: Facts) -> Outcome:
    pair, _ = require_reachable(facts, command.follower, command.followee)
    own = pair.of(command.follower)
    if own.follows:
        return ALREADY_SO
    refuse_unless(may_follow(command.follower, command.followee, pair, facts), "not_followable")
    origin, origin_ref = command.origin, command.origin_ref
    if origin is None:
        origin = FollowOrigin.INVITATION_REPLY if own.suggested_in else FollowOrigin.PROFILE
        origin_ref = own.suggested_in or origin_ref
    return accepted(
        Followed(
            follower=command.follower, followee=command.followee, origin=origin.value, origin_ref=origin_ref or None
        )
    )


def unfollow(command: Unfollow, facts: Facts) -> Outcome:
    if not require_registered_pair(facts, command.follower, command.followee).of(command.follower).follows:
        return ALREADY_SO
    return accepted(Unfollowed(follower=command.follower, followee=command.followee))


def remove_follower(command: RemoveFollower, facts: Facts) -> Outcome:
    if not require_registered_pair(facts, command.followee, command.follower).of(command.follower).follows:
        return ALREADY_SO
    return accepted(FollowerRemoved(follower=command.follower, followee=command.followee))


def change_follower_setting(command: ChangeFollowerSetting, facts: Facts) -> Outcome:
    member = facts.read(MEMBER, command.member)
    refuse_unless(member.kind == MemberKind.PERSON, "not_a_person")
    if member.follower_setting == command.setting:
        return ALREADY_SO
    return accepted(FollowerSettingChanged(member=command.member, setting=command.setting.value))


def mute_member(command: MuteMember, facts: Facts) -> Outcome:
    pair, _ = require_reachable(facts, command.muter, command.muted)
    if pair.of(command.muter).mutes:
        return ALREADY_SO
    return accepted(MemberMuted(muter=command.muter, muted=command.muted))


def unmute_member(command: UnmuteMember, facts: Facts) -> Outcome:
    if not require_registered_pair(facts, command.muter, command.muted).of(command.muter).mutes:
        return ALREADY_SO
    return accepted(MemberUnmuted(muter=command.muter, muted=command.muted))


def follow_hashtag(command: FollowHashtag, facts: Facts) -> Outcome:
    if command.hashtag in facts.read(HASHTAGS, command.member):
        return ALREADY_SO
    return accepted(HashtagFollowed(member=command.member, hashtag=command.hashtag))


def unfollow_hashtag(command: UnfollowHashtag, facts: Facts) -> Outcome:
    if command.hashtag not in facts.read(HASHTAGS, command.member):
        return ALREADY_SO
    return accepted(HashtagUnfollowed(member=command.member, hashtag=command.hashtag))


_REACH = ("self", "blocked_by_you", "not_available")
_KNOWN = ("self", "not_available")
DECIDERS: Deciders = {
    Follow: Decider(follow, field("follower"), (*_REACH, "not_followable")),
    Unfollow: Decider(unfollow, field("follower"), _KNOWN),
    RemoveFollower: Decider(remove_follower, field("followee"), _KNOWN),
    ChangeFollowerSetting: Decider(change_follower_setting, field("member"), ("not_a_person",)),
    MuteMember: Decider(mute_member, field("muter"), _REACH),
    UnmuteMember: Decider(unmute_member, field("muter"), _KNOWN),
    FollowHashtag: Decider(follow_hashtag, field("member")),
    UnfollowHashtag: Decider(unfollow_hashtag, field("member")),
}
