"""Every help page in one Markdown document, whatever the terminal: docs/cli.md, which a test compares with it."""

from collections.abc import Iterator
from typing import Any

COLUMNS = 100
HEAD = "# The command line\n\nEvery help page, as `firstdegree manual` prints them.\n"


def manual(command: Any, name: str) -> str:
    """The pages of a command and of all below it."""
    return "\n".join([HEAD, *_pages(command, name, None)])


def _pages(command: Any, name: str, parent: Any) -> Iterator[str]:
    settings = {**command.context_settings, "terminal_width": COLUMNS}
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    yield f"## {context.command_path}\n\n```text\n{_tidied(command.get_help(context))}\n```\n"
    for below in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from _pages(command.get_command(context, below), below, context)


def _tidied(page: str) -> str:
    return "\n".join(line.rstrip() for line in page.strip().splitlines())
