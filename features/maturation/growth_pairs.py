"""How much counts grew between two readings of a post, and the means of it in cells of age and gap.

The means are of winsorised growth: what lies beyond the 5 % and 95 % quantiles of its cell counts
as they do.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from features.maturation.curve import GROWN_UP_DAYS, YOUNGEST_DAYS, Curve

#: Edges, in days, of the cells by age at the earlier reading and by the gap to the later one.
AGE_EDGES = np.array([1 / 12, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5.5, 7.5, 10, 14, 20, 30])
GAP_EDGES = np.array([0.15, 0.4, 0.8, 1.5, 3, 6, 12, 20, 30, 50])
WINSOR_QUANTILES = (0.05, 0.95)


@dataclass(frozen=True)
class GrowthPairs:
    """Growth between two readings of a post, one after the other, arrays (n,).

    - `account`, `post`: numbers; `age_from_days` < `age_to_days`
    - `growth`: of ln(1 + count); it is below 0 where the platform corrected the count
    """

    account: np.ndarray
    post: np.ndarray
    age_from_days: np.ndarray
    age_to_days: np.ndarray
    growth: np.ndarray

    def within_curve(self) -> "GrowthPairs":
        """Return the pairs with ages within those that a curve tells: an age outside counts as the
        one at that end. Pairs with both ages beyond the same end are left out.
        """
        low, high = (
            np.clip(age, YOUNGEST_DAYS, GROWN_UP_DAYS)
            for age in (self.age_from_days, self.age_to_days)
        )
        clipped = replace(self, age_from_days=low, age_to_days=high)
        return clipped if (low < high).all() else clipped.take(np.flatnonzero(low < high))

    def take(self, rows: np.ndarray) -> "GrowthPairs":
        """Return the pairs at these positions."""
        return GrowthPairs(*(getattr(self, field.name)[rows] for field in fields(self)))

    @cached_property
    def posts(self) -> int:
        """The number of posts."""
        # sorting is faster than numpy.unique, above all because the posts mostly are sorted
        return int(np.count_nonzero(np.diff(np.sort(self.post, kind="stable")))) + (
            len(self.post) > 0
        )


@dataclass(frozen=True)
class Cells:
    """Mean growth by age at the earlier reading and gap to the later one, arrays (cells,).

    - `age_class`: position among AGE_EDGES, -1 for what is no reading
    - `age_from_days`, `age_to_days`: geometric means of the ages
    - `growth`: the mean of winsorised growth; `weight`: how much it tells, in posts
    """

    age_class: np.ndarray
    age_from_days: np.ndarray
    age_to_days: np.ndarray
    growth: np.ndarray
    weight: np.ndarray

    def expected(self, parameters: np.ndarray) -> np.ndarray:
        """Return the growth that (ln tau, ln gamma) tell."""
        return Curve(*np.exp(parameters)).growth(self.age_from_days, self.age_to_days)

    def followed_by(self, other: "Cells") -> "Cells":
        """Return the cells of both."""
        names = [field.name for field in fields(self)]
        return Cells(*(np.append(getattr(self, name), getattr(other, name)) for name in names))


@dataclass(frozen=True)
class PairsByCell:
    """Pairs sorted by cell: `cell` (n,) of each, `start` (cells,) of each cell, winsorised growth.

    `pairs` are sorted likewise.
    """

    pairs: GrowthPairs
    cell: np.ndarray
    start: np.ndarray
    growth: np.ndarray

    def means(self) -> Cells:
        """Return the mean of each cell. All ages weigh alike, and together as much as the posts."""
        size = np.diff(np.append(self.start, len(self.cell))).astype(float)
        age_from, age_to = (
            np.exp(np.add.reduceat(np.log(age), self.start) / size)
            for age in (self.pairs.age_from_days, self.pairs.age_to_days)
        )
        age_class = self.cell[self.start] // (len(GAP_EDGES) + 1)
        growth = np.add.reduceat(self.growth, self.start) / size
        cells = Cells(age_class, age_from, age_to, growth, size)
        return replace(cells, weight=weigh_ages_alike(age_class, size, self.pairs.posts))


def sort_by_cell(pairs: GrowthPairs) -> PairsByCell:
    """Sort pairs within the curve by cell, and winsorise their growth."""
    age_class = np.searchsorted(AGE_EDGES, pairs.age_from_days, "right")
    gap_class = np.searchsorted(GAP_EDGES, pairs.age_to_days - pairs.age_from_days, "right")
    cell = age_class * (len(GAP_EDGES) + 1) + gap_class
    order = np.lexsort((pairs.growth, cell))
    cell = cell[order]
    start = np.flatnonzero(np.diff(cell, prepend=-1))
    ordered = pairs.take(order)
    return PairsByCell(ordered, cell, start, _winsorise(ordered.growth, start))


def weigh_ages_alike(age_class: np.ndarray, size: np.ndarray, posts: float) -> np.ndarray:
    """Return weights (..., cells) whose sum is `posts`: the same for every age that has pairs, and
    by `size` (..., cells) within it.
    """
    member = (age_class[:, None] == np.unique(age_class)).astype(float)
    by_age = size @ member
    ages = np.maximum((by_age > 0).sum(axis=-1, keepdims=True), 1)
    share = np.divide(1.0, by_age, out=np.zeros_like(by_age), where=by_age > 0)
    return posts * size * (share @ member.T) / ages


def _winsorise(growth: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Set growth (n,), sorted within each cell, beyond WINSOR_QUANTILES of the cell to them."""
    size = np.diff(np.append(start, len(growth)))
    edges = []
    for quantile in WINSOR_QUANTILES:
        place = quantile * (size - 1)
        below = np.floor(place).astype(int)
        above = np.ceil(place).astype(int)
        low, high = growth[start + below], growth[start + above]
        edges.append(np.repeat(low + (place - below) * (high - low), size))
    return np.clip(growth, *edges)
