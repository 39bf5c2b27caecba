"""The events of one member: who they are, what they let others see and do, and whether they are here at all; and the
words of their fields."""

from enum import StrEnum
from typing import Annotated

from domain.event import Personal, one_of, recorded_as, tags_of
from domain.identifiers import MemberId
from domain.text import Email, Line, Text


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


_tags = tags_of("member")


@recorded_as("member_registered")
class MemberRegistered:
    member: MemberId
    name: Annotated[Line, Personal("member")]
    primary_email: Annotated[Email, Personal("member")]
    kind: Annotated[str, one_of(*MemberKind)]

    tags = _tags


@recorded_as("profile_changed")
class ProfileChanged:
    """Fields that did not change are None."""

    member: MemberId
    name: Annotated[Line | None, Personal("member")]
    headline: Annotated[Line | None, Personal("member")]
    primary_action: Annotated[str, one_of(*PrimaryAction)] | None
    suggest_follow_text: Annotated[Text | None, Personal("member")]

    tags = _tags


@recorded_as("primary_email_changed")
class PrimaryEmailChanged:
    member: MemberId
    primary_email: Annotated[Email, Personal("member")]

    tags = _tags


@recorded_as("email_visibility_changed")
class EmailVisibilityChanged:
    member: MemberId
    visibility: Annotated[str, one_of(*Visibility)]

    tags = _tags


@recorded_as("connections_visibility_changed")
class ConnectionsVisibilityChanged:
    member: MemberId
    visibility: Annotated[str, one_of(*ConnectionsVisibility)]

    tags = _tags


@recorded_as("member_hibernated")
class MemberHibernated:
    member: MemberId

    tags = _tags


@recorded_as("member_reactivated")
class MemberReactivated:
    member: MemberId

    tags = _tags


@recorded_as("member_erased")
class MemberErased:
    member: MemberId

    tags = _tags


@recorded_as("member_restricted")
class MemberRestricted:
    member: MemberId
    reason: Annotated[Text | None, Personal("member")]

    tags = _tags


@recorded_as("restriction_lifted")
class RestrictionLifted:
    member: MemberId

    tags = _tags


@recorded_as("member_recognized")
class MemberRecognized:
    member: MemberId
    recognition: Annotated[str, one_of(*Recognition)]

    tags = _tags


@recorded_as("recognition_withdrawn")
class RecognitionWithdrawn:
    member: MemberId
    recognition: Annotated[str, one_of(*Recognition)]

    tags = _tags


@recorded_as("who_may_invite_changed")
class WhoMayInviteChanged:
    member: MemberId
    setting: Annotated[str, one_of(*WhoMayInvite)]

    tags = _tags


@recorded_as("invitation_policy_changed")
class InvitationPolicyChanged:
    member: MemberId
    setting: Annotated[str, one_of(*InvitationPolicy)]

    tags = _tags


@recorded_as("follower_setting_changed")
class FollowerSettingChanged:
    member: MemberId
    setting: Annotated[str, one_of(*FollowerSetting)]

    tags = _tags
