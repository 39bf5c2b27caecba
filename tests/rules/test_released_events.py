"""Every version of every event that was ever released can be read: their bytes are kept, and read back (E13).

released_events.jsonl holds one stored event a line: type, the envelope's bytes as the log holds them, the tags, and the
name of the sample below that they say. Lines are only ever added. For a new event or version, add a sample, and run
`PYTHONPATH=tests .venv/bin/python tests/rules/test_released_events.py`: it adds the lines that are missing.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain import AcceptInvitation, ChangePolicy, RegisterMember, SendInvitation
from domain.decision import NothingChanged
from domain.event import EVENTS, Event
from domain.items import ArticlePublished, PostDeleted, PostPublished, PostShared
from domain.members.member_events import (
    ConnectionsVisibilityChanged,
    EmailVisibilityChanged,
    FollowerSettingChanged,
    InvitationPolicyChanged,
    MemberErased,
    MemberHibernated,
    MemberReactivated,
    MemberRecognized,
    MemberRegistered,
    MemberRestricted,
    PrimaryEmailChanged,
    ProfileChanged,
    RecognitionWithdrawn,
    RestrictionLifted,
    WhoMayInviteChanged,
)
from domain.notices import NoticesRead
from domain.policy import PolicyChanged
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected, SuggestionDismissed
from domain.relationships.following_events import (
    Followed,
    FollowerRemoved,
    HashtagFollowed,
    HashtagUnfollowed,
    MemberMuted,
    MemberUnmuted,
    Unfollowed,
)
from domain.relationships.invitation_events import (
    InvitationAccepted,
    InvitationClosed,
    InvitationIgnored,
    InvitationReplied,
    InvitationSent,
    InvitationWithdrawn,
)
from infrastructure.app import open_network
from infrastructure.log.envelope import ENVELOPE_KEYS, decode, encode, metadata_of
from infrastructure.log.verification import EventVerifier

RELEASED = Path(__file__).resolve().parents[1] / "released_events.jsonl"
START = 1_700_000_000_000_000
FIRST_LINES, FIRST_DIGEST = 45, "473e0f89d00aba538b98ec025bfad0ed"
"""The lines that are released for good, and what tells them from any others."""

PAIR = {"inviter": "ada", "invitee": "bob", "invitation": "inv-1"}
SAMPLES: dict[str, Event] = {
    "article": ArticlePublished(
        item="a-1", author="ada", title="On #bridges", body="They stand.\nMostly.", hashtags=["bridges"]
    ),
    "connection removed": ConnectionRemoved(member="ada", other="bob"),
    "connections visibility": ConnectionsVisibilityChanged(member="ada", visibility="only_me"),
    "email visibility": EmailVisibilityChanged(member="ada", visibility="everyone"),
    "followed": Followed(follower="ada", followee="bob", origin="article", origin_ref="a-1"),
    "followed by connecting": Followed(follower="bob", followee="ada", origin="connection", origin_ref=None),
    "follower removed": FollowerRemoved(follower="bob", followee="ada"),
    "follower setting": FollowerSettingChanged(member="ada", setting="connections"),
    "hashtag followed": HashtagFollowed(member="ada", hashtag="größe"),
    "hashtag unfollowed": HashtagUnfollowed(member="ada", hashtag="größe"),
    "accepted": InvitationAccepted(**PAIR, by_policy=True, email_notice=1),
    "closed": InvitationClosed(**PAIR, reason="block"),
    "ignored": InvitationIgnored(**PAIR, reason="do_not_know"),
    "invitation policy": InvitationPolicyChanged(member="ada", setting="accept_all"),
    "replied": InvitationReplied(**PAIR, author="bob", kind="ask", text="Where did we meet?"),
    "sent": InvitationSent(
        **PAIR,
        note="I saw your talk — «Brücken».",
        note_kind="custom",
        how_known="colleague",
        barred=False,
        expires_at=START + 1,
        email_notice=1,
    ),
    "sent for good": InvitationSent(
        **PAIR,
        note="I would like to connect with you.",
        note_kind="default",
        how_known=None,
        barred=True,
        expires_at=None,
        email_notice=1,
    ),
    "withdrawn": InvitationWithdrawn(**PAIR),
    "blocked": MemberBlocked(blocker="ada", blocked="bob"),
    "erased": MemberErased(member="ada"),
    "hibernated": MemberHibernated(member="ada"),
    "muted": MemberMuted(muter="ada", muted="bob"),
    "reactivated": MemberReactivated(member="ada"),
    "recognized": MemberRecognized(member="ada", recognition="top_voice"),
    "registered": MemberRegistered(member="ada", name="Ada L.", primary_email="ada@example.org", kind="person"),
    "restricted": MemberRestricted(member="ada", reason="Reported as spam."),
    "restricted without a reason": MemberRestricted(member="ada", reason=None),
    "unblocked": MemberUnblocked(blocker="ada", blocked="bob"),
    "unmuted": MemberUnmuted(muter="ada", muted="bob"),
    "connected": MembersConnected(member="ada", other="bob", invitation="inv-1"),
    "nothing changed": NothingChanged(),
    "notices read": NoticesRead(member="ada", up_to=41),
    "policy": PolicyChanged(
        values={"strikes": None, "moderators": ["eve"], "status_updates_to_followers": 0.25}, effective_from=START
    ),
    "deleted": PostDeleted(item="p-1", author="ada", kind="status_update", original=None),
    "share deleted": PostDeleted(item="s-1", author="bob", kind="share", original="p-1"),
    "post": PostPublished(
        item="p-1", author="ada", kind="status_update", audience="connections", text="Hello #World", hashtags=["world"]
    ),
    "shared": PostShared(share="s-1", sharer="bob", item="p-1", author="ada", comment=""),
    "primary email": PrimaryEmailChanged(member="ada", primary_email="ada@example.net"),
    "profile": ProfileChanged(
        member="ada",
        name="Ada",
        headline="Engines",
        primary_action="follow",
        suggest_follow_text="Follow me instead \U0001f642",
    ),
    "headline": ProfileChanged(member="ada", name=None, headline="", primary_action=None, suggest_follow_text=None),
    "recognition withdrawn": RecognitionWithdrawn(member="ada", recognition="top_voice"),
    "restriction lifted": RestrictionLifted(member="ada"),
    "dismissed": SuggestionDismissed(member="ada", other="bob"),
    "unfollowed": Unfollowed(follower="ada", followee="bob"),
    "who may invite": WhoMayInviteChanged(member="ada", setting="email"),
}
"""What the stored lines say, in the events of today: one sample or more for each event."""
METADATA: tuple[dict[str, Any], ...] = (
    {"id": "01890000-0000-7000-8000-000000000001"},
    {
        "id": "01890000-0000-7000-8000-000000000002",
        "actor": "ada",
        "command": "row-17.2",
        "digest": "00112233445566778899aabbccddeeff",
        "advisories": ["customize_note", "email_shared"],
        "cause": "01890000-0000-7000-8000-000000000001",
        "correlation": "request-9",
        "policy": 3,
    },
)


@dataclass(frozen=True)
class Line:
    """One stored event, and the name of the sample that it says."""

    type: str
    data: bytes
    tags: list[str]
    says: str

    @property
    def version(self) -> int:
        version: int = json.loads(self.data)["v"]
        return version


def lines() -> list[Line]:
    found = []
    for text in RELEASED.read_text(encoding="utf-8").splitlines():
        values = json.loads(text)
        found.append(Line(values["type"], values["data"].encode(), values["tags"], values["says"]))
    return found


def written(says: str, number: int) -> dict[str, Any]:
    """A line for a sample, as today's code stores it."""
    metadata = METADATA[number % len(METADATA)]
    tag = f"command:{metadata['command']}" if "command" in metadata else None
    stored = encode(SAMPLES[says], START + number, metadata, tag)
    return {"type": stored.type, "data": stored.data.decode(), "tags": stored.tags, "says": says}


def missing() -> list[str]:
    """The samples that no line says in the version of today."""
    said = {(line.says, line.type, line.version) for line in lines()}
    kinds = {says: EVENTS.by_class[type(event)] for says, event in SAMPLES.items()}
    return [says for says, kind in kinds.items() if (says, kind.name, kind.version) not in said]


def test_e13_every_event_of_today_has_a_released_line() -> None:
    assert missing() == []
    assert {EVENTS.by_class[type(event)].name for event in SAMPLES.values()} == set(EVENTS.by_name)
    present = {(line.type, line.version) for line in lines()}
    assert present >= {(name, kind.version) for name, kind in EVENTS.by_name.items()}


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.type} v{line.version}: {line.says}")
def test_e13_a_released_event_is_read_as_what_it_said(line: Line) -> None:
    ((position, at, event),) = decode([(7, line.type, line.data)])
    assert event == SAMPLES[line.says]
    assert type(event) is type(SAMPLES[line.says])
    assert (position, at) == (7, json.loads(line.data)["at"])
    verifier = EventVerifier(after=6)
    assert verifier.take(7, line.type, line.data, line.tags) == line.tags
    # A line stands by itself: what it names as its cause, and the policy in force, are not ahead of it.
    assert {fault.code for fault in verifier.faults} <= {"append", "policy"}


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.type} v{line.version}: {line.says}")
def test_e13_each_former_version_is_brought_up_to_date(line: Line) -> None:
    current = EVENTS.by_name[line.type]
    values = EVENTS.upcast(line.type, line.version, json.loads(line.data)["data"])
    assert current.event_class(**values) == SAMPLES[line.says]


def test_e13_stored_today_an_event_has_the_same_bytes() -> None:
    """The stored form is canonical: what is read and stored again is what was stored."""
    for line in lines():
        envelope = json.loads(line.data)
        if envelope["v"] != EVENTS.by_name[line.type].version:
            continue
        metadata = {key: envelope[key] for key in ENVELOPE_KEYS if key in envelope}
        tag = f"command:{metadata['command']}" if "command" in metadata else None
        stored = encode(SAMPLES[line.says], envelope["at"], metadata, tag)
        assert (stored.type, stored.data, stored.tags) == (line.type, line.data, line.tags)
        assert orjson.dumps(orjson.loads(line.data)) == line.data


def test_e13_the_metadata_of_released_events_is_read() -> None:
    for line in lines():
        envelope = json.loads(line.data)
        metadata = metadata_of(1, line.data)
        expected = {"events": 1} | {
            key: envelope.get(key) for key in ENVELOPE_KEYS if key in envelope or key != "events"
        }
        got = {key: getattr(metadata, key) or None for key in ENVELOPE_KEYS}
        assert got | {"advisories": list(metadata.advisories) or None} == expected


def test_e13_released_lines_are_never_changed() -> None:
    """Whoever adds lines writes their new number and digest above; no other line is touched by that."""
    text = RELEASED.read_text(encoding="utf-8").splitlines()
    assert len(text) >= FIRST_LINES > 0
    assert digest(text[:FIRST_LINES]) == FIRST_DIGEST


def digest(text: list[str]) -> str:
    return blake2b("\n".join(text).encode(), digest_size=16).hexdigest()


UPCAST = """
import json
from domain.event import EVENTS, recorded_as

@recorded_as("greeted", version=3)
class Greeted:
    word: str
    name: str

    def tags(self):
        return ("greeting",)

@EVENTS.upcaster("greeted", 1)
def renamed(values):
    return {"greeting": values["text"]}

@EVENTS.upcaster("greeted", 2)
def split(values):
    word, _, name = values["greeting"].partition(" ")
    return {"word": word, "name": name}

from infrastructure.log.envelope import UnreadableEvent, decode
from infrastructure.log.verification import EventVerifier

former = {1: {"text": "Hello Ada"}, 2: {"greeting": "Hello Ada"}, 3: {"word": "Hello", "name": "Ada"}}
rows = [(v, "greeted", json.dumps({"v": v, "at": v, "id": "x", "data": data}).encode()) for v, data in former.items()]
assert [event for _, _, event in decode(rows)] == [Greeted("Hello", "Ada")] * 3
verifier = EventVerifier()
assert [verifier.take(*row, ["greeting"]) for row in rows] == [["greeting"]] * 3
assert {fault.code for fault in verifier.faults} == {"id_doubled", "not_canonical"}
try:
    decode([(9, "greeted", b'{"v":4,"at":9,"id":"x","data":{}}')])
except UnreadableEvent as error:
    print(error)
"""
"""A release in which an event has come to its third version: in a process of its own, whose register is its own."""


def test_e13_former_versions_are_upcast_where_the_log_is_read() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UPCAST], cwd=RELEASED.parent.parent, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "position 9" in done.stdout
    assert "newer release" in done.stdout


def test_e13_what_a_network_stores_stands_in_the_order_of_the_envelope() -> None:
    """With all that an envelope can hold, and for the events that another one of the same append caused."""
    with open_network("memory:", follow=False) as network:
        for member in ("ada", "bob"):
            network.handle(RegisterMember(member=member, name=member, primary_email=f"{member}@example.org"))
        network.handle(ChangePolicy(values={"strikes": 4}))
        invitation = SendInvitation(inviter="ada", invitee="bob")
        network.handle(invitation, actor="ada", command_id="one", correlation_id="all")
        acceptance = AcceptInvitation(inviter="ada", invitee="bob")
        network.handle(acceptance, actor="bob", command_id="two", correlation_id="all")
        order = ("v", "at", *ENVELOPE_KEYS, "data")
        for _, _, data in network.log.page(0, 100):
            keys = list(json.loads(data))
            assert keys == [key for key in order if key in keys]


def add_missing() -> None:
    present = len(lines())
    added = [json.dumps(written(says, present + n), ensure_ascii=False) for n, says in enumerate(missing())]
    with RELEASED.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in added)
    text = RELEASED.read_text(encoding="utf-8").splitlines()
    print(f"{len(added)} lines added. FIRST_LINES, FIRST_DIGEST = {len(text)}, {digest(text)!r}")


if __name__ == "__main__":
    add_missing()
