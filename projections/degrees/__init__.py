"""The graph of connections in memory, and what is asked of it: degrees, paths, suggestions."""
