"""A review as plain JSON values, for the service."""

import math
from collections.abc import Mapping
from typing import Any

from monitoring.review import Review
from monitoring.review_rows import Outcome, ReviewRow
from serving.review.sentences import review_sentences
from serving.review.words import (
    HOW_TO_READ,
    PLACES,
    STATUS_WORDS,
    booked_of,
    cost_sentence,
    is_text,
    money_each,
    name_of,
    outcome_sentence,
    partnership_of,
    right_words,
    unusual_words,
    verdict_words,
    yardstick_name,
)
from serving.scoring.prospect_batch import moment_text

#: Partnerships that one answer lists.
MOST_LISTED = 2000


def review_json(review: Review) -> dict[str, Any]:
    """Return a review in the shape of GET /v1/campaigns/{name}, but for what waits."""
    listed = review.rows[:MOST_LISTED]
    return {
        "campaign": review.campaign,
        "outcomes": status_counts(review.statuses),
        "after": review.after,
        "places": dict(review.outside),
        "currency": review.currency,
        "total": _total_json(review),
        "money": _money_json(review),
        "sentences": review_sentences(review),
        "how_to_read": list(HOW_TO_READ),
        "partnerships": [_row_json(row, review.currency) for row in listed],
        "not_listed": len(review.rows) - len(listed),
    }


def status_counts(statuses: Mapping[str, int]) -> dict[str, int]:
    """Return partnerships by status, under names of fields.

    >>> status_counts({"matured": 2, "not scored": 1})
    {'matured': 2, 'not_scored': 1}
    """
    return {name.replace(" ", "_"): number for name, number in statuses.items()}


def _total_json(review: Review) -> dict[str, Any] | None:
    total = review.total
    if total is None:
        return None
    bounds = (total.low, total.middle, total.high)
    return {"forecast": _range_json(bounds), "outcome": _outcome_json(total)}


def _money_json(review: Review) -> dict[str, Any] | None:
    if not review.paid:
        return None
    came = review.engagements_paid
    cost = review.fees / came if came else math.inf
    return {
        "paid": review.paid,
        "fees": round(review.fees, 2),
        "engagements": came,
        "cpe_text": money_each(cost, review.currency),
        "compared": review.compared,
        "compared_fees": round(review.compared_fees, 2),
        "at_yardstick": review.at_yardstick,
    }


def _row_json(row: ReviewRow, currency: str) -> dict[str, Any]:
    forecast = row.forecast
    sentences = (outcome_sentence(row), cost_sentence(row, currency))
    return {
        "name": name_of(row),
        "partnership_id": partnership_of(row) or None,
        "platform": forecast["platform"],
        "booked": booked_of(row),
        "forecast_made_at": moment_text(int(forecast["made_at"])),
        "model_version": forecast["model_version"],
        "horizon_days": forecast["horizon_days"],
        "forecast": _range_json(row.range),
        "status": row.status.replace(" ", "_"),
        "status_text": STATUS_WORDS[row.status],
        "reason": str(forecast["reason"]),
        "note": str(forecast["note"]),
        "outcome": None if row.outcome is None else _outcome_json(row.outcome),
        "as_read": _number(forecast["outcome_engagements"]),
        "read_age_days": _number(forecast["read_age_days"]),
        "average_of_last_12": _number(forecast["alternative_engagements"]),
        "fee": row.fee,
        "cpe": _number(row.cost),
        "cpe_text": "" if row.cost is None else money_each(row.cost, currency),
        "yardstick_cpe": _number(row.yardstick),
        "yardstick": "" if row.yardstick is None else yardstick_name(forecast),
        "verdict": forecast["verdict"] if is_text(forecast["verdict"]) else None,
        "verdict_text": verdict_words(row),
        "was_right": row.is_right,
        "was_right_text": right_words(row),
        "sentence": " ".join(filter(None, sentences)),
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    mark, text = PLACES[outcome.place]
    return {
        "engagements": outcome.engagements,
        "place": outcome.place,
        "place_text": text,
        "mark": mark,
        "probability_below": outcome.chance,
        "unusual": unusual_words(outcome),
    }


def _range_json(bounds: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("p10", "p50", "p90"), bounds, strict=True))


def _number(value: float | None) -> float | None:
    """Return a number that is known and finite, else None."""
    return float(value) if value is not None and math.isfinite(value) else None
