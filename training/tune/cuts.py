"""What trials are scored on: earlier cuts of the training window, with their rows derived once.

    posts by time:   |--- ... 3 cuts ---| confirmation cut |---| last cut of the backtest |--- test

- Nothing after the backtest's last cut is read: its posts stay a test that no search has seen.
- Selection: the posts between each of CUTS cuts and the confirmation cut, asked about at the cut.
- Confirmation: the posts between the confirmation cut and the backtest's last one, which no trial
  is scored on.
- Each fit is calibrated as in the backtest: by the posts after the fit of an earlier moment.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from features.derive.fit_reference import TooLittleData
from features.errors import CreatorcastError
from features.history.history import History
from features.tables.vocabulary import EVIDENCE, TARGETS
from models.conformal import ENOUGH_SCORES
from models.forecast import Forecaster
from training.backtest.backtest import STEP
from training.fit import (
    ENOUGH_ROWS,
    FittedModels,
    TrainingRows,
    derive_training_rows,
    fit_forecaster,
    plan_parallel_fits,
    score_later_posts,
)
from training.later_posts import LaterPosts, derive_later_posts, label_later_posts
from training.platform_times import time_of_post_share
from training.recipe import Recipe

#: Cuts that trials are scored at.
CUTS = 3
#: Steps of the backtest between a cut and the fit that calibrates it, and between the confirmation
#: cut and the backtest's last one.
STEPS = 2
#: Posts that a cut needs.
ENOUGH_POSTS = 50
#: What recipes are scored by.
TARGET = TARGETS[0]


class TuningError(CreatorcastError):
    """There is nothing to tune on, or the search cannot be used."""


@dataclass(frozen=True)
class TuningCut:
    """The rows of one cut: those of its fit and of the fit that calibrates it, the posts that
    calibrate, and those that are scored.
    """

    fit: TrainingRows
    earlier: TrainingRows
    calibration: LaterPosts
    scored: LaterPosts

    @property
    def creator(self) -> np.ndarray:
        """The account of each score, (len(EVIDENCE) * posts,)."""
        return self.scored.rows.account


@dataclass(frozen=True)
class TuningCuts:
    """The cuts that trials are scored at, from the earliest, and the one that confirms."""

    history: History
    selection: tuple[TuningCut, ...]
    confirmation: TuningCut

    def scores(self, cut: TuningCut, recipe: Recipe, known: "KnownFits") -> np.ndarray:
        """Return the CRPS of what a recipe serves of each later post at each evidence,
        (len(EVIDENCE) * posts,).

        `known`: the fits of this recipe so far.
        """
        fits = known.fits(recipe, [cut.earlier, cut.fit])
        earlier, forecaster = fits
        model = FittedModels(cut.earlier.until, cut.earlier.reference, {TARGET: earlier}, {})
        calibration = score_later_posts(
            self.history, TARGET, model, cut.calibration, cut.fit.until, recipe
        )
        forecaster.calibrate(calibration)
        return forecaster.crps(cut.scored.x, cut.scored.rows.y)


class KnownFits:
    """The forecasters of one recipe by moment: two cuts may use the same. Each is calibrated anew
    where it is used.
    """

    def __init__(self) -> None:
        self._fits: dict[int, Forecaster] = {}

    def fits(self, recipe: Recipe, rows: list[TrainingRows]) -> list[Forecaster]:
        """Return the forecaster of each set of rows; those that are new are fitted side by side."""
        workers, recipe = plan_parallel_fits(recipe)
        new = [part for part in rows if id(part) not in self._fits]
        with ThreadPoolExecutor(workers) as pool:
            made = list(pool.map(lambda part: fit_forecaster(TARGET, part, recipe), new))
        self._fits |= {id(part): forecaster for part, forecaster in zip(new, made, strict=True)}
        return [self._fits[id(part)] for part in rows]


def derive_tuning_cuts(
    history: History,
    until: np.ndarray,
    recipe: Recipe,
    report: Callable[[str], None] = lambda text: None,
) -> TuningCuts:
    """Derive the rows of all cuts; `until` (platforms,): the moments at which training would end.

    Raises TuningError where there are too few posts for several cuts.
    """
    last = 1 - recipe.calibration_share
    shares = [last - STEP * step for step in range(2 * STEPS + CUTS, -1, -1)]
    moments = [time_of_post_share(history, TARGET, until, share) for share in shares]
    needed = len(moments) - STEPS
    try:
        rows = []
        for number, moment in enumerate(moments[:needed], 1):
            report(f"deriving the rows of cut {number} of {needed}")
            rows.append(derive_training_rows(history, TARGET, moment, recipe))
    except TooLittleData as error:
        raise TuningError(f"there is too little to tune on: {error}") from error
    confirms = needed - 1
    selection = tuple(
        _cut(history, rows[at], rows[at - STEPS], moments[confirms], recipe)
        for at in range(confirms - CUTS, confirms)
    )
    confirmation = _cut(history, rows[confirms], rows[confirms - STEPS], moments[-1], recipe)
    return TuningCuts(history, selection, confirmation)


def _cut(
    history: History, fit: TrainingRows, earlier: TrainingRows, until: np.ndarray, recipe: Recipe
) -> TuningCut:
    """Return the cut of a fit, scored on the posts until a moment."""
    calibration = _later(history, earlier, fit.until, recipe)
    scored = _later(history, fit, until, recipe)
    few = min(len(fit.rows), len(earlier.rows)) < ENOUGH_ROWS
    if few or len(scored.posts) < ENOUGH_POSTS or len(calibration.rows) < ENOUGH_SCORES:
        raise TuningError(
            f"there is too little to tune on: a cut has {len(scored.posts):,} later posts with "
            f"known counts, {ENOUGH_POSTS} are needed: give tables with a longer history"
        )
    return TuningCut(fit, earlier, calibration, scored)


def _later(
    history: History, training: TrainingRows, until: np.ndarray, recipe: Recipe
) -> LaterPosts:
    history = training.reference.at_horizon(history)
    lead_days = recipe.sampling.longest_lead_days
    posts = label_later_posts(history, TARGET, training.until, until, lead_days)
    if not len(posts):
        raise TuningError(
            "there is too little to tune on: no later posts with known counts at a cut: give "
            "tables with a longer history"
        )
    return derive_later_posts(history, posts, training.reference)


def mean_crps(scores: np.ndarray) -> float:
    """Return the mean over posts and evidences alike; every post has one score of each evidence."""
    assert len(scores) % len(EVIDENCE) == 0
    return float(scores.mean())
