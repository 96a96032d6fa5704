"""The partnerships of a review: what was forecast of each, and where what came lies in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ledger.forecast_entry import LEVELS
from ledger.matched_forecasts import MATURED
from monitoring.review_currency import fee_in, yardstick_in

BELOW, WITHIN, ABOVE = "below", "within", "above"
#: The range that is told: in 8 of 10 cases the outcome lies inside.
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
#: Verdicts that say that a fee pays, and that it does not; `even` says neither.
PAYS, DOES_NOT = ("worth_it", "probably_worth_it"), ("probably_overpriced", "overpriced")


@dataclass(frozen=True)
class Outcome:
    """Where what came lies in what was forecast.

    - `engagements`: what came, at the horizon of the forecast, whole, so that sums of outcomes are
      those of what is told; `low`, `middle`, `high`: quantiles
      of the forecast; `chance`: its probability of as many or fewer
    """

    engagements: float
    low: float
    middle: float
    high: float
    chance: float

    @property
    def place(self) -> str:
        """BELOW, WITHIN or ABOVE the range."""
        if self.engagements < self.low:
            return BELOW
        return ABOVE if self.engagements > self.high else WITHIN

    @property
    def one_in(self) -> float:
        """In one of how many cases as many or more, or as few or fewer, were expected; at most 200,
        as the ledger keeps no quantiles beyond.
        """
        tail = min(self.chance, 1 - self.chance)
        return 1 / max(tail, LEVELS[0])

    @property
    def is_extreme(self) -> bool:
        """Whether it lies beyond the outermost quantiles that the ledger keeps."""
        return min(self.chance, 1 - self.chance) <= LEVELS[0] * (1 + 1e-9)


@dataclass(frozen=True)
class ReviewRow:
    """One partnership: `forecast` as the ledger has it, with its outcome columns.

    - `range`: low, middle and high of the forecast; `outcome`: None unless it is matured
    - `fee`: in the currency of the review, to the cent, None where none is known; `cost`: the fee
      over what came; `yardstick`: the cost that the verdict was about, the target of who asked,
      else the benchmark; `is_right`: whether the verdict was, None where it says
      neither or something is unknown; `rule_is_right`: whether the verdict by the average of the
      last 12 posts would have been
    """

    forecast: Mapping[str, Any]
    range: tuple[float, float, float]
    outcome: Outcome | None
    fee: float | None
    cost: float | None
    yardstick: float | None
    is_right: bool | None
    rule_is_right: bool | None

    @property
    def status(self) -> str:
        return str(self.forecast["status"])


def review_row(forecast: dict[str, Any], currency: str) -> ReviewRow:
    """Return a partnership; `forecast`: with its outcome columns, `currency`: of the review."""
    quantiles = np.log1p(np.asarray(forecast["engagements"], dtype=float))
    low, middle, high = np.expm1(np.interp([LOW, MIDDLE, HIGH], LEVELS, quantiles)).tolist()
    outcome = None
    if forecast["status"] == MATURED:
        came = float(np.rint(np.expm1(forecast["outcome_ln"])))
        outcome = Outcome(came, low, middle, high, _chance(quantiles, forecast["outcome_ln"]))
    fee, yardstick = fee_in(forecast, currency), yardstick_in(forecast, currency)
    alternative = forecast["alternative_engagements"]
    cost = None
    if outcome is not None and fee is not None:
        cost = fee / outcome.engagements if outcome.engagements > 0 else np.inf
    pays = None if cost is None or yardstick is None else cost <= yardstick
    verdict = forecast["verdict"]
    says = True if verdict in PAYS else False if verdict in DOES_NOT else None
    rule_says = None
    if yardstick is not None and fee is not None and not pd.isna(alternative):
        rule_says = bool(alternative > 0 and fee / alternative <= yardstick)
    return ReviewRow(
        forecast,
        (low, middle, high),
        outcome,
        fee,
        cost,
        yardstick,
        None if pays is None or says is None else bool(says == pays),
        None if pays is None or rule_says is None else bool(rule_says == pays),
    )


def _chance(log_quantiles: np.ndarray, outcome_ln: float) -> float:
    """Return the probability that the forecast gave to an outcome or less; one beyond the quantiles
    that are kept has the probability of the outermost.
    """
    rising = np.maximum.accumulate(log_quantiles) + np.arange(len(LEVELS)) * 1e-12
    return float(np.interp(outcome_ln, rising, LEVELS))


def engagements_of(row: ReviewRow) -> float:
    """Return what came, 0 where that is not known."""
    return 0.0 if row.outcome is None else row.outcome.engagements
