"""Handling commands: from a request, by a decision on recorded state, to events appended to the log."""
