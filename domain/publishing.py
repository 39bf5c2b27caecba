"""Publishing: posts, status updates, articles, shares, and their end."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    DecisionModel,
    Facts,
    Outcome,
    accepted,
    refuse_unless,
)
from domain.decision import field as field_of
from domain.event import Event, Personal, recorded_as
from domain.identifiers import (
    Instant,
    ItemId,
    MemberId,
    hashtag_tag,
    hashtags_in,
    item_tag,
    member_tag,
    own_share_tag,
    shared_tag,
)
from domain.members import Text, require_length
from domain.pair import require_reachable
from domain.refusals import Refused


class PostKind(StrEnum):
    POST = "post"
    STATUS_UPDATE = "status_update"


class Audience(StrEnum):
    """Who an item is for (F2)."""

    ANYONE = "anyone"
    CONNECTIONS = "connections"


# Commands


class PublishPost(Command):
    """Publish a post or a status update. `item`: the host's own id for it; else one is made."""

    author: MemberId
    text: Text
    kind: PostKind = PostKind.POST
    audience: Audience = Audience.ANYONE
    item: ItemId | None = None


class PublishArticle(Command):
    """Publish an article, for anyone. While it stands, strangers may follow a member who never chose a follower
    setting."""

    author: MemberId
    title: Text
    body: Text
    item: ItemId | None = None


class SharePost(Command):
    """Share an item; sharing a share shares its original. The share has an id of its own, by which it can be
    deleted."""

    sharer: MemberId
    item: ItemId
    comment: Text | None = None


class DeletePost(Command):
    """Delete an item or a share of one's own; a moderator may delete any."""

    author: MemberId
    item: ItemId


# Events


@recorded_as("post_published")
class PostPublished:
    """`kind`: post or status_update. `hashtags` are those of the text (F12)."""

    item: str
    author: str
    kind: str
    audience: str
    text: Annotated[str, Personal("author")]
    hashtags: list[str]

    def tags(self) -> Sequence[str]:
        return (member_tag(self.author), item_tag(self.item), *map(hashtag_tag, self.hashtags))


@recorded_as("article_published")
class ArticlePublished:
    item: str
    author: str
    title: Annotated[str, Personal("author")]
    body: Annotated[str, Personal("author")]
    hashtags: list[str]

    def tags(self) -> Sequence[str]:
        return (member_tag(self.author), item_tag(self.item), *map(hashtag_tag, self.hashtags))


@recorded_as("post_shared")
class PostShared:
    """`share` is the id of the share, `item` that of the original, `author` the original's author."""

    share: str
    sharer: str
    item: str
    author: str
    comment: Annotated[str, Personal("sharer")]

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

    item: str
    author: str
    kind: str
    original: str | None

    def tags(self) -> Sequence[str]:
        of_share = () if self.original is None else (own_share_tag(self.author, self.original),)
        return (member_tag(self.author), item_tag(self.item), *of_share)


# Views


@dataclass(slots=True)
class Item:
    """An item or a share. `original` is its own id unless it is a share."""

    author: str = ""
    kind: str = ""
    audience: str = ""
    original: str = ""
    content: tuple[str, ...] = ()
    deleted: bool = False


def evolve_item(item: Item, event: Event, _: Instant) -> Item:
    match event:
        case PostPublished():
            return Item(event.author, event.kind, event.audience, event.item, (event.text,))
        case ArticlePublished():
            return Item(event.author, "article", "anyone", event.item, (event.title, event.body))
        case PostShared():
            return Item(event.sharer, "share", "anyone", event.item)
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


# Decisions


def publish(
    author: str, item: str | None, kind: str, audience: str, content: tuple[str, ...], facts: Facts
) -> str | None:
    """The id to publish under, or None when just this was published under it already."""
    if item is None:
        return facts.new_id()
    known = facts.read(ITEM, item)
    if not known.author:
        return item
    same = (known.author, known.kind, known.audience, known.content) == (author, kind, audience, content)
    refuse_unless(same and not known.deleted, "item_exists")
    return None


def publish_post(command: PublishPost, facts: Facts) -> Outcome:
    refuse_unless(bool(command.text), "empty_text")
    require_length(command.text, facts.policy.post_length)
    item = publish(command.author, command.item, command.kind.value, command.audience.value, (command.text,), facts)
    if item is None:
        return ALREADY_SO
    return accepted(
        PostPublished(
            item=item,
            author=command.author,
            kind=command.kind.value,
            audience=command.audience.value,
            text=command.text,
            hashtags=hashtags_in(command.text, facts.policy.hashtags_per_item),
        )
    )


def publish_article(command: PublishArticle, facts: Facts) -> Outcome:
    refuse_unless(bool(command.title) and bool(command.body), "empty_text")
    require_length(command.title, facts.policy.title_length)
    require_length(command.body, facts.policy.body_length)
    content = (command.title, command.body)
    item = publish(command.author, command.item, "article", "anyone", content, facts)
    if item is None:
        return ALREADY_SO
    hashtags = hashtags_in(f"{command.title}\n{command.body}", facts.policy.hashtags_per_item)
    return accepted(
        ArticlePublished(item=item, author=command.author, title=command.title, body=command.body, hashtags=hashtags)
    )


def share_post(command: SharePost, facts: Facts) -> Outcome:
    require_length(command.comment or "", facts.policy.post_length)
    shared = facts.read(ITEM, command.item)
    refuse_unless(bool(shared.author) and not shared.deleted, "not_available")
    original = shared if shared.kind != "share" else facts.read(ITEM, shared.original)
    refuse_unless(not original.deleted, "not_available")
    for actor in dict.fromkeys((shared.author, original.author)):
        if actor != command.sharer:
            pair, _ = require_reachable(facts, command.sharer, actor)
            if actor == original.author and original.audience == Audience.CONNECTIONS:
                refuse_unless(pair.connected, "not_available")
    refuse_unless(original.audience == Audience.ANYONE, "not_shareable")
    if facts.read(OWN_SHARE, command.sharer, original.original):
        return ALREADY_SO
    return accepted(
        PostShared(
            share=facts.new_id(),
            sharer=command.sharer,
            item=original.original,
            author=original.author,
            comment=command.comment or "",
        )
    )


def delete_post(command: DeletePost, facts: Facts) -> Outcome:
    item = facts.read(ITEM, command.item)
    refuse_unless(bool(item.author), "not_available")
    if item.author != command.author:
        raise Refused("not_yours", "This item is another member's; its author or a moderator may delete it.")
    if item.deleted:
        return ALREADY_SO
    original = item.original if item.kind == "share" else None
    return accepted(PostDeleted(item=command.item, author=command.author, kind=item.kind, original=original))


def falls_within(item: str, viewer: str, fraction: float) -> bool:
    """Whether a viewer is in the fraction of followers whom an item reaches (F4): the same at every replay, and
    independent between items. The first 8 bytes of BLAKE2b over both ids, as a number in [0, 1)."""
    digest = blake2b(f"{item}\n{viewer}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < fraction


DECIDERS: Deciders = {
    PublishPost: Decider(publish_post, field_of("author"), ("empty_text", "too_long", "item_exists")),
    PublishArticle: Decider(publish_article, field_of("author"), ("empty_text", "too_long", "item_exists")),
    SharePost: Decider(
        share_post, field_of("sharer"), ("too_long", "blocked_by_you", "not_available", "not_shareable")
    ),
    DeletePost: Decider(delete_post, field_of("author"), ("not_available",), moderated=True),
}
