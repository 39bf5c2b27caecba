"""Importing a history: rows of files become commands."""
