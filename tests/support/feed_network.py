"""A small network whose feeds are asked in every way at once, pulled and pushed, whole and in pages: all the same."""

from support.small_network import SmallNetwork, walk

from domain import (
    Audience,
    ChangeFollowerSetting,
    ChangePolicy,
    DeletePost,
    EraseMember,
    Follow,
    FollowerSetting,
    FollowHashtag,
    PostKind,
    PublishPost,
    RegisterMember,
    RestrictMember,
    SharePost,
)
from projections.feeds.judging import FeedEntry
from projections.feeds.newest import NewestKept
from projections.feeds.pages import Why, entries, feed, why
from projections.feeds.reader import Reader
from projections.reading import Reading

PUSHES = (0, 2, 1_000)
"""Up to how many followers an author's activities are pushed: none; some authors; all."""
WIDE = ("ada", "bob", "cy", "dan", "eve", "acme")


class FeedNetwork(SmallNetwork):
    """Everybody lets everybody follow, but for the page acme, whom everybody may follow anyway."""

    def __init__(self, push: int = 0) -> None:
        super().__init__(*WIDE)
        if push:
            self.policy(feed_push_followers_max=push)
        for member in WIDE[:-1]:
            self.do(ChangeFollowerSetting(member=member, setting=FollowerSetting.EVERYONE))

    # What happens

    def register(self, member: str) -> None:
        self.do(RegisterMember(member=member, name=member.title(), primary_email=f"{member}@example.org"))

    def policy(self, **values: object) -> None:
        self.do(ChangePolicy(values=values))

    def follow(self, follower: str, *followees: str) -> None:
        for followee in followees:
            self.do(Follow(follower=follower, followee=followee))

    def follow_hashtag(self, member: str, hashtag: str) -> None:
        self.do(FollowHashtag(member=member, hashtag=hashtag))

    def post(self, author: str, *items: str, text: str = "Hello", to_connections: bool = False) -> None:
        audience = Audience.CONNECTIONS if to_connections else Audience.ANYONE
        for item in items:
            self.do(PublishPost(author=author, text=text, item=item, audience=audience))

    def status(self, author: str, item: str, text: str = "At work", to_connections: bool = False) -> None:
        audience = Audience.CONNECTIONS if to_connections else Audience.ANYONE
        self.do(PublishPost(author=author, text=text, item=item, kind=PostKind.STATUS_UPDATE, audience=audience))

    def share(self, sharer: str, item: str) -> str:
        """The share's id."""
        (event,) = self.do(SharePost(sharer=sharer, item=item)).events
        return str(getattr(event, "share"))  # noqa: B009 - an event of any kind, as far as types go

    def delete(self, author: str, item: str) -> None:
        self.do(DeletePost(author=author, item=item))

    # What is seen

    def entries(self, viewer: str, as_of: int | None = None) -> list[FeedEntry]:
        """The whole feed, the same however it is found (F10) and in pages of any size (F8)."""
        return self.ask(everywhere, viewer, as_of=as_of)

    def feed(self, viewer: str, as_of: int | None = None) -> list[str]:
        return [entry.item for entry in self.entries(viewer, as_of)]

    def why(self, viewer: str, item: str) -> Why:
        return self.ask(why, viewer, item)

    def causes(self, viewer: str, item: str) -> set[str]:
        """The causes of an item in a feed as "follow ada"; empty if it is not there."""
        found = self.why(viewer, item)
        assert found.shown == bool(found.causes) == (found.item in self.feed(viewer))
        return {f"{cause.kind} {cause.ref}" for cause in found.causes}

    def kept_out(self, viewer: str, item: str) -> tuple[str | None, str | None]:
        """The code and the rule that keep an item out of a feed."""
        found = self.why(viewer, item)
        assert not found.causes
        assert item not in self.feed(viewer)
        return found.code, found.rule

    def part(self, viewer: str, author: str, act: str) -> None:
        """Keep an author from a viewer: the author hibernates, is restricted or erased, or one of the two blocks."""
        match act:
            case "hibernate":
                self.hibernate(author)
            case "restrict":
                self.do(RestrictMember(member=author))
            case "erase":
                self.do(EraseMember(member=author))
            case "block":
                self.block(viewer, author)
            case "blocked":
                self.block(author, viewer)


def everywhere(reading: Reading, viewer: str) -> list[FeedEntry]:
    """The feed of a reading, after seeing that all ways to it agree."""
    found = list(entries(Reader(reading, viewer), push=False))
    assert list(entries(Reader(reading, viewer))) == found, "pushed and pulled differ"
    kept = NewestKept()
    for _ in range(2):
        assert list(entries(Reader(reading, viewer), push=False, bounds_of=kept.bounds)) == found, "memory differs"
    for limit in (1, 2, 3, 100):
        assert walk(lambda before: feed(reading, viewer, limit, before)) == found, "pages differ from the whole"  # noqa: B023
    assert feed(reading, viewer).total == len(found)
    assert [entry.position for entry in found] == sorted({entry.position for entry in found}, reverse=True)
    assert len({entry.item for entry in found}) == len(found)
    return found
