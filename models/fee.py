"""The market fee: the usual fee of such a deal, learned from the user's deals where there are
enough of them, else read from a rate card.

- ln of the fee a deliverable: a robust line on followers, engagement level and deliverables, which
  can extrapolate, and L1 boosting of its residuals
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
from models.booster_call import predict_rows
from models.booster_text import booster_text
from models.rate_card import RATE_CARD_KEY, RateCard

#: Fees and creators that a fit needs, and fees of a platform that it needs to be used there.
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

    `middle`: medians that take the place of unknown values of LINE_COLUMNS; `line`: intercept,
    slopes of LINE_COLUMNS and of ln deliverables; `residual`: its quantiles at
    FEE_LEVELS; `platforms`: those with enough fees; `error`: mean absolute error of ln out of fold.
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
            forecast = _predict_parts(parts, x.iloc[test], deliverables[test])
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
        return cls(middle, line, booster, residual, platforms, len(y), creators, error)

    def predict(self, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray) -> np.ndarray:
        """Return the low, typical and high fee for all `deliverables` (n,) together in USD, (n, 3).

        `x`: derived columns.
        """
        parts = self.middle, self.line, self.booster
        log_fee = _predict_parts(parts, x, deliverables) + np.log(deliverables)
        return np.exp(log_fee[:, None] + self.residual)

    def state(self) -> tuple[dict, str]:
        """Return what `from_state` needs: JSON values and the booster as text."""
        arrays = {name: getattr(self, name).tolist() for name in ("middle", "line", "residual")}
        plain = {name: getattr(self, name) for name in ("fees", "creators", "error")}
        state = {**arrays, **plain, "platforms": list(self.platforms)}
        return state, booster_text(self.booster)

    @classmethod
    def from_state(cls, state: dict, booster: str) -> "FeeModel":
        """Return the model that had this state."""
        arrays = {name: np.array(state[name]) for name in ("middle", "line", "residual")}
        fitted = lgb.Booster(model_str=booster)
        return cls(**{**state, **arrays, "platforms": tuple(state["platforms"])}, booster=fitted)


@dataclass(frozen=True)
class MarketFee:
    """Market fees: from `learned`, the model of the user's deals, where these are enough; from the
    rate card elsewhere.
    """

    card: RateCard
    learned: FeeModel | None = None

    def quote(
        self, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the low, typical and high fee for all `deliverables` (n,) together in USD, (n, 3),
        and the source of each: OWN_DEALS, RATE_CARD, or None where there is no fee, (n,).

        `x`: derived columns.
        """
        platform = feature_column(x, "platform_code").astype(int)
        has_followers = ~np.isnan(feature_column(x, "followers_log"))
        by_deals = self._platforms_by_deals[platform] & has_followers
        if self.learned is not None and len(by_deals) and by_deals.all():
            source = np.full(len(by_deals), OWN_DEALS, dtype=object)
            return self.learned.predict(x, deliverables), source
        codes = {part: feature_column(x, f"{part}_code") for part in RATE_CARD_KEY}
        fees = self.card.fees_of_post(lookup_indexes(codes)) * deliverables[:, None]
        source = np.full(len(fees), RATE_CARD, dtype=object)
        source[np.isnan(fees[:, 0])] = None
        if self.learned is not None and by_deals.any():
            fees[by_deals] = self.learned.predict(x[by_deals], deliverables[by_deals])
            source[by_deals] = OWN_DEALS
        return fees, source

    @cached_property
    def _platforms_by_deals(self) -> np.ndarray:
        """Whether the user's deals are used, by position in PLATFORMS."""
        return np.array(
            [self.learned is not None and name in self.learned.platforms for name in PLATFORMS]
        )

    def describe(self) -> dict:
        """Return the manifest's entry on where fees come from."""
        card = {"card": self.card.name, "card_rows": len(self.card.places)}
        if self.learned is None:
            return {**card, "own_fees": 0}
        return {
            **card,
            "own_fees": self.learned.fees,
            "own_creators": self.learned.creators,
            "own_platforms": list(self.learned.platforms),
            "error_ln": self.learned.error,
        }

    def state(self) -> tuple[dict, str | None]:
        """Return what `from_state` needs: JSON values, and the booster as text if there is one."""
        state, booster = self.learned.state() if self.learned else (None, None)
        return {"card": self.card.to_json(), "learned": state}, booster

    @classmethod
    def from_state(cls, state: dict, booster: str | None) -> "MarketFee":
        """Return the market fees that had this state."""
        learned = None
        if state["learned"] and booster is not None:
            learned = FeeModel.from_state(state["learned"], booster)
        return cls(RateCard.from_json(state["card"]), learned)


def _fit_parts(x: pd.DataFrame, deliverables: np.ndarray, y: np.ndarray) -> tuple:
    """Return the parts `middle`, `line` and `booster` of a FeeModel, fitted to ln fees y (n,)."""
    middle = np.nan_to_num(x[list(LINE_COLUMNS)].median().to_numpy())
    inputs = _line_inputs(x, deliverables, middle)
    centre, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-9)
    # the Huber loss needs its inputs near unit scale to converge
    fit = HuberRegressor(alpha=1e-2, max_iter=1000).fit((inputs - centre) / scale, y)
    slopes = fit.coef_ / scale
    line = np.array([fit.intercept_ - slopes @ centre, *slopes])
    parameters = {**BOOSTING, "min_data_in_leaf": max(10, len(y) // 40)}
    residuals = y - line[0] - inputs @ line[1:]
    booster_inputs = _booster_inputs(x, deliverables)
    data = lgb.Dataset(booster_inputs, residuals, params={"verbosity": -1, "num_threads": 1})
    return middle, line, lgb.train(parameters, data, num_boost_round=TREES)


def _predict_parts(
    parts: tuple, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray
) -> np.ndarray:
    """Return ln of the fee a deliverable, (n,), by the parts of `_fit_parts`."""
    middle, line, booster = parts
    linear = line[0] + _line_inputs(x, deliverables, middle) @ line[1:]
    return linear + predict_rows(booster, _booster_inputs(x, deliverables), threads=1)


def _line_inputs(
    x: np.ndarray | pd.DataFrame, deliverables: np.ndarray, middle: np.ndarray
) -> np.ndarray:
    values = feature_columns(x, LINE_COLUMNS)
    return np.column_stack([np.where(np.isnan(values), middle, values), np.log(deliverables)])


def _booster_inputs(x: np.ndarray | pd.DataFrame, deliverables: np.ndarray) -> np.ndarray:
    return np.column_stack([feature_columns(x, FEE_FEATURES), np.log(deliverables)])
