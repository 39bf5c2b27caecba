"""All projections, in the order in which they are shown."""

from projections.followers import FOLLOWERS
from projections.graph import GRAPH
from projections.invitations import INVITATIONS
from projections.members import MEMBERS
from projections.notices import NOTICES
from projections.policy import POLICIES
from projections.privacy import PRIVACY
from projections.projection import Projection
from projections.publications import PUBLICATIONS

PROJECTIONS: tuple[Projection, ...] = (
    MEMBERS,
    GRAPH,
    FOLLOWERS,
    PRIVACY,
    PUBLICATIONS,
    INVITATIONS,
    NOTICES,
    POLICIES,
)
