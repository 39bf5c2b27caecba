"""Notices: they are derived from other events; only the fact that a member has read them is an event of its own."""

from domain.decision import (
    ALREADY_SO,
    Command,
    Decider,
    Deciders,
    DecisionModel,
    Facts,
    Outcome,
    accepted,
    expects,
    field,
)
from domain.event import Event, recorded_as, tags_of
from domain.identifiers import GivenPosition, Instant, KeptPosition, MemberId, member_tag


class MarkNoticesRead(Command):
    """Mark as read every notice up to a log position (the `position` of a notice). A position beyond the log's last
    means the last."""

    member: MemberId
    up_to: GivenPosition


@recorded_as("notices_read")
class NoticesRead:
    member: MemberId
    up_to: KeptPosition

    tags = tags_of("member")


def evolve(up_to: int, event: Event, _: Instant) -> int:
    match event:
        case NoticesRead():
            return max(up_to, event.up_to)
    return up_to


NOTICES_READ: DecisionModel[int] = DecisionModel("notices_read", member_tag, (NoticesRead,), int, evolve)


def mark_notices_read(command: MarkNoticesRead, facts: Facts) -> Outcome:
    if min(command.up_to, facts.position) <= facts.read(NOTICES_READ, command.member):
        return ALREADY_SO
    # N3: beyond the log's last position means the last. That will be this event's own, so that the command given again
    # finds it so already.
    up_to = command.up_to if command.up_to <= facts.position else facts.position + 1
    return accepted(NoticesRead(member=command.member, up_to=up_to))


DECIDERS: Deciders = {
    MarkNoticesRead: Decider(
        mark_notices_read, field("member"), answered_alike=True, expects=expects((NOTICES_READ, "member"))
    ),
}
