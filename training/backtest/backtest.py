"""The backtest: models fitted to what was known at a cut, evaluated on what came after it.

Rolling origins: the same at several cuts. Each cut has two tests: later posts of creators that
trained the model (`seen`), and later posts of a part of the creators that did not (`unseen`), by
default a fifth, another one at each cut.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.derive.fit_reference import TooLittleData
from features.history.history import History
from features.maturation.curve_text import describe_curves
from features.tables.vocabulary import MATURE_DAYS
from models.conformal import CalibrationSet
from training.backend import LOCAL, Backend
from training.backtest.evaluate import Evaluation, evaluate_fit
from training.backtest.report_tables import ENOUGH_POSTS, BacktestResult
from training.dataset import hide_content
from training.fit import (
    FitJobs,
    FittedModels,
    Recipe,
    calibrate_fits,
    fit_uncalibrated,
    plan_parallel_fits,
    score_later_posts,
    submit_fits,
)
from training.later_posts import label_later_posts
from training.platform_times import (
    days_text,
    time_of_post_share,
    times_by_platform,
    timestamps_by_platform,
)
from training.simulate.oracle import Oracle

#: Share of the known posts between two cuts; the model that calibrates a cut is fitted two steps
#: before it.
STEP = 0.075
#: Shares of the creators behind the learning curve.
LEARNING = (0.1, 0.25, 0.5)


@dataclass(frozen=True)
class _Plan:
    """What every task of a backtest needs.

    `folds` (accounts,): the fold of each account, which is left out at one cut in
    `recipe.creator_parts`.
    """

    history: History
    until: np.ndarray
    recipe: Recipe
    target: str
    oracle: Oracle | None
    folds: np.ndarray
    backend: Backend
    totals: bool

    def cut_at(self, share: float) -> np.ndarray:
        """Return the moments (platforms,) before which `share` of each platform's posts lie."""
        moments = time_of_post_share(self.history, self.target, self.until, share)
        if moments.max() >= 0:
            return moments
        raise TooLittleData(_no_outcome_text(self.history, self.target))

    def held_out(self, number: int) -> np.ndarray:
        """Return the mask of the accounts left out at a cut, (accounts,)."""
        return self.folds == number % self.recipe.creator_parts

    def evaluate(
        self, fitted: FittedModels, accounts: np.ndarray | None = None
    ) -> Evaluation | None:
        """Score a fit on the later posts of some accounts, default all."""
        return evaluate_fit(
            self.history,
            fitted,
            self.until,
            self.recipe,
            accounts,
            self.target,
            self.oracle,
            self.backend,
            self.totals,
        )


def _no_outcome_text(history: History, target: str) -> str:
    """Return why nothing can be learned or judged, and the remedy."""
    if len(history.panel(target).time):
        return (
            f"no post's {target} were read at an age of {MATURE_DAYS} days or later, so no outcome "
            "is known: read the posts again (posts, observed_at)"
        )
    remedy = ": posts need likes and comments (on TikTok and X shares too)"
    return f"no post has known {target}{remedy if target == 'engagements' else ''}"


def backtest(
    history: History,
    until: int | np.ndarray,
    recipe: Recipe,
    report: Callable[[str], None] = lambda text: None,
    cuts: int = 1,
    target: str = "engagements",
    oracle: Oracle | None = None,
    learning: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    backend: Backend = LOCAL,
    totals: bool = False,
    pool: Executor | None = None,
) -> tuple[BacktestResult, CalibrationSet | None]:
    """Fit and evaluate at `cuts` moments.

    `recipe.calibration_share` of the posts lie after the last cut, and STEP between two. Early cuts
    with too little data are left out; raises TooLittleData where the last one is. `learning`,
    `totals`: whether the learning curve and the scores of totals are made too. `pool`: where the
    fits are made, default a new one. Returns also the last fit's forecasts of the later posts,
    which calibrate a fit to `until` (training.fit.fit); None where they are too few.
    """
    workers, recipe = plan_parallel_fits(recipe)
    folds = creator_folds(history, recipe)
    plan = _Plan(history, times_by_platform(until), recipe, target, oracle, folds, backend, totals)
    last = 1 - recipe.calibration_share
    moments = [plan.cut_at(last - STEP * steps) for steps in range(cuts + 1, -1, -1)]
    if cuts == 1:  # its fit has a calibration model of its own and needs no fits of earlier moments
        moments = moments[-1:]
    shares = LEARNING if learning else ()
    day = days_text(timestamps_by_platform(history, moments[-1]))
    report(f"backtest: {cuts} cut(s), the last on {day}")
    with ThreadPoolExecutor(workers) if pool is None else nullcontext(pool) as executor:
        seen, unseen = _submit_fits(plan, executor, moments, cuts, report)
        curve = [
            executor.submit(_learning_point, plan, moments[-1], cuts - 1, share) for share in shares
        ]
        # a job waits for the fits that it evaluates: all of them stand before it in the queue
        judged = _submit_evaluations(plan, executor, seen, unseen, report)
        fits = [jobs.fitted for jobs in (*seen, *unseen)]
        counter = _Counter(progress, len(fits) + len(curve) + len(judged))
        counter.wait(fits)
        report("backtest: judging")
        counter.wait([*curve, *judged])
    last_fit = seen[-1].fitted.result()
    evaluations = [job.result() for job in judged]
    result = _result(plan, last_fit, evaluations, [job.result() for job in curve])
    return result, None if evaluations[-2] is None else evaluations[-2].calibration


def creator_folds(history: History, recipe: Recipe) -> np.ndarray:
    """Return the part of each account, (accounts,); part 0 is left out at the first cut."""
    random = np.random.default_rng(recipe.seed)
    return random.integers(0, recipe.creator_parts, len(history.accounts))


@dataclass(frozen=True)
class _Scored:
    """Scores and totals of one split at one cut (see Evaluation).

    `calibration`: the forecasts of the later posts, where a later fit is calibrated by them.
    """

    scores: pd.DataFrame
    totals: pd.DataFrame | None
    calibration: CalibrationSet | None


class _Counter:
    """Reports how many of `total` jobs are done."""

    def __init__(self, progress: Callable[[int, int], None], total: int):
        self._progress, self._total, self._done = progress, total, 0

    def wait(self, jobs: Iterable[Future]) -> None:
        """Wait until all jobs are done, whether they fail or not."""
        for _ in as_completed(jobs):
            self._done += 1
            self._progress(self._done, self._total)


def _submit_fits(
    plan: _Plan,
    pool: Executor,
    moments: list[np.ndarray],
    cuts: int,
    report: Callable[[str], None],
) -> tuple[list[FitJobs], list[FitJobs]]:
    """Start the fits to all creators, one for each moment, and those without the held out ones."""
    # those of several cuts are calibrated by the fits of earlier moments
    uncalibrated = (plan.target,) if cuts == 1 else ()
    seen = [_submit_fit(plan, pool, moment, None, uncalibrated, report) for moment in moments]
    unseen = [
        _submit_fit(plan, pool, moment, ~plan.held_out(number), (plan.target,))
        for number, moment in enumerate(moments[-cuts:])
    ]
    return seen, unseen


def _submit_fit(
    plan: _Plan,
    pool: Executor,
    moment: np.ndarray,
    accounts: np.ndarray | None,
    uncalibrated: tuple[str, ...],
    report: Callable[[str], None] = lambda text: None,
) -> FitJobs:
    targets = (plan.target,)
    return submit_fits(
        pool,
        plan.history,
        moment,
        plan.recipe,
        accounts,
        targets,
        uncalibrated,
        report,
        plan.backend,
    )


def _submit_evaluations(
    plan: _Plan,
    pool: Executor,
    seen: list[FitJobs],
    unseen: list[FitJobs],
    report: Callable[[str], None],
) -> list[Future[_Scored | None]]:
    """Start the evaluations of each cut: seen creators, then unseen ones."""
    cuts, target = len(unseen), plan.target
    jobs = []
    for number in range(cuts):
        of_cut = seen[number - cuts]
        if cuts > 1:
            of_cut = replace(of_cut, calibration_models={target: seen[number].fitted})
        is_last = number == cuts - 1
        jobs += [
            pool.submit(_evaluate_seen, plan, of_cut, is_last, report),
            pool.submit(_evaluate_unseen, plan, unseen[number], number),
        ]
    return jobs


def _evaluate_seen(
    plan: _Plan, jobs: FitJobs, is_last: bool, report: Callable[[str], None]
) -> _Scored | None:
    """Calibrate and score the fit of one cut."""
    try:
        fitted = calibrate_fits(
            jobs, plan.history, plan.recipe, {}, report=report, backend=plan.backend
        )
    except TooLittleData:
        return None
    evaluation = plan.evaluate(fitted)
    if evaluation is None or not is_last:
        return _scored(evaluation, "seen")
    calibration = score_later_posts(
        plan.history, plan.target, fitted, evaluation.later, plan.until, plan.recipe
    )
    return _scored(evaluation, "seen", calibration)


def _evaluate_unseen(plan: _Plan, jobs: FitJobs, number: int) -> _Scored | None:
    held_out = plan.held_out(number)
    try:
        fitted = calibrate_fits(
            jobs, plan.history, plan.recipe, {}, ~held_out, backend=plan.backend
        )
    except TooLittleData:
        return None
    return _scored(plan.evaluate(fitted, held_out), "unseen")


def _scored(
    evaluation: Evaluation | None, split: str, calibration: CalibrationSet | None = None
) -> _Scored | None:
    if evaluation is None:
        return None
    totals = None if evaluation.totals is None else evaluation.totals.assign(split=split)
    return _Scored(evaluation.scores.assign(split=split), totals, calibration)


def _learning_point(
    plan: _Plan, moment: np.ndarray, number: int, share: float
) -> dict[str, float] | None:
    """Return the error of a fit to a share of the creators, on those held out with enough posts.

    It is the same at the horizon as at the age at reading: both sides move by the same growth.
    """
    held_out = plan.held_out(number)
    random = np.random.default_rng(plan.recipe.seed + 1)
    chosen = ~held_out & (random.random(len(held_out)) < share)
    try:
        fitted = fit_uncalibrated(
            plan.history,
            moment,
            plan.recipe,
            chosen,
            targets=(plan.target,),
            backend=plan.backend,
        )
    except TooLittleData:
        return None
    lead_days = plan.recipe.sampling.longest_lead_days
    history = fitted.at_horizon(plan.history)
    posts = label_later_posts(history, plan.target, fitted.until, plan.until, lead_days, held_out)
    if not len(posts):
        return None
    x = plan.backend.derive(history, hide_content(posts).queries, fitted.reference)
    enough = (x[f"{plan.target}_known_count"] >= ENOUGH_POSTS).to_numpy()
    if not enough.any():
        return None
    error = np.abs(fitted.forecasters[plan.target].predict(x) - posts.y)[enough]
    return {"creators": int(chosen.sum()), "rows": len(error), "mae": error.mean()}


def _result(
    plan: _Plan,
    last: FittedModels,
    evaluations: list[_Scored | None],
    points: list[dict[str, float] | None],
) -> BacktestResult:
    made = [evaluation for evaluation in evaluations if evaluation is not None]
    platforms = timestamps_by_platform(plan.history, last.until)
    if not made:
        raise TooLittleData(
            f"no post with known counts lies in the days after {days_text(platforms)} that are "
            "asked about, so nothing can be judged: add later posts, or allow longer leads"
        )
    scores = pd.concat([evaluation.scores for evaluation in made], ignore_index=True)
    of_totals = [evaluation.totals for evaluation in made if evaluation.totals is not None]
    totals = pd.concat(of_totals, ignore_index=True) if of_totals else pd.DataFrame()
    columns = ["split", *(name for name in scores if name != "split")]
    scores = scores[columns].sort_values(["split"], kind="stable").reset_index(drop=True)
    learning = pd.DataFrame([point for point in points if point is not None])
    curves = describe_curves(last.reference.maturation, platforms)
    return BacktestResult(tuple(platforms), scores, totals, learning, curves)
