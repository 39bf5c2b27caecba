"""The events of following and muting, and where a follow may come from."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from domain.event import one_of, recorded_as, tags_between
from domain.identifiers import AnyId, KeptHashtag, MemberId, hashtag_tag, member_tag


class FollowOrigin(StrEnum):
    """Where a follow came from (S36)."""

    PROFILE = "profile"
    POST = "post"
    ARTICLE = "article"
    HASHTAG = "hashtag"
    INVITATION_REPLY = "invitation_reply"


AUTOMATIC_ORIGIN = "connection"
"""The origin of the follow that becoming connected makes (S4); nobody gives it in a command."""


_tags = tags_between("follower", "followee")


@recorded_as("followed")
class Followed:
    """`follower` follows `followee`. `origin` is a FollowOrigin or AUTOMATIC_ORIGIN, `origin_ref` the item, hashtag or
    invitation."""

    follower: MemberId
    followee: MemberId
    origin: Annotated[str, one_of(*FollowOrigin, AUTOMATIC_ORIGIN)]
    origin_ref: AnyId | None

    tags = _tags


@recorded_as("unfollowed")
class Unfollowed:
    """The follow was ended by the follower, or by an act of theirs."""

    follower: MemberId
    followee: MemberId

    tags = _tags


@recorded_as("follower_removed")
class FollowerRemoved:
    """The follow was ended by the followee, or by an act of theirs."""

    follower: MemberId
    followee: MemberId

    tags = _tags


@recorded_as("member_muted")
class MemberMuted:
    """`muter` keeps the items of `muted` out of their feed."""

    muter: MemberId
    muted: MemberId

    tags = tags_between("muter", "muted")


@recorded_as("member_unmuted")
class MemberUnmuted:
    """The mute was ended by the one who made it."""

    muter: MemberId
    muted: MemberId

    tags = tags_between("muter", "muted")


def _hashtag_tags(event: "HashtagFollowed | HashtagUnfollowed") -> Sequence[str]:
    return (member_tag(event.member), hashtag_tag(event.hashtag))


@recorded_as("hashtag_followed")
class HashtagFollowed:
    """`member` wants items with `hashtag` in their feed."""

    member: MemberId
    hashtag: KeptHashtag

    tags = _hashtag_tags


@recorded_as("hashtag_unfollowed")
class HashtagUnfollowed:
    """`member` follows `hashtag` no longer."""

    member: MemberId
    hashtag: KeptHashtag

    tags = _hashtag_tags
