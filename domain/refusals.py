"""Refusals: the codes with which a command is turned down, each with its meaning and what to do (X20).

The codes are stable: they are part of the interface. `docs/rules.md` lists them, and beside each command those that it
can give; a test compares its tables with this one and with the deciders.
"""

from domain.errors import CodedError

REFUSALS: dict[str, str] = {
    "already_connected": "The two are connected already. Nothing needs to be done.",
    "already_registered": "This id is registered with other content. Use another id, or change the profile.",
    "block_too_soon": "You lifted a block on this member a short while ago. Wait until the re-block wait is over.",
    "blocked_by_you": "You have blocked this member. Unblock them first.",
    "command_reused": "This command id was used for other content, or by another actor. Use a new id.",
    "connections_cap": "One of the two has as many connections as the policy allows. Remove one first.",
    "cooling_down": "You withdrew an invitation to this member. Wait until the cool-down is over.",
    "effective_in_past": "A policy cannot take effect before now. Give an instant from now on, or none.",
    "email_required": "This member is invited by giving their primary email. Give the address they use.",
    "empty_text": "The text is empty after trimming. Write something.",
    "inactive": "The acting member is hibernated or restricted. Reactivate, or have the restriction lifted, first.",
    "invitation_limit": "The inviter has sent as many invitations as the policy allows in seven days. Wait.",
    "invalid_policy": "The policy has no such value, or the value does not fit it. See the table of policy values.",
    "item_exists": "An item with this id was published before, with other content or deleted since. Use another id.",
    "no_invitation": "There is no pending invitation to answer. It was never sent, was withdrawn, or has expired.",
    "not_a_person": "This is for persons; a page is followed, not invited, and has no follower setting.",
    "not_available": "The member or item is not available.",
    "not_followable": "Strangers cannot follow this member. Connect with them instead.",
    "not_shareable": "This item was published to connections only and cannot be shared.",
    "not_yours": "The actor is neither the member the command acts for nor a moderator allowed to do this.",
    "nothing_asked": "The recipient has asked nothing in this thread. There is nothing to answer.",
    "self": "A member cannot do this to themselves. Name another member.",
    "too_long": "The text is longer than the policy allows. Shorten it.",
    "unknown_member": "The acting member is not registered. Register them first.",
}

QUERY_REFUSALS: dict[str, str] = {
    "bad_as_of": "The as-of point is no position of the log and no time that has been. Give a position from 0 to the"
    " log's head, or a time with its zone up to now.",
    "bad_box": "There is no such box. Use received, sent, archived or barred.",
    "bad_cursor": "This cursor was not made by a page of this query. Start again without one.",
    "bad_filter": "No invitation can pass this filter. Ask for custom or default notes, and for degrees from 1 to 3.",
    "bad_hashtag": "A hashtag is made of letters, digits or _, with or without # before it.",
    "bad_limit": "The number of rows does not fit. Ask for from 1 to 1000.",
    "blocked_by_you": REFUSALS["blocked_by_you"],
    "not_available": REFUSALS["not_available"],
    "not_yours": "What two members have in common is shown to one of the two, and to the host. Ask as one of them.",
    "projection_stopped": "A read model has stopped at an event it cannot take. See its status; mend, then rebuild it.",
}
"""The codes with which a query is turned down."""


class Refused(CodedError):
    """A command was turned down and nothing was recorded, or a query has no answer. Without a detail of its own it says
    what its code means."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code, detail or REFUSALS.get(code) or QUERY_REFUSALS[code])


ADVISORIES: dict[str, str] = {
    "customize_note": "The default note was used; a note of your own tells them why (S10).",
    "email_shared": "As connections, each of you can read the other's primary email where its visibility allows (S27).",
    "flagged_sender": "Several members have answered this sender's invitations with spam or do_not_know (S26).",
}
"""What an accepted command may tell its caller, by code."""
