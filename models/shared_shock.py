"""How much forecasts of different creators err together, on a platform and in a niche of it.

A platform that shows everybody's posts to fewer people, or a niche out of season, moves all
creators of a plan at once: their sum varies by more than independent forecasts would. Errors are
the normal scores of later posts in forecasts made at one moment. In a window of WINDOW_DAYS after
that moment the product of the mean scores of two creators has the shared variance as its
expectation (method of moments): of two creators of different niches that of the platform, of two
of one niche that of the niche beside it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from models.distribution import PredictiveDistribution

#: Days after a forecast in which posts count as of one campaign, and windows that are looked at.
WINDOW_DAYS = 28.0
WINDOWS = 3
#: Creators that an estimate needs at least.
ENOUGH_CREATORS = 50
#: No two creators are taken to err together by more.
MOST_CORRELATION = 0.5
#: The share of a total's variance that shared shocks have at most.
MOST_SHARE = 0.95
#: Draws of the bootstrap behind an interval of 95 %.
BOOTSTRAP_DRAWS = 200


@dataclass(frozen=True)
class Correlation:
    """The correlation of single posts of two creators, in 0 to 1, with its 95 % interval."""

    correlation: float
    low: float
    high: float

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Correlation":
        return cls(float(entry["correlation"]), float(entry["low"]), float(entry["high"]))

    def to_json(self) -> dict[str, float]:
        return {"correlation": self.correlation, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class SharedShock:
    """What the posts of different creators of a platform share, and `niche`: what those of one
    niche of it share beside that. `source`: "backtest" or "default".
    """

    platform: Correlation
    niche: Correlation
    n_creators: int
    n_posts: int
    windows: int
    source: str

    @classmethod
    def of_manifest(cls, manifest: dict[str, Any]) -> "SharedShock":
        """Return what a bundle's manifest says, DEFAULT_SHOCK where it says nothing."""
        entry = manifest.get("shared_shock")
        if entry is None:
            return DEFAULT_SHOCK
        return cls(
            Correlation.from_json(entry["platform"]),
            Correlation.from_json(entry["niche"]),
            int(entry["n_creators"]),
            int(entry["n_posts"]),
            int(entry["windows"]),
            str(entry["source"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the entry `shared_shock` of a manifest."""
        return {
            "platform": self.platform.to_json(),
            "niche": self.niche.to_json(),
            "n_creators": self.n_creators,
            "n_posts": self.n_posts,
            "windows": self.windows,
            "source": self.source,
        }

    def shares(
        self, correlation: np.ndarray, deliverables: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the shares of the variance of totals that platform and niche shocks have, (n,)
        each, together less than 1.

        `correlation`: of the posts of one creator, (n,); `deliverables`: (n,). The mean of k normal
        scores of correlation r has the variance (1 + (k - 1) r) / k.
        """
        k = np.maximum(deliverables, 1.0)
        variance = (1 + (k - 1) * correlation) / k
        platform, niche = self.platform.correlation / variance, self.niche.correlation / variance
        too_much = np.maximum((platform + niche) / MOST_SHARE, 1.0)
        return platform / too_much, niche / too_much

    def shares_of(self, forecast: PredictiveDistribution) -> tuple[np.ndarray, np.ndarray]:
        """Return the `shares` of each total of a forecast, (n,) each."""
        correlation = forecast.totals.correlation[forecast.table]
        return self.shares(correlation, forecast.deliverables)


#: Where a bundle has no estimate of its own: measured with this module on the forecasts of a public
#: panel of Instagram posts (420 creators, 41,355 forecasts of posts, 15 windows, July 2022 to
#: January 2023). Other platforms take it for lack of a panel of theirs.
DEFAULT_SHOCK = SharedShock(
    Correlation(0.018, 0.006, 0.033), Correlation(0.003, 0.0, 0.017), 420, 41_355, 15, "default"
)


@dataclass(frozen=True)
class _Cells:
    """Mean scores of creators in windows, m of them.

    `mean`: (m,); `creator`, `window`, `niche`: codes (m,); a niche of -1 is unknown. A window is a
    platform, a moment of forecast, and a window after it. `niche` codes are of one window each.
    """

    mean: np.ndarray
    creator: np.ndarray
    window: np.ndarray
    niche: np.ndarray

    def estimate(self, creators: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """Return both correlations, (2,), each creator counting `creators` times and each window
        `windows` times.
        """
        count = creators[self.creator]
        platforms = int(self.window.max()) + 1
        known = self.niche >= 0
        niches = int(self.niche.max(initial=-1)) + 1
        all_pairs = _pairs(self.mean, count, self.window, platforms)
        in_niche = _pairs(self.mean[known], count[known], self.niche[known], niches)
        window_of_niche = np.zeros(niches, dtype=int)
        window_of_niche[self.niche[known]] = self.window[known]
        same = [np.bincount(window_of_niche, values, platforms) for values in in_niche[:2]]
        products, pairs = all_pairs[0] - same[0], all_pairs[1] - same[1]
        different = np.divide(products, pairs, out=np.zeros(platforms), where=pairs > 0)
        weight = all_pairs[2] * windows * (pairs > 0)
        platform = _weighted_mean(different, weight)
        niche_products, niche_pairs, niche_creators = in_niche
        usable = (niche_pairs > 0) & (pairs[window_of_niche] > 0)
        beside = np.divide(niche_products, niche_pairs, out=np.zeros(niches), where=niche_pairs > 0)
        beside = beside - different[window_of_niche]
        niche_weight = niche_creators * windows[window_of_niche] * usable
        return np.array([platform, _weighted_mean(beside, niche_weight)])


def estimate_shared_shock(
    score: np.ndarray,
    creator: np.ndarray,
    platform: np.ndarray,
    niche: np.ndarray,
    forecast_at: np.ndarray,
    lead_days: np.ndarray,
    seed: int = 0,
) -> SharedShock:
    """Return the shared shock in forecasts of n posts; DEFAULT_SHOCK where creators are too few.

    - `score`: probability integral transforms of the posts in their forecasts, in 0 to 1, (n,)
    - `creator`, `platform`, `niche`: codes, (n,); a niche of -1 is unknown
    - `forecast_at`: the moment of each forecast, any number (n,); `lead_days`: days from there to
      the post, (n,)

    Scores are divided by their root mean square, so that wide or narrow intervals do not matter.
    The interval is a bootstrap over creators and over windows together. A shock is seen once in a
    window, so few windows say little: DEFAULT_SHOCK weighs as many windows as it was measured in,
    in the estimate and in both ends of its interval, which are then held within 0 and
    MOST_CORRELATION.
    """
    used = np.isfinite(score) & (lead_days >= 0) & (lead_days < WINDOWS * WINDOW_DAYS)
    window = np.floor_divide(lead_days[used], WINDOW_DAYS).astype(int)
    keys = [platform[used], forecast_at[used], window]
    normal = ndtri(np.clip(score[used], 0.001, 0.999))
    cells = _cells(normal, creator[used], niche[used], keys)
    if cells is None:
        return DEFAULT_SHOCK
    n_creators, n_windows = int(cells.creator.max()) + 1, int(cells.window.max()) + 1
    if n_creators < ENOUGH_CREATORS:
        return DEFAULT_SHOCK
    estimate = cells.estimate(np.ones(n_creators), np.ones(n_windows))
    random = np.random.default_rng(seed)
    draws = [
        cells.estimate(_resample(random, n_creators), _resample(random, n_windows))
        for _ in range(BOOTSTRAP_DRAWS)
    ]
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    default = np.array(
        [list(vars(part).values()) for part in (DEFAULT_SHOCK.platform, DEFAULT_SHOCK.niche)]
    )
    own = n_windows / (n_windows + DEFAULT_SHOCK.windows)
    blended = own * np.array([estimate, low, high]).T + (1 - own) * default
    held = np.clip(blended, 0.0, MOST_CORRELATION).round(4).tolist()
    of_platform, of_niche = (Correlation(*values) for values in held)
    posts = int(used.sum())
    return SharedShock(of_platform, of_niche, n_creators, posts, n_windows, "backtest")


def _cells(
    normal: np.ndarray, creator: np.ndarray, niche: np.ndarray, keys: list[np.ndarray]
) -> _Cells | None:
    """Return the mean scores by creator and window; None where there are no scores."""
    if not len(normal):
        return None
    normal = normal / max(float(np.sqrt(np.mean(normal**2))), 1e-9)
    window = np.unique(np.array(keys, dtype=float), axis=1, return_inverse=True)[1]
    _, creator = np.unique(creator, return_inverse=True)
    (window, creator, niche), cell, size = np.unique(
        np.array([window, creator, niche]), axis=1, return_inverse=True, return_counts=True
    )
    mean = np.bincount(cell, normal) / size
    niche_of_window = np.unique(np.array([window, niche]), axis=1, return_inverse=True)[1]
    return _Cells(mean, creator, window, np.where(niche >= 0, niche_of_window, -1))


def _pairs(
    mean: np.ndarray, count: np.ndarray, cell: np.ndarray, cells: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each cell the sum of the products of all pairs of different creators, the number
    of these pairs, and of the creators, (cells,) each; a creator counts `count` times.
    """
    total = np.bincount(cell, count * mean, cells) ** 2
    own = np.bincount(cell, (count * mean) ** 2, cells)
    creators = np.bincount(cell, count, cells)
    return total - own, creators**2 - np.bincount(cell, count**2, cells), creators


def _weighted_mean(values: np.ndarray, weight: np.ndarray) -> float:
    total = weight.sum()
    return float(weight @ values / total) if total > 0 else 0.0


def _resample(random: np.random.Generator, size: int) -> np.ndarray:
    """Return how often each of `size` is drawn in as many draws with replacement, (size,)."""
    return np.bincount(random.integers(0, size, size), minlength=size).astype(float)
