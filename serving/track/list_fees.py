"""Fees of a list to track, in USD: those in another currency by the rates that the user names."""

import numpy as np
import pandas as pd

from features.tables.currency import USD, CurrencyRates, check_fees, convert_fee


def fees_in_usd(
    rows: pd.DataFrame, rates: CurrencyRates | None, reasons: dict[int, list[str]]
) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    """Return clean rows (n) with fee_usd filled from fee and currency, which rows (n,) have a fee
    that is not used, and notes on those. A row with two fees gets a reason. `fee` and `currency`
    stay where the fee is used.

    `rates`: None where the user names none; USD is always known.
    """
    known = rates or CurrencyRates()
    fee_usd, fee = rows["fee_usd"].to_numpy(float), rows["fee"].to_numpy(float)
    currency = rows["currency"].str.upper()
    notes = []
    unused = np.zeros(len(rows), dtype=bool)
    for rule, broken in check_fees(fee_usd, fee, currency.tolist(), known).items():
        if not broken.any() or rule.code == "currency_without_fee":
            continue
        if rule.code == "two_fees":
            for row in np.flatnonzero(broken):
                reasons.setdefault(int(row), []).append(f"fee {rule.message}")
            continue
        unused |= broken
        notes.append(f"{int(broken.sum()):,} fee(s) not used: {_remedy(currency[broken])}")
    in_usd = convert_fee(fee_usd, fee, currency.tolist(), known)
    is_used = ~np.isnan(fee) & ~np.isnan(in_usd)
    return (
        rows.assign(
            fee_usd=in_usd, fee=np.where(is_used, fee, np.nan), currency=currency.where(is_used)
        ),
        unused,
        notes,
    )


def _remedy(currency: pd.Series) -> str:
    codes = sorted(currency.dropna().unique())
    if not codes:
        return "they have no currency: name it in the column currency, or give fee_usd"
    return f"{', '.join(codes)} has no rate to {USD}: name a file of rates that has it (--rates)"
