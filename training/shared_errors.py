"""What errors of different creators' forecasts have in common, from the scores of a backtest."""

import pandas as pd

from features.tables.vocabulary import EVIDENCE, UNKNOWN
from models.shared_shock import SharedShock, estimate_shared_shock


def shared_shock_of_scores(scores: pd.DataFrame, seed: int = 0) -> SharedShock:
    """Return the shared shock of the posts in a backtest's scores (training.backtest.evaluate): of
    creators that trained the fits, as known at signing with the best evidence there is.
    """
    rows = scores[(scores["asked"] == EVIDENCE[0]) & (scores["split"] == "seen")]
    known_niche = rows["niche"].where(rows["niche"] != UNKNOWN)
    return estimate_shared_shock(
        rows["pit"].to_numpy(),
        pd.factorize(rows["creator"])[0],
        pd.factorize(rows["platform"])[0],
        pd.factorize(known_niche)[0],
        pd.factorize(rows["cut"])[0],
        rows["lead_days"].to_numpy(),
        seed,
    )
