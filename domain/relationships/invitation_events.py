"""The events of invitations and of their threads, and the words of their fields."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from domain.event import Personal, recorded_as, tags_between
from domain.identifiers import Instant, inviter_tag


class NoteKind(StrEnum):
    """Whether the inviter wrote a note of their own (S9)."""

    CUSTOM = "custom"
    DEFAULT = "default"


class IgnoreReason(StrEnum):
    """Why an invitation is ignored. The last two bar the sender and count against them (S13, S26)."""

    NOT_NOW = "not_now"
    DO_NOT_KNOW = "do_not_know"
    SPAM = "spam"


class ReplyKind(StrEnum):
    """Who replies follows from the kind: `ask` and `suggest_follow` are the recipient's, `answer` the sender's."""

    ASK = "ask"
    ANSWER = "answer"
    SUGGEST_FOLLOW = "suggest_follow"


class CloseReason(StrEnum):
    """What ended an invitation that nobody answered."""

    BLOCK = "block"


_tags = tags_between("inviter", "invitee")


def _tags_with_inviter(event: "InvitationSent | InvitationIgnored") -> Sequence[str]:
    return (*_tags(event), inviter_tag(event.inviter))


@recorded_as("invitation_sent")
class InvitationSent:
    """A member asked another to connect.

    `note_kind` is a NoteKind (S9). `barred` means that the invitee had answered do_not_know or spam before (S13).
    `expires_at` follows the policy of the time; None means never. `email_notice` is the version of the notice that
    connecting shares email (S27).
    """

    invitation: str
    inviter: str
    invitee: str
    note: Annotated[str, Personal("inviter")]
    note_kind: str
    how_known: Annotated[str | None, Personal("inviter")]
    barred: bool
    expires_at: Instant | None
    email_notice: int

    tags = _tags_with_inviter


@recorded_as("invitation_accepted")
class InvitationAccepted:
    """The invitee accepted. `by_policy` means that their policy *accept all* did it and not their hand (S14)."""

    invitation: str
    inviter: str
    invitee: str
    by_policy: bool
    email_notice: int

    tags = _tags


@recorded_as("invitation_ignored")
class InvitationIgnored:
    """The invitee ignored it. `reason` is an IgnoreReason and is never shown to the inviter (S13, X16)."""

    invitation: str
    inviter: str
    invitee: str
    reason: str

    tags = _tags_with_inviter


@recorded_as("invitation_withdrawn")
class InvitationWithdrawn:
    """The inviter took it back."""

    invitation: str
    inviter: str
    invitee: str

    tags = _tags


@recorded_as("invitation_replied")
class InvitationReplied:
    """A message in the thread of an invitation. `kind` is a ReplyKind."""

    invitation: str
    inviter: str
    invitee: str
    author: str
    kind: str
    text: Annotated[str, Personal("author")]

    tags = _tags


@recorded_as("invitation_closed")
class InvitationClosed:
    """It was ended by an act that was no answer to it. `reason` is a CloseReason."""

    invitation: str
    inviter: str
    invitee: str
    reason: str

    tags = _tags
