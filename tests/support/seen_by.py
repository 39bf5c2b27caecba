"""Everything that a member can ask, and what they are told, in a form in which two networks can be compared.

Log positions are left out, and the ids that a network makes are numbered as they are met: both count what happened to
others too.
"""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from domain import Refused
from infrastructure.app import Network
from infrastructure.queries.queries import Queries
from projections.reading import Page

FOR_THE_HOST = {"reading", "acceptance_rates"}
"""Queries that only the host makes."""
PAGING = ("limit", "cursor", "as_of", "wanted")
"""Parameters that say how much is asked for, and, for the host, as of when."""
HASHTAGS = ("a", "c", "no such")
BOXES = ("received", "sent", "archived", "barred", "no such")


def normal(answer: Any, ids: dict[str, str]) -> Any:
    """An answer as plain values. `ids` numbers the ids that the network made, and is filled as they are met."""
    if isinstance(answer, Refused):
        return f"refused: {answer.code}: {answer.detail}"
    if isinstance(answer, Page):
        return {"rows": normal(answer.rows, ids), "total": answer.total, "goes on": answer.cursor is not None}
    if is_dataclass(answer):
        names = [each.name for each in fields(answer) if not each.name.endswith("position")]
        return {name: normal(getattr(answer, name), ids) for name in names}
    if isinstance(answer, dict):
        return {str(name): normal(value, ids) for name, value in answer.items()}
    if isinstance(answer, str):
        return ids.setdefault(answer, f"made {len(ids)}") if answer.startswith("id-") else answer
    if isinstance(answer, list | tuple):
        return [normal(each, ids) for each in answer]
    if isinstance(answer, set | frozenset):
        return sorted(map(repr, answer))
    return answer


def questions(viewer: str, members: Sequence[str], items: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query that a member can make, by name and arguments; one that is added to the door is asked here too."""
    values: dict[str, Sequence[Any]] = {
        "viewer": (viewer,),
        "item": items,
        "name": HASHTAGS,
        "box": BOXES,
        "members": (members,),
        "one": members,
        "with_body": (True,),
        **dict.fromkeys(("member", "other", "inviter", "invitee", "author"), members),
    }
    for query, function in sorted(vars(Queries).items()):
        if query.startswith("_") or query in FOR_THE_HOST or not inspect.isfunction(function):
            continue
        parameters = [name for name in inspect.signature(function).parameters if name not in ("self", *PAGING)]
        asked: list[dict[str, Any]] = [{}]
        for name in parameters:
            own = name == "member" and "viewer" not in parameters
            asked = [{**each, name: value} for each in asked for value in ((viewer,) if own else values[name])]
        for arguments in asked:
            yield query, arguments


def everything(
    network: Network,
    viewer: str,
    members: Sequence[str],
    items: Sequence[str],
    limit: int,
    as_of: datetime | None = None,
) -> dict[tuple[str, ...], Any]:
    """Every answer or refusal that a member gets, by query and arguments, with all pages of every list; as of a time if
    one is given."""
    network.catch_up()
    ids: dict[str, str] = {}
    answers: dict[tuple[str, ...], Any] = {}
    for query, arguments in questions(viewer, members, items):
        name = (query, *(str(normal(value, ids)) for value in arguments.values()))
        try:
            answers[name] = normal(_all_pages(getattr(network, query), arguments | {"as_of": as_of}, limit), ids)
        except Refused as refused:
            answers[name] = normal(refused, ids)
    return answers


def _all_pages(ask: Any, arguments: dict[str, Any], limit: int) -> Any:
    answer = ask(**arguments)
    if not isinstance(answer, Page):
        return answer
    pages = [ask(**arguments, limit=limit)]
    while pages[-1].cursor is not None:
        pages.append(ask(**arguments, limit=limit, cursor=pages[-1].cursor))
    return pages
