"""The outcomes of the ledger that a recalibration may use, and how far they lie from what the
trained tables forecast.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.history.arrays import DAY_US
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from ledger.matched_forecasts import MATURED
from models.bundle_files import BundleError, read_manifest
from models.bundle_folders import bundle_folder
from models.distribution import PredictiveDistribution
from models.fitted_forecaster import FittedForecaster
from models.recalibration import Deviations, deviations
from monitoring.adjustable import has_own_table

#: Why an outcome is not used; where several hold, the first of them.
LEFT_OUT = (
    "not matured, or not to be scored",
    "a later forecast of the same partnership counts",
    "posted before --since",
    "packages, running posts or bounded forecasts, which no single table gave",
    "forecast by another model",
)
CREATOR, OUTCOME_MOMENT = "creator", "posted_at"


@dataclass(frozen=True)
class UsableOutcomes:
    """Outcomes that recalibrate a trained bundle, the oldest post first.

    `rows`: those of the matched forecasts that are used, with `creator`, a name of each;
    `left_out`: number of the others by reason.
    """

    rows: pd.DataFrame
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def creators(self) -> int:
        return self.rows[CREATOR].nunique()

    @property
    def digest(self) -> str:
        """sha256 of the forecasts and their outcomes, the same whatever their order."""
        rows = self.rows.sort_values("forecast_id")
        lines = (
            f"{i} {y:.9f}" for i, y in zip(rows["forecast_id"], rows["outcome_ln"], strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def until(self, moment: int) -> "UsableOutcomes":
        """Return those of posts up to a moment (microseconds UTC)."""
        kept = self.rows[self.rows[OUTCOME_MOMENT] <= moment]
        return UsableOutcomes(kept.reset_index(drop=True), self.left_out)

    def codes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the codes of platform, evidence and creator, (n,) each."""
        return (
            pd.Categorical(self.rows["platform"], PLATFORMS).codes.astype(int),
            pd.Categorical(self.rows["evidence"], EVIDENCE).codes.astype(int),
            pd.factorize(self.rows[CREATOR])[0],
        )

    def forecast(self, forecaster: FittedForecaster) -> PredictiveDistribution:
        """Return what the tables of a forecaster with the same boosters say of them."""
        platform, evidence, _ = self.codes()
        location, scale, deliverables = (
            self.rows[name].to_numpy(float) for name in ("location", "scale", "deliverables")
        )
        place = forecaster.conformal_.place[platform, evidence]
        return PredictiveDistribution(location, scale, place, deliverables, forecaster.totals_)

    def deviations(self, forecaster: FittedForecaster, now: int) -> Deviations:
        """Return how far they lie from the forecasts of a forecaster's tables."""
        age_days = (now - self.rows[OUTCOME_MOMENT].to_numpy(float)) / DAY_US
        outcome_ln = self.rows["outcome_ln"].to_numpy(float)
        forecast = self.forecast(forecaster)
        return deviations(forecaster, forecast, outcome_ln, self.codes(), np.maximum(age_days, 0))


def usable_outcomes(
    home: Path, matched: pd.DataFrame, trained: str, since: int | None = None
) -> UsableOutcomes:
    """Return the outcomes that recalibrate the bundle `trained`, and why the others do not.

    `matched`: as ledger.matched_forecasts gives it; `since`: moment (microseconds UTC) of the first
    post used. Forecasts of bundles that were recalibrated from the same one count: their boosters
    are the same.
    """
    rows = matched.reset_index(drop=True)
    posted = rows[OUTCOME_MOMENT].astype(float)
    ours = {
        version: _trained(home, version) == trained for version in rows["model_version"].unique()
    }
    checks = (
        (rows["status"] == MATURED) & rows["outcome_ln"].notna() & posted.notna(),
        rows["is_latest"].astype(bool),
        posted >= (-np.inf if since is None else since),
        has_own_table(rows),
        rows["model_version"].map(ours).astype(bool),
    )
    failed = np.column_stack([~check.to_numpy(bool) for check in checks])
    reason = np.where(failed.any(axis=1), failed.argmax(axis=1), len(checks))
    counts = np.bincount(reason, minlength=len(checks) + 1)
    used = rows[reason == len(checks)]
    name = used["creator_id"].fillna(used["handle"]).fillna(used["partnership_id"])
    creator = used["platform"] + " " + name.fillna(used["forecast_id"]).astype(str)
    used = used.assign(**{CREATOR: creator}).sort_values([OUTCOME_MOMENT, "forecast_id"])
    left_out = {text: int(n) for text, n in zip(LEFT_OUT, counts, strict=False) if n}
    return UsableOutcomes(used.reset_index(drop=True), left_out)


def trained_version(manifest: Mapping) -> str:
    """Return the version of the bundle whose boosters a bundle has."""
    return manifest.get("recalibrated", {}).get("trained", manifest["version"])


def _trained(home: Path, version: str) -> str | None:
    try:
        return trained_version(read_manifest(bundle_folder(home, version)))
    except BundleError:
        return None
