"""Exact sums and the states that are made of them."""
