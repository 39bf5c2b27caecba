"""How the naive network decides about invitations: section 3 of the rules."""

from oracle.state import ALREADY_SO, Decision, Invitation, NaiveState

from domain import (
    AcceptInvitation,
    IgnoreInvitation,
    ReplyToInvitation,
    SendInvitation,
    WithdrawInvitation,
)
from domain.identifiers import DAY, WEEK

BAD_REASONS = ("spam", "do_not_know")


def replying(command: ReplyToInvitation) -> str:
    """Who writes: the sender answers, the recipient asks or suggests to follow."""
    return command.inviter if command.kind == "answer" else command.invitee


class NaiveInvitations(NaiveState):
    def send_invitation(self, c: SendInvitation) -> Decision:
        policy, cooldown = self.policy, self.policy.cooldown_days * DAY
        if refusal := self.unreachable(c.inviter, c.invitee):
            return refusal
        if self.is_page(c.inviter) or self.is_page(c.invitee):  # X8
            return "not_a_person"
        if self.stands_connected(c.inviter, c.invitee):
            return "already_connected"
        if crossing := self.open_invitation(c.invitee, c.inviter):  # X1
            return "connections_cap" if self.at_cap(c.inviter, c.invitee) else (lambda: self.connect(crossing))
        if refusal := self.bad_text(c.note, policy.note_length, may_be_empty=True):
            return refusal
        former = self.open_invitation(c.inviter, c.invitee)
        if former and self.now < former.sent_at + cooldown:  # X21
            return ALREADY_SO
        sent = [each for each in self.invitations if each.inviter == c.inviter]
        to_them = [each for each in sent if each.invitee == c.invitee and not each.connected_since]
        withdrawn = [each.withdrawn_at for each in to_them if each.withdrawn_at is not None]
        if any(self.now < instant + cooldown for instant in withdrawn):  # X2
            return "cooling_down"
        strikes = len({each.invitee for each in sent if each.struck})
        struck_out = policy.strikes is not None and strikes >= policy.strikes  # S26
        needs_email = struck_out or self.value(c.invitee, "who_may_invite") == "email"
        if needs_email and (c.email or "").lower() != self.value(c.invitee, "primary_email").lower():
            return "email_required"
        this_week = [each for each in sent if each.sent_at > self.now - WEEK]
        if policy.invitations_per_week is not None and len(this_week) >= policy.invitations_per_week:  # X4
            return "invitation_limit"
        return lambda: self.invite(c, former)

    def invite(self, c: SendInvitation, former: Invitation | None) -> None:
        if former:
            former.state = "replaced"
        self.bars.discard((c.inviter, c.invitee))  # S13: a bar also ends when its maker invites the barred
        days = self.policy.invitation_expiry_days
        invitation = Invitation(
            inviter=c.inviter,
            invitee=c.invitee,
            note=c.note or self.policy.default_note,
            note_kind="custom" if c.note else "default",
            how_known=c.how_known,
            barred=(c.invitee, c.inviter) in self.bars,
            sent_at=self.now,
            expires_at=None if days is None else self.now + days * DAY,
            position=self.position(),
        )
        self.invitations.append(invitation)
        if invitation.barred:  # S13: it reaches the barred box and nothing else, so no policy accepts it either
            return
        self.tell(c.invitee, "invitation", c.inviter, invitation, invitation.position)
        if self.value(c.invitee, "invitation_policy") == "accept_all" and not self.at_cap(c.inviter, c.invitee):
            self.connect(invitation)  # S14, S15

    def accept_invitation(self, c: AcceptInvitation) -> Decision:
        if refusal := self.unreachable(c.invitee, c.inviter):
            return refusal
        if self.stands_connected(c.inviter, c.invitee):
            return ALREADY_SO
        if not (invitation := self.open_invitation(c.inviter, c.invitee)):
            return "no_invitation"
        return "connections_cap" if self.at_cap(c.inviter, c.invitee) else (lambda: self.connect(invitation))

    def ignore_invitation(self, c: IgnoreInvitation) -> Decision:
        if refusal := self.unreachable(c.invitee, c.inviter):
            return refusal
        if not (invitation := self.open_invitation(c.inviter, c.invitee)):
            return "no_invitation"
        if invitation.ignored == c.reason:
            return ALREADY_SO

        def effect() -> None:
            invitation.ignored = c.reason
            if c.reason in BAD_REASONS:
                invitation.struck = True
                self.bars.add((c.invitee, c.inviter))

        return effect

    def withdraw_invitation(self, c: WithdrawInvitation) -> Decision:
        if refusal := self.unreachable(c.inviter, c.invitee):
            return refusal
        latest = self.latest_invitation(c.inviter, c.invitee)
        if latest and latest.state == "withdrawn":
            return ALREADY_SO
        if not (invitation := self.open_invitation(c.inviter, c.invitee)):
            return "no_invitation"
        return lambda: vars(invitation).update(state="withdrawn", withdrawn_at=self.now)

    def reply_to_invitation(self, c: ReplyToInvitation) -> Decision:
        author = replying(c)
        other = c.invitee if author == c.inviter else c.inviter
        if refusal := self.unreachable(author, other):
            return refusal
        invitation = self.open_invitation(c.inviter, c.invitee)
        if not invitation or (c.kind != "answer" and invitation.ignored):
            return "no_invitation"
        if c.kind == "answer" and not any(kind == "ask" for _, kind, _ in invitation.thread):
            return "nothing_asked"
        text = c.text or ""
        if c.kind == "suggest_follow":
            if not self.may_follow(c.inviter, c.invitee):  # S20
                return "not_followable"
            text = text or self.value(c.invitee, "suggest_follow_text") or ""  # S19
        if refusal := self.bad_text(text, self.policy.reply_length, may_be_empty=c.kind == "suggest_follow"):
            return refusal

        def effect() -> None:
            invitation.thread.append((author, str(c.kind), text))
            position = self.position()
            if not (author == c.inviter and invitation.ignored):  # N2: the recipient has ignored the thread
                self.tell(other, "reply", author, invitation, position)

        return effect
