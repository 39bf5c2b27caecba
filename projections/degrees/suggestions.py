"""People that a member may know: the persons at degree 2, by the number of mutual connections (G4)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyroaring import BitMap

from projections.degrees.degrees import Neighbourhood
from projections.degrees.graph import Graph
from projections.projection import STANDS
from projections.reading import Page, Reading, page
from projections.visibility import require_viewer


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """A suggested member, and how many mutual connections there are."""

    member: str
    mutuals: int


def suggestions(reading: Reading, graph: Graph, member: str, limit: int = 20, after: str = "") -> Page[SuggestionRow]:
    """G4: the persons at degree 2, by number of mutual connections and then by id; less those invited either way,
    barred or dismissed by the member. Every mutual is the member's own connection, so all may be counted (G2).

    `after` is the key of a row, "mutuals:member". Refused `not_available` for a member who is not registered, or is
    erased.
    """
    require_viewer(reading, member)
    rows = _suggested(reading, graph, member, after)
    return page(
        reading,
        limit,
        rows,
        lambda row: f"{row.mutuals}:{row.member}",
        lambda: sum(1 for _ in _suggested(reading, graph, member)),
    )


def left_among_suggested(newest: Reading, graph: Graph, member: str) -> Callable[[SuggestionRow], SuggestionRow | None]:
    """Gives, for a row of an earlier page, the row if it may still be suggested as of a newer reading, else None (F8).
    Refused as the list is."""
    require_viewer(newest, member)
    viewer = graph.number(member)
    if viewer is None:
        return lambda row: None
    near = Neighbourhood(graph, viewer)
    unwanted = _unwanted(newest, member)

    def look(row: SuggestionRow) -> SuggestionRow | None:
        number = graph.number(row.member)
        if number is None or number in near.absent or number in near.first or row.member in unwanted:
            return None
        return row if graph.neighbours(number).intersect(near.first) else None

    return look


def _suggested(reading: Reading, graph: Graph, member: str, after: str = "") -> Iterator[SuggestionRow]:
    """The rows after a key, in order. Names are looked up and sorted only for as many as are taken."""
    viewer = graph.number(member)
    if viewer is None:
        return
    near = Neighbourhood(graph, viewer)
    counts = Counter[int]()
    for number in near.first:
        counts.update(graph.neighbours(number).to_array())
    numbers = defaultdict[int, list[int]](list)
    for number, mutuals in counts.items():
        numbers[mutuals].append(number)
    left_out = near.first | near.absent | graph.pages | BitMap((viewer,))
    unwanted = _unwanted(reading, member)
    most, _, last = after.partition(":")
    for mutuals in sorted(numbers, reverse=True):
        if not most or mutuals <= int(most):
            names = graph.members(BitMap(numbers[mutuals]) - left_out)
            for name in sorted(names - unwanted if unwanted else names):
                if str(mutuals) != most or name > last:
                    yield SuggestionRow(name, mutuals)


def _unwanted(reading: Reading, member: str) -> set[str]:
    return {other for (other,) in reading.all(_UNWANTED, member=member, now=reading.now)}


# A bar outlasts its invitation. It ends when the member who made it accepts an invitation of the barred, or invites
# them (S13).
_UNWANTED = f"""
SELECT other FROM dismissal WHERE member = :member AND {STANDS}
UNION SELECT invitee FROM invitation
WHERE inviter = :member AND {STANDS} AND (expires_at IS NULL OR expires_at > :now)
UNION SELECT inviter FROM invitation
WHERE invitee = :member AND {STANDS} AND (expires_at IS NULL OR expires_at > :now)
UNION SELECT i.inviter FROM invitation i
JOIN ignored g ON g.inviter = i.inviter AND g.invitee = i.invitee AND g.began <= :as_of
WHERE i.invitee = :member AND i.began <= :as_of AND g.reason IN ('do_not_know', 'spam') AND NOT EXISTS (
  SELECT 1 FROM connection c JOIN invitation a ON a.inviter = c.other AND a.invitee = c.member AND a.id = c.invitation
  WHERE c.member = i.invitee AND c.other = i.inviter AND c.began > g.began AND c.began <= :as_of)
AND NOT EXISTS (
  SELECT 1 FROM invitation b
  WHERE b.inviter = i.invitee AND b.invitee = i.inviter AND b.began > g.began AND b.began <= :as_of)
"""
