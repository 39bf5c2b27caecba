"""Publications: what was published and shared, by which member and under which hashtags. Texts stay in the log."""

from domain.identifiers import Instant, normal_form
from domain.items import ArticlePublished, PostDeleted, PostPublished, PostShared
from projections.projection import CLOSE, PUT, Change, Projection, Table

ACTIVITY = Table(
    "activity",
    {
        "id": "TEXT",
        "actor": "TEXT",
        "kind": "TEXT",
        "audience": "TEXT",
        "original": "TEXT",
        "author": "TEXT",
        "at": "BIGINT",
    },
    key=1,
    indexes=(("actor", "began", "ended"), ("original", "actor", "began"), ("began",)),
)
"""Originals (kind post, status_update, article; `original` is their own id and `author` the actor) and shares, until
deleted."""
HASHTAG_ITEM = Table(
    "hashtag_item",
    {"hashtag": "TEXT", "item": "TEXT", "author": "TEXT"},
    key=2,
    indexes=(("hashtag", "began", "item"),),
    closes=False,
)
"""Which originals carry which hashtag; whether one still stands is said by its activity."""


def post_published(event: PostPublished, _: int, at: Instant) -> list[Change]:
    row = (event.item, event.author, event.kind, event.audience, event.item, event.author, at)
    changes: list[Change] = [(ACTIVITY, PUT, row)]
    if event.hashtags:
        changes += _hashtags(event.hashtags, event.item, event.author)
    return changes


def article_published(event: ArticlePublished, _: int, at: Instant) -> list[Change]:
    row = (event.item, event.author, "article", "anyone", event.item, event.author, at)
    changes: list[Change] = [(ACTIVITY, PUT, row)]
    if event.hashtags:
        changes += _hashtags(event.hashtags, event.item, event.author)
    return changes


def _hashtags(hashtags: list[str], item: str, author: str) -> list[Change]:
    """A row for each hashtag in its normal form, in which an early release did not keep it (F12)."""
    normal = hashtags if all(map(str.isascii, hashtags)) else dict.fromkeys(map(normal_form, hashtags))
    return [(HASHTAG_ITEM, PUT, (hashtag, item, author)) for hashtag in normal]


def shared(event: PostShared, _: int, at: Instant) -> list[Change]:
    return [(ACTIVITY, PUT, (event.share, event.sharer, "share", "anyone", event.item, event.author, at))]


PUBLICATIONS = Projection(
    "publications",
    (ACTIVITY, HASHTAG_ITEM),
    {
        PostPublished: post_published,
        ArticlePublished: article_published,
        PostShared: shared,
        PostDeleted: lambda event, position, at: [(ACTIVITY, CLOSE, (event.item,))],
    },
    release=2,
)
