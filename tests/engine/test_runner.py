"""The runner: read your writes, several runners, a poison event, a store that does not fit its log."""

import threading
from pathlib import Path

import pytest

from domain import PublishPost, Refused, RegisterMember
from domain.members.member_events import MemberRegistered
from infrastructure.app import READ_MODELS_SUFFIX, Network, open_network
from infrastructure.log import LogUnavailable
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.faults import UnsoundLog
from infrastructure.read_models.errors import NotYet, ProjectionStopped, ReadModelsUnavailable
from infrastructure.read_models.read_models import BULK_EVENTS_MIN, ReadModels
from infrastructure.read_models.store import ReadStore
from projections.following import FOLLOWERS
from projections.projection import PUT, Change, Projection, Table


def register(network: Network, *names: str) -> None:
    for name in names:
        network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))


def rows(network: Network, table: str) -> list[tuple[object, ...]]:
    return rows_of(network, "", table)


def rows_of(network: Network, projection: str, table: str) -> list[tuple[object, ...]]:
    """The rows of a table; `projection` alone is needed for it, where it is named."""
    with network.reading(None, *filter(None, [projection])) as reading:
        return reading.all(f"SELECT * FROM {table}")


def test_e16_what_was_written_is_read_after_waiting_for_it(tmp_path: Path) -> None:
    with open_network(f"sqlite:///{tmp_path}/network.db") as network:
        register(network, "ada", "bob")
        for _ in range(50):
            result = network.handle(PublishPost(author="ada", text="x"))
            network.wait_for(result.position)
            with network.reading() as reading:
                assert reading.as_of >= result.position
                assert reading.exists("SELECT 1 FROM activity WHERE began = :p", p=result.position)


def test_e16_positions_that_a_read_model_ignores_can_be_waited_for_too() -> None:
    with open_network("memory:") as network:
        register(network, "ada")
        network.wait_for(network.head)
        assert {status.position for status in network.status()} == {1}


def test_e16_waiting_for_what_is_not_written_ends_in_time() -> None:
    with open_network("memory:") as network, pytest.raises(NotYet):
        network.wait_for(5, timeout=0.05)


def test_e9_two_runners_of_one_store_take_each_event_once(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address) as network, open_network(address) as other:
        register(network, "ada", "bob")
        threads = [
            threading.Thread(
                target=lambda one=one: [one.handle(PublishPost(author="ada", text="x")) for _ in range(150)]
            )
            for one in (network, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in (network, other):
            one.wait_for(network.head, timeout=10)
        assert len(rows(network, "activity")) == 300
        assert all(network.check().values())


# A fact that was never decided so: its number does not fit the store.
POISON = DCBEvent(
    "invitation_sent",
    b'{"v":1,"at":1,"id":"p","data":{"invitation":"i","inviter":"ada","invitee":"bob","note":"","note_kind":"custom",'
    b'"how_known":null,"barred":false,"expires_at":9223372036854775808,"email_notice":1}}',
    ["member:ada"],
)
UNREADABLE = DCBEvent("follower_setting_changed", b'{"v":1,"at":1,"id":"p","data":{"member":"ada","setting":[]}}', [])


def test_e12_a_poison_event_stops_what_cannot_take_it_alone_at_its_position(tmp_path: Path) -> None:
    with open_network(f"sqlite:///{tmp_path}/network.db", follow=False) as network:
        register(network, "ada", "bob")
        network.log.append([POISON])
        register(network, "cyd")
        network.catch_up()
        status = {one.name: one for one in network.status()}
        assert {name for name, one in status.items() if one.error} == {"invitations"}
        for name, one in status.items():
            waits = name == "feed_push"  # worked out from tables of what has stopped
            assert one.position == (2 if one.error or waits else 4), name
        with pytest.raises(ProjectionStopped, match="stopped after position 2"):
            network.wait_for(4)
        with network.reading(None, "followers") as reading:
            assert reading.as_of == 4
        with pytest.raises(Refused, match="stopped at an event"), network.reading():
            pass
        with network.reading(2) as reading:
            assert reading.as_of == 2
        network.retry()
        network.catch_up()
        assert {one.position for one in network.status() if one.error} == {2}, "it tries again, and never skips"


def test_b11_an_event_that_cannot_be_read_stops_those_that_want_it_alone(tmp_path: Path) -> None:
    with open_network(f"sqlite:///{tmp_path}/network.db", follow=False) as network:
        register(network, "ada", "bob")
        network.log.append([UNREADABLE])
        network.catch_up()
        status = {one.name: one for one in network.status()}
        assert {name for name, one in status.items() if one.state == "stopped"} == {"members"}
        assert status["members"].position == 2
        assert "position 3, a follower_setting_changed, cannot be read" in (status["members"].error or "")
        assert status["followers"].position == 3
        with pytest.raises(ProjectionStopped, match="position 3, a follower_setting_changed, cannot be read"):
            network.wait_for(3)


def test_e12_a_handler_that_fails_stops_its_projection_alone(tmp_path: Path) -> None:
    """As a builder of an alternate read model meets it: a projection of one's own beside others."""

    def count_letters(event: MemberRegistered, position: int, at: int) -> list[Change]:
        return [(LETTERS, PUT, (event.member, 12 // (len(event.name) - 1)))]

    letters = Projection("letters", (LETTERS,), {MemberRegistered: count_letters})
    with open_network("memory:", follow=False) as network:
        register(network, "ada", "bob", "c", "dan")
        models = ReadModels(network.log, ReadStore(None, (letters, FOLLOWERS)))
        models.catch_up()
        status = {one.name: one for one in models.status()}
        assert (status["letters"].position, status["followers"].position) == (2, 4)
        assert "ZeroDivisionError" in (status["letters"].error or "")
        with models.reading(2) as (run, _):
            assert run("SELECT member, count, began FROM letters") == [("ada", 6, 1), ("bob", 6, 2)]
        models.close()


class TimeIsUp(Exception):
    """What a signal handler may raise, in the middle of whatever runs."""


def test_b3_an_exception_that_comes_once_stops_no_projection() -> None:
    """Else a time limit of the caller's own, kept by a signal, would stop a read model for good."""
    interrupts = [TimeIsUp()]

    def count_letters(event: MemberRegistered, position: int, at: int) -> list[Change]:
        if event.member == "bob" and interrupts:
            raise interrupts.pop()
        return [(LETTERS, PUT, (event.member, len(event.name)))]

    letters = Projection("letters", (LETTERS,), {MemberRegistered: count_letters})
    with open_network("memory:", follow=False) as network:
        register(network, "ada", "bob")
        models = ReadModels(network.log, ReadStore(None, (letters,)))
        with pytest.raises(TimeIsUp):
            models.catch_up()
        assert [status.error for status in models.status()] == [None]
        models.catch_up()
        interrupts.append(TimeIsUp())
        with pytest.raises(TimeIsUp):
            models.rebuild()
        assert models.rebuild().equal == {"letters": True}
        models.close()


LETTERS = Table("letters", {"member": "TEXT", "count": "BIGINT"}, key=1)


def test_a_store_of_another_log_is_made_anew(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with open_network(f"sqlite:///{tmp_path}/{name}.db", follow=False) as network:
            register(network, name)
            network.catch_up()
    (tmp_path / f"one.db{READ_MODELS_SUFFIX}").replace(tmp_path / f"two.db{READ_MODELS_SUFFIX}")
    with open_network(f"sqlite:///{tmp_path}/two.db", follow=False) as network:
        network.catch_up()
        assert [row[0] for row in rows(network, "member")] == ["two"]


def test_a_store_far_behind_is_filled_in_bulk_with_the_same_rows(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network:
        register(network, "ada", "bob")
        network.handle_many(PublishPost(author="ada", text=f"#post {number}") for number in range(BULK_EVENTS_MIN))
    with open_network(address) as network:
        network.wait_for(network.head, timeout=60)
        assert len(rows(network, "activity")) == BULK_EVENTS_MIN
        assert all(network.check().values())
        network.handle(PublishPost(author="bob", text="and it goes on"))
        network.wait_for(network.head)
        assert all(network.check().values())


def test_e12_what_stops_is_found_in_bulk_too(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network:
        register(network, "ada", "bob")
        network.log.append([POISON])
        network.handle_many(PublishPost(author="ada", text=f"#post {number}") for number in range(BULK_EVENTS_MIN))
        network.catch_up()
        assert {one.name: one.position for one in network.status() if one.error} == {"invitations": 2}
        assert len(rows_of(network, "publications", "activity")) == BULK_EVENTS_MIN


def test_e10_a_store_that_is_gone_is_rebuilt_from_the_log(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network:
        register(network, "ada", "bob")
        network.catch_up()
        before = rows(network, "member")
    for file in tmp_path.glob(f"*{READ_MODELS_SUFFIX}*"):
        file.unlink()
    with open_network(address, follow=False) as network:
        network.catch_up()
        assert rows(network, "member") == before


def test_b23_a_log_that_lost_events_is_opened_only_when_the_loss_is_accepted(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network:
        register(network, "ada")
    backup = (tmp_path / "network.db").read_bytes()
    with open_network(address, follow=False) as network:
        register(network, "bob", "cyd")
        network.catch_up()
    (tmp_path / "network.db").write_bytes(backup)
    for _ in range(2):
        with pytest.raises(LogUnavailable, match="The read models were at 3, the log ends at 1") as raised:
            open_network(address)
        assert raised.value.code == "lost_events"
    with open_network(address, follow=False, accept_loss=True) as network:
        network.catch_up()
        assert [row[0] for row in rows(network, "member")] == ["ada"]
    with open_network(address, follow=False) as network:
        register(network, "dan")
        network.catch_up()
        assert [row[0] for row in rows(network, "member")] == ["ada", "dan"]


def test_b27_a_damaged_file_of_read_models_is_refused_and_the_log_is_not_touched(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as network:
        register(network, "ada")
        network.catch_up()
    for file in tmp_path.glob(f"*{READ_MODELS_SUFFIX}*"):
        file.unlink()
    models = tmp_path / f"network.db{READ_MODELS_SUFFIX}"
    models.write_bytes(b"no database at all " * 100)
    with pytest.raises(ReadModelsUnavailable, match="was left as it is"):
        open_network(address)
    models.unlink()
    with open_network(address, follow=False) as network:
        network.catch_up()
        assert len(rows(network, "member")) == 1


def test_the_log_is_verified_event_by_event(tmp_path: Path) -> None:
    with open_network(f"sqlite:///{tmp_path}/network.db", follow=False) as network:
        register(network, "ada", "bob")
        assert network.verify() == 2
        extra = b'{"v":1,"at":9223372036854775807,"id":"p","data":{"member":"ada","setting":"everyone","more":1}}'
        network.log.append([DCBEvent("follower_setting_changed", extra, [])])
        with pytest.raises(UnsoundLog, match="position 3"):
            network.verify()


@pytest.mark.parametrize("address", ["memory:", "sqlite"])
def test_an_event_recorded_before_the_one_ahead_of_it_is_found(tmp_path: Path, address: str) -> None:
    with open_network(address if address == "memory:" else str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada")
        early = b'{"v":1,"at":1,"id":"p","data":{"member":"ada","setting":"everyone"}}'
        network.log.append([DCBEvent("follower_setting_changed", early, [])])
        with pytest.raises(UnsoundLog, match="time: position 2, at"):
            network.verify()
