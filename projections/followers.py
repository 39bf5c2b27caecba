"""Follower lists: who follows whom and which hashtags, with where each follow came from."""

from domain.identifiers import Instant
from domain.relationships.following_events import (
    Followed,
    FollowerRemoved,
    HashtagFollowed,
    HashtagUnfollowed,
    Unfollowed,
)
from projections.projection import CLOSE, PUT, Change, Projection, Table

FOLLOW = Table(
    "follow",
    {"follower": "TEXT", "followee": "TEXT", "origin": "TEXT", "origin_ref": "TEXT", "at": "BIGINT"},
    key=2,
    indexes=(("followee", "began", "ended", "follower"), ("follower", "began", "ended", "followee")),
)
"""Every follow, effective or not (X11): what hides one is asked at the query."""
HASHTAG_FOLLOW = Table("hashtag_follow", {"member": "TEXT", "hashtag": "TEXT"}, key=2)


def followed(event: Followed, _: int, at: Instant) -> list[Change]:
    return [(FOLLOW, PUT, (event.follower, event.followee, event.origin, event.origin_ref, at))]


def unfollowed(event: Unfollowed | FollowerRemoved, _: int, at: Instant) -> list[Change]:
    return [(FOLLOW, CLOSE, (event.follower, event.followee))]


FOLLOWERS = Projection(
    "followers",
    (FOLLOW, HASHTAG_FOLLOW),
    {
        Followed: followed,
        Unfollowed: unfollowed,
        FollowerRemoved: unfollowed,
        HashtagFollowed: lambda event, position, at: [(HASHTAG_FOLLOW, PUT, (event.member, event.hashtag))],
        HashtagUnfollowed: lambda event, position, at: [(HASHTAG_FOLLOW, CLOSE, (event.member, event.hashtag))],
    },
)
