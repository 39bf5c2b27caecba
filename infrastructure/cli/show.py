"""`firstdegree show`: every question that can be asked of the network, as of now or of any point of its past."""

from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from infrastructure.cli.arguments import as_of, readable, whole_number
from infrastructure.cli.group import Group
from infrastructure.cli.session import Session
from projections.invitation_boxes import Wanted

SHOW = typer.Typer(add_completion=False, cls=Group, no_args_is_help=True, rich_markup_mode=None)
ROWS = 20

VIEWER = {"viewer": "As this member sees it; without it, as the host does."}
AS_OF = typer.Option("--as-of", metavar="POSITION|TIME", help="As it was at a position of the log, or at a time.")
PAGING: dict[str, tuple[Any, Any, Any]] = {
    "limit": (int, ROWS, typer.Option(help="How many rows a page has.")),
    "cursor": (
        str | None,
        None,
        typer.Option(metavar="CURSOR", help="The next page, by the cursor of the one before."),
    ),
    "whole": (
        bool,
        False,
        typer.Option("--page", help="With --json: the page as one object, with rows, total, cursor and as_of."),
    ),
}


@dataclass(frozen=True)
class Question:
    """A query of the door as a command. `arguments` and `options`: name -> help; arguments are in the door's order, and
    of one whose name ends in an s there can be several. `pages`: it answers in pages."""

    name: str
    help: str
    arguments: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    pages: bool = True


MEMBER = {"member": "The member, by their id."}
SEEN = {"viewer": "The member who looks.", "member": "The member who is looked at."}
WANTED = {
    "box": "Which of them: received, sent, archived (ignored) or barred.",
    "note_kind": "Only those with this kind of note: custom or default.",
    "degrees": "Only from or to members this near: 1, 2, 3, out; several separated by commas.",
    "shared_min": "Only where at least so many connections are shared.",
}
QUESTIONS = (
    Question("feed", "The items that a member's feed shows, newest first, each with what brought it there.", MEMBER),
    Question(
        "why",
        "Why an item is in a member's feed, with the events that brought it; or the first rule that keeps it out.",
        {"member": "The member whose feed it is.", "item": "The item, by its id."},
        pages=False,
    ),
    Question(
        "connections", "A member's connections, newest first, as far as the viewer is shown them.", MEMBER, VIEWER
    ),
    Question("followers", "Who follows a member. The list is the member's own.", MEMBER, VIEWER),
    Question("following", "The members that a member follows. The list is the member's own.", MEMBER, VIEWER),
    Question("invitations", "A member's invitations, newest first.", MEMBER, WANTED),
    Question(
        "thread",
        "What two wrote to each other about an invitation: the note, questions, answers.",
        {"inviter": "The member who invited.", "invitee": "The member who was invited."},
        VIEWER,
        pages=False,
    ),
    Question("notices", "A member's notices, newest first.", MEMBER),
    Question("profile", "What a member shows of themselves, with the public counts.", MEMBER, VIEWER, pages=False),
    Question(
        "relationship",
        "What a member is to a viewer: degree, invitation, follows; and each action, possible or why not.",
        SEEN,
        pages=False,
    ),
    Question("degree", "The degree of a member to a viewer: 1, 2, 3, or out of network.", SEEN, pages=False),
    Question(
        "degrees",
        "The degrees of several members to a viewer.",
        {"viewer": "The member who looks.", "members": "The members who are looked at; one or more."},
        pages=False,
    ),
    Question("path", "A shortest path from a viewer to a member, of at most three steps.", SEEN, pages=False),
    Question(
        "mutual-connections",
        "The connections that two members share.",
        {"one": "One of the two.", "other": "The other."},
        VIEWER,
    ),
    Question("suggestions", "People that a member may know: those with the most mutual connections first.", MEMBER),
    Question(
        "hashtag",
        "The items under a hashtag, newest first, each with whether its author may be followed.",
        {"hashtag": "With or without #.", "viewer": "The member who looks."},
    ),
    Question("hashtags", "The hashtags that a member follows.", MEMBER),
    Question("muted", "The members that a member has muted.", MEMBER),
    Question("blocked", "The members that a member has blocked.", MEMBER),
    Question("acceptance-rates", "How many invitations were accepted, by kind of note.", {}, pages=False),
)
DEFAULTS = {"box": "received"}


@SHOW.callback()
def show() -> None:
    """Ask the network something, as of now or of any point of its past.

    Lists come in pages, newest first; with --json a page is a line a row. A viewer sees what the rules let
    them see: "not available" may mean many things.
    """


def add(question: Question) -> None:
    """Make a question a command of `show`."""

    def run(context: typer.Context, at: str | None, whole: bool = False, **asked: Any) -> None:
        session: Session = context.obj
        for name, value in asked.items():
            for text in value if isinstance(value, list) else [value]:
                readable(str(text), name.upper() if name in question.arguments else "--" + name.replace("_", "-"))
        positional = [asked.pop(name) for name in question.arguments]
        if question.options is WANTED:
            asked["wanted"] = _wanted(asked.pop("note_kind"), asked.pop("degrees"), asked.pop("shared_min"))
        with session.network(catches_up=True) as network:
            door = getattr(network, question.name.replace("-", "_"))
            answer = door(*positional, **asked, as_of=as_of(at))
            if question.pages:
                session.output.page(answer, whole)
            elif question.name == "degrees":
                session.output.rows(
                    {"member": each, "degree": near} for each, near in zip(positional[1], answer, strict=True)
                )
            else:
                session.output.answer(question.name, answer)

    parameters = [Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]

    def option(name: str, kind: Any, default: Any, described: Any) -> None:
        annotation = Annotated[kind, described]
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation))

    for name, text in question.arguments.items():
        several = name.endswith("s")
        described = typer.Argument(metavar=name.upper(), help=text, show_default=False)
        option(name, list[str] if several else str, Parameter.empty, described)
    for name, text in question.options.items():
        default = DEFAULTS.get(name)
        option(name, str if default else str | None, default, typer.Option(metavar=name.upper(), help=text))
    option("at", str | None, None, AS_OF)
    for name, described in PAGING.items() if question.pages else ():
        option(name, *described)
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    SHOW.command(question.name, help=question.help)(run)


def _wanted(note_kind: str | None, degrees: str | None, shared_min: str | None) -> Any:
    """The filter of a box of invitations (S23)."""
    wrong = [each for each in (degrees or "1").split(",") if each not in NEAR]
    shared = None if shared_min is None else whole_number(shared_min)
    if wrong or (shared is None and shared_min is not None) or note_kind not in (None, "custom", "default"):
        raise typer.BadParameter("--note-kind is custom or default, --degrees of 1, 2, 3, out, --shared-min a number")
    near = None if degrees is None else [NEAR[each] for each in degrees.split(",")]
    return Wanted(note_kind, near, shared)


NEAR = {"1": 1, "2": 2, "3": 3, "out": None}

for each in QUESTIONS:
    add(each)
