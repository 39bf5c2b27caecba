"""The address of a log: which file it names, or that it names none."""

import os
from pathlib import Path

from infrastructure.log.unavailable import LogUnavailable


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
    return Path(address)
