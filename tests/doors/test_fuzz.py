"""Random inputs through all doors: every answer is a result or a typed error, and every log stays sound.

In full: scripts/test -k fuzz --fuzz 1000000.
"""

import asyncio
import inspect
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from support.command_line import Firstdegree
from support.hostile_values import NAMES, WORDS, command, hostile, plausible, unvalidated

from domain import COMMANDS, PublishPost, RegisterMember
from domain.errors import CodedError
from infrastructure.app import Network, open_network
from infrastructure.commands.request import Request, Result

ROOT = Path(__file__).resolve().parents[2]
QUERIES = (
    *("feed", "why", "hashtag", "connections", "followers", "following", "hashtags", "muted", "blocked", "notices"),
    *("invitations", "thread", "acceptance_rates", "profile", "relationship", "relationships", "degree", "degrees"),
    *("path", "mutual_connections", "suggestions", "recorded_at", "position_at"),
)


def start(network: Network) -> None:
    for name in NAMES[:4]:
        kind = "page" if name == "page" else "person"
        network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org", kind=kind))
    for number in (1, 2):
        network.handle(PublishPost(author="ada", text=f"Hello #a {number}", item=f"item-{number}"))


@contextmanager
def typed_errors(what: str) -> Iterator[None]:
    """Only errors that an interface promises pass: coded ones, and Python's own for a wrong type or value, if they are
    raised on purpose and with a sentence."""
    caught: Exception | None = None
    try:
        yield
    except (CodedError, ValidationError):
        return
    except (TypeError, ValueError, IndexError) as error:
        caught = error
    if caught is not None:
        where = inspect.getinnerframes(caught.__traceback__)[-1] if caught.__traceback__ else None
        assert where is not None
        assert "raise " in "".join(where.code_context or []), f"{what}: {caught!r} at {where.filename}:{where.lineno}"
        assert " " in str(caught), f"{what}: {caught!r} is no sentence"


def require_sound(network: Network) -> None:
    """The log verifies, opens, rebuilds equal, and goes on."""
    assert network.verify() == network.head
    network.catch_up()
    assert False not in network.check().values()
    head = network.head
    assert (
        network.handle(RegisterMember(member=f"m{head}", name="m", primary_email="m@example.org")).position == head + 1
    )


def handle_one(network: Network, chance: random.Random) -> None:
    made = command(chance) if chance.random() < 0.7 else chance.choice((unvalidated, hostile))(chance)
    surroundings = {
        name: hostile(chance)
        for name in ("actor", "command_id", "now", "correlation_id")
        if chance.random() < (0.15 if name != "now" else 0.05)
    }
    what = f"{made!r:.200} {surroundings!r:.200}"
    with typed_errors(what):
        match chance.randrange(3):
            case 0:
                network.handle(made, **surroundings)  # type: ignore[arg-type]
            case 1:
                before = RegisterMember(member=f"m{network.head}", name="m", primary_email="m@example.org")
                first, answer = network.handle_many([before, Request(made, **surroundings)])  # type: ignore[arg-type]
                assert isinstance(first, Result), what
                if isinstance(answer, Exception):
                    raise answer
            case _:
                asyncio.run(network.handle_async(made, **surroundings))  # type: ignore[arg-type]


def query_one(network: Network, chance: random.Random) -> None:
    name = chance.choice(QUERIES)
    query = getattr(network, name)
    parameters = [each for each in inspect.signature(query).parameters.values() if each.name != "wanted"]
    given = {
        each.name: plausible(chance, each.name)
        for each in parameters
        if each.default is inspect.Parameter.empty or chance.random() < 0.3
    }
    with typed_errors(f"{name}({given!r:.300})"):
        query(**given)


def test_fuzz_commands(inputs: int, rng: random.Random) -> None:
    """Commands of any kind and what surrounds them, on one log."""
    with open_network("memory:", follow=False) as network:
        start(network)
        for _ in range(inputs // 2):
            handle_one(network, rng)
        require_sound(network)


def test_fuzz_queries(inputs: int, rng: random.Random) -> None:
    """Queries with arguments of any kind."""
    with open_network("memory:", follow=False) as network:
        start(network)
        network.catch_up()
        for _ in range(inputs // 2):
            query_one(network, rng)
        require_sound(network)


def test_fuzz_clocks_and_ids(inputs: int, rng: random.Random) -> None:
    """A clock and a maker of ids that give anything at all."""
    for _ in range(inputs // 300):
        value: dict[str, Callable[[], Any]] = {
            "clock": lambda: hostile(rng),
            "new_id": lambda: hostile(rng) if rng.random() < 0.5 else f"id-{rng.getrandbits(60)}",
        }
        chosen: dict[str, Any] = {name: value[name] for name in value if rng.random() < 0.7}
        with open_network("memory:", follow=False, **chosen) as network:
            for _ in range(10):
                made = command(rng)
                if made is not None:
                    with typed_errors(f"{chosen.keys()} {made!r:.200}"):
                        network.handle(made)
            assert network.verify() == network.head


def words(chance: random.Random) -> str:
    return str(chance.choice(WORDS) if chance.random() < 0.8 else hostile(chance))


def line(chance: random.Random, folder: Path) -> list[str]:
    """A command line that is nearly right."""
    match chance.randrange(5):
        case 0:
            name = chance.choice(list(COMMANDS))
            fields = [each.replace("_", "-") for each in COMMANDS[name].model_fields]
            options = [each for field in fields if chance.random() < 0.8 for each in (f"--{field}", words(chance))]
            extra = chance.choice(
                ([], ["--now", words(chance)], ["--actor", words(chance)], ["--command-id", words(chance)])
            )
            return ["do", name, *options, *extra]
        case 1:
            name = chance.choice(QUERIES).replace("_", "-")
            return ["show", name, *(words(chance) for _ in range(chance.randrange(4)))]
        case 2:
            option = chance.choice(("--tag", "--type", "--since", "--until", "--position", "-n", "--limit"))
            return ["log", option, words(chance)]
        case 3:
            path = folder / "history"
            rows = ["\t".join(words(chance) for _ in range(chance.choice((2, 5)))) for _ in range(3)]
            header = chance.choice(("seq\tts\tkind\tactor\ttarget", "a,b", ""))
            path.write_text("\n".join([header, *rows]), encoding="utf-8", errors="surrogatepass")
            return ["import", chance.choice(("activity", "edges")), str(path)]
        case _:
            return [
                *(chance.choice((["show", "feed"], ["projections", "status"], ["stats"]))),
                "--as-of",
                words(chance),
            ]


def test_fuzz_the_command_line(inputs: int, rng: random.Random, firstdegree: Firstdegree, tmp_path: Path) -> None:
    """Every line ends with a status that the manual names, and without a traceback."""
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        start(network)
    for _ in range(inputs // 10):
        given = line(rng, tmp_path)
        said = firstdegree(*given)
        status, error = said.status, said.error
        assert "Traceback" not in error, (given, error[-2_000:])
        assert status in (0, 1, 2, 3), (given, status, error)
        assert status == 0 or error.strip(), (given, status)
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        require_sound(network)


def test_fuzz_lines_of_standard_input(inputs: int, rng: random.Random, tmp_path: Path) -> None:
    """Each line of a stream is answered by one line, whatever it holds."""
    rows: list[bytes] = []
    for _ in range(inputs // 10):
        made = command(rng)
        match rng.randrange(4):
            case 0:
                rows.append(bytes(rng.choices(range(11, 256), k=rng.randrange(1, 40))).replace(b"\n", b" "))
            case 1:
                rows.append(json.dumps({"command": words(rng), words(rng): words(rng)}).encode())
            case _ if made is not None:
                fields = {"command": type(made).__name__, **made.model_dump(mode="json")}
                fields[rng.choice([*fields, "now", "actor", "command_id"])] = rng.choice(
                    (7, None, "x", [], 10**30, "ada")
                )
                rows.append(json.dumps(fields).encode())
            case _:
                rows.append(b"{}")
    rows = [row for row in rows if row.strip()]
    program = "from infrastructure.cli.main import main; main()"
    command_line = [sys.executable, "-c", program, "--db", str(tmp_path / "network.db"), "do", "--stdin"]
    done = subprocess.run(command_line, cwd=ROOT, input=b"\n".join(rows), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert len(done.stdout.splitlines()) == len(rows)
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        require_sound(network)
