"""`firstdegree do`: every command of the domain by its name, its fields as options; or many from standard input."""

import re
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from inspect import Parameter, Signature
from io import BufferedReader
from types import NoneType
from typing import Annotated, Any, cast, get_args

import orjson
import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from domain.catalogue import COMMANDS
from domain.decision import Command
from domain.errors import CodedError
from domain.event import EVENTS
from domain.malformed import sentences
from domain.refusals import ADVISORIES
from infrastructure.app import Network
from infrastructure.cli.arguments import moment
from infrastructure.cli.do_fields import FIELDS
from infrastructure.cli.failure import REFUSED, USAGE, Failure
from infrastructure.cli.group import Group, alone
from infrastructure.cli.output import Output, in_words, plain
from infrastructure.cli.session import Session
from infrastructure.commands.request import GROUP_MAX, Request, Result
from infrastructure.log import LogUnavailable

CHUNK_BYTES = 1 << 16
LINE_BYTES_MAX = 1 << 24
"""The longest line of standard input. The longest command is an article of a million characters, each of which may be
written with up to twelve bytes."""
SURROUNDINGS = ("actor", "command_id", "now", "correlation_id")


def kebab(name: str) -> str:
    """SendInvitation, send_invitation: send-invitation."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace("_", "-").lower()


class CommandGroup(Group):
    """The domain's commands, each made when it is asked for, and known by both of its spellings."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [kebab(name) for name in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        name = kebab(cmd_name)
        if name not in self.commands:
            by_name = {kebab(each): command for each, command in COMMANDS.items()}
            if name in by_name:
                self.commands[name] = command_parser(name, by_name[name])
        return self.commands.get(name)


DO = typer.Typer(add_completion=False, cls=CommandGroup, invoke_without_command=True, rich_markup_mode=None)


@DO.callback()
def do(
    context: typer.Context,
    stdin: Annotated[bool, typer.Option("--stdin", help="Take commands from standard input, as JSON lines.")] = False,
) -> None:
    """Give the network a command: what a member does, by name, with its fields as options.

    The answer is the position of the last event, the events, and advisories; "already so" where nothing needed to be
    done. With --actor it is what that member may be handed, which tells nothing that is hidden from them. A refusal is
    one line on standard error, `code: sentence`, and exit status 1. Names may also be written as in Python:
    `do SendInvitation`.

    With --stdin, each line is an object such as

    \b
        {"command": "Follow", "follower": "ada", "followee": "bob", "command_id": "4711"}

    with actor, command_id, now and correlation_id beside the fields where they are wanted. Commands are decided in
    order and recorded in groups; each line is answered by one line: {"position", "events", "advisories"}, with
    "for_actor" beside them where an actor was given, or {"code", "detail"}. The exit status is 1 if any was not
    accepted. If the log fails, that is the answer to each line of the group, and the end, with exit status 3.
    """
    if stdin:
        handle_stream(context.obj)
    elif context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(USAGE)


def command_parser(name: str, command: type[Command]) -> Any:
    """The command line's form of a command: an option for each field, and those for what surrounds it."""

    def run(context: typer.Context, json_fields: str | None, **given: Any) -> None:
        surroundings = {each: given.pop(each) for each in SURROUNDINGS}
        fields = {field: value for field, value in given.items() if value is not None}
        handle_one(context.obj, command, _json_object(json_fields, "--json-fields") | fields, surroundings)

    options = {field: _option(field, info) for field, info in command.model_fields.items()}
    options |= {
        "json_fields": (str | None, _text("--json-fields", "OBJECT", "Fields as a JSON object, beside the options.")),
        "actor": (
            str | None,
            _text("--actor", "ID", "Who gives the command, to be checked; without it, it is trusted."),
        ),
        "command_id": (
            str | None,
            _text("--command-id", "ID", "Makes a retry safe: the second answer is the first one."),
        ),
        "now": (str | None, _text("--now", "TIME", "When it is given, if not now. Never before the log's last event.")),
        "correlation_id": (str | None, _text("--correlation-id", "ID", "Kept with the events, to find them by.")),
    }
    parameters = [Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    parameters += [
        Parameter(each, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])
        for each, (kind, option) in options.items()
    ]
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return typer.main.get_command(alone(name, run, command.__doc__))


def _text(flag: str, metavar: str, text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=text)


METAVARS = {"effective_from": "TIME", "up_to": "POSITION", "values": "OBJECT"}


def _option(name: str, field: FieldInfo) -> tuple[Any, Any]:
    """The type and the option of a field. What is required may still come with --json-fields, and is checked later."""
    kind = next((each for each in get_args(field.annotation) if each is not NoneType), field.annotation)
    flag, text = "--" + name.replace("_", "-"), FIELDS[name]
    if field.is_required():
        text += " Required."
    elif isinstance(field.default, Enum):
        text += f" Default: {field.default.value}."
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind | None, typer.Option(flag, help=text, show_default=False)
    return str | None, _text(flag, METAVARS.get(name, "TEXT"), text)


def handle_one(session: Session, command: type[Command], fields: dict[str, Any], surroundings: dict[str, Any]) -> None:
    """Handle one command and show its answer."""
    for name, read in READERS.items():
        if isinstance(fields.get(name), str):
            fields[name] = read(fields[name])
    request = _request(command, fields, surroundings)
    with session.network(makes=True) as network:
        answer = network.handle_many([request])[0]
        if isinstance(answer, Exception):
            raise answer
    said = answer_as_json(answer) if request.actor is None else answer.for_actor.as_json()
    if session.as_json:
        session.output.object(said)
        return

    if request.actor is not None:
        shown = {name: value for name, value in said.items() if name not in {"accepted", "advisories"}}
        already_so = shown.pop("already_so", False)
        print("already so" if already_so else f"accepted  {in_words(shown)}".rstrip())
    else:
        for event in said["events"]:
            print(f"{event.pop('type')}  {in_words(event)}")
        if not answer.events:
            print("already so")
    for code in said.get("advisories", ()):
        print(f"advisory {code}: {ADVISORIES[code]}")


READERS: dict[str, Callable[[str], Any]] = {
    "effective_from": moment,
    "values": lambda text: _json_object(text, "--values"),
}


def _json_object(text: str | bytes | None, option: str) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"{option}: this is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f'{option}: a JSON object is wanted, such as {{"note": "Hello"}}')
    return value


def _request(command: type[Command], fields: dict[str, Any], surroundings: dict[str, Any]) -> Request:
    """The command with what surrounds it. Failure `malformed` says which field is wrong."""
    try:
        made = command(**fields)
    except ValidationError as error:
        raise Failure("malformed", f"{command.__name__}: {'; '.join(sentences(error))}.", USAGE) from error
    now = surroundings.pop("now", None)
    for name, value in surroundings.items():
        if not (value is None or (isinstance(value, str) and value.isprintable() and value.isascii())):
            raise Failure("malformed", f"{name}: a text of ASCII characters is wanted.", USAGE)
    return Request(made, now=None if now is None else moment(str(now)), **surroundings)


def answer_as_json(answer: Result | Failure | CodedError) -> dict[str, Any]:
    """An answer as an object, for the host: it can tell what is hidden from the member who acted."""
    if not isinstance(answer, Result):
        return {"code": answer.code, "detail": answer.detail}
    events = [{"type": EVENTS.by_class[type(event)].name, **plain(event)} for event in answer.events]
    return {"position": answer.position, "events": events, "advisories": list(answer.advisories)}


def handle_stream(session: Session) -> None:
    """Handle the commands of standard input, group by group as they arrive, and answer each with a line."""
    output, refused = Output(as_json=True), False
    with session.network(makes=True) as network:
        for lines in _arriving():
            read = [_read(line) for line in lines]
            requests = [each for each in read if not isinstance(each, Failure)]
            answered, unavailable = _handled(network, requests)
            answers = iter(answered)
            for each in read:
                if isinstance(each, Failure):
                    said = answer_as_json(each)
                else:
                    answer = next(answers)
                    said = answer_as_json(answer)
                    if each.actor is not None and isinstance(answer, Result):
                        said["for_actor"] = answer.for_actor.as_json()
                refused = refused or "code" in said
                output.object(said)
            sys.stdout.flush()
            if unavailable is not None:
                raise unavailable
    if refused:
        raise typer.Exit(REFUSED)


def _handled(network: Network, requests: list[Request]) -> tuple[list[Result | CodedError], LogUnavailable | None]:
    """The answer to each of a group, and what was wrong with the log if it failed: then nothing of the group is
    recorded, and that is the answer to each."""
    try:
        answers = network.handle_many(requests)
    except LogUnavailable as error:
        return [error] * len(requests), error
    for answer in answers:
        if not isinstance(answer, Result | CodedError):  # a mistake in the program
            raise answer
    return cast(list[Result | CodedError], answers), None


def _arriving() -> Iterator[list[bytes]]:
    """The lines of standard input, all that have come at a time, but at most a group: whoever waits for an answer gets
    it. Of a line that is too long only the beginning, as soon as that is known."""
    begun, skipping, buffered = b"", False, cast(BufferedReader, sys.stdin.buffer)
    while chunk := buffered.read1(CHUNK_BYTES):
        *lines, begun = (begun + chunk).split(b"\n")
        if skipping and lines:
            skipping = False
            del lines[0]
        if skipping:
            begun = b""
        elif len(begun) > LINE_BYTES_MAX:
            skipping = True
            lines.append(begun)
            begun = b""
        lines = [line for line in lines if line.strip()]
        yield from (lines[start : start + GROUP_MAX] for start in range(0, len(lines), GROUP_MAX))
    if begun.strip():
        yield [begun]


def _read(line: bytes) -> Request | Failure:
    if len(line) > LINE_BYTES_MAX:
        return Failure("malformed", f"a line has at most {LINE_BYTES_MAX:,} bytes")
    try:
        fields = _json_object(line, "a line")
        named = fields.pop("command", None)
        command = COMMANDS.get(str(named))
        if command is None:
            ours = "a line names its command" if named is None else "a line names none of the commands"
            return Failure("malformed", f'{ours}; it is written as in {{"command": "SendInvitation", …}}')
        return _request(command, fields, {each: fields.pop(each, None) for each in SURROUNDINGS})
    except typer.BadParameter as error:
        return Failure("malformed", str(error))
    except Failure as failure:
        return failure
