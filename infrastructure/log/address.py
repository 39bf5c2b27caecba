"""The address of a log: which file it names, or that it names none."""

from infrastructure.log.unavailable import LogUnavailable


def path_of(address: str) -> str:
    """The path of the log's file. LogUnavailable("unknown_scheme") for an address of another kind, which would
    otherwise become a file of that name; it is not repeated, for it may hold a password. TypeError for no str."""
    if not isinstance(address, str):
        raise TypeError(f"address has to be a str, and is {type(address).__name__}")
    scheme, separator, _ = address.partition("://")
    if address.startswith("sqlite:///"):
        return address.removeprefix("sqlite:///")
    if separator:
        raise LogUnavailable("unknown_scheme", f"{scheme}:// is not an address of a log")
    if address in {":memory:", "memory", "-", ""}:
        raise LogUnavailable("unknown_scheme", f"{address!r} is not an address of a log")
    return address
