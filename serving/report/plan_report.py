"""The report of a plan: whom to sign within the budget, and what that brings in all."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from features.number_text import format_money
from models.model_record import ModelRecord
from serving.plan.answer import REASONS, LeftOut, Plan, RosterEntry
from serving.plan.cautions import is_above_pays, model_warnings
from serving.plan.words import adds_words, is_quote_repeated, repeated_quote_words
from serving.report.content import (
    Chart,
    Entry,
    Figure,
    FrontierChart,
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
    listed,
    moment_day,
    probability_text,
    range_text,
    shown_name,
    without_digits,
)

#: Candidates left out that a report names, and partnerships that its picture shows.
MAX_LEFT_OUT, MAX_DRAWN = 25, 40
#: Largest budget that the picture of budgets shows, in budgets of the plan; the table has all.
MAX_BUDGET_RATIO = 4.5
#: What a cost per engagement is over.
_BY_MIDDLE = "by the middle case"
_FEE_SOURCES = {
    "quoted": "as quoted",
    "own_deals": "not quoted: as earlier deals",
    "rate_card": "not quoted: as the rate card",
}
#: Why a candidate is left out, for readers who do not see fees, where REASONS speaks of them.
_REASONS_WITHOUT_FEES = {
    "no_fee": "nothing is known of what it would take",
    "over_max_fee": "too large for what one creator may have in this plan",
    "over_max_share": "too large for what one creator may have in this plan",
    "over_budget": "too large for this plan",
    "costs_more": "those in the plan bring more for the same money",
}
#: Words of a rule that is about money.
_MONEY_RULE = re.compile("fee|budget|%")
_ABOVE = Verdict("▼", "Above what usually pays: negotiate", "poor")
_ABOVE_MEANING = (
    "The plan takes what brings most for the budget. A fee for engagement that is above the "
    "highest fee that pays is marked: above what usually pays: negotiate."
)
_SHARED_LUCK = (
    "Creators of one platform and niche share good and bad times: the range in all takes that into "
    "account, and is wider than chance alone would make it."
)


def plan_report(plan: Plan, record: ModelRecord, hide_fees: bool = False) -> Report:
    """Return the report of a plan; with `hide_fees` no amount of money is in it.

    `record`: of the model that made the forecasts (models.model_record).
    """
    entries = tuple(_entry(one, plan, hide_fees) for one in plan["roster"])
    sections = [_roster_section(plan, without_shared_cautions(entries), hide_fees)]
    if not hide_fees and len(plan["frontier"]) > 1:
        sections.append(_frontier_section(plan))
    sections += _others_sections(plan, hide_fees)
    definition = definition_text(one["platform"] for one in plan["roster"])
    more = [*_plan_limits(plan, hide_fees), _SHARED_LUCK]
    return Report(
        "Whom to sign",
        f"A plan of {moment_day(plan['as_of'])}",
        _lead(plan, hide_fees),
        tuple(_head_figures(plan, hide_fees)),
        model_notices(plan["trained_on"]),
        (
            *sections,
            record_section(record),
            limits_section(record, entries, more, definition),
        ),
        footer_text(hide_fees),
    )


def _lead(plan: Plan, hide_fees: bool) -> str:
    if not hide_fees:
        return plan["sentence"]
    candidates = counted(plan["counts"]["candidates"], "candidate")
    creators = counted(plan["total"]["creators"], "creator")
    start = f"Sign {creators} of {candidates}"
    total = _interval(plan["total"], plan)
    if total is None:
        return f"{start}."
    unit = plan["objective"]["measure"]
    return f"{start}: about {estimate_text(total.middle)} {unit} ({range_text(total)})."


def _head_figures(plan: Plan, hide_fees: bool) -> Iterator[Figure]:
    total, currency = plan["total"], plan["currency"]
    if interval := _interval(total, plan):
        yield count_figure(plan["objective"]["measure"], interval)
    yield Figure("creators", f"{total['creators']:,}", _posts(total["deliverables"]))
    goal, chance = plan["objective"]["goal"], total["probability_goal"]
    if goal is not None and chance is not None:
        yield Figure("reaches the goal", probability_text(chance), f"of {goal:,.0f}")
    if not hide_fees:
        budget = format_money(plan["budget"], currency)
        parts = _parts_text(plan)
        note = f"of {budget}; in it {parts}" if parts else f"of {budget}"
        yield Figure("to spend", format_money(plan["spend"], currency), note)
        if total["cpe"] is not None:
            yield Figure("an engagement", format_money(total["cpe"], currency), _BY_MIDDLE)


def _parts_text(plan: Plan) -> str:
    """Word the parts of all fees that do not buy engagement."""
    sums: Counter[str] = Counter()
    for one in plan["roster"]:
        for part in one["fee"]["parts"]:
            sums[part["name"].replace("_", " ")] += part["amount"]  # type: ignore[assignment]
    return listed([f"{name} {format_money(sums[name], plan['currency'])}" for name in sums])


def _posts(deliverables: int) -> str:
    return counted(deliverables, "deliverable")


def _roster_section(plan: Plan, entries: tuple[Entry, ...], hide_fees: bool) -> Section:
    unit = plan["objective"]["measure"]
    rows = [
        RangeRow(entry.name, entry.interval)
        for entry in entries[:MAX_DRAWN]
        if entry.interval is not None
    ]
    total = _interval(plan["total"], plan)
    if total is not None:
        rows.insert(0, RangeRow("All together", total, is_total=True))
    charts: tuple[Chart, ...] = ()
    if rows:
        goal = plan["objective"]["goal"]
        line = "" if goal is None else f" Dashed line: the goal of {goal:,.0f}, for all together."
        caption = f"Bars: in 8 of 10 cases; dots: the middle.{line}"
        charts = (
            RangeChart(
                "roster", f"{unit.capitalize()}: range and middle", unit, tuple(rows), caption, goal
            ),
        )
    closing = [] if hide_fees else [one["text"] for one in plan["binding"]]
    if plan["next_1000"] and not hide_fees:
        closing.append(plan["next_1000"]["text"])
    above = (_ABOVE_MEANING,) if any(entry.verdict for entry in entries) else ()
    return Section("The creators to sign", above, charts, entries, items=tuple(closing))


def _entry(one: RosterEntry, plan: Plan, hide_fees: bool) -> Entry:
    interval = interval_of(one["engagements"])
    sentence = one["sentence"]
    if hide_fees and interval is not None:
        sentence = engagement_sentence(interval, one)
    return Entry(
        shown_name(one["name"], one["creator_id"], one["partnership_id"]),
        creator_facts(one),
        sentence,
        tuple(_figures(one, plan, hide_fees)),
        _interval(one, plan),
        verdict=None if hide_fees or not is_above_pays(one) else _ABOVE,
        cautions=caution_texts(one["warnings"], hide_fees),
    )


def _figures(one: RosterEntry, plan: Plan, hide_fees: bool) -> Iterator[Figure]:
    for label, quantiles in (("Engagements", one["engagements"]), ("Views", one["views"])):
        if interval := interval_of(quantiles):
            yield count_figure(label, interval)
    adds, words = max(one["adds"], 0.0), adds_words(plan["objective"])
    if plan["objective"]["kind"] == "goal":
        yield Figure("Adds to the plan", f"{100 * adds:.1f} %", words)
    else:
        yield Figure("Adds to the plan", estimate_text(adds), words)
    if hide_fees:
        return
    fee, currency = one["fee"], plan["currency"]
    yield Figure("Fee", format_money(fee["total"], currency), _fee_note(one, currency))
    if fee["parts"]:
        yield Figure("Fee for engagement", format_money(fee["for_engagement"], currency))
    if one["cpe"] is not None:
        yield Figure("Cost per engagement", format_money(one["cpe"], currency), _BY_MIDDLE)
    if one["break_even_fee"] is not None:
        highest = format_money(one["break_even_fee"], currency)
        yield Figure("Highest fee that pays", highest, "for engagement" if fee["parts"] else "")


def _fee_note(one: RosterEntry, currency: str) -> str:
    """Word where a fee is from, and its parts."""
    parts = [
        f"{part['name'].replace('_', ' ')} {format_money(part['amount'], currency)}"
        for part in one["fee"]["parts"]
    ]
    source = _FEE_SOURCES.get(one["fee"]["source"], one["fee"]["source"])
    if is_quote_repeated(one["fee"]):
        source = repeated_quote_words(one["fee"], currency)
    return f"{source}; with {listed(parts)}" if parts else source


def _frontier_section(plan: Plan) -> Section:
    currency = plan["currency"]
    points = [(one, interval_of(one["engagements"])) for one in plan["frontier"]]
    most = MAX_BUDGET_RATIO * plan["budget"]
    drawn = [
        (one["budget"], interval)
        for one, interval in points
        if interval is not None and one["budget"] <= most
    ]
    rows = tuple(
        (
            format_money(one["budget"], currency),
            format_money(one["spend"], currency),
            f"{one['creators']:,}",
            "-" if interval is None else estimate_text(interval.middle),
            "-" if interval is None else range_text(interval),
        )
        for one, interval in points
    )
    caption = (
        "The best plan of each budget: line: the middle; band: in 8 of 10 cases; dashed line: the "
        "budget of this plan."
    )
    last, end = max((b for b, _ in drawn), default=0.0), max(one["budget"] for one, _ in points)
    if drawn and end > last:
        caption += (
            f" The picture ends at {format_money(last, currency)}; the table goes on to "
            f"{format_money(end, currency)}."
        )
    chart = FrontierChart(
        "frontier",
        "Engagements by budget",
        "engagements",
        currency,
        tuple(budget for budget, _ in drawn),
        tuple(interval for _, interval in drawn),
        plan["budget"],
        caption,
    )
    header = ("Budget", "Spent", "Creators", MIDDLE_ENGAGEMENTS, "in 8 of 10 cases")
    charts = (chart,) if len(drawn) > 1 else ()
    return Section("What more or less money brings", (), charts, table=Table(header, rows))


def _others_sections(plan: Plan, hide_fees: bool) -> Iterator[Section]:
    """Yield the plans that are as good, and the candidates that are left out."""
    names = _names([*plan["roster"], *plan["left_out"]])
    if plan["close_plans"]:
        items = [_close_plan(one, plan, names, hide_fees) for one in plan["close_plans"]]
        yield Section("The plan beside others", items=tuple(items))
    # first those of whom it was tried who would leave for them
    left_out = sorted(plan["left_out"], key=lambda one: not one["replaced_by"])
    rejected = plan["counts"]["rejected"]
    rows = tuple(
        (shown_name(one["name"], one["partnership_id"]), *_reason(one, names, hide_fees))
        for one in left_out[:MAX_LEFT_OUT]
    )
    closing = []
    if more := left_out[len(rows) :]:
        are = "is" if len(more) == 1 else "are"
        counts = Counter(_reason_words(one["reason"], hide_fees) for one in more)
        reasons = ", ".join(f"{text} {n:,}" for text, n in counts.most_common())
        closing.append(f"{counted(len(more), 'more candidate')} {are} left out: {reasons}.")
    if rejected:
        closing.append(f"{counted(rejected, 'row')} of the list could not be used.")
    if rows or closing:
        table = Table(("Creator", "Why", "In the plan instead"), rows, texts=3) if rows else None
        yield Section("Left out, and why", table=table, closing=" ".join(closing))
    unused = [
        UnusedRow(one["row"], _own_id(one["partnership_id"]), (one["reasons"] or [""])[0])
        for one in plan["rejected"]
    ]
    yield from unused_section(unused, rejected, hide_fees)


def _own_id(partnership_id: str | None) -> str:
    """Return an id of the list; an empty one in place of those that it was numbered by."""
    is_number = partnership_id is None or re.fullmatch(r"row \d+", partnership_id)
    return "" if is_number else str(partnership_id)


def _close_plan(
    one: Mapping[str, Any], plan: Plan, names: Mapping[str, str], hide_fees: bool
) -> str:
    better = probability_text(one["probability_better"])
    chance = f"The plan above brings more with probability {better}."
    if not hide_fees:
        return _sentence(one["text"])
    ids = [entry["partnership_id"] for entry in plan["roster"]]
    gone = [names.get(key, key) for key in ids if key not in one["roster"]]
    new = [names.get(key, key) for key in one["roster"] if key not in ids]
    if gone and new:
        return f"{listed(new)} in place of {listed(gone)}. {chance}"
    if gone or new:
        return f"{'Without' if gone else 'With'} {listed(gone or new)}. {chance}"
    return f"The same creators with other numbers of deliverables. {chance}"


def _reason(one: LeftOut, names: Mapping[str, str], hide_fees: bool) -> tuple[str, str]:
    text = one["text"].removeprefix(f"{one['name']}: ")
    if hide_fees:
        rule = text.partition("without the rule: ")[2]
        text = _reason_words(one["reason"], hide_fees)
        if rule and not _MONEY_RULE.search(rule):
            text = f"would be in the plan without the rule: {rule}"
    return _sentence(text), listed([names.get(key, key) for key in one["replaced_by"] or ()])


def _sentence(text: str) -> str:
    """Return a text with a capital letter at its start and a full stop at its end."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def _reason_words(code: str, hide_fees: bool) -> str:
    """Return why a candidate is left out, without any amount."""
    texts = REASONS | _REASONS_WITHOUT_FEES if hide_fees else REASONS
    return texts.get(code, code.replace("_", " "))


def _names(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {
        one["partnership_id"]: shown_name(one["name"], one["partnership_id"]) for one in entries
    }


def _plan_limits(plan: Plan, hide_fees: bool) -> list[str]:
    # what the model was trained on stands at the head of the report
    about_model = model_warnings(plan["trained_on"])
    warnings = [_sentence(text) for text in plan["warnings"] if text not in about_model]
    if hide_fees:
        warnings = without_digits(warnings)
    if plan["status"] != "complete":
        gap = probability_text(plan["gap"])
        warnings.append(
            f"The search ended at its time limit: a plan that is better by up to {gap} may exist."
        )
    return warnings


def _interval(of: Any, plan: Plan) -> Interval | None:
    """Return the interval of what the plan is for: engagements or views."""
    return interval_of(of[plan["objective"]["measure"]]) if is_known(of) else None
