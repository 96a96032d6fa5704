"""Scores of one fit: every later post asked about at the fit's moment, beside the usual rules, at
every evidence.
"""

import numpy as np
import pandas as pd

from features.derive.derive import derive
from features.history.arrays import DAY_US
from features.history.history import History
from features.tables.vocabulary import BAND_EDGES, EVIDENCE, NICHES, PLATFORMS, UNKNOWN
from models.conformal import GRID
from training.backtest.baselines import (
    fit_learned_baselines,
    fit_segment_baselines,
    rule_of_thumb_forecasts,
)
from training.dataset import LabelledQueries, hide_content, sample_test_rows, sample_training_rows
from training.fit import FittedModels, Recipe, select_labelled
from training.platform_times import times_of_accounts
from training.simulate.oracle import Oracle

OUR_MODEL = "creatorcast"
OUR_MODEL_WITH_CONTENT = "creatorcast, content given"
REFERENCE_BASELINE = "creator's median"
ORACLE_NAME = "oracle (noise ceiling)"
#: Deliverables whose totals are judged: so many of a creator's later posts in a row.
EVALUATED_DELIVERABLES = (1, 3, 5)
#: Quantiles of our forecast that are kept; what is served, and judged, as our forecast is the
#: median.
EVALUATED_QUANTILES = (0.05, 0.1, 0.5, 0.9, 0.95)


def evaluate_fit(
    history: History,
    fitted: FittedModels,
    until: int,
    recipe: Recipe,
    only: np.ndarray | None = None,
    what: str = "engagements",
    oracle: Oracle | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Score the posts between the fit and `until`, asked at the fit; `only` is a mask of accounts
    that are judged.

    Gives one row a post and evidence (`asked`: what of the creator is shown): y, creator, cell,
    every forecast, our quantiles, probability integral transform and CRPS; and one row a creator's
    later posts in a row, for totals. None where there is no later post.
    """
    test = label_later_posts(history, fitted, until, recipe, only, what)
    if not len(test):
        return None
    fitted_rules = _fitted_rules(history, what, fitted, recipe, only)
    parts = [
        _scores(history, fitted, what, test, asked, fitted_rules, oracle) for asked in EVIDENCE
    ]
    return pd.concat(parts, ignore_index=True), _totals(history, fitted, what, test)


def label_later_posts(
    history: History, fitted: FittedModels, until: int, recipe: Recipe, only, what: str
) -> LabelledQueries:
    """Give the posts after the fit whose counts are known at `until`, asked about at the fit,
    content told.
    """
    latest, lead = until - history.horizon_days * DAY_US, recipe.sampling.longest_lead_days
    test = sample_test_rows(history, what, fitted.until, latest, lead)
    return test if only is None else select_labelled(test, only[test.account])


def _scores(
    history: History,
    fitted: FittedModels,
    what: str,
    test: LabelledQueries,
    asked: str,
    fitted_rules,
    oracle,
):
    signed = hide_content(test).queries.assign(evidence_limit=asked)
    x = derive(history, signed, fitted.reference)
    forecaster = fitted.forecasters[what]
    location, scale, table, evidence = forecaster.distribution_parts(x)
    quantiles = {
        f"q{p:g}": location + scale * table[:, np.searchsorted(GRID, p)]
        for p in EVALUATED_QUANTILES
    }
    forecasts = {OUR_MODEL: quantiles["q0.5"], "offset alone": x[f"{what}_log_offset"].to_numpy()}
    if asked == EVIDENCE[0]:
        told = test.queries.assign(evidence_limit=asked)
        forecasts[OUR_MODEL_WITH_CONTENT] = forecaster.predict(
            derive(history, told, fitted.reference)
        )
        forecasts |= rule_of_thumb_forecasts(history, what, signed, x) | {
            name: rule(x) for name, rule in fitted_rules["learned"].items()
        }
        if oracle is not None:
            forecasts[ORACLE_NAME] = oracle.quantiles(
                signed.assign(age_days=test.age_read_days), [0.5]
            )[:, 0]
    forecasts |= {name: rule(x) for name, rule in fitted_rules["segment"].items()}
    return pd.DataFrame(
        {
            "asked": asked,
            **_described(history, what, fitted, test, x, evidence),
            "y": test.y,
            "crps": forecaster.crps(x, test.y),
            **_crps_of_oracle(oracle, asked, signed, test),
            "pit": [
                np.interp(z, own, GRID)
                for z, own in zip((test.y - location) / scale, table, strict=True)
            ],
            **quantiles,
            **{f"forecast: {name}": values for name, values in forecasts.items()},
        }
    )


def _described(
    history: History,
    what: str,
    fitted: FittedModels,
    test: LabelledQueries,
    x: pd.DataFrame,
    evidence,
) -> dict:
    start = history.panel(what).start[test.account]
    asked_at = times_of_accounts(history, fitted.until, test.account)
    known = history.panel(what).end_row(test.account, asked_at - history.horizon_days * DAY_US)
    named = {"platform": PLATFORMS, "band": tuple(BAND_EDGES), "niche": NICHES}
    return {
        "creator": test.account,
        "cut": pd.to_datetime(asked_at, unit="us", utc=True),
        "posted": test.posted,
        "posts_before": known - start,
        **{name: _named(names, x[f"{name}_code"]) for name, names in named.items()},
        "evidence": np.array(EVIDENCE)[evidence],
        "lead_days": x["lead_days"].to_numpy(),
        "age_read_days": test.age_read_days,
    }


def _named(names: tuple[str, ...], codes: pd.Series) -> np.ndarray:
    return np.array([*names, UNKNOWN])[codes.fillna(len(names)).to_numpy(int)]


def _crps_of_oracle(
    oracle: Oracle | None, asked: str, signed: pd.DataFrame, test: LabelledQueries
) -> dict:
    if oracle is None or asked != EVIDENCE[0]:
        return {}
    return {"crps_oracle": oracle.crps(signed.assign(age_days=test.age_read_days), test.y)}


def _fitted_rules(
    history: History, what: str, fitted: FittedModels, recipe: Recipe, only
) -> dict[str, dict]:
    accounts = None if only is None else ~only
    train = hide_content(
        sample_training_rows(history, what, fitted.until, recipe.sampling, accounts)
    )
    train = select_labelled(train, (train.queries["evidence_limit"] == EVIDENCE[0]).to_numpy())
    x = derive(history, train.queries, fitted.reference)
    return {
        "segment": fit_segment_baselines(what, x, train.y),
        "learned": fit_learned_baselines(x, train.y, train.weight, recipe.seed, recipe.threads),
    }


def _totals(
    history: History, fitted: FittedModels, what: str, test: LabelledQueries
) -> pd.DataFrame:
    """Score totals over a creator's next posts in a row, asked about as the first of them, known at
    signing.
    """
    order = np.lexsort((test.posted, test.account))
    _, first, size = np.unique(test.account[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, size)
    parts = []
    for k in EVALUATED_DELIVERABLES:
        starts = np.flatnonzero((place % k == 0) & (place + k <= np.repeat(size, size)))
        if not len(starts):
            continue
        rows = select_labelled(hide_content(test), order[starts])
        total = np.expm1(test.y[order])[starts[:, None] + np.arange(k)].sum(axis=1)
        x = derive(history, rows.queries, fitted.reference)
        forecast = fitted.forecasters[what].predict_distribution(x, k)
        median = forecast.quantile(0.5)[:, 0]
        score = {
            "deliverables": k,
            "creator": rows.account,
            "total": total,
            "p50": median,
            "pit": forecast.cdf(total),
        }
        parts.append(pd.DataFrame({**score, "error": np.abs(np.log1p(median) - np.log1p(total))}))
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["deliverables", "creator", "pit"])
    )
