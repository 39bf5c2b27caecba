"""A simulated network: members who act by chance from a seed, for demonstrations and benchmarks."""
