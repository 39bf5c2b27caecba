"""Members: joining and leaving, profiles and what of them others see, and what moderators do to members.

The commands and their decisions are in `membership.py` and `moderation.py`, the events in `member_events.py`. All
decisions read one decision model, the member.
"""
