"""What can go wrong with read models, each with a stable code."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import apsw

from domain.errors import CodedError

DAMAGED = "damaged_read_models"


class ReadModelsUnavailable(CodedError):
    """The read models' database cannot be opened, read or written. `code` is one of the keys of `advice`."""

    advice: ClassVar[Mapping[str, str]] = {
        "not_read_models": "Move away what lies there; it was left as it is.",
        "newer_read_models": "Use the release that wrote it or a later one, or delete that file.",
        DAMAGED: "Run `firstdegree projections rebuild`, or Network.rebuild: they are made anew from the log.",
        "disk_full": "Make space; the read models then go on by themselves.",
        "io_error": "Look at the disk and its mount; the read models then go on by themselves.",
        "read_only": "Give this user write access to the file and to its directory.",
        "busy": "Another process holds the read models. Try again, and look for a process that hangs.",
        "closed": "Open the network again.",
        "forked": "Open the network in the process that uses it: close it before forking, or start processes without a"
        " fork (multiprocessing: spawn).",
    }


class ProjectionStopped(CodedError):
    """A read model has stopped at an event that it cannot take."""

    def __init__(self, detail: str) -> None:
        super().__init__("projection_stopped", detail)


class NotYet(CodedError):
    """The read models have not come far enough for an answer."""

    advice: ClassVar[Mapping[str, str]] = {"not_yet": "Wait longer, or see their status."}

    def __init__(self, detail: str) -> None:
        super().__init__("not_yet", detail)


class RebuildRunning(CodedError):
    """Another rebuild of the same store is running, and did not end within the time given."""

    advice: ClassVar[Mapping[str, str]] = {"rebuild_running": "Wait for it to end, or give more time."}

    def __init__(self, detail: str) -> None:
        super().__init__("rebuild_running", detail)


class RowsRefused(CodedError):
    """A projection made a row that the store cannot take."""

    def __init__(self, projection: str, detail: str) -> None:
        super().__init__("rows_refused", f"{projection}: {detail}")
        self.projection = projection


def damaged(detail: str) -> ReadModelsUnavailable:
    """The error for what is stored and cannot be so."""
    return ReadModelsUnavailable(DAMAGED, detail)


def explained(error: apsw.Error | UnicodeDecodeError, path: str | Path | None) -> ReadModelsUnavailable:
    """What an error of SQLite's means to whoever uses the read models."""
    detail = f"{path or 'The read models in memory'}: {error}"
    result = apsw.mapping_extended_result_codes.get(getattr(error, "extendedresult", 0), "")
    match error:
        case apsw.FullError():
            code = "disk_full"
        case apsw.IOError():
            written = {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"}
            code, detail = ("disk_full" if result in written else "io_error"), f"{detail} ({result})"
        case apsw.BusyError() | apsw.LockedError():
            code = "busy"
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.CantOpenError():
            code = "read_only"
        case apsw.ConnectionClosedError() | apsw.InterruptError():
            code = "closed"
        case _:  # CorruptError, NotADBError, a table that is missing
            code = DAMAGED
    return ReadModelsUnavailable(code, detail)
