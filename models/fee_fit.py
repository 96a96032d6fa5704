"""The fit of the market fee to the user's deals.

- ln of the fee a deliverable: a robust line, and L1 boosting of its residuals (models.fee)
- quantiles from residuals out of fold, folds by creator, widened as those of the forecaster are
"""

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.linear_model import HuberRegressor
from sklearn.model_selection import GroupKFold

from features.tables.vocabulary import PLATFORMS
from models.booster_text import booster_text
from models.fee import (
    FEE_LEVELS,
    LINE_COLUMNS,
    FeeModel,
    booster_inputs,
    line_inputs,
    log_fee_each,
)
from models.tree_model import TreeModel

#: Fees and creators that a fit needs, and fees of a platform that it needs to be used there.
ENOUGH_FEES, ENOUGH_CREATORS, ENOUGH_OF_PLATFORM = 100, 30, 20
WIDEN, WIDEN_BY_CREATOR = 0.05, 6.0
BOOSTING = {
    "objective": "l1",
    "learning_rate": 0.05,
    "num_leaves": 5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.7,
    "lambda_l2": 10.0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "num_threads": 1,
}
TREES, FOLDS = 60, 5


def fit_fees(
    x: pd.DataFrame, deliverables: np.ndarray, fee_usd: np.ndarray, creator: np.ndarray
) -> FeeModel | None:
    """Fit to n deals; return None where there are fewer than ENOUGH_FEES fees or
    ENOUGH_CREATORS creators.

    `x`: derived columns as of the start of each deal; `fee_usd` (n,): for all `deliverables`
    (n,) together; `creator` (n,): its account.
    """
    creators = len(np.unique(creator))
    if len(x) < ENOUGH_FEES or creators < ENOUGH_CREATORS:
        return None
    y = np.log(fee_usd / deliverables)
    residuals = np.empty(len(y))
    for train, test in GroupKFold(FOLDS).split(y, groups=creator):
        parts = _fit_parts(x.iloc[train], deliverables[train], y[train])
        forecast = log_fee_each(parts, x.iloc[test], deliverables[test])
        residuals[test] = y[test] - forecast
    quantiles = np.quantile(residuals, FEE_LEVELS)
    median, widening = quantiles[1], 1 + WIDEN + WIDEN_BY_CREATOR / creators
    residual = median + (quantiles - median) * widening
    counts = x["platform_code"].value_counts()
    platforms = tuple(
        name for code, name in enumerate(PLATFORMS) if counts.get(code, 0) >= ENOUGH_OF_PLATFORM
    )
    middle, line, booster = _fit_parts(x, deliverables, y)
    error = float(np.abs(residuals).mean())
    return FeeModel(middle, line, booster, residual, platforms, len(y), creators, error)


def _fit_parts(x: pd.DataFrame, deliverables: np.ndarray, y: np.ndarray) -> tuple:
    """Return the parts `middle`, `line` and `booster` of a FeeModel, fitted to ln fees y (n,)."""
    middle = np.nan_to_num(x[list(LINE_COLUMNS)].median().to_numpy())
    inputs = line_inputs(x, deliverables, middle)
    centre, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-9)
    # the Huber loss needs its inputs near unit scale to converge
    fit = HuberRegressor(alpha=1e-2, max_iter=1000).fit((inputs - centre) / scale, y)
    slopes = fit.coef_ / scale
    line = np.array([fit.intercept_ - slopes @ centre, *slopes])
    parameters = {**BOOSTING, "min_data_in_leaf": max(10, len(y) // 40)}
    residuals = y - line[0] - inputs @ line[1:]
    seen = booster_inputs(x, deliverables)
    data = lgb.Dataset(seen, residuals, params={"verbosity": -1, "num_threads": 1})
    booster = lgb.train(parameters, data, num_boost_round=TREES)
    return middle, line, TreeModel(booster_text(booster))
