"""What came of the forecasts: readings added to the ledger, and how far every outcome is then."""

from dataclasses import dataclass

import pandas as pd

from features.maturation.maturation import Maturation
from features.tables.model import Tables
from ledger.matched_forecasts import NOT_SCORED, STATUSES, match_outcomes
from ledger.reading_rows import ReadingCounts
from ledger.readings import adding_readings, select_readings
from ledger.store import Ledger
from ledger.tables import READINGS


@dataclass(frozen=True)
class OutcomeResult:
    """What a file of outcomes changed.

    - `counts`: of its readings; `forecasts`: in the ledger, of which `partnerships` count (the
      latest forecast of each)
    - `statuses`: partnerships by ledger.matched_forecasts.STATUSES; `reasons`: those not scored by
      reason
    - `unmatched`: posts and totals of the ledger that belong to no forecast
    """

    counts: ReadingCounts
    forecasts: int
    partnerships: int
    statuses: dict[str, int]
    reasons: dict[str, int]
    unmatched: int


def record_outcomes(
    ledger: Ledger,
    tables: Tables,
    source: str,
    now: int,
    growth: Maturation,
    dry_run: bool = False,
) -> OutcomeResult:
    """Add the readings of tables to the ledger, as `ledger.readings.add_readings` does, and say how
    far the outcome of every partnership is.
    """
    forecasts = ledger.forecasts()
    with adding_readings(ledger, tables, source, now, dry_run) as (counts, connection):
        readings = select_readings(connection)
    match = match_outcomes(forecasts, readings, now, growth)
    latest = match.forecasts[match.forecasts["is_latest"]]
    by_status = latest["status"].value_counts()
    reasons = latest.loc[latest["status"] == NOT_SCORED, "reason"].value_counts()
    return OutcomeResult(
        counts,
        len(forecasts),
        len(latest),
        {name: int(by_status.get(name, 0)) for name in STATUSES},
        {str(reason): int(number) for reason, number in reasons.items()},
        int((~match.posts["is_used"]).sum()),
    )


def reading_history(ledger: Ledger, name: str) -> pd.DataFrame:
    """Return all readings of the post or the partnership of this id, in the order in which they
    were recorded: the columns of READINGS.
    """
    is_named = (READINGS.c.post_id == name) | (READINGS.c.partnership_id == name)
    with ledger.reading() as connection:
        own = select_readings(connection, is_named)
        posts = own["post_id"].dropna().unique().tolist()
        return select_readings(connection, is_named | READINGS.c.post_id.in_(posts))
