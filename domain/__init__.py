"""What may happen in the network: commands, the events they make, and the rules that decide. Pure: no I/O, clock or
chance."""

from domain.blocking import BlockMember, UnblockMember
from domain.catalogue import COMMANDS
from domain.connections import DismissSuggestion, RemoveConnection
from domain.decision import Command
from domain.following import (
    ChangeFollowerSetting,
    Follow,
    FollowerSetting,
    FollowHashtag,
    FollowOrigin,
    MuteMember,
    RemoveFollower,
    Unfollow,
    UnfollowHashtag,
    UnmuteMember,
)
from domain.invitation_threads import ReplyKind, ReplyToInvitation
from domain.invitations import (
    AcceptInvitation,
    ChangeInvitationPolicy,
    ChangeWhoMayInvite,
    IgnoreInvitation,
    IgnoreReason,
    InvitationPolicy,
    SendInvitation,
    WhoMayInvite,
    WithdrawInvitation,
)
from domain.items import Audience, PostKind
from domain.members import ConnectionsVisibility, MemberKind, PrimaryAction, Recognition, Visibility
from domain.membership import (
    ChangeConnectionsVisibility,
    ChangeEmailVisibility,
    ChangePrimaryEmail,
    ChangeProfile,
    EraseMember,
    HibernateMember,
    ReactivateMember,
    RegisterMember,
)
from domain.moderation import LiftRestriction, RecognizeMember, RestrictMember, WithdrawRecognition
from domain.notices import MarkNoticesRead
from domain.policy import ChangePolicy, Policy
from domain.publishing import DeletePost, PublishArticle, PublishPost, SharePost
from domain.refusals import ADVISORIES, REFUSALS, Refused

__all__ = [
    "ADVISORIES",
    "COMMANDS",
    "REFUSALS",
    "AcceptInvitation",
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
