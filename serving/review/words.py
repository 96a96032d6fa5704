"""A review in words. What is above its range and what is below are told in the same words and
order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.number_text import (
    count_text,
    format_estimates,
    format_money,
    format_paid,
)
from ledger.matched_forecasts import MATURED, NOT_SCORED, PARTIAL, WAITING, YOUNG
from monitoring.review_rows import ABOVE, BELOW, WITHIN, Outcome, ReviewRow
from serving.scoring.booked_words import booked_words
from serving.scoring.verdict import VERDICT_WORDS

#: Where an outcome lies, with a symbol that is told apart without colour.
PLACES = {
    ABOVE: ("▲", "above the range"),
    WITHIN: ("●", "in the range"),
    BELOW: ("▼", "below the range"),
}
STATUS_WORDS = {
    MATURED: "with an outcome",
    YOUNG: "read too early",
    PARTIAL: "partly read",
    WAITING: "not read yet",
    NOT_SCORED: "cannot be compared",
}
#: From here on "1 in N" is told as more than so.
MOST_ONE_IN = 200
_RANGE_MEANING = (
    "A forecast is a range: in 8 of 10 cases the outcome should lie inside of it, in 1 of 10 above "
    "and in 1 of 10 below. Some outcomes outside are usual, also where every forecast was right. "
    "One outcome outside does not tell chance from a wrong forecast, in either direction; many of "
    "them do."
)
_WHAT_IS_COMPARED = (
    "Outcomes are brought from the age at which they were read to the day that the forecast was "
    "made for. The forecast is the last one that was made before the first post went online."
)
HOW_TO_READ = (_RANGE_MEANING, _WHAT_IS_COMPARED)


def name_of(row: ReviewRow) -> str:
    """Return the creator's name as the list had it, else what else names the partnership."""
    names = ("handle", "creator_id", "partnership_id", "forecast_id")
    own = (row.forecast.get("question") or {}).get("name")
    return next(filter(is_text, (own, *(row.forecast[name] for name in names))))


def partnership_of(row: ReviewRow) -> str:
    """Return the partnership_id where it is known, blank where it is not."""
    name = row.forecast["partnership_id"]
    return str(name) if is_text(name) else ""


def booked_of(row: ReviewRow) -> str:
    """Return what was booked."""
    forecast = {
        name: value if is_text(value) else None
        for name, value in row.forecast.items()
        if name in ("platform", "format", "package")
    }
    booked = booked_words(
        forecast["platform"], forecast["format"], forecast["package"], row.forecast["deliverables"]
    )
    return booked or ""


def is_text(value: Any) -> bool:
    """Return whether a cell of a table holds a text."""
    return isinstance(value, str) and value != ""


def range_words(low: float, high: float) -> str:
    """Word a range.

    >>> range_words(1234.0, 9876.0)
    '1,200 to 9,900'
    """
    return f"{estimate(low)} to {estimate(high)}"


def estimate(value: float) -> str:
    """Word a count that is estimated, with two digits."""
    return format_estimates(np.array([value]))[0]


def unusual_words(outcome: Outcome) -> str:
    """Word how unusual an outcome outside of its range is; blank for one inside.

    >>> unusual_words(Outcome(9.0, 1.0, 2.0, 3.0, 0.95))
    '1 in 20 are as high'
    >>> unusual_words(Outcome(0.0, 1.0, 2.0, 3.0, 0.05))
    '1 in 20 are as low'
    """
    if outcome.place == WITHIN:
        return ""
    direction = "high" if outcome.place == ABOVE else "low"
    cases = round(outcome.one_in)
    number = f"fewer than 1 in {MOST_ONE_IN}" if cases >= MOST_ONE_IN else f"1 in {cases}"
    return f"{number} are as {direction}"


def outcome_sentence(row: ReviewRow) -> str:
    """Word what came of a partnership, without money."""
    if row.outcome is None:
        reason = str(row.forecast["reason"])
        return f"{STATUS_WORDS[row.status].capitalize()}: {reason}."
    place = PLACES[row.outcome.place][1]
    unusual = unusual_words(row.outcome)
    engagements = count_text(row.outcome.engagements, "engagement")
    came = f"{engagements} by day {row.forecast['horizon_days']:g}"
    expected = range_words(row.range[0], row.range[2])
    return f"{came}: {place} of {expected}{f', {unusual}' if unusual else ''}."


def cost_sentence(row: ReviewRow, currency: str) -> str:
    """Word what the fee bought and whether the verdict was right; blank where that is unknown."""
    if row.cost is None or row.fee is None:
        return ""
    each = money_each(row.cost, currency)
    text = f"{format_paid(row.fee, currency)} paid, {each} per engagement"
    if row.yardstick is None:
        return f"{text}."
    text += f", against {format_money(row.yardstick, currency)} of {yardstick_name(row.forecast)}."
    verdict = row.forecast["verdict"]
    if verdict not in VERDICT_WORDS:
        return text
    said = VERDICT_WORDS[verdict][1]
    judged = {True: "this was right", False: "this was wrong", None: "this says neither"}
    return f"{text} The verdict before: {said.lower()}; {judged[row.is_right]}."


def money_each(cost: float, currency: str) -> str:
    """Word a cost per engagement, that of no engagements too."""
    return "no engagement" if cost == float("inf") else format_money(cost, currency)


def yardstick_name(forecast: Mapping[str, Any]) -> str:
    """Return what a verdict compared the cost with."""
    target = (forecast.get("question") or {}).get("target_cpe_usd")
    return "the target" if isinstance(target, int | float) else "the benchmark"


def verdict_words(row: ReviewRow) -> str:
    """Return the verdict of the forecast; blank where it had none."""
    verdict = row.forecast["verdict"]
    return VERDICT_WORDS[verdict][1] if verdict in VERDICT_WORDS else ""


def right_words(row: ReviewRow) -> str:
    """Return whether the verdict was right; blank where that is unknown."""
    if row.is_right is None:
        known = row.cost is not None and row.yardstick is not None
        return "says neither" if known and row.forecast["verdict"] == "even" else ""
    return "right" if row.is_right else "wrong"
