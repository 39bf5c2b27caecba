"""The decision models of one process: their states, cached by tag, and advanced by every event instead of read again.

So the ten-thousandth invitation of a member costs what the tenth did. Within the log's write lock the states are
brought up to the log's head, and each event is folded into them as soon as it is decided; should the commit fail, they
are forgotten and read again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from domain.catalogue import DECISION_MODELS
from domain.decision import DecisionModel, Facts
from domain.event import EVENTS, Event
from domain.identifiers import Instant
from domain.policy import POLICY
from domain.policy_values import Policy
from infrastructure.commands.gate import NewIds, uuid7
from infrastructure.log import AppendTransaction, Log
from infrastructure.log.dcb import DCBAppendCondition, DCBQuery, DCBQueryItem
from infrastructure.log.envelope import UnreadableEvent, decode, recorded_at
from infrastructure.log.transaction import Recorded

S = TypeVar("S")

STATES_MAX = 100_000
"""How many states are kept in all, before the oldest half of each model's is dropped."""
CATCH_UP_MAX = 20_000
"""How many events of other processes are folded in; further behind than that, the states are read anew when needed."""
CATCH_UP_PAGE = 1_000

_TYPES = {model: tuple(EVENTS.by_class[event_class].name for event_class in model.types) for model in DECISION_MODELS}


class DecisionState(Facts):
    """The facts that decisions read, as of the head of a write lock that is held. Used by one thread at a time."""

    def __init__(self, log: Log, new_id: Callable[[], str]) -> None:
        self._log = log
        self._new_id = new_id if new_id is uuid7 else NewIds(new_id)
        self._states: dict[DecisionModel[Any], dict[str, Any]] = {model: {} for model in DECISION_MODELS}
        folds: dict[type[Any], list[tuple[dict[str, Any], Callable[..., Any]]]] = defaultdict(list)
        for model in DECISION_MODELS:
            for event_class in model.types:
                folds[event_class].append((self._states[model], model.evolve))
        self._folds = {event_class: tuple(pairs) for event_class, pairs in folds.items()}
        self._transaction: AppendTransaction | None = None
        self._boundary: list[tuple[DecisionModel[Any], str]] = []
        self._known = 0  # how many states are kept
        self._kept = False
        self.position = 0
        self.last_at: Instant = -(2**63)
        self.policy = Policy()
        self.policy_version = 0

    def begin(self, transaction: AppendTransaction) -> None:
        """Bring the states to the head of a write lock that was just taken: fold in what other processes appended.

        Until `keep` the states are of events that may never be committed: without it the next `begin` drops them."""
        kept, self._kept = self._kept, False
        self._transaction = transaction
        behind = transaction.head - self.position
        if not kept or behind > CATCH_UP_MAX or not self._known:
            self._forget()
            if transaction.head:
                _, _, data = self._log.event_at(transaction.head)
                self.last_at = recorded_at(transaction.head, data)
            self.position = transaction.head
        while self.position < transaction.head:
            for position, at, event in decode(self._log.page(self.position, CATCH_UP_PAGE)):
                self.fold(event, at, position)

    def keep(self) -> None:
        """All that was folded in since `begin` has been committed."""
        self._kept = True

    def _forget(self) -> None:
        for states in self._states.values():
            states.clear()
        self._known = 0
        self.last_at = -(2**63)

    def start(self, now: Instant) -> None:
        """Begin a decision at an instant, moved forward to the last recorded one where the clock lags behind it."""
        if self._known > STATES_MAX:
            self._drop_oldest()
        self._boundary.clear()
        self.now = max(now, self.last_at)
        self.policy_version, self.policy = self.read(POLICY).in_force(self.now)

    def expect(self, expected: Iterable[tuple[DecisionModel[Any], str]]) -> None:
        """Load together, with one statement, the models that will likely be read for these tags and are not kept yet.
        What cannot be loaded so is left to the decision that reads it, and to no other; LogUnavailable concerns all."""
        states = self._states
        missing = dict.fromkeys(each for each in expected if each[1] not in states[each[0]])
        if not missing or self._transaction is None:
            return
        counted = [each for each in missing if each[0].counts]
        if counted:
            self._keep_counted(self._transaction, counted)
        folded = [each for each in missing if not each[0].counts]
        loaded = self._transaction.load_many([(tag, _TYPES[model]) for model, tag in folded])
        for (model, tag), rows in zip(folded, loaded, strict=True):
            try:
                self._keep_folded(model, tag, rows)
            except UnreadableEvent:  # left to the decision that reads it
                continue

    def _keep_counted(self, transaction: AppendTransaction, wanted: Sequence[tuple[DecisionModel[Any], str]]) -> None:
        counts = transaction.count_many([(tag, _TYPES[model]) for model, tag in wanted])
        for (model, tag), count in zip(wanted, counts, strict=True):
            self._states[model][tag] = count
        self._known += len(wanted)

    def _keep_folded(self, model: DecisionModel[S], tag: str, rows: list[Recorded]) -> None:
        state = model.initial()
        if rows:
            for _, at, event in decode(rows):
                state = model.evolve(state, event, at)
        self._states[model][tag] = state
        self._known += 1

    def read(self, model: DecisionModel[S], *key: str) -> S:
        tag = model.tag(*key)
        self._boundary.append((model, tag))
        states = self._states[model]
        state: S | None = states.get(tag)
        if state is None:
            assert self._transaction is not None
            if model.counts:
                self._keep_counted(self._transaction, [(model, tag)])
            else:
                self._keep_folded(model, tag, self._transaction.load(tag, _TYPES[model]))
            state = states[tag]
        return state

    def new_id(self) -> str:
        return self._new_id()

    def condition(self) -> DCBAppendCondition | None:
        """All that the decision has read, and up to where: its append fails if any newer event is in there. None while
        there is no newer event at all."""
        if self._transaction is not None and self._transaction.head == self.position:
            return None
        items = [DCBQueryItem(types=list(_TYPES[model]), tags=[tag]) for model, tag in dict.fromkeys(self._boundary)]
        return DCBAppendCondition(DCBQuery(items), after=self.position)

    def fold(self, event: Event, at: Instant, position: int, tags: Sequence[str] | None = None) -> None:
        """Advance every cached state that the event concerns. `tags`: its own, or more, if they are known."""
        if tags is None:
            tags = event.tags()
        for states, evolve in self._folds.get(type(event), ()):
            for tag in tags:
                state = states.get(tag)
                if state is not None:
                    states[tag] = evolve(state, event, at)
        self.position = position
        self.last_at = at

    def _drop_oldest(self) -> None:
        self._known = 0
        for states in self._states.values():
            for tag in list(states)[: len(states) // 2]:
                del states[tag]
            self._known += len(states)
