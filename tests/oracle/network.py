"""The network as plain sets, decided by the rules alone and without a thought of speed: an oracle for the real one.

`handle` decides and changes the sets; `recorded` tells at which positions the real log has what came of it.
The sets are in state.py, the decisions about invitations in invitations.py and about items in publishing.py, what
members are shown in queries.py and feed.py.
"""

from typing import Any

from oracle.invitations import NaiveInvitations, replying
from oracle.publishing import NaivePublishing
from oracle.state import ALREADY_SO, Decision, Member
from pydantic import ValidationError

from domain import (
    AcceptInvitation,
    BlockMember,
    ChangePolicy,
    ChangeProfile,
    Command,
    DeletePost,
    DismissSuggestion,
    EraseMember,
    Follow,
    FollowHashtag,
    HibernateMember,
    IgnoreInvitation,
    LiftRestriction,
    MarkNoticesRead,
    MuteMember,
    Policy,
    PublishArticle,
    PublishPost,
    ReactivateMember,
    RecognizeMember,
    RegisterMember,
    RemoveConnection,
    RemoveFollower,
    ReplyToInvitation,
    RestrictMember,
    SharePost,
    UnblockMember,
    Unfollow,
    UnfollowHashtag,
    UnmuteMember,
    WithdrawRecognition,
)
from domain.identifiers import HOUR

MODERATION = (RestrictMember, LiftRestriction, RecognizeMember, WithdrawRecognition, ChangePolicy)
ACTING = ("inviter", "follower", "blocker", "muter", "author", "sharer", "member")
DEFAULTS = {
    "email_visibility": "connections",
    "connections_visibility": "connections",
    "invitation_policy": "review",
    "who_may_invite": "anyone",
    "primary_action": "connect",
}
SETTINGS = {
    "ChangePrimaryEmail": ("primary_email", "primary_email"),
    "ChangeEmailVisibility": ("visibility", "email_visibility"),
    "ChangeConnectionsVisibility": ("visibility", "connections_visibility"),
    "ChangeFollowerSetting": ("setting", "follower_setting"),
    "ChangeInvitationPolicy": ("setting", "invitation_policy"),
    "ChangeWhoMayInvite": ("setting", "who_may_invite"),
}
"""Commands that replace one value of a member: by which field, and which value."""
OF_PERSONS = ("ChangeFollowerSetting", "ChangeInvitationPolicy", "ChangeWhoMayInvite")


class NaiveNetwork(NaiveInvitations, NaivePublishing):
    # The door

    def handle(self, command: Command, now: int, actor: str | None = None, command_id: str | None = None) -> str:
        """Says "accepted", "already_so" or a refusal code. `recorded` has to be called after something was accepted,
        or found already so with a command id, for the first time."""
        assert self.unrecorded is None, "the command before was accepted, and nobody said at which positions"
        assert now >= self.now, "time only moves forward"
        self.now = now
        if command_id in self.answered:  # E14, E15
            *first, answer = self.answered[command_id]
            return answer if first == [command, actor] else "command_reused"
        decision = self.decide(command, actor)
        if isinstance(decision, str) and (command_id is None or decision != ALREADY_SO):
            return decision
        self.facts_made = 0
        answer = "accepted"
        if isinstance(decision, str):
            answer = decision
        else:
            decision()
        if command_id is not None:
            self.answered[command_id] = command, actor, answer
        self.unrecorded = (command, now, actor, command_id)
        return answer

    def recorded(self, first: int, last: int, share_id: str | None = None) -> None:
        """The accepted command's events have the positions first to last; a share has this id."""
        assert self.unrecorded is not None, "nothing was accepted"
        assert first == self.last_position + 1, "the log has something that the model was not told"
        assert max(self.facts_made, 1) <= last - first + 1, "fewer events than facts"
        if isinstance(self.unrecorded[0], SharePost) and self.facts_made:
            assert share_id is not None, "a share needs its id"
            self.shares[-1].share = share_id
        self.actions.append((*self.unrecorded, first, last, share_id))
        self.last_position, self.unrecorded = last, None

    def as_of(self, position: int) -> "NaiveNetwork":
        """The network after the last command whose events all stand up to the position, at that command's time."""
        former = NaiveNetwork()
        for command, now, actor, command_id, first, last, share_id in self.actions:
            if last <= position:
                assert former.handle(command, now, actor, command_id) in ("accepted", ALREADY_SO)
                former.recorded(first, last, share_id)
        return former

    def would(self, command: Command) -> str:
        """What `handle` would say now, with nothing done."""
        decision = self.decide(command, None)
        return decision if isinstance(decision, str) else "accepted"

    def acting(self, command: Any) -> str:
        if isinstance(command, AcceptInvitation | IgnoreInvitation):
            return command.invitee
        if isinstance(command, ReplyToInvitation):
            return replying(command)
        if isinstance(command, RemoveFollower):
            return command.followee
        return str(next(getattr(command, name) for name in ACTING if hasattr(command, name)))

    def may_not_act(self, command: Any, actor: str | None) -> str | None:
        """X18, X19."""
        moderator = actor in self.policy.moderators
        if isinstance(command, MODERATION):
            return None if actor is None or moderator else "not_yours"
        by_moderator = moderator and isinstance(command, DeletePost | EraseMember)
        if actor is not None and actor != self.acting(command) and not by_moderator:
            return "not_yours"
        if isinstance(command, RegisterMember) or by_moderator:
            return None
        member = self.members.get(self.acting(command))
        if member is None or member.erased:
            return "unknown_member"
        if isinstance(command, ReactivateMember | EraseMember):  # returning, and leaving for good, are always allowed
            return None
        if isinstance(command, HibernateMember) and not member.restricted:  # given again, it is already so
            return None
        return "inactive" if member.hibernated or member.restricted else None

    def decide(self, command: Any, actor: str | None) -> Decision:
        refusal = self.may_not_act(command, actor)
        if refusal:
            return refusal
        match command:
            case RegisterMember():
                return self.register(command)
            case HibernateMember() | ReactivateMember() | RestrictMember() | LiftRestriction():
                return self.overlay(command)
            case RecognizeMember() | WithdrawRecognition():
                return self.recognition(command)
            case MuteMember() | UnmuteMember():
                return self.mute(command)
            case FollowHashtag() | UnfollowHashtag():
                return self.hashtag(command)
            case PublishPost() | PublishArticle():
                return self.publish(command)
        if type(command).__name__ in SETTINGS:
            return self.setting(command)
        name = type(command).__name__
        decision: Decision = getattr(self, "".join("_" + c.lower() if c.isupper() else c for c in name)[1:])(command)
        return decision

    # Members

    def register(self, c: RegisterMember) -> Decision:
        if c.member in self.members:
            known = self.members[c.member]
            return ALREADY_SO if known.registration == c and not known.erased else "already_registered"
        values = DEFAULTS | {"name": c.name, "primary_email": c.primary_email}
        refusal = self.bad_text(c.name, self.policy.name_length)
        return refusal or (lambda: self.members.update({c.member: Member(c, values)}))

    def change_profile(self, c: ChangeProfile) -> Decision:
        given = {name: value for name, value in c.model_dump(exclude={"member"}).items() if value is not None}
        limits = {
            "name": self.policy.name_length,
            "headline": self.policy.headline_length,
            "suggest_follow_text": self.policy.reply_length,
        }
        for name in limits.keys() & given.keys():
            if refusal := self.bad_text(given[name], limits[name], may_be_empty=name != "name"):
                return refusal
        values = self.members[c.member].values
        return ALREADY_SO if values | given == values else (lambda: values.update(given))

    def setting(self, c: Any) -> Decision:
        given, name = SETTINGS[type(c).__name__]
        if type(c).__name__ in OF_PERSONS and self.is_page(c.member):
            return "not_a_person"
        values = self.members[c.member].values
        value = getattr(c, given)
        return ALREADY_SO if values.get(name) == value else (lambda: values.update({name: value}))

    def overlay(self, c: Any) -> Decision:
        """X15: hibernation and restriction each end by themselves."""
        if c.member not in self.members or self.members[c.member].erased:
            return "not_available"
        begins = isinstance(c, HibernateMember | RestrictMember)
        name = "hibernated" if isinstance(c, HibernateMember | ReactivateMember) else "restricted"
        member = self.members[c.member]
        if getattr(member, name) == begins:
            return ALREADY_SO

        def effect() -> None:
            setattr(member, name, begins)
            position = self.position()
            if not self.hidden(c.member):
                member.returned = position

        return effect

    def erase_member(self, c: EraseMember) -> Decision:
        if c.member not in self.members:  # a moderator names somebody who never was there
            return "not_available"
        if self.members[c.member].erased:
            return ALREADY_SO

        def effect() -> None:
            self.members[c.member].erased = True
            for other in self.members:
                self.sever(c.member, other)

        return effect

    def recognition(self, c: Any) -> Decision:
        if c.member not in self.members or self.members[c.member].erased:
            return "not_available"
        held, given = self.members[c.member].recognitions, isinstance(c, RecognizeMember)
        if (c.recognition in held) == given:
            return ALREADY_SO
        return lambda: held.add(c.recognition) if given else held.discard(c.recognition)

    # Connections, following, privacy

    def remove_connection(self, c: RemoveConnection) -> Decision:
        if refusal := self.never_known(c.member, c.other):
            return refusal
        stands = self.stands_connected(c.member, c.other)
        return (lambda: self.disconnect(c.member, c.other)) if stands else ALREADY_SO

    def dismiss_suggestion(self, c: DismissSuggestion) -> Decision:
        if refusal := self.unreachable(c.member, c.other):
            return refusal
        if self.stands_connected(c.member, c.other):
            return "already_connected"
        pair = (c.member, c.other)
        return ALREADY_SO if pair in self.dismissed else (lambda: self.dismissed.add(pair))

    def follow(self, c: Follow) -> Decision:
        if refusal := self.unreachable(c.follower, c.followee):
            return refusal
        if self.narrowed(c.follower, c.followee):  # X10: the follow that is hidden meanwhile cannot be repeated
            return "not_followable"
        if (c.follower, c.followee) in self.follows:
            return ALREADY_SO
        if not self.may_follow(c.follower, c.followee):
            return "not_followable"
        return lambda: self.start_following(c.follower, c.followee, automatic=False)

    def unfollow(self, c: Unfollow) -> Decision:
        refusal = self.never_known(c.follower, c.followee)
        return refusal or self.end_follow(c.follower, c.followee)

    def remove_follower(self, c: RemoveFollower) -> Decision:
        refusal = self.never_known(c.followee, c.follower)
        return refusal or self.end_follow(c.follower, c.followee)

    def end_follow(self, follower: str, followee: str) -> Decision:
        return (lambda: self.follows.pop((follower, followee))) if (follower, followee) in self.follows else ALREADY_SO

    def mute(self, c: MuteMember | UnmuteMember) -> Decision:
        pair, begins = (c.muter, c.muted), isinstance(c, MuteMember)
        if refusal := self.unreachable(*pair) if begins else self.never_known(*pair):
            return refusal
        if (pair in self.mutes) == begins:
            return ALREADY_SO
        return lambda: self.mutes.add(pair) if begins else self.mutes.discard(pair)

    def block_member(self, c: BlockMember) -> Decision:
        if refusal := self.never_known(c.blocker, c.blocked):
            return refusal
        pair = (c.blocker, c.blocked)
        if pair in self.blocks:
            return ALREADY_SO
        lifted = self.unblocked_at.get(pair)
        if lifted is not None and self.now < lifted + self.policy.reblock_wait_hours * HOUR:
            return "block_too_soon"

        def effect() -> None:
            self.blocks.add(pair)
            self.last_blocks[frozenset(pair)] = self.position()
            self.sever(*pair)

        return effect

    def unblock_member(self, c: UnblockMember) -> Decision:
        if refusal := self.never_known(c.blocker, c.blocked):
            return refusal
        pair = (c.blocker, c.blocked)
        if pair not in self.blocks:
            return ALREADY_SO

        def effect() -> None:
            self.blocks.discard(pair)
            self.unblocked_at[pair] = self.now

        return effect

    def hashtag(self, c: FollowHashtag | UnfollowHashtag) -> Decision:
        followed, begins = self.members[c.member].hashtags, isinstance(c, FollowHashtag)
        if (c.hashtag in followed) == begins:
            return ALREADY_SO
        return lambda: followed.update({c.hashtag: self.position()}) if begins else followed.pop(c.hashtag)

    # Notices, policy

    def mark_notices_read(self, c: MarkNoticesRead) -> Decision:
        member = self.members[c.member]
        last = self.last_position
        if min(c.up_to, last) <= member.read_up_to:
            return ALREADY_SO
        # N3: a position beyond the last means the last, which is that of this very act once it is recorded.
        return lambda: vars(member).update(read_up_to=c.up_to if c.up_to <= last else last + 1)

    def change_policy(self, c: ChangePolicy) -> Decision:
        instant = self.now if c.effective_from is None else c.effective_from
        if instant < self.now:
            return "effective_in_past"
        in_force = self.policy_at(instant)
        try:
            changed = Policy(**in_force.model_dump() | c.values)
        except ValidationError:
            return "invalid_policy"
        if changed == in_force:
            return ALREADY_SO
        return lambda: self.policy_changes.append((instant, self.position(), c.values))
