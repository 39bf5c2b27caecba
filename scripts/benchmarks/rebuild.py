"""Row `rebuild`: all read models made anew from the log, stored, and compared with the live ones row for row, against
the library's ProjectionRunner, which brings one view up to the log with a transaction an event.
"""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from benchmarks.measuring import Context, Line, Skipped, fresh, paired, seconds, times
from benchmarks.mix import Act, Mix
from benchmarks.peers.library_view import memory_rate, postgres_rate, write_events
from benchmarks.peers.postgres_cluster import cluster, execute
from infrastructure.app import open_network
from infrastructure.simulation.stream import simulate

LIBRARY_FRIENDS = 10


def measure(context: Context) -> Iterator[Line]:
    """A simulated network with all kinds of acts; the library's log holds invitations and acceptances."""
    path = context.folder / "simulated.db"
    context.say("simulating")
    sizes = context.size(12_000, 300), context.size(220_000, 6_000)
    events, caught_up = fresh(_simulated, path, context.seed, *sizes)
    acts = list(Mix(context.seed, context.size(400, 60)).populate(LIBRARY_FRIENDS))
    rounds = context.size(3, 2)
    note = f"{events:,} simulated events"
    yield Line("read models caught up with the log (catch_up)", "events/s", caught_up, note=note)
    what = "rebuild of all read models, stored and compared (check)"
    try:
        with cluster(context.folder) as settings:
            ours, theirs = _take_turns(path, rounds, _of_postgres(settings, acts))
        against = "ProjectionRunner, one view in PostgreSQL"
        yield paired(what, "events/s", ours, against, theirs, note=note, **times(85, 110))
    except Skipped as reason:
        context.say(str(reason))
        ours, theirs = _take_turns(path, rounds, lambda: fresh(memory_rate, acts))
        yield paired(what, "events/s", ours, "ProjectionRunner, one view IN MEMORY", theirs, note=f"{note}; {reason}")


def _simulated(path: Path, seed: int, members: int, commands: int) -> tuple[int, float]:
    with open_network(str(path), follow=False) as net:
        net.handle_many(simulate(seed, members, commands))
        events = net.head
        return events, events / seconds(net.catch_up)


def _take_turns(path: Path, rounds: int, theirs: Callable[[], float]) -> tuple[list[float], list[float]]:
    pairs = [(fresh(_checked, path), theirs()) for _ in range(rounds)]
    return [ours for ours, _ in pairs], [other for _, other in pairs]


def _checked(path: Path) -> float:
    with open_network(str(path), follow=False) as net:
        equal: dict[str, bool] = {}
        elapsed = seconds(lambda: equal.update(net.check()))
        different = [name for name, each in equal.items() if not each]
        if different or not equal:
            raise AssertionError(f"rebuilt from the log, these differ from the live ones: {different}")
        return net.head / elapsed


def _of_postgres(settings: dict[str, str], acts: list[Act]) -> Callable[[], float]:
    """Each round begins with the same saved events and no view."""
    execute(settings, "CREATE DATABASE saved")
    events = fresh(write_events, settings | {"POSTGRES_DBNAME": "saved"}, acts)
    numbers = count(1)

    def rate() -> float:
        name = f"round_{next(numbers)}"
        execute(settings, f"CREATE DATABASE {name} TEMPLATE saved")
        return fresh(postgres_rate, settings | {"POSTGRES_DBNAME": name}, events)

    return rate
