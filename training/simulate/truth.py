"""The truth of the demo market, and the mean of a post that follows from it.

`expected_log_engagements` is the one mean of a post's engagements: the generator draws from it, and
the oracle answers with it. Only the generator and the backtest use it; nothing else may read
truth/.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.vocabulary import FORMATS
from training.simulate.parameters import MarketParameters

DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_WEEK = 7.0

_FRAMES = ("creators", "posts", "readings", "partnerships")


class OracleError(CreatorcastError):
    """The oracle cannot answer: there is no truth, or it lacks what a query names."""


@dataclass(frozen=True)
class MarketTruth:
    """What the generator knows and the tables do not show; it is written to truth/, beside the
    tables.

    - `creators`: a row for each creator: its `grade` (of AUTHENTICITY_GRADES), spreads, effects,
      shares of formats (`mix_<format>`), `level_<month>`, ln engagements at 30 days expected of an
      organic post at each month from the start of the data, and `momentum_<week>`, what is added
      to it in each week
    - `posts`: format, whether sponsored, `fit` of the brand, and `ln_expected`, ln engagements at
      30 days expected of the post before its own noise
    - `readings`: `engagements` and `views` of every post at each `age_days` of
      MarketParameters.truth_ages_days, also of what the tables hide, or do not know yet
    - `partnerships`: `ln_expected` of the first deliverable, and `age_days` at which the last one
      is read; those before it are read at the same moment

    "At 30 days" is MarketParameters.horizon_days.
    """

    creators: pd.DataFrame
    posts: pd.DataFrame
    readings: pd.DataFrame
    partnerships: pd.DataFrame
    market: MarketParameters

    def write(self, folder: Path) -> None:
        """Write the frames as Parquet and the market's parameters as market.json into a folder,
        which is made.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FRAMES:
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)
        (folder / "market.json").write_text(json.dumps(self.market.to_dict(), indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "MarketTruth":
        """Read what `write` wrote.

        Raises OracleError where it is not there, or of another version.
        """
        if not (folder / "market.json").exists():
            raise OracleError(
                f"{str(folder)!r} holds no truth: only a simulated data set has an oracle"
            )
        try:
            market = MarketParameters.from_dict(json.loads((folder / "market.json").read_text()))
            frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _FRAMES}
        except (KeyError, TypeError, FileNotFoundError) as error:
            raise OracleError(
                f"{str(folder)!r} holds the truth of another version: simulate the data set again"
            ) from error
        return cls(**frames, market=market)


def expected_log_engagements(
    creators: pd.DataFrame,
    rows: np.ndarray,
    days: np.ndarray,
    formats: np.ndarray,
    sponsored: np.ndarray,
    fit: np.ndarray,
    market: MarketParameters,
) -> np.ndarray:
    """Return ln engagements at 30 days expected of posts, before each post's own noise.

    - `rows`: positions in `creators` (MarketTruth.creators)
    - `days`: days since the market's start
    - `formats`: positions in FORMATS
    - `sponsored`: bool
    - `fit`: fit of the brand's niche, 0 to 1, used where sponsored

    The arrays broadcast.
    """
    levels = creators[level_columns(market)].to_numpy()
    momentum = creators[momentum_columns(market)].to_numpy()
    effects = creators[[f"effect_{name}" for name in FORMATS]].to_numpy()
    sponsored_effect = creators["sponsored_effect"].to_numpy()[rows]
    level = interpolate_paths(levels, rows, days) + timing_effect(days, market)
    level = level + np.where(is_changed(days, market), market.change_ln, 0.0)
    return (
        level
        + interpolate_paths(momentum, rows, days, DAYS_PER_WEEK)
        + effects[rows, formats]
        + np.where(sponsored, sponsored_effect + fit_effect(fit, market), 0.0)
    )


def level_columns(market: MarketParameters) -> list[str]:
    """Return the columns of MarketTruth.creators that hold the level, one a month."""
    return [f"level_{month:02d}" for month in range(market.months + 1)]


def momentum_columns(market: MarketParameters) -> list[str]:
    """Return the columns of MarketTruth.creators that hold the momentum, one a week."""
    weeks = int(np.ceil(market.months * DAYS_PER_MONTH / DAYS_PER_WEEK))
    return [f"momentum_{week:03d}" for week in range(weeks + 1)]


def interpolate_paths(
    path: np.ndarray, rows: np.ndarray, days: np.ndarray, step_days: float = DAYS_PER_MONTH
) -> np.ndarray:
    """Read paths of equal steps, shape (creators, steps + 1), at days since the start; constant
    beyond either end.
    """
    step = np.clip(days / step_days, 0, path.shape[1] - 1)
    before = np.minimum(step.astype(int), path.shape[1] - 2)
    weight = step - before
    return path[rows, before] * (1 - weight) + path[rows, before + 1] * weight


def timing_effect(days: np.ndarray, market: MarketParameters) -> np.ndarray:
    """Return the ln effect of weekday (best on Wednesday) and hour (best at 19 UTC)."""
    since_monday = np.datetime64(market.start, "D").astype(int) + 3 + days
    weekday = market.weekday_effect * np.cos(2 * np.pi * (np.floor(since_monday) - 2) / 7)
    return weekday + market.hour_effect * np.cos(2 * np.pi * (days - 19 / 24))


def fit_effect(fit: np.ndarray, market: MarketParameters) -> np.ndarray:
    """Return the ln effect of brand fit, an inverted U whose mean over the market's deals is 0."""
    curve = 1 - ((np.array([0.0, 0.5, 1.0]) - market.fit_best) / market.fit_best) ** 2
    mean = np.array(market.fit_shares) @ curve
    return market.fit_gain * (1 - ((fit - market.fit_best) / market.fit_best) ** 2 - mean)


def is_changed(days: np.ndarray, market: MarketParameters) -> np.ndarray:
    """Return whether the change of the market has come by these days since its start."""
    change = np.inf if market.change_day is None else market.change_day
    return np.asarray(days) >= change


def spread_factor(days: np.ndarray, market: MarketParameters) -> np.ndarray:
    """Return by how much the change of the market multiplies the noise of posts of these days."""
    return np.where(is_changed(days, market), market.change_spread, 1.0)


def standard_noise(student: np.ndarray, market: MarketParameters) -> np.ndarray:
    """Return draws of Student's t scaled to sd 1 and capped."""
    scaled = student * np.sqrt((market.noise_df - 2) / market.noise_df)
    return np.clip(scaled, -market.noise_cap, market.noise_cap)
