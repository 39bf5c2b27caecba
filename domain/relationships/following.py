"""Following: one-way interest. Members decide who may; hashtags can be followed by anyone."""

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    DecisionModel,
    Facts,
    Outcome,
    accepted,
    expects,
    field,
    refuse_unless,
)
from domain.event import Event
from domain.identifiers import Hashtag, Instant, MemberId, Reference, member_tag, normal_form
from domain.items import STANDING_ARTICLES
from domain.members.member import MEMBER
from domain.members.member_events import FOLLOWER_SETTING_UNSET, FollowerSetting, FollowerSettingChanged, MemberKind
from domain.relationships.following_events import (
    Followed,
    FollowerRemoved,
    FollowOrigin,
    HashtagFollowed,
    HashtagUnfollowed,
    MemberMuted,
    MemberUnmuted,
    Unfollowed,
)
from domain.relationships.pair import (
    REACHABLE_REFUSALS,
    REGISTERED_REFUSALS,
    Pair,
    expects_pair,
    require_reachable,
    require_registered_pair,
)

# Commands


class Follow(Command):
    """Follow a member. `origin_ref` names the item, hashtag or invitation it came from. A follow made after the member
    suggested it in an invitation's thread carries that invitation as its origin, unless another origin is given
    (S21)."""

    follower: MemberId
    followee: MemberId
    origin: FollowOrigin | None = None
    origin_ref: Reference | None = None


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


def evolve_hashtags(followed: set[str], event: Event, _: Instant) -> set[str]:
    match event:
        case HashtagFollowed():
            followed.add(normal_form(event.hashtag))  # early releases kept them case-folded only
        case HashtagUnfollowed():
            followed.discard(normal_form(event.hashtag))
    return followed


HASHTAGS: DecisionModel[set[str]] = DecisionModel(
    "hashtags", member_tag, (HashtagFollowed, HashtagUnfollowed), set, evolve_hashtags
)


# Decisions


def may_follow(followee: str, pair: Pair, facts: Facts) -> bool:
    """S34, S38-S41, T1-T3: connections and a page's followers always; else the explicit setting; else a standing
    article."""
    member = facts.read(MEMBER, followee)
    if pair.connected or member.kind == MemberKind.PAGE:
        return True
    if member.follower_setting == FOLLOWER_SETTING_UNSET:
        return bool(facts.read(STANDING_ARTICLES, followee))
    return member.follower_setting == FollowerSetting.EVERYONE


def follow(command: Follow, facts: Facts) -> Outcome:
    pair, followee = require_reachable(facts, command.follower, command.followee)
    own = pair.side_of(command.follower)
    # X10: a follow that the setting hides cannot be made again, and is no "already so".
    narrowed = followee.follower_setting == FollowerSetting.CONNECTIONS and not pair.connected
    refuse_unless(not narrowed, "not_followable")
    if own.follows:
        return ALREADY_SO
    refuse_unless(may_follow(command.followee, pair, facts), "not_followable")
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
    if not require_registered_pair(facts, command.follower, command.followee).side_of(command.follower).follows:
        return ALREADY_SO
    return accepted(Unfollowed(follower=command.follower, followee=command.followee))


def remove_follower(command: RemoveFollower, facts: Facts) -> Outcome:
    if not require_registered_pair(facts, command.followee, command.follower).side_of(command.follower).follows:
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
    if pair.side_of(command.muter).mutes:
        return ALREADY_SO
    return accepted(MemberMuted(muter=command.muter, muted=command.muted))


def unmute_member(command: UnmuteMember, facts: Facts) -> Outcome:
    if not require_registered_pair(facts, command.muter, command.muted).side_of(command.muter).mutes:
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


DECIDERS: Deciders = {
    Follow: Decider(
        follow, field("follower"), (*REACHABLE_REFUSALS, "not_followable"), expects=expects_pair("follower", "followee")
    ),
    Unfollow: Decider(
        unfollow,
        field("follower"),
        REGISTERED_REFUSALS,
        answered_alike=True,
        expects=expects_pair("follower", "followee"),
    ),
    RemoveFollower: Decider(
        remove_follower,
        field("followee"),
        REGISTERED_REFUSALS,
        answered_alike=True,
        expects=expects_pair("followee", "follower"),
    ),
    ChangeFollowerSetting: Decider(change_follower_setting, field("member"), ("not_a_person",)),
    MuteMember: Decider(mute_member, field("muter"), REACHABLE_REFUSALS, expects=expects_pair("muter", "muted")),
    UnmuteMember: Decider(
        unmute_member, field("muter"), REGISTERED_REFUSALS, answered_alike=True, expects=expects_pair("muter", "muted")
    ),
    FollowHashtag: Decider(follow_hashtag, field("member"), expects=expects((HASHTAGS, "member"))),
    UnfollowHashtag: Decider(unfollow_hashtag, field("member"), expects=expects((HASHTAGS, "member"))),
}
