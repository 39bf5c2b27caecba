"""Python's cycle collector, switched off while work is done in bulk.

Such work makes and drops many objects and no cycles, and the collector, which looks through all that lives, was
measured to take more than half of its time. So it is off for the length of a page, a group or a batch.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet


class _Pause:
    """A block that is under way. It lives no longer than the block, also where an interrupt ends it."""

    __slots__ = ("__weakref__",)


_lock = threading.Lock()
_pauses: WeakSet[_Pause] = WeakSet()
_switched_off = False
"""Whether the collector is off because of us: one that the host has switched off stays off."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cycle collector from running until the last of the blocks that asked for it, in any thread, has ended.

    An interrupt can come between any two steps. If it comes while the last block ends, the collector is on again when
    the next one has ended.
    """
    global _switched_off
    pause = _Pause()
    try:
        with _lock:
            _pauses.add(pause)
            if gc.isenabled():
                _switched_off = True
                gc.disable()
        yield
    finally:
        with _lock:
            _pauses.discard(pause)
            if _switched_off and not _pauses:
                gc.enable()
                _switched_off = False
