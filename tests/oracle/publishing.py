"""How the naive network decides about items and shares: F11 and F12 of the rules."""

from typing import Any

from oracle.state import ALREADY_SO, Decision, Item, NaiveState, Share

from domain import DeletePost, PublishArticle, PublishPost, SharePost
from domain.identifiers import hashtags_in


class NaivePublishing(NaiveState):
    def publish(self, c: Any) -> Decision:
        assert c.item is not None, "the model makes no ids"
        policy = self.policy
        texts = [(c.text, policy.post_length)] if isinstance(c, PublishPost) else []
        texts += [(c.title, policy.title_length), (c.body, policy.body_length)] if isinstance(c, PublishArticle) else []
        refusals = [refusal for text, limit in texts if (refusal := self.bad_text(text, limit))]
        if refusals:
            return min(refusals)  # "empty_text" before "too_long"
        if c.item in self.items or any(each.share == c.item for each in self.shares):
            there = self.items.get(c.item)
            same = there is not None and there.deleted is None and there.content == c.model_dump()
            return ALREADY_SO if same else "item_exists"
        return lambda: self.items.update(
            {
                c.item: Item(
                    author=c.author,
                    kind=str(getattr(c, "kind", "article")),
                    audience=str(getattr(c, "audience", "anyone")),
                    content=c.model_dump(),
                    hashtags=hashtags_in("\n".join(text for text, _ in texts), policy.hashtags_per_item),
                    position=self.position(),
                    at=self.now,
                    status_policy=policy.status_updates_to_followers,
                )
            }
        )

    def unseen(self, member: str, name: str) -> str | None:
        """Why a member may not see an item or a share, whatever brings it (F1, F2)."""
        given = next((each for each in self.shares if each.share == name), None)
        item = self.items.get(given.item if given else name)
        if item is None or item.deleted is not None or (given and given.deleted):
            return "not_available"
        for author in ([given.sharer] if given else []) + [item.author]:
            if author != member and (refusal := self.unreachable(member, author)):
                return refusal
        for_all = item.audience == "anyone" or member == item.author
        return None if for_all or self.stands_connected(member, item.author) else "not_available"

    def share_post(self, c: SharePost) -> Decision:
        if refusal := self.bad_text(c.comment, self.policy.post_length, may_be_empty=True):
            return refusal
        if refusal := self.unseen(c.sharer, c.item):
            return refusal
        original = next((each.item for each in self.shares if each.share == c.item), c.item)
        item = self.items[original]
        if item.audience == "connections":
            return "not_shareable"
        if any((each.sharer, each.item, each.deleted) == (c.sharer, original, False) for each in self.shares):
            return ALREADY_SO

        def effect() -> None:
            share = Share("", c.sharer, original, self.position())
            self.shares.append(share)
            self.tell(item.author, "share", c.sharer, share, share.position)

        return effect

    def delete_post(self, c: DeletePost) -> Decision:
        share = next((each for each in self.shares if each.share == c.item), None)
        thing = share or self.items.get(c.item)
        author = share.sharer if share else self.items[c.item].author if thing else None
        if thing is None or c.author != author:  # a moderator deletes in the author's name, as the actor (F11, X19)
            return self.unseen(c.author, c.item) or "not_yours"
        if thing.deleted:
            return ALREADY_SO
        return lambda: setattr(thing, "deleted", self.position() if isinstance(thing, Item) else True)
