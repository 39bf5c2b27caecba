"""A call that has to end: with an answer, or with an error that says what stood in its way."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

from domain.errors import CodedError

LIMIT = 30.0
"""Nobody waits longer than this many seconds, on the slowest machine."""


def outcome(call: Callable[[], Any]) -> str:
    """What a call ends with, in a thread of its own: `answer`, or the code or kind of its error.

    Fails if it has not ended after LIMIT seconds, and for an error that says nothing to its caller."""
    ended: list[str] = []

    def run() -> None:
        try:
            answer = call()
            if inspect.isawaitable(answer):
                asyncio.run(asyncio.wait_for(_awaited(answer), LIMIT))
            ended.append("answer")
        except CodedError as error:
            ended.append(error.code)
        except (TypeError, ValueError, IndexError) as error:
            ended.append(f"{type(error).__name__}: {error}")
        except BaseException as error:  # noqa: BLE001 - reported below, in the test's own thread
            ended.append(f"RAW {type(error).__name__}: {error}")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert ended, f"it has waited for {LIMIT:g} s and waits on"
    assert not ended[0].startswith("RAW "), ended[0]
    return ended[0]


async def _awaited(answer: Any) -> Any:
    return await answer
