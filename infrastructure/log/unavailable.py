"""The one error of a log that cannot do its work, whatever stores it."""

from domain.errors import CodedError

ADVICE = {
    "not_a_log": "Name another file, or a new one, or move away what lies there; it was left as it is.",
    "newer_format": "Use the release that wrote it, or a later one.",
    "former_format": "Opening it for writing brings it up to date, and so does `firstdegree repair index`; where it"
    " cannot be written, do that with a copy.",
    "read_only": "To write, open it for writing, with write access to the file and to its directory. To read, open it"
    " read-only: read_only=True, or --read-only.",
    "no_directory": "Create the directory first.",
    "bad_path": "Name it by text in UTF-8, with at most 200 bytes a name and 460 bytes in all, from the root on.",
    "no_wal": "Put the file on a local disk: this file system has no shared memory for write-ahead logging.",
    "unsafe_sqlite": "Install the apsw release that this project pins; older SQLite can lose committed pages.",
    "disk_full": "Nothing of what was to be written now was kept. Make space, then try again.",
    "io_error": "Look at the disk and its mount, then open the log again.",
    "damaged": "Do not write to it. `firstdegree verify` says what is wrong; `firstdegree repair index` makes anew what"
    " is derived from the events; else restore the file from a backup.",
    "lost_events": "Restore the log from a backup, with the files beside it. To go on without what is lost, say so:"
    " accept_loss=True, or --accept-loss.",
    "foreign_log": "Restore the file and its -wal from one backup. If the file alone is what you mean, move its -wal,"
    " -shm and -journal away.",
    "linked": "Remove the other links, or open a copy; mount its directory, not the file: SQLite keeps what was written"
    " last in files beside it, by name.",
    "replaced": "This was neither read nor recorded where others will find it. Open the log again, and see to it that"
    " nobody moves, restores or truncates its files while it is open.",
    "busy": "Another writer holds the log. Try again, and look for a writer that hangs.",
    "forked": "Open the network in the process that uses it: close it before forking, or start processes without a fork"
    " (multiprocessing: spawn).",
    "unknown_scheme": "Use sqlite:///path/to/file, a plain path, or memory:",
    "closed": "Open the log again.",
    "interrupted": "It may or may not have been written: look before appending again.",
}


class LogUnavailable(CodedError):
    """The log cannot be opened, read or written; no fault of the caller's events. `code` is one of ADVICE's keys."""

    advice = ADVICE
