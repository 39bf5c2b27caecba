"""What stands between two members: invitations, connections, follows, mutes and blocks.

The events of a concept are in a file beside it: `invitation_events.py` beside `invitations.py`. One decision model, the
pair, folds the events of all of them, and the decisions of each concept read that model.
"""
