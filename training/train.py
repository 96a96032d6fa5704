"""Training: from a data folder to a bundle with the results of its backtest."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from features.history.history import History
from features.maturation.curve_text import describe_curves
from features.tables.model import Tables
from features.tables.vocabulary import ENGAGEMENT_DEFINITION, EVIDENCE, PLATFORMS, TARGETS
from models.bundle import Bundle
from models.rate_card import RateCard
from training.artifacts import TrainingResult, write_artifacts
from training.backend import LOCAL, Backend
from training.backtest.backtest import backtest
from training.backtest.evaluate import OUR_MODEL
from training.backtest.report_tables import BacktestResult
from training.code_version import made_with
from training.fit import (
    FittedModels,
    calibrate_fits,
    plan_parallel_fits,
    submit_fits,
)
from training.fit_pricing import fit_pricing, read_rate_card_beside
from training.platform_times import (
    days_text,
    latest_mature_times,
    platform_of_posts,
    timestamps_by_platform,
    to_timestamp,
)
from training.recipe import Recipe
from training.runs.explanation import Explanation, explain_models
from training.runs.note import training_note
from training.shared_errors import shared_shock_of_scores
from training.stopwatch import Stopwatch
from training.training_data import data_digest, digests_beside_tables, read_training_tables


def train(
    data: Path,
    home: Path,
    recipe: Recipe,
    report: Callable[[str], None] = lambda text: None,
    backend: Backend = LOCAL,
    now: int | None = None,
) -> TrainingResult:
    """Train on a data folder and write a bundle under `home`/artifacts/bundles.

    A rate_card.csv among the tables takes the place of the shipped one. training.tracking logs the
    result to MLflow. The same tables, recipe, code and packages give the same bundle, byte by byte;
    `now`: the moment (microseconds, UTC) at which posts must be mature, default the present.

    Raises features.tables.frames.DataFolderError, features.tables.validate.InvalidTables,
    models.rate_card.RateCardError, features.derive.reference.TooLittleData, or
    training.home_lock.HomeError where the bundle cannot be written.
    """
    report(f"reading {data}")
    watch = Stopwatch()
    with watch.stage("read"):
        card = read_rate_card_beside(data)
        tables = read_training_tables(data)
    # sums of several threads differ in their last digits by the number of threads
    with threadpool_limits(1, user_api="blas"):
        bundle, result, scores, explanations = _train_bundle(
            tables, card, recipe, report, backend, now, watch
        )
    bundle.manifest["beside_tables"] = digests_beside_tables(data)
    note = training_note(tables.meta, data, explanations, watch.seconds)
    with watch.stage("write"):
        trained = write_artifacts(home, bundle, result, scores, data, report, note)
    return replace(trained, note={**trained.note, "seconds": watch.seconds})


def _train_bundle(
    tables: Tables,
    card: RateCard,
    recipe: Recipe,
    report: Callable[[str], None],
    backend: Backend,
    now: int | None,
    watch: Stopwatch,
) -> tuple[Bundle, BacktestResult, pd.DataFrame, dict[str, Explanation]]:
    """Return the bundle without its version, its backtest, its scores with names, and what its
    models rest on.
    """
    with watch.stage("read"):
        history = History.from_tables(tables)
    until = mature_end(history, now=now)
    accounts, posts = len(history.accounts), len(history.posts_with_engagements.time)
    report(f"{accounts:,} accounts, {posts:,} posts with known engagements")
    backtest_result, fitted = _backtest_and_fit(history, until, recipe, report, backend, watch)
    with watch.stage("pricing"):
        benchmarks, market_fee = fit_pricing(
            tables, fitted.at_horizon(history), fitted.reference, int(until.max()), card
        )
    with watch.stage("explain"):
        explanations = explain_models(history, until, fitted, recipe)
    manifest = {
        **make_manifest(tables, history, fitted, backtest_result, recipe),
        "fitted_by": backend.name,
        "market_fee": market_fee.describe(),
    }
    bundle = Bundle(manifest, fitted.reference, fitted.forecasters, benchmarks, market_fee)
    scores = scores_with_names(history, backtest_result, recipe.horizon_days)
    return bundle, backtest_result, scores, explanations


def _backtest_and_fit(
    history: History,
    until: np.ndarray,
    recipe: Recipe,
    report: Callable[[str], None],
    backend: Backend,
    watch: Stopwatch,
) -> tuple[BacktestResult, FittedModels]:
    """Return the backtest, and the models fitted to what is known at `until` (platforms,).

    One pool makes the fits of both, first the models, which take longest. Their lines are reported
    after those of the backtest, whose forecasts calibrate the headline target.
    """
    workers, recipe = plan_parallel_fits(recipe)
    fit_lines: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        jobs = submit_fits(
            pool,
            history,
            until,
            recipe,
            None,
            recipe.targets,
            tuple(target for target in recipe.targets if target != TARGETS[0]),
            fit_lines.append,
            backend,
        )
        with watch.stage("backtest"):
            backtest_result, calibration = backtest(
                history, until, recipe, report, learning=True, backend=backend, pool=pool
            )
        report(f"the model: what is known on {days_text(timestamps_by_platform(history, until))}")
        with watch.stage("fit"):
            sets = {TARGETS[0]: calibration}
            fitted = calibrate_fits(
                jobs, history, recipe, sets, report=fit_lines.append, backend=backend
            )
        for line in fit_lines:
            report(line)
    return backtest_result, fitted


def mature_end(history: History, target: str = "engagements", now: int | None = None) -> np.ndarray:
    """Return the moments (platforms,) when the last post of each is mature, at most `now`
    (microseconds, UTC; default the present).
    """
    present = int(datetime.now(UTC).timestamp() * 1e6)
    return latest_mature_times(history, target, present if now is None else now)


def scores_with_names(
    history: History, backtest_result: BacktestResult, horizon_days: int
) -> pd.DataFrame:
    """Return the backtest's scores with the account's name and the horizon.

    By both, other runs know whether their scores are about the same.
    """
    names = history.accounts[backtest_result.scores["creator"]].to_numpy()
    return backtest_result.scores.assign(creator=names, horizon_days=horizon_days)


def make_manifest(
    tables: Tables,
    history: History,
    fitted: FittedModels,
    backtest_result: BacktestResult,
    recipe: Recipe,
) -> dict:
    """Return the manifest without its version: the bundle, its training data and its backtest."""
    return {
        "trained_on": tables.trained_on,
        "source": tables.meta.get("source", "not told"),
        "data_digest": data_digest(tables),
        "until": to_timestamp(fitted.until.max()).isoformat(),
        "platforms": describe_platforms(history, fitted, backtest_result),
        "horizon_days": recipe.horizon_days,
        "maturation": describe_curves(
            fitted.reference.maturation, timestamps_by_platform(history, fitted.until)
        ),
        "definitions": ENGAGEMENT_DEFINITION,
        "accounts": len(history.accounts),
        "posts": len(history.posts_with_engagements.time),
        "rows": fitted.rows,
        "input_reference": fitted.input_reference,
        "recipe": recipe.parameters(),
        "made_with": made_with(),
        "backtest": {
            "cut": backtest_result.cut.isoformat(),
            "table": json_records(backtest_result.table),
            "platforms": json_records(backtest_result.by_platform),
            "coverage": json_records(backtest_result.coverage),
            "reliability": json_records(backtest_result.reliability),
        },
        "shared_shock": shared_shock_of_scores(backtest_result.scores, recipe.seed).to_json(),
    }


def describe_platforms(
    history: History, fitted: FittedModels, backtest_result: BacktestResult
) -> dict[str, dict]:
    """Return the record of each platform of the data, by name.

    - `first_post`: the moment of its first post, None where it has none
    - `until`: the moment up to which it is known
    - `posts`: posts with known engagements
    - `calibration`, `backtest`: distinct later posts of the headline target that calibrated it, and
      that it was evaluated on
    """
    later_posts = backtest_result.scores.drop_duplicates(["creator", "posted"])
    evaluated = later_posts.groupby("platform").size()
    calibration = fitted.forecasters[TARGETS[0]].conformal_.n[:, EVIDENCE.index("profile")]
    platform = platform_of_posts(history, TARGETS[0])
    posts = np.bincount(platform, minlength=len(PLATFORMS))
    first = np.full(len(PLATFORMS), np.iinfo(np.int64).max)
    np.minimum.at(first, platform, history.panel(TARGETS[0]).time)
    accounts = np.bincount(history.platform.astype(int), minlength=len(PLATFORMS))
    return {
        name: {
            "first_post": _first_moment(first, posts, PLATFORMS.index(name)),
            "until": at.isoformat(),
            "accounts": int(accounts[PLATFORMS.index(name)]),
            "posts": int(posts[PLATFORMS.index(name)]),
            "calibration": int(calibration[PLATFORMS.index(name)]),
            "backtest": int(evaluated.get(name, 0)),
        }
        for name, at in timestamps_by_platform(history, fitted.until).items()
    }


def _first_moment(first: np.ndarray, posts: np.ndarray, code: int) -> str | None:
    return to_timestamp(first[code]).isoformat() if posts[code] else None


def headline_metrics(table: pd.DataFrame) -> dict[str, float]:
    """Return the figures of a backtest's table that runs are compared by, by split and name."""
    if not len(table):
        return {}
    ours = table[table["forecaster"] == OUR_MODEL].set_index("split")
    names = (
        "mae",
        "vs_median",
        "spearman_within",
        "crps",
        "coverage_80",
        "coverage_90",
        "width_80",
    )
    return {f"{split}_{name}": float(row[name]) for split, row in ours.iterrows() for name in names}


def json_records(frame: pd.DataFrame) -> list[dict]:
    """Return a table's rows as JSON values, rounded to six digits; NaN as null."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {name: _rounded(value) for name, value in row.items()} for row in plain.to_dict("records")
    ]


def _rounded(value: object) -> object:
    return round(value, 6) if isinstance(value, float) else value
