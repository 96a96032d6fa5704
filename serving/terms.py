"""The terms that a row asks about: its fee in USD, what is taken where nothing is said, and terms that contradict."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from features.currency import USD, Rates

#: Probability with which break-even is held where the caller names none.
CONFIDENCE = 0.8


def with_terms(asked: pd.DataFrame, rates: Rates) -> pd.DataFrame:
    """Give the rows with fee_usd from fees in other currencies, and the confidence where none is named."""
    converted = asked["fee"] * rates.of(asked["currency"])
    return asked.assign(
        fee_usd=asked["fee_usd"].fillna(converted),
        confidence=asked["confidence"].fillna(CONFIDENCE),
    )


def refused_terms(asked: pd.DataFrame, rates: Rates) -> dict[Callable, np.ndarray]:
    """Give for each rule on terms the words of its breach, made from a row, and the rows (n,) that break it.

    `asked`: as the caller gave it.
    """
    paid, amount, currency = (asked[name].notna().to_numpy() for name in ("fee_usd", "fee", "currency"))
    unknown = amount & currency & np.isnan(rates.of(asked["currency"]))
    known = ", ".join(rates.usd_per_unit)
    return {
        (lambda row: f"fee {row.fee:g} and fee_usd {row.fee_usd:g} are both given: give one"): paid & amount,
        (lambda row: f"fee {row.fee:g} has no currency: name it, or give fee_usd"): amount & ~currency,
        (lambda row: f"currency {row.currency!r} stands without a fee in it: give fee; fee_usd is always {USD}"): (
            currency & ~amount
        ),
        (lambda row: f"currency {row.currency!r} has no rate to {USD}: known is {known}; name a rates file"): unknown,
        (lambda row: f"target_cpe_usd {row.target_cpe_usd:g} stands without a fee: give fee_usd, or leave it out"): (
            asked["target_cpe_usd"].notna().to_numpy() & ~paid & ~amount
        ),
    }
