"""Nothing that is kept is without a limit: in commands, and in events, whoever made them (F12, B7, B31)."""

from dataclasses import asdict, fields
from typing import Any

import pytest
from pydantic import ValidationError
from support.given import NOW, followed, given_members, invited, members, policy, registered

import domain
from domain.event import EVENTS, Event
from domain.identifiers import HASHTAG_LENGTH_MAX, ID_LENGTH_MAX, INSTANT_MAX, hashtags_in, normal_hashtag
from domain.items import PostPublished
from domain.malformed import sentences
from domain.notices import NoticesRead
from domain.policy import PolicyChanged
from domain.relationships.following_events import HashtagFollowed

HUGE = "x" * 5_000_000
KINDS = sorted((kind for kind in EVENTS.by_name.values() if fields(kind.event_class)), key=lambda each: each.name)


def wrong(error: ValidationError) -> set[str]:
    return {str(each["loc"][0]) for each in error.errors()}


@pytest.mark.parametrize("command", domain.COMMANDS.values(), ids=lambda each: each.__name__)
def test_f12_and_b7_no_field_of_a_command_takes_what_is_huge(command: type[domain.Command]) -> None:
    for value in (HUGE, 10**30, -1, ["x"] * 100_000):
        with pytest.raises(ValidationError) as refused:
            command(**dict.fromkeys(command.model_fields, value))
        assert wrong(refused.value) == set(command.model_fields)


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.name)
def test_f12_and_b7_no_field_of_an_event_takes_what_is_huge(kind: Any) -> None:
    names = {field.name for field in fields(kind.event_class)}
    for value in (HUGE, 10**30, -1, [HUGE], ["x"] * 100_000, {"note_length": HUGE}, {HUGE: 1}):
        with pytest.raises(ValidationError) as refused:
            EVENTS.verify(kind.name, dict.fromkeys(names, value))
        assert wrong(refused.value) == names


@pytest.mark.parametrize(
    "event",
    [
        invited("a b", "bob"),
        registered("ada", "robot"),
        followed("ada", "bob", "nowhere"),
        followed("ada", "bob", "post", "x" * (ID_LENGTH_MAX + 1)),
        HashtagFollowed(member="ada", hashtag="x" * (HASHTAG_LENGTH_MAX + 1)),
        NoticesRead(member="ada", up_to=-1),
        PolicyChanged(values={"note_length": -1}, effective_from=NOW),
        PolicyChanged(values={"no_such_value": 1}, effective_from=NOW),
        PolicyChanged(values={}, effective_from=INSTANT_MAX + 1),
        PostPublished(item="p", author="ada", kind="post", audience="some", text="", hashtags=[]),
        PostPublished(item="p", author="ada", kind="post", audience="anyone", text="\ud800", hashtags=[]),
    ],
    ids=lambda event: type(event).__name__,
)
def test_f12_an_event_outside_its_limits_and_choices_is_not_verified(event: Event) -> None:
    with pytest.raises(ValidationError):
        EVENTS.verify_event(event)
    with pytest.raises(ValidationError):
        EVENTS.verify(EVENTS.by_class[type(event)].name, asdict(event))


def test_every_event_that_a_command_makes_is_verified() -> None:
    world = members(policy(default_note="Hello"), invited("ada", "bob"))
    for command in (
        domain.AcceptInvitation(inviter="ada", invitee="bob"),
        domain.PublishPost(author="ada", text="#" + "y" * 100),
        domain.Follow(follower="cy", followee="acme", origin=domain.FollowOrigin.POST, origin_ref="p" * ID_LENGTH_MAX),
        domain.ChangePolicy(values={"moderators": ["ada"], "status_updates_to_followers": 0.5}),
    ):
        events = world.do(command).events
        assert events, command
        for event in events:
            EVENTS.verify_event(event)


def test_f12_texts_titles_bodies_hashtags_and_ids_have_their_lengths() -> None:
    values = domain.Policy()
    assert (values.post_length, values.title_length, values.body_length) == (3_000, 150, 120_000)
    assert (HASHTAG_LENGTH_MAX, ID_LENGTH_MAX) == (100, 128)
    assert domain.FollowHashtag(member="ada", hashtag="#" + "x" * 100).hashtag == "x" * 100
    with pytest.raises(ValidationError, match="at most 100"):
        domain.FollowHashtag(member="ada", hashtag="x" * 101)
    with pytest.raises(ValidationError):
        domain.Follow(follower="ada", followee="bob", origin_ref="x" * 129)
    assert hashtags_in(f"#{'x' * 101} #{'y' * 100}", None) == ["y" * 100], "what is longer is no hashtag"


def test_f12_no_policy_lifts_the_limit_of_what_is_kept() -> None:
    lifted = policy(post_length=None, body_length=10**9)
    longest = domain.PublishPost(author="ada", text="x" * 30_000)
    given_members(lifted).when(longest).accepted()
    with pytest.raises(ValidationError):
        domain.PublishPost(author="ada", text="x" * 30_001)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Ｒｉｖｅｒｓ", "rivers"),  # full width
        ("ﬁsh", "fish"),  # a ligature
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Café", "café"),
        ("K", "k"),  # the Kelvin sign
        ("日本", "日本"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_f12_hashtags_are_compared_in_nfkc_case_folded(written: str, kept: str) -> None:
    assert normal_hashtag("#" + written) == kept
    assert normal_hashtag(kept) == kept
    assert hashtags_in(f"On #{written} and #{kept}", None) == [kept]


def test_f12_a_hashtag_kept_by_an_early_release_is_the_same_hashtag() -> None:
    early = HashtagFollowed(member="ada", hashtag="ﬁsh")
    given_members(early).when(domain.FollowHashtag(member="ada", hashtag="fish")).then_already_so()
    given_members(early).when(domain.UnfollowHashtag(member="ada", hashtag="ﬁsh")).accepted()


@pytest.mark.parametrize(
    ("command", "values", "said"),
    [
        (
            domain.RegisterMember,
            {"member": "ada!", "name": 3, "primary_email": "nobody", "kind": "robot"},
            [
                "member: an id is 1 to 64 of the characters A-Z a-z 0-9 _ . : -",
                "name: a text is needed",
                "primary_email: an email address has text before and after its one @, and no spaces",
                "kind: 'person' or 'page' is needed",
            ],
        ),
        (domain.Follow, {"follower": "ada", "more": 1}, ["followee: it is needed", "more: there is no such field"]),
        (domain.MarkNoticesRead, {"member": "ada", "up_to": -1}, ["up_to: at least 0 is needed"]),
        (domain.MarkNoticesRead, {"member": "ada", "up_to": "many"}, ["up_to: a whole number is needed"]),
        (domain.PublishPost, {"author": "ada", "text": "\ud800"}, ["text: this is no valid Unicode text"]),
        (
            domain.FollowHashtag,
            {"member": "ada", "hashtag": "a b"},
            ["hashtag: a hashtag is made of letters, digits or _, with or without # before it"],
        ),
    ],
)
def test_b31_people_are_told_in_a_sentence_a_field(
    command: type[domain.Command], values: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        command(**values)
    assert sentences(refused.value) == said


def told(command: type[domain.Command], value: Any) -> str:
    try:
        command(**dict.fromkeys(command.model_fields, value))
    except ValidationError as error:
        return " ".join(sentences(error))
    return ""


@pytest.mark.parametrize("value", [HUGE, "secret@@", 10**30, None, [], {"secret": 1}, 1.5, True, "\ud800"])
def test_b31_no_message_shows_a_regular_expression_or_what_was_given(value: Any) -> None:
    text = " ".join(told(command, value) for command in domain.COMMANDS.values())
    assert text
    assert not set("^$[]\\") & set(text)
    assert "secret" not in text
    assert "not what is needed" not in text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"note_length": -1}, "note_length: at least 0 is needed"),
        (
            {"status_updates_to_followers": "sometimes"},
            "status_updates_to_followers: 'always' or 'never' is needed, or a number is needed",
        ),
        ({"moderators": ["a b"]}, "moderators: an id is 1 to 64 of the characters A-Z a-z 0-9 _ . : -"),
    ],
)
def test_b31_a_policy_value_that_does_not_fit_is_told_in_a_sentence(values: dict[str, Any], said: str) -> None:
    with pytest.raises(domain.Refused) as refused:
        members().do(domain.ChangePolicy(values=values))
    assert refused.value.detail == f"{said}. See the table of policy values."


@pytest.mark.parametrize("unseen", ["\u200b", "\u200b \u2060", "\x00", "\ufeff\n"])
def test_f12_a_text_of_which_nothing_can_be_seen_is_empty(unseen: str) -> None:
    world = members()
    assert world.answer(domain.PublishPost(author="ada", text=unseen)) == "empty_text"
    assert world.answer(domain.PublishPost(author="ada", text=unseen + "\U0001f468\u200d\U0001f469")) == "accepted"
    assert world.answer(domain.ChangePolicy(values={"default_note": unseen})) == "invalid_policy"


def test_f12_the_id_of_an_item_has_at_most_128_characters() -> None:
    world = members()
    assert world.answer(domain.PublishPost(author="ada", text="Hello", item="x" * 128)) == "accepted"
    with pytest.raises(ValidationError):
        domain.PublishPost(author="ada", text="Hello", item="x" * 129)


def test_f12_a_letter_whose_normal_form_has_spaces_is_followed_as_it_is_found() -> None:
    assert [normal_hashtag("#\ufdfa")] == hashtags_in("#\ufdfa", None)
