"""The words of reports: verdicts, creators, ranges, and texts without amounts of money."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from features.number_text import format_estimates, pluralize
from features.tables.vocabulary import ENGAGEMENT_DEFINITION, PLATFORM_NAMES, UNKNOWN
from serving.report.content import Figure, Interval, Verdict
from serving.scoring.booked_words import booked_words
from serving.scoring.verdict import VERDICT_WORDS, percent_decimals
from serving.scoring.warning_flags import STARTER_MODEL
from serving.scoring.warning_texts import NOT_USED, TRACK_WARNING_TEXTS, warning_text

#: Verdict of an answer -> its words and its tone.
VERDICTS = {
    name: Verdict(*VERDICT_WORDS[name], tone)
    for name, tone in zip(VERDICT_WORDS, ("good", "fair", "even", "poor", "bad"), strict=True)
}
_WORDS_WITHOUT_FEES = {
    "worth_it": "Recommended",
    "probably_worth_it": "Probably recommended",
    "even": "Neither for nor against",
    "probably_overpriced": "Rather not",
    "overpriced": "Not recommended",
}
#: The same for readers who do not see fees.
VERDICTS_WITHOUT_FEES = {
    name: replace(verdict, text=_WORDS_WITHOUT_FEES[name]) for name, verdict in VERDICTS.items()
}
EVIDENCE_TEXTS = {
    "history": "from past posts",
    "summary": "from averages",
    "profile": "from the profile alone",
}
#: Warnings that are about money, by parts of their names.
_MONEY_WARNINGS = re.compile("fee|benchmark|market|cost|rate_card|emv|currency|price|budget")
#: Warnings that the client reads in other words: what only the user of the program can do is not
#: in them.
_CLIENT_TEXTS = {
    "benchmark_from_rate_card": (
        "Too few such deals are known: the cost is compared with a rate card."
    ),
    "model_old": "The data of the model ends more than 180 days ago.",
}
#: Characters that no page shows, lone halves of surrogate pairs among them.
_NOT_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
#: The head of a column of medians.
MIDDLE_ENGAGEMENTS = "Engagements (middle of the range)"
#: Longest name that a report shows, in characters.
MAX_NAME = 80


def shown_name(*candidates: Any) -> str:
    """Return the first name that there is, without characters that cannot be shown, cut where it
    is very long.

    >>> shown_name(None, "", "Anna"), len(shown_name("x" * 500))
    ('Anna', 80)
    """
    for name in candidates:
        text = "" if name is None else _NOT_SHOWN.sub(" ", str(name)).strip()
        if text:
            return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME - 1]}…"
    return "no name"


def estimate_text(value: float) -> str:
    """Word a count that is estimated, with two digits."""
    if 0 < value < 0.5:
        return "under 1"
    return format_estimates(np.array([value]))[0]


def range_text(interval: Interval) -> str:
    """Word a range.

    >>> range_text(Interval(1234.0, 3000.0, 9876.0))
    '1,200 to 9,900'
    """
    return f"{estimate_text(interval.low)} to {estimate_text(interval.high)}"


def interval_of(quantiles: Mapping[str, Any] | None) -> Interval | None:
    """Return the interval of p10, p50 and p90; None where one is unknown."""
    if quantiles is None:
        return None
    values = [quantiles.get(name) for name in ("p10", "p50", "p90")]
    if any(value is None or value != value for value in values):
        return None
    return Interval(*map(float, values))  # type: ignore[arg-type]


def count_figure(label: str, interval: Interval) -> Figure:
    """Return a figure of an estimated count with its range: its middle, which is named so, as an
    average would be another figure.

    >>> count_figure("Views", Interval(1234.0, 3000.0, 9876.0))
    Figure(label='Views, middle of the range', value='about 3,000', note='1,200 to 9,900')
    """
    middle = estimate_text(interval.middle)
    value = middle if middle == "under 1" else f"about {middle}"
    return Figure(f"{label}, middle of the range", value, range_text(interval))


def engagement_sentence(interval: Interval, row: Mapping[str, Any]) -> str:
    """Word the forecast of a row without any amount of money: of what is booked, by the day and on
    the condition that the row names.

    >>> engagement_sentence(Interval(1234.0, 3000.0, 9876.0), {"deliverables": 2})
    'About 3,000 engagements for 2 posts; in 8 of 10 cases 1,200 to 9,900.'
    >>> engagement_sentence(Interval(0.1, 0.2, 5.0), {"horizon_days": 7, "completion_rate": 0.8})
    'Under 1 engagement by day 7 if all is published; in 8 of 10 cases under 1 to 5.'
    """
    middle = estimate_text(interval.middle)
    text = "Under 1 engagement" if middle == "under 1" else f"About {_engagements(middle)}"
    if booked := booked_text(row):
        text += f" for {booked}"
    if is_known(row.get("horizon_days")):
        text += f" by day {row['horizon_days']:g}"
    if is_known(row.get("completion_rate")) and row["completion_rate"] < 1:
        text += " if all is published"
    return f"{text}; in 8 of 10 cases {range_text(interval)}."


def _engagements(count: str) -> str:
    return pluralize(count, "engagement")


def creator_facts(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return platform, band, niche, what is booked, and what the forecast rests on, as far as a
    row has them.
    """
    platform = row.get("platform")
    band = row.get("band")
    facts = [
        PLATFORM_NAMES.get(platform, platform) if platform else None,
        None if band in (None, UNKNOWN) else str(band).replace("_", " "),
        None if row.get("niche") == UNKNOWN else row.get("niche"),
        booked_text(row),
        EVIDENCE_TEXTS.get(row.get("evidence") or ""),
    ]
    return tuple(shown_name(fact) for fact in facts if fact)


def booked_text(row: Mapping[str, Any]) -> str | None:
    """Word what is booked of a row.

    >>> booked_text({"package": None, "format": "story", "deliverables": 3.0})
    '3 stories'
    """
    return booked_words(
        row.get("platform"), row.get("format"), row.get("package"), row.get("deliverables")
    )


def caution_texts(warnings: Iterable[str] | None, hide_fees: bool) -> tuple[str, ...]:
    """Return warnings in words.

    Those about money are left out where fees are hidden; always that of the starter model, which a
    report has at its head, and those of columns that no forecast uses, which the answers name.
    """
    shown = [
        name
        for name in warnings or ()
        if name != STARTER_MODEL
        and (name in TRACK_WARNING_TEXTS or not name.endswith(NOT_USED))
        and not (hide_fees and _MONEY_WARNINGS.search(name))
    ]
    return tuple(_CLIENT_TEXTS.get(name) or warning_text(name) for name in shown)


def without_digits(texts: Iterable[str]) -> list[str]:
    """Return the texts without any digit: no amount of money can stand in them."""
    return [text for text in texts if not re.search(r"\d", text)]


def probability_text(value: float, decimals: int = 0) -> str:
    """Word a probability; never as certain or impossible, which no forecast is.

    >>> probability_text(0.597), probability_text(1.0)
    ('60 %', 'over 99 %')
    """
    if value < 0.005:
        return "under 1 %"
    return "over 99 %" if value >= 0.995 else f"{100 * value:.{decimals}f} %"


def verdict_chance_text(value: float) -> str:
    """Word a probability that a verdict is made of: never rounded to where another one begins.

    >>> verdict_chance_text(0.597), verdict_chance_text(0.61)
    ('59.7 %', '61 %')
    """
    return probability_text(value, percent_decimals(value))


def definition_text(platforms: Iterable[str | None]) -> str:
    """Word what counts as engagements on each of the platforms.

    >>> definition_text(["tiktok", "x", "tiktok", None])
    'on TikTok likes + comments + shares; on X likes + replies + reposts'
    """
    known = [name for name in dict.fromkeys(platforms) if name in ENGAGEMENT_DEFINITION]
    return "; ".join(
        f"on {PLATFORM_NAMES[name]} {ENGAGEMENT_DEFINITION[name]}" for name in known if name
    )


def footer_text(hide_fees: bool) -> str:
    """Return what stands at the foot of a report."""
    return "Amounts of money are not part of this copy." if hide_fees else ""


def moment_day(moment: Any) -> str:
    """Return the day of a moment, in ISO form."""
    return str(moment)[:10]


def counted(count: int, noun: str) -> str:
    """Return a count and its noun.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return pluralize(f"{count:,}", noun)


def is_known(value: Any) -> bool:
    """Return whether a figure is neither None nor NaN."""
    return value is not None and value == value


def listed(names: Sequence[str]) -> str:
    """Return names as a list in words.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
