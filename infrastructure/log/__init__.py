"""The log of events: its interface, and the logs in memory and in SQLite that keep it."""
