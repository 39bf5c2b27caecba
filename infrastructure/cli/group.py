"""Commands that have commands: how their list is shown in a help page, and how they are found."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar

import typer.main
from typer.core import TyperGroup


class Group(TyperGroup):
    """A command that has commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Where nobody reads any more, as in `firstdegree log | head`, nothing has gone wrong."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of that name. Where there is none, the message names those that are spelled much like it."""
        name, *_ = args
        if self.get_command(ctx, name) is None and (alike := get_close_matches(name, self.list_commands(ctx))):
            ctx.fail(f"No such command '{name}'. Did you mean {' or '.join(map(repr, alike))}?")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which they were added."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands; typer would cut the sentences to fit a line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summary(ctx, name)) for name in self.list_commands(ctx)])

    def summary(self, ctx: Any, name: str) -> str:
        """What a command does, in a sentence."""
        command = self.get_command(ctx, name)
        return first_sentence(command.help or "") if command else ""


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is imported when it is run: its module and its name there, and the first sentence of its help, so
    that a list of commands can be shown without importing any."""

    module: str
    name: str
    summary: str


class LazyGroup(Group):
    """The commands of the first level. This is the one place where something is imported late: whoever asks for help,
    or completes a line, does not wait for the whole network to be loaded."""

    lazy: ClassVar[dict[str, Lazy]] = {}
    """The commands by name, in the order in which they are met."""

    def list_commands(self, ctx: Any) -> list[str]:
        """As the table has them; then those that are light, as they were added."""
        return [*self.lazy, *self.commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now if it is not light."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        wanted = self.lazy[cmd_name]
        found = getattr(import_module(wanted.module), wanted.name)
        return typer.main.get_command(found if isinstance(found, typer.Typer) else alone(cmd_name, found))

    def summary(self, ctx: Any, name: str) -> str:
        """What a command does, from the table where it has it."""
        return self.lazy[name].summary if name in self.lazy else super().summary(ctx, name)


def alone(name: str, function: Callable[..., Any], help_text: str | None = None) -> typer.Typer:
    """An application of one command."""
    application = typer.Typer(add_completion=False, rich_markup_mode=None)
    application.command(name, help=help_text)(function)
    return application


def first_sentence(text: str) -> str:
    """Up to the first full stop."""
    return " ".join(text.split()).split(". ")[0].rstrip(".")
