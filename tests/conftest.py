"""What every test may ask for: the session's seed, chance that can be repeated, how often to kill, the real data."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is slow without being wrong: no deadlines, and no complaint about slow generation.
UNTIMED = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("default", UNTIMED, max_examples=50)
settings.register_profile("ci", UNTIMED, max_examples=200)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# Chosen once: the processes that pytest starts inherit the environment, and so all have the seed that the header shows.
SEED = int(os.environ.setdefault("FIRSTDEGREE_TEST_SEED", str(random.SystemRandom().randrange(2**32))))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("firstdegree")
    group.addoption(
        "--kills", type=int, default=15, metavar="N", help="how often the crash tests kill a writing process"
    )
    group.addoption("--fuzz", type=int, default=3_000, metavar="N", help="how many random inputs go through all doors")
    group.addoption(
        "--interrupts",
        type=int,
        default=300,
        metavar="N",
        help="how often commands, rebuilds and closing are interrupted",
    )
    group.addoption("--pairs", type=int, default=150, metavar="N", help="how many pairs of histories X16 is tried on")
    group.addoption(
        "--commands", type=int, default=6, metavar="N", help="how many commands of the command line meet each trouble"
    )
    group.addoption(
        "--seed",
        type=int,
        default=SEED,
        metavar="N",
        help="repeats the chances of an earlier session (hypothesis has --hypothesis-seed)",
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.getoption('seed')} (--seed repeats it), kills: {config.getoption('kills')}"


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """The session's seed; the same in all of its processes."""
    return int(pytestconfig.getoption("seed"))


@pytest.fixture(scope="session")
def kills(pytestconfig: pytest.Config) -> int:
    """How often a crash test kills."""
    return int(pytestconfig.getoption("kills"))


@pytest.fixture(scope="session")
def inputs(pytestconfig: pytest.Config) -> int:
    """How many random inputs are sent through all doors."""
    return int(pytestconfig.getoption("fuzz"))


@pytest.fixture(scope="session")
def pairs(pytestconfig: pytest.Config) -> int:
    """On how many pairs of histories, which differ in what is hidden, answers are compared."""
    return int(pytestconfig.getoption("pairs"))


@pytest.fixture(scope="session")
def interrupts(pytestconfig: pytest.Config) -> int:
    """How often a test of interrupts interrupts."""
    return int(pytestconfig.getoption("interrupts"))


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Chance from the seed and the test's name alone, so that a test repeats whatever runs beside it."""
    print(f"repeat with --seed {seed}")  # pytest shows it where the test fails
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the real data, which is not part of the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FIRSTDEGREE_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there; FIRSTDEGREE_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def commands_tried(pytestconfig: pytest.Config) -> int:
    """How many commands of the command line a test of troubles chooses."""
    return int(pytestconfig.getoption("commands"))
