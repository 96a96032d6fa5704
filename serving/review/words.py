"""A review in words. What is above its range and what is below are told in the same words and
order.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.number_text import format_estimates, format_money, pluralize
from ledger.matched_forecasts import MATURED, NOT_SCORED, PARTIAL, WAITING, YOUNG
from monitoring.review import ABOVE, BELOW, WITHIN, Outcome, Review, ReviewRow
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
    """Return the creator's name, else what else names the partnership."""
    names = ("handle", "creator_id", "partnership_id", "forecast_id")
    return next(str(row.forecast[name]) for name in names if is_text(row.forecast[name]))


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
    came = f"{row.outcome.engagements:,.0f} engagements by day {row.forecast['horizon_days']:g}"
    expected = range_words(row.range[0], row.range[2])
    return f"{came}: {place} of {expected}{f', {unusual}' if unusual else ''}."


def cost_sentence(row: ReviewRow) -> str:
    """Word what the fee bought and whether the verdict was right; blank where that is unknown."""
    if row.cost is None:
        return ""
    text = f"{format_money(row.forecast['fee_usd'])} paid, {money_each(row.cost)} per engagement"
    if row.yardstick is None:
        return f"{text}."
    text += f", against {format_money(row.yardstick)} of {yardstick_name(row.forecast)}."
    verdict = row.forecast["verdict"]
    if verdict not in VERDICT_WORDS:
        return text
    said = VERDICT_WORDS[verdict][1]
    judged = {True: "this was right", False: "this was wrong", None: "this says neither"}
    return f"{text} The verdict before: {said.lower()}; {judged[row.is_right]}."


def money_each(cost: float) -> str:
    """Word a cost per engagement, that of no engagements too."""
    return "no engagement" if cost == float("inf") else format_money(cost)


def yardstick_name(forecast: Mapping[str, Any]) -> str:
    """Return what a verdict compared the cost with."""
    target = (forecast.get("question") or {}).get("target_cpe_usd")
    return "the target" if isinstance(target, int | float) else "the benchmark"


def lead_sentence(review: Review) -> str:
    """Word in one sentence how many outcomes are known and where they lie."""
    known, every = review.statuses[MATURED], len(review.rows)
    text = f"{known:,} of {pluralize(f'{every:,}', 'partnership')} {_has(known)} an outcome"
    if not known:
        return f"{text} yet."
    places = ", ".join(
        f"{review.outside[place]:,} {PLACES[place][1]}" for place in (ABOVE, WITHIN, BELOW)
    )
    return f"{text}: {places}."


def outside_sentence(review: Review) -> str:
    """Word whether so many outcomes outside of their ranges are usual."""
    known = review.statuses[MATURED]
    outside = review.outside[ABOVE] + review.outside[BELOW]
    low, high = review.usual_outside
    if not known:
        return ""
    if low <= outside <= high:
        what = "so these ranges were as wide as they should be, as far as so few outcomes can tell"
    elif outside > high:
        what = "so these ranges were too narrow, or the market moved"
    else:
        what = "so these ranges were too wide"
    return (
        f"{outside:,} of {known:,} outcomes lie outside of their ranges; {low:,} to {high:,} are "
        f"usual, {what}."
    )


def total_sentence(review: Review) -> str:
    """Word where the sum of the outcomes lies; blank where fewer than two are known."""
    total = review.total
    if total is None or review.independent is None:
        return ""
    unusual = unusual_words(total)
    expected = range_words(total.low, total.high)
    return (
        f"Together {total.engagements:,.0f} engagements came: {PLACES[total.place][1]} of "
        f"{expected}{f', {unusual}' if unusual else ''}. The range counts that creators of a "
        f"platform and niche do well or badly together; without that it would be "
        f"{range_words(*review.independent)}."
    )


def money_sentence(review: Review) -> str:
    """Word what the money bought against its yardstick; blank where nothing can be compared."""
    if not review.paid:
        return ""
    came = review.engagements_paid
    each = money_each(review.fees / came if came else float("inf"))
    difference = review.at_yardstick - review.fees
    side = "less" if difference >= 0 else "more"
    return (
        f"{format_money(review.fees)} for {pluralize(f'{review.paid:,}', 'partnership')} bought "
        f"{came:,.0f} engagements, {each} each. As many cost "
        f"{format_money(review.at_yardstick)} at the benchmark or target of each: "
        f"{format_money(abs(difference))} {side} was paid."
    )


def verdict_sentence(review: Review) -> str:
    """Word how many verdicts were right, beside those of the simple rule."""
    right, judged = review.verdicts
    if not judged:
        return ""
    text = (
        f"{right:,} of {pluralize(f'{judged:,}', 'verdict')} that said whether a fee pays "
        f"{'was' if right == 1 else 'were'} right, {judged - right:,} wrong."
    )
    rule_right, both = review.rule_verdicts
    if both:
        text += (
            f" The average of the last 12 posts in place of the forecast would have been right in "
            f"{rule_right:,} of {both:,}."
        )
    return text


def nearer_sentence(review: Review) -> str:
    """Word whether the forecast or the simple rule told outcomes more nearly."""
    forecast, rule = review.nearer
    if not forecast + rule:
        return ""
    return (
        f"The middle of the forecast was nearer to what came in {forecast:,} partnerships, the "
        f"average of the last 12 posts in {rule:,}."
    )


def count_sentence(review: Review) -> str:
    """Word what became of all partnerships: the numbers add up."""
    parts = [f"{number:,} {STATUS_WORDS[name]}" for name, number in review.statuses.items()]
    text = f"{pluralize(f'{len(review.rows):,}', 'partnership')} = {' + '.join(parts)}."
    if review.after:
        text += (
            f" {pluralize(f'{review.after:,}', 'forecast')} of posts that were online already "
            f"{'is' if review.after == 1 else 'are'} no part of it."
        )
    return text


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


def _has(number: int) -> str:
    return "has" if number == 1 else "have"
