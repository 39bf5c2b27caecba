"""Rebuild beside live: equal row for row, swapped in one transaction, and never in the way of readers (E10, E17)."""

import random
import threading
from pathlib import Path

import apsw
import pytest
from support.random_commands import random_commands, resolved

from domain import ChangeFollowerSetting, ChangePolicy, Follow, FollowerSetting, PublishPost, Refused, RegisterMember
from domain.items import PostShared
from infrastructure.app import READ_MODELS_SUFFIX, Network, open_network
from infrastructure.read_models.errors import RebuildRunning
from infrastructure.read_models.rebuild_lock import FILLED_ID, RebuildLock
from projections.members import MEMBER


def grow(network: Network, rng: random.Random, count: int) -> None:
    shares: list[tuple[str, str]] = []
    for command, now in random_commands(rng, 8, count):
        try:
            result = network.handle(resolved(command, shares, network.head), now=now)
        except Refused:
            continue
        shares += [(event.share, event.sharer) for event in result.events if isinstance(event, PostShared)]


def contents(network: Network) -> dict[str, list[tuple[object, ...]]]:
    with network.reading() as reading:
        tables = [table.name for model in network.read_models.store.models for table in model.tables]
        return {name: reading.all(f"SELECT * FROM {name}") for name in tables}


def tables(network: Network) -> list[str]:
    """The names of all tables of read models in the store."""
    with network.read_models.store.reading() as (run, _):
        rows = run("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('store', 'checkpoint')")
    return [name for (name,) in rows]


@pytest.fixture(params=["memory", "sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/network.db"


def test_e17_rebuilt_equals_live_row_for_row(address: str, rng: random.Random) -> None:
    with open_network(address, follow=False) as network:
        grow(network, rng, 600)
        while position := min(network.head, network.status()[0].position + rng.randrange(1, 40)):
            network.catch_up(position)  # batches of any size give the same rows
            if position == network.head:
                break
        before = contents(network)
        report = network.rebuild()
        assert all(report.equal.values()), report
        assert contents(network) == before
        assert report.events == network.head


def test_each_read_model_can_be_rebuilt_alone(address: str) -> None:
    """Also one that is worked out from others: what it is compared with is made in a file that has nothing else. There
    is more of it than SQLite keeps in memory."""
    followers = [f"member-{number}" for number in range(250)]
    members = ("ada", *followers)
    with open_network(address, follow=False) as network:
        network.handle_many(
            [
                *(RegisterMember(member=member, name="M", primary_email="m@example.org") for member in members),
                ChangePolicy(values={"feed_push_followers_max": 1_000}),
                ChangeFollowerSetting(member="ada", setting=FollowerSetting.EVERYONE),
                *(Follow(follower=member, followee="ada") for member in followers),
                *(PublishPost(author="ada", text="Hello", item=f"ada.{number}") for number in range(200)),
            ]
        )
        network.catch_up()
        before = contents(network)
        assert len(before["feed_entry"]) == 50_000
        for status in network.status():
            assert network.rebuild([status.name]).equal == {status.name: True}
        after = contents(network)
        assert {name: sorted(rows) for name, rows in after.items()} == {n: sorted(rows) for n, rows in before.items()}


def test_a_wrong_row_is_found_and_mended_by_a_rebuild(address: str, rng: random.Random) -> None:
    with open_network(address, follow=False) as network:
        grow(network, rng, 300)
        network.catch_up()
        before = contents(network)
        with network.read_models.store.writing() as run:
            names = network.read_models.store.names(network.read_models.store.checkpoints(run))
            run(f"UPDATE {names[MEMBER]} SET kind = 'page' WHERE rowid = 1")
        assert network.check() == {name: name != "members" for name in network.check()}
        assert not network.rebuild(["members"]).equal["members"]
        assert contents(network) == before
        assert all(network.check().values())


def test_e10_live_writes_and_reads_go_on_beside_a_rebuild(tmp_path: Path, rng: random.Random) -> None:
    with open_network(f"sqlite:///{tmp_path}/network.db") as network:
        grow(network, rng, 1500)
        network.handle(RegisterMember(member="writer", name="writer", primary_email="writer@example.org"))
        network.wait_for(network.head, timeout=10)
        stop, failures, reads = threading.Event(), [], []

        def read() -> None:
            try:
                while not stop.is_set():
                    with network.reading() as reading:
                        ((members,),) = reading.all("SELECT count(*) FROM member")
                        reads.append(members)
            except Exception as error:  # noqa: BLE001 - asserted on below, in the test's own thread
                failures.append(error)

        def write() -> None:
            number = 0
            while not stop.is_set():
                network.handle(PublishPost(author="writer", text=f"meanwhile {number}"))
                number += 1

        threads = [threading.Thread(target=read), threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        reports = [network.rebuild() for _ in range(3)]
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures
        assert all(all(report.equal.values()) for report in reports)
        assert set(reads) == {9}, "a reader never sees a table that is half there"
        network.wait_for(network.head, timeout=10)
        assert all(network.check().values())


def test_e10_a_rebuild_that_was_cut_off_is_begun_anew(tmp_path: Path, rng: random.Random) -> None:
    with open_network(f"sqlite:///{tmp_path}/network.db", follow=False) as network:
        grow(network, rng, 300)
        network.catch_up()

        def interrupt(done: int, goal: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            network.rebuild(progress=interrupt)
        assert all(network.rebuild().equal.values())
        assert not list(tmp_path.glob("*-filled-*"))
        assert len(tables(network)) == len(contents(network)), "no table is left of the one that was cut off"


def test_e10_each_rebuild_has_files_of_its_own(tmp_path: Path, rng: random.Random) -> None:
    """The second process of a rebuild that was killed can write for a while: not into the files of the next one."""
    with open_network(f"sqlite:///{tmp_path}/network.db", follow=False) as network:
        grow(network, rng, 100)
        network.catch_up()
        seen: list[set[str]] = []

        def look(done: int, goal: int) -> None:
            seen.append({file.name for file in tmp_path.glob("*-filled-*")})

        network.rebuild(progress=look)
        network.rebuild(progress=look)
        assert seen[0]
        assert seen[0].isdisjoint(seen[1])


def test_f4_b24_what_only_looks_like_a_file_of_a_rebuild_is_left_and_in_nobodys_way(
    tmp_path: Path, rng: random.Random
) -> None:
    address, models = str(tmp_path / "network.db"), f"network.db{READ_MODELS_SUFFIX}-filled-"
    with open_network(address, follow=False) as network:
        grow(network, rng, 100)
        network.catch_up()
    for number in range(1, 40):
        (tmp_path / f"{models}{number}-0").mkdir()
    (tmp_path / f"{models}40-1").write_text("what somebody wrote")
    (tmp_path / f"{models}41-0").symlink_to(tmp_path / "network.db")
    (tmp_path / f"{models}backup").write_bytes((tmp_path / "network.db").read_bytes())
    (tmp_path / f"{models}x").mkdir()
    killed, theirs = (apsw.Connection(str(tmp_path / f"{models}{number}-1")) for number in (50, 51))
    killed.pragma("application_id", FILLED_ID)
    theirs.execute("CREATE TABLE theirs (a)")
    killed.close()
    theirs.close()
    (tmp_path / f"{models}8-1").touch()
    beside = {file.name for file in tmp_path.glob("*-filled-*")}
    with open_network(address, follow=False) as network:
        left = {file.name for file in tmp_path.glob("*-filled-*")}
        assert beside - left == {f"{models}50-1", f"{models}8-1"}
        assert all(network.rebuild().equal.values())
        assert all(network.check().values())
        assert {file.name for file in tmp_path.glob("*-filled-*")} == left
        assert network.verify() == network.head


def test_e9_one_rebuild_of_a_store_runs_at_a_time(tmp_path: Path, rng: random.Random) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network, open_network(address, follow=False) as other:
        grow(network, rng, 100)
        network.catch_up()
        lock = RebuildLock(network.read_models.store.path)
        with lock.held(0, lambda: "nobody"), pytest.raises(RebuildRunning, match="did not end within"):
            other.rebuild(timeout=0.05)
        assert all(other.rebuild().equal.values())


def test_e11_a_rebuild_records_nothing_and_tells_nobody(rng: random.Random) -> None:
    with open_network("memory:", follow=False) as network:
        grow(network, rng, 300)
        network.catch_up()
        head = network.head
        network.rebuild()
        assert network.head == head


def test_an_unknown_projection_is_named(rng: random.Random) -> None:
    with open_network("memory:", follow=False) as network, pytest.raises(ValueError, match="no such projection"):
        network.rebuild(["nonsense"])
