"""Engagements and views of packages together, from the joint forecast of their parts.

Each part is kept in order by models.joint: nobody engages with a post without a view of it. The
totals of engagements and views may have different correlations; so their curves are kept in order
once more, by the same rule.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from features.derive.catalog import feature_column
from models.distribution import QUANTILE_KNOTS
from models.joint import ENGAGEMENTS, VIEWS, JointForecast
from models.package_totals import PackageCurves, PackageParts, PackageTotals

OTHER_FORMATS = "the other formats booked"


@dataclass(frozen=True)
class PackageForecast(JointForecast):
    """Totals of m packages; `has_views` marks those of which all counted formats show views.

    `parts`: the engagements of their p parts; `part_forecast`: the joint forecast of those.
    `shifts` and `growths` are those of the main part of each package.
    """

    parts: PackageParts
    part_forecast: JointForecast

    @classmethod
    def of(
        cls, x: np.ndarray, joint: JointForecast, package: np.ndarray, count: np.ndarray
    ) -> "PackageForecast":
        """Return the totals of m packages from the joint forecast of their p parts.

        `x`: the derived columns of the parts (p, columns); `package` (p,), `count` (p,): as in
        PackageParts; `joint`: of one deliverable of each part, of all of them where a package has
        one part alone.
        """
        parts = PackageParts(joint.engagements, package, count)
        starts = parts.first[:-1]
        has_views = np.logical_and.reduceat(joint.has_views, starts)
        engagement_curves = PackageCurves(parts)
        views = None
        if joint.views is not None and has_views.any():
            views_parts = _views_parts(joint, parts, has_views)
            known_better = _engagements_better_known(x)[starts]
            place = np.where(has_views, np.cumsum(has_views) - 1, -1)
            of_views = np.flatnonzero(has_views)
            bounding = np.where(known_better[of_views], of_views, -1)
            views = PackageTotals.of(PackageCurves(views_parts, parts, bounding, upper=False))
            bounding = np.where(known_better, -1, place)
            engagement_curves = PackageCurves(parts, views_parts, bounding, upper=True)
        return cls(
            PackageTotals.of(engagement_curves),
            views,
            has_views,
            {target: shift[parts.main] for target, shift in joint.shifts.items()},
            {target: growth[parts.main] for target, growth in joint.growths.items()},
            np.logical_or.reduceat(joint.lacks_views_curve, starts),
            parts,
            joint,
        )

    def warnings(self, probabilities: Collection[float] = ()) -> dict[str, np.ndarray]:
        """Return by code of the warning a mask of the packages that it is about, (m,)."""
        flags = {
            name: self.parts.any_part(rows)
            for name, rows in self.part_forecast.warnings(probabilities).items()
        }
        flags["engagements_lowered_to_views"] |= _moved(self.engagements)
        if self.views is not None:
            raised = flags["views_raised_to_engagements"]
            raised[self.has_views] |= _moved(self.views)
        return flags

    def reasons(self) -> dict[str, np.ndarray]:
        """Return by name of the reason the ln factors, (m,), between the forecaster's engagements
        of one post of the main part and those of a post of the package.
        """
        main = self.parts.main
        log_factors = {words: logs[main] for words, logs in self.part_forecast.reasons().items()}
        levels = 1 + self.part_forecast.engagements.quantiles_by_name["p50"]
        mean_levels = self.parts.sums(levels * self.parts.count) / self.parts.booked
        ratio = np.where(self.parts.is_single, 1.0, mean_levels / levels[main])
        return log_factors | {OTHER_FORMATS: np.log(ratio)}


def _views_parts(joint: JointForecast, parts: PackageParts, has_views: np.ndarray) -> PackageParts:
    """Return the views of the parts of those packages, (m,), that have views."""
    assert joint.views is not None
    place = np.cumsum(joint.has_views) - 1
    rows = has_views[parts.package]
    package = (np.cumsum(has_views) - 1)[parts.package[rows]]
    return PackageParts(joint.views[place[rows]], package, parts.count[rows])


def _engagements_better_known(x: np.ndarray) -> np.ndarray:
    """Return which rows, (p,), have better evidence of engagements than of views."""
    engagements, views = (
        feature_column(x, f"{target}_evidence_code") for target in (ENGAGEMENTS, VIEWS)
    )
    return engagements < views


def _moved(totals: object) -> np.ndarray:
    """Return which packages, (m,), have a named quantile that the bound of the total moves."""
    assert isinstance(totals, PackageTotals)
    parts = totals.curves.parts
    free = parts.curves_at(totals.package, parts.booked[totals.package])
    return (free[:, QUANTILE_KNOTS] != totals.totals_at(QUANTILE_KNOTS)).any(axis=1)
