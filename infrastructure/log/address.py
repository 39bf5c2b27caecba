"""The address of a log: which file it names, or that it names none."""

import os
import re
from pathlib import Path

from infrastructure.log.unavailable import LogUnavailable

_OTHER_KINDS = re.compile(r"(file|sqlite|memory|postgres|postgresql|mysql):", re.IGNORECASE)
"""What is no file of that name, though no // follows: such as file:network.db?mode=ro, a URI of SQLite's."""


def path_of(address: str | os.PathLike[str]) -> Path:
    """The path of the log's file: a path is its own address. LogUnavailable("unknown_scheme") for an address of another
    kind, which would otherwise become a file of that name; it is not repeated, for it may hold a password."""
    if isinstance(address, os.PathLike):
        return Path(address)
    if not isinstance(address, str):
        raise TypeError(f"address has to be a text or a path, and is {type(address).__name__}")
    scheme, separator, _ = address.partition("://")
    if address.startswith("sqlite:///"):
        return Path(address.removeprefix("sqlite:///"))
    if separator:
        raise LogUnavailable("unknown_scheme", f"{scheme}:// is not an address of a log")
    if address in {":memory:", "memory", "-", ""}:
        raise LogUnavailable("unknown_scheme", f"{address!r} is not an address of a log")
    if found := _OTHER_KINDS.match(address):
        raise LogUnavailable("unknown_scheme", f"{found[0]} does not begin an address of a log")
    return Path(address)
