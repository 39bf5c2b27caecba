"""`firstdegree demo`: the scenes of the demo, drawn, or as one JSON object."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from domain.refusals import Refused
from infrastructure.app import Network
from infrastructure.cli import demo_scenes as scenes
from infrastructure.cli.demo_scenes import Distance, Feed, Highlights, Past, Thread, TurnedAway
from infrastructure.cli.failure import Failure
from infrastructure.cli.output import HIDDEN, drawing, shown_time
from infrastructure.cli.session import Session, catch_up
from infrastructure.read_models.rebuild import RebuildReport

COLUMNS = 110
TEXT_SHOWN = 46


def demo(
    context: typer.Context,
    seed: Annotated[int, typer.Option(help="Another seed is another network; the same one is the same.")] = 7,
    members: Annotated[int, typer.Option(min=100, help="How many members join.")] = 2_000,
    commands: Annotated[int, typer.Option(min=1_000, help="How many commands they give, over 200 days.")] = 30_000,
) -> None:
    """Show a simulated network at work: open networkers, some who know only friends, publishers, celebrities, spammers.

    It shows the thread of an invitation, a follow that is refused and why, a feed with its causes, two strangers and
    who leads from one to the other, a look at the past; then it rebuilds every read model from the log, and says
    whether the rebuilt rows equal the live ones. The exit status is 1 if they do not.

    The network is made in a temporary file, unless --db names another; that one has to be empty.
    """
    session: Session = context.obj
    with _place(session) as made, made.network(makes=True) as network:
        if network.head:
            raise Failure("not_empty", f"There is a network at {made.address} already; the demo wants an empty one.")
        _show(made, network, seed, members, commands)


@contextmanager
def _place(session: Session) -> Iterator[Session]:
    """The session, of a temporary file unless a network was named."""
    if session.named:
        yield session
        return
    with TemporaryDirectory(prefix="firstdegree-") as folder:
        yield replace(session, address=str(Path(folder) / "demo.db"))


def _show(session: Session, network: Network, seed: int, members: int, commands: int) -> None:
    clock = _Clock()
    with session.progress("Simulating") as progress:
        highlights = scenes.populate(network, seed, members, commands, progress)
    clock.lap("commands")
    with session.progress("Read models") as progress:
        catch_up(network, progress)
    clock.lap("read_models")
    shown = {name: _scene(make, network, highlights) for name, (make, _) in SCENES.items()}
    clock.lap("queries")
    with session.progress("Rebuilding") as progress:
        report = network.rebuild(progress=progress)
    clock.lap("rebuild")
    if session.as_json:
        made = {"seed": seed, "members": members, "commands": highlights.commands, "events": highlights.events}
        found = {"rebuild": report, "equal": _equal(report), "seconds": clock.laps}
        session.output.object({**made, "refused": highlights.refused, **shown, **found})
    else:
        with drawing(COLUMNS) as console:
            console.width = min(console.width, COLUMNS)
            _draw(console, highlights, shown, report, clock.laps, members, seed)
    if not _equal(report):
        different = [name for name, equal in report.equal.items() if not equal]
        raise Failure("not_equal", f"Rebuilt from the log, these differ from the live ones: {', '.join(different)}.")


def _scene(make: Callable[[Network, Highlights], Any], network: Network, highlights: Highlights) -> Any:
    """What a scene shows; None if a network as small as this one has nothing for it."""
    try:
        return make(network, highlights)
    except (scenes.NothingToShow, Refused):
        return None


def _equal(report: RebuildReport) -> bool:
    return all(report.equal.values())


class _Clock:
    """How long each part took, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _draw(
    console: Console,
    highlights: Highlights,
    shown: dict[str, Any],
    report: RebuildReport,
    laps: dict[str, float],
    members: int,
    seed: int,
) -> None:
    refused = sum(highlights.refused.values())
    console.print(
        f"[bold]{members:,} members, {highlights.commands:,} commands over 200 days[/] (seed {seed}):"
        f" {highlights.events:,} events in {laps['commands']:.1f} s, read models in {laps['read_models']:.1f} s."
    )
    most = [f"{code} {count}" for code, count in highlights.refused.most_common(3)]
    others = ["…"] if len(highlights.refused) > len(most) else []
    reasons = f": {', '.join(most + others)}" if most else ""
    console.print(f"{refused:,} commands were refused by the rules{reasons}", style="dim")
    for name, (_, draw) in SCENES.items():
        if shown[name] is not None:
            draw(console, shown[name])
    _title(console, "Rebuilt from the log")
    verdict = "[green]equal, row for row[/]" if _equal(report) else "[bold red]DIFFERENT[/]"
    names = ", ".join(f"{name}{'' if equal else ' (differs)'}" for name, equal in report.equal.items())
    console.print(f"{len(report.equal)} read models from {report.events:,} events in {report.seconds:.1f} s: {verdict}")
    console.print(names, style="dim")


def _title(console: Console, text: str) -> None:
    console.print()
    console.rule(f"[bold]{text}[/]", align="left", style="dim", characters="─")


def _grid(*justify: JustifyMethod) -> Table:
    grid = Table.grid(padding=(0, 2))
    for each in justify:
        grid.add_column(justify=each, overflow="ellipsis")
    return grid


def _draw_thread(console: Console, thread: Thread) -> None:
    _title(console, f"An invitation: {thread.inviter} to {thread.invitee}")
    grid = _grid("left", "left", "left", "left")
    for message in thread.messages:
        grid.add_row(_dim(shown_time(message.at)[:16]), message.author, _dim(message.kind), _plain(message.text))
    console.print(grid)
    if thread.accepted:
        console.print("[green]accepted: both are connected, and follow each other[/]")


def _draw_turned_away(console: Console, scene: TurnedAway) -> None:
    _title(console, f"A refused follow: {scene.follower} wants to follow {scene.followee}")
    console.print(f"[red]{scene.code}[/]: {scene.detail}")
    connect = f"; connect: {scene.connect}" if scene.connect else ""
    console.print(f"offered: {', '.join(scene.offered)}{connect}", style="dim")


def _draw_feed(console: Console, feed: Feed) -> None:
    _title(console, f"A feed, and why: the newest of {feed.total} entries for {feed.member}")
    grid = _grid("left", "left", "left", "left")
    for entry, text in zip(feed.entries, feed.texts, strict=True):
        causes = ", ".join(CAUSES[cause.kind](cause.ref) for cause in entry.causes)
        said = text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1].rstrip() + "…"
        grid.add_row(entry.author, _dim(entry.kind), _plain(said), f"[cyan]{causes}[/]")
    console.print(grid)


CAUSES: dict[str, Callable[[str], str]] = {
    "follow": lambda ref: "follows the author",
    "hashtag": lambda ref: f"#{ref}",
    "share": lambda ref: f"shared by {ref}",
}


def _draw_distance(console: Console, distance: Distance) -> None:
    _title(console, f"Two strangers: {distance.one} and {distance.other}")
    console.print(f"degree {distance.degree}: [cyan]{' — '.join(step or HIDDEN for step in distance.path)}[/]")


def _draw_past(console: Console, past: Past) -> None:
    _title(console, f"A look at the past: {past.member}")
    grid = _grid("left", "right", "right", "right", "left")
    grid.add_row(*(_dim(each) for each in ("as of", "position", "followers", "connections", f"degree to {past.other}")))
    for moment in past.moments:
        degree = str(moment.degree) if moment.degree else "out of network"
        numbers = (moment.position, moment.followers, moment.connections)
        grid.add_row(shown_time(moment.at)[:10], *(f"{number:,}" for number in numbers), degree)
    console.print(grid)


SCENES: dict[str, tuple[Callable[..., Any], Callable[..., None]]] = {
    "thread": (scenes.thread, _draw_thread),
    "turned_away": (scenes.turned_away, _draw_turned_away),
    "feed": (scenes.feed, _draw_feed),
    "distance": (scenes.distance, _draw_distance),
    "past": (scenes.past, _draw_past),
}
"""The scenes in their order: what finds each, and what draws it."""


def _dim(text: str) -> Text:
    return Text(text, style="dim")


def _plain(text: str) -> Text:
    return Text(text)
