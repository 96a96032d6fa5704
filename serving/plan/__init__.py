"""Which partnerships to sign within a budget: options, scenarios, a mixed-integer program, and the
plan that comes of it.
"""
