"""The record: a forecaster fitted to what was known at a cut, held against what came after, beside the usual rules.

Two tests: later posts of creators that trained the model, and later posts of creators that did not. Rolling origins
and breakdowns by cell come on top of the same `judge`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.derive import derive
from features.history import DAY_US, History
from features.reference import TooLittleData
from features.vocabulary import BAND_EDGES, EVIDENCE, PLATFORMS, UNKNOWN
from models.distribution import GRID
from training.baselines import learned_rules, rules, segment_rules
from training.dataset import hide_content, sample_rows, sample_test_rows
from training.fit import Fitted, Recipe, fit, moment, select
from training.metrics import bootstrap, interval, spearman, spearman_within

OURS = "creatorcast"
WITH_CONTENT = "creatorcast, content given"
REFERENCE_RULE = "creator's median"
#: Known posts that a creator must have at the cut to stand in the headline table.
ENOUGH_POSTS = 5
#: Share of the creators that are kept from the fit that answers for unseen ones.
HELD_OUT = 0.2


@dataclass(frozen=True)
class Backtest:
    """`table`: one row a split and forecaster; `coverage`: one row a cell; `scores`: one row a test post."""

    cut: pd.Timestamp
    table: pd.DataFrame
    coverage: pd.DataFrame
    scores: pd.DataFrame


def backtest(history: History, until: int, recipe: Recipe, report=lambda text: None) -> tuple[Backtest, Fitted]:
    """Fit at the cut that leaves `recipe.calibration_share` of the known posts after it, and judge on those.

    A fifth of the creators, drawn by `recipe.seed`, is left out of a second fit and makes the unseen ones. Gives also
    the fit behind the seen creators, which is the twin that calibrates a fit to `until`.
    """
    known = history.engaged.time[history.engaged.time <= until - history.horizon_days * DAY_US]
    if not len(known):
        raise TooLittleData("no post has known engagements: posts need likes and comments (on TikTok shares too)")
    cut = int(np.quantile(known, 1 - recipe.calibration_share))
    held_out = np.random.default_rng(recipe.seed).random(len(history.accounts)) < HELD_OUT
    report(f"backtest: what was known on {moment(cut):%Y-%m-%d} against the posts since")
    fitted = fit(history, cut, recipe, targets=("engagements",), report=report)
    parts = {"seen": judge(history, fitted, until, recipe)}
    report("backtest: the same without a fifth of the creators, judged on them")
    apart = fit(history, cut, recipe, accounts=~held_out, targets=("engagements",), report=report)
    parts["unseen"] = judge(history, apart, until, recipe, held_out)
    scores = pd.concat([part.assign(split=name) for name, part in parts.items()], ignore_index=True)
    return Backtest(moment(cut), summarise(scores), coverage_cells(scores), scores), fitted


def judge(history: History, fitted: Fitted, until: int, recipe: Recipe, only: np.ndarray | None = None) -> pd.DataFrame:
    """Score the posts between the fit and `until`, asked at the fit; `only` is a mask of accounts that are judged.

    Gives one row a post: y, creator, cell, evidence, the forecast of every forecaster, our quantiles and CRPS.
    """
    what, cut = "engagements", fitted.until
    test = sample_test_rows(
        history, what, cut, until - history.horizon_days * DAY_US, recipe.sampling.longest_lead_days
    )
    if only is not None:
        test = select(test, only[test.account])
    signed = hide_content(test)
    x = derive(history, signed.questions, fitted.reference)
    forecaster = fitted.forecasters[what]
    location, scale, table, evidence = forecaster.parts(x)
    outer = {f"q{p:g}": location + scale * table[:, np.searchsorted(GRID, p)] for p in (0.05, 0.1, 0.5, 0.9, 0.95)}
    forecasts = {
        OURS: location,
        WITH_CONTENT: forecaster.predict(derive(history, test.questions, fitted.reference)),
        **rules(history, what, signed.questions, x),
        **_fitted_rules(history, what, fitted, recipe, x, only),
    }
    described = {
        "creator": test.account,
        "posted": test.posted,
        "posts_before": x[f"{what}_known_count"].to_numpy(),
        "platform": np.array(PLATFORMS)[x["platform_code"].to_numpy(int)],
        "band": np.array([*BAND_EDGES, UNKNOWN])[x["band_code"].fillna(len(BAND_EDGES)).to_numpy(int)],
        "evidence": np.array(EVIDENCE)[evidence],
        "lead_days": x["lead_days"].to_numpy(),
        "age_read_days": test.age_read_days,
        "y": test.y,
        "crps": forecaster.crps(x, test.y),
    }
    return pd.DataFrame({**described, **outer, **{f"forecast: {name}": values for name, values in forecasts.items()}})


def _fitted_rules(history, what, fitted: Fitted, recipe: Recipe, x: pd.DataFrame, only) -> dict[str, np.ndarray]:
    accounts = None if only is None else ~only
    train = hide_content(sample_rows(history, what, fitted.until, recipe.sampling, accounts))
    train = select(train, (train.questions["evidence_limit"] == EVIDENCE[0]).to_numpy())
    train_x = derive(history, train.questions, fitted.reference)
    learned = learned_rules(train_x, train.y, train.weight, recipe.seed, recipe.threads)
    fitted_rules = segment_rules(what, train_x, train.y) | learned
    return {name: rule(x) for name, rule in fitted_rules.items()}


def summarise(scores: pd.DataFrame) -> pd.DataFrame:
    """Give a row for each split and forecaster, over creators with at least ENOUGH_POSTS known posts.

    mae: of ln(1 + engagements); mae_low, mae_high: its 95 % interval; vs_median: its relative difference from the
    creator's median on the same rows, with interval; spearman_within: within platform x band.
    """
    return pd.DataFrame(
        [
            _row(split, name, rows)
            for split, rows in scores[scores["posts_before"] >= ENOUGH_POSTS].groupby("split", sort=False)
            for name in [c.removeprefix("forecast: ") for c in scores if c.startswith("forecast: ")]
        ]
    )


def _row(split: str, name: str, rows: pd.DataFrame) -> dict:
    y, forecast, creator = (rows[c].to_numpy() for c in ("y", f"forecast: {name}", "creator"))
    rule = np.abs(rows[f"forecast: {REFERENCE_RULE}"].to_numpy() - y)
    error = np.abs(forecast - y)
    draws = bootstrap(np.column_stack([error, rule]), creator)
    mae_low, mae_high = interval(draws[:, 0])
    low, high = interval(draws[:, 0] / draws[:, 1] - 1)
    cell = (rows["platform"] + rows["band"]).to_numpy()
    row = {
        "split": split,
        "forecaster": name,
        "rows": len(rows),
        "creators": len(np.unique(creator)),
        "mae": error.mean(),
        "mae_low": mae_low,
        "mae_high": mae_high,
        "vs_median": error.mean() / rule.mean() - 1,
        "vs_median_low": low,
        "vs_median_high": high,
        "spearman": spearman(forecast, y),
        "spearman_within": spearman_within(forecast, y, cell),
    }
    return row | (_distribution_scores(rows) if name == OURS else {})


def _distribution_scores(rows: pd.DataFrame) -> dict:
    inside_80 = rows["y"].between(rows["q0.1"], rows["q0.9"])
    inside_90 = rows["y"].between(rows["q0.05"], rows["q0.95"])
    width = (rows["q0.9"] - rows["q0.1"]).mean()
    return {
        "crps": rows["crps"].mean(),
        "coverage_80": inside_80.mean(),
        "coverage_90": inside_90.mean(),
        "width_80": width,
    }


def coverage_cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Give coverage for each split x platform x band x evidence with n and a 95 % interval over creators.

    `judged` is true where the cell has at least 50 creators.
    """
    cells = []
    for key, rows in scores.groupby(["split", "platform", "band", "evidence"], sort=False):
        inside = rows["y"].between(rows["q0.1"], rows["q0.9"]).to_numpy(float)
        low, high = interval(bootstrap(inside, rows["creator"].to_numpy()))
        creators = rows["creator"].nunique()
        names = dict(zip(("split", "platform", "band", "evidence"), key, strict=True))
        extent = {"rows": len(rows), "creators": creators, "judged": creators >= 50}
        cells.append(
            {**names, **extent, **_distribution_scores(rows), "coverage_80_low": low, "coverage_80_high": high}
        )
    return pd.DataFrame(cells)
