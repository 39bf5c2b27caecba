"""The command line: what `firstdegree` does, shows and explains."""
