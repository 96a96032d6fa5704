"""The parts of every report that are about the model: how good such forecasts were, and what is not
known.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from models.model_record import PUBLISHED_FIGURES, SIMULATED, ModelRecord
from serving.report.content import Chart, CoverageChart, Entry, Section

_COVERAGE_CAPTION = (
    "Dot: the share of later posts inside of the range of 80 %; square: inside of that of 90 %. "
    "Each should lie at the dashed line of its colour. Bars: 95 % intervals, wide because each "
    "creator counts once."
)
#: What a report must say at its head, by what the model was trained on.
_NOTICES = {
    SIMULATED: (
        "This is a demonstration: the model was trained on a simulated market, and nothing about "
        "real creators follows."
    ),
    PUBLISHED_FIGURES: (
        "These forecasts are by the starter model: they rest on published figures of the market, "
        "and not on past campaigns."
    ),
}
HOW_TO_READ = (
    "The forecast of a creator is a range: in 8 of 10 cases the outcome should lie inside of it, "
    "in 1 of 10 below and in 1 of 10 above. The dot is the middle: half of the outcomes should lie "
    "below it. An average may lie well above the middle: some posts go far beyond all others."
)
#: Entries from which on a caution that all of them have is told once, and not of each.
MIN_SHARED = 2


def model_notices(trained_on: str | None) -> tuple[str, ...]:
    """Return what a report by such a model says at its head."""
    return (_NOTICES[trained_on],) if trained_on in _NOTICES else ()


def record_section(record: ModelRecord) -> Section:
    """Return how good the model's forecasts were, with the picture of it where there is a test."""
    charts: tuple[Chart, ...] = ()
    if record.coverage:
        title = "How often the ranges held"
        charts = (CoverageChart("coverage", title, record.coverage, _COVERAGE_CAPTION),)
    return Section("How good such forecasts were", record.about, charts, items=record.tests)


def limits_section(
    record: ModelRecord, entries: Iterable[Entry], more: Iterable[str] = (), definition: str = ""
) -> Section:
    """Return what is not known: `more`, the limits of the model, and the cautions of the entries
    with how many have them. `definition`: what counts as engagements.
    """
    all_cautions = [entry.cautions for entry in entries]
    cautions = Counter(text for texts in all_cautions for text in texts)
    items = [_shared_caution(text, n, len(all_cautions)) for text, n in cautions.most_common()]
    paragraphs = [HOW_TO_READ]
    if definition:
        paragraphs.append(f"What counts as engagements: {definition}.")
    return Section(
        "How to read this, and what is not known",
        tuple(paragraphs),
        items=(*more, *record.limits, *items),
    )


def _shared_caution(text: str, number: int, forecasts: int) -> str:
    """Word how many of the forecasts have a caution."""
    if number == forecasts:
        return text if forecasts == 1 else f"All {forecasts:,} forecasts above: {text}"
    return f"{number:,} of the {forecasts:,} forecasts above: {text}"


def without_shared_cautions(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries with those of their cautions that not all of them have: what all have is
    told once, by `limits_section`.
    """
    if len(entries) < MIN_SHARED:
        return tuple(entries)
    shared = set.intersection(*(set(entry.cautions) for entry in entries))
    return tuple(
        replace(entry, cautions=tuple(text for text in entry.cautions if text not in shared))
        for entry in entries
    )
