"""The truth of the demo market, and the oracle that answers from it: the noise ceiling of every
forecast.

`expected_log_engagements` is the one mean of a post's engagements; the generator draws from it and
the oracle answers with it. Only the generator and the backtest use this module; nothing else may
read truth/.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from features.tables.vocabulary import FORMATS, HORIZON_DAYS, NICHES
from training.simulate.parameters import brand_fit_matrix
from training.simulate.truth import (
    MarketTruth,
    OracleError,
    expected_log_engagements,
    standard_noise,
)

_CHUNK = 500


@dataclass(frozen=True)
class _OracleQueries:
    """Questions as arrays of shape (n,): codes are -1 and `sponsored` is NaN where unknown."""

    row: np.ndarray
    day: np.ndarray
    age_days: np.ndarray
    format: np.ndarray
    sponsored: np.ndarray
    brand: np.ndarray
    deliverables: np.ndarray

    def __getitem__(self, part: slice) -> "_OracleQueries":
        return _OracleQueries(*(value[part] for value in vars(self).values()))


class Oracle:
    """Answers from the true distribution, given the creator's true level at start_at.

    Questions are a frame with `creator_id`, `start_at` (UTC), and where known `format`,
    `sponsored`, `brand_niche`, `deliverables` (1) and `age_days` at which each post is read
    (HORIZON_DAYS). What is missing is averaged over: the creator's own formats and share of
    sponsored posts, the market's brands. Deliverables follow one another at
    `market.deliverable_gap_days`. Beyond the market's months the level stays where it is.

    The post's noise is stratified over `draws` points and the counts are drawn with `seed`. With
    the default of 1,024 the 10, 50 and 90 % quantiles of ln engagements of one post lie within 0.02
    of the truth in the mean (0.05 where fewer than 20 are expected), of several deliverables
    likewise within 0.02.
    """

    def __init__(self, truth: MarketTruth, draws: int = 1024, seed: int = 0):
        self.truth, self.draws, self.seed = truth, draws, seed
        market = truth.market
        self._strata = (np.arange(draws) + 0.5) / draws
        self._noise = standard_noise(stats.t.ppf(self._strata, market.noise_df), market)
        self._mix = truth.creators[[f"mix_{name}" for name in FORMATS]].to_numpy().cumsum(axis=1)
        self._niche = pd.Index(NICHES).get_indexer(truth.creators["niche"])
        self._known = pd.Index(truth.creators["creator_id"])

    @classmethod
    def read(cls, folder: Path | str, draws: int = 1024, seed: int = 0) -> "Oracle":
        """Read the truth of a simulated data set from its folder. Raises OracleError where it has
        none.
        """
        return cls(MarketTruth.read(Path(folder) / "truth"), draws, seed)

    def quantiles(self, questions: pd.DataFrame, probabilities: list[float]) -> np.ndarray:
        """Return quantiles of ln(1 + engagements) of one post, shape (questions, probabilities)."""
        parts = [
            np.quantile(np.log1p(counts), probabilities, axis=1, method="hazen").T
            for counts in self._chunks(questions.assign(deliverables=1))
        ]
        return np.vstack([np.empty((0, len(probabilities))), *parts])

    def crps(self, questions: pd.DataFrame, y: np.ndarray) -> np.ndarray:
        """Return the continuous ranked probability score of the true distribution at y = ln(1 +
        engagements) of a post.

        CRPS = E|X - y| - E|X - X'| / 2, over the draws.
        """
        rank = (2 * np.arange(1, self.draws + 1) - self.draws - 1) / self.draws**2
        scores, at = np.empty(len(questions)), 0
        for counts in self._chunks(questions.assign(deliverables=1)):
            part = slice(at, at := at + len(counts))
            draws = np.log1p(counts)
            scores[part] = np.abs(draws - np.asarray(y)[part, None]).mean(axis=1) - draws @ rank
        return scores

    def pit(self, questions: pd.DataFrame, engagements: np.ndarray) -> np.ndarray:
        """Return the randomised probability integral transform of observed totals: uniform where
        the oracle is right.
        """
        rng = np.random.default_rng(self.seed + 1)
        values, at = np.empty(len(questions)), 0
        for counts in self._chunks(questions):
            part = slice(at, at := at + len(counts))
            seen = np.asarray(engagements, dtype=float)[part, None]
            below, equal = (counts < seen).mean(axis=1), (counts == seen).mean(axis=1)
            values[part] = below + rng.random(len(below)) * np.maximum(equal, 1 / self.draws)
        return np.minimum(values, 1.0)

    def _chunks(self, questions: pd.DataFrame) -> Iterator[np.ndarray]:
        asked = self._asked(questions)
        rng = np.random.default_rng(self.seed)
        for start in range(0, len(questions), _CHUNK):
            yield np.sort(self._totals(asked[start : start + _CHUNK], rng), axis=1)

    def _asked(self, questions: pd.DataFrame) -> _OracleQueries:
        rows = self._known.get_indexer(questions["creator_id"])
        if (rows < 0).any():
            unknown = questions["creator_id"].iloc[int(np.argmin(rows))]
            raise OracleError(
                f"creator_id {unknown!r} has no truth: ask for creators of this simulated data set"
            )
        start_at = pd.to_datetime(questions["start_at"], utc=True)
        if start_at.isna().any():
            raise OracleError("start_at is missing: the oracle needs the moment of every question")

        def numbers(name: str, otherwise: float) -> np.ndarray:
            values = (
                questions[name]
                if name in questions
                else pd.Series(otherwise, index=questions.index)
            )
            return values.astype("Float64").to_numpy(dtype=float, na_value=otherwise)

        def codes(name: str, allowed: tuple[str, ...]) -> np.ndarray:
            return (
                pd.Index(allowed).get_indexer(questions[name])
                if name in questions
                else np.full(len(rows), -1)
            )

        return _OracleQueries(
            row=rows,
            day=(
                (start_at - pd.Timestamp(self.truth.market.start, tz="UTC")) / pd.Timedelta(days=1)
            ).to_numpy(),
            age_days=numbers("age_days", HORIZON_DAYS),
            format=codes("format", FORMATS),
            sponsored=numbers("sponsored", np.nan),
            brand=codes("brand_niche", NICHES),
            deliverables=numbers("deliverables", 1.0).astype(int),
        )

    def _totals(self, asked: _OracleQueries, rng: np.random.Generator) -> np.ndarray:
        total = np.zeros((len(asked.row), self.draws))
        gap = self.truth.market.deliverable_gap_days
        for nth in range(asked.deliverables.max(initial=0)):
            due = (asked.deliverables > nth)[:, None]
            total += np.where(due, self._posts(asked, asked.day + nth * gap, rng), 0)
        return total

    def _posts(
        self, asked: _OracleQueries, day: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        creators, market, row = self.truth.creators, self.truth.market, asked.row[:, None]
        formats, sponsored, fit = self._circumstances(asked, rng)
        mean = expected_log_engagements(
            creators, row, day[:, None], formats, sponsored, fit, market
        )
        noise = creators["post_sd"].to_numpy()[row] * rng.permutation(self._noise)
        platforms = creators["platform"].to_numpy()[asked.row]
        accrued = np.empty(len(platforms))
        for name, platform in market.platforms.items():
            accrued[platforms == name] = platform.accrued_share(asked.age_days[platforms == name])
        return rng.poisson(np.exp(mean + noise) * accrued[:, None])

    def _circumstances(
        self, asked: _OracleQueries, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return format, sponsored and fit, shape (n, draws): as asked, or drawn where unknown."""
        row = asked.row[:, None]
        chance = [rng.permutation(self._strata) for _ in range(3)]
        mix = (chance[0][None, :, None] > self._mix[asked.row][:, None, :-1]).sum(axis=2)
        formats = np.where(asked.format[:, None] >= 0, asked.format[:, None], mix)
        share = self.truth.creators["sponsored_share"].to_numpy()[row]
        unknown = np.isnan(asked.sponsored)[:, None]
        sponsored = np.where(unknown, chance[1] < share, asked.sponsored[:, None] > 0)
        usual = np.searchsorted(np.cumsum(self.truth.market.fit_shares)[:-1], chance[2]) / 2
        fit = np.where(
            asked.brand[:, None] >= 0,
            brand_fit_matrix()[self._niche[row], asked.brand[:, None]],
            usual,
        )
        return formats, sponsored, fit
