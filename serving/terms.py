"""The terms that a row asks about: its fee in USD, what is taken where nothing is said, and terms that contradict."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from features.currency import Rates, fee_faults, in_usd
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
    names = {f"emv_{part}_usd": part for part in EMV_PARTS}
    own = asked[list(names)].notna().any(axis=1)
    valued = {"emv_source": np.where(own, "given", None)}
    if values is not None:
        valued = {"emv_source": np.where(own, "given", values.name)}
        valued |= {name: asked[name].where(own, values.of(asked["platform"], part)) for name, part in names.items()}
    return asked.assign(fee_usd=in_usd(asked, rates), confidence=asked["confidence"].fillna(CONFIDENCE), **valued)


def refused_terms(asked: pd.DataFrame, rates: Rates) -> dict[Callable, np.ndarray]:
    """Give for each rule on terms the words of its breach, made from a row, and the rows (n,) that break it.

    `asked`: as the caller gave it.
    """
    lone = asked["target_cpe_usd"].notna() & asked["fee_usd"].isna() & asked["fee"].isna()
    rules = fee_faults(asked, rates)
    rules["target_cpe_usd", "stands without a fee: give fee_usd, or leave it out"] = lone.to_numpy()
    return {partial(_breach, column, rule): rows for (column, rule), rows in rules.items()}


def _breach(column: str, rule: str, row) -> str:
    value = getattr(row, column)
    return f"{column} {value if isinstance(value, float) else repr(value)} {rule}"
