"""Answers for a terminal: a table with a line for each post and each partnership, and the sentences
below it.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.number_text import format_money, format_number, pluralize
from serving.scoring.descriptive_columns import basis_text
from serving.scoring.prospect_batch import moment_text
from serving.track.answers import ModelOfAnswer, PartnershipAnswer, PostAnswer, PostMeasure
from serving.track.sentences import age_text, is_all_over, outcome_text, told_measure

#: Partnerships that are shown.
SHOWN = 20
_COLUMNS = ("now", "at the horizon (80 %)", "reached", "90 % by day", "ahead of forecasts")


def print_answers(answers: Sequence[PartnershipAnswer], console: Console | None = None) -> None:
    """Print the first SHOWN answers, and how many more there are."""
    console = console or Console(width=140)
    shown = answers[:SHOWN]
    if shown:
        console.print(_table(shown))
    for answer in shown:
        _print_sentences(answer, console)
    if shown:
        _say(console, _model_line(shown[0].model))
    if len(answers) > SHOWN:
        _say(console, f"{len(answers) - SHOWN:,} more: write them all to a file by --out")


def _model_line(model: ModelOfAnswer) -> str:
    """Word what the answers were made by."""
    as_of = f"as of {moment_text(model.as_of)}"
    if model.model_version is None:
        return f"no model: by published curves of growth and the forecasts given, {as_of}"
    return f"model {model.model_version}, {basis_text(model.trained_on)}, {as_of}"


def _table(answers: Sequence[PartnershipAnswer]) -> Table:
    table = Table(title=f"Deliverables online, of {pluralize(f'{len(answers):,}', 'partnership')}")
    table.title_justify = "left"
    for name in ("partnership", "post", "of"):
        table.add_column(name, overflow="fold")
    table.add_column("read at", justify="right")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for answer in answers:
        for post in answer.posts:
            for name in _told_measures(post):
                table.add_row(*_post_cells(answer, post, name))
        if answer.deliverables > 1:
            table.add_row(*_total_cells(answer), style="bold")
        table.add_section()
    return table


def _told_measures(post: PostAnswer) -> list[str]:
    return [name for name, told in post.measures.items() if told is not None] or ["engagements"]


def _post_cells(answer: PartnershipAnswer, post: PostAnswer, name: str) -> list[str]:
    start = [escape(answer.partnership_id), escape(post.post_id), name]
    told = post.measures[name]
    if told is None:
        return [*start, "-", "-", "-", "-", "-", "-"]
    return [
        *start,
        age_text(told.age_days),
        f"{told.count:,.0f}",
        *_figures(told, told.age_days >= answer.horizon_days),
    ]


def _figures(told: PostMeasure, is_over: bool) -> list[str]:
    outcome = outcome_text(told.horizon, told.count, is_over)
    reached = "-" if told.share_reached is None else f"{told.share_reached:.0%}"
    pace = "-" if told.pace is None else f"{told.pace:.0%}"
    day_90 = "-" if told.day_90 is None else format_number(round(told.day_90, 1))
    return [outcome, reached, day_90, pace]


def _total_cells(answer: PartnershipAnswer) -> list[str]:
    name = told_measure(answer)
    total = answer.totals[name]
    start = [
        escape(answer.partnership_id),
        f"all {answer.deliverables}",
        name,
        "",
        "-" if total.count is None else f"{total.count:,.0f}",
    ]
    if total.horizon is None:
        return [*start, "-", "", "", ""]
    outcome = outcome_text(total.horizon, total.count or 0.0, is_all_over(answer))
    reached = "-" if total.share_reached is None else f"{total.share_reached:.0%}"
    return [*start, outcome, reached, "", ""]


def _print_sentences(answer: PartnershipAnswer, console: Console) -> None:
    _say(console, f"{answer.partnership_id}: {answer.sentence}")
    for post in answer.posts if answer.deliverables > 1 else ():
        _say(console, f"  {post.post_id}: {post.sentence}")
    warnings = dict.fromkeys(
        [*answer.warnings, *(w for post in answer.posts for w in post.warnings)]
    )
    if warnings:
        _say(console, f"  warnings: {', '.join(warnings)}")
    if fee := _fee_line(answer):
        _say(console, f"  {fee}")
    if answer.forecast_source is None and answer.forecast_reason:
        _say(console, f"  no forecast was made before: {answer.forecast_reason}")
    if answer.make_good_reason:
        _say(console, f"  no probability of the make-good line: {answer.make_good_reason}")


def _fee_line(answer: PartnershipAnswer) -> str:
    """Word the fee and what an engagement costs, in the currency of the fee."""
    fee, costs, currency = answer.told_fee
    if fee is None:
        return ""
    text = f"fee {format_money(fee, currency)}"
    cost = None if costs is None else costs.get("p50")
    return text if cost is None else f"{text}: {format_money(cost, currency)} an engagement"


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
