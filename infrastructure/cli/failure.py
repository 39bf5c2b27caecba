"""How a command fails: a code, a sentence and an exit status. Light, since a help page loads it."""

import json

from infrastructure.cli.printable import on_one_line

REFUSED, USAGE, UNAVAILABLE = 1, 2, 3
"""Exit statuses."""


class Failure(Exception):
    """What ends a command: a stable code, a sentence, and the exit status."""

    def __init__(self, code: str, detail: str, status: int = REFUSED) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status

    def as_line(self, as_json: bool) -> str:
        """One line for standard error."""
        if as_json:
            return json.dumps({"code": self.code, "detail": self.detail}, ensure_ascii=False)
        return f"{self.code}: {on_one_line(self.detail)}"
