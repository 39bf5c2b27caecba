"""History comes in row by row, keeps its times, and an import that was stopped goes on where it was."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import ChangePolicy, Refused, RegisterMember
from infrastructure.app import Network, open_network
from infrastructure.commands.gate import UnsoundInput
from infrastructure.commands.request import Answer, Request
from infrastructure.importing.formats import Activity, Edges
from infrastructure.importing.history import LINE_LENGTH_MAX, BadFile, Source, import_history, imported_rows

HEADER = "seq\tts\tkind\tactor\ttarget"
SECOND = 1_000_000
SMALL = [
    "1\t100\tjoin\t1\t",
    "2\t100\tjoin\t2\t",
    "3\t110\titem\t2\t1",
    "4\t120\tfollow\t1\t2",
    "5\t130\titem\t2\t",
    "6\t140\tfollow\t2\t1",
    "7\t140\taccept\t2\t1",
]


@pytest.fixture
def network() -> Iterator[Network]:
    with open_network("memory:", follow=False) as network:
        yield network


def activity_file(folder: Path, rows: list[str], name: str = "events.tsv") -> Source:
    path = folder / name
    content = "\n".join([HEADER, *rows, ""]).encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return Source(path)


def random_history(chance: random.Random, rows: int) -> list[str]:
    """A history such as a real one: the first act on somebody is a follow, an act back is followed by an accept."""
    members: list[int] = []
    acted: set[tuple[int, int]] = set()
    made: list[str] = []
    while len(made) < rows:
        at = 1_000 + len(made)
        if len(members) < 2 or chance.random() < 0.05:
            members.append(len(members) + 1)
            made.append(f"{len(made) + 1}\t{at}\tjoin\t{members[-1]}\t")
            continue
        one, other = chance.sample(members, 2)
        if (one, other) not in acted:
            acted.add((one, other))
            made.append(f"{len(made) + 1}\t{at}\tfollow\t{one}\t{other}")
            if (other, one) in acted:
                made.append(f"{len(made) + 1}\t{at}\taccept\t{one}\t{other}")
        made.append(f"{len(made) + 1}\t{at}\titem\t{one}\t{other}")
    return made


def told(network: Network) -> list[tuple[str, int, dict[str, object]]]:
    """What the log says, without what is made anew at each run."""
    events = [network.describe(each) for each in network.log.tagged([], [], limit=100_000)]
    unstable = {"invitation", "origin_ref"}
    return [(e["type"], e["at"], {k: v for k, v in e["data"].items() if k not in unstable}) for e in events]


def test_each_row_means_what_it_says(network: Network, tmp_path: Path) -> None:
    summary = import_history(network, activity_file(tmp_path, SMALL), Activity())
    assert (summary.rows, summary.refused, summary.resumed_after) == (7, {}, 0)
    assert summary.already_so == 1, "the acceptance is already true: inviting who has invited you accepts"
    network.catch_up()
    assert [row.member for row in network.connections("1")] == ["2"]
    assert [row.item for row in network.feed("1")] == ["5"], "without backfill a follow brings nothing older"
    events = [network.describe(each) for each in network.log.tagged(["item:3"], [], limit=1)]
    assert [event["at"] for event in events] == [110 * SECOND]


@pytest.mark.parametrize(("backfill", "items"), [(0, ["5"]), (1, ["5", "3"]), (None, ["5", "3"])])
def test_backfill(network: Network, tmp_path: Path, backfill: int | None, items: list[str]) -> None:
    import_history(network, activity_file(tmp_path, SMALL), Activity(), backfill=backfill)
    network.catch_up()
    assert [row.item for row in network.feed("1")] == items


def test_packed_or_not_is_the_same(tmp_path: Path) -> None:
    with open_network("memory:", follow=False) as plain, open_network("memory:", follow=False) as packed:
        import_history(plain, activity_file(tmp_path, SMALL), Activity())
        import_history(packed, activity_file(tmp_path, SMALL, "events.tsv.gz"), Activity())
        assert told(plain) == told(packed)


def test_twice_is_once(network: Network, tmp_path: Path) -> None:
    source = activity_file(tmp_path, SMALL)
    import_history(network, source, Activity())
    head = network.head
    again = import_history(network, source, Activity())
    assert (network.head, again.events, again.refused) == (head, 0, {})


class Stopped(Exception):
    """Somebody pulled the plug."""


class StoppingDoor:
    """A network that stops after some of the commands, in the middle of a group."""

    def __init__(self, network: Network, after: int) -> None:
        self.log = network.log
        self._network = network
        self._left = after

    def handle_many(self, commands: list[Request]) -> list[Answer]:
        done = self._network.handle_many(commands[: self._left])
        self._left -= len(done)
        if len(done) < len(commands):
            raise Stopped
        return done


def test_stopped_anywhere_it_goes_on(rng: random.Random, tmp_path: Path) -> None:
    source = activity_file(tmp_path, random_history(rng, 1_500))
    with open_network("memory:", follow=False) as whole, open_network("memory:", follow=False) as stopped:
        import_history(whole, source, Activity())
        for _ in range(4):
            with pytest.raises(Stopped):
                import_history(StoppingDoor(stopped, rng.randrange(2, 400)), source, Activity())  # type: ignore[arg-type]
        last = import_history(stopped, source, Activity())
        assert last.resumed_after > 0
        assert told(stopped) == told(whole)
        assert imported_rows(stopped.log, source) >= 1_490


def test_killed_and_run_again(rng: random.Random, tmp_path: Path) -> None:
    source = activity_file(tmp_path, random_history(rng, 6_000))
    address = str(tmp_path / "network.db")
    arguments = ["--db", address, "import", "activity", str(source.path)]
    run = f"from infrastructure.cli.main import main; main({arguments!r})"
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", run], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.4 + rng.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with open_network(address, follow=False) as stopped, open_network("memory:", follow=False) as whole:
        import_history(whole, source, Activity())
        assert told(stopped) == told(whole)
        assert all(stopped.check().values())


def test_another_file_is_another_history(network: Network, tmp_path: Path) -> None:
    import_history(network, activity_file(tmp_path, SMALL), Activity())
    other = activity_file(tmp_path, [*SMALL, "8\t150\titem\t1\t"])
    summary = import_history(network, other, Activity())
    assert summary.events == 1, "what the first file said is already so"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1\t100\tjoin\t1"], "line 2: 4 fields instead of 5"),
        (["1\t100\tjoin\t1\t", "2\t100\tmarry\t1\t2"], "line 3: no such kind of row: 'marry'"),
        (["1\t100\tjoin\t1\t", "1\t100\titem\t1\t"], "line 3: seq 1 does not come after 1"),
        (["one\t100\tjoin\t1\t"], "line 2: seq and ts are not both whole numbers"),
        (["9" * 5_000 + "\t100\tjoin\t1\t"], "line 2: seq and ts are not both whole numbers, of at most 18 digits"),
        (["1\t" + "9" * 5_000 + "\tjoin\t1\t"], "line 2: seq and ts are not both whole numbers, of at most 18 digits"),
        (["1\t1795516242000\tjoin\t1\t"], "line 2: ts is after the year 9999; it is in seconds"),
        (["1\t100\tjoin\tJ. Doe\t"], "line 2: member: an id is 1 to 64"),
    ],
)
def test_a_wrong_row_is_one_clear_error(network: Network, tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(BadFile, match=message.replace(".", r"\.")):
        import_history(network, activity_file(tmp_path, rows), Activity())


def test_a_wrong_file_is_one_clear_error(network: Network, tmp_path: Path) -> None:
    (tmp_path / "header.tsv").write_text("a\tb\n")
    with pytest.raises(BadFile, match="line 1: the header is not seq ts kind actor target"):
        import_history(network, Source(tmp_path / "header.tsv"), Activity())
    (tmp_path / "short.tsv.gz").write_bytes(gzip.compress(b"x" * 10_000)[:20])
    with pytest.raises(BadFile, match="damaged or no text"):
        import_history(network, Source(tmp_path / "short.tsv.gz"), Activity())
    for name in ("nowhere.tsv", "x" * 300, "a\0b"):
        with pytest.raises(BadFile, match="cannot be"):
            Source(tmp_path / name)


@pytest.mark.parametrize("name", ["edges.csv", "edges.csv.gz"])
def test_f2_a_line_has_a_limit(network: Network, tmp_path: Path, name: str) -> None:
    content = b"a,b\nb," + b"c" * LINE_LENGTH_MAX
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(BadFile, match="line 2: it is longer than any row"):
        import_history(network, Source(tmp_path / name), Edges(network.log))


def test_f2_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    """A device may have no end, and a pipe cannot be read twice."""
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(BadFile, match="it is no regular file"):
            Source(path)


@pytest.mark.parametrize(
    "content",
    [
        "node_1,node_2\n0,1\n1,2\n",
        "0,1\n1,2\n",
        "# edges\n0\t1\n1\t2\n",
        "0 1 0.5\n\n1 2 0.7\n",
        'source,target\n"0","1"\n1,2\n',
        "\ufeffsource,target\r\n0,1\r\n1,2\r\n",
        "\ufeff0,1\n1,2",
        "follower\tfollowee\n0\t1\n1\t2\n",
    ],
)
def test_edges_of_any_shape(network: Network, tmp_path: Path, content: str) -> None:
    (tmp_path / "edges.csv").write_text(content, encoding="utf-8")
    source = Source(tmp_path / "edges.csv")
    summary = import_history(network, source, Edges(network.log))
    assert (summary.rows, summary.refused) == (2, {})
    network.catch_up()
    assert network.degree("0", "2") == 2
    again = import_history(network, source, Edges(network.log))
    assert (again.events, again.refused) == (0, {})


def test_a_stream_of_activity_is_no_list_of_edges(network: Network, tmp_path: Path) -> None:
    source = activity_file(tmp_path, SMALL)
    with pytest.raises(BadFile, match="line 1: this is a stream of activity, which `import activity` takes"):
        import_history(network, source, Edges(network.log))
    assert network.head == 0


def test_edges_stopped_anywhere_go_on(rng: random.Random, tmp_path: Path) -> None:
    pairs = {tuple(sorted(rng.sample(range(60), 2))) for _ in range(400)}
    (tmp_path / "edges.txt").write_text("".join(f"{one} {other}\n" for one, other in sorted(pairs)))
    source = Source(tmp_path / "edges.txt")
    with open_network("memory:", follow=False) as network:
        for _ in range(4):
            with pytest.raises(Stopped):
                import_history(StoppingDoor(network, rng.randrange(2, 150)), source, Edges(network.log))  # type: ignore[arg-type]
        last = import_history(network, source, Edges(network.log))
        assert last.refused == {}
        network.catch_up()
        assert all(network.degree(str(one), str(other)) == 1 for one, other in pairs)


def test_edges_take_members_who_are_there(network: Network, tmp_path: Path) -> None:
    network.handle(RegisterMember(member="0", name="Zero", primary_email="zero@example.org"))
    (tmp_path / "edges.csv").write_text("0,1\n1,0\n0,0\n")
    summary = import_history(network, Source(tmp_path / "edges.csv"), Edges(network.log))
    assert summary.refused == {"already_connected": 1, "self": 2}, "doubles and loops are told of, and harm nothing"


def test_limits_are_lifted_by_policy(network: Network, tmp_path: Path) -> None:
    network.handle(ChangePolicy(values={"invitations_per_week": 1}), now=0)
    rows = [f"{n}\t100\tjoin\t{n}\t" for n in range(1, 6)] + [f"{n + 4}\t200\tfollow\t1\t{n}" for n in range(2, 6)]
    assert import_history(network, activity_file(tmp_path, rows), Activity()).refused == {}


def test_f3_an_import_ends_at_what_cannot_be_recorded_and_without_its_policy_does_not_begin(
    network: Network, tmp_path: Path
) -> None:
    source = activity_file(tmp_path, SMALL)
    with pytest.raises(Refused) as refused:
        import_history(network, source, Activity(), backfill=10**23)
    assert (refused.value.code, network.head) == ("invalid_policy", 0)
    ahead = activity_file(tmp_path, [*SMALL, "8\t6942000000\titem\t1\t", "9\t6942000000\titem\t1\t"], "ahead.tsv")
    with pytest.raises(UnsoundInput) as unsound:
        import_history(network, ahead, Activity())
    assert unsound.value.code == "far_ahead"
    assert imported_rows(network.log, ahead) == 7
