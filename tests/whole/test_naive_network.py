"""The naive network is what the real one is compared with: so here it is held against the rules by hand."""

import random
from typing import Any

from hypothesis import given
from oracle.feed import feed, hashtag_page, why
from oracle.network import NaiveNetwork
from oracle.queries import (
    broken_pairs,
    connections,
    counts,
    degree,
    email_readable,
    followers,
    following,
    invitations,
    mutual_connections,
    notices,
    relationship,
    suggestions,
    thread,
)
from support.random_commands import START, command_histories, random_commands, registration, resolved

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeFollowerSetting,
    ChangePolicy,
    Command,
    DeletePost,
    EraseMember,
    Follow,
    FollowHashtag,
    HibernateMember,
    IgnoreInvitation,
    LiftRestriction,
    MuteMember,
    PublishArticle,
    PublishPost,
    ReactivateMember,
    RegisterMember,
    RemoveConnection,
    RemoveFollower,
    ReplyToInvitation,
    RestrictMember,
    SendInvitation,
    SharePost,
    UnblockMember,
    Unfollow,
    UnmuteMember,
    WithdrawInvitation,
)
from domain.identifiers import DAY, HOUR, SECOND


class Story:
    """A naive network told one command after another, a second apart, with a log that has ten events for each."""

    def __init__(self, *persons: str) -> None:
        self.network = NaiveNetwork()
        self.now = START
        self.shares: list[tuple[str, str]] = []
        for person in persons:
            self.do(registration(person, "person"))

    def do(self, command: Command, later: int = SECOND) -> str:
        self.now += later
        command = resolved(command, self.shares, self.network.last_position)
        verdict = self.network.handle(command, self.now)
        if verdict == "accepted":
            share = f"s{len(self.shares) + 1}" if isinstance(command, SharePost) else None
            if isinstance(command, SharePost):
                self.shares.append((f"s{len(self.shares) + 1}", command.sharer))
            self.network.recorded(self.network.last_position + 1, self.network.last_position + 10, share)
        return verdict

    def all(self, *commands: Command) -> None:
        assert [self.do(command) for command in commands] == ["accepted"] * len(commands)

    def connect(self, *pairs: str) -> None:
        for pair in pairs:
            inviter, invitee = pair.split("-")
            self.all(invite(inviter, invitee), accept(inviter, invitee))


def invite(inviter: str, invitee: str, **more: Any) -> Command:
    return SendInvitation(inviter=inviter, invitee=invitee, **more)


def accept(inviter: str, invitee: str) -> Command:
    return AcceptInvitation(inviter=inviter, invitee=invitee)


def follow(follower: str, followee: str) -> Command:
    return Follow(follower=follower, followee=followee)


def post(item: str, **more: Any) -> Command:
    return PublishPost(author=item.split(".")[0], item=item, **{"text": "hello", **more})


def open_to_all(*members: str) -> list[Command]:
    return [ChangeFollowerSetting(member=member, setting="everyone") for member in members]


def items_of(story: Story, viewer: str) -> list[str]:
    return [row[0] for row in feed(story.network, viewer)]


def test_accepting_makes_the_connection_and_both_follows() -> None:
    """S2-S5, X1, row accept: with backfill, and the automatic follow is told to nobody (N1)."""
    story = Story("ann", "bob", "cid")
    story.all(post("ann.1"), invite("ann", "bob"), invite("bob", "ann"))
    assert connections(story.network, "ann", "ann") == ["bob"]
    assert following(story.network, "ann") == ["bob"]
    assert followers(story.network, "ann") == ["bob"]
    assert items_of(story, "bob") == ["ann.1"]
    assert story.do(accept("ann", "bob")) == "already_so"
    assert story.do(invite("ann", "bob")) == "already_connected"
    assert notices(story.network, "ann") == [("accepted", "bob", ("ann", "bob"), False)]
    story.all(Unfollow(follower="bob", followee="ann"))
    assert (degree(story.network, "ann", "bob"), items_of(story, "bob")) == (1, [])


def test_ignoring_is_silent_and_bars() -> None:
    """S12, S13, X21, row ignore."""
    story = Story("ann", "bob")
    story.all(invite("ann", "bob"), IgnoreInvitation(inviter="ann", invitee="bob", reason="spam"))
    assert [row[0] for row in invitations(story.network, "ann", "sent")] == ["bob"]
    assert invitations(story.network, "bob", "received") == []
    assert [row[0] for row in invitations(story.network, "bob", "archived")] == ["ann"]
    assert story.do(invite("ann", "bob")) == "already_so"
    assert story.do(invite("ann", "bob"), later=21 * DAY) == "accepted"
    assert [row[0] for row in invitations(story.network, "bob", "barred")] == ["ann"]
    assert [row[0] for row in invitations(story.network, "ann", "sent")] == ["bob"]
    assert relationship(story.network, "ann", "bob")["pending"] == "sent"  # type: ignore[index]
    story.all(accept("ann", "bob"))
    assert degree(story.network, "ann", "bob") == 1


def test_withdrawing_bars_for_the_cool_down() -> None:
    """X2, X3, row withdraw: each at the exact instant."""
    story = Story("ann", "bob")
    withdraw = WithdrawInvitation(inviter="ann", invitee="bob")
    story.all(invite("ann", "bob"), withdraw)
    assert (story.do(withdraw), story.do(accept("ann", "bob"))) == ("already_so", "no_invitation")
    assert story.do(invite("ann", "bob"), later=21 * DAY - 3 * SECOND) == "cooling_down"
    assert story.do(invite("ann", "bob")) == "accepted"
    assert story.do(accept("ann", "bob"), later=180 * DAY) == "no_invitation"
    assert invitations(story.network, "ann", "sent") == []


def test_quota_cap_and_strikes() -> None:
    """X4, X5, S26."""
    story = Story("ann", "bob", "cid", "dee", "eve")
    story.all(ChangePolicy(values={"invitations_per_week": 2, "connections_cap": 1, "strikes": 1}))
    story.all(invite("ann", "bob"), invite("ann", "cid"))
    assert story.do(invite("ann", "dee")) == "invitation_limit"
    story.all(accept("ann", "bob"))
    assert story.do(accept("ann", "cid")) == "connections_cap"
    story.all(HibernateMember(member="bob"), accept("ann", "cid"), ReactivateMember(member="bob"))
    assert connections(story.network, "ann", "ann") == ["cid"]  # bob waits for room (X15)
    story.all(RemoveConnection(member="ann", other="cid"))
    assert connections(story.network, "ann", "ann") == ["bob"]
    story.all(invite("eve", "dee"), IgnoreInvitation(inviter="eve", invitee="dee", reason="do_not_know"))
    assert story.do(invite("eve", "cid")) == "email_required"
    assert story.do(invite("eve", "cid", email="cid@example.org")) == "accepted"


def test_a_thread_keeps_its_order_and_grants_nothing() -> None:
    """S16-S20."""
    story = Story("ann", "bob")

    def reply(kind: str, text: str | None = "well") -> Command:
        return ReplyToInvitation(inviter="ann", invitee="bob", kind=kind, text=text)

    assert story.do(reply("ask")) == "no_invitation"
    story.all(invite("ann", "bob"))
    assert (story.do(reply("answer")), story.do(reply("suggest_follow"))) == ("nothing_asked", "not_followable")
    assert story.do(reply("ask", "")) == "empty_text"
    story.all(reply("ask", "who?"), reply("answer", "me"), *open_to_all("bob"), reply("suggest_follow", None))
    assert thread(story.network, "ann", "bob", "ann") == [
        ("bob", "ask", "who?"),
        ("ann", "answer", "me"),
        ("bob", "suggest_follow", ""),
    ]
    assert email_readable(story.network, "ann", "bob") is None


def test_block_cuts_everything_and_nothing_returns() -> None:
    """H1, X14, rows block and unblock."""
    story = Story("ann", "bob", "cid")
    story.all(invite("cid", "ann"))
    story.connect("ann-bob")
    story.all(post("bob.1"), BlockMember(blocker="ann", blocked="bob"), BlockMember(blocker="ann", blocked="cid"))
    assert story.do(accept("cid", "ann")) == "blocked_by_you"
    assert story.do(invite("bob", "ann")) == "not_available"
    assert (items_of(story, "ann"), why(story.network, "ann", "bob.1")) == ([], "not_available")
    assert degree(story.network, "ann", "bob") is None
    assert relationship(story.network, "bob", "ann") == relationship(story.network, "bob", "nobody") == "not_available"
    assert not broken_pairs(story.network)
    story.all(UnblockMember(blocker="ann", blocked="bob"))
    assert following(story.network, "ann") == followers(story.network, "ann") == []
    assert story.do(BlockMember(blocker="ann", blocked="bob"), later=48 * HOUR - SECOND) == "block_too_soon"
    assert story.do(BlockMember(blocker="ann", blocked="bob")) == "accepted"


def test_remove_follower_and_connection() -> None:
    """X12 and rows remove follower, remove connection: new invitations are allowed at once."""
    story = Story("ann", "bob")
    story.connect("ann-bob")
    assert email_readable(story.network, "ann", "bob") == "bob@example.org"
    story.all(RemoveFollower(follower="bob", followee="ann"))
    assert (following(story.network, "bob"), degree(story.network, "bob", "ann")) == ([], 1)
    story.all(follow("bob", "ann"), RemoveConnection(member="ann", other="bob"))
    assert following(story.network, "ann") == following(story.network, "bob") == []
    assert email_readable(story.network, "ann", "bob") is None
    story.all(invite("bob", "ann"))


def test_who_may_follow() -> None:
    """S34-S40, T1-T3, X10."""
    story = Story("ann", "bob", "cid")
    assert story.do(follow("ann", "bob")) == "not_followable"
    story.all(PublishArticle(author="bob", title="t", body="b", item="bob.1"), follow("ann", "bob"))
    story.all(DeletePost(author="bob", item="bob.1"))
    assert story.do(follow("cid", "bob")) == "not_followable"
    assert following(story.network, "ann") == ["bob"]
    story.all(ChangeFollowerSetting(member="bob", setting="connections"))
    assert (following(story.network, "ann"), followers(story.network, "bob")) == ([], [])
    story.all(*open_to_all("bob"))
    assert counts(story.network, "bob", "cid") == {"connections": 0, "followers": 1, "following": 0}


def test_hiding_has_causes_of_its_own() -> None:
    """X15, X18, rows hibernates and returns."""
    story = Story("ann", "bob", "cid")
    story.connect("ann-bob")
    story.all(post("ann.1"), post("bob.1"), invite("cid", "ann"))
    story.all(HibernateMember(member="ann"), RestrictMember(member="ann"))
    assert connections(story.network, "bob", "bob") == following(story.network, "bob") == items_of(story, "bob") == []
    assert items_of(story, "ann") == ["bob.1"]  # what is B's stays for A
    assert email_readable(story.network, "bob", "ann") is email_readable(story.network, "ann", "bob") is None
    assert (story.do(post("ann.2")), story.do(follow("cid", "ann"))) == ("inactive", "not_available")
    story.all(LiftRestriction(member="ann"))
    assert connections(story.network, "bob", "bob") == []
    story.all(ReactivateMember(member="ann"), accept("cid", "ann"))
    assert (connections(story.network, "ann", "ann"), items_of(story, "bob")) == (["cid", "bob"], ["ann.1"])


def test_erasure_ends_everything() -> None:
    """Row erased."""
    story = Story("ann", "bob", "cid")
    story.connect("ann-bob")
    story.all(post("ann.1"), invite("cid", "ann"), EraseMember(member="ann"))
    assert connections(story.network, "bob", "bob") == items_of(story, "bob") == []
    assert invitations(story.network, "cid", "sent") == []
    assert (story.do(post("ann.2")), story.do(invite("bob", "ann"))) == ("unknown_member", "not_available")


def test_the_order_and_the_causes_of_a_feed() -> None:
    """F3, F6, F7, H8, H9: a share brings an item up, its deletion puts it back; it leaves with the last cause."""
    story = Story("ann", "bob", "cid")
    story.all(*open_to_all("ann", "bob"), FollowHashtag(member="cid", hashtag="A"), follow("cid", "ann"))
    story.all(follow("cid", "bob"), post("ann.1", text="#a"), post("ann.2"))
    assert items_of(story, "cid") == ["ann.2", "ann.1"]
    story.all(SharePost(sharer="bob", item="ann.1"))
    assert feed(story.network, "cid")[0] == (
        "ann.1",
        "ann",
        "post",
        frozenset({("follow", "ann"), ("hashtag", "a"), ("share", "bob", "s1")}),
    )
    story.all(MuteMember(muter="cid", muted="bob"))
    assert items_of(story, "cid") == ["ann.2", "ann.1"]
    story.all(UnmuteMember(muter="cid", muted="bob"), DeletePost(author="bob", item="share.0"))
    assert items_of(story, "cid") == ["ann.2", "ann.1"]
    assert notices(story.network, "ann") == [("follower", "cid", "cid", False)]
    story.all(Unfollow(follower="cid", followee="ann"))
    assert items_of(story, "cid") == ["ann.1"]
    assert notices(story.network, "ann") == []
    assert hashtag_page(story.network, "a", "bob") == [("ann.1", "ann", True)]


def test_backfill_is_counted_then() -> None:
    """F3: the newest that stood when the follow began, and not too old by then."""
    story = Story("ann", "bob")
    story.all(ChangePolicy(values={"backfill_items": 3}), *open_to_all("ann"), post("ann.1"))
    assert story.do(post("ann.2"), later=30 * DAY) == "accepted"
    story.all(post("ann.3", audience="connections"), post("ann.4"), DeletePost(author="ann", item="ann.4"))
    story.all(follow("bob", "ann"), ChangePolicy(values={"backfill_items": 0}), post("ann.5"))
    assert items_of(story, "bob") == ["ann.5", "ann.2"]
    assert [why(story.network, "bob", f"ann.{number}") for number in (1, 3, 4)] == ["F3", "F2", "not_available"]
    assert why(story.network, "ann", "ann.5") == "F5"


def test_status_updates_reach_followers_by_policy() -> None:
    """F4: connections always get them."""
    story = Story("ann", "bob", "cid")
    story.all(ChangePolicy(values={"status_updates_to_followers": "never"}), *open_to_all("ann"), follow("cid", "ann"))
    story.connect("ann-bob")
    story.all(post("ann.1", kind="status_update"), post("ann.2"))
    assert (items_of(story, "bob"), items_of(story, "cid")) == (["ann.2", "ann.1"], ["ann.2"])
    assert why(story.network, "cid", "ann.1") == "F4"
    story.all(MuteMember(muter="bob", muted="ann"))
    assert (items_of(story, "bob"), why(story.network, "bob", "ann.1")) == ([], "F1")


def test_what_can_be_shared() -> None:
    """F2, F11."""
    story = Story("ann", "bob", "cid")
    story.connect("ann-bob")
    story.all(post("ann.1", audience="connections"), post("ann.2"), SharePost(sharer="bob", item="ann.2"))
    assert story.do(SharePost(sharer="bob", item="ann.1")) == "not_shareable"
    assert story.do(SharePost(sharer="cid", item="ann.1")) == "not_available"
    assert story.do(SharePost(sharer="bob", item="s1")) == "already_so"
    story.all(SharePost(sharer="cid", item="s1"), BlockMember(blocker="ann", blocked="cid"))
    assert story.do(SharePost(sharer="cid", item="s1")) == "not_available"


def test_degrees_mutuals_and_suggestions() -> None:
    """G1, G2, G4: and as of an earlier position it is as it was."""
    story = Story("ann", "bob", "cid", "dee", "eve")
    story.connect("ann-bob", "bob-cid", "cid-dee", "dee-eve")
    assert [degree(story.network, "ann", m) for m in ("ann", "bob", "cid", "dee", "eve")] == [0, 1, 2, 3, None]
    assert mutual_connections(story.network, "ann", "cid", viewer="ann") == ["bob"]
    assert suggestions(story.network, "ann") == [("cid", 1)]
    before = story.network.last_position
    story.all(HibernateMember(member="bob"))
    assert degree(story.network, "ann", "cid") is None
    assert degree(story.network.as_of(before), "ann", "cid") == 2
    story.all(ReactivateMember(member="bob"), invite("ann", "cid"))
    assert suggestions(story.network, "ann") == []


def test_registering_again() -> None:
    """X18."""
    story = Story("ann")
    assert story.do(registration("ann", "person")) == "already_so"
    other = RegisterMember(member="ann", name="Anna", primary_email="ann@example.org")
    assert story.do(other) == "already_registered"
    assert story.do(follow("zoe", "ann")) == "unknown_member"


def test_random_histories_reach_every_verdict(seed: int) -> None:
    """The commands are such that the rules are tried: and X14 holds all along."""
    verdicts: set[str] = set()
    for number in range(12):
        story = Story()
        for command, now in random_commands(random.Random(f"{seed} {number}"), members=8, count=400):
            verdicts.add(story.do(command, later=now - story.now))
            assert not broken_pairs(story.network)
        assert story.network.as_of(story.network.last_position).follows == story.network.follows
    assert verdicts >= {"accepted", "already_so", "connections_cap", "cooling_down", "email_required", "not_available"}


@given(command_histories())
def test_random_histories_keep_lists_and_counts_together(history: Any) -> None:
    """X11: counts are the lengths of the lists; degree 1 is a connection; an entry has a cause (S33)."""
    story = Story()
    for command, advance in history:
        story.do(command, later=advance)
    network = story.network
    for member in network.members:
        listed = counts(network, member, member)
        if isinstance(listed, dict):
            assert listed["followers"] == len(followers(network, member))
            assert listed["connections"] == len(connections(network, member, member))
        for other in network.members:
            assert (degree(network, member, other) == 1) == (other in connections(network, member, member))
        assert all(causes for _, _, _, causes in feed(network, member))
