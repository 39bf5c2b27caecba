"""Publishing: posts, status updates, articles, shares, and their end. Their events are in domain.items."""

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    Facts,
    Outcome,
    accepted,
    expects,
    field,
    refuse_unless,
)
from domain.identifiers import ItemId, MemberId, hashtags_in
from domain.items import (
    ITEM,
    OWN_SHARE,
    ArticlePublished,
    Audience,
    Item,
    ItemKind,
    PostDeleted,
    PostKind,
    PostPublished,
    PostShared,
)
from domain.refusals import Refused
from domain.relationships.pair import require_reachable
from domain.text import Body, Line, Text, require_length

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
    title: Line
    body: Body
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


# Decisions


def id_to_publish_under(wanted: str | None, item: Item, facts: Facts) -> str | None:
    """The id for an item: the one wanted, or a new one. None when just this was published under it already."""
    if wanted is None:
        return facts.new_id()
    there = facts.read(ITEM, wanted)
    if there.author:
        refuse_unless(there.same_publication(item), "item_exists")
        return None
    return wanted


def publish_post(command: PublishPost, facts: Facts) -> Outcome:
    refuse_unless(bool(command.text), "empty_text")
    require_length(command.text, facts.policy.post_length)
    wanted = Item(command.author, command.kind.value, command.audience.value, content=(command.text,))
    item = id_to_publish_under(command.item, wanted, facts)
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
    wanted = Item(command.author, ItemKind.ARTICLE, Audience.ANYONE, content=(command.title, command.body))
    item = id_to_publish_under(command.item, wanted, facts)
    if item is None:
        return ALREADY_SO
    hashtags = hashtags_in(f"{command.title}\n{command.body}", facts.policy.hashtags_per_item)
    return accepted(
        ArticlePublished(item=item, author=command.author, title=command.title, body=command.body, hashtags=hashtags)
    )


def require_visible(facts: Facts, member: str, name: str) -> Item:
    """The original that an item or a share leads to, which the member may see (F1, F2).

    Refused: `not_available` where it is unknown or deleted, where somebody in it is not there for the member, and where
    it is for connections of somebody else; `blocked_by_you`.
    """
    item = facts.read(ITEM, name)
    refuse_unless(bool(item.author) and not item.deleted, "not_available")
    original = item if item.kind != ItemKind.SHARE else facts.read(ITEM, item.original)
    refuse_unless(not original.deleted, "not_available")
    for actor in dict.fromkeys((item.author, original.author)):
        if actor != member:
            pair, _ = require_reachable(facts, member, actor)
            if actor == original.author and original.audience == Audience.CONNECTIONS:
                refuse_unless(pair.connected, "not_available")
    return original


def share_post(command: SharePost, facts: Facts) -> Outcome:
    require_length(command.comment or "", facts.policy.post_length)
    original = require_visible(facts, command.sharer, command.item)
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
    if item.author != command.author:
        require_visible(facts, command.author, command.item)
        raise Refused("not_yours", "This item is another member's; its author or a moderator may delete it.")
    if item.deleted:
        return ALREADY_SO
    original = item.original if item.kind == ItemKind.SHARE else None
    return accepted(PostDeleted(item=command.item, author=command.author, kind=item.kind, original=original))


DECIDERS: Deciders = {
    PublishPost: Decider(publish_post, field("author"), ("empty_text", "too_long", "item_exists")),
    PublishArticle: Decider(publish_article, field("author"), ("empty_text", "too_long", "item_exists")),
    SharePost: Decider(
        share_post,
        field("sharer"),
        ("too_long", "blocked_by_you", "not_available", "not_shareable"),
        expects=expects((ITEM, "item")),
    ),
    DeletePost: Decider(
        delete_post,
        field("author"),
        ("blocked_by_you", "not_available"),
        open_to_moderators=True,
        expects=expects((ITEM, "item")),
    ),
}
