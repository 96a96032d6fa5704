"""The report of a campaign that is over: what was forecast, and what came."""

from collections.abc import Sequence

from features.number_text import count_text, format_paid
from monitoring.review import Review
from monitoring.review_rows import ReviewRow
from serving.report.content import (
    Chart,
    Entry,
    Figure,
    Interval,
    RangeChart,
    RangeRow,
    Report,
    Section,
    Table,
    Verdict,
)
from serving.report.model_sections import model_notices
from serving.report.words import (
    caution_texts,
    count_figure,
    definition_text,
    footer_text,
    range_text,
    shown_name,
)
from serving.review.rows import day_of
from serving.review.sentences import lead_sentence, review_sentences
from serving.review.words import (
    HOW_TO_READ,
    PLACES,
    STATUS_WORDS,
    booked_of,
    cost_sentence,
    money_each,
    name_of,
    outcome_sentence,
    partnership_of,
)
from serving.scoring.cost_benchmark import PLATFORM_NAMES

#: Partnerships that a report shows, and those that its picture does.
MAX_SHOWN, MAX_DRAWN = 200, 25
_CAPTION = (
    "Bar: where the outcome was expected in 8 of 10 cases; dot: the middle; upright line: what "
    "came."
)


def review_report(review: Review, hide_fees: bool = False) -> Report:
    """Return the report of a review; with `hide_fees` no amount of money is in it."""
    done = [row for row in review.rows if row.outcome is not None]
    others = [row for row in review.rows if row.outcome is None]
    trained_on = {str(row.forecast["trained_on"]) for row in review.rows}
    notices = [text for name in sorted(trained_on) for text in model_notices(name)]
    sections = [_together(review, done, hide_fees)]
    if done:
        shown = tuple(_entry(row, review.currency, hide_fees) for row in done[:MAX_SHOWN])
        more = len(done) - len(shown)
        closing = f"{more:,} more are in the table of the review." if more else ""
        sections.append(Section("Each partnership", entries=shown, closing=closing))
    if others:
        sections.append(_without_outcome(others))
    platforms = [str(row.forecast["platform"]) for row in review.rows]
    definition = f"What counts as engagements: {definition_text(platforms)}."
    sections.append(Section("How to read this", (*HOW_TO_READ, definition)))
    return Report(
        "What was forecast, and what came",
        shown_name(review.campaign),
        lead_sentence(review),
        tuple(_figures(review, hide_fees)),
        tuple(notices),
        tuple(sections),
        footer_text(hide_fees),
    )


def _figures(review: Review, hide_fees: bool) -> list[Figure]:
    figures = []
    if total := review.total:
        interval = Interval(total.low, total.middle, total.high)
        note = f"{range_text(interval)} was expected"
        figures.append(Figure("engagements came", f"{total.engagements:,.0f}", note))
    right, judged = review.verdicts
    if not hide_fees and review.paid:
        came = review.engagements_paid
        cost = money_each(review.fees / came if came else float("inf"), review.currency)
        note = f"{format_paid(review.fees, review.currency)} paid"
        figures.append(Figure("per engagement", cost, note))
    if not hide_fees and judged:
        figures.append(Figure("verdicts that were right", f"{right:,} of {judged:,}"))
    return figures


def _together(review: Review, done: Sequence[ReviewRow], hide_fees: bool) -> Section:
    charts: tuple[Chart, ...] = ()
    drawn = [_range_row(row) for row in done[:MAX_DRAWN]]
    if drawn:
        if total := review.total:
            interval = Interval(total.low, total.middle, total.high)
            drawn.insert(0, RangeRow("all together", interval, True, total.engagements))
        charts = (RangeChart("review", "Engagements", "engagements", tuple(drawn), _CAPTION),)
    return Section("All together", tuple(review_sentences(review, hide_fees)[1:]), charts)


def _range_row(row: ReviewRow) -> RangeRow:
    came = None if row.outcome is None else row.outcome.engagements
    return RangeRow(shown_name(name_of(row)), Interval(*row.range), now=came)


def _entry(row: ReviewRow, currency: str, hide_fees: bool) -> Entry:
    forecast, outcome = row.forecast, row.outcome
    assert outcome is not None
    interval = Interval(*row.range)
    facts = [
        shown_name(partnership_of(row)) if partnership_of(row) else "",
        PLATFORM_NAMES.get(str(forecast["platform"]), ""),
        booked_of(row),
        f"forecast of {day_of(forecast['made_at'])}",
        f"read {count_text(forecast['read_age_days'], 'day')} after posting",
    ]
    figures = [
        Figure("Came", f"{outcome.engagements:,.0f}"),
        count_figure("Forecast", interval),
    ]
    sentence = outcome_sentence(row)
    if not hide_fees:
        sentence = f"{sentence} {cost_sentence(row, currency)}".strip()
        if row.fee is not None and row.cost is not None:
            figures.append(Figure("Fee", format_paid(row.fee, currency)))
            figures.append(Figure("Cost per engagement", money_each(row.cost, currency)))
    note = str(forecast["note"])
    # what the forecast warned of about money was advice before the deal: nobody needs it now
    cautions = [
        f"Known at the forecast: {text[:1].lower()}{text[1:]}"
        for text in caution_texts(forecast["warnings"], hide_fees=True)
    ]
    return Entry(
        shown_name(name_of(row)),
        tuple(filter(None, facts)),
        sentence,
        tuple(figures),
        interval,
        outcome.engagements,
        # one tone for both directions: neither is praise or blame
        Verdict(*PLACES[outcome.place], "even"),
        (*([f"{note[:1].upper()}{note[1:]}."] if note else []), *cautions),
    )


def _without_outcome(rows: Sequence[ReviewRow]) -> Section:
    shown = tuple(
        (
            shown_name(name_of(row)),
            shown_name(partnership_of(row)) if partnership_of(row) else "",
            STATUS_WORDS[row.status],
            str(row.forecast["reason"]),
            range_text(Interval(*row.range)),
        )
        for row in rows[:MAX_SHOWN]
    )
    header = ("Creator", "Partnership", "Status", "Why", "Forecast")
    more = len(rows) - len(shown)
    closing = f"{more:,} more are in the table of the review." if more else ""
    return Section("Without an outcome", table=Table(header, shown, 4), closing=closing)
