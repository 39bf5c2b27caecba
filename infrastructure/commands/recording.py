"""One command: from a request, through the gate and a decision, to its events appended to an open transaction."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

from pydantic_core import to_json

from domain.decision import Command, DecisionModel, NothingChanged, Outcome
from domain.dispatch import decide, expected_reads
from domain.event import Event
from domain.identifiers import Instant
from domain.refusals import Refused
from infrastructure.commands.decision_state import DecisionState
from infrastructure.commands.gate import InstantGate, require_command, require_event, require_text
from infrastructure.commands.request import Request, Result
from infrastructure.log.envelope import decode, encode, metadata_of
from infrastructure.log.transaction import AppendTransaction


def command_tag(command_id: str) -> str:
    return "command:" + command_id


def digest(command: Command) -> str:
    """What distinguishes one command's content from another's: 16 bytes of BLAKE2b over its name and JSON, in hex."""
    # In two steps, for within model_dump_json whatever is raised, an interrupt too, becomes an error of pydantic's.
    content = to_json(command.model_dump(mode="json"))
    return blake2b(type(command).__name__.encode() + b" " + content, digest_size=16).hexdigest()


class Recording:
    """Decides requests one after the other, each on the state that the one before it left.

    `appended`: the events of the last request have been appended, perhaps by half: if it fails all the same, only the
    whole transaction can be rolled back. `last`: position and bytes of the last event appended; None before the first.
    """

    def __init__(self, state: DecisionState, clock: Callable[[], Instant], instants: InstantGate) -> None:
        self._state = state
        self._clock = clock
        self._instants = instants
        self.appended = False
        self.last: tuple[int, bytes] | None = None

    def begin(self, transaction: AppendTransaction) -> None:
        """Bring the state up to the transaction's head."""
        self.appended = False
        self.last = None
        self._state.begin(transaction)

    def keep(self) -> None:
        """The transaction was committed, so the state holds for the next one too."""
        self._state.keep()

    def expect(self, requests: Iterable[Request]) -> None:
        """Load together what the decisions on these requests will likely read. Unsound ones, whatever is wrong with
        them, are left to `record`."""
        expected: list[tuple[DecisionModel[Any], str]] = []
        for request in requests:
            try:
                for model, key in expected_reads(request.command):
                    tag = model.tag(*key)
                    if tag.isascii():  # as those of all sound commands are
                        expected.append((model, tag))
            except (LookupError, TypeError, ValueError, AttributeError):
                continue
        self._state.expect(expected)

    def record(self, transaction: AppendTransaction, request: Request) -> Result:
        """Decide a request and append its events. Raises Refused, and TypeError or UnsoundInput where the gate lets
        something not pass; then nothing of it is appended."""
        self.appended = False
        state, command = self._state, request.command
        require_command(command)
        require_text(request.actor, "actor")
        require_text(request.command_id, "command_id")
        require_text(request.correlation_id, "correlation_id")
        if request.command_id is not None and transaction.tail_of(command_tag(request.command_id)) is not None:
            return self._first_result(transaction, request.command_id, request)
        if request.now is None:
            state.start(self._instants.require(self._clock(), "what the clock gives"))
        else:
            state.start(self._instants.require(request.now, "now"))
        outcome = decide(command, state, request.actor)
        if outcome.events:
            return self._append(transaction, request, outcome, outcome.events)
        if request.command_id is not None:
            return self._append(transaction, request, outcome, (NothingChanged(),))
        return Result(transaction.head, (), outcome.advisories, command)

    def _append(
        self, transaction: AppendTransaction, request: Request, outcome: Outcome, events: Sequence[Event]
    ) -> Result:
        state = self._state
        ahead, behind = self._metadata(request, outcome.advisories)
        tag = None if request.command_id is None else command_tag(request.command_id)
        stored = []
        place: dict[str, Any] = {"events": len(events)} if len(events) > 1 else {}
        for event in events:
            require_event(event)
            identity = state.new_id()
            stored.append(encode(event, state.now, {"id": identity, **ahead, **place, **behind}, tag))
            if len(stored) == 1:
                place = {"cause": identity}
        first = transaction.head + 1
        self.appended = True
        last = transaction.append(stored, state.condition())
        for position, (event, kept) in enumerate(zip(events, stored, strict=True), first):
            state.fold(event, state.now, position, kept.tags)
        self.last = last, stored[-1].data
        return Result(last, tuple(outcome.events), outcome.advisories, request.command)

    def _metadata(self, request: Request, advisories: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The envelope's keys ahead of the event's place in its append, and those behind it."""
        ahead: dict[str, Any] = {}
        if request.actor is not None:
            ahead["actor"] = request.actor
        if request.command_id is not None:
            ahead["command"] = request.command_id
            ahead["digest"] = digest(request.command)
            if advisories:
                ahead["advisories"] = advisories
        behind: dict[str, Any] = {}
        if request.correlation_id is not None:
            behind["correlation"] = request.correlation_id
        if self._state.policy_version:
            behind["policy"] = self._state.policy_version
        return ahead, behind

    def _first_result(self, transaction: AppendTransaction, command_id: str, request: Request) -> Result:
        """What the same actor's same command was answered with. Refused: `command_reused`."""
        rows = transaction.load(command_tag(command_id), ())
        metadata = metadata_of(rows[0][0], rows[0][2])
        if metadata.digest != digest(request.command) or metadata.actor != request.actor:
            raise Refused("command_reused")
        events = tuple(event for _, _, event in decode(rows) if not isinstance(event, NothingChanged))
        return Result(rows[-1][0], events, metadata.advisories, request.command)
