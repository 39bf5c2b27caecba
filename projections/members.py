"""Members: who is registered, what they have set, how they are recognised, and who is hidden now and why.

What people wrote or are (names, emails, headlines) is not copied: a row's `began` is the position of the event that
holds it.
"""

from typing import Any

from domain.identifiers import Instant
from domain.members.member_events import (
    ConnectionsVisibilityChanged,
    EmailVisibilityChanged,
    FollowerSettingChanged,
    InvitationPolicyChanged,
    MemberErased,
    MemberHibernated,
    MemberReactivated,
    MemberRecognized,
    MemberRegistered,
    MemberRestricted,
    PrimaryEmailChanged,
    ProfileChanged,
    RecognitionWithdrawn,
    RestrictionLifted,
    WhoMayInviteChanged,
)
from projections.projection import CLOSE, PUT, STANDS, Change, Handler, Projection, Table
from projections.reading import Reading

MEMBER = Table("member", {"member": "TEXT", "kind": "TEXT", "at": "BIGINT"}, key=1, closes=False)
"""Every member ever registered."""
SETTING = Table("setting", {"member": "TEXT", "name": "TEXT", "value": "TEXT"}, key=2)
"""What a member has set, by name; empty for personal values (name, headline, email, suggest_follow_text), which stay in
the log."""
ABSENCE = Table("absence", {"member": "TEXT", "cause": "TEXT", "at": "BIGINT"}, key=2)
"""Who is hidden, by cause: hibernated, restricted, erased. Each cause ends by itself (X15)."""
RECOGNITION = Table("recognition", {"member": "TEXT", "recognition": "TEXT"}, key=2)


ABSENCE_BEGAN = "absence.began <= CASE absence.cause WHEN 'erased' THEN :erased_by ELSE :as_of END"
"""The SQL condition that an absence had begun. To a viewer, whoever is erased by now never was there (B20)."""


def sql_present(member: str) -> str:
    """The SQL condition that a member is not hidden; `member` is an SQL expression."""
    return (
        f"NOT EXISTS (SELECT 1 FROM absence WHERE absence.member = {member}"
        f" AND {ABSENCE_BEGAN} AND absence.ended > :as_of)"
    )


def recognitions(reading: Reading, member: str) -> tuple[str, ...]:
    """How a member is recognised (S42), by name."""
    rows = reading.all(
        f"SELECT recognition FROM recognition WHERE member = :member AND {STANDS} ORDER BY recognition", member=member
    )
    return tuple(recognition for (recognition,) in rows)


def _set(member: str, name: str, value: str = "") -> list[Change]:
    return [(SETTING, CLOSE, (member, name)), (SETTING, PUT, (member, name, value))]


def _setting(name: str, field: str = "setting") -> Handler:
    return lambda event, position, at: _set(event.member, name, getattr(event, field))


def registered(event: MemberRegistered, _: int, at: Instant) -> list[Change]:
    return [
        (MEMBER, PUT, (event.member, event.kind, at)),
        (SETTING, PUT, (event.member, "name", "")),
        (SETTING, PUT, (event.member, "email", "")),
    ]


def profile_changed(event: ProfileChanged, _: int, at: Instant) -> list[Change]:
    changes: list[Change] = []
    for name in ("name", "headline", "suggest_follow_text"):
        if getattr(event, name) is not None:
            changes += _set(event.member, name)
    if event.primary_action is not None:
        changes += _set(event.member, "primary_action", event.primary_action)
    return changes


def _hidden(cause: str) -> Handler:
    def handler(event: Any, _: int, at: Instant) -> list[Change]:
        return [(ABSENCE, PUT, (event.member, cause, at))]

    return handler


def _shown(cause: str) -> Handler:
    def handler(event: Any, _: int, at: Instant) -> list[Change]:
        return [(ABSENCE, CLOSE, (event.member, cause))]

    return handler


MEMBERS = Projection(
    "members",
    (MEMBER, SETTING, ABSENCE, RECOGNITION),
    {
        MemberRegistered: registered,
        ProfileChanged: profile_changed,
        PrimaryEmailChanged: lambda event, position, at: _set(event.member, "email"),
        EmailVisibilityChanged: _setting("email_visibility", "visibility"),
        ConnectionsVisibilityChanged: _setting("connections_visibility", "visibility"),
        FollowerSettingChanged: _setting("follower_setting"),
        WhoMayInviteChanged: _setting("who_may_invite"),
        InvitationPolicyChanged: _setting("invitation_policy"),
        MemberHibernated: _hidden("hibernated"),
        MemberReactivated: _shown("hibernated"),
        MemberRestricted: _hidden("restricted"),
        RestrictionLifted: _shown("restricted"),
        MemberErased: _hidden("erased"),
        MemberRecognized: lambda event, position, at: [(RECOGNITION, PUT, (event.member, event.recognition))],
        RecognitionWithdrawn: lambda event, position, at: [(RECOGNITION, CLOSE, (event.member, event.recognition))],
    },
)
