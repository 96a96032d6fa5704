"""Recalibration: conformal tables moved and stretched by what recent outcomes tell, with the same
boosters.

- Every outcome is compared with the forecast that the trained tables give: how far it lies from the
  median, in halves of the 80 % interval of one deliverable. So tables of different widths, and
  totals over several deliverables, count alike.
- The centre is the weighted median of these deviations, the spread the factor by which the interval
  would have to be stretched about that centre to hold TARGET of them. Recent outcomes weigh more.
- Both are estimated of all outcomes, of each evidence, and of each platform and evidence. All are
  pulled to 0 and 1 (the tables as they were trained), an evidence to all, a platform's to that of
  the evidence. The pull is that of positive-part James and Stein (1961), with NOISE
  times the squared standard error of so many creators: what could be chance is not applied.
- Of the centre CENTRE_SHARE is applied. The median carries the last weeks' drift forward, and drift
  reverts. The share was chosen on the first months of a panel, see docs/recalibrate.md.
- No interval is stretched by more than MOST_STRETCH.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import numpy as np

from models.conformal import GRID, ConformalTables, weighted_quantile
from models.distribution import PredictiveDistribution
from models.fitted_forecaster import FittedForecaster

#: Days after which an outcome weighs half.
HALF_LIFE_DAYS = 15.0
#: Share of the interval's deviations that it is to hold: the ends are estimates, and estimated ends
#: hold a little less often than they seem to.
TARGET = 0.81
#: Share of the centre that is applied.
CENTRE_SHARE = 0.75
#: Squared standard errors that are taken from a squared estimate.
NOISE = 2.0
#: Standard errors of the centre and of ln spread of one creator, for normal deviations whose 80 %
#: interval reaches from -1 to 1: sqrt(pi / 2) / 1.28, and sqrt(p (1 - p)) / (density * 1.28).
CENTRE_ERROR, SPREAD_ERROR = 0.98, 0.90
#: Outcomes and creators that a recalibration needs; a model is not judged to be fine by fewer.
ENOUGH_OUTCOMES, ENOUGH_CREATORS = 200, 30
#: Largest factor on the width of an interval; beyond, the model has to learn anew.
MOST_STRETCH = 1.1
_LOW, _MEDIAN, _HIGH = 0.1, 0.5, 0.9


@dataclass(frozen=True)
class Deviations:
    """How far n outcomes lie from the forecasts of the trained tables, in halves of the 80 %
    interval of one deliverable.

    - `deviation`: ln(1 + outcome) less that of the median, (n,); `below`, `above`: distances of the
      10 % and the 90 % quantile from the median, (n,)
    - `platform`, `evidence`, `creator`: codes (n,)
    - `scale`: of the forecast, (n,); `age_days`: of the outcome's post now, (n,)
    """

    deviation: np.ndarray
    below: np.ndarray
    above: np.ndarray
    platform: np.ndarray
    evidence: np.ndarray
    creator: np.ndarray
    scale: np.ndarray
    age_days: np.ndarray

    def __len__(self) -> int:
        return len(self.deviation)

    def at(self, rows: np.ndarray) -> "Deviations":
        """Return the outcomes at a mask or positions."""
        return Deviations(*(values[rows] for values in vars(self).values()))

    @property
    def weight(self) -> np.ndarray:
        """Weights by recency, (n,)."""
        return 0.5 ** (self.age_days / HALF_LIFE_DAYS)

    def stretch(self, centre: np.ndarray | float) -> np.ndarray:
        """Return the factor on each interval, moved by `centre`, at which it just holds its
        outcome, (n,).
        """
        off = self.deviation - centre
        return np.where(off > 0, off / self.above, -off / self.below)


@dataclass(frozen=True)
class Adjustment:
    """What is done to the tables, by platform and evidence, (platforms, evidences) each.

    `centre`: in halves of the 80 % interval; `spread`: factor on the distance from the median, at
    most MOST_STRETCH; `wanted_spread`: the same without that limit; `scale`: the usual scale of
    the outcomes' forecasts; `outcomes`, `creators`: numbers that each rests on itself.
    """

    centre: np.ndarray
    spread: np.ndarray
    wanted_spread: np.ndarray
    scale: np.ndarray
    outcomes: np.ndarray
    creators: np.ndarray

    def covered(self, outcomes: Deviations) -> np.ndarray:
        """Return a mask (n,) of the outcomes inside of their adjusted 80 % intervals."""
        cell = outcomes.platform, outcomes.evidence
        return outcomes.stretch(self.centre[cell]) <= self.spread[cell]

    def width_ratio(self, outcomes: Deviations) -> float:
        """Return the mean width of the adjusted 80 % intervals over that of the trained ones."""
        width = (outcomes.below + outcomes.above) * outcomes.scale
        spread = self.spread[outcomes.platform, outcomes.evidence]
        return float((width * spread).sum() / width.sum())


def deviations(
    forecaster: FittedForecaster,
    forecast: PredictiveDistribution,
    outcome_ln: np.ndarray,
    codes: tuple[np.ndarray, np.ndarray, np.ndarray],
    age_days: np.ndarray,
) -> Deviations:
    """Return the deviations of outcomes from forecasts of the forecaster's tables.

    `outcome_ln`: ln(1 + total), (n,); `codes`: of platform, evidence and creator, (n,) each;
    `age_days`: as in Deviations.
    """
    low, middle, high = np.log1p(forecast.quantile([_LOW, _MEDIAN, _HIGH])).T
    half = half_widths(forecaster.conformal_)[forecast.table] * forecast.scale
    # counts near 0 have quantiles of 0: no distance is 0
    below, above = (np.maximum(ends, 1e-6 * half) for ends in (middle - low, high - middle))
    parts = (outcome_ln - middle) / half, below / half, above / half
    return Deviations(*parts, *codes, forecast.scale, age_days)


def fit_adjustment(
    outcomes: Deviations, platforms: int, evidences: int, centre_share: float = CENTRE_SHARE
) -> Adjustment:
    """Return the adjustment by the rules above; a platform without outcomes stays as it is."""
    shape = platforms, evidences
    weight = outcomes.weight
    applied = centre_share * _pulled(
        outcomes,
        shape,
        lambda rows: _median(outcomes.deviation[rows], weight[rows]),
        NOISE * CENTRE_ERROR**2,
    )
    stretch = outcomes.stretch(applied[outcomes.platform, outcomes.evidence])
    log_spread = _pulled(
        outcomes,
        shape,
        lambda rows: _log_stretch(stretch[rows], weight[rows]),
        NOISE * SPREAD_ERROR**2,
    )
    seen = np.isin(np.arange(platforms), outcomes.platform)[:, None]
    wanted = np.where(seen, np.exp(log_spread), 1.0)
    scale, counts, creators = (np.zeros(shape) for _ in range(3))
    for cell in np.ndindex(shape):
        rows = (outcomes.platform == cell[0]) & (outcomes.evidence == cell[1])
        counts[cell], creators[cell] = rows.sum(), len(np.unique(outcomes.creator[rows]))
        scale[cell] = np.median(outcomes.scale[rows] if rows.any() else outcomes.scale)
    return Adjustment(
        np.where(seen, applied, 0.0),
        np.minimum(wanted, MOST_STRETCH),
        wanted,
        scale,
        counts.astype(int),
        creators.astype(int),
    )


def adjusted_tables(tables: ConformalTables, adjustment: Adjustment) -> ConformalTables:
    """Return tables, one for each platform and evidence, with centre and spread adjusted."""
    place = tables.place.ravel()
    z, middle = tables.z[place], np.array([[np.interp(_MEDIAN, GRID, t)] for t in tables.z])[place]
    half = half_widths(tables)[place]
    spread = adjustment.spread.ravel()
    moved = adjustment.centre.ravel() * half
    adjusted = middle + moved[:, None] + spread[:, None] * (z - middle)
    ceiling = tables.ceiling[place] * spread + moved * adjustment.scale.ravel()
    numbers = np.arange(len(place)).reshape(tables.place.shape)
    return ConformalTables(adjusted, ceiling, numbers, tables.n)


def recalibrated(forecaster: FittedForecaster, adjustment: Adjustment) -> FittedForecaster:
    """Return the forecaster with adjusted tables; its boosters are the same."""
    changed = copy(forecaster)
    changed.__dict__.pop("totals_", None)
    changed.conformal_ = adjusted_tables(forecaster.conformal_, adjustment)
    changed.correlation_ = forecaster.correlation_[forecaster.conformal_.place.ravel()]
    return changed


def half_widths(tables: ConformalTables) -> np.ndarray:
    """Return half of the 80 % interval of z of each table, (tables,)."""
    low, high = (np.array([np.interp(p, GRID, table) for table in tables.z]) for p in (_LOW, _HIGH))
    return np.asarray((high - low) / 2)


def effective_creators(creator: np.ndarray, weight: np.ndarray) -> float:
    """Return the number of creators of equal weight that weighted outcomes (n,) are worth (Kish
    1965).
    """
    _, code = np.unique(creator, return_inverse=True)
    by_creator = np.bincount(code, weight)
    return float(by_creator.sum() ** 2 / (by_creator**2).sum())


def _pulled(
    outcomes: Deviations,
    shape: tuple[int, int],
    estimate: Callable[[np.ndarray], float],
    noise: float,
) -> np.ndarray:
    """Return an estimate for each platform and evidence, `shape`, pulled as told above.

    `estimate`: of the outcomes at a mask (n,), 0 where nothing has changed; `noise`: what is taken
    from its square for one creator.
    """
    weight = outcomes.weight

    def pull(rows: np.ndarray, toward: float) -> float:
        if not rows.any():
            return toward
        away = estimate(rows) - toward
        creators = effective_creators(outcomes.creator[rows], weight[rows])
        return toward + (away * max(0.0, 1 - noise / creators / away**2) if away else 0.0)

    of_all = pull(np.ones(len(outcomes), dtype=bool), 0.0)
    values = np.empty(shape)
    for evidence in range(shape[1]):
        has_evidence = outcomes.evidence == evidence
        of_evidence = pull(has_evidence, of_all)
        for platform in range(shape[0]):
            values[platform, evidence] = pull(
                has_evidence & (outcomes.platform == platform), of_evidence
            )
    return values


def _median(values: np.ndarray, weight: np.ndarray) -> float:
    return float(weighted_quantile(values, weight, np.array([_MEDIAN]))[0])


def _log_stretch(stretch: np.ndarray, weight: np.ndarray) -> float:
    return float(np.log(weighted_quantile(stretch, weight, np.array([TARGET]))[0]))
