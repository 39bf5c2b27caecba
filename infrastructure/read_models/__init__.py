"""Read models: their store, what keeps them up with the log, and their rebuild."""
