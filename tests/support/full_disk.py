"""A disk that is full for a while, and a network whose log is not on it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infrastructure.app import Network, clock_now
from infrastructure.commands.gate import uuid7
from infrastructure.commands.handler import CommandHandler
from infrastructure.log.memory import MemoryLog
from infrastructure.read_models.read_models import ReadModels
from infrastructure.read_models.store import ReadStore
from projections.catalogue import DERIVED_PROJECTIONS, PROJECTIONS


@contextmanager
def full_disk() -> Iterator[None]:
    """While the block lasts, this process can write no file beyond its first bytes: as on a disk without space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def network_with_log_in_memory(path: Path, *, follow: bool) -> Network:
    """A network whose read models alone are on the disk."""
    log = MemoryLog()
    read_models = ReadModels(log, ReadStore(str(path), PROJECTIONS, DERIVED_PROJECTIONS))
    return Network(log, read_models, clock_now, CommandHandler(log, clock_now, uuid7), follow=follow)
