"""Fees of imported sheets in US dollars, by the rates that the user names; nothing is assumed
without a rate.
"""

import numpy as np
import pandas as pd

from features.tables.currency import USD, CurrencyRates, convert_fee
from ingest.exports.import_job import ImportJob
from ingest.exports.record_shapes import Rejection


def convert_fees_to_usd(
    job: ImportJob, rows: pd.DataFrame, lines: np.ndarray, table: str
) -> pd.DataFrame:
    """Turn fees in other currencies into fee_usd where their rate is known, and count them in the
    report.

    `lines` (n,): where the rows stand. A fee without a rate stays in `fee` and `currency` in a list
    of prospects, which is scored with rates of its own; in partnerships, which hold dollars, it
    stays unknown and is told.
    """
    if "fee" not in rows:
        return rows
    rates = job.options.rates or CurrencyRates()
    rate, priced = rates.of(rows["currency"]), rows["fee"].notna().to_numpy()
    known = priced & ~np.isnan(rate)
    for code, times in rows["currency"][known & (rows["currency"] != USD)].value_counts().items():
        job.report.fees[f"in {code}, fee_usd at {rates.usd_per_unit[code]:g} USD"] += int(times)
    for row in np.flatnonzero(priced & ~known):
        code = rows["currency"].iloc[row]
        if table == "partnerships":
            reason = f"is in {code}, which has no rate to USD: give it by --rates"
            job.leave_unknown(
                Rejection(
                    job.place(f"line {lines[row]}"), reason, "fee", f"{rows['fee'].iloc[row]:g}"
                )
            )
        else:
            job.report.fees[
                f"in {code}, kept as they are: give the rate by --rates for fee_usd"
            ] += 1
    usd = rows["fee_usd"].to_numpy() if "fee_usd" in rows else np.full(len(rows), np.nan)
    dollars = convert_fee(usd, rows["fee"].to_numpy(), rows["currency"], rates)
    kept = pd.Series(priced & ~known & (table != "partnerships"), index=rows.index)
    return rows.assign(
        fee_usd=dollars, fee=rows["fee"].where(kept), currency=rows["currency"].where(kept)
    )
