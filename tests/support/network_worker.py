"""A process of its own that handles commands on a network's file; started by tests, spoken to over its standard
streams.

python network_worker.py ADDRESS write SEED    commands without end; prints each acknowledged position and command id
python network_worker.py ADDRESS race          reads command lines as JSON, waits for "go", handles them, prints the
answers
"""

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from domain import COMMANDS, AcceptInvitation, Follow, PublishPost, Refused, SendInvitation
from infrastructure.app import Network, open_network

MEMBERS = 12


def write(network: Network, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(1_000_000):
        one, other = (f"m{name}" for name in rng.sample(range(MEMBERS), 2))
        command = rng.choice(
            [
                SendInvitation(inviter=one, invitee=other),
                AcceptInvitation(inviter=one, invitee=other),
                Follow(follower=one, followee=other),
                PublishPost(author=one, text=f"post {number}"),
            ]
        )
        command_id = f"{seed}-{number}"
        try:
            result = network.handle(command, command_id=command_id)
        except Refused:
            continue
        if result.events:
            print(result.position, len(result.events), command_id, flush=True)


def race(network: Network) -> None:
    commands = []
    for line in sys.stdin:
        if line.strip() == "go":
            break
        fields = json.loads(line)
        commands.append(COMMANDS[fields.pop("command")].model_validate(fields))
    print("ready", flush=True)
    sys.stdin.readline()
    for command in commands:
        try:
            print(len(network.handle(command).events), flush=True)
        except Refused as refused:
            print(refused.code, flush=True)


if __name__ == "__main__":
    _, address, role, *rest = sys.argv
    with open_network(address, follow=role == "write") as opened:
        if role == "write":
            write(opened, int(rest[0]))
        else:
            race(opened)
