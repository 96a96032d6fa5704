"""Conformal tables: weighted quantiles of calibration scores z = (y - location) / scale, by
platform and evidence.

Source: weighted split conformal prediction, Barber et al. 2023 (nonexchangeable conformal
prediction).

Rules:
- The table of a platform and an evidence is made of its own scores. Where they are of fewer than
  ENOUGH_CREATORS creators, the scores of the same evidence on the other platforms (the pool) stand
  in for the missing creators.
- A platform without scores takes the widest table of the other platforms with the same evidence.
- An evidence with fewer than ENOUGH_SCORES scores takes the scores of all evidences.
- The tables of the evidences in `centred` have the median 0: the median of their scores is the
  drift of the last months, which does not last, so the forecast is the location itself.
- The upper tail of the mean ends at the `ceiling`: the largest residual y - location that the
  scores support.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

#: Probabilities at which tables are kept; linear in between.
GRID = np.concatenate([[0.001, 0.0025, 0.005], np.arange(1, 100) / 100, [0.995, 0.9975, 0.999]])
#: Scores below which an evidence takes those of all evidences.
ENOUGH_SCORES = 50
#: Creators from which on a platform's scores stand alone.
ENOUGH_CREATORS = 20
#: Quantiles are widened by this over the number of creators: the spread among few creators is
#: smaller than the spread of all.
WIDEN_BY_CREATOR = 6.0
#: Probability at which the residuals are cut in the mean, where there are enough creators.
CEILING = 0.99


@dataclass(frozen=True)
class CalibrationSet:
    """Forecasts, in their parts, of n posts that did not train the forecaster.

    `target` (n,): ln(1 + count) minus the offset; `corrections` (n, 2): linear and boosted, before
    their shares; `scale` (n,); `evidence`, `platform`: codes (n,); `weight` (n,); `creator`: codes
    (n,).
    """

    target: np.ndarray
    corrections: np.ndarray
    scale: np.ndarray
    evidence: np.ndarray
    platform: np.ndarray
    weight: np.ndarray
    creator: np.ndarray

    def __len__(self) -> int:
        return len(self.target)

    def residuals(self, shares: np.ndarray) -> np.ndarray:
        """Return y - location, (n,), with `shares` (evidences, 2) of the corrections applied."""
        return self.target - (shares[self.evidence] * self.corrections).sum(axis=1)


@dataclass(frozen=True)
class ConformalTables:
    """Quantiles of the scores at GRID, and which table each platform and evidence takes.

    `z`: (tables, len(GRID)); `ceiling`: the residual at which the upper tail of the mean ends,
    (tables,); `place`: the table of each platform and evidence, (platforms, evidences); `n`: number
    of scores of that platform and evidence itself, (platforms, evidences).
    """

    z: np.ndarray
    ceiling: np.ndarray
    place: np.ndarray
    n: np.ndarray

    @classmethod
    def fit(
        cls,
        scores: "ConformityScores",
        platforms: int,
        evidences: int,
        widen: float,
        centred: Sequence[int] = (),
    ) -> "ConformalTables":
        """Return the tables by the rules above, widened about their medians by the share `widen`
        and by their numbers of creators.

        `scores`: those of the evidences `centred` have their medians taken out already
        (`ConformityScores.centre`).
        """
        tables: list[_Table] = []
        place = np.empty((platforms, evidences), dtype=int)
        n = np.zeros((platforms, evidences), dtype=int)
        creators = scores.creators_by_platform()
        for evidence in range(evidences):
            of_evidence = scores.at(scores.evidence == evidence)
            n[:, evidence] = np.bincount(of_evidence.platform, minlength=platforms)
            pool = of_evidence if len(of_evidence.z) >= ENOUGH_SCORES else scores
            by_platform = _platform_tables(pool, creators, widen, evidence in centred)
            number = {platform: len(tables) + at for at, platform in enumerate(by_platform)}
            widest = max(by_platform, key=lambda platform: by_platform[platform].width)
            for platform in range(platforms):
                place[platform, evidence] = number.get(platform, number[widest])
            tables += by_platform.values()
        z = np.array([table.z for table in tables])
        ceiling = np.array([table.ceiling for table in tables])
        return cls(z, ceiling, place, n)

    def probability(self, z: np.ndarray, table: np.ndarray) -> np.ndarray:
        """Return the probability below each score z (n,) by its table (n,): its probability
        integral transform.
        """
        level = np.empty(len(z))
        for number in np.unique(table):
            rows = table == number
            level[rows] = np.interp(z[rows], self.z[number], GRID)
        return level


@dataclass(frozen=True)
class ConformityScores:
    """Calibration scores `z`, the residuals that they come from, and weight, codes of evidence and
    platform, and creator of each, (n,) each.
    """

    z: np.ndarray
    residual: np.ndarray
    weight: np.ndarray
    evidence: np.ndarray
    platform: np.ndarray
    creator: np.ndarray

    def centre(self, evidences: Sequence[int]) -> "ConformityScores":
        """Return the scores, those of `evidences` less the weighted median of their platform."""
        z = self.z.copy()
        for evidence in evidences:
            of_evidence = self.evidence == evidence
            for platform in np.unique(self.platform[of_evidence]):
                rows = of_evidence & (self.platform == platform)
                z[rows] -= weighted_quantile(z[rows], self.weight[rows], np.array([0.5]))[0]
        return replace(self, z=z)

    def creators_by_platform(self) -> dict[int, int]:
        """Return the number of creators on each platform that has scores."""
        return {
            code: len(np.unique(self.creator[self.platform == code]))
            for code in np.unique(self.platform).tolist()
        }

    def at(self, rows: np.ndarray) -> "ConformityScores":
        """Return the scores at a mask or positions."""
        return ConformityScores(*(values[rows] for values in vars(self).values()))


@dataclass(frozen=True)
class _Table:
    z: np.ndarray
    ceiling: float

    @property
    def width(self) -> float:
        low, high = np.interp([0.1, 0.9], GRID, self.z)
        return float(high - low)


def _platform_tables(
    pool: ConformityScores, creators: dict[int, int], widen: float, centre: bool
) -> dict[int, _Table]:
    """Return the table of each platform that has scores in `pool`.

    `creators`: number of creators of each platform, with any evidence; `centre`: whether the
    medians are set to 0.
    """
    tables = {}
    for platform in np.unique(pool.platform).tolist():
        of_platform = pool.platform == platform
        lacking = max(0, ENOUGH_CREATORS - creators[platform])
        weight = _filled_weight(pool.weight, of_platform, creators[platform], lacking)
        others = sum(count for code, count in creators.items() if code != platform)
        total_creators = creators[platform] + min(lacking, others)
        table = weighted_quantile(pool.z, weight, GRID)
        middle = np.interp(0.5, GRID, table)
        widened = (table - middle) * (1 + widen + WIDEN_BY_CREATOR / total_creators)
        ceiling = _ceiling(pool.residual, weight, total_creators)
        tables[platform] = _Table(widened if centre else middle + widened, ceiling)
    return tables


def _filled_weight(
    weight: np.ndarray, of_platform: np.ndarray, creators: int, lacking: int
) -> np.ndarray:
    """Return weights, (n,), by which the scores of a platform (mask, (n,)) count as many as its
    creators, and all other scores together as many as the creators that it lacks.
    """
    total, others = weight[of_platform].sum(), weight[~of_platform].sum()
    if not total > 0 or not others > 0:
        return weight
    return np.where(of_platform, weight * (creators / total), weight * (lacking / others))


def _ceiling(residual: np.ndarray, weight: np.ndarray, creators: float) -> float:
    """Return the residual up to which the scores support the tail: about one creator of `creators`
    reached it.
    """
    level = min(CEILING, 1 - 1 / (creators + 1))
    return float(weighted_quantile(residual, weight, np.array([level]))[0])


def weighted_quantile(values: np.ndarray, weight: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return quantiles of `values` (n,) at `level` (q,), (q,): each value lies at the middle of its
    weight, and quantiles are linear in between.
    """
    counts = weight > 0
    values, weight = values[counts], weight[counts]
    order = np.argsort(values, kind="stable")
    values, weight = values[order], weight[order]
    cumulative = np.cumsum(weight)
    middles = (cumulative - weight / 2) / cumulative[-1]
    return np.interp(level, middles, values)
