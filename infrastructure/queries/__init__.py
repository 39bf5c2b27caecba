"""The queries of a network, their arguments, their pages, and what is kept in memory for them."""
