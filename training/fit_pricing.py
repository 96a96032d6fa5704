"""What a bundle has besides its forecasters: benchmarks and market fees, known at a moment."""

from pathlib import Path

import numpy as np
import pandas as pd

from features.derive.queries import Queries
from features.derive.reference import Reference
from features.fit_segments import fit_benchmarks
from features.history.arrays import encode_categories, to_us
from features.history.deals import completed_deals
from features.history.history import History
from features.segments import SegmentBenchmarks
from features.tables.currency import CurrencyRates
from features.tables.folder import RATES_FILE
from features.tables.model import Tables
from features.tables.rates_file import read_rates
from features.tables.vocabulary import FORMATS, NICHES
from models.fee import MarketFee
from models.fee_fit import fit_fees
from models.rate_card import RateCard, read_rate_card
from training.backend import LOCAL
from training.platform_times import to_timestamp

RATE_CARD_FILE = "rate_card.csv"


def read_rate_card_beside(data: Path) -> RateCard:
    """Read the rate card beside the tables, in currencies of the rates file there.

    Where there is no rate card, the shipped one is read.
    """
    rates_file, card_file = Path(data) / RATES_FILE, Path(data) / RATE_CARD_FILE
    rates = read_rates(rates_file) if rates_file.exists() else CurrencyRates()
    return read_rate_card(card_file if card_file.exists() else None, rates)


def fit_pricing(
    tables: Tables, history: History, reference: Reference, until: int, card: RateCard
) -> tuple[SegmentBenchmarks, MarketFee]:
    """Fit benchmarks and market fees to what is known at `until` (microseconds, UTC)."""
    deals = completed_deals(history, tables.partnerships, until)
    benchmarks = fit_benchmarks(history, reference, to_timestamp(until), deals)
    return benchmarks, fit_market_fee(history, reference, deals, card)


def fit_market_fee(
    history: History, reference: Reference, deals: pd.DataFrame, card: RateCard
) -> MarketFee:
    """Fit fees to the deals of `completed_deals`, each with its features as of its own start.

    Where they are too few, the rate card stands alone.
    """
    priced = deals[deals["fee_usd"].notna() & deals["start_at"].notna()]
    if not len(priced):
        return MarketFee(card)
    account, start = priced["account"].to_numpy(), to_us(priced["start_at"])
    plan = {
        "format": encode_categories(priced["format"], FORMATS),
        "brand_niche": encode_categories(priced["brand_niche"], NICHES),
        "sponsored": np.ones(len(priced)),
    }
    x = LOCAL.derive(history, Queries.from_arrays(account, start, start, plan), reference)
    deliverables = priced["deliverables"].fillna(1.0).to_numpy()
    return MarketFee(card, fit_fees(x, deliverables, priced["fee_usd"].to_numpy(), account))
