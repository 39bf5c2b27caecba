"""The events of invitations and of their threads, and the words of their fields."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.event import Personal, one_of, recorded_as, tags_between
from domain.identifiers import AnyId, KeptInstant, MemberId, inviter_tag
from domain.text import Text


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


VERSION_MAX = 1_000_000
"""The highest version of a notice that an event may name."""

_tags = tags_between("inviter", "invitee")


def _tags_with_inviter(event: "InvitationSent | InvitationIgnored") -> Sequence[str]:
    return (*_tags(event), inviter_tag(event.inviter))


@recorded_as("invitation_sent")
class InvitationSent:
    """`inviter` asked `invitee` to connect.

    `note_kind` is a NoteKind (S9). `barred` means that the invitee had answered do_not_know or spam before (S13).
    `expires_at` follows the policy of the time; None means never. `email_notice` is the version of the notice that
    connecting shares email (S27).
    """

    invitation: AnyId
    inviter: MemberId
    invitee: MemberId
    note: Annotated[Text, Personal("inviter")]
    note_kind: Annotated[str, one_of(*NoteKind)]
    how_known: Annotated[Text | None, Personal("inviter")]
    barred: bool
    expires_at: KeptInstant | None
    email_notice: Annotated[int, Field(ge=1, le=VERSION_MAX)]

    tags = _tags_with_inviter


@recorded_as("invitation_accepted")
class InvitationAccepted:
    """The invitee accepted. `by_policy` means that their policy *accept all* did it and not their hand (S14)."""

    invitation: AnyId
    inviter: MemberId
    invitee: MemberId
    by_policy: bool
    email_notice: Annotated[int, Field(ge=1, le=VERSION_MAX)]

    tags = _tags


@recorded_as("invitation_ignored")
class InvitationIgnored:
    """The invitee ignored it. `reason` is an IgnoreReason and is never shown to the inviter (S13, X16)."""

    invitation: AnyId
    inviter: MemberId
    invitee: MemberId
    reason: Annotated[str, one_of(*IgnoreReason)]

    tags = _tags_with_inviter


@recorded_as("invitation_withdrawn")
class InvitationWithdrawn:
    """The inviter took it back."""

    invitation: AnyId
    inviter: MemberId
    invitee: MemberId

    tags = _tags


@recorded_as("invitation_replied")
class InvitationReplied:
    """A message in the thread of an invitation. `kind` is a ReplyKind."""

    invitation: AnyId
    inviter: MemberId
    invitee: MemberId
    author: MemberId
    kind: Annotated[str, one_of(*ReplyKind)]
    text: Annotated[Text, Personal("author")]

    tags = _tags


@recorded_as("invitation_closed")
class InvitationClosed:
    """It was ended by an act that was no answer to it. `reason` is a CloseReason."""

    invitation: AnyId
    inviter: MemberId
    invitee: MemberId
    reason: Annotated[str, one_of(*CloseReason)]

    tags = _tags
