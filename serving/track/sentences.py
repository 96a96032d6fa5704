"""The answers in words, for a campaign manager."""

from collections.abc import Mapping

from features.number_text import format_number, pluralize
from serving.track.answers import PartnershipAnswer, PostMeasure

_SINGULAR = {"engagements": "engagement", "views": "view"}


def post_sentence(
    measures: Mapping[str, PostMeasure], horizon_days: float, fault: str | None = None
) -> str:
    """Return what a post has, will have, and how that compares with the forecast made before: of
    its engagements, else of its views.
    """
    if fault is not None or not measures:
        return f"The post {fault}."
    name = "engagements" if "engagements" in measures else "views"
    told = measures[name]
    if told.age_days >= horizon_days:
        return _over(told, name, horizon_days)
    low, high = interval_text(told.horizon, told.count)
    now = _counted(told.count, name)
    by = f"by day {format_number(horizon_days)}"
    return f"After {age_text(told.age_days)} {now}; {low} to {high} {by} (80 %){_pace(told.pace)}."


def partnership_sentence(answer: PartnershipAnswer) -> str:
    """Return what the whole partnership has and will have, with goal and make-good line."""
    name = told_measure(answer)
    total = answer.totals[name]
    by_forecast = _engagements_by_forecast(answer)
    if answer.deliverables == 1:
        post = answer.posts[0].sentence.removesuffix(".")
        return f"{post}{by_forecast}{_goal(answer)}{_make_good(answer)}."
    start = _online(answer)
    if total.count is not None:
        start += f", with {_counted(total.count, name)}"
    if by_forecast:
        return f"{start}{by_forecast}{_goal(answer)}{_make_good(answer)}."
    if total.horizon is None:
        return f"{start}; no total is forecast: {total.reason}."
    low, high = interval_text(total.horizon, total.count or 0)
    day = format_number(answer.horizon_days)
    if is_all_over(answer):
        text = f"{start}; together {_counted(total.horizon['p50'], name)} at day {day}"
    else:
        text = f"{start}; together {low} to {high} by day {day} of each (80 %)"
    return f"{text}{_goal(answer)}{_make_good(answer)}."


def is_all_over(answer: PartnershipAnswer) -> bool:
    """Return whether the outcome of every deliverable is known."""
    return answer.read == answer.deliverables and all(post.is_over for post in answer.posts)


def told_measure(answer: PartnershipAnswer) -> str:
    """Return the measure that is told of a partnership: views where they alone were read."""
    counts = {name: total.count for name, total in answer.totals.items()}
    views_alone = counts["engagements"] is None and counts["views"] is not None
    return "views" if views_alone else "engagements"


def _online(answer: PartnershipAnswer) -> str:
    """Word how many deliverables are online and were read, and of how many."""
    are = "is" if answer.read == 1 else "are"
    if answer.booked is None or answer.published <= answer.booked:
        online = f"{answer.read} of {pluralize(str(answer.deliverables), 'deliverable')}"
        return f"{online} {are} online and read"
    was = "was" if answer.booked == 1 else "were"
    online = f"{answer.published} deliverables are online, {answer.booked} {was} booked"
    return online if answer.read == answer.published else f"{online}, {answer.read} {are} read"


def _engagements_by_forecast(answer: PartnershipAnswer) -> str:
    """Word the total where engagements were read of no post: that of the forecast."""
    total = answer.totals["engagements"]
    if total.count is not None or total.horizon is None:
        return ""
    low, high = interval_text(total.horizon, 0.0)
    day = format_number(answer.horizon_days)
    return f"; by the forecast made before {low} to {high} engagements by day {day} (80 %)"


def _over(told: PostMeasure, name: str, horizon_days: float) -> str:
    """Word a post that was read at its horizon or later: its count is its outcome."""
    day, outcome = format_number(horizon_days), told.horizon["p50"]
    if round(outcome) == round(told.count):
        return f"Its outcome at day {day}: {_counted(outcome, name)}."
    read = _counted(told.count, name)
    return (
        f"Its outcome at day {day}: about {_counted(outcome, name)}, brought back from {read} "
        f"read after {age_text(told.age_days)}."
    )


def _pace(pace: float | None) -> str:
    """Word the share of the forecasts that the present count exceeds."""
    if pace is None:
        return ""
    word, share = ("ahead of", pace) if pace >= 0.5 else ("behind", 1 - pace)
    tenths = round(10 * share)
    if tenths == 5:
        return "; in the middle of its forecast"
    amount = "more than 9" if tenths > 9 else str(tenths)
    return f"; {word} {amount} in 10 outcomes of its forecast"


def _goal(answer: PartnershipAnswer) -> str:
    if answer.probability_goal is None or answer.goal_engagements is None:
        return ""
    goal = f"{answer.goal_engagements:,.0f}"
    return f"; reaches the goal of {goal} with probability {_probability(answer.probability_goal)}"


def _make_good(answer: PartnershipAnswer) -> str:
    if answer.probability_make_good is None or answer.make_good_engagements is None:
        return ""
    line = f"{answer.make_good_engagements:,.0f}"
    probability = _probability(answer.probability_make_good)
    return f"; stays below the make-good line of {line} with probability {probability}"


def outcome_text(quantiles: Mapping[str, float], count: float, is_over: bool) -> str:
    """Word what a count will be: p10 and p90, or its outcome where it is over."""
    if is_over:
        return f"{quantiles['p50']:,.0f}"
    low, high = interval_text(quantiles, count)
    return f"{low} - {high}"


def interval_text(quantiles: Mapping[str, float], count: float) -> tuple[str, str]:
    """Word p10 and p90; rounding takes neither below the present count, unless it lies there."""
    low, high = (
        max(_rounded(value), min(value, count)) for value in (quantiles["p10"], quantiles["p90"])
    )
    return f"{low:,.0f}", f"{high:,.0f}"


def _counted(count: float, name: str) -> str:
    text = f"{count:,.0f}"
    return f"{text} {_SINGULAR[name] if text == '1' else name}"


def age_text(days: float) -> str:
    """Word an age: in hours up to two days, then in days."""
    if days < 2:
        return pluralize(f"{24 * days:.0f}", "hour")
    return pluralize(f"{days:.1f}".removesuffix(".0"), "day")


def _rounded(value: float) -> float:
    """Round to three significant digits, and to a whole number."""
    return float(f"{value:.3g}") if value >= 100 else float(round(value))


def _probability(value: float) -> str:
    """Word a probability; never as certain or impossible, which no forecast is."""
    if value < 0.005:
        return "under 0.01"
    return "over 0.99" if value >= 0.995 else f"{value:.2f}"
