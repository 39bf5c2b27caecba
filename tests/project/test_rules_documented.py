"""docs/rules.md says what the code does: its tables are those written from the code, and each id stands in it once.

The tables stand between `<!-- name -->` and `<!-- end -->`. They are written anew by
`PYTHONPATH=tests .venv/bin/python tests/project/test_rules_documented.py`.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from support.random_commands import random_commands, resolved

from domain import ADVISORIES, COMMANDS, REFUSALS, ChangePolicy, Refused
from domain.catalogue import DECIDERS
from domain.decision import Command
from domain.event import EVENTS, Event, EventType
from domain.identifiers import MemberId, member_tag, pair_tag
from domain.items import PostShared
from domain.policy_values import Policy
from domain.refusals import QUERY_REFUSALS
from infrastructure.app import open_network

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
REWRITE = "PYTHONPATH=tests .venv/bin/python tests/project/test_rules_documented.py writes the tables anew"
SECTION = re.compile(r"<!-- (?P<name>[a-z ]+) -->\n(?P<table>.*?)<!-- end -->", re.DOTALL)
RULE = re.compile(r"\*\*((?:[STXNFGHEB]|peer )\d+)\*\*")

PRODUCES: dict[str, str] = {
    "AcceptInvitation": "invitation_accepted members_connected followed",
    "BlockMember": "connection_removed unfollowed follower_removed invitation_closed member_blocked",
    "ChangeConnectionsVisibility": "connections_visibility_changed",
    "ChangeEmailVisibility": "email_visibility_changed",
    "ChangeFollowerSetting": "follower_setting_changed",
    "ChangeInvitationPolicy": "invitation_policy_changed",
    "ChangePolicy": "policy_changed",
    "ChangePrimaryEmail": "primary_email_changed",
    "ChangeProfile": "profile_changed",
    "ChangeWhoMayInvite": "who_may_invite_changed",
    "DeletePost": "post_deleted",
    "DismissSuggestion": "suggestion_dismissed",
    "EraseMember": "member_erased",
    "Follow": "followed",
    "FollowHashtag": "hashtag_followed",
    "HibernateMember": "member_hibernated",
    "IgnoreInvitation": "invitation_ignored",
    "LiftRestriction": "restriction_lifted",
    "MarkNoticesRead": "notices_read",
    "MuteMember": "member_muted",
    "PublishArticle": "article_published",
    "PublishPost": "post_published",
    "ReactivateMember": "member_reactivated",
    "RecognizeMember": "member_recognized",
    "RegisterMember": "member_registered",
    "RemoveConnection": "connection_removed unfollowed follower_removed",
    "RemoveFollower": "follower_removed",
    "ReplyToInvitation": "invitation_replied",
    "RestrictMember": "member_restricted",
    "SendInvitation": "invitation_sent invitation_accepted members_connected followed",
    "SharePost": "post_shared",
    "UnblockMember": "member_unblocked",
    "Unfollow": "unfollowed",
    "UnfollowHashtag": "hashtag_unfollowed",
    "UnmuteMember": "member_unmuted",
    "WithdrawInvitation": "invitation_withdrawn",
    "WithdrawRecognition": "recognition_withdrawn",
}
"""The events that each command can produce, in the order in which they are appended: what random stories show."""

ADVISED = {
    "customize_note": {"SendInvitation"},
    "email_shared": {"SendInvitation", "AcceptInvitation"},
    "flagged_sender": {"SendInvitation", "AcceptInvitation"},
}
"""The commands that can be answered with each advisory: likewise."""

POLICY_MEANINGS = {
    "note_length": "characters of a note (X7)",
    "reply_length": "characters of a reply, and of the saved text of S19 (X7)",
    "name_length": "characters of a name",
    "headline_length": "characters of a headline",
    "post_length": "characters of a post, a status update or a share's comment (F12)",
    "title_length": "characters of an article's title (F12)",
    "body_length": "characters of an article's body (F12)",
    "hashtags_per_item": "hashtags read from one item (F12)",
    "default_note": "the note that is sent where none is written (S9)",
    "invitations_per_week": "invitations that a member sends in any seven days (X4)",
    "cooldown_days": "days before an invitation can be sent anew (X21), or after withdrawing one (X2)",
    "invitation_expiry_days": "days for which an invitation can be accepted (X3)",
    "connections_cap": "connections of one member (X5, X15)",
    "strikes": "strikes from which a sender has to give the email (S26)",
    "reblock_wait_hours": "hours between lifting a block and blocking the same member again",
    "backfill_items": "how many of an author's newest items a new follow brings (F3)",
    "backfill_days": "how old those may be when the follow begins (F3)",
    "status_updates_to_followers": "status updates for follow-only members: always, never, or a fraction from 0 to 1 "
    "(F4)",
    "feed_push_followers_max": "followers up to which an author's items are pushed to feeds and not pulled; 0: all are "
    "pulled (F10)",
    "feed_push_dormant_days": "days without an act of their own after which nothing is pushed to a reader (F10)",
    "moderators": "the actors who may moderate and change the policy (X19)",
}


# The tables


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("|  |", "| |")


def code(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def but_not(names: Sequence[str], missing: Sequence[str]) -> str:
    return f"{code(names)} not {code(missing)}".lstrip() if missing else code(names)


def sample(name: str, annotation: Any) -> list[Any]:
    """Values for a command's field: each choice there is, or its own name where that is allowed."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return list(annotation)
    fitting = {"up_to": 1, "values": {}, "primary_email": "a@b.c"}
    return [fitting.get(name, name)]


def acting(command: type[Command]) -> dict[str, str]:
    """The field whose member has to be the actor, with the kinds for which it is, where there are several."""
    decider = DECIDERS[command]
    samples = {name: sample(name, each.annotation) for name, each in command.model_fields.items() if each.is_required()}
    found: dict[str, list[str]] = {}
    for choice in zip_longest(*samples.values()):
        values = {name: value or samples[name][0] for name, value in zip(samples, choice, strict=True)}
        found.setdefault(str(decider.acts_for(command(**values))), []).append(str(values.get("kind")))
    several = {field: f" ({', '.join(kinds)})" if len(found) > 1 else "" for field, kinds in found.items()}
    return {} if list(found) == ["None"] else several


def words(annotation: Any) -> list[str]:
    """The choices that a command's field has; none, unless it is one of a few words."""
    choices = get_args(annotation) or (annotation,)
    return [str(word) for each in choices if isinstance(each, type) and issubclass(each, Enum) for word in each]


def command_field(name: str, field: Any) -> str:
    values = f" ({', '.join(words(field.annotation))})" if words(field.annotation) else ""
    if field.is_required():
        return f"`{name}`{values}"
    return f"`{name}?`{values}" if field.default is None else f"`{name}`{values} = {field.default}"


def command_fields(command: type[Command]) -> str:
    """Its fields; those whose member has to be the actor in bold."""
    own = acting(command)
    listed = [
        f"**`{name}`**{own[name]}" if name in own else command_field(name, field)
        for name, field in command.model_fields.items()
    ]
    return ", ".join(listed) + ("; or a moderator" if own and DECIDERS[command].open_to_moderators else "")


def usual_codes(command: type[Command]) -> set[str]:
    """The codes that the text above the table gives to a command like this."""
    hints = get_type_hints(command, include_extras=True)
    between_two = sum(hints[name] == MemberId for name in command.model_fields) == 2
    codes = {"command_reused", "not_yours"}
    codes |= {"unknown_member", "inactive"} if acting(command) else set()
    return codes | ({"not_available", "self"} if between_two else set())


def other_codes(command: type[Command]) -> str:
    """The codes that are not the usual ones, and the usual ones that this command never gives."""
    codes, usual = DECIDERS[command].codes(), usual_codes(command)
    return but_not(sorted(codes - usual), sorted(usual - codes))


def commands_table() -> str:
    rows = [
        (f"`{name}`", command_fields(command), code(PRODUCES[name].split()), other_codes(command))
        for name, command in COMMANDS.items()
    ]
    return table(("Command", "Fields", "Events", "Other codes"), rows)


def placed(kind: EventType, *, without: str | None = None) -> Event:
    """The event with each field holding its own name; one that may be None is None if it is `without`."""
    hints = get_type_hints(kind.event_class)
    values: dict[str, Any] = {}
    for field in fields(kind.event_class):
        value: Any = f"<{field.name}>"
        if get_origin(hints[field.name]) is list:
            value = [value]
        values[field.name] = None if field.name == without else value
    event: Event = kind.event_class(**values)
    return event


def may_be_none(kind: EventType) -> list[str]:
    hints = get_type_hints(kind.event_class)
    return [
        name for name, hint in hints.items() if get_origin(hint) in (UnionType, Union) and type(None) in get_args(hint)
    ]


def event_tags(kind: EventType) -> list[str]:
    tags = list(placed(kind).tags())
    optional = {tag for name in may_be_none(kind) for tag in tags if tag not in placed(kind, without=name).tags()}
    return [f"{tag}?" if tag in optional else tag for tag in tags]


def tagged_members(kind: EventType) -> list[str]:
    """The fields whose members the event is tagged with."""
    return [each.name for each in fields(kind.event_class) if member_tag(f"<{each.name}>") in event_tags(kind)]


def usual_tags(kind: EventType) -> list[str]:
    """The tags that the text above the table gives to an event whose fields in bold are these."""
    members = [f"<{name}>" for name in tagged_members(kind)]
    return [*map(member_tag, members), *([pair_tag(*members)] if len(members) == 2 else [])]


def event_field(kind: EventType, name: str) -> str:
    shown = f"`{name}?`" if name in may_be_none(kind) else f"`{name}`"
    subject = f" (`{kind.personal[name]}`)" if name in kind.personal else ""
    return (f"**{shown}**" if name in tagged_members(kind) else shown) + subject


def events_table() -> str:
    lines = []
    for name, kind in sorted(EVENTS.by_name.items()):
        shown = " ".join(event_field(kind, each.name) for each in fields(kind.event_class))
        tags, usual = event_tags(kind), usual_tags(kind)
        others = but_not([tag for tag in tags if tag not in usual], [tag for tag in usual if tag not in tags])
        version = f" (version {kind.version})" if kind.version != 1 else ""
        lines.append(f"- `{name}`{version}: {shown}{f'; {others}' if others else ''}\n")
    return "".join(lines)


def refusals_table() -> str:
    return "".join(f"- `{each}`: {meaning}\n" for each, meaning in sorted(REFUSALS.items()))


def query_refusals_table() -> str:
    shared = [each for each, meaning in sorted(QUERY_REFUSALS.items()) if REFUSALS.get(each) == meaning]
    own = [f"- `{each}`: {meaning}\n" for each, meaning in sorted(QUERY_REFUSALS.items()) if each not in shared]
    return "".join([*own, f"- {code(shared)}: As for commands.\n"])


def advisories_table() -> str:
    return "".join(f"- `{each}` ({code(sorted(ADVISED[each]))}): {ADVISORIES[each]}\n" for each in sorted(ADVISORIES))


def policy_table() -> str:
    rows = (
        (f"`{name}`: {'none' if field.default == () else field.default}", POLICY_MEANINGS[name])
        for name, field in Policy.model_fields.items()
    )
    return table(("Name and default", "Meaning"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "commands": commands_table,
    "events": events_table,
    "refusals": refusals_table,
    "query refusals": query_refusals_table,
    "advisories": advisories_table,
    "policy": policy_table,
}


def rewritten(document: str) -> str:
    """The document with the tables as the code has them now."""
    return SECTION.sub(lambda found: f"<!-- {found['name']} -->\n{TABLES[found['name']]()}<!-- end -->", document)


# The tests


@pytest.mark.parametrize("name", TABLES)
def test_x20_each_table_is_that_of_the_code(name: str) -> None:
    found = {section["name"]: section["table"] for section in SECTION.finditer(DOCUMENT.read_text(encoding="utf-8"))}
    assert found.keys() == TABLES.keys()
    assert found[name].splitlines() == TABLES[name]().splitlines(), REWRITE


def test_each_id_is_explained_once() -> None:
    ids = RULE.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids)), {each for each in ids if ids.count(each) > 1}


def test_every_code_that_the_rules_name_exists() -> None:
    """What looks like a code in the text is one of a command, a query or an advisory, or another name of the code's."""
    text = SECTION.sub("", DOCUMENT.read_text(encoding="utf-8"))
    names = set(re.findall(r"`([a-z]+_[a-z_]+)`", text))
    annotations = [field.annotation for command in COMMANDS.values() for field in command.model_fields.values()]
    choices = [word for annotation in annotations for word in words(annotation)]
    known = {*EVENTS.by_name, *REFUSALS, *QUERY_REFUSALS, *ADVISORIES, *Policy.model_fields, *choices}
    assert names - known == {
        "already_so",
        "own_item",
        "no_cause",
        "status_updates_withheld",
        "recorded_at",
        "for_actor",
        "as_of",
    }


def observed(stories: int) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What commands brought about in random stories: events by command, commands by advisory."""
    produced: dict[str, set[str]] = {}
    advised: dict[str, set[str]] = {}
    for number in range(stories):
        shares: list[tuple[str, str]] = []
        with open_network("memory:", follow=False) as network:
            for command, now in random_commands(random.Random(number), 8, 400):
                given = resolved(command, shares, network.head)
                try:
                    result = network.handle(given, now=now)
                except Refused:
                    continue
                name = type(given).__name__
                for event in result.events:
                    produced.setdefault(name, set()).add(EVENTS.by_class[type(event)].name)
                    if isinstance(event, PostShared):
                        shares.append((event.share, event.sharer))
                for advisory in result.advisories:
                    advised.setdefault(advisory, set()).add(name)
    return produced, advised


def test_every_event_and_advisory_of_a_command_is_observed_and_none_besides() -> None:
    produced, advised = observed(150)
    assert produced == {name: set(names.split()) for name, names in PRODUCES.items()}
    assert advised == ADVISED


def test_every_policy_value_is_explained_and_can_be_changed() -> None:
    assert list(POLICY_MEANINGS) == list(Policy.model_fields)
    with open_network("memory:", follow=False) as network:
        for name, field in Policy.model_fields.items():
            values = {name: field.default if field.default != () else []}
            assert network.handle(ChangePolicy(values=values)).events == (), "its default is what holds"


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
