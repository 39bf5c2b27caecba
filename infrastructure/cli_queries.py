"""`firstdegree show`: every question that can be asked of the network, as of now or of any point of its past."""

from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from infrastructure.cli_session import Session, as_of

SHOW = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
ROWS = 20

VIEWER = {"viewer": "As this member sees it; without it, as the host does."}
AS_OF = typer.Option("--as-of", metavar="POSITION|TIME", help="As it was at a position of the log, or at a time.")
PAGING: dict[str, tuple[Any, Any, Any]] = {
    "limit": (int, ROWS, typer.Option(help="How many rows a page has.")),
    "cursor": (str | None, None, typer.Option(metavar="CURSOR", help="The next page, by the cursor of the one before.")),
    "whole": (
        bool,
        False,
        typer.Option("--page", help="With --json: the page as one object, with rows, total, cursor and as_of."),
    ),
}


@dataclass(frozen=True)
class Question:
    """A query of the door as a command. `arguments` and `options`: name -> help, in the order of the door's; of an
    argument whose name ends in an s there can be several. `pages`: it answers in pages."""

    name: str
    help: str
    arguments: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    pages: bool = True


MEMBER = {"member": "Whose it is."}
TWO = {"one": "One of the two.", "other": "The other."}
QUESTIONS = (
    Question("feed", "The items that a member's feed shows, newest first, each with what brought it there.", MEMBER),
    Question(
        "why",
        "Why an item is in a member's feed, with the events that brought it; or the first rule that keeps it out.",
        {"member": "Whose feed it is.", "item": "The item, by its id."},
        pages=False,
    ),
    Question("connections", "A member's connections, newest first, as far as the viewer is shown them.", MEMBER, VIEWER),
    Question("followers", "Who follows a member. The list is the member's own.", MEMBER, VIEWER),
    Question("following", "Whom a member follows. The list is the member's own.", MEMBER, VIEWER),
    Question(
        "invitations",
        "A member's invitations, newest first.",
        MEMBER,
        {"box": "Which of them: received, sent, archived (ignored) or barred."},
        {"box": "received"},
    ),
    Question(
        "thread",
        "What two wrote to each other in an invitation's thread: the note, questions, answers.",
        {"inviter": "Who invited.", "invitee": "Who was invited."},
        VIEWER,
        pages=False,
    ),
    Question("notices", "What a member is told of, newest first.", MEMBER),
    Question("profile", "What a member shows of themselves, with the public counts.", MEMBER, VIEWER, pages=False),
    Question(
        "relationship",
        "What a member is to a viewer: degree, invitation, follows; and each action, possible or why not.",
        {"viewer": "Who looks.", "member": "At whom."},
        pages=False,
    ),
    Question("degree", "How near two members are: 1, 2, 3, or out of network.", TWO, pages=False),
    Question(
        "degrees",
        "How near several members are to one.",
        {"member": "To whom.", "others": "Who; one or more."},
        pages=False,
    ),
    Question("path", "Over whom two members are connected, if a path of at most three steps can be shown.", TWO, pages=False),
    Question("mutual-connections", "The connections that two members share.", TWO, VIEWER),
    Question("suggestions", "Whom a member may want to connect with: those with the most mutual connections first.", MEMBER),
    Question("hashtag", "The items under a hashtag, newest first.", {"hashtag": "With or without #."}, VIEWER),
)


@SHOW.callback()
def show() -> None:
    """Ask the network something, as of now or of any point of its past.

    Lists come in pages, newest first; with --json a page is a line a row. A viewer is told what the rules let them be
    told: "not available" may mean many things.
    """


def add(question: Question) -> None:
    """Make a question a command of `show`."""

    def run(context: typer.Context, at: str | None, whole: bool = False, **asked: Any) -> None:
        session: Session = context.obj
        positional = [asked.pop(name) for name in question.arguments]
        with session.network(catches_up=True) as network:
            door = getattr(network, question.name.replace("-", "_"))
            answer = door(*positional, **asked, as_of=as_of(at))
            if question.pages:
                session.output.page(answer, whole)
            else:
                session.output.answer(question.name, answer)

    parameters = [Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]

    def option(name: str, kind: Any, default: Any, described: Any) -> None:
        annotation = Annotated[kind, described]
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation))

    for name, text in question.arguments.items():
        several = name.endswith("s")
        described = typer.Argument(metavar=name.upper() + ("..." if several else ""), help=text, show_default=False)
        option(name, list[str] if several else str, Parameter.empty, described)
    for name, text in question.options.items():
        default = question.defaults.get(name)
        option(name, str if default else str | None, default, typer.Option(metavar=name.upper(), help=text))
    option("at", str | None, None, AS_OF)
    for name, described in PAGING.items() if question.pages else ():
        option(name, *described)
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    SHOW.command(question.name, help=question.help)(run)


for each in QUESTIONS:
    add(each)
