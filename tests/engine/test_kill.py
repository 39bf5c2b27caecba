"""kill -9 of a writing process at random instants: what was acknowledged is there, nothing is there by half (E7,
E8)."""

import random
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from domain import ChangeFollowerSetting, ChangePolicy, RegisterMember
from infrastructure.app import open_network
from infrastructure.log.envelope import metadata_of

WORKER = Path(__file__).resolve().parents[1] / "support" / "network_worker.py"
MEMBERS = 12
LONGEST_SECONDS = 0.4


def test_e7_e8_every_acknowledged_command_survives_and_read_models_resume(
    tmp_path: Path, kills: int, rng: random.Random
) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network:
        network.handle(ChangePolicy(values={"invitations_per_week": None}))
        for number in range(MEMBERS):
            name = f"m{number}"
            network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))
            network.handle(ChangeFollowerSetting(member=name, setting="everyone"))
    checked = 0
    for kill in range(kills):
        command = [sys.executable, str(WORKER), address, "write", str(kill)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            acknowledged = [process.stdout.readline()]  # only a process that has begun to write is worth killing
            time.sleep(rng.random() * LONGEST_SECONDS)
            process.kill()
            acknowledged += process.stdout.read().splitlines()
        with open_network(address, follow=False) as network:
            tags = {}
            for line in acknowledged:
                words = line.split()
                if len(words) == 3:  # the last line may have been cut
                    tags[words[2]] = (int(words[0]), int(words[1]))
            for command_id, (position, count) in tags.items():
                rows = network.log.load(f"command:{command_id}", ())
                assert [row[0] for row in rows] == list(range(position - count + 1, position + 1))
            rows = network.log.page(checked, 1_000_000)
            assert [row[0] for row in rows] == list(range(checked + 1, network.head + 1))
            network.verify()
            # An append is whole or absent: what one event caused stands right behind it.
            for ahead, following in pairwise(metadata_of(position, data) for position, _, data in rows):
                assert following.cause in (None, ahead.id, ahead.cause)
            checked = network.head
            if kill % 20 == 19 or kill == kills - 1:
                network.catch_up()
                assert all(network.check().values()), "a read model has a double or a gap"
    assert checked > 0
