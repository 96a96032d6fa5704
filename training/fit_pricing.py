"""What a bundle knows besides its forecasts: benchmarks and market fees, fitted to what is known at
a moment.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.derive import derive
from features.derive.reference import Reference
from features.fit_segments import account_queries, fit_benchmarks
from features.history.deals import completed_deals
from features.history.history import History
from features.segments import SegmentBenchmarks
from features.tables.currency import CurrencyRates
from features.tables.folder import RATES_FILE
from features.tables.model import Tables
from features.tables.rates_file import read_rates
from models.fee import FeeModel, MarketFee
from models.rate_card import RateCard, read_rate_card
from training.platform_times import to_timestamp

RATE_CARD_FILE = "rate_card.csv"


def read_rate_card_beside(data: Path) -> RateCard:
    """Read the rate card that stands beside the tables, in currencies of the rates file there; else
    the shipped one.
    """
    rates, card = Path(data) / RATES_FILE, Path(data) / RATE_CARD_FILE
    return read_rate_card(
        card if card.exists() else None, read_rates(rates) if rates.exists() else CurrencyRates()
    )


def fit_pricing(
    tables: Tables, history: History, reference: Reference, until: int, card: RateCard
) -> tuple[SegmentBenchmarks, MarketFee]:
    """Fit benchmarks and market fees to what is known at `until` (microseconds, UTC)."""
    deals = completed_deals(history, tables.partnerships, until)
    return fit_benchmarks(history, reference, to_timestamp(until), deals), fit_market_fee(
        history, reference, deals, card
    )


def fit_market_fee(
    history: History, reference: Reference, deals: pd.DataFrame, card: RateCard
) -> MarketFee:
    """Learn fees from deals (as `completed_deals` gives), each described as of its own start, where
    they are enough.
    """
    priced = deals[deals["fee_usd"].notna() & deals["start_at"].notna()].reset_index(drop=True)
    if not len(priced):
        return MarketFee(card)
    account = priced["account"].to_numpy()
    asked = account_queries(history, account, pd.Timestamp(reference.until)).reset_index(drop=True)
    asked = asked.assign(
        as_of=priced["start_at"], **priced[["start_at", "format", "brand_niche"]], sponsored=1.0
    )
    x = derive(history, asked, reference)
    deliverables = priced["deliverables"].fillna(1.0).to_numpy()
    return MarketFee(
        card, FeeModel.fit(x, deliverables, priced["fee_usd"].to_numpy(), np.asarray(account))
    )
