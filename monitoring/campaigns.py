"""The campaigns that a ledger has, and how far each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ledger.matched_forecasts import STATUSES, Match


@dataclass(frozen=True)
class Campaign:
    """A campaign of the ledger.

    - `forecasts`: all that were made for it, of which `after` are of posts that were online
    - `first`, `last`: when the first and the last one were made, microseconds UTC
    - `statuses`: its partnerships by status; their number is the sum
    """

    name: str
    forecasts: int
    after: int
    first: int
    last: int
    statuses: Mapping[str, int]

    @property
    def partnerships(self) -> int:
        """How many partnerships it has, each counted once however often it was forecast."""
        return sum(self.statuses.values())


def campaigns_of(match: Match) -> list[Campaign]:
    """Return the campaigns of a ledger, the one with the newest forecast first.

    Partnerships and statuses are those that the review of the campaign has.
    """
    columns = ["campaign", "door", "made_at", "status"]
    named = match.forecasts[columns].assign(group=match.group, rank=match.rank)
    named = named[named["campaign"].notna()]
    before = named[named["door"] != "track"]
    latest = before.loc[before.groupby(["campaign", "group"])["rank"].idxmax()]
    counts = pd.crosstab(latest["campaign"], latest["status"])
    counts = counts.reindex(columns=list(STATUSES), fill_value=0)
    found = [
        Campaign(
            str(name),
            len(rows),
            int((rows["door"] == "track").sum()),
            int(rows["made_at"].min()),
            int(rows["made_at"].max()),
            {one: int(counts.loc[name, one]) if name in counts.index else 0 for one in STATUSES},
        )
        for name, rows in named.groupby("campaign")
    ]
    return sorted(found, key=lambda one: (-one.last, one.name))
