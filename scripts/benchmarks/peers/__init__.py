"""The eventsourcing library and PostgreSQL, as the benchmarks measure them beside the network."""
