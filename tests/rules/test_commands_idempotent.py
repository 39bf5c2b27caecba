"""Equinox's property: any command, from any state, makes events that can be folded, and none the second time.

The world (tests/support/given.py) checks at every decision that the command given again at the same instant makes no
event, that a refusal is one that its decider lists, and that no pair is blocked and connected, following or
invited (X14).
"""

import random

import pytest
from hypothesis import given as generated
from hypothesis import strategies
from support.given import World, any_command, invited, members

from domain import COMMANDS, EraseMember, PublishPost, ReplyKind, ReplyToInvitation
from domain.catalogue import DECISION_MODELS
from domain.decision import NothingChanged, Outcome
from domain.dispatch import decide
from domain.event import EVENTS
from domain.identifiers import DAY, HOUR
from domain.refusals import Refused

WAITS = (*[0] * 12, HOUR, HOUR, DAY, 2 * DAY, 8 * DAY, 22 * DAY, 181 * DAY)


def told(rng: random.Random, commands: int) -> tuple[World, dict[str, int]]:
    """A story by chance, and how often each answer was given."""
    world, answers = members(), dict[str, int]()
    for _ in range(commands):
        world.wait(rng.choice(WAITS))
        answer = world.answer(any_command(rng)).split(" ")[0]
        answers[answer] = answers.get(answer, 0) + 1
    return world, answers


@pytest.mark.parametrize("number", range(15))
def test_any_command_from_any_state_makes_foldable_events_and_none_the_second_time(
    number: int, rng: random.Random
) -> None:
    world, answers = told(rng, 120)
    assert answers["accepted"] > 10, "the story is worth telling"
    facts = world.facts()
    for event in world.events():
        for model in DECISION_MODELS:
            for tag in event.tags():
                kind, _, names = tag.partition(":")
                if kind == model.tag.__name__.removesuffix("_tag") and type(event) in model.types:
                    facts.read(model, *filter(None, names.split("~")))


@generated(strategies.integers(0, 2**32))
def test_a_story_is_the_same_each_time_it_is_told(number: int) -> None:
    """Decisions know no chance, clock or memory of their own."""
    first, second = (told(random.Random(number), 25) for _ in range(2))
    assert first[0].history == second[0].history
    assert first[1] == second[1]


def test_chance_tries_every_command_there_is_and_meets_most_refusals() -> None:
    rng, tried, answers = random.Random(1), set(), set()
    for _ in range(100):
        world = members()
        for _ in range(80):
            command = any_command(rng)
            tried.add(type(command).__name__)
            answers.add(world.wait(rng.choice(WAITS)).answer(command).split(" ")[0])
    assert tried == set(COMMANDS)
    assert answers >= {
        "already_connected",
        "blocked_by_you",
        "connections_cap",
        "cooling_down",
        "email_required",
        "inactive",
        "no_invitation",
        "not_available",
        "not_followable",
        "self",
    }


def test_what_is_a_new_fact_each_time_is_recorded_each_time() -> None:
    """Replies, and publishing without an id: whoever must not say a thing twice gives a command id or an item id."""
    world = members(invited("ada", "bob"))
    ask = ReplyToInvitation(inviter="ada", invitee="bob", kind=ReplyKind.ASK, text="Where?")
    for command in (ask, PublishPost(author="bob", text="Hello")):
        assert len(world.do(command).events) == len(world.do(command).events) == 1


def test_refused_commands_record_nothing() -> None:
    world = members()
    before = list(world.history)
    with pytest.raises(Refused):
        world.do(EraseMember(member="nobody"))
    assert world.history == before


def test_a_decision_leaves_the_facts_as_they_were() -> None:
    """No decision changes a model's state: decided twice on the same facts, an id made anew is all that differs."""
    rng = random.Random(2)
    world = members()
    for _ in range(200):
        command = any_command(rng)
        facts = world.facts(lambda: "same")
        outcomes: list[Outcome | str] = []
        for _ in range(2):
            try:
                outcomes.append(decide(command, facts))
            except Refused as refused:
                outcomes.append(refused.code)
        assert outcomes[0] == outcomes[1]
        world.answer(command)


def test_every_event_that_exists_is_made_by_some_command() -> None:
    rng, made = random.Random(3), set()
    for _ in range(100):
        world = members()
        for _ in range(80):
            world.wait(rng.choice(WAITS)).answer(any_command(rng))
        made |= {type(event) for event in world.events()}
    assert made == set(EVENTS.by_class) - {NothingChanged}, "which is made for a command id alone"
