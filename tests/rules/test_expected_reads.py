"""What a decider expects to read is what it reads: a wrong hint would load in vain, a missing one not at all."""

import random

from support.given import any_command, members

from domain import COMMANDS
from domain.catalogue import DECISION_MODELS
from domain.dispatch import decide, expected_reads
from domain.identifiers import DAY, HOUR
from domain.policy import POLICY
from domain.refusals import Refused

WAITS = (*[0] * 12, HOUR, DAY, 8 * DAY, 22 * DAY)
TAGS = {model.name: model.tag for model in DECISION_MODELS}
IN_SOME_STATES = {
    "SendInvitation": {"connections", "times_connected", "times_ignored"},  # where it accepts (X1, S14)
    "AcceptInvitation": {"connections"},  # where the cap is near
    "PublishPost": {"item"},  # where the host names the item
    "PublishArticle": {"item"},
    "SharePost": {"member", "pair", "own_share"},  # whose item it is is not known before
    "Follow": {"standing_articles"},
}
"""What is read besides, depending on what was read before."""


def test_whatever_is_expected_is_read_and_little_else() -> None:
    rng = random.Random(1)
    expected_of: dict[str, set[str]] = {}
    read_of: dict[str, set[str]] = {}
    others: dict[str, set[str]] = {}
    for _ in range(40):
        world = members()
        for _ in range(120):
            command = any_command(rng)
            facts = world.wait(rng.choice(WAITS)).facts()
            expected = {(model.name, model.tag(*key)) for model, key in expected_reads(command)}
            try:
                decide(command, facts)
                accepted = True
            except Refused:
                accepted = False
            read = {(name, TAGS[name](*key)) for name, *key in facts.asked}
            name = type(command).__name__
            expected_of.setdefault(name, set()).update(model for model, _ in expected)
            read_of.setdefault(name, set()).update(model for model, _ in read & expected)
            if accepted:
                others.setdefault(name, set()).update(model for model, _ in read - expected if model != POLICY.name)
            world.answer(command)
    assert expected_of.keys() == COMMANDS.keys()
    assert read_of == expected_of
    assert {name: models for name, models in others.items() if models} == IN_SOME_STATES
