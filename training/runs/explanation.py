"""What the fitted forecasters rest on: the importance of columns, and the partial effects of the
most important ones.

Importance is the gain of LightGBM's splits, and the mean absolute contribution of each column to
the forecasts of training rows (TreeSHAP: Lundberg et al. 2020, https://doi.org/10.1038/
s42256-019-0138-9). A partial effect is the mean forecast of training rows in which the column is
set to one value (Friedman 2001, https://doi.org/10.1214/aos/1013203451). Both describe the model,
not causes.
"""

from typing import Any

import numpy as np
import pandas as pd

from features.history.history import History
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS
from models.fitted_forecaster import FittedForecaster
from training.backend import LOCAL
from training.dataset import sample_training_rows
from training.fit import FittedModels, Recipe

#: Training rows that contributions and effects are computed for.
CONTRIBUTION_ROWS, EFFECT_ROWS = 2000, 400
#: Columns whose effects are computed, and values of each.
EFFECT_COLUMNS, EFFECT_VALUES = 8, 12
#: Columns that hold positions in lists.
CODE_LISTS = {"platform_code": PLATFORMS, "format_code": FORMATS, "niche_code": NICHES}

Explanation = dict[str, Any]


def explain_models(
    history: History, until: np.ndarray, fitted: FittedModels, recipe: Recipe
) -> dict[str, Explanation]:
    """Return the explanation of each target's forecaster (`explain_forecaster`), as JSON values.

    It is of a sample of the training rows, drawn by the recipe's seed.
    """
    history = fitted.at_horizon(history)
    explanations = {}
    for target, forecaster in fitted.forecasters.items():
        rows = sample_training_rows(history, target, until, recipe.sampling)
        chance = np.random.default_rng(recipe.seed)
        chosen = chance.permutation(len(rows))[:CONTRIBUTION_ROWS]
        x = LOCAL.derive(history, rows[chosen].queries, fitted.reference)
        explanations[target] = explain_forecaster(forecaster, x)
    return explanations


def explain_forecaster(forecaster: FittedForecaster, x: pd.DataFrame) -> Explanation:
    """Return importances and effects of a forecaster for rows of derived columns.

    - `rows`: how many
    - `columns`: those that the boosters see, the most important first
    - `contribution`: of each column to the location, mean absolute, in ln
    - `gain`, `gain_scale`: its share of the gain of the location's and the scale's splits
    - `effects`: by column, `value` and `ln`: the difference of the mean forecast from its mean over
      the values
    """
    columns = [str(name) for name in forecaster.columns_]
    seen = x[columns].to_numpy(dtype=float)
    contribution = np.abs(forecaster.location_.contributions(seen, threads=1)[:, :-1]).mean(axis=0)
    gain, gain_scale = (
        _share(booster.gains()) for booster in (forecaster.location_, forecaster.scale_)
    )
    order = np.argsort(-contribution, kind="stable")
    chosen = [
        columns[at] for at in order if contribution[at] > 0 and columns[at] != forecaster.offset
    ]
    return {
        "rows": len(x),
        "columns": [columns[at] for at in order],
        "contribution": _rounded(contribution[order]),
        "gain": _rounded(gain[order]),
        "gain_scale": _rounded(gain_scale[order]),
        "effects": partial_effects(forecaster, x.head(EFFECT_ROWS), chosen[:EFFECT_COLUMNS]),
    }


def partial_effects(
    forecaster: FittedForecaster, x: pd.DataFrame, columns: list[str]
) -> dict[str, dict[str, list[float]]]:
    """Return the partial effect of each column on the median of ln(1 + count).

    The values of a column are quantiles of those it has in `x`, from 5 to 95 %; positions in a list
    are taken as they are. A column with less than two values is left out.
    """
    effects = {}
    for name in columns:
        values = _values(x[name])
        if len(values) < 2:
            continue
        changed = pd.concat([x.assign(**{name: value}) for value in values], ignore_index=True)
        means = forecaster.predict(changed).reshape(len(values), len(x)).mean(axis=1)
        effects[name] = {"value": _rounded(values), "ln": _rounded(means - means.mean())}
    return effects


def value_names(column: str, values: list[float]) -> list[str] | None:
    """Return the names of a column's values where they are positions in a list, else None."""
    names = CODE_LISTS.get(column)
    return None if names is None else [names[int(value)] for value in values]


def _values(column: pd.Series) -> np.ndarray:
    known = column.dropna().to_numpy(dtype=float)
    distinct = np.unique(known)
    if column.name in CODE_LISTS or len(distinct) <= EFFECT_VALUES:
        return distinct
    return np.unique(np.quantile(known, np.linspace(0.05, 0.95, EFFECT_VALUES)))


def _share(gain: np.ndarray) -> np.ndarray:
    return gain / max(gain.sum(), np.finfo(float).tiny)


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
