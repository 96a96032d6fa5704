"""The market fee: what such a deal usually costs, learned from the user's own fees, else read off a
rate card.

- ln of the fee a deliverable: a robust line on followers, engagement level and deliverables, which
  can extrapolate, and L1 boosting of what is left of it
- quantiles from residuals out of fold, folds by creator, widened as those of the forecaster are
"""

from dataclasses import dataclass
from functools import cached_property

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.linear_model import HuberRegressor
from sklearn.model_selection import GroupKFold

from features.derive.catalog import feature_column, feature_columns
from features.tables.vocabulary import PLATFORMS, lookup_indexes
from models.rate_card import RATE_CARD_KEY, RateCard

#: Fees and creators that learning takes, and fees that a platform must have among them to be
#: answered from it.
ENOUGH_FEES, ENOUGH_CREATORS, ENOUGH_OF_PLATFORM = 100, 30, 20
#: Probabilities of the low, typical and high fee.
FEE_LEVELS = (0.1, 0.5, 0.9)
LINE_COLUMNS = ("followers_log", "engagements_log_offset")
FEE_FEATURES = (
    *LINE_COLUMNS,
    "platform_code",
    "niche_code",
    "format_code",
    "views_log_offset",
    "verified_flag",
    "brand_fit",
)
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
OWN_DEALS, RATE_CARD = "own_deals", "rate_card"


@dataclass(frozen=True)
class FeeModel:
    """ln(fee / deliverable) = line + booster + residual.

    `middle`: medians that stand in where a column of the line is unknown; `line`: intercept, slopes
    of LINE and of ln deliverables; `residual`: its quantiles at FEE_LEVELS; `platforms`: those with
    enough fees; `error`: mean absolute error of ln out of fold.
    """

    middle: np.ndarray
    line: np.ndarray
    booster: lgb.Booster
    residual: np.ndarray
    platforms: tuple[str, ...]
    fees: int
    creators: int
    error: float

    @classmethod
    def fit(
        cls, x: pd.DataFrame, deliverables: np.ndarray, fee_usd: np.ndarray, creator: np.ndarray
    ) -> "FeeModel | None":
        """Fit to deals: `x` derived columns as of each, and fees (n,) for all deliverables (n,)
        together.

        Returns None where there are fewer than ENOUGH_FEES fees or ENOUGH_CREATORS creators.
        """
        creators = len(np.unique(creator))
        if len(x) < ENOUGH_FEES or creators < ENOUGH_CREATORS:
            return None
        y = np.log(fee_usd / deliverables)
        left = np.empty(len(y))
        for train, test in GroupKFold(FOLDS).split(y, groups=creator):
            parts = _fit_parts(x.iloc[train], deliverables[train], y[train])
            left[test] = y[test] - _predict_parts(parts, x.iloc[test], deliverables[test])
        residual = np.quantile(left, FEE_LEVELS)
        residual = residual[1] + (residual - residual[1]) * (
            1 + WIDEN + WIDEN_BY_CREATOR / creators
        )
        counts = x["platform_code"].value_counts()
        platforms = tuple(
            name for code, name in enumerate(PLATFORMS) if counts.get(code, 0) >= ENOUGH_OF_PLATFORM
        )
        middle, line, booster = _fit_parts(x, deliverables, y)
        error = float(np.abs(left).mean())
        return cls(middle, line, booster, residual, platforms, len(y), creators, error)

    def predict(self, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray) -> np.ndarray:
        """Give the low, typical and high fee for all deliverables (n,) together, USD, (n, 3); `x`
        as derived.
        """
        middle = _predict_parts((self.middle, self.line, self.booster), x, deliverables) + np.log(
            deliverables
        )
        return np.exp(middle[:, None] + self.residual)

    def state(self) -> tuple[dict, str]:
        """Give what `from_state` needs: JSON values and the booster as text."""
        arrays = {name: getattr(self, name).tolist() for name in ("middle", "line", "residual")}
        plain = {name: getattr(self, name) for name in ("fees", "creators", "error")}
        return {
            **arrays,
            **plain,
            "platforms": list(self.platforms),
        }, self.booster.model_to_string()

    @classmethod
    def from_state(cls, state: dict, booster: str) -> "FeeModel":
        """Make the model that gave `state`."""
        arrays = {name: np.array(state[name]) for name in ("middle", "line", "residual")}
        fitted = lgb.Booster(model_str=booster)
        return cls(**{**state, **arrays, "platforms": tuple(state["platforms"])}, booster=fitted)


@dataclass(frozen=True)
class MarketFee:
    """Where market fees come from: the user's own deals where they are enough, a rate card
    elsewhere.
    """

    card: RateCard
    learned: FeeModel | None = None

    def quote(
        self, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give the low, typical and high fee for all deliverables, (n, 3), and the source of each,
        None where none.

        `x`: derived columns.
        """
        own = self._by_deals[feature_column(x, "platform_code").astype(int)] & ~np.isnan(
            feature_column(x, "followers_log")
        )
        if self.learned is not None and len(own) and own.all():
            return self.learned.predict(x, deliverables), np.full(len(own), OWN_DEALS, dtype=object)
        places = lookup_indexes({part: feature_column(x, f"{part}_code") for part in RATE_CARD_KEY})
        fees = self.card.fees_of_post(places) * deliverables[:, None]
        source = np.full(len(fees), RATE_CARD, dtype=object)
        source[np.isnan(fees[:, 0])] = None
        if self.learned is not None and own.any():
            fees[own] = self.learned.predict(x[own], deliverables[own])
            source[own] = OWN_DEALS
        return fees, source

    @cached_property
    def _by_deals(self) -> np.ndarray:
        """Say for each platform whether own deals answer."""
        return np.array(
            [self.learned is not None and name in self.learned.platforms for name in PLATFORMS]
        )

    def describe(self) -> dict:
        """Say for the manifest where fees come from."""
        card = {"card": self.card.name, "card_rows": len(self.card.places)}
        if self.learned is None:
            return {**card, "own_fees": 0}
        own = {"own_fees": self.learned.fees, "own_creators": self.learned.creators}
        return {
            **card,
            **own,
            "own_platforms": list(self.learned.platforms),
            "error_ln": self.learned.error,
        }

    def state(self) -> tuple[dict, str | None]:
        """Return what `from_state` needs: JSON values, and the booster as text if there is one."""
        state, booster = self.learned.state() if self.learned else (None, None)
        return {"card": self.card.to_json(), "learned": state}, booster

    @classmethod
    def from_state(cls, state: dict, booster: str | None) -> "MarketFee":
        """Make what gave `state`."""
        learned = None
        if state["learned"] and booster is not None:
            learned = FeeModel.from_state(state["learned"], booster)
        return cls(RateCard.from_json(state["card"]), learned)


def _fit_parts(x: pd.DataFrame, deliverables: np.ndarray, y: np.ndarray) -> tuple:
    middle = np.nan_to_num(x[list(LINE_COLUMNS)].median().to_numpy())
    inputs = _inputs(x, deliverables, middle)
    centre, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-9)
    # the Huber loss needs its inputs near unit scale to converge
    fit = HuberRegressor(alpha=1e-2, max_iter=1000).fit((inputs - centre) / scale, y)
    slopes = fit.coef_ / scale
    line = np.array([fit.intercept_ - slopes @ centre, *slopes])
    parameters = {**BOOSTING, "min_data_in_leaf": max(10, len(y) // 40)}
    left = y - line[0] - inputs @ line[1:]
    data = lgb.Dataset(_seen(x, deliverables), left, params={"verbosity": -1, "num_threads": 1})
    return middle, line, lgb.train(parameters, data, num_boost_round=TREES)


def _predict_parts(
    parts: tuple, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray
) -> np.ndarray:
    middle, line, booster = parts
    return (
        line[0]
        + _inputs(x, deliverables, middle) @ line[1:]
        + booster.predict(_seen(x, deliverables), num_threads=1)
    )


def _inputs(
    x: np.ndarray | pd.DataFrame, deliverables: np.ndarray, middle: np.ndarray
) -> np.ndarray:
    values = feature_columns(x, LINE_COLUMNS)
    return np.column_stack([np.where(np.isnan(values), middle, values), np.log(deliverables)])


def _seen(x: np.ndarray | pd.DataFrame, deliverables: np.ndarray) -> np.ndarray:
    return np.column_stack([feature_columns(x, FEE_FEATURES), np.log(deliverables)])
