"""The events of connections and of suggestions."""

from domain.event import recorded_as, tags_between
from domain.identifiers import AnyId, MemberId

_tags = tags_between("member", "other")


@recorded_as("members_connected")
class MembersConnected:
    """Two members are connected: one symmetric fact (S3). Which of the two is `member` has no meaning."""

    member: MemberId
    other: MemberId
    invitation: AnyId

    tags = _tags


@recorded_as("connection_removed")
class ConnectionRemoved:
    """`member` ended the connection."""

    member: MemberId
    other: MemberId

    tags = _tags


@recorded_as("suggestion_dismissed")
class SuggestionDismissed:
    """`member` does not want `other` suggested."""

    member: MemberId
    other: MemberId

    tags = _tags
