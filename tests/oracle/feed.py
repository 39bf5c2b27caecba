"""The feed of the naive network: section 6 of the rules, word by word."""

from oracle.network import NaiveNetwork
from oracle.queries import NOT_AVAILABLE, available, connected, follows, is_viewer, possible
from oracle.state import Item, Share, StandingFollow

from domain import Follow
from domain.identifiers import DAY
from domain.items import falls_within

Cause = tuple[str, ...]
"""("follow", followee), ("hashtag", hashtag) or ("share", sharer, share id)."""


def feed(network: NaiveNetwork, viewer: str) -> list[tuple[str, str, str, frozenset[Cause]]]:
    """Item, author, kind and causes, in the order of F7."""
    entries = [(item, why(network, viewer, item)) for item in network.items]
    found = [(item, causes) for item, causes in entries if isinstance(causes, frozenset)]
    found.sort(key=lambda entry: -brought_at(network, *entry))
    return [(item, network.items[item].author, network.items[item].kind, causes) for item, causes in found]


def brought_at(network: NaiveNetwork, item: str, causes: frozenset[Cause]) -> int:
    """F7: the original's position, or that of the newest share with a standing cause."""
    shares = [each.position for each in network.shares if ("share", each.sharer, each.share) in causes]
    return max([network.items[item].position, *shares])


def why(network: NaiveNetwork, viewer: str, item_id: str) -> frozenset[Cause] | str:
    """F9: the causes, or the first rule that keeps it out."""
    if (rule := kept_from(network, viewer, item_id)) is not None:
        return rule
    item = network.items[item_id]
    brought = follow_cause(network, viewer, item)
    others = hashtag_causes(network, viewer, item) | share_causes(network, viewer, item_id)
    causes = others | (brought if status_update_reaches(network, viewer, item_id) else set())
    if causes:
        return frozenset(causes)
    if any((viewer, share.sharer) in network.mutes for share in bringing_shares(network, viewer, item_id)):
        return "F1"  # but for a mute, a share would bring it
    return "F4" if brought else "F3"


def kept_from(network: NaiveNetwork, viewer: str, item_id: str) -> str | None:
    """The first rule that keeps it out whatever brings it (F1, F2, F5), or None."""
    item = network.items.get(item_id)
    if not is_viewer(network, viewer) or item is None or item.deleted is not None:
        return NOT_AVAILABLE
    if not available(network, viewer, item.author):
        return NOT_AVAILABLE
    own = viewer == item.author
    if item.audience == "connections" and not own and not connected(network, viewer, item.author, despite=viewer):
        return "F2"  # answered as not available, and so ahead of what may be said
    if (viewer, item.author) in network.mutes:
        return "F1"
    return "F5" if own else None


def left_of(
    network: NaiveNetwork, viewer: str, item_id: str, causes: frozenset[Cause], first_page_at: int
) -> frozenset[Cause]:
    """F8: with which causes an entry of an earlier page is on the next ones; none if it may no longer be seen. What a
    block has cut since the first page stays cut, also if it was lifted (section 7)."""
    if kept_from(network, viewer, item_id) is not None:
        return frozenset()
    standing = {share.share: share.sharer for share in network.shares if not share.deleted}
    return frozenset(
        cause
        for cause in causes
        if cause[0] == "hashtag" or network.last_blocks.get(frozenset((viewer, cause[1])), 0) <= first_page_at
        if cause[0] != "share"
        or (cause[2] in standing and available(network, viewer, cause[1]) and (viewer, cause[1]) not in network.mutes)
    )


# F3: the three kinds of cause


def follow_cause(network: NaiveNetwork, viewer: str, item: Item) -> set[Cause]:
    if not follows(network, viewer, item.author, despite=viewer):
        return set()
    follow = network.follows[viewer, item.author]
    brings = follow.position < item.position or item in backfill(network, viewer, item.author, follow)
    return {("follow", item.author)} if brings else set()


def backfill(network: NaiveNetwork, viewer: str, author: str, follow: StandingFollow) -> list[Item]:
    """The author's newest items that the viewer may see (F2) and that stood when the follow began, as far as they were
    not too old then."""
    sees_all = connected(network, viewer, author, despite=viewer)
    stood = [
        item
        for item in network.items.values()
        if item.author == author and item.position < follow.position
        if item.deleted is None or item.deleted > follow.position
        if sees_all or item.audience == "anyone"
    ]
    stood.sort(key=lambda item: -item.position)
    newest = stood[: follow.backfill_items]
    return [i for i in newest if follow.backfill_days is None or i.at >= follow.at - follow.backfill_days * DAY]


def hashtag_causes(network: NaiveNetwork, viewer: str, item: Item) -> set[Cause]:
    if item.audience == "connections":  # F2
        return set()
    followed = network.members[viewer].hashtags
    return {("hashtag", tag) for tag in item.hashtags if tag in followed and followed[tag] < item.position}


def share_causes(network: NaiveNetwork, viewer: str, item_id: str) -> set[Cause]:
    return {
        ("share", share.sharer, share.share)
        for share in bringing_shares(network, viewer, item_id)
        if (viewer, share.sharer) not in network.mutes  # F1
    }


def bringing_shares(network: NaiveNetwork, viewer: str, item_id: str) -> list[Share]:
    """The shares that bring an item to the viewer, unless they mute the sharer."""
    return [
        share
        for share in network.shares
        if share.item == item_id and not share.deleted
        if available(network, viewer, share.sharer)
        if follows(network, viewer, share.sharer, despite=viewer)
        if network.follows[viewer, share.sharer].position < share.position
        if share.sharer != network.items[item_id].author or status_update_reaches(network, viewer, item_id)
    ]


def status_update_reaches(network: NaiveNetwork, viewer: str, item_id: str) -> bool:
    """F4: whether a follow brings it. Status updates for connections only have been dealt with by then (F2)."""
    item = network.items[item_id]
    if item.kind != "status_update" or connected(network, viewer, item.author, despite=viewer):
        return True
    if isinstance(item.status_policy, str):
        return item.status_policy == "always"
    return falls_within(item_id, viewer, item.status_policy)


def hashtag_page(network: NaiveNetwork, hashtag: str, viewer: str) -> list[tuple[str, str, bool | str]]:
    """S43: item, author, and whether the viewer may follow the author, newest first, muted ones too (X13)."""
    if not is_viewer(network, viewer):
        return []
    items = [
        (name, item)
        for name, item in network.items.items()
        if hashtag in item.hashtags and item.audience == "anyone" and item.deleted is None
        if available(network, viewer, item.author)
    ]
    items.sort(key=lambda entry: -entry[1].position)
    return [
        (name, item.author, possible(network, Follow(follower=viewer, followee=item.author))) for name, item in items
    ]
