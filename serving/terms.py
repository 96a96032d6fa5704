"""The terms that a row asks about: its fee in USD, what is taken where nothing is said, and terms that contradict."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.currency import USD, Rates
from features.schema import EMV_PARTS
from models.emv import ValueTable

#: Probability with which break-even is held where the caller names none.
CONFIDENCE = 0.8


@dataclass(frozen=True)
class Extras:
    """What a caller may ask for besides: the reasons of forecasts, and comparable creators."""

    explain: bool = False
    comparables: bool = False


def with_terms(asked: pd.DataFrame, rates: Rates, values: ValueTable | None = None) -> pd.DataFrame:
    """Give the rows with fee_usd from fees in other currencies, the confidence where none is named, and values.

    `values`: a table that earned media value is asked by, for rows that name no value of their own.
    """
    converted = asked["fee"] * rates.of(asked["currency"])
    names = {f"emv_{part}_usd": part for part in EMV_PARTS}
    own = asked[list(names)].notna().any(axis=1)
    valued = {"emv_source": np.where(own, "given", None)}
    if values is not None:
        valued = {"emv_source": np.where(own, "given", values.name)}
        valued |= {name: asked[name].where(own, values.of(asked["platform"], part)) for name, part in names.items()}
    fee = asked["fee_usd"].fillna(converted)
    return asked.assign(fee_usd=fee, confidence=asked["confidence"].fillna(CONFIDENCE), **valued)


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
