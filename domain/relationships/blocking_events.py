"""The events of blocking."""

from domain.event import recorded_as, tags_between

_tags = tags_between("blocker", "blocked")


@recorded_as("member_blocked")
class MemberBlocked:
    """`blocker` blocks `blocked`."""

    blocker: str
    blocked: str

    tags = _tags


@recorded_as("member_unblocked")
class MemberUnblocked:
    """The block was lifted by the one who made it."""

    blocker: str
    blocked: str

    tags = _tags
