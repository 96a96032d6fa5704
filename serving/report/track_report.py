"""The report of posts that are online: what they have, and what they will come to."""

from collections.abc import Iterator, Sequence

from features.number_text import format_money, format_number
from features.tables.vocabulary import PLATFORM_NAMES
from models.model_record import ModelRecord
from serving.report.content import (
    Chart,
    Entry,
    Figure,
    Interval,
    RangeChart,
    RangeRow,
    Report,
    Section,
)
from serving.report.model_sections import (
    limits_section,
    model_notices,
    record_section,
    without_shared_cautions,
)
from serving.report.unused_rows import UnusedRow, unused_section
from serving.report.words import (
    caution_texts,
    count_figure,
    counted,
    definition_text,
    footer_text,
    interval_of,
    moment_day,
    probability_text,
    shown_name,
    without_digits,
)
from serving.scoring.prospect_batch import moment_text
from serving.track.answers import PartnershipAnswer, TotalMeasure
from serving.track.sentences import interval_text, is_all_over, told_measure

#: Partnerships that a report shows, and those that its picture does.
MAX_SHOWN, MAX_DRAWN = 200, 25
_NO_MODEL = (
    "No model made these forecasts: posts grow by published curves, and from the forecasts that "
    "the list gives."
)


def track_report(
    answers: Sequence[PartnershipAnswer],
    record: ModelRecord | None,
    rejected: int = 0,
    hide_fees: bool = False,
    unused: Sequence[UnusedRow] = (),
) -> Report:
    """Return the report of tracked partnerships, in their order.

    `record`: of the model, None where none made the answers; `rejected`: rows of the list that
    could not be used, `unused` the first of them; with `hide_fees` no amount of money is in it.
    """
    entries = tuple(_entry(answer, hide_fees) for answer in answers[:MAX_SHOWN])
    definition = definition_text(answer.platform for answer in answers)
    record_sections: tuple[Section, ...] = ()
    limits = ModelRecord(None, (), (), (_NO_MODEL,), ())
    if record is not None:
        limits, record_sections = record, (record_section(record),)
    as_of = moment_day(moment_text(answers[0].model.as_of)) if answers else ""
    return Report(
        "How the campaign is doing",
        f"Readings until {as_of}" if as_of else "",
        _lead(answers),
        tuple(_head_figures(answers, rejected)),
        model_notices(limits.trained_on),
        (
            _list_section(answers, without_shared_cautions(entries), rejected),
            *unused_section(unused, rejected, hide_fees),
            *record_sections,
            limits_section(limits, entries, definition=definition),
        ),
        footer_text(hide_fees),
    )


def _lead(answers: Sequence[PartnershipAnswer]) -> str:
    if not answers:
        return "No partnership of the list has a post that could be read."
    read = sum(answer.read for answer in answers)
    deliverables = sum(answer.deliverables for answer in answers)
    online = counted(deliverables, "deliverable")
    are = "is" if read == 1 else "are"
    return f"{read:,} of {online} in {counted(len(answers), 'partnership')} {are} online and read."


def _head_figures(answers: Sequence[PartnershipAnswer], rejected: int) -> Iterator[Figure]:
    counts = [answer.totals["engagements"].count for answer in answers]
    known = [count for count in counts if count is not None]
    if known:
        note = "" if len(known) == len(counts) else f"of {counted(len(known), 'partnership')}"
        yield Figure("engagements so far", f"{sum(known):,.0f}", note)
    yield Figure("partnerships", f"{len(answers):,}")
    goals = [answer.probability_goal for answer in answers if answer.probability_goal is not None]
    if goals:
        likely = sum(chance >= 0.5 for chance in goals)
        yield Figure("likely to reach their goal", f"{likely:,}", f"of {len(goals):,} with a goal")
    if rejected:
        yield Figure("rows that could not be used", f"{rejected:,}")


def _list_section(
    answers: Sequence[PartnershipAnswer], entries: tuple[Entry, ...], rejected: int
) -> Section:
    charts: tuple[Chart, ...] = tuple(
        chart
        for unit in ("engagements", "views")
        if (chart := _chart(answers[:MAX_SHOWN], entries, unit)) is not None
    )
    closing = []
    if more := len(answers) - len(entries):
        are = "is" if more == 1 else "are"
        closing.append(f"{counted(more, 'more partnership')} {are} in the full list.")
    if rejected:
        closing.append(f"{counted(rejected, 'row')} of the list could not be used.")
    return Section("Each partnership", (), charts, entries, closing=" ".join(closing))


def _chart(
    answers: Sequence[PartnershipAnswer], entries: tuple[Entry, ...], unit: str
) -> RangeChart | None:
    """Return the picture of the partnerships that are told by `unit`; None where none are."""
    rows = [
        RangeRow(
            entry.name,
            entry.interval,
            now=entry.now,
            before=interval_of(answer.totals[unit].forecast),
        )
        for answer, entry in zip(answers, entries, strict=True)
        if entry.interval is not None and told_measure(answer) == unit
    ][:MAX_DRAWN]
    if not rows:
        return None
    caption = (
        "Upright line: the count so far; bar: what it will come to in 8 of 10 cases; dot: the "
        "middle; thin line below: what was forecast before."
    )
    return RangeChart(f"{unit}online", f"{unit.capitalize()}", unit, tuple(rows), caption)


def _entry(answer: PartnershipAnswer, hide_fees: bool) -> Entry:
    total = answer.totals[told_measure(answer)]
    facts = [PLATFORM_NAMES.get(answer.platform, answer.platform)]
    facts.append(f"{answer.read} of {counted(answer.deliverables, 'deliverable')} online and read")
    if answer.creator_id is not None:
        facts.insert(0, shown_name(answer.creator_id))
    return Entry(
        shown_name(answer.partnership_id, answer.creator_id),
        tuple(facts),
        answer.sentence,
        tuple(_figures(answer, total, hide_fees)),
        _interval(total),
        total.count,
        cautions=caution_texts(answer.warnings, hide_fees),
        items=_post_items(answer, hide_fees),
    )


def _post_items(answer: PartnershipAnswer, hide_fees: bool) -> tuple[str, ...]:
    """Return a line for each post; of a single one the sentence of the partnership tells it."""
    if answer.deliverables == 1 and len(answer.posts) == 1:
        return ()
    items = []
    for post in answer.posts:
        cautions = caution_texts(post.warnings, hide_fees)
        note = f" ({'; '.join(cautions)})" if cautions else ""
        faulty = post.fault is not None and hide_fees and not without_digits([post.fault])
        sentence = "The post could not be read." if faulty else post.sentence
        items.append(f"{shown_name(post.post_id)}: {sentence}{note}")
    return tuple(items)


def _figures(answer: PartnershipAnswer, total: TotalMeasure, hide_fees: bool) -> Iterator[Figure]:
    name = told_measure(answer).capitalize()
    day = format_number(answer.horizon_days)
    if total.count is not None:
        yield Figure(f"{name} so far", f"{total.count:,.0f}", _reached(total))
    if total.horizon is not None:
        label = f"By day {day}"
        if is_all_over(answer):
            yield Figure(label, f"{total.horizon['p50']:,.0f}", "the outcome")
        else:
            count = total.count or 0
            low, high = interval_text(total.horizon, count)
            middle, _ = interval_text({"p10": total.horizon["p50"], "p90": 0.0}, count)
            middle_label = f"{label}, middle of the range"
            yield Figure(middle_label, f"about {middle}", f"{low} to {high}")
    if before := interval_of(total.forecast):
        yield count_figure("Forecast before", before)
    if answer.probability_goal is not None and answer.goal_engagements is not None:
        goal = f"of {answer.goal_engagements:,.0f}"
        yield Figure("Reaches the goal", probability_text(answer.probability_goal), goal)
    if answer.probability_make_good is not None and answer.make_good_engagements is not None:
        line = f"of {answer.make_good_engagements:,.0f}"
        chance = probability_text(answer.probability_make_good)
        yield Figure("Below the make-good line", chance, line)
    if not hide_fees:
        yield from _money_figures(answer)


def _money_figures(answer: PartnershipAnswer) -> Iterator[Figure]:
    fee, costs, currency = answer.told_fee
    if fee is not None:
        yield Figure("Fee", format_money(fee, currency))
    cost = None if costs is None else costs.get("p50")
    if cost is not None:
        yield Figure("Cost per engagement", format_money(cost, currency))


def _reached(total: TotalMeasure) -> str:
    if total.share_reached is None:
        return ""
    return f"{100 * total.share_reached:.0f} % of what is expected"


def _interval(total: TotalMeasure) -> Interval | None:
    return interval_of(total.horizon)
