"""Policy: limits as data, in force from an instant on, changed by moderators and the host (rules.md section 8)."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from support.given import NOW, START, World, given, given_members, invited, made, members, policy

from domain import ChangePolicy, Command, MarkNoticesRead, Policy, SendInvitation
from domain.identifiers import DAY, HOUR
from domain.policy import POLICY, PolicyChanged
from domain.policy_values import DEFAULT_POLICY
from domain.relationships.invitation_events import InvitationSent


def in_force(world: World, now: int) -> tuple[int, Policy]:
    return world.facts().read(POLICY).in_force(now)


def test_the_defaults_are_those_of_the_rules() -> None:
    assert DEFAULT_POLICY.model_dump() == {
        "note_length": 300,
        "reply_length": 2_000,
        "name_length": 100,
        "headline_length": 220,
        "post_length": 3_000,
        "title_length": 150,
        "body_length": 120_000,
        "hashtags_per_item": 30,
        "default_note": "I would like to connect with you.",
        "invitations_per_week": 100,
        "cooldown_days": 21,
        "invitation_expiry_days": 180,
        "connections_cap": 30_000,
        "strikes": 5,
        "reblock_wait_hours": 48,
        "backfill_items": 20,
        "backfill_days": 30,
        "status_updates_to_followers": "always",
        "feed_push_followers_max": 0,
        "feed_push_dormant_days": 30,
        "moderators": (),
    }
    assert in_force(World(), NOW) == (0, DEFAULT_POLICY)


def test_a_change_holds_from_now_on_and_records_only_what_was_given() -> None:
    given().when(ChangePolicy(values={"strikes": 3})).then(PolicyChanged(values={"strikes": 3}, effective_from=NOW))


def test_values_in_force_and_their_version_follow_the_instant() -> None:
    world = World(policy(at=START, strikes=4), policy(at=START + DAY, strikes=3, note_length=10))
    assert in_force(world, START - 1) == (0, DEFAULT_POLICY)
    for now, version, strikes, note in (
        (START, 1, 4, 300),
        (START + DAY - 1, 1, 4, 300),
        (START + DAY, 2, 3, 10),
        (START + 99 * DAY, 2, 3, 10),
    ):
        number, values = in_force(world, now)
        assert (number, values.strikes, values.note_length) == (version, strikes, note)


def test_an_earlier_instant_can_still_be_asked_for_after_a_later_one() -> None:
    history = World(policy(at=START, strikes=4), policy(at=START + DAY, strikes=3)).facts().read(POLICY)
    asked = [history.in_force(now)[0] for now in (START + DAY, START, START + DAY, START - 1, START + DAY)]
    assert asked == [2, 1, 2, 0, 2]


def test_a_change_announced_for_later_does_not_hold_before() -> None:
    command = ChangePolicy(values={"note_length": 3}, effective_from=NOW + HOUR)
    long_note = SendInvitation(inviter="ada", invitee="bob", note="four")
    world = members()
    world.do(command)
    assert world.copy().wait(HOUR - 1).answer(long_note) == "accepted email_shared"
    assert world.wait(HOUR).answer(long_note) == "too_long"


def test_a_change_made_later_for_an_earlier_instant_keeps_the_announced_one() -> None:
    """Versions count the changes in the order in which they were recorded; the latest to take effect is in force."""
    world = World(policy(at=START + DAY, strikes=3))
    world.now = START + HOUR
    world.do(ChangePolicy(values={"strikes": 4, "note_length": 9}))
    assert [in_force(world, START + HOUR)[0], in_force(world, START + DAY)[0]] == [2, 1]
    assert in_force(world, START + HOUR)[1].strikes == 4
    assert in_force(world, START + DAY)[1].strikes == 3
    assert in_force(world, START + DAY)[1].note_length == 9


def test_of_two_changes_at_one_instant_the_one_recorded_later_wins() -> None:
    world = World()
    world.do(ChangePolicy(values={"strikes": 4, "note_length": 9}))
    world.do(ChangePolicy(values={"strikes": 3}))
    version, values = in_force(world, NOW)
    assert (version, values.strikes, values.note_length) == (2, 3, 9)
    world.do(ChangePolicy(values={"strikes": 4}))
    assert in_force(world, NOW)[1].strikes == 4


def test_changing_to_what_holds_is_already_so() -> None:
    unchanged: list[dict[str, Any]] = [{}, {"strikes": 5}, {"moderators": []}, {"strikes": 5, "note_length": 300}]
    for values in unchanged:
        given().when(ChangePolicy(values=values)).then_already_so()
    given(policy(strikes=None)).when(ChangePolicy(values={"strikes": None})).then_already_so()


def test_what_will_hold_then_is_already_so_for_then_only() -> None:
    later = policy(at=NOW + DAY, strikes=3)
    given(later).when(ChangePolicy(values={"strikes": 3}, effective_from=NOW + DAY)).then_already_so()
    given(later).when(ChangePolicy(values={"strikes": 3})).then(policy(at=NOW, strikes=3))


@pytest.mark.parametrize(
    "values",
    [
        {"unheard_of": 1},
        {"strikes": "five"},
        {"strikes": "5"},
        {"strikes": True},
        {"strikes": 1.5},
        {"strikes": -1},
        {"strikes": 10**30},
        {"cooldown_days": None},
        {"cooldown_days": 10**9},
        {"invitation_expiry_days": 10**9},
        {"default_note": ""},
        {"default_note": None},
        {"status_updates_to_followers": "often"},
        {"status_updates_to_followers": 1.1},
        {"status_updates_to_followers": float("nan")},
        {"status_updates_to_followers": True},
        {"moderators": "ada"},
        {"moderators": ["a b"]},
        {"strikes": 3, "note_length": "long"},
    ],
    ids=str,
)
def test_an_unknown_or_ill_typed_value_is_refused_whole(values: dict[str, Any]) -> None:
    given().when(ChangePolicy(values=values)).refused("invalid_policy")


@pytest.mark.parametrize(
    "values", [{"status_updates_to_followers": each} for each in ("always", "never", 0, 0.25, 1)], ids=str
)
def test_f4_status_updates_reach_followers_always_never_or_by_a_fraction(values: dict[str, Any]) -> None:
    value = World(policy(**values)).facts().policy.status_updates_to_followers
    assert value == values["status_updates_to_followers"]


def test_a_change_cannot_take_effect_in_the_past() -> None:
    given().when(ChangePolicy(values={"strikes": 3}, effective_from=NOW - 1)).refused("effective_in_past")
    given().when(ChangePolicy(values={"strikes": 3}, effective_from=NOW)).then(policy(at=NOW, strikes=3))
    for impossible in (-1, 2**63):
        with pytest.raises(ValidationError):
            ChangePolicy(values={}, effective_from=impossible)


def test_none_is_no_limit() -> None:
    unlimited = policy(note_length=None, invitations_per_week=None, invitation_expiry_days=None, strikes=None)
    sent_before = [invited("ada", f"m{number}") for number in range(101)]
    command = SendInvitation(inviter="ada", invitee="bob", note="x" * 10_000)
    outcome = given_members(unlimited, *sent_before).when(command).accepted()
    assert made(outcome.events, InvitationSent).expires_at is None


def test_zero_is_a_limit() -> None:
    for values, code in (
        ({"invitations_per_week": 0}, "invitation_limit"),
        ({"strikes": 0}, "email_required"),
        ({"note_length": 0}, "too_long"),
    ):
        command = SendInvitation(inviter="ada", invitee="bob", note="Hello")
        given_members(policy(**values)).when(command).refused(code)


def test_x19_moderators_of_the_policy_in_force_and_the_host_may_change_it() -> None:
    change = ChangePolicy(values={"strikes": 3})
    history = policy(moderators=["mia"])
    for actor, answer in (("mia", "accepted"), (None, "accepted"), ("ada", "not_yours")):
        assert members(history).answer(change, actor) == answer
    ended = (history, policy(at=NOW - 1, moderators=[]))
    given_members(*ended).when(change, actor="mia").refused("not_yours")
    announced = (history, policy(at=NOW + 1, moderators=[]))
    given_members(*announced).when(change, actor="mia").then(policy(at=NOW, strikes=3))


def test_old_history_folds_under_a_tightened_policy() -> None:
    """Rules run when deciding, never when folding: what was once recorded stands."""
    world = members(*(invited("ada", f"m{number}") for number in range(100)), policy(invitations_per_week=1))
    assert world.answer(SendInvitation(inviter="ada", invitee="bob")) == "invitation_limit"
    assert world.pair("ada", "m7").side_of("ada").invitation is not None


@pytest.mark.parametrize(
    "make", [lambda: ChangePolicy(values={}, effective_from=True), lambda: MarkNoticesRead(member="a", up_to=False)]
)
def test_f3_true_and_false_are_no_numbers(make: Callable[[], Command]) -> None:
    with pytest.raises(ValidationError, match="a whole number is needed"):
        make()
