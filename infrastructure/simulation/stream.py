"""A simulated network: a stream of commands by members with character, the same for the same seed.

It serves the demo, the tests and the benchmarks. The stream knows nothing of what the network answers: it believes what
would most likely hold (simulation_world), so most commands make sense, and some are refused, a few of them on purpose.
"""

from collections import deque
from collections.abc import Iterator

from domain import ChangePolicy, Command, LiftRestriction, Recognition, RecognizeMember, RegisterMember, RestrictMember
from domain.members.member_events import MemberKind
from infrastructure.commands.request import Request
from infrastructure.simulation import acts_alone as alone
from infrastructure.simulation import acts_toward_others as acts
from infrastructure.simulation.acts_toward_others import Act
from infrastructure.simulation.people import Character, Person
from infrastructure.simulation.world import SPAN, World, joining_times

MODERATOR = "moderator"

OFTEN: dict[Act, float] = {
    acts.invite: 16,
    acts.answer_invitation: 18,
    acts.answer_question: 4,
    acts.follow: 10,
    alone.post: 14,
    alone.share: 7,
    alone.follow_hashtag: 4,
    acts.withdraw: 0.8,
    acts.unfollow: 1,
    acts.remove_follower: 0.4,
    acts.remove_connection: 0.6,
    acts.mute: 0.8,
    acts.unmute: 0.3,
    acts.block: 0.8,
    acts.unblock: 0.3,
    acts.dismiss_suggestion: 0.6,
    alone.unfollow_hashtag: 0.5,
    alone.delete: 0.8,
    alone.article: 0.3,
    alone.change_a_setting: 1,
    alone.read_notices: 1.5,
    alone.hibernate: 0.15,
    alone.leave: 0.02,
    alone.mistake: 1,
}
"""How often a regular member does what, relative to the rest."""

HABITS: dict[Character, dict[Act, float]] = {
    Character.REGULAR: {},
    Character.LURKER: {alone.post: 0, alone.article: 0, acts.invite: 8, acts.follow: 25, alone.follow_hashtag: 12},
    Character.PRIVATE: {acts.invite: 10, alone.post: 8, acts.follow: 5, acts.block: 2, acts.remove_follower: 1.5},
    Character.NETWORKER: {acts.invite: 60, acts.campaign: 0.6, alone.post: 20},
    Character.PUBLISHER: {alone.article: 12, alone.post: 20, alone.share: 12, acts.invite: 5},
    Character.PAGE: {acts.invite: 0, alone.post: 25, alone.article: 6},
    Character.DORMANT: {alone.hibernate: 15},
    Character.CELEBRITY: {acts.invite: 1, acts.answer_invitation: 30, alone.post: 25, alone.article: 5, alone.leave: 0},
    Character.SPAMMER: {acts.invite: 30, acts.campaign: 5, alone.leave: 0},
}
"""How the others differ from a regular member."""
CHOICES = {
    character: (list(weights), list(weights.values()))
    for character, habits in HABITS.items()
    for weights in [OFTEN | habits]
}


def simulate(seed: int, members: int, commands: int) -> Iterator[Request]:
    """The first `commands` commands of a network that `members` members join, at times that advance over 200 days."""
    if members < 2:
        raise ValueError("a network has at least two members")
    world = World(seed, members)
    joining = deque(joining_times(members, commands))
    # A member acts for themselves (X19); the host registers them, and a moderator looks after all.
    queue: deque[tuple[Command, str | None]] = deque([(ChangePolicy(values={"moderators": [MODERATOR]}), None)])
    for world.produced in range(commands):
        world.let_time_pass(SPAN // commands)
        if not queue:
            if joining and world.produced >= joining[0]:
                joining.popleft()
                queue.extend(_joins(world))
            else:
                queue.append(_act(world))
        command, actor = queue.popleft()
        yield Request(command, actor=actor, now=world.now)


def _joins(world: World) -> list[tuple[Command, str | None]]:
    person = world.join()
    kind = MemberKind.PAGE if person.character is Character.PAGE else MemberKind.PERSON
    register = RegisterMember(member=person.member, name=person.name, primary_email=person.email, kind=kind)
    settings: list[tuple[Command, str | None]] = [(each, person.member) for each in alone.settings_at_joining(person)]
    if person.character is Character.CELEBRITY:
        recognized = RecognizeMember(member=person.member, recognition=Recognition.INFLUENCER)
        settings.append((recognized, MODERATOR))
    return [(register, None), *settings]


def _act(world: World) -> tuple[Command, str]:
    """The next act of somebody who finds something to do."""
    campaign: Act = acts.campaign
    while True:
        if world.campaigner is not None:
            person, act = world.campaigner, campaign
        else:
            person = world.actor()
            if person.gone or (person.hibernated and not world.likely(0.3)):
                continue
            if world.likely(0.002):
                return _moderate(world, person)
            if person.member in world.restricted and not world.likely(0.05):
                continue
            act = alone.reactivate if person.hibernated else world.chance.choices(*CHOICES[person.character])[0]
        if (command := act(world, person)) is not None:
            return command, person.member


def _moderate(world: World, person: Person) -> tuple[Command, str]:
    if person.member in world.restricted:
        world.restricted.discard(person.member)
        return LiftRestriction(member=person.member), MODERATOR
    if person.character is Character.SPAMMER:
        world.restricted.add(person.member)
        return RestrictMember(member=person.member, reason="advertising"), MODERATOR
    return RecognizeMember(member=person.member, recognition=Recognition.TOP_VOICE), MODERATOR
