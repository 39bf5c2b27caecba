"""Members: registering, changing what others see, leaving for a while and for good, and who may give a command."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError
from support.given import given, given_members, members, policy, registered

from domain import (
    REFUSALS,
    AcceptInvitation,
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangePrimaryEmail,
    ChangeProfile,
    ConnectionsVisibility,
    DismissSuggestion,
    EraseMember,
    Follow,
    HibernateMember,
    LiftRestriction,
    MarkNoticesRead,
    MemberKind,
    MuteMember,
    ReactivateMember,
    Recognition,
    RecognizeMember,
    RegisterMember,
    RestrictMember,
    SendInvitation,
    Visibility,
    WithdrawRecognition,
)
from domain.catalogue import DECIDERS
from domain.decision import Command, no_member
from domain.event import Event
from domain.members.member_events import (
    ConnectionsVisibilityChanged,
    EmailVisibilityChanged,
    MemberErased,
    MemberHibernated,
    MemberReactivated,
    MemberRecognized,
    MemberRestricted,
    PrimaryEmailChanged,
    ProfileChanged,
    RecognitionWithdrawn,
    RestrictionLifted,
    WhoMayInviteChanged,
)
from domain.notices import NoticesRead
from domain.relationships.blocking_events import MemberBlocked

HIBERNATED = MemberHibernated(member="ada")
RESTRICTED = MemberRestricted(member="ada", reason=None)
ERASED = MemberErased(member="ada")
MODERATORS = policy(moderators=["mia"])


def register(**changed: str) -> RegisterMember:
    return RegisterMember(**({"member": "ada", "name": "Ada", "primary_email": "ada@example.org"} | changed))


def profile(**changed: str) -> ProfileChanged:
    unchanged = {"name": None, "headline": None, "primary_action": None, "suggest_follow_text": None}
    return ProfileChanged(member="ada", **(unchanged | changed))


# Registering


def test_x18_registering_again_with_the_same_content_is_already_so() -> None:
    given().when(register()).then(registered("ada"))
    given(registered("ada")).when(register(name="  Ada ")).then_already_so()
    given(registered("ada"), profile(name="Ada L.")).when(register()).then_already_so()


@pytest.mark.parametrize(
    "changed", [{"name": "Eve"}, {"primary_email": "eve@example.org"}, {"kind": MemberKind.PAGE}], ids=str
)
def test_x18_registering_an_id_again_with_other_content_is_refused(changed: dict[str, str]) -> None:
    given(registered("ada")).when(register(**changed)).refused("already_registered")


def test_x18_the_id_of_an_erased_member_is_not_given_again() -> None:
    given(registered("ada"), ERASED).when(register()).refused("already_registered")


@pytest.mark.parametrize("member", ["", "a" * 65, "ada~bob", "ada bob", "ada\n", "ada/1", "адa"])
def test_an_id_is_1_to_64_of_the_alphabet(member: str) -> None:
    with pytest.raises(ValidationError):
        register(member=member)
    assert register(member="A-z_0.9:" + "a" * 56).member


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b@c", "a" * 250 + "@x.org"])
def test_an_email_looks_like_one(email: str) -> None:
    with pytest.raises(ValidationError):
        register(primary_email=email)


def test_a_name_is_not_empty_and_not_too_long() -> None:
    given().when(register(name="  ")).refused("empty_text")
    given(registered("ada")).when(ChangeProfile(member="ada", name=" ")).refused("empty_text")
    given(policy(name_length=3)).when(register(name="Adam")).refused("too_long")


def test_unknown_fields_are_refused_at_the_door() -> None:
    with pytest.raises(ValidationError):
        Follow.model_validate({"follower": "ada", "followee": "bob", "notify": True})


# Changing


def test_a_profile_change_records_only_what_changes() -> None:
    command = ChangeProfile(member="ada", name="Ada", headline=" Engines ", suggest_follow_text="Follow me.")
    given_members().when(command).then(profile(headline="Engines", suggest_follow_text="Follow me."))
    given_members(profile(headline="Engines")).when(ChangeProfile(member="ada", headline="")).then(profile(headline=""))
    for unchanged in (ChangeProfile(member="ada"), ChangeProfile(member="ada", headline="", name="Ada")):
        given_members().when(unchanged).then_already_so()
    given_members().when(ChangeProfile(member="ada", headline="x" * 221)).refused("too_long")


def test_s25_and_g6_email_and_visibilities_are_changed_once() -> None:
    changes: list[tuple[Command, Command, Event]] = [
        (
            ChangePrimaryEmail(member="ada", primary_email="ada@example.org"),
            ChangePrimaryEmail(member="ada", primary_email="new@example.org"),
            PrimaryEmailChanged(member="ada", primary_email="new@example.org"),
        ),
        (
            ChangeEmailVisibility(member="ada", visibility=Visibility.CONNECTIONS),
            ChangeEmailVisibility(member="ada", visibility=Visibility.ONLY_ME),
            EmailVisibilityChanged(member="ada", visibility="only_me"),
        ),
        (
            ChangeConnectionsVisibility(member="ada", visibility=ConnectionsVisibility.CONNECTIONS),
            ChangeConnectionsVisibility(member="ada", visibility=ConnectionsVisibility.ONLY_ME),
            ConnectionsVisibilityChanged(member="ada", visibility="only_me"),
        ),
    ]
    for default, other, event in changes:
        given_members().when(default).then_already_so()
        given_members().when(other).then(event)


def test_x6_the_email_that_invites_is_the_newest() -> None:
    world = members(WhoMayInviteChanged(member="bob", setting="email"))
    world.do(ChangePrimaryEmail(member="bob", primary_email="new@example.org"))
    former = SendInvitation(inviter="ada", invitee="bob", email="bob@example.org")
    newest = SendInvitation(inviter="ada", invitee="bob", email="new@example.org")
    assert world.answer(former) == "email_required"
    assert world.answer(newest).startswith("accepted")


def test_n3_notices_are_read_up_to_a_position_and_never_unread() -> None:
    given_members().when(MarkNoticesRead(member="ada", up_to=4)).then(NoticesRead(member="ada", up_to=4))
    for up_to in (0, 3, 4):
        given_members(NoticesRead(member="ada", up_to=4)).when(
            MarkNoticesRead(member="ada", up_to=up_to)
        ).then_already_so()
    for impossible in (-1, 2**63):
        with pytest.raises(ValidationError):
            MarkNoticesRead(member="ada", up_to=impossible)


def test_n3_and_b7_a_position_beyond_the_last_means_the_last() -> None:
    world = members()
    for far in (10**12, 2**63 - 1):
        world = members()
        assert list(world.do(MarkNoticesRead(member="ada", up_to=far)).events) == [NoticesRead(member="ada", up_to=6)]
        world.do(ChangeProfile(member="ada", headline="Here"))
        # What comes later is not read yet, and can be marked.
        assert list(world.do(MarkNoticesRead(member="ada", up_to=far)).events) == [NoticesRead(member="ada", up_to=8)]


# Being away


def test_x15_hibernating_and_returning_are_one_fact_each() -> None:
    given_members().when(HibernateMember(member="ada")).then(HIBERNATED)
    given_members(HIBERNATED).when(HibernateMember(member="ada")).then_already_so()
    given_members(HIBERNATED).when(ReactivateMember(member="ada")).then(MemberReactivated(member="ada"))
    given_members().when(ReactivateMember(member="ada")).then_already_so()


def test_x15_lifting_one_cause_does_not_lift_another() -> None:
    world = members(HIBERNATED, RESTRICTED)
    world.do(ReactivateMember(member="ada"))
    assert (world.member("ada").hibernated, world.member("ada").restricted) == (False, True)
    assert world.answer(Follow(follower="ada", followee="acme")) == "inactive"
    world = members(HIBERNATED, RESTRICTED)
    world.do(LiftRestriction(member="ada"))
    assert (world.member("ada").hibernated, world.member("ada").restricted) == (True, False)
    assert world.answer(Follow(follower="ada", followee="acme")) == "inactive"
    world.do(ReactivateMember(member="ada"))
    assert world.answer(Follow(follower="ada", followee="acme")) == "accepted"


def test_h16_a_restriction_that_is_lifted_restores_what_was_and_no_more() -> None:
    world = members(HIBERNATED)
    world.do(RestrictMember(member="ada"))
    world.do(LiftRestriction(member="ada"))
    assert world.member("ada").hibernated
    assert not world.member("ada").present


def test_moderators_restrict_and_recognise_once_and_only_members() -> None:
    voice, recognized = Recognition.TOP_VOICE, MemberRecognized(member="ada", recognition="top_voice")
    given_members().when(RestrictMember(member="ada", reason="Spam")).then(
        MemberRestricted(member="ada", reason="Spam")
    )
    given_members(RESTRICTED).when(LiftRestriction(member="ada")).then(RestrictionLifted(member="ada"))
    given_members().when(LiftRestriction(member="ada")).then_already_so()
    given_members().when(RecognizeMember(member="ada", recognition=voice)).then(recognized)
    given_members(recognized).when(WithdrawRecognition(member="ada", recognition=voice)).then(
        RecognitionWithdrawn(member="ada", recognition="top_voice")
    )
    given_members().when(WithdrawRecognition(member="ada", recognition=voice)).then_already_so()
    given_members(ERASED).when(RestrictMember(member="ada")).refused("not_available")
    given_members().when(RecognizeMember(member="nobody", recognition=voice)).refused("not_available")


def test_x17_erasing_is_one_fact_after_which_the_member_is_unknown() -> None:
    given_members().when(EraseMember(member="ada")).then(ERASED)
    given_members(ERASED).when(EraseMember(member="ada")).refused("unknown_member")
    given_members(ERASED).when(ReactivateMember(member="ada")).refused("unknown_member")


# Who acts


ACTS = [command for command, decider in DECIDERS.items() if not decider.creates_member]


def test_x18_the_acting_member_is_registered() -> None:
    given(registered("bob")).when(Follow(follower="ada", followee="bob")).refused("unknown_member")
    given_members(ERASED).when(Follow(follower="ada", followee="acme")).refused("unknown_member")


@pytest.mark.parametrize("overlay", [HIBERNATED, RESTRICTED])
def test_x18_the_acting_member_is_neither_hibernated_nor_restricted(overlay: Event) -> None:
    for command in (
        Follow(follower="ada", followee="acme"),
        SendInvitation(inviter="ada", invitee="bob"),
        ChangeProfile(member="ada", headline="Away"),
    ):
        given_members(overlay).when(command).refused("inactive")


@pytest.mark.parametrize("overlay", [HIBERNATED, RESTRICTED])
@pytest.mark.parametrize("actor", [None, "ada", "mod"])
def test_x18_and_x17_the_hidden_can_be_erased_by_themselves_a_moderator_and_the_host(
    overlay: Event, actor: str | None
) -> None:
    given_members(policy(moderators=["mod"]), overlay).when(EraseMember(member="ada"), actor).then(ERASED)


def test_x18_who_is_not_there_cannot_be_erased_by_a_moderator_and_others_erase_nobody() -> None:
    moderated = policy(moderators=["mod"])
    given_members(moderated).when(EraseMember(member="nobody"), "mod").refused("not_available")
    given_members(moderated, ERASED).when(EraseMember(member="ada"), "mod").then_already_so()
    given_members(moderated).when(EraseMember(member="ada"), "bob").refused("not_yours")


def test_x18_the_restricted_cannot_hibernate_but_may_return() -> None:
    given_members(RESTRICTED).when(HibernateMember(member="ada")).refused("inactive")
    given_members(RESTRICTED, HIBERNATED).when(ReactivateMember(member="ada")).then(MemberReactivated(member="ada"))


@pytest.mark.parametrize(
    ("target", "history"),
    [
        ("nobody", ()),
        ("bob", (MemberErased(member="bob"),)),
        ("bob", (MemberHibernated(member="bob"),)),
        ("bob", (MemberRestricted(member="bob", reason=None),)),
        ("bob", (MemberBlocked(blocker="bob", blocked="ada"),)),
    ],
)
def test_x18_a_target_unknown_erased_hidden_or_blocking_is_not_available(target: str, history: Sequence[Event]) -> None:
    for command in (
        SendInvitation(inviter="ada", invitee=target),
        AcceptInvitation(inviter=target, invitee="ada"),
        Follow(follower="ada", followee=target),
        MuteMember(muter="ada", muted=target),
        DismissSuggestion(member="ada", other=target),
    ):
        given_members(*history).when(command).refused("not_available")


def test_x18_a_target_that_the_acting_member_has_blocked_is_blocked_by_you() -> None:
    for more in ((), (MemberHibernated(member="bob"),), (MemberBlocked(blocker="bob", blocked="ada"),)):
        history = (MemberBlocked(blocker="ada", blocked="bob"), *more)
        given_members(*history).when(SendInvitation(inviter="ada", invitee="bob")).refused("blocked_by_you")
        given_members(*history).when(Follow(follower="ada", followee="bob")).refused("blocked_by_you")


def test_x19_an_actor_acts_for_themselves_only() -> None:
    follow = Follow(follower="ada", followee="acme")
    for actor, answer in (("ada", "accepted"), (None, "accepted"), ("bob", "not_yours"), ("mia", "not_yours")):
        assert members(MODERATORS).answer(follow, actor) == answer
    given().when(register(), actor="eve").refused("not_yours")


@pytest.mark.parametrize("command", [RestrictMember(member="ada"), LiftRestriction(member="ada")])
def test_x19_moderation_is_for_moderators_and_the_host(command: Command) -> None:
    for actor, answer in (("ada", "not_yours"), ("bob", "not_yours"), ("mia", "accepted"), (None, "accepted")):
        assert members(MODERATORS).answer(command, actor) == answer


def test_x20_every_refusal_code_is_one_that_some_command_can_give() -> None:
    given_by_commands = {code for decider in DECIDERS.values() for code in decider.codes()}
    assert given_by_commands == set(REFUSALS)
    for command in ACTS:
        acts_for_a_member = DECIDERS[command].acts_for is not no_member
        assert ("unknown_member" in DECIDERS[command].codes()) == acts_for_a_member, command
