"""What a row of a file of history means: the commands it stands for, and when they were given."""

import re
from collections.abc import Sequence
from typing import Protocol

from domain import (
    AcceptInvitation,
    ChangeFollowerSetting,
    Command,
    Follow,
    FollowerSetting,
    PublishPost,
    RegisterMember,
    SendInvitation,
)
from domain.identifiers import INSTANT_MAX, SECOND, Instant, member_tag
from infrastructure.log import Log

Row = tuple[int, Instant | None, Sequence[Command | None]]
"""A row's number, its time (None: the clock's), and its commands, each always in the same place, for that makes its id;
None where there is none this time."""
COMMANDS_A_ROW_MAX = 4
ACTIVITY_HEADER = ["seq", "ts", "kind", "actor", "target"]
HEADER_WORDS = re.compile(
    r"^(node|source|src|from|target|dst|to|member|user|id|inviter|invitee|follower|followee|other)s?(_?\w{0,4})?$",
    re.IGNORECASE,
)
"""The names of columns by which a list of edges' first line is known as a header."""
COMMENTS = ("#", "%")
DIGITS_MAX = 18
"""The longest number of a row; of more than 4,300 digits Python reads none."""


class Mapping(Protocol):
    """How the lines of one kind of file become rows. ValueError says what is wrong with a line."""

    def read(self, number: int, line: str, first: int) -> Row | None:
        """The row on a line, or None where there is none, or one before the row `first`."""


class Activity:
    """Rows `seq, ts, kind, actor, target`, in time order, under that header; ts in seconds, fields separated by tabs.

    join: the actor registers and lets everyone follow. follow: the actor follows and invites the target, which accepts
    the target's invitation if one is pending. accept: the actor accepts the target's invitation. item: the actor
    publishes; the item's id is the row's seq.
    """

    def __init__(self) -> None:
        self._last = 0

    def read(self, number: int, line: str, first: int) -> Row | None:
        fields = line.split("\t")
        if number == 1:
            if fields != ACTIVITY_HEADER:
                raise ValueError(f"the header is not {' '.join(ACTIVITY_HEADER)}, separated by tabs")
            return None
        if len(fields) != len(ACTIVITY_HEADER):
            raise ValueError(f"{len(fields)} fields instead of {len(ACTIVITY_HEADER)}, separated by tabs")
        seq, seconds, kind, actor, target = fields
        if not (seq.isdecimal() and seconds.isdecimal() and max(len(seq), len(seconds)) <= DIGITS_MAX):
            raise ValueError(f"seq and ts are not both whole numbers, of at most {DIGITS_MAX} digits")
        at = int(seconds) * SECOND
        if at > INSTANT_MAX:
            raise ValueError("ts is after the year 9999; it is in seconds")
        row = int(seq)
        if row <= self._last:
            raise ValueError(f"seq {row} does not come after {self._last}")
        self._last = row
        if row < first:
            return None
        return row, at, self._commands(seq, kind, actor, target)

    @staticmethod
    def _commands(seq: str, kind: str, actor: str, target: str) -> list[Command]:
        match kind:
            case "join":
                return [
                    RegisterMember(member=actor, name=actor, primary_email=f"m{actor}@members.invalid"),
                    ChangeFollowerSetting(member=actor, setting=FollowerSetting.EVERYONE),
                ]
            case "follow":
                return [Follow(follower=actor, followee=target), SendInvitation(inviter=actor, invitee=target)]
            case "accept":
                return [AcceptInvitation(inviter=target, invitee=actor)]
            case "item":
                return [PublishPost(author=actor, text=f"item {seq}", item=seq)]
        raise ValueError(f"no such kind of row: {kind!r}; there are join, follow, accept, item")


class Edges:
    """Pairs in the first two columns, separated by commas, tabs or blanks: the first invites, the second accepts.

    A header (see HEADER_WORDS) is passed over, and so are empty lines and comments (# or %). Who is not known is
    registered.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._registered: set[str] = set()
        self._begun = False

    def read(self, number: int, line: str, first: int) -> Row | None:
        line = line.strip()
        if not line or line.startswith(COMMENTS):
            return None
        if not self._begun and line.split() == ACTIVITY_HEADER:
            raise ValueError("this is a stream of activity, which `import activity` takes")
        fields = [field.strip().strip('"') for field in (line.split(",") if "," in line else line.split())]
        if len(fields) < 2:
            raise ValueError("fewer than two columns")
        begun, self._begun = self._begun, True
        if not begun and all(HEADER_WORDS.match(field) for field in fields[:2]):
            return None
        if number < first:
            return None
        inviter, invitee = fields[:2]
        return (
            number,
            None,
            [
                self._registration(inviter),
                self._registration(invitee),
                SendInvitation(inviter=inviter, invitee=invitee),
                AcceptInvitation(inviter=inviter, invitee=invitee),
            ],
        )

    def _registration(self, member: str) -> Command | None:
        if member in self._registered:
            return None
        self._registered.add(member)
        if self._log.tail_of(member_tag(member)) is not None:
            return None
        return RegisterMember(member=member, name=member, primary_email=f"m{member}@members.invalid")
