"""An interrupt at every step of some work: what a signal handler raises may come between any two of them (B3)."""

import dis
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

CHECKED_AFTER = {dis.opmap[name] for name in ("RESUME", "CALL", "CALL_FUNCTION_EX", "JUMP_BACKWARD")}
"""Where CPython 3.11 looks whether a signal has come: behind these instructions, and nowhere else."""


class Interrupt:
    """Raises KeyboardInterrupt at the nth point at which a signal could be handled in the files of one folder."""

    def __init__(self, step: int, folder: str = "infrastructure") -> None:
        self._folder = folder
        self.came = False
        self._left = step
        self._former: dict[int, int] = {}

    def during(self, act: Callable[[], object]) -> object:
        outer = sys.gettrace()
        sys.settrace(self._trace)
        try:
            return act()
        except KeyboardInterrupt:
            return None
        finally:
            sys.settrace(outer)

    def _trace(self, frame: FrameType, what: str, _: object) -> Any:
        if self._folder not in frame.f_code.co_filename or self.came:
            return None
        frame.f_trace_opcodes = True
        if what == "opcode":
            if self._former.get(id(frame)) in CHECKED_AFTER and not is_within(frame, "__del__"):
                # While an object is being deleted, what is raised goes nowhere: Python prints it and goes on.
                self._left -= 1
                if self._left < 0:
                    self.came = True
                    raise KeyboardInterrupt
            self._former[id(frame)] = frame.f_code.co_code[frame.f_lasti]
        else:
            self._former.pop(id(frame), None)
        return self._trace


def is_within(frame: FrameType | None, name: str) -> bool:
    """Whether a frame is that of a function of this name, or of what such a function has called."""
    while frame is not None:
        if frame.f_code.co_name == name:
            return True
        frame = frame.f_back
    return False
