"""How a list of commands is shown in a help page: in the order of use, each with its whole first sentence."""

from typing import Any

import typer
from typer.core import TyperGroup

ORDER = ("demo", "do", "show", "import", "log", "projections", "stats", "manual")


class Group(TyperGroup):
    """A command that has commands."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. Where nobody reads any more, as in `firstdegree log | head`, nothing has gone wrong."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit from None

    def list_commands(self, ctx: Any) -> list[str]:
        """Those of the first level in the order in which they are met, all others as they were added."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands; typer would cut the sentences to fit a line."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, first_sentence(command.help or "")) for name, command in found if command])


def first_sentence(text: str) -> str:
    """Up to the first full stop."""
    return " ".join(text.split()).split(". ")[0].rstrip(".")
