"""A process that opens a network, forks, and says what its child is answered: `forking.py case path`. A process of its
own, in which nothing else is open."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from domain import RegisterMember
from domain.errors import CodedError
from infrastructure.app import open_network

ADA, BOB = (RegisterMember(member=name, name=name, primary_email=f"{name}@example.org") for name in ("ada", "bob"))


def in_a_fork(act: Callable[[], str]) -> str:
    """What a function answers in a forked process."""
    answers, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writing, act().encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(answers) as file:
        return file.read()


def opening(path: Path | str, read_only: bool = False) -> str:
    """The position of bob's registration, or how many events a reader sees, or the code of the error."""
    try:
        with open_network(path, read_only=read_only) as network:
            return str(network.head if read_only else network.handle(BOB).position)
    except CodedError as error:
        return error.code


def main(case: str, folder: str) -> None:
    path, another = Path(folder) / "network.db", Path(folder) / "another.db"
    network = open_network(path)
    network.handle(ADA)
    if case == "closed":
        network.close()
        print(in_a_fork(lambda: opening(path)))
        return
    for each in (path, another, "memory:"):
        print(in_a_fork(partial(opening, each)))
    print(in_a_fork(partial(opening, path, read_only=True)))
    print(in_a_fork(lambda: in_a_fork(lambda: opening(path))))
    print(network.handle(BOB).position)
    network.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
