"""Command handling, as a backend engineer meets it: one caller, many threads, an event loop, bulk; on both logs."""

import asyncio
import pickle
import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticSerializationError
from support.hostile_values import command

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangeFollowerSetting,
    ChangePolicy,
    DeletePost,
    Follow,
    PublishPost,
    Refused,
    RegisterMember,
    SendInvitation,
    WithdrawInvitation,
)
from domain.identifiers import DAY
from infrastructure.app import Network, clock_now, open_network
from infrastructure.commands.recording import digest
from infrastructure.commands.request import GROUP_MAX, ManyUnavailable, Request, Result
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.envelope import metadata_of


@pytest.fixture(params=["memory", "sqlite"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Network]:
    address = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/network.db"
    with open_network(address, follow=False) as opened:
        opened.handle_many(
            RegisterMember(member=name, name=name, primary_email=f"{name}@example.org")
            for name in ("ada", "bob", "cyd", "dan")
        )
        yield opened


def test_a_result_carries_position_events_and_advisories(network: Network) -> None:
    result = network.handle(SendInvitation(inviter="ada", invitee="bob"))
    assert (result.position, [type(event).__name__ for event in result.events]) == (5, ["InvitationSent"])
    assert result.advisories == ("customize_note", "email_shared")


def test_a_refusal_records_nothing(network: Network) -> None:
    head = network.head
    with pytest.raises(Refused) as refusal:
        network.handle(SendInvitation(inviter="ada", invitee="ada"))
    assert (refusal.value.code, network.head) == ("self", head)
    assert refusal.value.detail


def test_what_is_already_so_is_accepted_with_no_events_and_a_position_to_wait_for(network: Network) -> None:
    network.handle(SendInvitation(inviter="ada", invitee="bob"))
    again = network.handle(SendInvitation(inviter="ada", invitee="bob"))
    assert (again.events, again.position) == ((), network.head)
    network.wait_for(again.position)


def test_h5_e14_the_same_command_id_gives_the_first_result_again(network: Network) -> None:
    first = network.handle(SendInvitation(inviter="ada", invitee="bob"), command_id="c-1")
    network.handle(AcceptInvitation(inviter="ada", invitee="bob"))
    assert network.handle(SendInvitation(inviter="ada", invitee="bob"), command_id="c-1") == first


def test_e15_the_same_command_id_with_other_content_is_refused(network: Network) -> None:
    network.handle(SendInvitation(inviter="ada", invitee="bob"), command_id="c-1")
    with pytest.raises(Refused) as refusal:
        network.handle(SendInvitation(inviter="ada", invitee="cyd"), command_id="c-1")
    assert refusal.value.code == "command_reused"


def test_b12_e14_the_id_of_a_command_that_changed_nothing_is_kept(network: Network) -> None:
    invitation = SendInvitation(inviter="ada", invitee="bob")
    network.handle(invitation)
    first = network.handle(invitation, command_id="c-1")
    assert (first.events, first.position) == ((), network.head)
    network.handle(WithdrawInvitation(inviter="ada", invitee="bob"))
    network.handle(ChangePolicy(values={"cooldown_days": 0}))
    assert network.handle(invitation, command_id="c-1") == first, "given anew, it would invite again"
    with pytest.raises(Refused) as refusal:
        network.handle(SendInvitation(inviter="ada", invitee="cyd"), command_id="c-1")
    assert refusal.value.code == "command_reused"
    assert network.verify() == network.head == first.position + 2
    network.catch_up()


@pytest.mark.parametrize("again", [True, False])
def test_b12_e15_the_first_answer_is_given_to_the_same_actor_only(network: Network, again: bool) -> None:
    network.handle(ChangePolicy(values={"moderators": ["eve", "fay"]}))
    network.handle(PublishPost(author="ada", text="x", item="p"))
    delete = DeletePost(author="ada", item="p")
    if again:
        network.handle(delete)
    first = network.handle(delete, actor="eve", command_id="c-1")
    for actor in ("fay", "ada", "bob", None):
        with pytest.raises(Refused) as refusal:
            network.handle(delete, actor=actor, command_id="c-1")
        assert refusal.value.code == "command_reused"
    assert network.handle(delete, actor="eve", command_id="c-1") == first


def test_b12_of_a_refused_command_nothing_is_kept(network: Network) -> None:
    head = network.head
    with pytest.raises(Refused):
        network.handle(AcceptInvitation(inviter="ada", invitee="bob"), command_id="c-1")
    assert network.head == head
    network.handle(SendInvitation(inviter="ada", invitee="bob"))
    assert network.handle(AcceptInvitation(inviter="ada", invitee="bob"), command_id="c-1").events


def test_b12_what_is_already_so_without_an_id_records_nothing(network: Network) -> None:
    invitation = SendInvitation(inviter="ada", invitee="bob")
    assert network.handle(invitation).position == network.handle(invitation).position == network.head


def test_a_command_id_holds_within_one_group_too(network: Network) -> None:
    post = PublishPost(author="ada", text="Once")
    first, second = network.handle_many([Request(post, command_id="p"), Request(post, command_id="p")])
    assert isinstance(first, Result)
    assert first == second


def test_bulk_decides_in_order_and_answers_each(network: Network) -> None:
    answers = network.handle_many(
        [
            SendInvitation(inviter="ada", invitee="bob"),
            SendInvitation(inviter="bob", invitee="ada"),  # X1: accepts
            SendInvitation(inviter="ada", invitee="bob"),
            BlockMember(blocker="cyd", blocked="ada"),
            Follow(follower="ada", followee="cyd"),
        ]
    )
    codes = [
        len(answer.events) if isinstance(answer, Result) else getattr(answer, "code", answer) for answer in answers
    ]
    assert codes == [1, 4, "already_connected", 1, "not_available"]


def test_many_in_flight_on_one_loop(network: Network) -> None:
    network.handle(ChangeFollowerSetting(member="bob", setting="everyone"))

    async def run() -> list[object]:
        posts = [network.handle_async(PublishPost(author="ada", text=f"Post {number}")) for number in range(700)]
        follows = [network.handle_async(Follow(follower="cyd", followee="bob")) for _ in range(10)]
        refused = [network.handle_async(Follow(follower="cyd", followee="dan"))]
        return await asyncio.gather(*posts, *follows, *refused, return_exceptions=True)

    answers = asyncio.run(run())
    assert sum(isinstance(answer, Result) and len(answer.events) == 1 for answer in answers) == 701
    assert sum(isinstance(answer, Result) and not answer.events for answer in answers) == 9
    assert isinstance(answers[-1], Refused)
    assert asyncio.run(run()), "another loop works as well"


def test_a_cancelled_caller_leaves_the_lane_to_the_others(network: Network) -> None:
    async def run() -> Result:
        waiting = [asyncio.ensure_future(network.handle_async(PublishPost(author="ada", text="x"))) for _ in range(20)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return await network.handle_async(PublishPost(author="ada", text="after"))

    assert asyncio.run(run()).position == network.head
    assert network.handle(PublishPost(author="bob", text="and from a thread")).position == network.head


def test_a_loop_that_is_closed_with_commands_in_flight_gives_the_lane_back(network: Network) -> None:
    async def leave() -> None:
        waiting = asyncio.ensure_future(network.handle_async(PublishPost(author="ada", text="unanswered")))
        await asyncio.sleep(0)
        assert not waiting.done()

    asyncio.run(leave())
    assert network.handle(PublishPost(author="bob", text="still served")).position == network.head


def test_a_loop_that_is_closed_before_it_decides_gives_the_lane_back(network: Network) -> None:
    """The write lock has been taken for it, and it is closed before its turn to decide comes."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(network.handle_async(PublishPost(author="ada", text="unanswered")))
    loop.run_until_complete(asyncio.sleep(0))
    time.sleep(0.2)  # the thread takes the lock, and hands over to a loop that does not run any more
    loop.close()
    assert network.handle(PublishPost(author="bob", text="still served")).position == network.head
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio's own; that the task was left is what is tested


def test_h23_n_plus_one_parallel_invitations_at_limit_n(network: Network) -> None:
    network.handle(ChangePolicy(values={"invitations_per_week": 5}))
    network.handle_many(
        RegisterMember(member=f"m{number}", name="m", primary_email=f"m{number}@example.org") for number in range(12)
    )
    answers: list[str] = []

    def send(number: int) -> None:
        try:
            network.handle(SendInvitation(inviter="ada", invitee=f"m{number}"))
            answers.append("sent")
        except Refused as refused:
            answers.append(refused.code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["invitation_limit"] * 7 + ["sent"] * 5


def test_f3_of_many_each_is_answered_and_what_is_wrong_with_one_concerns_that_one_alone(network: Network) -> None:
    class Broken(PublishPost):
        """A command that no decider knows: a programmer's mistake."""

    post, long_id = PublishPost(author="ada", text="x"), "x" * 129
    wrong: list[tuple[Any, str]] = [
        (Broken(author="ada", text="x"), "TypeError"),
        ("Follow", "TypeError"),
        (Request(post, now=True), "TypeError"),
        (Request(post, actor=7), "TypeError"),  # type: ignore[arg-type]
        (Request(post, actor=""), "bad_text"),
        (Request(post, command_id=long_id), "bad_text"),
        (Request(post, correlation_id="\ud800"), "bad_text"),
        (Request(post, now=-1), "bad_instant"),
        (Request(post, now=clock_now() + 9 * DAY), "far_ahead"),
        (PublishPost.model_construct(author="ada"), "bad_command"),  # type: ignore[call-arg]
        (Request(post, actor="bob"), "not_yours"),
    ]
    given = [each for command, _ in wrong for each in (command, post)]
    answers = network.handle_many(given)
    found = [getattr(answer, "code", type(answer).__name__) for answer in answers]
    assert found == [each for _, code in wrong for each in (code, "Result")]
    positions = [answer.position for answer in answers if isinstance(answer, Result)]
    assert positions == list(range(5, 5 + len(wrong)))
    assert network.verify() == network.head == positions[-1]


def test_f3_a_clock_that_crashes_for_one_of_many_is_the_answer_to_that_one(tmp_path: Path) -> None:
    times = iter([1, 2, None, None, 3, 4])  # a decision that crashes is tried once more

    def clock() -> int:
        time = next(times)
        if time is None:
            raise OSError("no time")
        return time

    with open_network(str(tmp_path / "network.db"), follow=False, clock=clock) as network:
        register = [RegisterMember(member=f"m{n}", name="m", primary_email="m@example.org") for n in range(4)]
        answers = network.handle_many(register)
        assert [type(answer).__name__ for answer in answers] == ["Result", "Result", "OSError", "Result"]


def test_f3_when_the_log_fails_the_answers_of_what_was_recorded_come_with_the_error(network: Network) -> None:
    def commands() -> Iterator[PublishPost]:
        for number in range(GROUP_MAX + 10):
            if number == GROUP_MAX:
                network.close()
            yield PublishPost(author="ada", text=f"post {number}")

    with pytest.raises(ManyUnavailable) as failed:
        network.handle_many(commands())
    assert failed.value.code == "closed"
    positions = [answer.position for answer in failed.value.answers if isinstance(answer, Result)]
    assert positions == list(range(5, GROUP_MAX + 5))
    copied = pickle.loads(pickle.dumps(failed.value))
    assert (copied.code, len(copied.answers)) == ("closed", GROUP_MAX)


def test_e18_recorded_at_never_decreases_though_the_clock_steps_back(network: Network) -> None:
    late = network.recorded_at(network.head) + DAY // 2
    network.handle(PublishPost(author="ada", text="late"), now=late)
    network.handle(PublishPost(author="ada", text="the clock stepped back"), now=late - DAY)
    times = [network.recorded_at(position) for position in range(1, network.head + 1)]
    assert times == sorted(times)
    assert network.position_at(late) == network.head
    assert network.position_at(late - 1) == network.head - 2


def test_the_envelope_says_who_why_and_under_which_policy(network: Network) -> None:
    network.handle(ChangePolicy(values={"invitations_per_week": 50}))
    result = network.handle(
        SendInvitation(inviter="ada", invitee="bob"), actor="ada", command_id="c-1", correlation_id="r-1"
    )
    metadata = metadata_of(result.position, network.log.page(result.position - 1, 1)[0][2])
    assert (metadata.actor, metadata.command, metadata.correlation, metadata.policy) == ("ada", "c-1", "r-1", 1)
    accepted = network.handle(AcceptInvitation(inviter="ada", invitee="bob"))
    first, *others = (metadata_of(at, data) for at, _, data in network.log.page(result.position, 9))
    assert len(others) == len(accepted.events) - 1
    assert {other.cause for other in others} == {first.id}
    assert first.cause is None


def test_events_that_others_append_are_seen_by_the_next_decision(network: Network) -> None:
    """Another process's append is folded into the cached views before the next decision (H2)."""
    network.handle(SendInvitation(inviter="ada", invitee="bob"))
    withdrawn = b'{"v":1,"at":1,"id":"x","data":{"invitation":"i","inviter":"ada","invitee":"bob"}}'
    network.log.append([DCBEvent("invitation_withdrawn", withdrawn, ["pair:ada~bob"])])
    with pytest.raises(Refused) as refusal:
        network.handle(AcceptInvitation(inviter="ada", invitee="bob"))
    assert refusal.value.code == "no_invitation"


def test_the_digest_of_a_command_is_that_of_its_json_as_ever(rng: random.Random) -> None:
    """Those in the log have to be found again by every release."""
    for _ in range(300):
        made = command(rng)
        if made is not None:
            with suppress(PydanticSerializationError):  # of values of a policy that nothing can be made of
                content = f"{type(made).__name__} {made.model_dump_json()}"
                assert digest(made) == blake2b(content.encode(), digest_size=16).hexdigest()


def test_f9_an_interrupt_while_a_digest_is_made_is_raised_as_it_is() -> None:
    class Interrupting(StrEnum):
        ONE = "one"

        @property
        def value(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        digest(ChangePolicy(values={"strikes": Interrupting.ONE}))
