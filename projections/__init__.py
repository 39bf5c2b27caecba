"""What the log adds up to: read models as intervals, and their queries. Pure: no I/O, clock or chance."""
