"""How training rows are drawn and weighted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sampling:
    """How training rows are drawn and weighted.

    - `longest_lead_days`: longest time between a query and its post
    - `per_post`: queries for each post
    - `summary_share`, `profile_share`: shares of rows that show averages only, or no posts
    - `content_share`: share of rows that show the planned content
    - `creator_power`: the total weight of a creator's rows is raised to 1 - creator_power, so that
      creators with many posts count for less
    - `half_life_days`: age at which a post has half of its weight
    """

    longest_lead_days: float = 120.0
    per_post: int = 3
    summary_share: float = 0.15
    profile_share: float = 0.15
    content_share: float = 0.85
    creator_power: float = 0.5
    half_life_days: float = 365.0
    seed: int = 0
