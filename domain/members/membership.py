"""Membership: joining, one's profile and what of it others see, going away for a while, leaving for good."""

from domain.decision import ALREADY_SO, Command, Decider, Deciders, Facts, Outcome, accepted, field, refuse_unless
from domain.identifiers import MemberId
from domain.members.member import MEMBER
from domain.members.member_events import (
    ConnectionsVisibility,
    ConnectionsVisibilityChanged,
    EmailVisibilityChanged,
    MemberErased,
    MemberHibernated,
    MemberKind,
    MemberReactivated,
    MemberRegistered,
    PrimaryAction,
    PrimaryEmailChanged,
    ProfileChanged,
    Visibility,
)
from domain.text import Email, Line, Text, require_length

# Commands


class RegisterMember(Command):
    """Make a member known, as a person or as a page (a company, a publisher)."""

    member: MemberId
    name: Line
    primary_email: Email
    kind: MemberKind = MemberKind.PERSON


class ChangeProfile(Command):
    """Change what a profile says; fields left out stay as they are. `suggest_follow_text` is the saved reply of S19."""

    member: MemberId
    name: Line | None = None
    headline: Line | None = None
    primary_action: PrimaryAction | None = None
    suggest_follow_text: Text | None = None


class ChangePrimaryEmail(Command):
    """Replace the primary email; connections see the new one, and never the former."""

    member: MemberId
    primary_email: Email


class ChangeEmailVisibility(Command):
    """Set who can read the primary email: connections, only_me, everyone."""

    member: MemberId
    visibility: Visibility


class ChangeConnectionsVisibility(Command):
    """Set who is shown the list of connections: connections, only_me."""

    member: MemberId
    visibility: ConnectionsVisibility


class HibernateMember(Command):
    """Leave for a while: everything of the member is hidden until they reactivate."""

    member: MemberId


class ReactivateMember(Command):
    """Come back from hibernation."""

    member: MemberId


class EraseMember(Command):
    """Leave for good: connections and follows end, and no answer shows the member again. What they wrote stays in the
    log, for whoever can read its file. Possible while hibernated or restricted too; a moderator may do it in the
    member's place."""

    member: MemberId


# Decisions


def register_member(command: RegisterMember, facts: Facts) -> Outcome:
    refuse_unless(bool(command.name), "empty_text")
    require_length(command.name, facts.policy.name_length)
    member = facts.read(MEMBER, command.member)
    if member.registered_as is not None:
        same = not member.erased and member.registered_as == (command.name, command.primary_email, command.kind)
        refuse_unless(same, "already_registered")
        return ALREADY_SO
    return accepted(
        MemberRegistered(
            member=command.member, name=command.name, primary_email=command.primary_email, kind=command.kind.value
        )
    )


def change_profile(command: ChangeProfile, facts: Facts) -> Outcome:
    limits = {
        "name": facts.policy.name_length,
        "headline": facts.policy.headline_length,
        "primary_action": None,
        "suggest_follow_text": facts.policy.reply_length,
    }
    refuse_unless(command.name != "", "empty_text")
    profile = facts.read(MEMBER, command.member).profile
    changed: dict[str, str | None] = {}
    for name, limit in limits.items():
        value: str | None = getattr(command, name)
        require_length(value or "", limit)
        changed[name] = None if value is None or value == profile[name] else str(value)
    if not any(value is not None for value in changed.values()):
        return ALREADY_SO
    return accepted(ProfileChanged(member=command.member, **changed))


def change_primary_email(command: ChangePrimaryEmail, facts: Facts) -> Outcome:
    if facts.read(MEMBER, command.member).primary_email == command.primary_email:
        return ALREADY_SO
    return accepted(PrimaryEmailChanged(member=command.member, primary_email=command.primary_email))


def change_email_visibility(command: ChangeEmailVisibility, facts: Facts) -> Outcome:
    if facts.read(MEMBER, command.member).email_visibility == command.visibility:
        return ALREADY_SO
    return accepted(EmailVisibilityChanged(member=command.member, visibility=command.visibility.value))


def change_connections_visibility(command: ChangeConnectionsVisibility, facts: Facts) -> Outcome:
    if facts.read(MEMBER, command.member).connections_visibility == command.visibility:
        return ALREADY_SO
    return accepted(ConnectionsVisibilityChanged(member=command.member, visibility=command.visibility.value))


def hibernate_member(command: HibernateMember, facts: Facts) -> Outcome:
    member = facts.read(MEMBER, command.member)
    refuse_unless(not member.restricted, "inactive")
    if member.hibernated:
        return ALREADY_SO
    return accepted(MemberHibernated(member=command.member))


def reactivate_member(command: ReactivateMember, facts: Facts) -> Outcome:
    if not facts.read(MEMBER, command.member).hibernated:
        return ALREADY_SO
    return accepted(MemberReactivated(member=command.member))


def erase_member(command: EraseMember, facts: Facts) -> Outcome:
    member = facts.read(MEMBER, command.member)
    refuse_unless(member.registered_as is not None, "not_available")
    return ALREADY_SO if member.erased else accepted(MemberErased(member=command.member))


_own = field("member")
DECIDERS: Deciders = {
    RegisterMember: Decider(
        register_member, _own, ("already_registered", "empty_text", "too_long"), creates_member=True
    ),
    ChangeProfile: Decider(change_profile, _own, ("empty_text", "too_long")),
    ChangePrimaryEmail: Decider(change_primary_email, _own),
    ChangeEmailVisibility: Decider(change_email_visibility, _own),
    ChangeConnectionsVisibility: Decider(change_connections_visibility, _own),
    HibernateMember: Decider(hibernate_member, _own, ("inactive",), open_to_hibernated=True),
    ReactivateMember: Decider(reactivate_member, _own, open_to_hibernated=True),
    EraseMember: Decider(erase_member, _own, ("not_available",), open_to_moderators=True, open_to_hibernated=True),
}
