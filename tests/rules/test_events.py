"""Events: how they are named and stored, what in them is personal, and how old versions are brought up to date."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, get_type_hints

import orjson
import pytest
from hypothesis import given as generated
from hypothesis import strategies
from pydantic import StringConstraints, ValidationError
from support.given import registered

import domain
from domain.catalogue import DECISION_MODELS
from domain.decision import NothingChanged
from domain.event import EVENTS, Event, EventRegister, EventType, Personal, recorded_as
from domain.identifiers import IDENTIFIER, pair_tag
from domain.members.member_events import MemberRegistered
from infrastructure.log.envelope import encode

TYPES = sorted(EVENTS.by_name.values(), key=lambda each: each.name)
NAMES = (
    "article_published connection_removed connections_visibility_changed email_visibility_changed followed "
    "follower_removed follower_setting_changed hashtag_followed hashtag_unfollowed invitation_accepted "
    "invitation_closed invitation_ignored invitation_policy_changed invitation_replied invitation_sent "
    "invitation_withdrawn member_blocked member_erased member_hibernated member_muted member_reactivated "
    "member_recognized member_registered member_restricted member_unblocked member_unmuted members_connected "
    "nothing_changed notices_read policy_changed post_deleted post_published post_shared primary_email_changed "
    "profile_changed recognition_withdrawn restriction_lifted suggestion_dismissed unfollowed who_may_invite_changed"
)
"""Every name under which events are stored. It may grow; what stands here is in logs, and stays."""

WRITTEN_BY_PEOPLE = {
    ("article_published", "title"): "author",
    ("article_published", "body"): "author",
    ("invitation_replied", "text"): "author",
    ("invitation_sent", "note"): "inviter",
    ("invitation_sent", "how_known"): "inviter",
    ("member_registered", "name"): "member",
    ("member_registered", "primary_email"): "member",
    ("member_restricted", "reason"): "member",
    ("post_published", "text"): "author",
    ("post_shared", "comment"): "sharer",
    ("primary_email_changed", "primary_email"): "member",
    ("profile_changed", "name"): "member",
    ("profile_changed", "headline"): "member",
    ("profile_changed", "suggest_follow_text"): "member",
}
"""What a person wrote or is, and whose it is: (event, field) -> field of its subject (X17)."""

IDS_AND_CHOICES = frozenset(
    [
        "audience",
        "author",
        "barred",
        "blocked",
        "blocker",
        "by_policy",
        "effective_from",
        "email_notice",
        "expires_at",
        "followee",
        "follower",
        "hashtag",
        "hashtags",
        "invitation",
        "invitee",
        "inviter",
        "item",
        "kind",
        "member",
        "muted",
        "muter",
        "note_kind",
        "origin",
        "origin_ref",
        "original",
        "other",
        "primary_action",
        "recognition",
        "setting",
        "share",
        "sharer",
        "up_to",
        "values",
        "visibility",
    ]
)
"""The fields that are ids, numbers or one of a few words. A new field is put here or above, knowingly."""

JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers(-(2**63), 2**63 - 1) | strategies.text(max_size=9),
    lambda inner: strategies.lists(inner, max_size=2) | strategies.dictionaries(strategies.text(), inner, max_size=2),
    max_leaves=4,
)
VALUES: dict[Any, strategies.SearchStrategy[Any]] = {
    str: strategies.text(max_size=20),
    bool: strategies.booleans(),
    int: strategies.integers(-(2**63), 2**63 - 1),
    str | None: strategies.none() | strategies.text(max_size=20),
    int | None: strategies.none() | strategies.integers(0, 2**63 - 1),
    list[str]: strategies.lists(strategies.text(max_size=9), max_size=3),
    dict[str, Any]: strategies.dictionaries(strategies.text(max_size=9), JSON, max_size=3),
}


def events_of(event_type: EventType) -> strategies.SearchStrategy[Event]:
    hints = get_type_hints(event_type.event_class)
    values = {field.name: VALUES[hints[field.name]] for field in fields(event_type.event_class)}
    return strategies.builds(event_type.event_class, **values)


ANY_EVENT = strategies.sampled_from(TYPES).flatmap(events_of)


def test_the_stored_names_are_written_by_hand_and_stay() -> None:
    assert [each.name for each in TYPES] == NAMES.split()
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", each.name) for each in TYPES)
    assert all(each.version == 1 for each in TYPES)


def test_every_event_is_frozen_and_slotted_and_made_of_json_values() -> None:
    """A field of another type has no strategy above, and fails here."""
    for each in TYPES:
        assert not hasattr(each.event_class, "__dict__") or "__slots__" in vars(each.event_class)
        assert each.event_class.__dataclass_params__.frozen
        hints = get_type_hints(each.event_class)
        assert all(hints[field.name] in VALUES for field in fields(each.event_class)), each.name


@generated(ANY_EVENT)
def test_an_event_is_the_same_after_storing_and_reading(event: Any) -> None:
    stored = orjson.dumps(event)
    values = orjson.loads(stored)
    assert type(event)(**values) == event
    assert values == asdict(event)
    assert orjson.dumps(type(event)(**values)) == stored


@generated(ANY_EVENT, strategies.text(max_size=9))
def test_an_event_is_stored_as_canonical_json(event: Any, actor: str) -> None:
    """Whatever writes it: the bytes are those of orjson."""
    metadata = {"id": "x", "actor": actor, "advisories": ("one", "two"), "policy": 3}
    kept = {"v": EVENTS.by_class[type(event)].version, "at": 7, **metadata, "data": event}
    assert encode(event, 7, metadata).data == orjson.dumps(kept)


@generated(ANY_EVENT)
def test_an_events_tags_are_distinct_strings(event: Event) -> None:
    tags = list(event.tags())
    assert tags or isinstance(event, NothingChanged), "which has the tag of its command alone"
    assert all(type(tag) is str and len(tag) > 0 for tag in tags)


@generated(strategies.from_regex(IDENTIFIER, fullmatch=True), strategies.from_regex(IDENTIFIER, fullmatch=True))
def test_a_pair_has_one_tag_and_no_other_pair_has_it(one: str, other: str) -> None:
    assert pair_tag(one, other) == pair_tag(other, one)
    assert set(pair_tag(one, other).removeprefix("pair:").split("~")) == {one, other}


@generated(strategies.sampled_from(DECISION_MODELS), strategies.lists(ANY_EVENT, max_size=6))
def test_a_decision_model_folds_whatever_was_recorded(model: Any, history: list[Event]) -> None:
    """`evolve` holds no rule: no history, however odd, makes it fail."""
    state = model.initial()
    for event in history:
        if type(event) in model.types:
            state = model.evolve(state, event, 0)


TAGGED = {"member_tag": "member:", "inviter_tag": "inviter:", "pair_tag": "pair:", "item_tag": "item:"}


@generated(
    strategies.sampled_from([model for model in DECISION_MODELS if model.tag.__name__ in TAGGED]), strategies.data()
)
def test_what_a_decision_model_folds_carries_its_tag(model: Any, data: strategies.DataObject) -> None:
    """An event that a model folds but could not find by its tag would be lost."""
    for event_class in model.types:
        event = data.draw(events_of(EVENTS.by_class[event_class]))
        assert any(tag.startswith(TAGGED[model.tag.__name__]) for tag in event.tags())


@pytest.mark.parametrize(
    "values",
    [
        {"name": 1},
        {"name": None},
        {"kind": b"person"},
        {"more": "than there is"},
    ],
    ids=str,
)
def test_verify_is_strict(values: dict[str, Any]) -> None:
    good = asdict(registered("ada"))
    EVENTS.verify("member_registered", good)
    with pytest.raises(ValidationError):
        EVENTS.verify("member_registered", good | values)
    with pytest.raises(ValidationError):
        EVENTS.verify("member_registered", {name: good[name] for name in good if name != "name"})


# What is personal


@pytest.mark.parametrize("event_type", TYPES, ids=lambda each: each.name)
def test_x17_each_field_is_knowingly_personal_or_not_and_its_subject_is_a_field(event_type: EventType) -> None:
    names = {field.name for field in fields(event_type.event_class)}
    personal = {field: of for (event, field), of in WRITTEN_BY_PEOPLE.items() if event == event_type.name}
    assert event_type.personal == personal
    assert set(personal.values()) <= names
    assert names - set(personal) - {"reason"} <= IDS_AND_CHOICES
    if "reason" in names - set(personal):
        assert event_type.name in ("invitation_ignored", "invitation_closed"), "reasons of a few words"


def test_x17_every_text_that_a_command_brings_is_personal_in_its_event() -> None:
    written = {"note", "how_known", "text", "title", "body", "comment", "name", "headline", "suggest_follow_text"}
    brought = {name for command in domain.COMMANDS.values() for name in command.model_fields} & written
    assert brought == written
    assert written <= {field for _, field in WRITTEN_BY_PEOPLE}


# The register and its upcasters


def greetings() -> EventRegister:
    """A register with an event in version 3: v1 {text}, v2 {greeting}, v3 {word, name}."""
    register = EventRegister()
    register.add(MemberRegistered, "greeted", 3)

    @register.upcaster("greeted", 1)
    def renamed(values: dict[str, Any]) -> dict[str, Any]:
        return {"greeting": values["text"]}

    @register.upcaster("greeted", 2)
    def split(values: dict[str, Any]) -> dict[str, Any]:
        word, _, name = values["greeting"].partition(" ")
        return {"word": word, "name": name}

    return register


def test_an_old_event_is_brought_up_to_date_step_by_step() -> None:
    newest = {"word": "Hello", "name": "Ada"}
    for version, stored in ((1, {"text": "Hello Ada"}), (2, {"greeting": "Hello Ada"}), (3, newest)):
        before = dict(stored)
        assert greetings().upcast("greeted", version, stored) == newest
        assert stored == before, "an upcaster changes nothing in place"


def test_a_missing_step_and_a_newer_version_are_told() -> None:
    register = EventRegister()
    register.add(MemberRegistered, "greeted", 3)
    register.upcaster("greeted", 2)(lambda values: values)
    assert register.upcast("greeted", 2, {}) == {}
    with pytest.raises(LookupError):
        register.upcast("greeted", 1, {})
    with pytest.raises(LookupError, match="newer release"):
        register.upcast("greeted", 4, {})
    with pytest.raises(LookupError):
        register.upcast("unheard_of", 1, {})


def test_a_name_a_class_and_a_step_are_registered_once() -> None:
    register = greetings()
    for event_class, name in ((MemberRegistered, "other"), (domain.Policy, "greeted")):
        with pytest.raises(ValueError, match="already"):
            register.add(event_class, name, 1)
    with pytest.raises(ValueError, match="already"):
        register.upcaster("greeted", 1)(lambda values: values)

    class Another:  # the decorator changes the class it is given
        member: str

        def tags(self) -> Sequence[str]:
            return ()

    with pytest.raises(ValueError, match="already"):
        recorded_as("member_registered")(Another)  # type: ignore[type-var]  # it becomes a dataclass there


def test_what_is_personal_is_read_from_the_marks() -> None:
    assert EVENTS.by_class[MemberRegistered].personal == {"name": "member", "primary_email": "member"}
    assert Personal("member").of == "member"


class _SpoiledOnce(str):
    """A pattern of which pydantic gets no text the first time, as when a signal handler raises in that moment."""

    __slots__ = ("read",)

    def __str__(self) -> str:
        if hasattr(self, "read"):
            return str.__str__(self)
        self.read = True
        raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_b3_an_interrupt_while_a_model_is_made_does_not_make_a_sound_event_wrong() -> None:
    pattern = _SpoiledOnce("^[a-z]+$")

    class Named(Event):
        name: Annotated[str, StringConstraints(pattern=pattern)]

    register = EventRegister()
    event_class = dataclass(frozen=True, slots=True)(Named)  # type: ignore[type-abstract]  # it has no tags
    register.add(event_class, "named", 1)
    register.verify_event(event_class(name="ada"))  # type: ignore[call-arg]
    assert hasattr(pattern, "read"), "pydantic has not asked for the pattern's text"
    with pytest.raises(ValidationError):
        register.verify_event(event_class(name="7"))  # type: ignore[call-arg]
