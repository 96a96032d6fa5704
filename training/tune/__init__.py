"""Tuning: a search for a better recipe inside of the training window, and whether it is better."""
