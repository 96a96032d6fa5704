"""Recalibration: a new bundle with the champion's boosters, and with tables that recent outcomes of
the ledger have adjusted (models.recalibration).

- The tables as they were trained are adjusted, also where the champion is recalibrated itself: so
  nothing adds up from month to month.
- Nothing is written where there are too few outcomes, and where they do not differ from the
  forecasts by more than chance.
- Retraining is due where a recalibration cannot help: the intervals would have to be stretched
  beyond models.recalibration.MOST_STRETCH, or the order of the forecasts has lost its relation to
  that of the outcomes.
- Views keep their tables: the ledger has no location of theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CreatorcastError
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from models.bundle import Bundle, load_version
from models.champion import champion_folder
from models.conformal import GRID
from models.fitted_forecaster import FittedForecaster
from models.recalibration import (
    CENTRE_SHARE,
    ENOUGH_CREATORS,
    ENOUGH_OUTCOMES,
    HALF_LIFE_DAYS,
    MOST_STRETCH,
    Adjustment,
    Deviations,
    fit_adjustment,
    half_widths,
    recalibrated,
)
from training.artifacts import TrainingResult, write_recalibrated
from training.backtest.evaluate import OUR_MODEL
from training.backtest.metrics import interval, spearman_within
from training.platform_times import to_timestamp
from training.recalibration_check import walk_forward
from training.recalibration_outcomes import (
    OUTCOME_MOMENT,
    UsableOutcomes,
    trained_version,
    usable_outcomes,
)

TARGET = "engagements"
#: Coverage of the 80 % interval, on the outcomes themselves, below which it does not help.
LEAST_COVERAGE = 0.78
#: Mean change of the 10, 50 and 90 % quantiles, in halves of the 80 % interval, that is none.
LEAST_CHANGE = 0.05
#: Share of the backtest's rank correlation that is left where the order is taken to be lost.
ORDER_LOST = 0.5
BOOTSTRAP_ROUNDS = 200


class TooFewOutcomes(CreatorcastError):
    """The ledger has too few outcomes to recalibrate by."""


class NothingToRecalibrate(CreatorcastError):
    """The outcomes do not ask for other tables than those in use."""


class RetrainingDue(CreatorcastError):
    """A recalibration cannot help."""


@dataclass(frozen=True)
class Recalibration:
    """A challenger: the bundle, what was done to its tables, and what that rests on.

    `coverage_before`, `coverage_after`: shares of the outcomes, by recency, inside of the 80 %
    interval of the champion, and of the challenger whose tables they made; `width_ratio`: mean
    width of the challenger's 80 % intervals over that of the tables as they were trained.
    """

    trained: TrainingResult
    champion: str
    outcomes: UsableOutcomes
    adjustment: Adjustment
    coverage_before: float
    coverage_after: float
    width_ratio: float


def recalibrate(
    home: Path,
    matched: pd.DataFrame,
    now: int,
    since: int | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> Recalibration:
    """Write a bundle that is the champion with tables adjusted by matched outcomes, a challenger.

    `matched`: as ledger.matched_forecasts.match_forecasts gives it; `now`, `since`: moments
    (microseconds UTC), the latter of the first post used. Raises BundleError without a champion,
    TooFewOutcomes, NothingToRecalibrate, RetrainingDue, and training.home_lock.HomeError.
    """
    champion, trained = _bundles(home)
    outcomes = usable_outcomes(home, matched, trained.version, since)
    require_enough(outcomes)
    forecaster = trained.forecasters[TARGET]
    deviations = outcomes.deviations(forecaster, now)
    adjustment = fit_adjustment(deviations, len(PLATFORMS), len(EVIDENCE))
    require_order(outcomes, champion.manifest)
    coverage = float(np.average(adjustment.covered(deviations), weights=deviations.weight))
    require_coverage(coverage, adjustment, deviations)
    changed = recalibrated(forecaster, adjustment)
    require_change(changed, champion, outcomes)
    report(f"{len(outcomes):,} outcomes of {outcomes.creators:,} creators")
    scores = walk_forward(outcomes, forecaster, champion.forecasters[TARGET])
    before = np.average(_held(outcomes, champion), weights=deviations.weight)
    width = adjustment.width_ratio(deviations)
    entry = {
        **describe(outcomes, adjustment, trained),
        "from": champion.version,
        "coverage_80_before": round(float(before), 4),
        "coverage_80_after": round(coverage, 4),
        "width_ratio": round(width, 4),
    }
    bundle = _bundle(trained, changed, entry)
    written = write_recalibrated(home, bundle, scores, report)
    return Recalibration(
        written, champion.version, outcomes, adjustment, float(before), coverage, width
    )


def require_enough(outcomes: UsableOutcomes) -> None:
    """Raise TooFewOutcomes unless there are enough, and say which were left out."""
    if len(outcomes) >= ENOUGH_OUTCOMES and outcomes.creators >= ENOUGH_CREATORS:
        return
    left_out = "; ".join(f"{n:,} {reason}" for reason, n in outcomes.left_out.items())
    raise TooFewOutcomes(
        f"{len(outcomes):,} matured outcomes of {outcomes.creators:,} creators are too few to "
        f"recalibrate: {ENOUGH_OUTCOMES} of {ENOUGH_CREATORS} are needed"
        + (f" (not used: {left_out})" if left_out else "")
        + ": read further outcomes with creatorcast outcomes"
    )


def require_change(changed: FittedForecaster, champion: Bundle, outcomes: UsableOutcomes) -> None:
    """Raise NothingToRecalibrate where the tables would be about those of the champion."""
    platform, evidence, _ = outcomes.codes()
    knots = np.searchsorted(GRID, [0.1, 0.5, 0.9])
    ours, theirs = (
        tables.z[tables.place[platform, evidence]][:, knots]
        for tables in (changed.conformal_, champion.forecasters[TARGET].conformal_)
    )
    half = (theirs[:, [2]] - theirs[:, [0]]) / 2
    if float((np.abs(ours - theirs) / half).mean()) < LEAST_CHANGE:
        raise NothingToRecalibrate(
            f"nothing to recalibrate: {len(outcomes):,} outcomes of {outcomes.creators:,} creators "
            f"lie about the forecasts of {champion.version} as chance has it"
        )


def require_coverage(coverage: float, adjustment: Adjustment, outcomes: Deviations) -> None:
    """Raise RetrainingDue where intervals that may not be wider hold too few outcomes."""
    widest = float(adjustment.wanted_spread[outcomes.platform, outcomes.evidence].max())
    if coverage >= LEAST_COVERAGE or widest <= MOST_STRETCH:
        return
    raise RetrainingDue(
        f"retraining is due: intervals {MOST_STRETCH:g} times as wide, the most that a "
        f"recalibration may make them, hold {coverage:.0%} of the outcomes instead of 80 % (up to "
        f"{widest:.2f} times would be needed): run creatorcast train DATA"
    )


def require_order(outcomes: UsableOutcomes, manifest: dict) -> None:
    """Raise RetrainingDue where the rank correlation of forecasts and outcomes within platform and
    band is below ORDER_LOST of the backtest's, beyond doubt.
    """
    record = _rank_correlation_of_record(manifest)
    if record is None:
        return
    rows = outcomes.rows
    per_deliverable = rows["outcome_ln"] - np.log(rows["deliverables"])
    segment = (rows["platform"] + " " + rows["band"].fillna("unknown")).to_numpy(str)
    forecast, y = rows["location"].to_numpy(float), per_deliverable.to_numpy(float)
    found = spearman_within(forecast, y, segment)
    _, high = interval(_bootstrap_order(forecast, y, segment, rows["creator"].to_numpy(str)))
    if high < ORDER_LOST * record:
        raise RetrainingDue(
            f"retraining is due: the rank correlation of forecasts and outcomes within platform "
            f"and band is {found:.2f} (at most {high:.2f}), {record:.2f} in the backtest, and a "
            "recalibration does not change their order: run creatorcast train DATA"
        )


def describe(outcomes: UsableOutcomes, adjustment: Adjustment, trained: Bundle) -> dict:
    """Return what the manifest of a recalibrated bundle tells, as JSON values."""
    rows = outcomes.rows
    return {
        "trained": trained.version,
        "outcomes": len(outcomes),
        "creators": outcomes.creators,
        "since": to_timestamp(rows[OUTCOME_MOMENT].min()).isoformat(),
        "until": to_timestamp(rows["matured_at"].max()).isoformat(),
        "digest": outcomes.digest,
        "left_out": dict(outcomes.left_out),
        "half_life_days": HALF_LIFE_DAYS,
        "centre_share": CENTRE_SHARE,
        "tables": adjusted_cells(adjustment, trained),
    }


def adjusted_cells(adjustment: Adjustment, trained: Bundle) -> list[dict]:
    """Return what was done to the table of each platform and evidence with outcomes.

    `moved`: of ln(1 + count) of one deliverable, at the usual scale; `stretched`: a factor.
    """
    tables = trained.forecasters[TARGET].conformal_
    moved = adjustment.centre * half_widths(tables)[tables.place] * adjustment.scale
    return [
        {
            "platform": PLATFORMS[platform],
            "evidence": EVIDENCE[evidence],
            "outcomes": int(adjustment.outcomes[platform, evidence]),
            "creators": int(adjustment.creators[platform, evidence]),
            "moved": round(float(moved[platform, evidence]), 4),
            "stretched": round(float(adjustment.spread[platform, evidence]), 4),
        }
        for platform, evidence in np.argwhere(adjustment.outcomes).tolist()
    ]


def _bundles(home: Path) -> tuple[Bundle, Bundle]:
    """Return the champion, and the bundle that has its boosters with the tables as trained."""
    version = champion_folder(home).name
    champion = load_version(home, version)
    root = trained_version(champion.manifest)
    return champion, champion if root == version else load_version(home, root)


def _bundle(trained: Bundle, forecaster: FittedForecaster, entry: dict) -> Bundle:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    kept = {name: value for name, value in trained.manifest.items() if name != "version"}
    return replace(
        trained,
        manifest={**kept, "created_at": created, "recalibrated": entry},
        forecasters={**trained.forecasters, TARGET: forecaster},
    )


def _held(outcomes: UsableOutcomes, bundle: Bundle) -> np.ndarray:
    """Return a mask (n,) of the outcomes inside of the bundle's 80 % intervals."""
    low, high = outcomes.forecast(bundle.forecasters[TARGET]).interval(0.8).T
    total = np.expm1(outcomes.rows["outcome_ln"].to_numpy(float))
    return (low <= total) & (total <= high)


def _rank_correlation_of_record(manifest: dict) -> float | None:
    for row in manifest.get("backtest", {}).get("table", ()):
        if row["split"] == "seen" and row["forecaster"] == OUR_MODEL:
            return row.get("spearman_within")
    return None


def _bootstrap_order(
    forecast: np.ndarray, y: np.ndarray, segment: np.ndarray, creator: np.ndarray
) -> np.ndarray:
    """Return rank correlations of draws of creators with replacement, (BOOTSTRAP_ROUNDS,)."""
    random = np.random.default_rng(0)
    groups = list(pd.Series(np.arange(len(y))).groupby(creator).indices.values())
    draws = []
    for _ in range(BOOTSTRAP_ROUNDS):
        drawn = random.integers(0, len(groups), len(groups))
        rows = np.concatenate([groups[number] for number in drawn])
        draws.append(spearman_within(forecast[rows], y[rows], segment[rows]))
    return np.array(draws)
