"""The record: forecasters fitted to what was known at a cut, held against what came after, beside
the usual rules.

Rolling origins: the same at several cuts. Two tests at each: later posts of creators that trained
the model, and later posts of a fifth of the creators, another at each cut, that did not.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derive.derive import derive
from features.derive.reference import TooLittleData
from features.history.history import History
from training.backtest.evaluate import evaluate_fit, label_later_posts
from training.backtest.report_tables import ENOUGH_POSTS, BacktestResult
from training.dataset import hide_content
from training.fit import FittedModels, Recipe, calibrate, fit, fit_uncalibrated, plan_parallel_fits
from training.platform_times import (
    days_text,
    time_of_post_share,
    times_by_platform,
    timestamps_by_platform,
)
from training.simulate.oracle import Oracle

#: The creators are split into so many parts, one of which is left out at each cut.
HOLDOUT_FOLDS = 5
#: Share of the known posts between two cuts; the twin that calibrates a cut stands two steps before
#: it.
STEP = 0.075
#: Shares of the creators behind the learning curve.
LEARNING = (0.1, 0.25, 0.5)


@dataclass(frozen=True)
class _Plan:
    """What every task of a backtest needs."""

    history: History
    until: np.ndarray
    recipe: Recipe
    what: str
    oracle: Oracle | None
    parts: np.ndarray

    def at(self, share: float) -> np.ndarray:
        """Give the moments (platforms,) before which `share` of each platform's known posts lie."""
        moments = time_of_post_share(self.history, self.what, self.until, share)
        if moments.max() < 0:
            raise TooLittleData(
                f"no post has known {self.what}: posts need likes and comments (on TikTok and X shares too)"
                if self.what == "engagements"
                else f"no post has known {self.what}"
            )
        return moments

    def held_out(self, number: int) -> np.ndarray:
        """Give the mask of accounts left out at a cut."""
        return self.parts == number % HOLDOUT_FOLDS


def backtest(
    history: History,
    until: int | np.ndarray,
    recipe: Recipe,
    report: Callable[[str], None] = lambda text: None,
    cuts: int = 1,
    what: str = "engagements",
    oracle: Oracle | None = None,
    learning: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[BacktestResult, FittedModels]:
    """Fit at `cuts` moments, the last of which leaves `recipe.calibration_share` of the posts after
    it, and judge.

    A fifth of the creators, drawn by `recipe.seed`, is left out of a second fit at each cut and
    makes the unseen ones. Early cuts with too little data are left out; raises TooLittleData where
    the last one is. Gives also the fit behind the last cut's seen creators, which is the twin that
    calibrates a fit to `until`.
    """
    workers, recipe = plan_parallel_fits(recipe)
    parts = np.random.default_rng(recipe.seed).integers(0, HOLDOUT_FOLDS, len(history.accounts))
    plan = _Plan(history, times_by_platform(until), recipe, what, oracle, parts)
    last = 1 - recipe.calibration_share
    moments = [plan.at(last - STEP * back) for back in range(cuts + 1, -1, -1)]
    first = 0 if cuts > 1 else len(moments) - 1
    sizes = LEARNING if learning else ()
    total = len(moments) - first + 3 * cuts + len(sizes)
    done = 0

    def count(result):
        nonlocal done
        done += 1
        progress(done, total)
        return result

    with ThreadPoolExecutor(workers) as pool:
        report(
            f"backtest: {cuts} cut(s), the last on {days_text(timestamps_by_platform(history, moments[-1]))}"
        )
        seen = [pool.submit(_fit_seen, plan, at, cuts == 1, report) for at in moments[first:]]
        unseen = [
            pool.submit(_fit_unseen, plan, at, number) for number, at in enumerate(moments[2:])
        ]
        fits = [None] * first + [count(future.result()) for future in seen]
        apart = [count(future.result()) for future in unseen]
        report("backtest: judging")
        jobs = []
        for number in range(cuts):
            jobs += [
                pool.submit(_judge_seen, plan, fits[number + 2], fits[number], cuts > 1),
                pool.submit(_judge_unseen, plan, apart[number], number),
            ]
        curve = [pool.submit(_learn, plan, moments[-1], cuts - 1, share) for share in sizes]
        judged = [count(job.result()) for job in jobs]
        points = [count(job.result()) for job in curve]
    fitted = fits[-1]
    if isinstance(fitted, TooLittleData):
        raise fitted
    record = _record(plan, moments[2:], judged, points)
    return record, fitted


def _fit_seen(plan: _Plan, at: np.ndarray, with_twin: bool, report) -> FittedModels | TooLittleData:
    make = fit if with_twin else fit_uncalibrated
    try:
        return make(plan.history, at, plan.recipe, targets=(plan.what,), report=report)
    except TooLittleData as error:
        return error


def _fit_unseen(plan: _Plan, at: np.ndarray, number: int) -> FittedModels | TooLittleData:
    try:
        return fit(plan.history, at, plan.recipe, ~plan.held_out(number), targets=(plan.what,))
    except TooLittleData as error:
        return error


def _judge_seen(
    plan: _Plan, fitted: FittedModels | TooLittleData, twin, with_twin: bool
) -> tuple | None:
    """Judge the fit of one cut; `with_twin`: an earlier cut's fit calibrates it first."""
    if isinstance(fitted, TooLittleData):
        return None
    if with_twin:
        calibrate(
            plan.history,
            plan.what,
            fitted,
            twin if isinstance(twin, FittedModels) else None,
            plan.recipe,
        )
    return _marked(
        evaluate_fit(plan.history, fitted, plan.until, plan.recipe, None, plan.what, plan.oracle),
        "seen",
    )


def _judge_unseen(plan: _Plan, fitted: FittedModels | TooLittleData, number: int) -> tuple | None:
    if isinstance(fitted, TooLittleData):
        return None
    only = plan.held_out(number)
    found = evaluate_fit(
        plan.history, fitted, plan.until, plan.recipe, only, plan.what, plan.oracle
    )
    return _marked(found, "unseen")


def _marked(found: tuple | None, split: str) -> tuple | None:
    return found and tuple(frame.assign(split=split) for frame in found)


def _learn(plan: _Plan, at: int, number: int, share: float) -> dict | None:
    """Fit to a share of the creators and give the error on those left out at the cut, with enough
    posts before.
    """
    held_out = plan.held_out(number)
    chosen = ~held_out & (np.random.default_rng(plan.recipe.seed + 1).random(len(held_out)) < share)
    try:
        fitted = fit_uncalibrated(plan.history, at, plan.recipe, chosen, targets=(plan.what,))
    except TooLittleData:
        return None
    test = label_later_posts(plan.history, fitted, plan.until, plan.recipe, held_out, plan.what)
    if not len(test):
        return None
    x = derive(plan.history, hide_content(test).queries, fitted.reference)
    enough = (x[f"{plan.what}_known_count"] >= ENOUGH_POSTS).to_numpy()
    if not enough.any():
        return None
    error = np.abs(fitted.forecasters[plan.what].predict(x) - test.y)[enough]
    return {"creators": int(chosen.sum()), "rows": len(error), "mae": error.mean()}


def _record(
    plan: _Plan, moments: list[np.ndarray], judged: list[tuple | None], points: list
) -> BacktestResult:
    found = [pair for pair in judged if pair is not None]
    if not found:
        last = days_text(timestamps_by_platform(plan.history, moments[-1]))
        raise TooLittleData(
            f"no post with known counts lies in the days after {last} that are asked about, so nothing "
            "can be judged: add later posts, or allow longer leads"
        )
    scores, totals = (pd.concat(frames, ignore_index=True) for frames in zip(*found, strict=True))
    learning = pd.DataFrame([point for point in points if point is not None])
    order = ["split", *(name for name in scores if name != "split")]
    ranked = scores[order].sort_values(["split"], kind="stable")
    platforms = tuple(timestamps_by_platform(plan.history, moments[-1]))
    return BacktestResult(platforms, ranked.reset_index(drop=True), totals, learning)
