"""Several releases and sets of projections on one store, and events of types that one of them does not know (B10,
B11)."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domain import RegisterMember
from domain.members.member_events import MemberRegistered
from infrastructure.app import READ_MODELS_SUFFIX, Network, clock_now, open_network
from infrastructure.commands.gate import uuid7
from infrastructure.commands.handler import CommandHandler
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.read_models.bulk_fill import FillTask, fill_shared, fill_task
from infrastructure.read_models.errors import NotYet, ProjectionStopped
from infrastructure.read_models.read_models import ReadModels
from infrastructure.read_models.store import ReadStore
from projections.catalogue import DERIVED_PROJECTIONS, PROJECTIONS
from projections.members import MEMBERS
from projections.projection import PUT, Change, Projection, Table

LETTERS_TABLE = Table("letters", {"member": "TEXT", "count": "BIGINT"}, key=1)


def count_letters(event: MemberRegistered, position: int, at: int) -> list[Change]:
    return [(LETTERS_TABLE, PUT, (event.member, len(event.name)))]


LETTERS = Projection("letters", (LETTERS_TABLE,), {MemberRegistered: count_letters})


def count_letters_twice(event: MemberRegistered, position: int, at: int) -> list[Change]:
    return [(LETTERS_TABLE, PUT, (event.member, 2 * len(event.name)))]


LETTERS_OF_THE_NEXT_RELEASE = replace(LETTERS, handlers={MemberRegistered: count_letters_twice}, release=2)
UNKNOWN = DCBEvent("badge_awarded", b'{"v":1,"at":1,"id":"p","data":{"member":"ada","badge":"gold"}}', ["member:ada"])


def register(network: Network, *names: str) -> None:
    for name in names:
        network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))


@contextmanager
def network_of(path: Path, projections: Sequence[Projection], *, follow: bool) -> Iterator[Network]:
    log = SqliteLog(path)
    store = ReadStore(f"{path}{READ_MODELS_SUFFIX}", projections, DERIVED_PROJECTIONS)
    with Network(
        log, ReadModels(log, store), clock_now, CommandHandler(log, clock_now, uuid7), follow=follow
    ) as network:
        yield network


def letters(network: Network) -> list[tuple[object, ...]]:
    with network.reading(None, "letters") as reading:
        return reading.all("SELECT member, count FROM letters ORDER BY began")


def test_b10_two_sets_of_projections_on_one_store_keep_each_others_rows(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    failures: list[BaseException] = []
    with (
        network_of(path, PROJECTIONS, follow=True) as plain,
        network_of(path, (*PROJECTIONS, LETTERS), follow=True) as extended,
    ):
        register(plain, "ada")
        stop = threading.Event()

        def ask(network: Network) -> None:
            try:
                while not stop.is_set():
                    network.wait_for(1, timeout=20)
                    assert network.profile("ada").name == "ada"
            except BaseException as error:  # noqa: BLE001 - asserted on below, in the test's own thread
                failures.append(error)

        threads = [threading.Thread(target=ask, args=(network,)) for network in (plain, extended)]
        for thread in threads:
            thread.start()
        for number in range(30):
            register(plain if number % 2 else extended, f"m{number}")
        for network in (plain, extended):
            network.wait_for(network.head, timeout=20)
        assert len(letters(extended)) == 31
        assert all(extended.check().values())
        assert all(plain.rebuild().equal.values())
        assert all(extended.rebuild().equal.values())
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    for projections in (PROJECTIONS, (*PROJECTIONS, LETTERS)):
        with network_of(path, projections, follow=False) as network:
            assert {one.lag for one in network.status()} == {0}, "what the other keeps is as it was left"


def test_b10_two_releases_of_a_projection_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with (
        network_of(path, (*PROJECTIONS, LETTERS), follow=False) as former,
        network_of(path, (*PROJECTIONS, LETTERS_OF_THE_NEXT_RELEASE), follow=False) as newer,
    ):
        register(former, "ada")
        former.catch_up()
        newer.catch_up()
        register(newer, "robert")
        newer.catch_up()
        former.catch_up()
        assert letters(former) == [("ada", 3), ("robert", 6)]
        assert letters(newer) == [("ada", 6), ("robert", 12)]
        newer.rebuild()
        assert all(former.check().values())
        assert letters(former) == [("ada", 3), ("robert", 6)]


def test_b10_what_is_being_filled_is_not_yet_there_and_never_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with open_network(str(path), follow=False) as network:
        register(network, "ada", "bob")
        network.catch_up()
    with network_of(path, (*PROJECTIONS, LETTERS), follow=False) as extended:
        assert extended.followers("ada").rows == [], "what needs the filled ones alone is answered"
        with pytest.raises(NotYet, match="being filled"):
            letters(extended)
        extended.catch_up(1)
        with pytest.raises(NotYet, match="being filled"):
            letters(extended)
        with extended.reading(1, "letters") as reading:
            assert reading.all("SELECT member FROM letters") == [("ada",)], "as of what is filled it answers"
        extended.catch_up()
        assert len(letters(extended)) == 2
    (tmp_path / f"network.db{READ_MODELS_SUFFIX}").unlink()
    with open_network(str(path), follow=False) as network:
        for ask in (lambda: network.profile("ada"), lambda: network.feed("ada"), lambda: network.degree("ada", "bob")):
            with pytest.raises(NotYet, match="being filled"):
                ask()


def test_b10_the_second_process_of_a_rebuild_leaves_to_the_first_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with open_network(str(path), follow=False) as network:
        register(network, *(f"m{number}" for number in range(20)))
        files = [str(tmp_path / name) for name in ("one", "two")]
        parts, _ = fill_shared(network.log, files, (*PROJECTIONS, LETTERS), network.head, shared_from=1)
    assert LETTERS in parts[0]
    assert parts[1]
    assert {projection.name for part in parts for projection in part} == {one.name for one in (*PROJECTIONS, LETTERS)}


def test_b10_the_second_process_refuses_a_projection_of_another_shape(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada")
    task = FillTask(str(tmp_path / "network.db"), str(tmp_path / "file"), {"members": "another"}, 1)
    with pytest.raises(ProjectionStopped, match="does not know members"):
        fill_task(task)


def test_b10_check_finds_tables_that_nobody_filled(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada", "bob")
        network.catch_up()
        store = network.read_models.store
        with store.writing() as run:
            for table in MEMBERS.tables:
                run(f"DELETE FROM {store.names(store.checkpoints(run))[table]}")
        assert not network.check()["members"]


def test_b11_an_event_of_an_unknown_type_is_passed_over_counted_and_shown(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada", "bob")
        network.catch_up()
        assert network.degree("ada", "bob") is None
        network.log.append([UNKNOWN])
        network.catch_up()
        assert {(one.position, one.state) for one in network.status()} == {(3, "following")}
        assert {one.passed_over for one in network.status() if one.name != "feed_push"} == {1}
        assert network.profile("ada").name == "ada"
        assert network.degree("ada", "bob") is None
        assert all(network.rebuild().equal.values())
        assert {one.passed_over for one in network.status() if one.name != "feed_push"} == {1}
        assert all(network.check().values())


def test_b10_what_nobody_has_used_for_long_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with network_of(path, (*PROJECTIONS, LETTERS), follow=False) as extended:
        register(extended, "ada")
        extended.catch_up()
        with extended.read_models.store.writing() as run:
            run("UPDATE checkpoint SET used = used - 31")
    with network_of(path, PROJECTIONS, follow=False) as network, network.read_models.store.reading() as (run, _):
        assert run("SELECT count(*) FROM checkpoint WHERE projection = 'letters'") == [(0,)]
        assert run("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'letters%'") == [(0,)]
        assert network.profile("ada").name == "ada"
