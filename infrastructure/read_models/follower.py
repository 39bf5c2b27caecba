"""The thread that keeps the read models up with the log, and goes on by itself after trouble."""

import logging
import os
import time

# An interrupt in threading.Thread.start comes out as another error, or leaves a lock taken; this is a single step.
from _thread import get_ident, start_new_thread
from collections.abc import Callable
from weakref import ReferenceType, ref

from domain.errors import CodedError
from infrastructure.log import Log
from infrastructure.log.wake_up import WakeUp
from infrastructure.read_models.errors import RebuildRunning

POLL_SECONDS = 0.02
"""How often the follower looks for commits of other processes; those of its own wake it."""
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.05, 5.0
"""After trouble (a full disk, a busy store) the follower tries again, after pauses that double within these bounds."""
STOP_SECONDS_MAX = 30.0

_LOG = logging.getLogger(__name__)


class Follower:
    """Calls `advance` in a thread of its own whenever the log may have grown, until it answers that nothing is left."""

    def __init__(self, log: Log, advance: Callable[[], bool]) -> None:
        self._log = log
        self._advance = advance
        self._process = os.getpid()
        self._started = self._stopping = False
        self._owner: ReferenceType[object] | None = None
        self._wake = WakeUp()  # after a commit
        self._again = WakeUp()  # ends the pause after trouble
        self._ended = WakeUp()
        self._has_thread = False
        self._identity: int | None = None  # that of the thread
        self.trouble: str | None = None
        """What it waits for, or what the last attempt failed of; None while all goes well."""

    @property
    def is_started(self) -> bool:
        """Whether there is a thread that follows the log."""
        return self._started

    def is_stopping(self) -> bool:
        """Whether the thread was asked to stop, or its owner is gone."""
        return self._stopping or (self._owner is not None and self._owner() is None)

    def start(self, owner: object) -> None:
        """Start the thread. It ends by itself soon after its owner is gone: nobody may have got to close it, for an
        interrupt. (Nothing is called when that happens: what an interrupt raised there would be lost.)"""
        self._owner = ref(owner)
        self._log.listen(self._wake)
        self._started = self._has_thread = True
        try:
            start_new_thread(self._work, ())
        except BaseException:  # should it have been started all the same, it ends by itself
            self._has_thread = False
            self.ask_to_stop()
            raise

    def try_again(self) -> None:
        """End the pause after trouble."""
        self._again.set()

    def ask_to_stop(self) -> None:
        """Let the thread end after the batch it is at."""
        self._stopping = True
        self._again.set()
        self._wake.set()

    def stop(self) -> None:
        """End the thread, and wait for that a limited time. In a forked child there is none."""
        if os.getpid() != self._process:
            return
        self.ask_to_stop()
        until = time.monotonic() + STOP_SECONDS_MAX
        while self._has_thread and self._identity != get_ident() and (left := until - time.monotonic()) > 0:
            self._ended.wait(left)
        self._ended.set()  # for whoever else stops it
        self._log.unlisten(self._wake)

    def _work(self) -> None:
        """In the thread."""
        self._identity = get_ident()
        try:
            self._follow()
        finally:
            self._has_thread = False
            self._ended.set()

    def _follow(self) -> None:
        pause = PAUSE_SECONDS_MIN
        while not self.is_stopping():
            try:
                while self._advance() and not self.is_stopping():
                    self.trouble, pause = None, PAUSE_SECONDS_MIN
                self.trouble, pause = None, PAUSE_SECONDS_MIN
                self._wake.wait(POLL_SECONDS)
            except RebuildRunning as error:  # another process fills what is empty here
                self.trouble = str(error)
                self._wake.wait(POLL_SECONDS)
            except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to: it shows, and is tried again
                if self.is_stopping() or (isinstance(error, CodedError) and error.code == "closed"):
                    return
                if self.trouble is None:
                    _LOG.warning("The read models cannot go on, and try again by themselves: %s", _summary(error))
                self.trouble = _summary(error)
                self._again.wait(pause)
                pause = min(2 * pause, PAUSE_SECONDS_MAX)


def _summary(error: Exception) -> str:
    """One line that is kept and shown: the sentence of our own errors, but only the kind of any other, whose message
    may hold what members wrote."""
    return str(error) if isinstance(error, CodedError) else type(error).__name__
