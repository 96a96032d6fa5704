"""How forecasts find their outcomes: what was read of each post, which posts are whose, and what
is judged.
"""
