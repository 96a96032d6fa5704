"""ConformalTables tables: weighted quantiles of calibration scores z = (y - location) / scale, by
platform and evidence.

Source: weighted split conformal prediction, Barber et al. 2023 (nonexchangeable conformal
prediction).

Rules:
- A platform's table of an evidence is made of its own scores. Where they are of fewer than
  ENOUGH_CREATORS creators, the scores of the same evidence on the other platforms (the pool) stand
  in for the creators that lack.
- A platform without scores takes the widest of the tables of the other platforms at the same
  evidence.
- An evidence with fewer than ENOUGH_SCORES scores takes those of all evidences.
- Evidences named in `centred` have their median taken out: it is the drift of the last months,
  which reverts, so what is served is the location itself.
- The upper tail of the mean ends at the `ceiling`: the largest residual y - location that the
  scores support.
"""

from dataclasses import dataclass, replace

import numpy as np

#: Probabilities at which tables are kept; linear in between.
GRID = np.concatenate([[0.001, 0.0025, 0.005], np.arange(1, 100) / 100, [0.995, 0.9975, 0.999]])
#: ConformityScores below which an evidence takes those of all evidences.
ENOUGH_SCORES = 50
#: Creators from which on a platform's scores stand alone.
ENOUGH_CREATORS = 20
#: Widening over the number of creators: five creators tell less of a sixth than the spread among
#: them suggests.
WIDEN_BY_CREATOR = 6.0
#: Probability at which residuals end in the mean, where enough creators are behind them.
CEILING = 0.99


@dataclass(frozen=True)
class CalibrationSet:
    """Posts that did not train the forecaster that forecasts them, n of them, and the parts of
    their forecasts.

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
        """Give y - location, (n,), where `shares` (evidences, 2) of the corrections are applied."""
        return self.target - (shares[self.evidence] * self.corrections).sum(axis=1)


@dataclass(frozen=True)
class ConformalTables:
    """Quantiles of the scores at GRID, `z` (tables, len(GRID)), and the table of each platform and
    evidence.

    `place` (platforms, evidences): positions of tables; `n` (platforms, evidences): scores of the
    platform itself; `ceiling` (tables,): the residual at which the tail of the mean ends.
    """

    z: np.ndarray
    ceiling: np.ndarray
    place: np.ndarray
    n: np.ndarray

    @classmethod
    def fit(
        cls, scores: "ConformityScores", platforms: int, evidences: int, widen: float, centred=()
    ) -> "ConformalTables":
        """Make the tables by the rules above, each widened about its median by `widen` and by its
        creators.

        `scores`: those of the evidences `centred` with their medians taken out, as
        `ConformityScores.centre` does.
        """
        tables: list[_Table] = []
        place, n = (
            np.empty((platforms, evidences), dtype=int),
            np.zeros((platforms, evidences), dtype=int),
        )
        creators = {
            code: scores.creators(scores.platform == code)
            for code in np.unique(scores.platform).tolist()
        }
        for evidence in range(evidences):
            own = scores.at(scores.evidence == evidence)
            n[:, evidence] = np.bincount(own.platform, minlength=platforms)
            pool = own if len(own.z) >= ENOUGH_SCORES else scores
            made = _platform_tables(pool, creators, widen, evidence in centred)
            widest = max(made, key=lambda platform: made[platform].width)
            numbers = {platform: len(tables) + number for number, platform in enumerate(made)}
            place[:, evidence] = [
                numbers.get(platform, numbers[widest]) for platform in range(platforms)
            ]
            tables += made.values()
        return cls(np.array([t.z for t in tables]), np.array([t.ceiling for t in tables]), place, n)

    def probability(self, z: np.ndarray, table: np.ndarray) -> np.ndarray:
        """Give the probability below each score z (n,) by its table (n,): its probability integral
        transform.
        """
        level = np.empty(len(z))
        for number in np.unique(table):
            at = table == number
            level[at] = np.interp(z[at], self.z[number], GRID)
        return level


@dataclass(frozen=True)
class ConformityScores:
    """Calibration scores `z` with the residuals that they come from, (n,) each; weights, codes and
    creators of each.
    """

    z: np.ndarray
    residual: np.ndarray
    weight: np.ndarray
    evidence: np.ndarray
    platform: np.ndarray
    creator: np.ndarray

    def centre(self, evidences: tuple[int, ...]) -> "ConformityScores":
        """Take out of the scores of `evidences` the weighted median of each platform."""
        z = self.z.copy()
        for evidence in evidences:
            for platform in np.unique(self.platform[self.evidence == evidence]):
                at = (self.evidence == evidence) & (self.platform == platform)
                z[at] -= weighted_quantile(z[at], self.weight[at], np.array([0.5]))[0]
        return replace(self, z=z)

    def creators(self, rows: np.ndarray) -> int:
        """Count the creators of the scores at a mask."""
        return len(np.unique(self.creator[rows]))

    def at(self, rows: np.ndarray) -> "ConformityScores":
        """Give the scores at a mask or positions."""
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
    """Give the table of each platform that has scores in `pool`; `creators`: how many each platform
    has in all.
    """
    present = np.unique(pool.platform)
    tables = {}
    for platform in present.tolist():
        own = pool.platform == platform
        lacking = max(0, ENOUGH_CREATORS - creators[platform])
        weight = _filled_weight(pool.weight, own, creators[platform], lacking)
        others = sum(count for code, count in creators.items() if code != platform)
        behind = creators[platform] + min(lacking, others)
        table = weighted_quantile(pool.z, weight, GRID)
        middle = np.interp(0.5, GRID, table)
        wide = (table - middle) * (1 + widen + WIDEN_BY_CREATOR / behind)
        ceiling = _ceiling(pool.residual, weight, behind)
        tables[platform] = _Table(wide if centre else middle + wide, ceiling)
    return tables


def _filled_weight(weight: np.ndarray, own: np.ndarray, creators: int, lacking: int) -> np.ndarray:
    """Weigh a platform's own scores (mask (n,)) as its creators, and all other scores together as
    those that lack.
    """
    total, others = weight[own].sum(), weight[~own].sum()
    if not total > 0 or not others > 0:
        return weight
    return np.where(own, weight * (creators / total), weight * (lacking / others))


def _ceiling(residual: np.ndarray, weight: np.ndarray, creators: float) -> float:
    """Give the residual up to which the tail is supported: at least one creator in so many has gone
    as far.
    """
    level = min(CEILING, 1 - 1 / (creators + 1))
    return float(weighted_quantile(residual, weight, np.array([level]))[0])


def weighted_quantile(values: np.ndarray, weight: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Give quantiles of `values` (n,) at `level` (q,), by the middle of each value's weight, linear
    in between.
    """
    weighs = weight > 0
    values, weight = values[weighs], weight[weighs]
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weight[order])
    return np.interp(level, (cumulative - weight[order] / 2) / cumulative[-1], values[order])
