"""Work in bulk makes and drops many objects and no cycles; the cycle collector, looking through all that lives
meanwhile, was measured to take more than half of its time. So it rests for the length of a page, a group or a batch,
and never for long."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_pauses = 0
_was_on = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cycle collector from running until the last of the blocks that asked for it, in any thread, has
    ended."""
    global _pauses, _was_on
    with _lock:
        if _pauses == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_on:
                gc.enable()
