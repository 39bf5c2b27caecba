"""Member profiles: what a member shows of themselves to a viewer, with the counts that are public (S25, S45, G6).

What people wrote stays in the log; a row of `setting` leads to the event that holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from domain.members.member import EMPTY_PROFILE
from domain.members.member_events import Visibility
from projections.connections import connection_count
from projections.following import follower_count, following_count
from projections.members import recognitions
from projections.projection import STANDS
from projections.reading import Reading
from projections.relationships import Relationship, email_at, readable_email
from projections.visibility import require_available


@dataclass(frozen=True, slots=True)
class Profile:
    """A member's profile. `email` is None where the viewer may not read it. The counts are the lengths of the member's
    lists, less the members in a block with the viewer (H14). `articles`: how many articles stand; while there is one,
    strangers may follow a member who has never changed that setting (T1). `relationship` is None for the host.
    """

    member: str
    kind: str
    name: str
    headline: str
    recognitions: tuple[str, ...]
    email: str | None
    connections: int
    followers: int
    following: int
    articles: int
    primary_action: str
    relationship: Relationship | None


def profile(reading: Reading, member: str, viewer: str | None, related: Callable[[str, str], Relationship]) -> Profile:
    """A member as the viewer sees them. `related(viewer, member)` gives their relationship.

    Refused `blocked_by_you` for a member that the viewer blocked, `not_available` for one who is unknown, erased or
    hidden or has blocked the viewer, one answer for all (X16). The host (viewer None) sees the hidden too, and an email
    only where it is for everyone; so do the hidden see themselves.
    """
    require_available(reading, member, viewer)
    settings = _settings(reading, member)
    return Profile(
        member=member,
        kind=str(reading.all(f"SELECT kind FROM member WHERE member = :member AND {STANDS}", member=member)[0][0]),
        name=_text(reading, settings, "name"),
        headline=_text(reading, settings, "headline"),
        recognitions=recognitions(reading, member),
        email=_email(reading, settings) if viewer is None else readable_email(reading, viewer, member),
        connections=connection_count(reading, member, viewer),
        followers=follower_count(reading, member, viewer),
        following=following_count(reading, member, viewer),
        articles=_standing_articles(reading, member),
        primary_action=settings.get("primary_action", (EMPTY_PROFILE["primary_action"], 0))[0],
        relationship=None if viewer is None else related(viewer, member),
    )


Settings = dict[str, tuple[str, int]]
"""The values that a member has set, by name, each with the position at which it was set."""


def _settings(reading: Reading, member: str) -> Settings:
    rows = reading.all(f"SELECT name, value, began FROM setting WHERE member = :member AND {STANDS}", member=member)
    return {name: (value, began) for name, value, began in rows}


def _text(reading: Reading, settings: Settings, name: str) -> str:
    if name not in settings:
        return EMPTY_PROFILE[name]
    return str(getattr(reading.event(settings[name][1]), name))


def _email(reading: Reading, settings: Settings) -> str | None:
    if settings.get("email_visibility", ("", 0))[0] != Visibility.EVERYONE:
        return None
    return email_at(reading, settings["email"][1])


def _standing_articles(reading: Reading, member: str) -> int:
    counted = reading.all(
        f"SELECT count(*) FROM activity WHERE actor = :member AND kind = 'article' AND {STANDS}", member=member
    )
    return int(counted[0][0])
