"""The events of one member: who they are, what they let others see and do, and whether they are here at all; and the
words of their fields."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from domain.event import Personal, recorded_as
from domain.identifiers import member_tag


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


class WhoMayInvite(StrEnum):
    """Who may send a member invitations (X6)."""

    ANYONE = "anyone"
    EMAIL = "email"


class InvitationPolicy(StrEnum):
    """What a member does with invitations: looks at each, or accepts all (S14)."""

    REVIEW = "review"
    ACCEPT_ALL = "accept_all"


class FollowerSetting(StrEnum):
    """Who may follow (S38-S40)."""

    EVERYONE = "everyone"
    CONNECTIONS = "connections"


FOLLOWER_SETTING_UNSET = "unset"
"""The follower setting of a member who never chose one: strangers may follow while an article of theirs stands (T1)."""


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
