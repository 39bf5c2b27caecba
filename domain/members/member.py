"""A member as decisions see them.

Members act on this in `membership.py`, moderators in `moderation.py`; the settings for followers and invitations are
changed in domain.relationships.
"""

from dataclasses import dataclass, field

from domain.decision import DecisionModel
from domain.event import Event
from domain.identifiers import Instant, member_tag
from domain.members.member_events import (
    FOLLOWER_SETTING_UNSET,
    ConnectionsVisibility,
    ConnectionsVisibilityChanged,
    EmailVisibilityChanged,
    FollowerSettingChanged,
    InvitationPolicy,
    InvitationPolicyChanged,
    MemberErased,
    MemberHibernated,
    MemberReactivated,
    MemberRecognized,
    MemberRegistered,
    MemberRestricted,
    PrimaryAction,
    PrimaryEmailChanged,
    ProfileChanged,
    RecognitionWithdrawn,
    RestrictionLifted,
    Visibility,
    WhoMayInvite,
    WhoMayInviteChanged,
)

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
    who_may_invite: str = WhoMayInvite.ANYONE
    invitation_policy: str = InvitationPolicy.REVIEW
    follower_setting: str = FOLLOWER_SETTING_UNSET
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
