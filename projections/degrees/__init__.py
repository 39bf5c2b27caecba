"""The graph of connections in memory, and what it answers: degrees, paths, suggestions."""
