"""Readings over the read store and the log: what queries and explanations are given to read from."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar

from domain.decision import DecisionModel, Facts
from domain.event import EVENTS, Event
from domain.identifiers import Instant
from domain.policy import POLICY, PolicyHistory
from domain.policy_values import Policy
from infrastructure.log import Log
from infrastructure.log.envelope import decode
from infrastructure.read_models.checkpoints import Execute
from infrastructure.read_models.errors import damaged
from projections.reading import Reading

S = TypeVar("S")


class SqlReading(Reading):
    """One snapshot of the read store, as of a position."""

    def __init__(self, run: Execute, log: Log, as_of: int, now: Instant, erased_by: int) -> None:
        self._run = run
        self._log = log
        self.as_of = as_of
        self.now = now
        self.erased_by = erased_by

    def earlier(self, position: int, now: Instant) -> Reading:
        return SqlReading(self._run, self._log, position, now, position)

    def all(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._run(sql, {"as_of": self.as_of, "erased_by": self.erased_by, **parameters})

    def event(self, position: int) -> Event:
        rows = self._log.page(position - 1, 1)
        if [row[0] for row in rows] != [position]:
            raise damaged(f"A row names an event at position {position}, where the log has none")
        ((_, _, event),) = decode(rows)
        return event

    @cached_property
    def policy(self) -> Policy:  # type: ignore[override]
        return self._policies[-1][1].in_force(self.now)[1]

    def policy_when(self, position: int, instant: Instant) -> Policy:
        former = bisect_left(self._policies, position, key=itemgetter(0)) - 1
        return self._policies[former][1].in_force(instant)[1]

    @cached_property
    def _policies(self) -> list[tuple[int, PolicyHistory]]:
        """What was known of the policy from each of its changes on, and at first from the beginning on (0)."""
        known = [(0, POLICY.initial())]
        known += ((position, history) for position, history in states(self._log, POLICY, (), self.as_of))
        return known


def states(log: Log, model: DecisionModel[S], key: tuple[str, ...], as_of: int) -> Iterator[tuple[int, S]]:
    """The position of each event of a decision model, and the state after it, up to a position. A model may change
    its state in place: then all of these are the newest."""
    names = [EVENTS.by_class[event_class].name for event_class in model.types]
    state = model.initial()
    for position, at, event in decode(log.load(model.tag(*key), names)):
        if position > as_of:
            break
        state = model.evolve(state, event, at)
        yield position, state


def fold(log: Log, model: DecisionModel[S], key: tuple[str, ...], as_of: int) -> S:
    """The state of a decision model as of a position."""
    last = deque(states(log, model, key, as_of), maxlen=1)
    return last[0][1] if last else model.initial()


class PastFacts(Facts):
    """The facts that a decision would have read as of a position: what may be done is asked of the decisions
    themselves."""

    def __init__(self, log: Log, as_of: int, now: Instant) -> None:
        self._log = log
        self._as_of = as_of
        self._states: dict[tuple[DecisionModel[Any], tuple[str, ...]], Any] = {}
        self.now = now
        self.position = as_of
        self.policy = self.read(POLICY).in_force(now)[1]

    def read(self, view: DecisionModel[S], *key: str) -> S:
        known = self._states.get((view, key))
        if known is None:
            known = self._states[view, key] = fold(self._log, view, key, self._as_of)
        state: S = known
        return state

    def new_id(self) -> str:
        return "not-recorded"
