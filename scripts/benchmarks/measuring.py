"""What every row is made of: lines with a figure, its peer or limit and its bounds, and fair ways to time them."""

import gc
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Literal, TypedDict, TypeVar

T = TypeVar("T")


class Skipped(Exception):
    """A row cannot be measured here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a row is given: a folder of its own on the project's disk, the seed, and how thorough to be."""

    folder: Path
    seed: int
    quick: bool
    data: Path
    say: Callable[[str], None]

    def size(self, full: int, quick: int) -> int:
        """How many of something: the full number, or the one for a quick look."""
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Bound:
    """A promise about a line: of its own figure, or of its ratio to the other side's."""

    of: Literal["ours", "ratio"]
    value: float
    at_most: bool = False

    def held_by(self, figure: float) -> bool:
        return figure <= self.value if self.at_most else figure >= self.value


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `spread`: the least and the greatest ratio of a pair of runs. `missing`: why there is no
    figure."""

    what: str
    unit: str = ""
    ours: float | None = None
    against: str = ""
    theirs: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    must: Bound | None = None
    aim: Bound | None = None
    note: str = ""
    missing: str = ""

    @property
    def met(self) -> str:
        """`aim`, `must` or `no`; empty where nothing was promised, or nothing measured."""
        if self._holds(self.aim):
            return "aim"
        if self._holds(self.must):
            return "must"
        return "" if self.must is None or self._figure(self.must) is None else "no"

    def _figure(self, bound: Bound) -> float | None:
        return self.ours if bound.of == "ours" else self.ratio

    def _holds(self, bound: Bound | None) -> bool:
        figure = None if bound is None else self._figure(bound)
        return bound is not None and figure is not None and bound.held_by(figure)


class Bounds(TypedDict):
    """The promises about a line, by the names of its fields."""

    must: Bound
    aim: Bound


def times(must: float, aim: float) -> Bounds:
    """The bounds of a line whose ratio shall be at least so much."""
    return {"must": Bound("ratio", must), "aim": Bound("ratio", aim)}


def at_most(of: Literal["ours", "ratio"], must: float, aim: float) -> Bounds:
    """The bounds of a line whose figure or ratio shall be no more than so much."""
    return {"must": Bound(of, must, at_most=True), "aim": Bound(of, aim, at_most=True)}


def paired(what: str, unit: str, ours: Sequence[float], against: str, theirs: Sequence[float], **rest: Any) -> Line:
    """A line of two sides that took turns: the median of each, and that of the ratios of neighbouring runs."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Line(
        what,
        unit,
        median(ours),
        against,
        median(theirs),
        median(ratios),
        (min(ratios), max(ratios)),
        **rest,
    )


def percentile(values: Sequence[float], fraction: float) -> float:
    """The least of the values that is not exceeded by this fraction of them."""
    return sorted(values)[max(0, math.ceil(fraction * len(values)) - 1)]


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, begun with nothing left for the cycle collector to find."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def fresh(function: Callable[..., T], *arguments: Any) -> T:
    """The answer of a function called in a new process: what others left in memory does not weigh on it."""
    return in_parallel([(function, *arguments)])[0]


def in_parallel(calls: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The answers of functions, each called in a new process, all at the same time; to prepare and not to measure."""
    with ProcessPoolExecutor(len(calls), mp_context=get_context("spawn")) as pool:
        return [future.result() for future in [pool.submit(*call) for call in calls]]
