"""What may happen in the network: commands, the events they make, and the rules that decide. Pure: no I/O, clock or
chance."""

from domain.actor_view import ActorView
from domain.catalogue import COMMANDS
from domain.decision import Command
from domain.items import Audience, PostKind
from domain.members.member_events import (
    ConnectionsVisibility,
    FollowerSetting,
    InvitationPolicy,
    MemberKind,
    PrimaryAction,
    Recognition,
    Visibility,
    WhoMayInvite,
)
from domain.members.membership import (
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangePrimaryEmail,
    ChangeProfile,
    EraseMember,
    HibernateMember,
    ReactivateMember,
    RegisterMember,
)
from domain.members.moderation import LiftRestriction, RecognizeMember, RestrictMember, WithdrawRecognition
from domain.notices import MarkNoticesRead
from domain.policy import ChangePolicy
from domain.policy_values import Policy
from domain.publishing import DeletePost, PublishArticle, PublishPost, SharePost
from domain.refusals import ADVISORIES, REFUSALS, Refused
from domain.relationships.blocking import BlockMember, UnblockMember
from domain.relationships.connections import DismissSuggestion, RemoveConnection
from domain.relationships.following import (
    ChangeFollowerSetting,
    Follow,
    FollowHashtag,
    MuteMember,
    RemoveFollower,
    Unfollow,
    UnfollowHashtag,
    UnmuteMember,
)
from domain.relationships.following_events import FollowOrigin
from domain.relationships.invitation_events import IgnoreReason, ReplyKind
from domain.relationships.invitation_threads import ReplyToInvitation
from domain.relationships.invitations import (
    AcceptInvitation,
    ChangeInvitationPolicy,
    ChangeWhoMayInvite,
    IgnoreInvitation,
    SendInvitation,
    WithdrawInvitation,
)

__all__ = [
    "ADVISORIES",
    "COMMANDS",
    "REFUSALS",
    "AcceptInvitation",
    "ActorView",
    "Audience",
    "BlockMember",
    "ChangeConnectionsVisibility",
    "ChangeEmailVisibility",
    "ChangeFollowerSetting",
    "ChangeInvitationPolicy",
    "ChangePolicy",
    "ChangePrimaryEmail",
    "ChangeProfile",
    "ChangeWhoMayInvite",
    "Command",
    "ConnectionsVisibility",
    "DeletePost",
    "DismissSuggestion",
    "EraseMember",
    "Follow",
    "FollowHashtag",
    "FollowOrigin",
    "FollowerSetting",
    "HibernateMember",
    "IgnoreInvitation",
    "IgnoreReason",
    "InvitationPolicy",
    "LiftRestriction",
    "MarkNoticesRead",
    "MemberKind",
    "MuteMember",
    "Policy",
    "PostKind",
    "PrimaryAction",
    "PublishArticle",
    "PublishPost",
    "ReactivateMember",
    "Recognition",
    "RecognizeMember",
    "Refused",
    "RegisterMember",
    "RemoveConnection",
    "RemoveFollower",
    "ReplyKind",
    "ReplyToInvitation",
    "RestrictMember",
    "SendInvitation",
    "SharePost",
    "UnblockMember",
    "Unfollow",
    "UnfollowHashtag",
    "UnmuteMember",
    "Visibility",
    "WhoMayInvite",
    "WithdrawInvitation",
    "WithdrawRecognition",
]
