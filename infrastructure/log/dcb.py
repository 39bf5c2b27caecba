"""The names we take from the `eventsourcing` library; no other module imports it.

Release 10.0 renames this interface (its 9.x names start with DCB, its modules move), so the change stays in this file.
"""

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.dcb.persistence import DCBInfrastructureFactory
from eventsourcing.persistence import IntegrityError, ProgrammingError, TrackingRecorder
from eventsourcing.utils import Environment, EnvType

__all__ = [
    "DCBAppendCondition",
    "DCBEvent",
    "DCBInfrastructureFactory",
    "DCBQuery",
    "DCBQueryItem",
    "DCBReadResponse",
    "DCBRecorder",
    "DCBSequencedEvent",
    "DCBSubscription",
    "EnvType",
    "Environment",
    "IntegrityError",
    "ProgrammingError",
    "TrackingRecorder",
]
