"""Feeds, hashtag pages and lists of items: which items a member sees, pulled or pushed."""
