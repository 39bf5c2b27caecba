"""`firstdegree log`: the events themselves, newest last."""

import sys
from typing import Annotated, Any

import typer

from domain.event import EVENTS
from domain.identifiers import normal_tag
from infrastructure.app import Network
from infrastructure.cli.arguments import moment, readable
from infrastructure.cli.do import kebab
from infrastructure.cli.failure import Failure
from infrastructure.cli.output import in_words, shown_time
from infrastructure.cli.session import Session
from infrastructure.log.dcb import DCBQuery, DCBQueryItem

POSITION_MAX = 2**63 - 1
"""The last that a log can count; an event is there only in one that was forged."""


def log(
    context: typer.Context,
    count: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many events, the newest that match.")] = 20,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with the events that come, until Ctrl-C.")
    ] = False,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="TAG",
            help="With this tag: member:ada, pair:ada~bob, item:42, hashtag:python. Repeatable: all.",
        ),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Of this type: invitation_sent, InvitationSent. Repeatable: any."),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Recorded at this time or later.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Recorded at this time or earlier.")] = None,
    position: Annotated[int | None, typer.Option(min=1, help="The event at this position alone.")] = None,
) -> None:
    """Show the events of the log, newest last: position, time, type, and what it says.

    With --json each line is the whole envelope: position, type, version, at, id, actor, command, cause, correlation,
    policy, tags and data, as far as there is any.
    """
    session: Session = context.obj
    with session.network() as network:
        names, tags = _names(types or []), [_tag(each) for each in tags or []]
        after = network.position_at(moment(since) - 1) if since else 0
        last = network.position_at(moment(until)) if until else network.head
        if position is not None:
            if position > network.head:
                raise Failure("bad_position", f"The log ends at position {network.head}.")
            after, last, count, tags, names = position - 1, position, 1, [], []
        count = min(count, network.head)  # more than there are is as many as there are
        before = min(last + 1, POSITION_MAX)
        newest = network.log.tagged(tags, names, after=after, before=before, limit=count, newest_first=True)
        shown = [network.describe(event) for event in reversed(newest)]
        _show(session, shown)
        if follow:
            _go_on(session, network, last, tags, names)


def _go_on(session: Session, network: Network, after: int, tags: list[str], names: list[str]) -> None:
    """What comes after a position, as it comes."""
    query = DCBQuery([DCBQueryItem(types=names, tags=tags)])
    with network.log.subscribe(query, after=after) as coming:
        for event in coming:
            _show(session, [network.describe(event)])
            sys.stdout.flush()


def _tag(text: str) -> str:
    """A tag as the log keeps it."""
    try:
        return normal_tag(readable(text, "--tag"))
    except ValueError as error:
        raise typer.BadParameter(f"--tag {text!r}: {error}.") from error


def _names(types: list[str]) -> list[str]:
    """The stored names of event types, however they are written."""
    names = [kebab(each).replace("-", "_") for each in types]
    for name, given in zip(names, types, strict=True):
        if name not in EVENTS.by_name:
            raise typer.BadParameter(f"there is no event type {given!r}; there are {', '.join(sorted(EVENTS.by_name))}")
    return names


def _show(session: Session, events: list[dict[str, Any]]) -> None:
    for event in events:
        if session.as_json:
            session.output.object(event)
        else:
            at = shown_time(event["at"])
            print(f"{event['position']:>8}  {at}  {event['type']:<24}  {in_words(event['data'])}")
