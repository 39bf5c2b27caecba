"""Follower lists: who follows whom and which hashtags, with where each follow came from."""

from domain.identifiers import Instant, normal_form
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


def hashtag_followed(event: HashtagFollowed, _: int, at: Instant) -> list[Change]:
    # An early release kept hashtags that are one in normal form as two: the newer follow takes the place of the former.
    row = (event.member, normal_form(event.hashtag))
    return [(HASHTAG_FOLLOW, CLOSE, row), (HASHTAG_FOLLOW, PUT, row)]


def hashtag_unfollowed(event: HashtagUnfollowed, _: int, at: Instant) -> list[Change]:
    return [(HASHTAG_FOLLOW, CLOSE, (event.member, normal_form(event.hashtag)))]


FOLLOWERS = Projection(
    "followers",
    (FOLLOW, HASHTAG_FOLLOW),
    {
        Followed: followed,
        Unfollowed: unfollowed,
        FollowerRemoved: unfollowed,
        HashtagFollowed: hashtag_followed,
        HashtagUnfollowed: hashtag_unfollowed,
    },
    release=2,
)
