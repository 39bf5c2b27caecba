"""The thread of an invitation: what may be said in it, and that saying it grants nothing."""

import pytest
from support.given import START, World, connected, followed, given_members, invited, made, members, policy

from domain import (
    AcceptInvitation,
    ChangeProfile,
    Follow,
    FollowOrigin,
    IgnoreInvitation,
    ReplyKind,
    ReplyToInvitation,
    SendInvitation,
    Unfollow,
    WithdrawInvitation,
)
from domain.event import Event
from domain.identifiers import DAY
from domain.items import ArticlePublished
from domain.members.member_events import FollowerSettingChanged
from domain.relationships.connection_events import MembersConnected
from domain.relationships.following_events import Followed
from domain.relationships.invitation_events import InvitationReplied, InvitationSent

BOB_LETS_EVERYONE_FOLLOW = FollowerSettingChanged(member="bob", setting="everyone")
BOB_LETS_CONNECTIONS_FOLLOW = FollowerSettingChanged(member="bob", setting="connections")
ARTICLE = ArticlePublished(item="a1", author="bob", title="Rivers", body="They flow.", hashtags=[])


def reply(kind: str, text: str | None = None) -> ReplyToInvitation:
    return ReplyToInvitation(inviter="ada", invitee="bob", kind=ReplyKind(kind), text=text)


def replied(kind: str, text: str) -> InvitationReplied:
    author = "ada" if kind == "answer" else "bob"
    return InvitationReplied(invitation="ada>bob", inviter="ada", invitee="bob", author=author, kind=kind, text=text)


def invited_to_follow() -> World:
    return members(BOB_LETS_EVERYONE_FOLLOW, invited("ada", "bob"))


def test_s16_the_recipient_may_ask_and_the_invitation_stays_pending() -> None:
    world = members(invited("ada", "bob"))
    assert list(world.do(reply("ask", " Where did we meet? ")).events) == [replied("ask", "Where did we meet?")]
    assert world.answer(AcceptInvitation(inviter="ada", invitee="bob")) == "accepted email_shared"


def test_s17_the_sender_may_answer_and_the_thread_keeps_its_order() -> None:
    world = members(invited("ada", "bob"))
    for kind, text in (("ask", "Where?"), ("answer", "In Turin."), ("ask", "When?"), ("answer", "In May.")):
        world.do(reply(kind, text))
    assert [event.text for event in world.events(InvitationReplied)] == ["Where?", "In Turin.", "When?", "In May."]


def test_s17_there_is_nothing_to_answer_before_a_question() -> None:
    given_members(invited("ada", "bob")).when(reply("answer", "In Turin.")).refused("nothing_asked")


def test_s17_a_question_in_a_former_invitation_is_not_asked_in_the_next() -> None:
    world = members(invited("ada", "bob"), replied("ask", "Where?"))
    world.wait(21 * DAY).do(SendInvitation(inviter="ada", invitee="bob"))
    assert world.answer(reply("answer", "In Turin.")) == "nothing_asked"


def test_s18_a_thread_grants_nothing() -> None:
    world = invited_to_follow()
    for kind, text in (("ask", "Where?"), ("answer", "In Turin."), ("suggest_follow", None)):
        world.do(reply(kind, text))
    assert not world.events(MembersConnected, Followed)
    assert not world.pair("ada", "bob").connected


def test_s19_suggesting_to_follow_needs_no_reason_and_may_give_one() -> None:
    given_members(BOB_LETS_EVERYONE_FOLLOW, invited("ada", "bob")).when(reply("suggest_follow")).then(
        replied("suggest_follow", "")
    )
    given_members(BOB_LETS_EVERYONE_FOLLOW, invited("ada", "bob")).when(reply("suggest_follow", "I teach.")).then(
        replied("suggest_follow", "I teach.")
    )


def test_s19_suggesting_to_follow_uses_the_saved_text() -> None:
    saved = ChangeProfile(member="bob", suggest_follow_text="Do follow me instead.")
    world = invited_to_follow()
    world.do(saved)
    assert list(world.do(reply("suggest_follow")).events) == [replied("suggest_follow", "Do follow me instead.")]
    assert list(world.do(reply("suggest_follow", "")).events) == [replied("suggest_follow", "")]


@pytest.mark.parametrize("history", [[], [BOB_LETS_CONNECTIONS_FOLLOW], [ARTICLE, BOB_LETS_CONNECTIONS_FOLLOW]])
def test_s20_suggest_follow_is_refused_when_the_sender_could_not_follow(history: list[Event]) -> None:
    given_members(*history, invited("ada", "bob")).when(reply("suggest_follow")).refused("not_followable")


def test_s20_suggest_follow_is_possible_where_an_article_stands() -> None:
    given_members(ARTICLE, invited("ada", "bob")).when(reply("suggest_follow")).then(replied("suggest_follow", ""))


def test_s21_a_follow_after_the_suggestion_carries_the_invitation_and_leaves_it_open() -> None:
    world = invited_to_follow()
    world.do(reply("suggest_follow"))
    outcome = world.do(Follow(follower="ada", followee="bob"))
    assert list(outcome.events) == [followed("ada", "bob", "invitation_reply", "ada>bob")]
    ignore = IgnoreInvitation(inviter="ada", invitee="bob")
    assert world.copy().answer(ignore) == "accepted"
    assert world.answer(AcceptInvitation(inviter="ada", invitee="bob")) == "accepted email_shared"


def test_s21_another_origin_that_is_given_stands() -> None:
    world = invited_to_follow()
    world.do(reply("suggest_follow"))
    outcome = world.do(Follow(follower="ada", followee="bob", origin=FollowOrigin.HASHTAG, origin_ref="rivers"))
    assert list(outcome.events) == [followed("ada", "bob", "hashtag", "rivers")]


def test_s21_only_the_one_who_was_told_to_follow_carries_the_origin() -> None:
    history = (FollowerSettingChanged(member="ada", setting="everyone"), BOB_LETS_EVERYONE_FOLLOW)
    world = members(*history, invited("ada", "bob"))
    world.do(reply("suggest_follow"))
    assert list(world.do(Follow(follower="bob", followee="ada")).events) == [followed("bob", "ada")]


def test_s21_the_connection_made_later_keeps_the_follow_and_its_origin() -> None:
    world = invited_to_follow()
    world.do(reply("suggest_follow"))
    world.do(Follow(follower="ada", followee="bob"))
    world.do(AcceptInvitation(inviter="ada", invitee="bob"))
    assert [event.origin for event in world.events(Followed)] == ["invitation_reply", "connection"]


def test_s16_there_is_no_thread_without_a_pending_invitation() -> None:
    for history in ((), connected("ada", "bob")):
        for command in (reply("ask", "Where?"), reply("answer", "There."), reply("suggest_follow")):
            given_members(*history).when(command).refused("no_invitation")
    world = members(invited("ada", "bob"), replied("ask", "Where?"))
    world.do(WithdrawInvitation(inviter="ada", invitee="bob"))
    assert world.answer(reply("answer", "There.")) == "no_invitation"


def test_x3_the_thread_ends_when_the_invitation_expires() -> None:
    last = START + 180 * DAY - 1
    given_members(invited("ada", "bob")).when(reply("ask", "Where?"), now=last).then(replied("ask", "Where?"))
    given_members(invited("ada", "bob")).when(reply("ask", "Where?"), now=last + 1).refused("no_invitation")


def test_x16_the_sender_can_answer_an_invitation_that_was_ignored_and_the_recipient_asks_no_more() -> None:
    world = members(invited("ada", "bob"), replied("ask", "Where?"))
    world.do(IgnoreInvitation(inviter="ada", invitee="bob"))
    assert world.answer(reply("answer", "In Turin.")) == "accepted"
    assert world.answer(reply("ask", "When?")) == "no_invitation"


def test_x7_a_reply_has_at_most_2000_characters_after_trimming_and_is_not_empty() -> None:
    longest = "x" * 2_000
    given_members(invited("ada", "bob")).when(reply("ask", f" {longest}\n")).then(replied("ask", longest))
    given_members(invited("ada", "bob")).when(reply("ask", longest + "x")).refused("too_long")
    for text in (None, " "):
        given_members(invited("ada", "bob")).when(reply("ask", text)).refused("empty_text")
    asked = (invited("ada", "bob"), replied("ask", "Where?"))
    given_members(*asked).when(reply("answer", " ")).refused("empty_text")


def test_x7_a_saved_text_longer_than_a_tightened_policy_is_refused() -> None:
    world = invited_to_follow()
    world.do(ChangeProfile(member="bob", suggest_follow_text="Do follow me instead."))
    world.append([policy(at=world.now, reply_length=5)])
    assert world.answer(reply("suggest_follow")) == "too_long"


def test_x19_who_replies_follows_from_the_kind() -> None:
    asked = (BOB_LETS_EVERYONE_FOLLOW, invited("ada", "bob"), replied("ask", "Where?"))
    for kind, author in (("ask", "bob"), ("suggest_follow", "bob"), ("answer", "ada")):
        command = reply(kind, "Well.")
        given_members(*asked).when(command, actor=author).then(replied(kind, "Well."))
        for other in {"ada", "bob", "cy"} - {author}:
            given_members(*asked).when(command, actor=other).refused("not_yours")


def test_s21_a_follow_that_was_undone_and_made_again_still_comes_from_the_invitation() -> None:
    world = invited_to_follow()
    world.do(reply("suggest_follow"))
    for command in (Follow(follower="ada", followee="bob"), Unfollow(follower="ada", followee="bob")):
        world.do(command)
    again = made(world.do(Follow(follower="ada", followee="bob")).events, Followed)
    assert again.origin == "invitation_reply"
    assert len(world.events(InvitationSent)) == 1
