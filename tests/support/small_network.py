"""A network of a few members at a time of its own, as tests of the queries ask it: all through the door and the log."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, TypeVar

from domain import (
    AcceptInvitation,
    BlockMember,
    Command,
    Follow,
    HibernateMember,
    IgnoreInvitation,
    IgnoreReason,
    PublishArticle,
    ReactivateMember,
    Refused,
    RegisterMember,
    SendInvitation,
)
from domain.identifiers import SECOND, Instant
from infrastructure.app import open_network
from infrastructure.commands.request import Result
from projections.reading import Page
from projections.relationships import Relationship

T = TypeVar("T")
START: Instant = 1_700_000_000_000_000
EVERYBODY = ("ada", "bob", "cy", "dan")


def code(act: Callable[[], object]) -> str | None:
    """The code with which an act is refused."""
    try:
        act()
    except Refused as refused:
        return refused.code
    return None


class SmallNetwork:
    """Commands come a second after each other, and every question is answered at the time of the last one."""

    def __init__(self, *members: str) -> None:
        self.now = START
        ids = (f"id-{number}" for number in count(1))
        self.net = open_network(
            "memory:", clock=lambda: self.now, clock_ahead_max=None, new_id=lambda: next(ids), follow=False
        )
        for member in members or EVERYBODY:
            kind = "page" if member == "acme" else "person"
            self.do(
                RegisterMember(member=member, name=member.title(), primary_email=f"{member}@example.org", kind=kind)
            )

    def do(self, *commands: Command) -> Result:
        for command in commands:
            self.now += SECOND
            result = self.net.handle(command)
        return result

    def code(self, command: Command) -> str | None:
        """The code with which a command is refused."""
        return code(lambda: self.do(command))

    def wait(self, duration: Instant) -> None:
        self.now += duration

    def ask(self, query: Callable[..., T], *arguments: Any, as_of: int | None = None, **named: Any) -> T:
        """What a query answers now, or as of a position."""
        self.net.catch_up()
        with self.net.reading(as_of) as reading:
            answer = query(reading, *arguments, **named)
            if isinstance(answer, Page):
                assert len(answer.rows) <= answer.total  # counted while the snapshot lasts
            return answer

    def refusal(self, query: Callable[..., Any], *arguments: Any, **named: Any) -> str | None:
        """The code with which a query is refused."""
        return code(lambda: self.ask(query, *arguments, **named))

    def related(self, viewer: str, member: str, as_of: int | None = None) -> Relationship:
        self.net.catch_up()
        return self.net.relationship(viewer, member, as_of)

    # What tests do most

    def connect(self, one: str, other: str) -> None:
        self.do(SendInvitation(inviter=one, invitee=other), AcceptInvitation(inviter=one, invitee=other))

    def invite(self, inviter: str, invitee: str, note: str | None = None) -> None:
        self.do(SendInvitation(inviter=inviter, invitee=invitee, note=note))

    def ignore(self, inviter: str, invitee: str, reason: str = "not_now") -> None:
        self.do(IgnoreInvitation(inviter=inviter, invitee=invitee, reason=IgnoreReason(reason)))

    def follow(self, follower: str, followee: str) -> None:
        self.do(Follow(follower=follower, followee=followee))

    def block(self, blocker: str, blocked: str) -> None:
        self.do(BlockMember(blocker=blocker, blocked=blocked))

    def hibernate(self, member: str) -> None:
        self.do(HibernateMember(member=member))

    def reactivate(self, member: str) -> None:
        self.do(ReactivateMember(member=member))

    def publish_article(self, author: str, item: str) -> None:
        self.do(PublishArticle(author=author, title="On bridges", body="They stand.", item=item))

    @property
    def head(self) -> int:
        return self.net.head


def ada_invited_twice() -> SmallNetwork:
    """bob, then cy, have invited ada; cy with a note."""
    net = SmallNetwork()
    net.invite("bob", "ada")
    net.invite("cy", "ada", "We met at the bridge.")
    return net


def walk(asked: Callable[[int], Page[Any]]) -> list[Any]:
    """All rows of a list, page by page; `asked(before)` gives the page of what came before a position."""
    rows: list[Any] = []
    before = 2**63 - 1
    while True:
        shown = asked(before)
        rows += shown.rows
        if shown.cursor is None:
            return rows
        assert shown.rows, "an empty page that goes on"
        before = int(shown.cursor)


def members(rows: Iterable[Any]) -> list[str]:
    """The members of the rows, in order."""
    return [row.member for row in rows]
