"""The values of the policy: every business limit as data."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.identifiers import MemberId
from domain.text import Text

MODERATORS_MAX = 1_000
"""How many moderators a policy can name."""

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Limit = Count | None
Fraction = Annotated[float, Field(ge=0, le=1)]


class Policy(BaseModel):
    """The values in force at one time. Lengths in characters; None: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    note_length: Limit = 300
    reply_length: Limit = 2_000
    name_length: Limit = 100
    headline_length: Limit = 220
    post_length: Limit = 3_000
    title_length: Limit = 150
    body_length: Limit = 120_000
    hashtags_per_item: Limit = 30
    default_note: Annotated[Text, Field(min_length=1)] = "I would like to connect with you."
    invitations_per_week: Limit = 100
    cooldown_days: Days = 21
    invitation_expiry_days: Days | None = 180
    connections_cap: Limit = 30_000
    strikes: Limit = 5
    reblock_wait_hours: Annotated[int, Field(ge=0, le=876_000)] = 48
    backfill_items: Limit = 20
    backfill_days: Days | None = 30
    status_updates_to_followers: Literal["always", "never"] | Fraction = "always"
    feed_push_followers_max: Count = 0
    feed_push_dormant_days: Days | None = 30
    moderators: Annotated[tuple[MemberId, ...], Field(strict=False, max_length=MODERATORS_MAX)] = ()

    def changed(self, values: dict[str, Any]) -> "Policy":
        """This policy with recorded values in place of its own. What it does not know or cannot take (a newer release
        wrote it, or the log was tampered with, which verifying the log shows) leaves it as it was."""
        known = {name: value for name, value in values.items() if name in Policy.model_fields}
        try:
            return Policy.model_validate(self.model_dump() | known)
        except ValidationError as error:
            unfit = {each["loc"][0] for each in error.errors()}
            return Policy.model_validate(
                self.model_dump() | {name: value for name, value in known.items() if name not in unfit}
            )


DEFAULT_POLICY = Policy()
