"""What scripts/bench measures: a file for each row of the table in docs/performance.md, and what they share."""
