"""The tags of a SQLite log: where the events with a tag are.

A tag's row belongs at a random place of the table `tag`: written one by one, every event would dirty as many pages as
it has tags. So the tags of new events are kept in memory, and those of many events are merged into the table together,
in the order of the table: a page is then written once for all that belongs on it.

- Events are cut into *parts* of the same size, at fixed positions, so every process cuts alike. A part is merged once
  it is full, and not in one go, which would hold up a commit for a second, but a slice with each commit that follows.
- The table's keys are 8 bytes of a hash of the tag, so a *slice* is simply a range of keys, the same for all processes.
- Each event has a row under one key more, that of no tag: so the events of a type are found without another index.
  These rows are sliced by position.
- All progress is one number, `tag_merge.slices_done`: how many slices, of SLICES a part, are in the table.

An event never changes, so what is in memory and what the table holds of full parts is true at any later moment too: a
read takes its answer from memory first, and then from the table what lies before memory's beginning, with no need of a
common snapshot. Nothing has to survive a crash but the events: memory is filled from their rows.

    keys.py     the keys of the table, and the slices
    memory.py   the tags of some events, in memory
    stored.py   what the file holds of them, which may be damaged, as Python values
    merge.py    the merge of one part into the table
    index.py    TagIndex: all parts that are in memory, for all threads of a process
    lookup.py   Lookup: answers from memory, from a transaction's own appends, and from the table
"""

from infrastructure.log.sqlite.tag_index.index import PART_EVENTS, TagIndex
from infrastructure.log.sqlite.tag_index.keys import TagKeys, tag_keys
from infrastructure.log.sqlite.tag_index.lookup import Lookup, rows_at
from infrastructure.log.sqlite.tag_index.memory import Tag, Tagged, TagPart, TagQuery, Typed
from infrastructure.log.sqlite.tag_index.merge import TagRun
from infrastructure.log.sqlite.tag_index.stored import head_of_rows, require_no_gap, settings_of_rows, tags_of_text

__all__ = [
    "PART_EVENTS",
    "Lookup",
    "Tag",
    "TagIndex",
    "TagKeys",
    "TagPart",
    "TagQuery",
    "TagRun",
    "Tagged",
    "Typed",
    "head_of_rows",
    "require_no_gap",
    "rows_at",
    "settings_of_rows",
    "tag_keys",
    "tags_of_text",
]
