"""The oracle: forecasts from the truth of the demo market, the noise ceiling of every forecast."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from features.tables.vocabulary import FORMATS, NICHES
from training.simulate.accrual import ln_accrued
from training.simulate.parameters import brand_fit_matrix
from training.simulate.truth import (
    MarketTruth,
    OracleError,
    expected_log_engagements,
    spread_factor,
    standard_noise,
)

#: Queries whose draws are in memory at a time.
CHUNK_ROWS = 500


@dataclass(frozen=True)
class _OracleQueries:
    """Queries as arrays (n,): `row` of the creator in the truth, `day` since the market's start.

    Codes are -1 and `sponsored` is NaN where unknown.
    """

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

    Queries are a frame with `creator_id`, `start_at` (UTC), and where known `format`, `sponsored`,
    `brand_niche`, `deliverables` (1) and `age_days` of the last post when all are read
    (MarketParameters.horizon_days, 30). What is missing is averaged over: the creator's own formats
    and share of sponsored posts, the market's brands. Deliverables follow one another at
    `market.deliverable_gap_days`. Beyond the market's months the level stays where it is.

    The post's noise is stratified over `draws` points and the counts are drawn with `seed`. With
    the default of 1,024 the 10, 50 and 90 % quantiles of ln engagements of one post lie within 0.02
    of the truth in the mean (0.05 where fewer than 20 are expected).
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

    def quantiles(self, queries: pd.DataFrame, probabilities: list[float]) -> np.ndarray:
        """Return quantiles of ln(1 + engagements) of one post, (queries, probabilities)."""
        parts = [
            np.quantile(np.log1p(counts), probabilities, axis=1, method="hazen").T
            for counts in self._chunks(queries.assign(deliverables=1))
        ]
        return np.vstack([np.empty((0, len(probabilities))), *parts])

    def crps(self, queries: pd.DataFrame, y: np.ndarray) -> np.ndarray:
        """Return the CRPS of the truth at y = ln(1 + engagements) of a post, (queries,).

        CRPS = E|X - y| - E|X - X'| / 2, over the draws.
        """
        rank = (2 * np.arange(1, self.draws + 1) - self.draws - 1) / self.draws**2
        scores, at = np.empty(len(queries)), 0
        for counts in self._chunks(queries.assign(deliverables=1)):
            part = slice(at, at := at + len(counts))
            draws = np.log1p(counts)
            scores[part] = np.abs(draws - np.asarray(y)[part, None]).mean(axis=1) - draws @ rank
        return scores

    def pit(self, queries: pd.DataFrame, engagements: np.ndarray) -> np.ndarray:
        """Return the randomised probability integral transform of observed totals, (queries,).

        It is uniform where the oracle is right.
        """
        rng = np.random.default_rng(self.seed + 1)
        values, at = np.empty(len(queries)), 0
        for counts in self._chunks(queries):
            part = slice(at, at := at + len(counts))
            observed = np.asarray(engagements, dtype=float)[part, None]
            below, equal = (counts < observed).mean(axis=1), (counts == observed).mean(axis=1)
            values[part] = below + rng.random(len(below)) * np.maximum(equal, 1 / self.draws)
        return np.minimum(values, 1.0)

    def _chunks(self, queries: pd.DataFrame) -> Iterator[np.ndarray]:
        arrays = self._to_arrays(queries)
        rng = np.random.default_rng(self.seed)
        for start in range(0, len(queries), CHUNK_ROWS):
            yield np.sort(self._totals(arrays[start : start + CHUNK_ROWS], rng), axis=1)

    def _to_arrays(self, queries: pd.DataFrame) -> _OracleQueries:
        row = self._known.get_indexer(queries["creator_id"])
        if (row < 0).any():
            unknown = queries["creator_id"].iloc[int(np.argmin(row))]
            raise OracleError(
                f"creator_id {unknown!r} has no truth: ask for creators of this simulated data set"
            )
        start_at = pd.to_datetime(queries["start_at"], utc=True)
        if start_at.isna().any():
            raise OracleError("start_at is missing: the oracle needs the moment of every question")

        def numbers(name: str, default: float) -> np.ndarray:
            if name not in queries:
                return np.full(len(queries), default)
            values = queries[name]
            return values.astype("Float64").to_numpy(dtype=float, na_value=default)

        def codes(name: str, allowed: tuple[str, ...]) -> np.ndarray:
            if name not in queries:
                return np.full(len(queries), -1)
            return pd.Index(allowed).get_indexer(queries[name])

        since_start = start_at - pd.Timestamp(self.truth.market.start, tz="UTC")
        return _OracleQueries(
            row=row,
            day=(since_start / pd.Timedelta(days=1)).to_numpy(),
            age_days=numbers("age_days", self.truth.market.horizon_days),
            format=codes("format", FORMATS),
            sponsored=numbers("sponsored", np.nan),
            brand=codes("brand_niche", NICHES),
            deliverables=numbers("deliverables", 1.0).astype(int),
        )

    def _totals(self, arrays: _OracleQueries, rng: np.random.Generator) -> np.ndarray:
        total = np.zeros((len(arrays.row), self.draws))
        gap = self.truth.market.deliverable_gap_days
        for nth in range(arrays.deliverables.max(initial=0)):
            due = (arrays.deliverables > nth)[:, None]
            age = arrays.age_days + np.maximum(arrays.deliverables - 1 - nth, 0) * gap
            total += np.where(due, self._posts(arrays, arrays.day + nth * gap, age, rng), 0)
        return total

    def _posts(
        self,
        arrays: _OracleQueries,
        day: np.ndarray,
        age_days: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        creators, market, row = self.truth.creators, self.truth.market, arrays.row[:, None]
        formats, sponsored, fit = self._circumstances(arrays, rng)
        mean = expected_log_engagements(
            creators, row, day[:, None], formats, sponsored, fit, market
        )
        spread = creators["post_sd"].to_numpy()[row] * spread_factor(day, market)[:, None]
        noise = spread * rng.permutation(self._noise)
        platforms = creators["platform"].to_numpy()[arrays.row]
        pace = rng.permutation(self._strata)
        accrued = ln_accrued("engagements", platforms, age_days[:, None], pace, market)
        return rng.poisson(np.exp(mean + noise + accrued))

    def _circumstances(
        self, arrays: _OracleQueries, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return format, sponsored and fit, (n, draws), drawn where the query lacks them."""
        row = arrays.row[:, None]
        chances = [rng.permutation(self._strata) for _ in range(3)]
        mix = (chances[0][None, :, None] > self._mix[arrays.row][:, None, :-1]).sum(axis=2)
        formats = np.where(arrays.format[:, None] >= 0, arrays.format[:, None], mix)
        share = self.truth.creators["sponsored_share"].to_numpy()[row]
        unknown = np.isnan(arrays.sponsored)[:, None]
        sponsored = np.where(unknown, chances[1] < share, arrays.sponsored[:, None] > 0)
        usual = np.searchsorted(np.cumsum(self.truth.market.fit_shares)[:-1], chances[2]) / 2
        fit = np.where(
            arrays.brand[:, None] >= 0,
            brand_fit_matrix()[self._niche[row], arrays.brand[:, None]],
            usual,
        )
        return formats, sponsored, fit
