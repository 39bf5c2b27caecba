"""Two processes on one SQLite file, racing: whatever the interleaving, the outcome is exact."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangePolicy,
    Command,
    RegisterMember,
    SendInvitation,
)
from infrastructure.app import Network, open_network

WORKER = Path(__file__).resolve().parents[1] / "support" / "network_worker.py"
ROUNDS = 60


def race(address: str, *sides: list[Command]) -> list[list[str]]:
    """Let one process for each side handle its commands at the same time; the answers of each, in order."""
    processes = [
        subprocess.Popen(
            [sys.executable, str(WORKER), address, "race"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in sides
    ]
    for process, commands in zip(processes, sides, strict=True):
        assert process.stdin
        assert process.stdout
        for command in commands:
            process.stdin.write(f'{{"command":"{type(command).__name__}",{command.model_dump_json()[1:]}\n')
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("now\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=120)[0].split() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return answers


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/network.db"


def prepared(address: str, **policy: object) -> Network:
    network = open_network(address, follow=False)
    network.handle(ChangePolicy(values={"invitations_per_week": None, **policy}))
    names = ["ada", *(f"m{number}" for number in range(ROUNDS))]
    network.handle_many(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org") for name in names)
    return network


def events(network: Network) -> Counter[str]:
    return Counter(name for _, name, _ in network.log.page(0, 10_000))


def test_h1_h2_accept_against_block(address: str) -> None:
    with prepared(address) as network:
        members = [f"m{number}" for number in range(ROUNDS)]
        network.handle_many(SendInvitation(inviter=member, invitee="ada") for member in members)
        accepts: list[Command] = [AcceptInvitation(inviter=member, invitee="ada") for member in members]
        blocks: list[Command] = [BlockMember(blocker=member, blocked="ada") for member in members]
        accepted, blocked = race(address, accepts, blocks)
        for accept, block in zip(accepted, blocked, strict=True):
            # Accepted first: the block ends the connection and both follows. Blocked first: it closes the invitation.
            assert (accept, block) in {("4", "4"), ("not_available", "2")}
        counted = events(network)
        assert counted["members_connected"] == counted["connection_removed"]
        assert counted["member_blocked"] == ROUNDS


def test_h4_x1_crossing_invitations_make_one_connection_each(address: str) -> None:
    with prepared(address) as network:
        members = [f"m{number}" for number in range(ROUNDS)]
        one: list[Command] = [SendInvitation(inviter=member, invitee="ada") for member in members]
        other: list[Command] = [SendInvitation(inviter="ada", invitee=member) for member in members]
        for pair in zip(*race(address, one, other), strict=True):
            assert set(pair) == {"1", "4"}
        counted = events(network)
        assert counted["invitation_sent"] == counted["invitation_accepted"] == counted["members_connected"] == ROUNDS


def test_h5_double_acceptance(address: str) -> None:
    with prepared(address) as network:
        members = [f"m{number}" for number in range(ROUNDS)]
        network.handle_many(SendInvitation(inviter=member, invitee="ada") for member in members)
        accepts: list[Command] = [AcceptInvitation(inviter=member, invitee="ada") for member in members]
        for pair in zip(*race(address, accepts, accepts), strict=True):
            assert sorted(pair) == ["0", "4"]
        assert events(network)["members_connected"] == ROUNDS


def test_h23_x4_one_more_invitation_than_the_limit(address: str) -> None:
    with prepared(address, invitations_per_week=20) as network:
        one: list[Command] = [SendInvitation(inviter="ada", invitee=f"m{number}") for number in range(0, 30, 2)]
        other: list[Command] = [SendInvitation(inviter="ada", invitee=f"m{number}") for number in range(1, 30, 2)]
        answers = Counter(answer for side in race(address, one, other) for answer in side)
        assert answers == {"1": 20, "invitation_limit": 10}
        assert events(network)["invitation_sent"] == 20


def test_h24_x5_acceptances_at_the_cap(address: str) -> None:
    with prepared(address, connections_cap=7) as network:
        members = [f"m{number}" for number in range(20)]
        network.handle_many(SendInvitation(inviter=member, invitee="ada") for member in members)
        one: list[Command] = [AcceptInvitation(inviter=member, invitee="ada") for member in members[::2]]
        other: list[Command] = [AcceptInvitation(inviter=member, invitee="ada") for member in members[1::2]]
        answers = Counter(answer for side in race(address, one, other) for answer in side)
        assert answers == {"4": 7, "connections_cap": 13}
        refused = network.handle(ChangePolicy(values={"connections_cap": 8}))
        assert refused.events
        # The refused ones are still pending: with room for one more, one more is accepted.
        counted = Counter(
            type(answer).__name__
            for answer in network.handle_many(AcceptInvitation(inviter=member, invitee="ada") for member in members)
        )
        assert counted["Refused"] == 12
