"""All read models, in the order in which they are shown."""

from projections.connections import CONNECTIONS
from projections.feeds.policy import FEED_POLICIES
from projections.feeds.publications import PUBLICATIONS
from projections.feeds.push_tables import FEED_PUSH
from projections.following import FOLLOWERS
from projections.invitations import INVITATIONS
from projections.members import MEMBERS
from projections.notices import NOTICES
from projections.projection import DerivedProjection, Projection
from projections.visibility import BLOCKS_AND_MUTES

PROJECTIONS: tuple[Projection, ...] = (
    MEMBERS,
    CONNECTIONS,
    FOLLOWERS,
    BLOCKS_AND_MUTES,
    PUBLICATIONS,
    INVITATIONS,
    NOTICES,
    FEED_POLICIES,
)

DERIVED_PROJECTIONS: tuple[DerivedProjection, ...] = (FEED_PUSH,)
"""What is worked out from their tables."""
