"""Answers for a terminal: a table with a line for each post and each partnership, and the sentences
below it.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.number_text import format_number, pluralize
from serving.track.answers import PartnershipAnswer, PostAnswer, PostMeasure
from serving.track.sentences import age_text, interval_text

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
    if len(answers) > SHOWN:
        _say(console, f"{len(answers) - SHOWN:,} more: write them all to a file by --out")


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
    return [*start, age_text(told.age_days), f"{told.count:,.0f}", *_figures(told)]


def _figures(told: PostMeasure) -> list[str]:
    low, high = interval_text(told.horizon, told.count)
    reached = "-" if told.share_reached is None else f"{told.share_reached:.0%}"
    pace = "-" if told.pace is None else f"{told.pace:.0%}"
    day_90 = "-" if told.day_90 is None else format_number(round(told.day_90, 1))
    return [f"{low} - {high}", reached, day_90, pace]


def _total_cells(answer: PartnershipAnswer) -> list[str]:
    name = "engagements" if answer.totals["engagements"].count is not None else "views"
    total = answer.totals[name]
    start = [
        escape(answer.partnership_id),
        f"all {answer.deliverables}",
        name,
        "",
        f"{total.count or 0:,.0f}",
    ]
    if total.horizon is None:
        return [*start, "-", "", "", ""]
    low, high = interval_text(total.horizon, total.count or 0.0)
    reached = "-" if total.share_reached is None else f"{total.share_reached:.0%}"
    return [*start, f"{low} - {high}", reached, "", ""]


def _print_sentences(answer: PartnershipAnswer, console: Console) -> None:
    _say(console, f"{answer.partnership_id}: {answer.sentence}")
    for post in answer.posts if answer.deliverables > 1 else ():
        _say(console, f"  {post.post_id}: {post.sentence}")
    warnings = dict.fromkeys(
        [*answer.warnings, *(w for post in answer.posts for w in post.warnings)]
    )
    if warnings:
        _say(console, f"  warnings: {', '.join(warnings)}")
    if answer.forecast_source is None and answer.forecast_reason:
        _say(console, f"  without the forecast of before: {answer.forecast_reason}")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
