"""The one shape of every error that a caller may meet: a stable code, what happened, and what to do about it."""

from collections.abc import Mapping
from typing import ClassVar


class CodedError(Exception):
    """An error that a program can tell by `code` and a person can read.

    `code` is stable and part of the interface. `detail` says what happened. `str(error)`, which is also `message`, is
    the detail followed by the advice for the code, where the class has some in its table `advice` (code -> what to do).
    """

    advice: ClassVar[Mapping[str, str]] = {}

    def __init__(self, code: str, detail: str) -> None:
        # Both go to Exception, so that the error can be pickled and copied as it was made.
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    @property
    def message(self) -> str:
        """What happened, and what to do about it."""
        advice = self.advice.get(self.code)
        return self.detail if advice is None else f"{self.detail.rstrip('.')}. {advice}"

    def __str__(self) -> str:
        return self.message
