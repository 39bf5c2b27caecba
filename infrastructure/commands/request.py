"""What goes into command handling and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from domain.actor_view import ActorView, actor_view
from domain.decision import Command, Outcome
from domain.event import Event
from domain.identifiers import Instant
from infrastructure.log.unavailable import LogUnavailable

GROUP_MAX = 512
"""How many commands share one transaction."""


class Request(Struct, frozen=True, gc=False):
    """A command with what surrounds it. `command_id` makes a retry safe; `now` (microseconds UTC) is in the clock's
    place. (A Struct of msgspec is made in a tenth of the time that a frozen dataclass takes.)"""

    command: Command
    actor: str | None = None
    command_id: str | None = None
    now: Instant | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """An accepted command, as the host sees it.

    `position` is that of its last event, or of the head it was decided on where none was recorded. `events` is empty
    when what was asked for is already so; with a command id a NothingChanged is then recorded, which keeps the id.
    `advisories` are codes listed in domain.ADVISORIES.
    """

    position: int
    events: tuple[Event, ...]
    advisories: tuple[str, ...]
    command: Command

    @property
    def for_actor(self) -> ActorView:
        """What a host may hand to the member who acted; all else here can tell what is hidden from them (X16)."""
        return actor_view(self.command, Outcome(self.events, self.advisories))


Answer = Result | Exception
"""How one of many requests ended: with its result, or with the error that it would have met alone: Refused,
UnsoundInput, TypeError, or what a clock or a maker of ids raises."""


class ManyUnavailable(LogUnavailable):
    """The log failed while many requests were handled. `answers`: those of the groups before, which are recorded; the
    group in which it failed and all that follow are not, unless `code` is `interrupted`."""

    def __init__(self, code: str, detail: str, answers: Sequence[Answer] = ()) -> None:
        super().__init__(code, detail)
        self.answers = answers
