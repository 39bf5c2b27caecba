"""What touches the world: the log, the handling of commands, the read models, their queries, and the command line."""
