"""Fees of imported sheets in US dollars, by the rates that the user names; nothing is assumed
without a rate.
"""

import numpy as np
import pandas as pd

from features.tables.currency import USD, CurrencyRates, convert_fee
from ingest.exports.import_job import ImportJob
from ingest.exports.rejections import Rejection


def convert_fees_to_usd(
    job: ImportJob, rows: pd.DataFrame, lines: np.ndarray, table: str
) -> pd.DataFrame:
    """Return the rows with fee_usd for fees in other currencies whose rate is known, and count them
    in the report.

    `lines` (n,): the line of each row in the file. A fee without a rate stays in `fee` and
    `currency` in a list of prospects, as scoring has rates too; in partnerships, which hold
    dollars, it stays unknown and is reported.
    """
    if "fee" not in rows:
        return rows
    rates = job.options.rates or CurrencyRates()
    fees, currencies = rows["fee"], rows["currency"]
    has_fee, has_rate = fees.notna().to_numpy(), ~np.isnan(rates.of(currencies))
    converted = currencies[has_fee & has_rate & (currencies != USD)]
    for code, times in converted.value_counts().items():
        job.report.fees[f"in {code}, fee_usd at {rates.usd_per_unit[code]:g} USD"] += int(times)
    without_rate = has_fee & ~has_rate
    for row in np.flatnonzero(without_rate):
        code = currencies.iloc[row]
        if table != "partnerships":
            outcome = f"in {code}, kept as they are: give the rate by --rates for fee_usd"
            job.report.fees[outcome] += 1
            continue
        reason = f"is in {code}, which has no rate to USD: give it by --rates"
        value = f"{fees.iloc[row]:g}"
        job.leave_unknown(Rejection(job.place(f"line {lines[row]}"), reason, "fee", value))
    usd = rows["fee_usd"].to_numpy() if "fee_usd" in rows else np.full(len(rows), np.nan)
    dollars = convert_fee(usd, fees.to_numpy(), currencies, rates)
    in_currency = pd.Series(without_rate & (table != "partnerships"), index=rows.index)
    return rows.assign(
        fee_usd=dollars, fee=fees.where(in_currency), currency=currencies.where(in_currency)
    )
