"""The events of blocking."""

from domain.event import recorded_as, tags_between
from domain.identifiers import MemberId

_tags = tags_between("blocker", "blocked")


@recorded_as("member_blocked")
class MemberBlocked:
    """`blocker` blocks `blocked`."""

    blocker: MemberId
    blocked: MemberId

    tags = _tags


@recorded_as("member_unblocked")
class MemberUnblocked:
    """The block was lifted by the one who made it."""

    blocker: MemberId
    blocked: MemberId

    tags = _tags
