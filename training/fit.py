"""Fitting as of a moment: reference, rows, boosters, calibration in time, refit.

The model that answers is fitted to all that is known at `until`. Its conformal quantiles come from
a twin fitted to an earlier cut and scored on the posts after it, recent posts weighing more.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from features.derive.catalog import COLUMNS, LEARNED_COLUMNS
from features.derive.derive import derive
from features.derive.reference import Reference, TooLittleData, fit_reference
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.vocabulary import EVIDENCE, PLATFORMS
from models.conformal import ENOUGH_SCORES
from models.forecast import LOCATION_BOOSTING, SCALE_BOOSTING, Boosting, Forecaster
from training.dataset import (
    LabelledQueries,
    Sampling,
    hide_content,
    sample_test_rows,
    sample_training_rows,
    training_weights,
)
from training.platform_times import (
    time_of_post_share,
    times_by_platform,
    times_of_accounts,
    to_timestamp,
)

#: Targets that a bundle may forecast, the headline first.
TARGETS = ("engagements", "views")


class Backend:
    """Who derives columns and fits boosters: this process."""

    def derive(
        self, history: History, questions: pd.DataFrame, reference: Reference
    ) -> pd.DataFrame:
        """Derive the columns of questions about accounts of the history."""
        return derive(history, questions, reference)

    def forecaster(self, **parameters) -> Forecaster:
        """Give an unfitted forecaster of these parameters."""
        return Forecaster(**parameters)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a fit, beside the data, and the backend that does it."""

    sampling: Sampling = field(default_factory=Sampling)
    location: Boosting = LOCATION_BOOSTING
    scale: Boosting = SCALE_BOOSTING
    folds: int = 3
    calibration_share: float = 0.2
    calibration_half_life_days: float = 60.0
    widen: float = 0.05
    seed: int = 0
    threads: int = 0
    backend: Backend = field(default=Backend(), compare=False, repr=False)

    def parameters(self) -> dict:
        """Give all but the backend as plain values."""
        return {
            name: value
            for name, value in asdict(replace(self, backend=None)).items()
            if name != "backend"
        }


@dataclass(frozen=True)
class FittedModels:
    """Reference and forecasters by target, fitted to what was known at `until`
    (training.platform_times).
    """

    until: np.ndarray
    reference: Reference
    forecasters: dict[str, Forecaster]
    rows: dict[str, int]


def fit(
    history: History,
    until: int | np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None = None,
    targets: tuple[str, ...] = TARGETS,
    twin: "FittedModels | None" = None,
    report: Callable[[str], None] = lambda text: None,
) -> FittedModels:
    """Fit `targets` to what is known at `until` of `accounts` (mask, default all), and calibrate.

    `until`: a moment (microseconds, UTC), or one for each platform (training.platform_times).
    `twin`: a fit to an earlier cut, of the same accounts, whose scores on the posts since then
    calibrate this one; a target that it lacks gets a twin of its own. Raises
    features.derive.reference.TooLittleData where there is nothing to learn from.
    """
    until = times_by_platform(until)
    workers, recipe = plan_parallel_fits(recipe)
    lacking = tuple(what for what in targets if twin is None or what not in twin.forecasters)
    with ThreadPoolExecutor(workers) as pool:
        main = pool.submit(fit_uncalibrated, history, until, recipe, accounts, targets, report)
        own = {
            what: pool.submit(_make_twin, history, what, until, recipe, accounts)
            for what in lacking
        }
        fitted = main.result()
        twins = {what: own[what].result() if what in own else twin for what in fitted.forecasters}
    for what, found in twins.items():
        calibrate(history, what, fitted, found, recipe, accounts, report)
    return fitted


def plan_parallel_fits(recipe: Recipe) -> tuple[int, Recipe]:
    """Give how many fits run side by side, and the recipe with the threads of each; 0 threads are
    one a fit.

    Fits side by side on one thread each wait for nobody, which several threads of one fit do at
    every tree.
    """
    threads = recipe.threads or 1
    return max(1, (os.cpu_count() or 1) // threads), replace(recipe, threads=threads)


def fit_uncalibrated(
    history: History,
    until: int | np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None = None,
    targets: tuple[str, ...] = TARGETS,
    report: Callable[[str], None] = lambda text: None,
) -> FittedModels:
    """As `fit`, without calibration in time: intervals come from residuals out of fold."""
    until = times_by_platform(until)
    reference = fit_reference(
        history, until, None if accounts is None else np.flatnonzero(accounts)
    )
    forecasters, rows = {}, {}
    for what in targets:
        if getattr(reference, what) is None:
            continue
        try:
            forecasters[what], rows[what] = _fit_target(
                history, what, until, reference, recipe, accounts
            )
        except TooLittleData:
            if what == targets[0]:
                raise
            report(f"  {what}: too few to learn from, left out")
            continue
        report(f"  {what}: {rows[what]:,} rows learned from")
    return FittedModels(until, reference, forecasters, rows)


def calibrate(
    history: History,
    what: str,
    fitted: FittedModels,
    twin: FittedModels | None,
    recipe: Recipe,
    accounts: np.ndarray | None = None,
    report: Callable[[str], None] = lambda text: None,
) -> None:
    """Calibrate `fitted` by the twin's forecasts of the posts after the twin's cut, where there are
    enough.
    """
    rows = (
        None
        if twin is None
        else _calibration_rows(history, what, twin.until, fitted.until, recipe, accounts)
    )
    if rows is None or len(rows) < ENOUGH_SCORES:
        report(f"  {what}: too few later posts to calibrate on; the offset stands alone")
        fitted.forecasters[what].calibrate(None)
        return
    x = recipe.backend.derive(history, rows.queries, twin.reference)
    age = (times_of_accounts(history, fitted.until, rows.account) - rows.posted) / DAY_US
    weight = rows.weight * 0.5 ** (age / recipe.calibration_half_life_days)
    later = twin.forecasters[what].calibration_set(x, rows.y, weight, rows.account)
    fitted.forecasters[what].calibrate(later)
    report(f"  {what}: {len(rows):,} later rows to calibrate on")


def _fit_target(
    history, what, until, reference, recipe: Recipe, accounts
) -> tuple[Forecaster, int]:
    rows = sample_training_rows(history, what, until, recipe.sampling, accounts)
    if len(rows) < 20:
        raise TooLittleData(
            f"only {len(rows)} training rows for {what} before {to_timestamp(until.max()):%Y-%m-%d}: creators need posts "
            f"with known counts that are {history.horizon_days} days old, and later posts to learn from"
        )
    forecaster = make_forecaster(what, recipe)
    weight = training_weights(
        rows, times_of_accounts(history, until, rows.account), recipe.sampling
    )
    x = recipe.backend.derive(history, rows.queries, reference)
    forecaster.fit(x, rows.y, sample_weight=weight, groups=rows.account)
    return forecaster, len(rows)


def make_forecaster(what: str, recipe: Recipe) -> Forecaster:
    """Give the unfitted forecaster of one target: its offset, evidence and the columns that it must
    not see.
    """
    return recipe.backend.forecaster(
        offset=f"{what}_log_offset",
        evidence=f"{what}_evidence_code",
        evidences=len(EVIDENCE),
        platform="platform_code",
        platforms=len(PLATFORMS),
        centred=(EVIDENCE.index("history"), EVIDENCE.index("summary")),
        posts=f"{what}_known_count",
        mad=f"{what}_log_mad",
        leave_out=tuple(name for name in COLUMNS if name not in LEARNED_COLUMNS),
        codes=tuple(name for name in LEARNED_COLUMNS if name.endswith("_code")),
        location=recipe.location,
        scale=recipe.scale,
        folds=recipe.folds,
        widen=recipe.widen,
        seed=recipe.seed,
        threads=recipe.threads,
    )


def _make_twin(
    history: History, what: str, until: np.ndarray, recipe: Recipe, accounts
) -> FittedModels | None:
    """Fit to the cut that leaves the calibration's share of the posts after it; None where that is
    too little.
    """
    cut = time_of_post_share(history, what, until, 1 - recipe.calibration_share)
    if cut.max() < 0:
        return None
    try:
        twin = fit_uncalibrated(history, cut, recipe, accounts, (what,))
    except TooLittleData:
        return None
    return twin if what in twin.forecasters else None


def _calibration_rows(
    history: History, what: str, cut, until, recipe: Recipe, accounts=None
) -> LabelledQueries:
    """Ask at `cut` about the posts known at `until`, each once for every evidence, as known at
    signing.
    """
    rows = hide_content(
        sample_test_rows(
            history,
            what,
            cut,
            until - history.horizon_days * DAY_US,
            recipe.sampling.longest_lead_days,
        )
    )
    keep = np.ones(len(rows), bool) if accounts is None else accounts[rows.account]
    rows = select_labelled(rows, keep)
    each = [rows.queries.assign(evidence_limit=name) for name in EVIDENCE]
    repeat = {
        name: np.tile(getattr(rows, name), len(EVIDENCE))
        for name in ("y", "account", "posted", "age_read_days")
    }
    return LabelledQueries(
        pd.concat(each, ignore_index=True), weight=np.ones(len(rows) * len(EVIDENCE)), **repeat
    )


def select_labelled(rows: LabelledQueries, keep: np.ndarray) -> LabelledQueries:
    """Give the rows at a mask or positions."""
    arrays = {
        name: getattr(rows, name)[keep]
        for name in ("y", "weight", "account", "posted", "age_read_days")
    }
    return LabelledQueries(
        rows.queries[keep] if keep.dtype == bool else rows.queries.iloc[keep], **arrays
    )
