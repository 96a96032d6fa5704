"""What a ledger holds, in numbers and as a table to read."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import func, select

from ledger.entry_rows import JSON_COLUMNS
from ledger.forecast_entry import LEVELS
from ledger.store import Ledger, LedgerError
from ledger.tables import FORECASTS, READINGS

#: Campaigns that a message names.
_MOST_NAMED = 20
_MOMENTS = ("made_at", "as_of", "start_at")
#: The columns of a file of forecasts, and the title of its workbook.
EXPORT_COLUMNS, EXPORT_TITLE = tuple(FORECASTS.columns.keys()), "Forecasts of the ledger"


@dataclass(frozen=True)
class LedgerCounts:
    """How many forecasts and readings a ledger has; `first` and `last`: when the forecasts were
    made, microseconds UTC, None where there are none; `campaigns`: those of each, by name.
    """

    forecasts: int
    readings: int
    first: int | None
    last: int | None
    campaigns: dict[str | None, int]


def count_ledger(ledger: Ledger) -> LedgerCounts:
    """Return what a ledger holds. Raises LedgerError."""
    made = FORECASTS.c.made_at
    campaign = FORECASTS.c.campaign
    with ledger.reading() as connection:
        number, first, last = connection.execute(
            select(func.count(), func.min(made), func.max(made)).select_from(FORECASTS)
        ).one()
        readings = connection.execute(select(func.count()).select_from(READINGS)).scalar_one()
        rows = connection.execute(
            select(campaign, func.count()).group_by(campaign).order_by(func.max(made).desc())
        )
        return LedgerCounts(number, readings, first, last, {row[0]: row[1] for row in rows})


def require_campaign(ledger: Ledger, campaign: str) -> None:
    """Raise LedgerError, which names those that there are, for a campaign without forecasts."""
    column = FORECASTS.c.campaign
    newest = select(column).where(column.is_not(None)).group_by(column)
    with ledger.reading() as connection:
        names = connection.execute(newest.order_by(func.max(FORECASTS.c.made_at).desc())).scalars()
        known = names.all()
    if campaign in known:
        return
    others = ", ".join(map(repr, known[:_MOST_NAMED]))
    more = f" and {len(known) - _MOST_NAMED:,} more" if len(known) > _MOST_NAMED else ""
    has = f"it has {others}{more}" if known else "nor any other: score a list with --campaign NAME"
    raise LedgerError(f"the ledger has no campaign {campaign!r}: {has}")


def export_frame(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts as one file has them: moments in UTC, and JSON as text."""
    import orjson

    frame = forecasts.copy()
    for name in _MOMENTS:
        frame[name] = pd.to_datetime(frame[name].astype("Int64"), unit="us", utc=True)
    for name in JSON_COLUMNS:
        texts = [None if value is None else orjson.dumps(value).decode() for value in frame[name]]
        frame[name] = pd.Series(texts, dtype=object)
    return frame


def shown_quantile(quantiles: tuple[float, ...], level: float) -> float:
    """Return the quantile at one of LEVELS.

    >>> shown_quantile(tuple(range(len(LEVELS))), 0.5)
    12
    """
    return quantiles[LEVELS.index(level)]
