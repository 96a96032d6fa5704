"""The curves of every platform and measure, each with what it rests on.

Measures are the engagements, the views, and the parts of a post's counts. A platform and measure
without readings of one post at several ages have the shipped curve of published figures
(default_curves.csv); where there is none either, counts stay as they were read.
"""

import csv
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from features.maturation.curve import Curve
from features.tables.vocabulary import PLATFORMS

MEASURES = ("engagements", "views", "likes", "comments", "shares", "saves")
#: Where a curve comes from: the user's readings, published figures, or nowhere.
FITTED, PUBLISHED, NO_CURVE = "fitted", "published", "none"


@dataclass(frozen=True)
class MaturationCurve:
    """The curve of one platform and measure.

    - `theta`: variance of a post's ln growth for each unit of its mean (a Gamma distribution)
    - `posts`: posts with several readings that it was fitted to, 0 for a published one
    - `source`: the published figures, also those that a fitted curve was pulled to
    """

    tau_days: float
    gamma: float
    theta: float
    posts: int
    source: str

    @property
    def curve(self) -> Curve:
        return Curve(self.tau_days, self.gamma)

    @property
    def basis(self) -> str:
        """FITTED or PUBLISHED."""
        return FITTED if self.posts else PUBLISHED


@dataclass(frozen=True)
class Maturation:
    """The curves by platform and measure: those that are left out do not exist."""

    curves: dict[str, dict[str, MaturationCurve]] = field(default_factory=dict)

    def find(self, platform: str, measure: str) -> MaturationCurve | None:
        """Return the curve of a platform and measure, None where there is none."""
        return self.curves.get(platform, {}).get(measure)

    def growth(
        self, measure: str, platform: np.ndarray, from_days: ArrayLike, to_days: ArrayLike
    ) -> np.ndarray:
        """Return ln of the growth of counts of a measure from one age to another, (n,).

        `platform` (n,): positions in PLATFORMS, NaN where unknown; `from_days`, `to_days`: a
        number or (n,), NaN for a grown-up count. It is 0 where there is no curve.
        """
        days = [np.asarray(days, dtype=float) for days in (from_days, to_days)]
        growth = np.zeros(platform.shape)
        for code, curve in self._curves_by_code.get(measure, {}).items():
            rows = platform == code
            if rows.all():
                growth[:] = curve.growth(*days)
            elif rows.any():
                growth[rows] = curve.growth(*(some[rows] if some.ndim else some for some in days))
        return growth

    @cached_property
    def _curves_by_code(self) -> dict[str, dict[int, Curve]]:
        return {
            measure: {
                code: found.curve
                for code, platform in enumerate(PLATFORMS)
                if (found := self.find(platform, measure)) is not None
            }
            for measure in MEASURES
        }

    def thetas(self, measure: str, platform: np.ndarray) -> np.ndarray:
        """Return theta of each platform (n,), a position in PLATFORMS; NaN without a curve."""
        return self._thetas[measure][_places(platform)]

    def bases(self, measure: str, platform: np.ndarray) -> np.ndarray:
        """Return FITTED, PUBLISHED or NO_CURVE of each platform (n,), a position in PLATFORMS."""
        return self._bases[measure][_places(platform)]

    @cached_property
    def _thetas(self) -> dict[str, np.ndarray]:
        """By measure theta on each of PLATFORMS, and on an unknown one."""
        return {
            measure: np.array([np.nan if one is None else one.theta for one in found])
            for measure, found in self._found.items()
        }

    @cached_property
    def _bases(self) -> dict[str, np.ndarray]:
        """By measure the basis on each of PLATFORMS, and on an unknown one."""
        return {
            measure: np.array(
                [NO_CURVE if one is None else one.basis for one in found], dtype=object
            )
            for measure, found in self._found.items()
        }

    @property
    def _found(self) -> dict[str, list[MaturationCurve | None]]:
        return {
            measure: [*(self.find(name, measure) for name in PLATFORMS), None]
            for measure in MEASURES
        }

    def to_json(self) -> dict:
        """Return the curves as plain JSON values."""
        return asdict(self)["curves"]

    @classmethod
    def from_json(cls, value: dict) -> "Maturation":
        """Read what `to_json` returned."""
        return cls(
            {
                platform: {measure: MaturationCurve(**curve) for measure, curve in curves.items()}
                for platform, curves in value.items()
            }
        )


def _places(platform: np.ndarray) -> np.ndarray:
    """Return where positions in PLATFORMS (n,) stand in tables whose last entry is that of NaN."""
    return np.where(np.isnan(platform), len(PLATFORMS), platform).astype(int)


#: Counts as they were read: no curve for anything.
AS_READ = Maturation()


@cache
def published_maturation() -> Maturation:
    """Return the shipped curves of published figures."""
    curves: dict[str, dict[str, MaturationCurve]] = {}
    path = Path(__file__).parent / "default_curves.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            curves.setdefault(row["platform"], {})[row["measure"]] = MaturationCurve(
                float(row["tau_days"]), float(row["gamma"]), float(row["theta"]), 0, row["source"]
            )
    return Maturation(curves)
