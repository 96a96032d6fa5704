"""The rows of a review as plain values: of the table on the terminal, and of files."""

from typing import Any

import pandas as pd

from monitoring.review import Review
from monitoring.review_rows import ReviewRow
from serving.review.words import (
    PLACES,
    STATUS_WORDS,
    booked_of,
    name_of,
    partnership_of,
    right_words,
    unusual_words,
    verdict_words,
)

#: Columns of the CSV file, in their order.
CSV_COLUMNS = (
    *("partnership_id", "creator", "platform", "booked", "forecast_made_at", "model_version"),
    *("status", "reason", "note", "engagements_p10", "engagements_p50", "engagements_p90"),
    *("outcome_engagements", "outcome_as_read", "read_age_days", "horizon_days", "place"),
    *("probability_below", "unusual", "average_of_last_12", "fee", "currency", "cpe"),
    *("yardstick_cpe", "verdict", "verdict_was"),
)


def review_frame(review: Review, hide_fees: bool = False) -> pd.DataFrame:
    """Return a row for each partnership: CSV_COLUMNS, without those of money with `hide_fees`."""
    rows = [_values(row, review.currency) for row in review.rows]
    frame = pd.DataFrame(rows, columns=list(CSV_COLUMNS))
    money = ["fee", "currency", "cpe", "yardstick_cpe", "verdict", "verdict_was"]
    return frame.drop(columns=money) if hide_fees else frame


def day_of(microseconds: Any) -> str:
    """Return the day of a moment; blank where it is unknown."""
    return "" if pd.isna(microseconds) else f"{pd.Timestamp(microseconds, unit='us'):%Y-%m-%d}"


def _values(row: ReviewRow, currency: str) -> dict[str, Any]:
    forecast, outcome = row.forecast, row.outcome
    low, middle, high = (round(value) for value in row.range)
    values: dict[str, Any] = {
        "partnership_id": partnership_of(row),
        "creator": name_of(row),
        "platform": forecast["platform"],
        "booked": booked_of(row),
        "forecast_made_at": day_of(forecast["made_at"]),
        "model_version": forecast["model_version"],
        "status": STATUS_WORDS[row.status],
        "reason": forecast["reason"],
        "note": forecast["note"],
        "engagements_p10": low,
        "engagements_p50": middle,
        "engagements_p90": high,
        "outcome_as_read": forecast["outcome_engagements"],
        "read_age_days": round(forecast["read_age_days"], 1),
        "horizon_days": forecast["horizon_days"],
        "average_of_last_12": forecast["alternative_engagements"],
        "fee": row.fee,
        "currency": None if row.fee is None else currency,
        "cpe": row.cost,
        "yardstick_cpe": row.yardstick,
        "verdict": verdict_words(row),
        "verdict_was": right_words(row),
    }
    if outcome is not None:
        values |= {
            "outcome_engagements": round(outcome.engagements),
            "place": PLACES[outcome.place][1],
            "probability_below": round(outcome.chance, 3),
            "unusual": unusual_words(outcome),
        }
    return values
