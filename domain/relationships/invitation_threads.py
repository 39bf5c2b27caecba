"""The thread of an invitation: questions and answers while it is pending. A thread grants nothing (S18)."""

from domain.decision import Command, Decider, Deciders, Facts, Outcome, accepted, refuse_unless
from domain.identifiers import MemberId
from domain.members.member import MEMBER
from domain.refusals import Refused
from domain.relationships.following import may_follow
from domain.relationships.invitation_events import InvitationReplied, ReplyKind
from domain.relationships.invitations import open_invitation
from domain.relationships.pair import REACHABLE_REFUSALS, expects_pair, require_reachable
from domain.text import Text, require_length


class ReplyToInvitation(Command):
    """Write in the thread of a pending invitation. suggest_follow without text uses the text saved in the profile."""

    inviter: MemberId
    invitee: MemberId
    kind: ReplyKind
    text: Text | None = None


def reply_to_invitation(command: ReplyToInvitation, facts: Facts) -> Outcome:
    author = replier(command)
    other = command.inviter if author == command.invitee else command.invitee
    pair, _ = require_reachable(facts, author, other)
    sent = open_invitation(pair, command.inviter, facts.now)
    # The sender cannot know that the invitation was ignored, so an answer is taken all the same (X16).
    if sent is None or (sent.ignored_as is not None and author == command.invitee):
        raise Refused("no_invitation")
    text = command.text
    if command.kind is ReplyKind.ANSWER:
        refuse_unless(sent.asked, "nothing_asked")
    elif command.kind is ReplyKind.SUGGEST_FOLLOW:
        refuse_unless(may_follow(command.invitee, pair, facts), "not_followable")
        saved = facts.read(MEMBER, author).profile["suggest_follow_text"]
        text = saved if text is None else text
    if command.kind is not ReplyKind.SUGGEST_FOLLOW:
        refuse_unless(bool(text), "empty_text")
    require_length(text or "", facts.policy.reply_length)
    return accepted(
        InvitationReplied(
            invitation=sent.id,
            inviter=command.inviter,
            invitee=command.invitee,
            author=author,
            kind=command.kind.value,
            text=text or "",
        )
    )


def replier(command: ReplyToInvitation) -> str:
    """Who writes: the sender answers, the recipient does all else."""
    return command.inviter if command.kind is ReplyKind.ANSWER else command.invitee


DECIDERS: Deciders = {
    ReplyToInvitation: Decider(
        reply_to_invitation,
        replier,
        (*REACHABLE_REFUSALS, "no_invitation", "nothing_asked", "not_followable", "empty_text", "too_long"),
        expects=expects_pair("inviter", "invitee", (MEMBER, "inviter")),
    ),
}
