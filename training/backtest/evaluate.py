"""Scores of one fit: later posts forecast as of the fit at every evidence, beside baselines."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.history.arrays import decode_categories
from features.history.history import History
from features.tables.vocabulary import BAND_EDGES, EVIDENCE, FORMATS, NICHES, PLATFORMS, UNKNOWN
from models.conformal import GRID
from models.distribution import crps
from models.fitted_forecaster import FittedForecaster
from training.backend import LOCAL, Backend
from training.backtest.baselines import (
    Rule,
    fit_learned_baselines,
    fit_segment_baselines,
    rule_of_thumb_forecasts,
)
from training.dataset import LabelledQueries, hide_content, sample_training_rows
from training.fit import FittedModels, Recipe
from training.later_posts import LaterPosts, derive_later_posts, label_later_posts
from training.platform_times import times_of_accounts
from training.simulate.oracle import Oracle

OUR_MODEL = "creatorcast"
OUR_MODEL_WITH_CONTENT = "creatorcast, content given"
REFERENCE_BASELINE = "creator's median"
ORACLE_NAME = "oracle (noise ceiling)"
#: Deliverables whose totals are scored: so many of a creator's later posts in a row.
EVALUATED_DELIVERABLES = (1, 3, 5)
#: Quantiles of our forecast that are kept; our forecast is the median, which is what is served.
EVALUATED_QUANTILES = (0.05, 0.1, 0.5, 0.9, 0.95)


@dataclass(frozen=True)
class Evaluation:
    """The scores of one fit.

    - `scores`: a row for each post and evidence (`asked`): y, creator, segment, all forecasts, our
      quantiles, probability integral transform (`pit`) and CRPS; y is the count as it was read, and
      forecasts are for that age. `growth`: ln of the growth from that age to the horizon, by what
      `curve` says (FITTED, PUBLISHED or NO_CURVE of features.maturation.maturation)
    - `totals`: a row for each run of a creator's later posts; their counts are brought to the
      horizon, as the posts of one total were read at several ages. None where they were not asked
      for
    - `later`: the posts that were scored, with the features that the model saw
    """

    scores: pd.DataFrame
    totals: pd.DataFrame | None
    later: LaterPosts


@dataclass(frozen=True)
class _Task:
    """What every step of one evaluation needs."""

    history: History
    fitted: FittedModels
    target: str
    recipe: Recipe
    accounts: np.ndarray | None
    oracle: Oracle | None
    backend: Backend

    @property
    def forecaster(self) -> FittedForecaster:
        return self.fitted.forecasters[self.target]

    def derive(self, rows: LabelledQueries) -> pd.DataFrame:
        return self.backend.derive(self.history, rows.queries, self.fitted.reference)


def evaluate_fit(
    history: History,
    fitted: FittedModels,
    until: np.ndarray,
    recipe: Recipe,
    accounts: np.ndarray | None = None,
    target: str = "engagements",
    oracle: Oracle | None = None,
    backend: Backend = LOCAL,
    totals: bool = False,
    baselines: bool = True,
) -> Evaluation | None:
    """Score the posts between the fit and `until`, queried at the fit; None where there is none.

    `accounts`: mask of the accounts that are scored, default all; where it is given, the baselines
    learn from the others. `totals`, `baselines`: whether totals are scored too, and whether other
    forecasts stand beside ours.
    """
    lead_days = recipe.sampling.longest_lead_days
    history = fitted.at_horizon(history)
    posts = label_later_posts(history, target, fitted.until, until, lead_days, accounts)
    if not len(posts):
        return None
    task = _Task(history, fitted, target, recipe, accounts, oracle, backend)
    later = derive_later_posts(history, posts, fitted.reference, backend)
    signed, x = later.rows[: len(posts)], later.x.iloc[: len(posts)]
    segment, with_history = _baselines(task, posts, signed, x) if baselines else ({}, {})
    scores = [_scores(task, signed, x, EVIDENCE[0], with_history, segment)]
    for number, evidence in enumerate(EVIDENCE[1:], start=1):
        part = slice(number * len(posts), (number + 1) * len(posts))
        scores.append(_scores(task, later.rows[part], later.x.iloc[part], evidence, {}, segment))
    of_totals = _totals(task, signed, x) if totals else None
    return Evaluation(pd.concat(scores, ignore_index=True), of_totals, later)


def _baselines(
    task: _Task, posts: LabelledQueries, signed: LabelledQueries, x: pd.DataFrame
) -> tuple[dict[str, Rule], dict[str, np.ndarray]]:
    """Return the segment rules, and by name the forecasts (n,) that need a history."""
    segment, learned = _fit_baselines(task)
    return segment, _history_forecasts(task, posts, signed, x, learned)


def _fit_baselines(task: _Task) -> tuple[dict[str, Rule], dict[str, Rule]]:
    """Return the segment rules and the learned baselines, fitted to the rows with a history."""
    accounts = None if task.accounts is None else ~task.accounts
    rows = hide_content(
        sample_training_rows(
            task.history, task.target, task.fitted.until, task.recipe.sampling, accounts
        )
    )
    rows = rows[rows.queries.evidence_limit == 0]
    x = task.derive(rows)
    learned = fit_learned_baselines(x, rows.y, rows.weight, task.recipe.seed, task.recipe.threads)
    return fit_segment_baselines(task.target, x, rows.y), learned


def _history_forecasts(
    task: _Task,
    posts: LabelledQueries,
    signed: LabelledQueries,
    x: pd.DataFrame,
    learned: dict[str, Rule],
) -> dict[str, np.ndarray]:
    """Return the forecasts (n,) that are made with a history only, by name.

    `posts`: with planned content; `signed`, `x`: the same as known at signing.
    """
    forecasts = {OUR_MODEL_WITH_CONTENT: task.forecaster.predict(task.derive(posts))}
    forecasts |= rule_of_thumb_forecasts(task.history, task.target, signed.queries, x)
    forecasts |= {name: rule(x) for name, rule in learned.items()}
    forecasts = {name: values - signed.growth for name, values in forecasts.items()}
    if task.oracle is not None:
        median = task.oracle.quantiles(_oracle_queries(task.history, signed), [0.5])
        forecasts[ORACLE_NAME] = median[:, 0]
    return forecasts


def _scores(
    task: _Task,
    rows: LabelledQueries,
    x: pd.DataFrame,
    evidence: str,
    with_history: dict[str, np.ndarray],
    segment: dict[str, Rule],
) -> pd.DataFrame:
    """Return the scores of one evidence, a row for each post.

    Each outcome is judged as it was read: forecasts are moved from the horizon to that age.
    """
    at_horizon, scale, table, evidence_codes = task.forecaster.distribution_parts(x)
    location = at_horizon - rows.growth
    platform_code = x["platform_code"].to_numpy()
    quantiles = {
        f"q{p:g}": location + scale * table[:, np.searchsorted(GRID, p)]
        for p in EVALUATED_QUANTILES
    }
    forecasts = {
        OUR_MODEL: quantiles["q0.5"],
        "offset alone": x[f"{task.target}_log_offset"].to_numpy() - rows.growth,
        **with_history,
        **{name: rule(x) - rows.growth for name, rule in segment.items()},
    }
    scores = {
        "asked": evidence,
        **_description(task, rows, x),
        "evidence": np.array(EVIDENCE)[evidence_codes],
        "lead_days": x["lead_days"].to_numpy(),
        "age_read_days": rows.age_read_days,
        "growth": rows.growth,
        "curve": task.fitted.reference.maturation.bases(task.target, platform_code),
        "y": rows.y_read,
        "crps": crps(at_horizon, scale, table, rows.y),
    }
    if task.oracle is not None and evidence == EVIDENCE[0]:
        queries = _oracle_queries(task.history, rows)
        scores["crps_oracle"] = task.oracle.crps(queries, rows.y_read)
    scores["pit"] = _probability_integral_transform((rows.y_read - location) / scale, table)
    named = {f"forecast: {name}": values for name, values in forecasts.items()}
    return pd.DataFrame({**scores, **quantiles, **named})


def _probability_integral_transform(z: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return the probability below z (n,) by quantiles `table` (n, len(GRID)), (n,)."""
    return np.array([np.interp(value, row, GRID) for value, row in zip(z, table, strict=True)])


def _description(task: _Task, rows: LabelledQueries, x: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the columns that say which post a row is about."""
    history, panel = task.history, task.history.panel(task.target)
    cut = times_of_accounts(history, task.fitted.until, rows.account)
    return {
        "creator": rows.account,
        "cut": pd.to_datetime(cut, unit="us", utc=True),
        "posted": rows.posted,
        "posts_before": panel.known_count(rows.account, cut),
        "platform": _names(PLATFORMS, x["platform_code"]),
        "band": _names(tuple(BAND_EDGES), x["band_code"]),
        "niche": _names(NICHES, x["niche_code"]),
    }


def _names(names: tuple[str, ...], codes: pd.Series) -> np.ndarray:
    """Return the name of each code, UNKNOWN where it is NaN."""
    return np.array([*names, UNKNOWN])[codes.fillna(len(names)).to_numpy(int)]


def _oracle_queries(history: History, rows: LabelledQueries) -> pd.DataFrame:
    """Return queries as the frame that the oracle reads; posts are read at their own age."""
    queries = rows.queries
    return pd.DataFrame(
        {
            "creator_id": history.accounts[rows.account].str.split("/", n=1).str[1].to_numpy(),
            "start_at": pd.to_datetime(queries.start_at, unit="us", utc=True),
            "format": decode_categories(FORMATS, queries.planned["format"]),
            "sponsored": queries.planned["sponsored"],
            "brand_niche": decode_categories(NICHES, queries.brand_niche),
            "age_days": rows.age_read_days,
        }
    )


def _totals(task: _Task, rows: LabelledQueries, x: pd.DataFrame) -> pd.DataFrame:
    """Score totals over a creator's next posts in a row, queried as the first of them, at the
    horizon.

    `rows`, `x`: the later posts as known at signing, and their features.
    """
    order = np.lexsort((rows.posted, rows.account))
    _, first, size = np.unique(rows.account[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, size)
    posts_of_creator = np.repeat(size, size)
    parts = []
    for k in EVALUATED_DELIVERABLES:
        starts = np.flatnonzero((place % k == 0) & (place + k <= posts_of_creator))
        if not len(starts):
            continue
        total = np.maximum(np.expm1(rows.y[order]), 0)[starts[:, None] + np.arange(k)].sum(axis=1)
        forecast = task.forecaster.predict_distribution(x.iloc[order[starts]], k)
        median = forecast.quantile(0.5)[:, 0]
        part = {
            "deliverables": k,
            "creator": rows.account[order[starts]],
            "total": total,
            "p50": median,
            "pit": forecast.cdf(total),
            "error": np.abs(np.log1p(median) - np.log1p(total)),
        }
        parts.append(pd.DataFrame(part))
    if not parts:
        return pd.DataFrame(columns=["deliverables", "creator", "pit"])
    return pd.concat(parts, ignore_index=True)
