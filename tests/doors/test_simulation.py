"""A simulation repeats by its seed, makes sense to the network that hears it, and leaves no kind of act out."""

import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise

import pytest

from domain import COMMANDS, REFUSALS, Refused
from infrastructure.app import open_network
from infrastructure.commands.request import Request, Result
from infrastructure.simulation.people import SHARES, Character, DrawableSet
from infrastructure.simulation.stream import simulate
from infrastructure.simulation.world import World


@pytest.fixture(scope="module")
def answered() -> list[tuple[Request, Result | Refused]]:
    requests = list(simulate(seed=3, members=600, commands=12_000))
    with open_network("memory:", follow=False) as network:
        answers = network.handle_many(requests)
    assert {type(answer) for answer in answers} == {Result, Refused}
    return [
        (request, answer)
        for request, answer in zip(requests, answers, strict=True)
        if isinstance(answer, Result | Refused)
    ]


def test_the_same_seed_is_the_same_network() -> None:
    """Also in another process, where strings hash differently."""
    program = "from infrastructure.simulation.stream import simulate; print(hash(0), *simulate(5, 60, 400), sep='\\n')"
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)]
    assert runs[0] == runs[1]
    assert list(simulate(5, 60, 400)) != list(simulate(6, 60, 400))


@pytest.mark.parametrize(("members", "commands"), [(2, 50), (20, 500), (500, 100), (100, 3_000)])
def test_as_many_commands_as_asked_for(members: int, commands: int) -> None:
    assert len(list(simulate(1, members, commands))) == commands


def test_time_advances(answered: list[tuple[Request, Result | Refused]]) -> None:
    times = [request.now or 0 for request, _ in answered]
    assert all(one < other for one, other in pairwise(times))


def test_most_commands_make_sense_and_some_do_not(answered: list[tuple[Request, Result | Refused]]) -> None:
    codes = Counter(answer.code for _, answer in answered if isinstance(answer, Refused))
    accepted = [answer for _, answer in answered if isinstance(answer, Result)]
    changing = sum(1 for answer in accepted if answer.events)
    assert 0.85 < changing / len(answered) < 0.99
    assert set(codes) <= set(REFUSALS)
    assert {"not_followable", "email_required", "self", "empty_text", "too_long", "not_available"} <= set(codes)


def test_every_kind_of_command_is_given(answered: list[tuple[Request, Result | Refused]]) -> None:
    requests = [*(request for request, _ in answered), *islice(simulate(7, 2_000, 30_000), 30_000)]
    given = {type(request.command).__name__ for request in requests}
    assert set(COMMANDS) - given <= {"LiftRestriction", "WithdrawRecognition"}


def test_members_act_for_themselves(answered: list[tuple[Request, Result | Refused]]) -> None:
    """X19: an actor is given, and only deleting another's item is tried in vain."""
    refused = [r for r, a in answered if isinstance(a, Refused) and a.code == "not_yours"]
    assert {type(request.command).__name__ for request in refused} <= {"DeletePost"}


def test_every_character_is_there() -> None:
    world = World(seed=1, members=1_000)
    counted = Counter(person.character for person in world.waiting)
    assert set(counted) == set(Character)
    assert counted[Character.CELEBRITY] == counted[Character.SPAMMER] == 2
    assert sum(SHARES.values()) == pytest.approx(1)
    members = [person.member for person in world.waiting]
    assert len(set(members)) == len(members)


def test_a_bag_is_a_set_with_an_order() -> None:
    bag: DrawableSet[int] = DrawableSet()
    for each in (1, 2, 3, 2):
        bag.add(each)
    bag.discard(1)
    bag.discard(9)
    assert (sorted(bag), len(bag), 1 in bag, 3 in bag) == ([2, 3], 2, False, True)
