"""Moderation: what a moderator does to a member. The member gets no notice of it."""

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    Facts,
    Outcome,
    accepted,
    expects,
    no_member,
    refuse_unless,
)
from domain.identifiers import MemberId
from domain.members.member import MEMBER, Member
from domain.members.member_events import (
    MemberRecognized,
    MemberRestricted,
    Recognition,
    RecognitionWithdrawn,
    RestrictionLifted,
)
from domain.text import Text

# Commands


class RestrictMember(Command):
    """Moderation: hide a member and keep them from acting until the restriction is lifted."""

    member: MemberId
    reason: Text | None = None


class LiftRestriction(Command):
    """Moderation: end a restriction; a hibernation of the member's own stays."""

    member: MemberId


class RecognizeMember(Command):
    """Moderation: recognise a member as an influencer or a top voice."""

    member: MemberId
    recognition: Recognition


class WithdrawRecognition(Command):
    """Moderation: take a recognition back."""

    member: MemberId
    recognition: Recognition


# Decisions


def require_moderatable(name: str, facts: Facts) -> Member:
    """The member a moderator acts on: registered and not erased, hidden or not."""
    member = facts.read(MEMBER, name)
    refuse_unless(member.registered_as is not None and not member.erased, "not_available")
    return member


def restrict_member(command: RestrictMember, facts: Facts) -> Outcome:
    if require_moderatable(command.member, facts).restricted:
        return ALREADY_SO
    return accepted(MemberRestricted(member=command.member, reason=command.reason))


def lift_restriction(command: LiftRestriction, facts: Facts) -> Outcome:
    if not require_moderatable(command.member, facts).restricted:
        return ALREADY_SO
    return accepted(RestrictionLifted(member=command.member))


def recognize_member(command: RecognizeMember, facts: Facts) -> Outcome:
    if command.recognition in require_moderatable(command.member, facts).recognitions:
        return ALREADY_SO
    return accepted(MemberRecognized(member=command.member, recognition=command.recognition.value))


def withdraw_recognition(command: WithdrawRecognition, facts: Facts) -> Outcome:
    if command.recognition not in require_moderatable(command.member, facts).recognitions:
        return ALREADY_SO
    return accepted(RecognitionWithdrawn(member=command.member, recognition=command.recognition.value))


DECIDERS: Deciders = {
    RestrictMember: Decider(
        restrict_member, no_member, ("not_available",), open_to_moderators=True, expects=expects((MEMBER, "member"))
    ),
    LiftRestriction: Decider(
        lift_restriction, no_member, ("not_available",), open_to_moderators=True, expects=expects((MEMBER, "member"))
    ),
    RecognizeMember: Decider(
        recognize_member, no_member, ("not_available",), open_to_moderators=True, expects=expects((MEMBER, "member"))
    ),
    WithdrawRecognition: Decider(
        withdraw_recognition,
        no_member,
        ("not_available",),
        open_to_moderators=True,
        expects=expects((MEMBER, "member")),
    ),
}
