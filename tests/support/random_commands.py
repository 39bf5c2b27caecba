"""Random histories of a small network, where everybody meets everybody: from a seed, or from Hypothesis.

Items are named after their authors (`ann.3`), so that deletions mostly find their own. Ids that only the real network
knows stand as placeholders: `share.0` is the newest share (see `resolved`).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangeFollowerSetting,
    ChangeInvitationPolicy,
    ChangePolicy,
    ChangePrimaryEmail,
    ChangeProfile,
    ChangeWhoMayInvite,
    Command,
    DeletePost,
    DismissSuggestion,
    EraseMember,
    Follow,
    FollowHashtag,
    HibernateMember,
    IgnoreInvitation,
    LiftRestriction,
    MarkNoticesRead,
    MuteMember,
    PublishArticle,
    PublishPost,
    ReactivateMember,
    RecognizeMember,
    RegisterMember,
    RemoveConnection,
    RemoveFollower,
    ReplyToInvitation,
    RestrictMember,
    SendInvitation,
    SharePost,
    UnblockMember,
    Unfollow,
    UnfollowHashtag,
    UnmuteMember,
    WithdrawInvitation,
    WithdrawRecognition,
)
from domain.identifiers import DAY, HOUR, SECOND

T = TypeVar("T")
START = 1_000_000_000 * SECOND  # early: some hundred commands take years, and may not come ahead of the clock
NAMES = ("ann", "bob", "cid", "dee", "eve", "fay", "gus", "hal", "ida", "jon")
HASHTAGS = ("a", "b", "c")
TEXTS = ("hello", "hello #a", "#b and #A", "#c")
_TIMES = {SECOND: 30, 60 * SECOND: 20, HOUR: 20, 5 * HOUR: 10, DAY: 12, 2 * DAY: 4, 7 * DAY: 4, 21 * DAY: 2}
ADVANCES = (*(amount for amount, times in _TIMES.items() for _ in range(times)), 30 * DAY, 180 * DAY)
"""How far time goes between two commands: from seconds to weeks, with the policy's exact lengths among them."""
HASTE = ADVANCES[:80]
"""For times in which much happens within a week."""
CONNECTIONS_CAP = (3, 2, 1, 4)
STATUS_UPDATES = ("always", 0.5, "never")


@dataclass(frozen=True)
class Circumstances:
    """What a command is made of. `choose` takes one of a sequence; the first is the simplest."""

    choose: Callable[[Sequence[Any]], Any]
    members: Sequence[str]
    pair: tuple[str, str]
    items: Sequence[str]  # to share, delete or publish again
    new_item: Callable[[str], str]
    now: int | None  # when it is known

    @property
    def two(self) -> tuple[str, str]:
        """The pair, in either order."""
        chosen: tuple[str, str] = self.choose((self.pair, self.pair[::-1]))
        return chosen


Maker = Callable[[Circumstances], Command]


def two_roles(command: type[Command], first: str, second: str, **options: Sequence[Any]) -> Maker:
    """For commands between two members, with optional fields chosen from these values."""

    def make(c: Circumstances) -> Command:
        one, other = c.two
        return command(**{first: one, second: other}, **{name: c.choose(values) for name, values in options.items()})

    return make


def one_role(command: type[Command], role: str = "member", **options: Sequence[Any]) -> Maker:
    return lambda c: command(**{role: c.pair[0]}, **{name: c.choose(values) for name, values in options.items()})


def registration(member: str, kind: str) -> RegisterMember:
    return RegisterMember(member=member, name=member.title(), primary_email=f"{member}@example.org", kind=kind)


def send_invitation(c: Circumstances) -> Command:
    inviter, invitee = c.two
    return SendInvitation(
        inviter=inviter,
        invitee=invitee,
        note=c.choose((*(None, "hello") * 6, "n" * 301)),
        how_known=c.choose((None, None, "school")),
        email=c.choose((None, None, f"{invitee}@example.org", f"{invitee}.new@example.org")),
    )


def change_email(c: Circumstances) -> Command:
    member = c.pair[0]
    address = c.choose((f"{member}.new@example.org", f"{member}@example.org"))
    return ChangePrimaryEmail(member=member, primary_email=address)


def reply(c: Circumstances) -> Command:
    inviter, invitee = c.two
    kind = c.choose(("ask", "ask", "answer", "suggest_follow"))
    text = c.choose(("why?", "why?", "why?", "", "t" * 2001) if kind != "suggest_follow" else (None, "follow me"))
    return ReplyToInvitation(inviter=inviter, invitee=invitee, kind=kind, text=text)


def publish_post(c: Circumstances) -> Command:
    author = c.pair[0]
    return PublishPost(
        author=author,
        text=c.choose(TEXTS),
        kind=c.choose(("post", "status_update")),
        audience=c.choose(("anyone", "anyone", "connections")),
        item=c.new_item(author),
    )


def publish_article(c: Circumstances) -> Command:
    author = c.pair[0]
    return PublishArticle(author=author, title=c.choose(TEXTS), body=c.choose(TEXTS), item=c.new_item(author))


def shares_and_items(c: Circumstances) -> Sequence[str]:
    return (*c.items, *c.items, *(f"share.{number}" for number in range(3)))


def share_post(c: Circumstances) -> Command:
    return SharePost(sharer=c.pair[0], item=c.choose(shares_and_items(c)), comment=c.choose((None, "look #c")))


def delete_post(c: Circumstances) -> Command:
    item = c.choose(shares_and_items(c))
    owner = item.split(".")[0]
    return DeletePost(author=c.choose((owner, owner, owner, c.pair[0])) if owner in c.members else c.pair[0], item=item)


def change_policy(c: Circumstances) -> Command:
    values = c.choose(
        (
            *({"status_updates_to_followers": value} for value in STATUS_UPDATES),
            *({"connections_cap": value} for value in CONNECTIONS_CAP),
            {"backfill_items": 1},
            {"backfill_days": 7},
            {"invitation_expiry_days": 60},
            {"no_such_value": 1},
        )
    )
    later = (None,) if c.now is None else (None, None, c.now + DAY, c.now + 10 * DAY, c.now - 1)
    return ChangePolicy(values=values, effective_from=c.choose(later))


def lift_restriction(c: Circumstances) -> Command:
    return LiftRestriction(member=c.choose(c.members))


RECOGNITIONS = ("influencer", "top_voice")
WEIGHTED: Sequence[tuple[int, Maker]] = (
    (50, send_invitation),
    (24, two_roles(AcceptInvitation, "inviter", "invitee")),
    (24, two_roles(Follow, "follower", "followee", origin=(None, None, "profile", "post"))),
    (24, publish_post),
    (8, publish_article),
    (14, share_post),
    (8, delete_post),
    (10, two_roles(IgnoreInvitation, "inviter", "invitee", reason=("not_now", "do_not_know", "spam"))),
    (6, two_roles(WithdrawInvitation, "inviter", "invitee")),
    (10, reply),
    (5, two_roles(RemoveConnection, "member", "other")),
    (5, two_roles(Unfollow, "follower", "followee")),
    (3, two_roles(RemoveFollower, "follower", "followee")),
    (2, two_roles(BlockMember, "blocker", "blocked")),
    (2, two_roles(UnblockMember, "blocker", "blocked")),
    (3, two_roles(MuteMember, "muter", "muted")),
    (4, two_roles(UnmuteMember, "muter", "muted")),
    (2, two_roles(DismissSuggestion, "member", "other")),
    (5, one_role(FollowHashtag, hashtag=HASHTAGS)),
    (3, one_role(UnfollowHashtag, hashtag=HASHTAGS)),
    (10, one_role(ChangeFollowerSetting, setting=("everyone", "everyone", "connections"))),
    (3, one_role(ChangeInvitationPolicy, setting=("accept_all", "review", "review"))),
    (3, one_role(ChangeWhoMayInvite, setting=("email", "anyone", "anyone"))),
    (3, one_role(ChangeEmailVisibility, visibility=("everyone", "connections", "only_me"))),
    (3, one_role(ChangeConnectionsVisibility, visibility=("only_me", "connections"))),
    (2, change_email),
    (2, one_role(ChangeProfile, headline=("Hi", "Hello"), suggest_follow_text=(None, "Follow me"))),
    (1, one_role(ChangeProfile, primary_action=("follow", "connect"))),
    (3, one_role(HibernateMember)),
    (6, one_role(ReactivateMember)),
    (1, one_role(RestrictMember)),
    (3, lift_restriction),
    (1, one_role(RecognizeMember, recognition=RECOGNITIONS)),
    (1, one_role(WithdrawRecognition, recognition=RECOGNITIONS)),
    (4, one_role(MarkNoticesRead, up_to=(10_000_000, 10_000_000, 20, 60))),
    (2, change_policy),
    (1, lambda c: registration(c.choose(c.members), "person")),
)
MAKERS = (*(maker for weight, maker in WEIGHTED for _ in range(weight * 4)), one_role(EraseMember))


def sequels(command: Any) -> Sequence[Command]:
    """What may well come after a command, sooner or later: so that invitations are answered and blocks lifted."""
    match command:
        case SendInvitation(inviter=inviter, invitee=invitee):
            pair = {"inviter": inviter, "invitee": invitee}
            return (
                *(AcceptInvitation(**pair) for _ in range(6)),
                *(IgnoreInvitation(**pair, reason=reason) for reason in ("not_now", "spam", "do_not_know")),
                *(WithdrawInvitation(**pair) for _ in range(2)),
                *(ReplyToInvitation(**pair, kind=kind, text="well?") for kind in ("ask", "ask", "suggest_follow")),
                SendInvitation(inviter=invitee, invitee=inviter),
                SendInvitation(**pair, note="again"),
            )
        case AcceptInvitation(inviter=inviter, invitee=invitee):
            return (
                RemoveConnection(member=inviter, other=invitee),
                Unfollow(follower=inviter, followee=invitee),
                RemoveFollower(follower=inviter, followee=invitee),
                Follow(follower=inviter, followee=invitee),
                SendInvitation(inviter=invitee, invitee=inviter),
            )
        case IgnoreInvitation(inviter=inviter, invitee=invitee):
            again = SendInvitation(inviter=inviter, invitee=invitee, email=f"{invitee}@example.org")
            return (again, again, AcceptInvitation(inviter=inviter, invitee=invitee))
        case WithdrawInvitation(inviter=inviter, invitee=invitee):
            return (SendInvitation(inviter=inviter, invitee=invitee),)
        case ReplyToInvitation(inviter=inviter, invitee=invitee, kind="ask"):
            return (ReplyToInvitation(inviter=inviter, invitee=invitee, kind="answer", text="well!"),)
        case ReplyToInvitation(inviter=inviter, invitee=invitee, kind="suggest_follow"):
            return (Follow(follower=inviter, followee=invitee),)
        case Follow(follower=follower, followee=followee):
            pair = {"follower": follower, "followee": followee}
            return (Unfollow(**pair), RemoveFollower(**pair))
        case BlockMember(blocker=blocker, blocked=blocked):
            return (UnblockMember(blocker=blocker, blocked=blocked),) * 5 + (command,)
        case MuteMember(muter=muter, muted=muted):
            return (UnmuteMember(muter=muter, muted=muted),)
        case HibernateMember(member=member):
            return (ReactivateMember(member=member),)
        case RestrictMember(member=member):
            return (LiftRestriction(member=member),)
        case FollowHashtag(member=member, hashtag=hashtag):
            return (UnfollowHashtag(member=member, hashtag=hashtag),)
        case PublishPost(item=item) | PublishArticle(item=item):
            return (SharePost(sharer=NAMES[0], item=item), SharePost(sharer=NAMES[1], item=item))
    return ()


def beginning(members: Sequence[str], pages: int, choose: Callable[[Sequence[Any]], Any]) -> list[Command]:
    """Everybody is registered, the last as pages; small limits are set, and the first member is made the moderator."""
    persons = len(members) - pages
    registrations = [registration(m, "person" if number < persons else "page") for number, m in enumerate(members)]
    values = {
        "connections_cap": choose(CONNECTIONS_CAP),
        "invitations_per_week": choose((3, 2)),
        "strikes": 2,
        "backfill_items": 2,
        "status_updates_to_followers": choose(STATUS_UPDATES),
        "moderators": [members[0]],
    }
    return [*registrations, ChangePolicy(values=values)]


def random_commands(rng: random.Random, members: int, count: int) -> Iterator[tuple[Command, int]]:
    """The beginning, then `count` commands, each with its instant in microseconds. For placeholders see `resolved`."""
    names, now, items = NAMES[:members], START, list[str]()
    for command in beginning(names, pages=1 + members // 10, choose=rng.choice):
        yield command, now

    def new_item(author: str) -> str:
        if items and rng.random() < 0.05:
            return rng.choice(items)
        items.append(f"{author}.{len(items) + 1}")
        return items[-1]

    pair, before = (names[0], names[1]), list[Command]()
    for number in range(count):
        if number % 30 == 0:
            pace = rng.choice((ADVANCES, HASTE))
        now += rng.choice(pace)
        follow_ups = sequels(rng.choice(before[-15:])) if before and rng.random() < 0.5 else ()
        if rng.random() < 0.6:  # else something more between the same two
            one, other = rng.sample(names, 2)
            pair = (one, one if rng.random() < 0.03 else other)
        known = items[-8:] or ["none.1"]
        circumstances = Circumstances(rng.choice, names, pair, known, new_item, now)
        command = rng.choice(follow_ups) if follow_ups else rng.choice(MAKERS)(circumstances)
        if sequels(command):
            before.append(command)
        yield command, now


@st.composite
def commands(draw: st.DrawFn, members: Sequence[str]) -> Command:
    """One command among these members; shrinks towards invitations between the first two."""

    def choose(options: Sequence[Any]) -> Any:
        return draw(st.sampled_from(options))

    pairs = [(one, other) for one in members for other in members if one != other] + [(members[0], members[0])]
    items = [f"{author}.{number}" for number in (1, 2) for author in members]

    def new_item(author: str) -> str:
        return str(choose((f"{author}.1", f"{author}.2", f"{author}.3")))

    maker: Maker = choose(MAKERS)
    return maker(Circumstances(choose, members, choose(pairs), items, new_item, None))


@st.composite
def command_histories(draw: st.DrawFn, members: int = 5, most: int = 60) -> list[tuple[Command, int]]:
    """The beginning, then up to `most` commands, each with the microseconds by which time goes on before it."""
    names = NAMES[:members]
    first = beginning(names, pages=1, choose=lambda options: draw(st.sampled_from(options)))
    advances = st.sampled_from(sorted(set(ADVANCES)))
    rest = draw(st.lists(st.tuples(commands(names), advances), max_size=most))
    return [*((command, 0) for command in first), *rest]


def resolved(command: Command, shares: Sequence[tuple[str, str]], last_position: int) -> Command:
    """The command with what only the real network knows put in: `shares` are id and sharer of each share made so far,
    and nothing is marked as read that is not there yet. The deletion of a share is the sharer's."""
    if isinstance(command, MarkNoticesRead):
        return command.model_copy(update={"up_to": min(command.up_to, last_position)})
    if isinstance(command, SharePost | DeletePost) and command.item.startswith("share.") and shares:
        share, sharer = shares[-1 - int(command.item.removeprefix("share.")) % len(shares)]
        changes = {"item": share} | ({"author": sharer} if isinstance(command, DeletePost) else {})
        return command.model_copy(update=changes)
    return command
