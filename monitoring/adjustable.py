"""Outcomes by which creatorcast recalibrate may adjust a model."""

from dataclasses import dataclass

import pandas as pd

from features.number_text import pluralize
from models.recalibration import ENOUGH_CREATORS, ENOUGH_OUTCOMES
from monitoring.scores import creator_codes, outcome_rows


@dataclass(frozen=True)
class Adjustable:
    """How many outcomes a recalibration may use, and of how many creators."""

    outcomes: int
    creators: int

    @property
    def missing(self) -> str:
        """Say what a recalibration lacks, "" where nothing."""
        lacking = (
            (ENOUGH_OUTCOMES - self.outcomes, "further outcome"),
            (ENOUGH_CREATORS - self.creators, "further creator"),
        )
        return " and ".join(pluralize(f"{n:,}", what) for n, what in lacking if n > 0)


def has_own_table(rows: pd.DataFrame) -> pd.Series:
    """Return a mask of the forecasts that one conformal table gave: no packages, running posts or
    forecasts that were bounded by views.
    """
    return rows["location"].notna() & rows["scale"].notna()


def adjustable_by(matched: pd.DataFrame, versions: set[str]) -> Adjustable:
    """Return what a recalibration may use of matched forecasts, by bundles of the same boosters."""
    rows = outcome_rows(matched[matched["model_version"].isin(versions)])
    rows = rows[has_own_table(rows) & rows["posted_at"].notna()]
    return Adjustable(len(rows), len(set(creator_codes(rows))))
