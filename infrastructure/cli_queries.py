"""`firstdegree show`: every question that can be asked of the network, as of now or of any point of its past."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infrastructure.cli_session import Session, as_of

if TYPE_CHECKING:
    from infrastructure.app import Network

SHOW = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="POSITION|TIME", help="As it was at a position of the log, or at a time.")
]
Limit = Annotated[int, typer.Option(help="How many rows a page has.")]
Cursor = Annotated[str | None, typer.Option(metavar="CURSOR", help="The next page, by the cursor of the one before.")]
Whole = Annotated[bool, typer.Option("--page", help="With --json: the page as one object, with rows, total, cursor, as_of.")]
Viewer = Annotated[str | None, typer.Option(metavar="ID", help="As this member sees it; without it, as the host does.")]
Member = Annotated[str, typer.Argument(metavar="MEMBER", show_default=False, help="Whose it is.")]
ROWS = 20


@SHOW.callback()
def show() -> None:
    """Ask the network something. Lists come in pages; with --json a page is a line a row."""


@contextmanager
def _asking(context: typer.Context) -> "Iterator[tuple[Session, Network]]":
    session: Session = context.obj
    with session.network(catches_up=True) as network:
        yield session, network


def _page(
    context: typer.Context, whole: bool, ask: "Callable[[Network, dict[str, Any]], Any]", at: str | None, **asked: Any
) -> None:
    with _asking(context) as (session, network):
        session.output.page(ask(network, {"as_of": as_of(at), **asked}), whole)


@SHOW.command()
def feed(
    context: typer.Context,
    member: Member,
    at: AsOf = None,
    limit: Limit = ROWS,
    cursor: Cursor = None,
    whole: Whole = False,
) -> None:
    """The items that a member's feed shows, newest first, each with what brought it there."""
    _page(context, whole, lambda net, asked: net.feed(member, **asked), at, limit=limit, cursor=cursor)


@SHOW.command()
def why(
    context: typer.Context,
    member: Member,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item, by its id.")],
    at: AsOf = None,
) -> None:
    """Why an item is in a member's feed, with the events that brought it; or the first rule that keeps it out."""
    with _asking(context) as (session, network):
        session.output.object(network.why(member, item, as_of=as_of(at)))


@SHOW.command()
def connections(
    context: typer.Context,
    member: Member,
    viewer: Viewer = None,
    at: AsOf = None,
    limit: Limit = ROWS,
    cursor: Cursor = None,
    whole: Whole = False,
) -> None:
    """A member's connections, as far as the viewer is shown them."""
    ask = lambda net, asked: net.connections(member, viewer=viewer, **asked)  # noqa: E731
    _page(context, whole, ask, at, limit=limit, cursor=cursor)
