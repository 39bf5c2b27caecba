"""The facts that can stand between two members.

They are in one file because one view, the pair, folds them all; the decisions that make them are in invitations,
connections, following and privacy. Each carries both members' tags and the pair's.
"""

from collections.abc import Sequence
from typing import Annotated

from domain.event import Personal, recorded_as
from domain.identifiers import Instant, inviter_tag, member_tag, pair_tag


def _between(one: str, other: str) -> tuple[str, ...]:
    return (member_tag(one), member_tag(other), pair_tag(one, other))


class _Invitation:
    """The tags of an event about an invitation."""

    __slots__ = ()
    inviter: str
    invitee: str

    def tags(self) -> Sequence[str]:
        return _between(self.inviter, self.invitee)


class _Follow:
    """The tags of an event about a follow."""

    __slots__ = ()
    follower: str
    followee: str

    def tags(self) -> Sequence[str]:
        return _between(self.follower, self.followee)


class _Members:
    """The tags of an event about `member` and `other`."""

    __slots__ = ()
    member: str
    other: str

    def tags(self) -> Sequence[str]:
        return _between(self.member, self.other)


@recorded_as("invitation_sent")
class InvitationSent(_Invitation):
    """`note_kind`: custom or default (S9). `barred`: the invitee had answered do_not_know or spam before (S13).
    `expires_at`: as the policy had it, None for never. `email_notice`: version of the notice that email is shared
    (S27)."""

    invitation: str
    inviter: str
    invitee: str
    note: Annotated[str, Personal("inviter")]
    note_kind: str
    how_known: Annotated[str | None, Personal("inviter")]
    barred: bool
    expires_at: Instant | None
    email_notice: int

    def tags(self) -> Sequence[str]:
        return (*_between(self.inviter, self.invitee), inviter_tag(self.inviter))


@recorded_as("invitation_accepted")
class InvitationAccepted(_Invitation):
    """`by_policy`: made by the invitee's policy *accept all* and not by hand (S14)."""

    invitation: str
    inviter: str
    invitee: str
    by_policy: bool
    email_notice: int


@recorded_as("invitation_ignored")
class InvitationIgnored(_Invitation):
    """`reason`: not_now, do_not_know, spam. Never shown to the inviter (S13, X16)."""

    invitation: str
    inviter: str
    invitee: str
    reason: str

    def tags(self) -> Sequence[str]:
        return (*_between(self.inviter, self.invitee), inviter_tag(self.inviter))


@recorded_as("invitation_withdrawn")
class InvitationWithdrawn(_Invitation):
    invitation: str
    inviter: str
    invitee: str


@recorded_as("invitation_replied")
class InvitationReplied(_Invitation):
    """`kind`: ask or suggest_follow, by the invitee; answer, by the inviter."""

    invitation: str
    inviter: str
    invitee: str
    author: str
    kind: str
    text: Annotated[str, Personal("author")]


@recorded_as("invitation_closed")
class InvitationClosed(_Invitation):
    """Ended by an act that was not an answer to it; `reason`: block."""

    invitation: str
    inviter: str
    invitee: str
    reason: str


@recorded_as("members_connected")
class MembersConnected(_Members):
    """One symmetric fact (S3); which of the two is `member` has no meaning."""

    member: str
    other: str
    invitation: str


@recorded_as("connection_removed")
class ConnectionRemoved(_Members):
    """`member` ended it."""

    member: str
    other: str


@recorded_as("suggestion_dismissed")
class SuggestionDismissed(_Members):
    """`member` does not want `other` suggested."""

    member: str
    other: str


@recorded_as("followed")
class Followed(_Follow):
    """`origin`: where it came from (S36): profile, post, article, hashtag, invitation_reply, or connection (automatic,
    S4); `origin_ref`: the item, hashtag or invitation."""

    follower: str
    followee: str
    origin: str
    origin_ref: str | None


@recorded_as("unfollowed")
class Unfollowed(_Follow):
    """Ended by the follower, or by an act of theirs."""

    follower: str
    followee: str


@recorded_as("follower_removed")
class FollowerRemoved(_Follow):
    """Ended by the followee, or by an act of theirs."""

    follower: str
    followee: str


@recorded_as("member_blocked")
class MemberBlocked:
    blocker: str
    blocked: str

    def tags(self) -> Sequence[str]:
        return _between(self.blocker, self.blocked)


@recorded_as("member_unblocked")
class MemberUnblocked:
    blocker: str
    blocked: str

    def tags(self) -> Sequence[str]:
        return _between(self.blocker, self.blocked)


@recorded_as("member_muted")
class MemberMuted:
    muter: str
    muted: str

    def tags(self) -> Sequence[str]:
        return _between(self.muter, self.muted)


@recorded_as("member_unmuted")
class MemberUnmuted:
    muter: str
    muted: str

    def tags(self) -> Sequence[str]:
        return _between(self.muter, self.muted)
