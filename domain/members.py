"""Members: who they are, what they let others see and do, and whether they are here at all. What is recorded, and its
view.

Members act on it in domain.membership, moderators in domain.moderation; the settings for followers and invitations are
changed in domain.following and domain.invitations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from domain.decision import DecisionModel
from domain.event import Event, Personal, recorded_as
from domain.identifiers import Instant, member_tag
from domain.refusals import Refused


class MemberKind(StrEnum):
    PERSON = "person"
    PAGE = "page"


class Visibility(StrEnum):
    """Who can read a member's primary email (S25)."""

    CONNECTIONS = "connections"
    ONLY_ME = "only_me"
    EVERYONE = "everyone"


class ConnectionsVisibility(StrEnum):
    """Who is shown a member's list of connections (G6)."""

    CONNECTIONS = "connections"
    ONLY_ME = "only_me"


class PrimaryAction(StrEnum):
    """Which action a member's profile offers first (S45)."""

    CONNECT = "connect"
    FOLLOW = "follow"


class Recognition(StrEnum):
    INFLUENCER = "influencer"
    TOP_VOICE = "top_voice"


Email = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]


def require_length(text: str, limit: int | None) -> None:
    """Refuse a text that is longer than a policy's limit."""
    if limit is not None and len(text) > limit:
        raise Refused("too_long", f"The text has {len(text)} characters; the policy allows {limit}. Shorten it.")


# Events


class _AboutMember:
    """The tag of an event that is about one member alone."""

    __slots__ = ()
    member: str

    def tags(self) -> Sequence[str]:
        return (member_tag(self.member),)


@recorded_as("member_registered")
class MemberRegistered(_AboutMember):
    member: str
    name: Annotated[str, Personal("member")]
    primary_email: Annotated[str, Personal("member")]
    kind: str


@recorded_as("profile_changed")
class ProfileChanged(_AboutMember):
    """Fields that did not change are None."""

    member: str
    name: Annotated[str | None, Personal("member")]
    headline: Annotated[str | None, Personal("member")]
    primary_action: str | None
    suggest_follow_text: Annotated[str | None, Personal("member")]


@recorded_as("primary_email_changed")
class PrimaryEmailChanged(_AboutMember):
    member: str
    primary_email: Annotated[str, Personal("member")]


@recorded_as("email_visibility_changed")
class EmailVisibilityChanged(_AboutMember):
    member: str
    visibility: str


@recorded_as("connections_visibility_changed")
class ConnectionsVisibilityChanged(_AboutMember):
    member: str
    visibility: str


@recorded_as("member_hibernated")
class MemberHibernated(_AboutMember):
    member: str


@recorded_as("member_reactivated")
class MemberReactivated(_AboutMember):
    member: str


@recorded_as("member_erased")
class MemberErased(_AboutMember):
    member: str


@recorded_as("member_restricted")
class MemberRestricted(_AboutMember):
    member: str
    reason: Annotated[str | None, Personal("member")]


@recorded_as("restriction_lifted")
class RestrictionLifted(_AboutMember):
    member: str


@recorded_as("member_recognized")
class MemberRecognized(_AboutMember):
    member: str
    recognition: str


@recorded_as("recognition_withdrawn")
class RecognitionWithdrawn(_AboutMember):
    member: str
    recognition: str


@recorded_as("who_may_invite_changed")
class WhoMayInviteChanged(_AboutMember):
    member: str
    setting: str


@recorded_as("invitation_policy_changed")
class InvitationPolicyChanged(_AboutMember):
    member: str
    setting: str


@recorded_as("follower_setting_changed")
class FollowerSettingChanged(_AboutMember):
    member: str
    setting: str


# The view


EMPTY_PROFILE = {"name": "", "headline": "", "primary_action": PrimaryAction.CONNECT.value, "suggest_follow_text": ""}
"""A profile that says nothing yet."""


@dataclass(slots=True)
class Member:
    """One member as decisions see them. `registered_as` is None before registration and holds its content ever
    after."""

    registered_as: tuple[str, str, str] | None = None
    kind: str = ""
    profile: dict[str, str] = field(default_factory=lambda: dict(EMPTY_PROFILE))
    primary_email: str = ""
    email_visibility: str = Visibility.CONNECTIONS
    connections_visibility: str = ConnectionsVisibility.CONNECTIONS
    who_may_invite: str = "anyone"
    invitation_policy: str = "review"
    follower_setting: str = "unset"
    recognitions: set[str] = field(default_factory=set)
    hibernated: bool = False
    restricted: bool = False
    erased: bool = False

    @property
    def present(self) -> bool:
        """Registered, and not hidden by hibernation, restriction or erasure, each of which is a cause of its own
        (X15)."""
        return self.registered_as is not None and not (self.hibernated or self.restricted or self.erased)


def evolve(member: Member, event: Event, _: Instant) -> Member:
    match event:
        case MemberRegistered():
            member.registered_as = (event.name, event.primary_email, event.kind)
            member.kind, member.primary_email = event.kind, event.primary_email
            member.profile["name"] = event.name
        case ProfileChanged():
            for name in EMPTY_PROFILE:
                if (value := getattr(event, name)) is not None:
                    member.profile[name] = value
        case PrimaryEmailChanged():
            member.primary_email = event.primary_email
        case EmailVisibilityChanged():
            member.email_visibility = event.visibility
        case ConnectionsVisibilityChanged():
            member.connections_visibility = event.visibility
        case WhoMayInviteChanged():
            member.who_may_invite = event.setting
        case InvitationPolicyChanged():
            member.invitation_policy = event.setting
        case FollowerSettingChanged():
            member.follower_setting = event.setting
        case MemberHibernated():
            member.hibernated = True
        case MemberReactivated():
            member.hibernated = False
        case MemberRestricted():
            member.restricted = True
        case RestrictionLifted():
            member.restricted = False
        case MemberErased():
            member.erased = True
        case MemberRecognized():
            member.recognitions.add(event.recognition)
        case RecognitionWithdrawn():
            member.recognitions.discard(event.recognition)
    return member


MEMBER = DecisionModel(
    "member",
    member_tag,
    (
        MemberRegistered,
        ProfileChanged,
        PrimaryEmailChanged,
        EmailVisibilityChanged,
        ConnectionsVisibilityChanged,
        WhoMayInviteChanged,
        InvitationPolicyChanged,
        FollowerSettingChanged,
        MemberHibernated,
        MemberReactivated,
        MemberRestricted,
        RestrictionLifted,
        MemberErased,
        MemberRecognized,
        RecognitionWithdrawn,
    ),
    Member,
    evolve,
)
