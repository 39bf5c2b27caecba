"""Items: posts, status updates, articles and shares as they are recorded, and what decisions read of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated

from pydantic import Field

from domain.decision import DecisionModel
from domain.event import Event, Personal, one_of, recorded_as
from domain.identifiers import (
    Instant,
    ItemId,
    KeptHashtag,
    MemberId,
    hashtag_tag,
    item_tag,
    member_tag,
    own_share_tag,
    shared_tag,
)
from domain.text import Body, Line, Text

HASHTAGS_MAX = 10_000
"""How many hashtags an item can have whatever the policy says."""


class PostKind(StrEnum):
    POST = "post"
    STATUS_UPDATE = "status_update"


class ItemKind(StrEnum):
    """What an item can be: the kinds of a post, an article, or a share of another item."""

    POST = "post"
    STATUS_UPDATE = "status_update"
    ARTICLE = "article"
    SHARE = "share"


class Audience(StrEnum):
    """Who an item is for (F2)."""

    ANYONE = "anyone"
    CONNECTIONS = "connections"


KeptHashtags = Annotated[list[KeptHashtag], Field(max_length=HASHTAGS_MAX)]

# Events


@recorded_as("post_published")
class PostPublished:
    """`kind`: post or status_update. `hashtags` are those of the text (F12)."""

    item: ItemId
    author: MemberId
    kind: Annotated[str, one_of(*PostKind)]
    audience: Annotated[str, one_of(*Audience)]
    text: Annotated[Text, Personal("author")]
    hashtags: KeptHashtags

    def tags(self) -> Sequence[str]:
        return (member_tag(self.author), item_tag(self.item), *map(hashtag_tag, self.hashtags))


@recorded_as("article_published")
class ArticlePublished:
    item: ItemId
    author: MemberId
    title: Annotated[Line, Personal("author")]
    body: Annotated[Body, Personal("author")]
    hashtags: KeptHashtags

    def tags(self) -> Sequence[str]:
        return (member_tag(self.author), item_tag(self.item), *map(hashtag_tag, self.hashtags))


@recorded_as("post_shared")
class PostShared:
    """`share` is the id of the share, `item` that of the original, `author` the original's author."""

    share: ItemId
    sharer: MemberId
    item: ItemId
    author: MemberId
    comment: Annotated[Text, Personal("sharer")]

    def tags(self) -> Sequence[str]:
        return (
            member_tag(self.sharer),
            item_tag(self.share),
            shared_tag(self.item),
            own_share_tag(self.sharer, self.item),
        )


@recorded_as("post_deleted")
class PostDeleted:
    """`author` published or shared it; `original` is the shared item where `item` is a share."""

    item: ItemId
    author: MemberId
    kind: Annotated[str, one_of(*ItemKind)]
    original: ItemId | None

    def tags(self) -> Sequence[str]:
        of_share = () if self.original is None else (own_share_tag(self.author, self.original),)
        return (member_tag(self.author), item_tag(self.item), *of_share)


# Decision models


@dataclass(slots=True)
class Item:
    """An item or a share. `original` is its own id unless it is a share."""

    author: str = ""
    kind: str = ""
    audience: str = ""
    original: str = ""
    content: tuple[str, ...] = ()
    deleted: bool = False

    def same_publication(self, other: "Item") -> bool:
        """Whether both stand and the same author published the same words in the same way."""
        published = (self.author, self.kind, self.audience, self.content, self.deleted)
        return published == (other.author, other.kind, other.audience, other.content, other.deleted)


def evolve_item(item: Item, event: Event, _: Instant) -> Item:
    match event:
        case PostPublished():
            return Item(event.author, event.kind, event.audience, event.item, (event.text,))
        case ArticlePublished():
            return Item(event.author, ItemKind.ARTICLE, Audience.ANYONE, event.item, (event.title, event.body))
        case PostShared():
            return Item(event.sharer, ItemKind.SHARE, Audience.ANYONE, event.item)
        case PostDeleted():
            item.deleted = True
    return item


ITEM = DecisionModel("item", item_tag, (PostPublished, ArticlePublished, PostShared, PostDeleted), Item, evolve_item)


def evolve_articles(articles: set[str], event: Event, _: Instant) -> set[str]:
    match event:
        case ArticlePublished():
            articles.add(event.item)
        case PostDeleted():
            articles.discard(event.item)
    return articles


STANDING_ARTICLES: DecisionModel[set[str]] = DecisionModel(
    "standing_articles", member_tag, (ArticlePublished, PostDeleted), set, evolve_articles
)


def evolve_own_share(share: list[str], event: Event, _: Instant) -> list[str]:
    match event:
        case PostShared():
            return [event.share]
        case PostDeleted():
            return []
    return share


OWN_SHARE: DecisionModel[list[str]] = DecisionModel(
    "own_share", own_share_tag, (PostShared, PostDeleted), list, evolve_own_share
)


def falls_within(item: str, viewer: str, fraction: float) -> bool:
    """Whether a viewer is in the fraction of followers that an item reaches (F4): the same at every replay, and
    independent between items. The hash is the first 8 bytes of BLAKE2b over both ids, as a number in [0, 1)."""
    digest = blake2b(f"{item}\n{viewer}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < fraction
