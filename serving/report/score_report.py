"""The report of a scored list: who is recommended, best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.number_text import format_money
from features.tables.currency import USD
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
    Table,
    Verdict,
)
from serving.report.model_sections import (
    limits_section,
    model_notices,
    record_section,
    without_shared_cautions,
)
from serving.report.unused_rows import UnusedRow, unused_section
from serving.report.words import (
    MIDDLE_ENGAGEMENTS,
    VERDICTS,
    VERDICTS_WITHOUT_FEES,
    caution_texts,
    count_figure,
    counted,
    creator_facts,
    definition_text,
    engagement_sentence,
    estimate_text,
    footer_text,
    interval_of,
    is_known,
    moment_day,
    probability_text,
    range_text,
    shown_name,
    verdict_chance_text,
)
from serving.scoring.answer_table import ANSWER_COLUMNS
from serving.scoring.measures import RANKING_MEASURES

#: Partnerships that a report names, and the first of them, which it shows at length.
MAX_SHOWN, MAX_LONG = 200, 25
#: Columns of answers that a report is made of.
REPORT_COLUMNS = tuple(
    name
    for name in ANSWER_COLUMNS
    if name
    in {
        *("partnership_id", "creator_id", "platform", "band", "niche", "evidence", "as_of"),
        *("deliverables", "package", "engagements_p10", "engagements_p50", "engagements_p90"),
        *("views_p10", "views_p50", "views_p90", "goal_engagements", "probability_goal"),
        *("fee_usd", "fee", "currency", "cpe_usd_p50", "cpe_p50", "break_even_fee_usd"),
        *("break_even_fee", "market_fee_usd_low", "market_fee_low", "market_fee_usd_high"),
        *("market_fee_high", "market_fee_usd_typical", "market_fee_typical"),
        *("probability_benchmark", "probability_target", "verdict", "sentence", "warnings"),
        *("horizon_days", "completion_rate"),
    }
)


@dataclass(frozen=True)
class ScoredList:
    """What became of a list.

    `best`: its best answers, best first by `measure`, MAX_SHOWN at most: of each the REPORT_COLUMNS
    with None where unknown, and `name` where the list has one; read = scored + rejected;
    `verdicts`: how many answers have each; `written`: how many are in `answers_file`;
    `answers_file`, `rejected_file`: names of the files, None where there is none; `unused`: the
    first of the rejected rows.
    """

    best: Sequence[Mapping[str, Any]]
    measure: str
    scored: int
    rejected: int
    written: int
    verdicts: Mapping[str, int]
    as_of: str
    answers_file: str | None = None
    rejected_file: str | None = None
    unused: Sequence[UnusedRow] = ()


def score_report(scored: ScoredList, record: ModelRecord, hide_fees: bool = False) -> Report:
    """Return the report of a scored list; with `hide_fees` no amount of money is in it."""
    entries = tuple(_entry(row, hide_fees) for row in scored.best[:MAX_LONG])
    others = scored.best[MAX_LONG:MAX_SHOWN]
    definition = definition_text(row.get("platform") for row in scored.best)
    return Report(
        "Which creators to sign",
        f"Forecasts of {moment_day(scored.as_of)}",
        _lead(scored, hide_fees),
        _head_figures(scored, hide_fees),
        model_notices(record.trained_on),
        (
            _list_section(scored, without_shared_cautions(entries), others, hide_fees),
            *unused_section(scored.unused, scored.rejected, hide_fees),
            record_section(record),
            limits_section(record, entries, definition=definition),
        ),
        footer_text(hide_fees),
    )


def _lead(scored: ScoredList, hide_fees: bool) -> str:
    total = counted(scored.scored, "partnership")
    if not scored.scored:
        return "No partnership of the list could be scored."
    verdicts = {name: scored.verdicts.get(name, 0) for name in VERDICTS}
    if not any(verdicts.values()):
        return f"{total} of the list, best first; whether a fee is worth it could not be judged."
    good, fair = verdicts["worth_it"], verdicts["probably_worth_it"]
    what = "recommended" if hide_fees else "worth the fee"
    if not good and not fair:
        return f"None of {total} is {what} by these forecasts."
    are = "is" if good == 1 else "are"
    return f"Of {total}, {good:,} {are} {what} by these forecasts, and {fair:,} more probably."


def _head_figures(scored: ScoredList, hide_fees: bool) -> tuple[Figure, ...]:
    noun = "partnership" if scored.scored == 1 else "partnerships"
    figures = [Figure(f"{noun} scored", f"{scored.scored:,}")]
    words = _verdicts(hide_fees)
    for name in ("worth_it", "probably_worth_it"):
        if any(scored.verdicts.values()):
            figures.append(Figure(words[name].text.lower(), f"{scored.verdicts.get(name, 0):,}"))
    if scored.rejected:
        noun = "row" if scored.rejected == 1 else "rows"
        figures.append(Figure(f"{noun} that could not be scored", f"{scored.rejected:,}"))
    return tuple(figures)


def _list_section(
    scored: ScoredList,
    entries: tuple[Entry, ...],
    others: Sequence[Mapping[str, Any]],
    hide_fees: bool,
) -> Section:
    drawn = [
        RangeRow(entry.name, entry.interval) for entry in entries if entry.interval is not None
    ]
    charts: tuple[Chart, ...] = ()
    if drawn:
        which = f" The first {len(drawn)} of the list." if len(drawn) < scored.scored else ""
        caption = f"Bars: in 8 of 10 cases; dots: the middle.{which}"
        title = "Engagements: range and middle"
        charts = (RangeChart("ranges", title, "engagements", tuple(drawn), caption),)
    meaning = RANKING_MEASURES[scored.measure].meaning
    order = (f"Best first by: {meaning}.",) if entries and not hide_fees else ()
    return Section(
        "The list, best first",
        order,
        charts,
        entries,
        table=_table(others, hide_fees) if others else None,
        closing=_closing(scored, len(entries) + len(others), hide_fees),
    )


def _table(rows: Sequence[Mapping[str, Any]], hide_fees: bool) -> Table:
    """Return the partnerships behind the first ones, a line each."""
    header = ("", "Creator", "Verdict", MIDDLE_ENGAGEMENTS, "in 8 of 10 cases")
    costs = () if hide_fees else ("Fee", "Cost per engagement")
    lines = []
    for rank, row in enumerate(rows, MAX_LONG + 1):
        interval, verdict = _interval(row, "engagements"), row.get("verdict")
        line = [
            f"{rank}",
            _name(row),
            _verdicts(hide_fees)[verdict].text if verdict else "",
            "" if interval is None else estimate_text(interval.middle),
            "" if interval is None else range_text(interval),
        ]
        if not hide_fees:
            line += [_money(row, "fee") or "", _money(row, "cpe", "_p50") or ""]
        lines.append(tuple(line))
    return Table((*header, *costs), tuple(lines), texts=3)


def _name(row: Mapping[str, Any]) -> str:
    return shown_name(row.get("name"), row.get("creator_id"), row.get("partnership_id"))


def _closing(scored: ScoredList, shown: int, hide_fees: bool) -> str:
    """Word what of the list is not shown, so that all rows are accounted for."""
    texts = []
    if more := scored.written - shown:
        place = "the full list" if hide_fees else scored.answers_file or "the full list"
        texts.append(f"{counted(more, 'more partnership')} {_are(more)} in {place}.")
    if rest := scored.scored - scored.written:
        were = "was" if rest == 1 else "were"
        texts.append(
            f"{counted(rest, 'more partnership')} {were} scored and {_are(rest)} not listed."
        )
    if scored.rejected:
        place = "" if hide_fees else scored.rejected_file or ""
        reason = f"; the reasons are in {place}" if place else ""
        texts.append(f"{counted(scored.rejected, 'row')} could not be scored{reason}.")
    return " ".join(texts)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _entry(row: Mapping[str, Any], hide_fees: bool) -> Entry:
    interval = _interval(row, "engagements")
    verdict = row.get("verdict")
    return Entry(
        _name(row),
        creator_facts(row),
        _sentence(row, interval, hide_fees),
        tuple(_figures(row, interval, hide_fees)),
        interval,
        verdict=_verdicts(hide_fees)[verdict] if verdict else None,
        cautions=caution_texts(row.get("warnings"), hide_fees),
    )


def _verdicts(hide_fees: bool) -> dict[str, Verdict]:
    return VERDICTS_WITHOUT_FEES if hide_fees else VERDICTS


def _sentence(row: Mapping[str, Any], interval: Interval | None, hide_fees: bool) -> str:
    if not hide_fees and row.get("sentence"):
        return str(row["sentence"])
    if interval is None:
        return "There is no forecast of its engagements."
    return engagement_sentence(interval, row)


def _figures(row: Mapping[str, Any], interval: Interval | None, hide_fees: bool) -> list[Figure]:
    figures = []
    if interval is not None:
        figures.append(count_figure("Engagements", interval))
    if views := _interval(row, "views"):
        figures.append(count_figure("Views", views))
    if is_known(row.get("probability_goal")):
        goal = f"{row['goal_engagements']:,.0f}"
        chance = probability_text(row["probability_goal"])
        figures.append(Figure("Reaches its goal", chance, f"of {goal} engagements"))
    return figures if hide_fees else [*figures, *_money_figures(row)]


def _money_figures(row: Mapping[str, Any]) -> list[Figure]:
    """Return the figures about money, in the currency of the fee."""
    figures = []
    if fee := _money(row, "fee"):
        figures.append(Figure("Fee", fee))
    if cost := _money(row, "cpe", "_p50"):
        figures.append(Figure("Cost per engagement", cost))
    if highest := _money(row, "break_even_fee"):
        figures.append(Figure("Highest fee that pays", highest))
    if not _money(row, "fee") and (typical := _money(row, "market_fee", "_typical")):
        ends = [_money(row, "market_fee", end) for end in ("_low", "_high")]
        figures.append(Figure("Usual fee", typical, f"{ends[0]} to {ends[1]}" if all(ends) else ""))
    for name, label in (("benchmark", "Beats the benchmark"), ("target", "Keeps to the target")):
        if is_known(row.get(f"probability_{name}")):
            figures.append(Figure(label, verdict_chance_text(row[f"probability_{name}"])))
    return figures


def _money(row: Mapping[str, Any], name: str, end: str = "") -> str | None:
    """Word an amount: in the currency that the fee was given in, else in USD; None if unknown."""
    if is_known(row.get(f"{name}{end}")) and row.get("currency"):
        return format_money(row[f"{name}{end}"], row["currency"])
    usd = row.get(f"{name}_usd{end}")
    return format_money(usd, USD) if is_known(usd) and usd is not None else None


def _interval(row: Mapping[str, Any], target: str) -> Interval | None:
    return interval_of({name: row.get(f"{target}_{name}") for name in ("p10", "p50", "p90")})
