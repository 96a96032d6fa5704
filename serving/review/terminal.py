"""A review as a table for a terminal."""

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.number_text import format_paid
from monitoring.review import Review
from monitoring.review_rows import ReviewRow
from serving.review.sentences import review_sentences
from serving.review.words import (
    PLACES,
    STATUS_WORDS,
    money_each,
    name_of,
    partnership_of,
    range_words,
    right_words,
    unusual_words,
    verdict_words,
)

#: Characters of a bar, and of a name.
BAR, NAME = 20, 20
#: Partnerships that each table shows.
MOST_SHOWN = 60
_COLUMNS = ("creator", "8 of 10 cases", "came", "range and outcome", "where")


def print_review(review: Review, console: Console) -> None:
    """Print the partnerships with an outcome, the others with their reason, and the sentences."""
    done = [row for row in review.rows if row.outcome is not None]
    others = [row for row in review.rows if row.outcome is None]
    if done:
        console.print(_outcome_table(review, done[:MOST_SHOWN]))
    if others:
        console.print(_open_table(others[:MOST_SHOWN]))
    if max(len(done), len(others)) > MOST_SHOWN:
        console.print("Not all are shown: --out FILE.xlsx or FILE.csv has all.", markup=False)
    for sentence in review_sentences(review):
        console.print(sentence, markup=False, highlight=False)


def outcome_bar(row: ReviewRow, high: float) -> str:
    """Return a bar of the range from 0 to `high`, by square roots, with what came as │.

    >>> from monitoring.review_rows import Outcome
    >>> came = Outcome(400.0, 25.0, 100.0, 225.0, 0.99)
    >>> row = ReviewRow({}, (25.0, 100.0, 225.0), came, None, None, None, None, None)
    >>> print(outcome_bar(row, 400.0))
    ·····▬▬▬▬▬▬▬▬▬▬▬····│
    """
    cells = ["·"] * (BAR + 1)
    first, last = (_place(value, high) for value in (row.range[0], row.range[2]))
    cells[first : last + 1] = "▬" * (last + 1 - first)
    if row.outcome is not None:
        cells[_place(row.outcome.engagements, high)] = "│"
    return "".join(cells)


def _place(value: float, high: float) -> int:
    return min(round(BAR * math.sqrt(max(value, 0) / high)), BAR) if high > 0 else 0


def _outcome_table(review: Review, rows: list[ReviewRow]) -> Table:
    table = Table(title=f"Campaign {escape(review.campaign)}", title_justify="left")
    currency = review.currency
    money = (f"fee {currency}", f"{currency} each")
    for name in (*_COLUMNS, *money, "verdict before"):
        right = name in ("8 of 10 cases", "came", *money)
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    high = max(max(row.range[2], row.outcome.engagements) for row in rows if row.outcome)
    for row in rows:
        if row.outcome is None:
            continue
        place = f"{PLACES[row.outcome.place][0]} {row.outcome.place}"
        unusual = unusual_words(row.outcome).partition(" are ")[0]
        table.add_row(
            _cut(name_of(row)),
            range_words(row.range[0], row.range[2]),
            f"{row.outcome.engagements:,.0f}",
            outcome_bar(row, high),
            f"{place}{f', {unusual}' if unusual else ''}",
            "-" if row.fee is None else format_paid(row.fee, "").rstrip(),
            "-" if row.cost is None else money_each(row.cost, "").rstrip(),
            ": ".join(filter(None, (verdict_words(row), right_words(row)))) or "-",
        )
    return table


def _open_table(rows: list[ReviewRow]) -> Table:
    table = Table(title="Without an outcome", title_justify="left")
    for name in ("creator", "partnership", "8 of 10 cases", "status", "why"):
        table.add_column(name, no_wrap=name != "why")
    for row in rows:
        table.add_row(
            _cut(name_of(row)),
            _cut(partnership_of(row)),
            range_words(row.range[0], row.range[2]),
            STATUS_WORDS[row.status],
            escape(str(row.forecast["reason"])),
        )
    return table


def _cut(name: str) -> str:
    return escape(name if len(name) <= NAME else f"{name[: NAME - 1]}…")
