"""Fitting to what is known at a moment: market priors, training rows, boosters, then calibration.

The model that answers is fitted to all that is known at `until`. Its conformal quantiles come from
a calibration model: one fitted to an earlier cut and scored on the posts after it, recent posts
weighing more.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from features.derive.fit_reference import TooLittleData, fit_reference
from features.derive.reference import Reference
from features.history.arrays import DAY_US
from features.history.history import History
from features.maturation.maturation import AS_READ
from features.tables.vocabulary import MATURE_DAYS, TARGETS
from models.conformal import ENOUGH_SCORES, CalibrationSet
from models.forecast import Forecaster
from models.forecaster_columns import forecaster_columns
from models.input_reference import fit_input_reference
from training.backend import LOCAL, Backend
from training.dataset import LabelledQueries, sample_training_rows, training_weights
from training.later_posts import LaterPosts, derive_later_posts, label_later_posts
from training.platform_times import (
    time_of_post_share,
    times_by_platform,
    times_of_accounts,
    to_timestamp,
)
from training.recipe import Recipe

#: Training rows that a target needs.
ENOUGH_ROWS = 20


@dataclass(frozen=True)
class FittedModels:
    """Market priors and forecasters by target, fitted to what was known at `until`.

    - `until`: moments (platforms,), see training.platform_times
    - `rows`: number of training rows by target
    - `input_reference`: of the rows of the first target, see models.input_reference
    """

    until: np.ndarray
    reference: Reference
    forecasters: dict[str, Forecaster]
    rows: dict[str, int]
    input_reference: dict[str, Any] = field(default_factory=dict)

    def at_horizon(self, history: History) -> History:
        """Return the history with its counts brought to the horizon of the models."""
        return self.reference.at_horizon(history)


@dataclass(frozen=True)
class TrainingRows:
    """The rows that a forecaster is fitted to, with the market that derived them.

    - `until`: moments (platforms,); `moments`: that of each row's platform, (n,)
    - `x`: features of `rows`
    """

    until: np.ndarray
    reference: Reference
    rows: LabelledQueries
    moments: np.ndarray
    x: pd.DataFrame


def fit(
    history: History,
    until: int | np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None = None,
    targets: tuple[str, ...] = TARGETS,
    calibration: dict[str, CalibrationSet | None] | None = None,
    report: Callable[[str], None] = lambda text: None,
    backend: Backend = LOCAL,
) -> FittedModels:
    """Fit `targets` to what is known at `until`, and calibrate.

    - `until`: a moment (microseconds, UTC), or one for each platform (training.platform_times)
    - `accounts`: mask (accounts,) of those that may be used, default all
    - `calibration`: for targets whose calibration model exists already, its `calibration_set` for
      the same `until` and accounts; for other targets a calibration model is fitted here

    Raises features.derive.reference.TooLittleData where there is nothing to learn from.
    """
    sets = dict(calibration or {})
    uncalibrated = tuple(target for target in targets if target not in sets)
    workers, recipe = plan_parallel_fits(recipe)
    with ThreadPoolExecutor(workers) as pool:
        jobs = submit_fits(
            pool, history, until, recipe, accounts, targets, uncalibrated, report, backend
        )
    return calibrate_fits(jobs, history, recipe, sets, accounts, report, backend)


@dataclass(frozen=True)
class FitJobs:
    """Fits that a pool makes: the models that answer, and by target the calibration models."""

    fitted: Future[FittedModels]
    calibration_models: dict[str, Future[FittedModels]]


def submit_fits(
    pool: Executor,
    history: History,
    until: int | np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None,
    targets: tuple[str, ...],
    uncalibrated: tuple[str, ...],
    report: Callable[[str], None] = lambda text: None,
    backend: Backend = LOCAL,
) -> FitJobs:
    """Let a pool fit `targets` as `fit` does, and the calibration models of those `uncalibrated`.

    `recipe`: with the threads of one fit (`plan_parallel_fits`). No fit waits for another one.
    """
    until = times_by_platform(until)
    fitted = pool.submit(
        fit_uncalibrated, history, until, recipe, accounts, targets, report, backend
    )
    models = {
        target: pool.submit(
            _fit_calibration_model, history, target, until, recipe, accounts, backend
        )
        for target in uncalibrated
    }
    return FitJobs(fitted, models)


def calibrate_fits(
    jobs: FitJobs,
    history: History,
    recipe: Recipe,
    sets: Mapping[str, CalibrationSet | None],
    accounts: np.ndarray | None = None,
    report: Callable[[str], None] = lambda text: None,
    backend: Backend = LOCAL,
) -> FittedModels:
    """Wait for fits; calibrate each target by its calibration model, the others by their
    calibration `sets`. Raises TooLittleData where there is nothing to learn from.
    """
    fitted = jobs.fitted.result()
    models = {target: _model_or_none(job) for target, job in jobs.calibration_models.items()}
    for target, forecaster in fitted.forecasters.items():
        if target in models:
            later = calibration_set(
                history, target, models[target], fitted.until, recipe, accounts, backend
            )
        else:
            later = sets[target]
        calibrate(forecaster, target, later, report)
    return fitted


def plan_parallel_fits(recipe: Recipe) -> tuple[int, Recipe]:
    """Return how many fits run side by side, and the recipe with the threads of each.

    0 threads become one for each fit: fits on one thread each never wait, which the threads of one
    fit do at every tree.
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
    backend: Backend = LOCAL,
) -> FittedModels:
    """Fit as `fit`, without calibration in time: intervals come from residuals out of fold."""
    until = times_by_platform(until)
    reference = fit_market_reference(history, until, recipe, accounts)
    fitted = FittedModels(until, reference, {}, {})
    history = fitted.at_horizon(history)
    for target in targets:
        if getattr(reference, target) is None:
            continue
        try:
            training = derive_training_rows(
                history, target, until, recipe, reference, accounts, backend
            )
        except TooLittleData:
            if target == targets[0]:
                raise
            report(f"  {target}: too few to learn from, left out")
            continue
        fitted.forecasters[target] = fit_forecaster(target, training, recipe, backend)
        fitted.rows[target] = len(training.rows)
        if target == targets[0]:
            bands = tuple(reference.band_edges)
            inputs = fit_input_reference(training.x, training.rows.account, bands)
            fitted.input_reference.update(inputs)
        report(f"  {target}: {len(training.rows):,} rows learned from")
    return fitted


def make_forecaster(target: str, recipe: Recipe, backend: Backend = LOCAL) -> Forecaster:
    """Return the unfitted forecaster of a target."""
    columns = forecaster_columns(target)
    columns["leave_out"] = (*columns["leave_out"], *recipe.left_out_columns())
    return backend.forecaster(
        **columns,
        location=recipe.location,
        scale=recipe.scale,
        folds=recipe.folds,
        widen=recipe.widen,
        seed=recipe.seed,
        threads=recipe.threads,
    )


def calibration_set(
    history: History,
    target: str,
    model: FittedModels | None,
    until: np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None = None,
    backend: Backend = LOCAL,
) -> CalibrationSet | None:
    """Return the calibration model's forecasts of the posts between its cut and `until`.

    None where there is no model, or where the posts are too few.
    """
    if model is None:
        return None
    lead_days = recipe.sampling.longest_lead_days
    history = model.at_horizon(history)
    posts = label_later_posts(history, target, model.until, until, lead_days, accounts)
    if not len(posts):
        return None
    later = derive_later_posts(history, posts, model.reference, backend)
    return score_later_posts(history, target, model, later, until, recipe)


def score_later_posts(
    history: History,
    target: str,
    model: FittedModels,
    later: LaterPosts,
    until: np.ndarray,
    recipe: Recipe,
) -> CalibrationSet | None:
    """Return the model's forecasts of later posts, with weights by recency at `until`.

    None where the posts are too few.
    """
    rows = later.rows
    if len(rows) < ENOUGH_SCORES:
        return None
    age_days = (times_of_accounts(history, until, rows.account) - rows.posted) / DAY_US
    weight = 0.5 ** (age_days / recipe.calibration_half_life_days)
    return model.forecasters[target].calibration_set(later.x, rows.y, weight, rows.account)


def calibrate(
    forecaster: Forecaster,
    target: str,
    calibration: CalibrationSet | None,
    report: Callable[[str], None] = lambda text: None,
) -> None:
    """Calibrate a fitted forecaster by forecasts of later posts; None where they are too few."""
    forecaster.calibrate(calibration)
    if calibration is None:
        report(f"  {target}: too few later posts to calibrate on; the offset stands alone")
    else:
        report(f"  {target}: {len(calibration):,} later rows to calibrate on")


def derive_training_rows(
    history: History,
    target: str,
    until: np.ndarray,
    recipe: Recipe,
    reference: Reference | None = None,
    accounts: np.ndarray | None = None,
    backend: Backend = LOCAL,
) -> TrainingRows:
    """Draw and derive the rows that a forecaster of a target is fitted to at `until` (platforms,).

    `history`: as it was read, or at the horizon of a `reference` given. Raises TooLittleData.
    """
    if reference is None:
        reference = fit_market_reference(history, until, recipe, accounts)
        history = reference.at_horizon(history)
    rows = sample_training_rows(history, target, until, recipe.sampling, accounts)
    if len(rows) < ENOUGH_ROWS:
        raise TooLittleData(
            f"only {len(rows)} training rows for {target} before "
            f"{to_timestamp(until.max()):%Y-%m-%d}: creators need posts with known counts that are "
            f"{MATURE_DAYS} days old, and later posts to learn from"
        )
    moments = times_of_accounts(history, until, rows.account)
    return TrainingRows(
        until, reference, rows, moments, backend.derive(history, rows.queries, reference)
    )


def fit_market_reference(
    history: History, until: np.ndarray, recipe: Recipe, accounts: np.ndarray | None = None
) -> Reference:
    """Fit the market to what was known of some accounts (mask, default all) at `until`."""
    positions = None if accounts is None else np.flatnonzero(accounts)
    maturation = None if recipe.brings_counts else AS_READ
    return fit_reference(history, until, positions, recipe.horizon_days, maturation)


def fit_forecaster(
    target: str, training: TrainingRows, recipe: Recipe, backend: Backend = LOCAL
) -> Forecaster:
    """Fit the forecaster of a target to derived rows."""
    rows = training.rows
    weight = training_weights(rows, training.moments, recipe.sampling)
    forecaster = make_forecaster(target, recipe, backend)
    return forecaster.fit(training.x, rows.y, sample_weight=weight, groups=rows.account)


def _fit_calibration_model(
    history: History,
    target: str,
    until: np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None,
    backend: Backend,
) -> FittedModels:
    """Return a fit to the cut that leaves the recipe's `calibration_share` of the posts after it.

    Raises TooLittleData.
    """
    cut = time_of_post_share(history, target, until, 1 - recipe.calibration_share)
    if cut.max() >= 0:
        model = fit_uncalibrated(history, cut, recipe, accounts, (target,), backend=backend)
        if target in model.forecasters:
            return model
    raise TooLittleData(f"no earlier post tells {target}, so nothing can be calibrated")


def _model_or_none(job: Future[FittedModels]) -> FittedModels | None:
    try:
        return job.result()
    except TooLittleData:
        return None
