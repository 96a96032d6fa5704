"""The demo market: a simulation with known truth."""
