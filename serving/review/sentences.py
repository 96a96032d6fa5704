"""What is told of a whole campaign, in sentences."""

from features.number_text import (
    choose_verb,
    count_text,
    format_money,
    format_paid,
    round_amount,
)
from ledger.matched_forecasts import MATURED
from monitoring.review import ENOUGH, FEWEST, USUAL_SHARE, Review
from monitoring.review_rows import ABOVE, BELOW, WITHIN, ReviewRow
from serving.review.words import (
    MOST_ONE_IN,
    PLACES,
    STATUS_WORDS,
    money_each,
    range_words,
    unusual_words,
    yardstick_name,
)


def review_sentences(review: Review, hide_fees: bool = False) -> list[str]:
    """Return what is told of the whole campaign."""
    sentences = [lead_sentence(review), outside_sentence(review), total_sentence(review)]
    if not hide_fees:
        sentences += [money_sentence(review), verdict_sentence(review)]
    sentences += [nearer_sentence(review), count_sentence(review)]
    return [sentence for sentence in sentences if sentence]


def lead_sentence(review: Review) -> str:
    """Word in one sentence how many outcomes are known and where they lie."""
    known, every = review.statuses[MATURED], len(review.rows)
    verb = choose_verb(known, "has", "have")
    text = f"{known:,} of {count_text(every, 'partnership')} {verb} an outcome"
    if not known:
        return f"{text} yet."
    places = ", ".join(
        f"{review.outside[place]:,} {PLACES[place][1]}" for place in (ABOVE, WITHIN, BELOW)
    )
    return f"{text}: {places}."


def outside_sentence(review: Review) -> str:
    """Word whether so many outcomes outside of their ranges, and so far outside, are usual."""
    known = review.statuses[MATURED]
    if not known:
        return ""
    outside = review.outside[ABOVE] + review.outside[BELOW]
    low, high = review.usual_outside
    text = (
        f"Outside of {choose_verb(known, 'its range', 'their ranges')}: {outside:,} of "
        f"{count_text(known, 'outcome')}; {_usual_words(low, high)}."
    )
    if review.extreme:
        text += (
            f" So far outside as fewer than 1 in {MOST_ONE_IN} on that side: {review.extreme:,}; "
            f"{_usual_words(0, review.usual_extreme)}."
        )
    return f"{text} {_range_verdict(review, known, outside)}"


def _range_verdict(review: Review, known: int, outside: int) -> str:
    """Word what the outcomes say of the ranges."""
    low, high = review.usual_outside
    total = review.total
    changed = "or something changed that many creators share, such as the market"
    few = "This is too few to tell whether the ranges were right"
    if known < FEWEST:
        return f"{few}."
    if outside > high or review.extreme > review.usual_extreme:
        return f"That is more than chance explains well: the ranges were too narrow, {changed}."
    if outside < low:
        return "That is fewer than chance explains well: the ranges were too wide."
    if total is not None and total.one_in >= 2 / (1 - USUAL_SHARE):
        return (
            "Their number is usual, but all together they are not (see the sum): the forecasts "
            f"were off in one direction, {changed}."
        )
    if known < ENOUGH:
        return f"{few}: {ENOUGH} outcomes or more can tell."
    return "That is what right ranges give."


def _usual_words(low: int, high: int) -> str:
    """Word how many are usual.

    >>> _usual_words(0, 4), _usual_words(0, 1), _usual_words(0, 0)
    ('0 to 4 are usual', '0 or 1 is usual', '0 is usual')
    """
    if low == high:
        return f"{low:,} {choose_verb(max(low, 1), 'is', 'are')} usual"
    joined = "or" if high - low == 1 else "to"
    return f"{low:,} {joined} {high:,} {choose_verb(high, 'is', 'are')} usual"


def total_sentence(review: Review) -> str:
    """Word where the sum of the outcomes lies; blank where fewer than two are known."""
    total = review.total
    if total is None or review.independent is None:
        return ""
    unusual = unusual_words(total)
    expected = range_words(total.low, total.high)
    return (
        f"Together {count_text(total.engagements, 'engagement')} came: {PLACES[total.place][1]} of "
        f"{expected}{f', {unusual}' if unusual else ''}. The range counts that creators of a "
        f"platform and niche do well or badly together; without that it would be "
        f"{range_words(*review.independent)}."
    )


def money_sentence(review: Review) -> str:
    """Word what the money bought against its yardstick; blank where no fee is known."""
    if not review.paid:
        return ""
    came, currency = review.engagements_paid, review.currency
    each = money_each(review.fees / came if came else float("inf"), currency)
    text = (
        f"{format_paid(review.fees, currency)} for {count_text(review.paid, 'partnership')} bought "
        f"{count_text(came, 'engagement')}, {each} each.{_compared_words(review)}"
    )
    if len(review.currencies) > 1:
        text += (
            f" Fees were agreed in {' and '.join(review.currencies)}: all amounts are in "
            f"{currency}, at the rates of the forecasts."
        )
    return text


def _compared_words(review: Review) -> str:
    """Word what the engagements would have cost, and the difference to what was paid."""
    if not review.compared:
        return ""
    currency, would_cost = review.currency, round_amount(review.at_yardstick)
    names = {yardstick_name(row.forecast) for row in review.rows if _is_compared(row)}
    price = " or ".join(sorted(name.removeprefix("the ") for name in names))
    difference = would_cost - review.compared_fees
    side = "less" if difference >= 0 else "more"
    which, paid = "these engagements", "you paid"
    if review.compared < review.paid:
        which = f"those of {count_text(review.compared, 'partnership')} that can be compared"
        paid = f"you paid {format_paid(review.compared_fees, currency)},"
    return (
        f" At the {price} price {which} would have cost {format_money(would_cost, currency)}; "
        f"{paid} {format_paid(abs(difference), currency)} {side}."
    )


def _is_compared(row: ReviewRow) -> bool:
    return row.cost is not None and row.yardstick is not None


def verdict_sentence(review: Review) -> str:
    """Word how many verdicts were right, beside those of the simple rule."""
    right, judged = review.verdicts
    if not judged:
        return ""
    text = (
        f"Verdicts that said whether a fee pays: {right:,} of {judged:,} right, "
        f"{judged - right:,} wrong."
    )
    rule_right, both = review.rule_verdicts
    if both:
        text += (
            f" By the average of the last 12 posts in place of the forecast: {rule_right:,} of "
            f"{both:,} right."
        )
    return text


def nearer_sentence(review: Review) -> str:
    """Word whether the forecast or the simple rule told outcomes more nearly."""
    forecast, rule = review.nearer
    if not forecast + rule:
        return ""
    return (
        f"The middle of the forecast was nearer to what came in {forecast:,} of "
        f"{count_text(forecast + rule, 'partnership')}, the average of the last 12 posts in "
        f"{rule:,}."
    )


def count_sentence(review: Review) -> str:
    """Word what became of all partnerships: the numbers add up."""
    parts = [f"{number:,} {STATUS_WORDS[name]}" for name, number in review.statuses.items()]
    text = f"{count_text(len(review.rows), 'partnership')} = {' + '.join(parts)}."
    if review.after:
        text += (
            f" {count_text(review.after, 'forecast')} of posts that were online already "
            f"{choose_verb(review.after, 'is', 'are')} no part of it."
        )
    return text
