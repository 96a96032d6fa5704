"""The market fee: the usual fee of such a deal, learned from the user's deals where there are
enough of them, else read from a rate card.

ln of the fee a deliverable is a line on followers, engagement level and deliverables, which can
extrapolate, plus boosted trees; `models.fee_fit` fits both.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.derive.catalog import feature_column, feature_columns
from features.tables.vocabulary import PLATFORMS, lookup_indexes
from models.rate_card import RATE_CARD_KEY, RateCard
from models.tree_model import TreeModel

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
    booster: TreeModel
    residual: np.ndarray
    platforms: tuple[str, ...]
    fees: int
    creators: int
    error: float

    def predict(self, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray) -> np.ndarray:
        """Return the low, typical and high fee for all `deliverables` (n,) together in USD, (n, 3).

        `x`: derived columns.
        """
        parts = self.middle, self.line, self.booster
        log_fee = log_fee_each(parts, x, deliverables) + np.log(deliverables)
        return np.exp(log_fee[:, None] + self.residual)

    def state(self) -> tuple[dict, str]:
        """Return what `from_state` needs: JSON values and the booster as text."""
        arrays = {name: getattr(self, name).tolist() for name in ("middle", "line", "residual")}
        plain = {name: getattr(self, name) for name in ("fees", "creators", "error")}
        state = {**arrays, **plain, "platforms": list(self.platforms)}
        return state, self.booster.text

    @classmethod
    def from_state(cls, state: dict, booster: str) -> "FeeModel":
        """Return the model that had this state."""
        arrays = {name: np.array(state[name]) for name in ("middle", "line", "residual")}
        platforms = tuple(state["platforms"])
        return cls(**{**state, **arrays, "platforms": platforms}, booster=TreeModel(booster))


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


def log_fee_each(
    parts: tuple, x: np.ndarray | pd.DataFrame, deliverables: np.ndarray
) -> np.ndarray:
    """Return ln of the fee a deliverable, (n,), by the parts `middle`, `line` and
    `booster` of a FeeModel."""
    middle, line, booster = parts
    linear = line[0] + line_inputs(x, deliverables, middle) @ line[1:]
    return linear + booster.predict(booster_inputs(x, deliverables), threads=1)


def line_inputs(
    x: np.ndarray | pd.DataFrame, deliverables: np.ndarray, middle: np.ndarray
) -> np.ndarray:
    """Return what the line is on, (n, 3); `middle`: as in FeeModel."""
    values = feature_columns(x, LINE_COLUMNS)
    return np.column_stack([np.where(np.isnan(values), middle, values), np.log(deliverables)])


def booster_inputs(x: np.ndarray | pd.DataFrame, deliverables: np.ndarray) -> np.ndarray:
    """Return what the trees are on, (n, len(FEE_FEATURES) + 1)."""
    return np.column_stack([feature_columns(x, FEE_FEATURES), np.log(deliverables)])
