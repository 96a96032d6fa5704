"""A review as a workbook: the partnerships with an outcome, those without, and what it means."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitoring.review import Review
from monitoring.review_rows import Outcome, ReviewRow, engagements_of
from serving.review.rows import day_of
from serving.review.sentences import review_sentences
from serving.review.words import (
    HOW_TO_READ,
    PLACES,
    STATUS_WORDS,
    booked_of,
    name_of,
    partnership_of,
    right_words,
    unusual_words,
    verdict_words,
)
from serving.workbook.cells import row_height, text_lines, write_cell
from serving.workbook.contents import WHOLE
from serving.workbook.file_errors import disk_errors
from serving.workbook.item_table import (
    Cell,
    ItemColumn,
    landscape_sheet,
    write_items,
    write_labelled,
)
from serving.workbook.money_format import money_cell
from serving.workbook.range_bar import BarScale
from serving.workbook.styles import Styles

if TYPE_CHECKING:
    from xlsxwriter import Workbook

#: The title of the file, by which it is known again.
TITLE = "Review of a campaign"
LOW_HEAD, HIGH_HEAD = "Low (1 in 10 below)", "High (1 in 10 above)"


def write_review_workbook(review: Review, path: Path, hide_fees: bool = False) -> None:
    """Write a review to `path`: the sheets Outcomes, Details, Without an outcome, and About.

    Raises OSError.
    """
    import xlsxwriter

    done = [row for row in review.rows if row.outcome is not None]
    others = [row for row in review.rows if row.outcome is None]
    with disk_errors(), xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"title": TITLE})
        styles = Styles(book)
        _write_outcomes(book, styles, review, done, hide_fees)
        if done:
            details = _detail_columns(review, done, hide_fees)
            write_items(landscape_sheet(book, "Details"), styles, details, done)
        if others:
            sheet = landscape_sheet(book, "Without an outcome")
            write_items(sheet, styles, _open_columns(), others)
        labels = ("How to read it", "What is compared")
        models = sorted({str(row.forecast["model_version"]) for row in review.rows})
        lines = dict(zip(labels, HOW_TO_READ, strict=True))
        write_labelled(
            landscape_sheet(book, "About"), styles, {**lines, "Model": ", ".join(models)}
        )


def _write_outcomes(
    book: "Workbook", styles: Styles, review: Review, done: list[ReviewRow], hide_fees: bool
) -> None:
    sheet = landscape_sheet(book, "Outcomes")
    columns = _columns(review.currency, hide_fees)
    title, *sentences = review_sentences(review, hide_fees)
    width = sum(column.width for column in columns)
    lines = [(f"{review.campaign}: {title}", styles.section())]
    lines += [(sentence, styles.note()) for sentence in sentences]
    for row, (line, style) in enumerate(lines):
        sheet.merge_range(row, 0, row, len(columns) - 1, "", style)
        write_cell(sheet, row, 0, line, style)
        sheet.set_row(row, row_height(text_lines(line, width)))
    below = write_items(sheet, styles, columns, done, len(lines) + 1)
    cells = _total_cells(review, len(done))
    for place, column in enumerate(columns if cells else []):
        value, number_format = cells.get(column.head, (None, ""))
        write_cell(sheet, below, place, value, styles.total(number_format))


def _total_cells(review: Review, done: int) -> dict[str, Cell]:
    """Return the cells of the row of all together by head, none where there are fewer than two."""
    total, currency = review.total, review.currency
    if total is None:
        return {}
    cells: dict[str, Cell] = {
        "Creator": (f"all {done} together", ""),
        LOW_HEAD: (float(round(total.low)), WHOLE),
        HIGH_HEAD: (float(round(total.high)), WHOLE),
        "Came": (total.engagements, WHOLE),
        "Where it lies": (_place(total), ""),
        "How often": (_often(total) or None, ""),
    }
    if review.paid:
        came = review.engagements_paid
        cells["Fee"] = _paid_cell(review.fees, currency)
        cells["Cost per engagement"] = money_cell(review.fees / came if came else None, currency)
    return cells


def _columns(currency: str, hide_fees: bool) -> list[ItemColumn]:
    """Return the columns of the first sheet, few enough to read on paper."""
    columns = [
        _text("Creator", 20, name_of),
        _count(LOW_HEAD, lambda row: row.range[0]),
        _count(HIGH_HEAD, lambda row: row.range[2]),
        _count("Came", engagements_of),
        _text("Where it lies", 19, lambda row: row.outcome and _place(row.outcome)),
        _text("How often", 21, lambda row: row.outcome and _often(row.outcome)),
    ]
    if hide_fees:
        return columns
    return [
        *columns,
        ItemColumn("Fee", 13, lambda row: _paid_cell(row.fee, currency)),
        ItemColumn("Cost per engagement", 13, lambda row: money_cell(row.cost, currency)),
        _text("Verdict before", 25, verdict_words),
        _text("It was", 12, right_words),
    ]


def _detail_columns(review: Review, done: list[ReviewRow], hide_fees: bool) -> list[ItemColumn]:
    """Return the columns of the second sheet: what else is known of each."""
    ends = [value for row in done for value in (row.range[0], row.range[2], engagements_of(row))]
    known = [max(value, 1.0) for value in ends]
    scale = BarScale(min(known, default=1.0), max(known, default=1.0))
    currency = review.currency
    columns = [
        _text("Creator", 20, name_of),
        _text("Partnership", 14, partnership_of),
        _text("Booked", 14, booked_of),
        _text("Forecast made", 12, lambda row: day_of(row.forecast["made_at"])),
        _count("Middle case", lambda row: row.range[1]),
        _count("Came", engagements_of),
        _count("Read after days", lambda row: row.forecast["read_age_days"]),
        ItemColumn(
            "Range (steps grow), and what came: |",
            29,
            lambda row: (_bar(scale, row), ""),
            is_bar=True,
        ),
    ]
    if not hide_fees:
        columns += [
            ItemColumn("Compared with", 13, lambda row: money_cell(row.yardstick, currency))
        ]
    note = ItemColumn("What to know", 40, lambda row: (row.forecast["note"] or None, ""), True)
    return [*columns, note] if any(row.forecast["note"] for row in done) else columns


def _text(head: str, width: float, value: Callable[[ReviewRow], Any]) -> ItemColumn:
    return ItemColumn(head, width, lambda row: (value(row) or None, ""))


def _count(head: str, value: Callable[[ReviewRow], float]) -> ItemColumn:
    return ItemColumn(head, 11, lambda row: (float(round(value(row))), WHOLE))


def _paid_cell(amount: float | None, currency: str) -> Cell:
    """Return an amount to the cent, without cents where there are none."""
    if amount is None:
        return None, WHOLE
    digits = WHOLE if float(amount).is_integer() else "#,##0.00"
    return amount, f'{digits} "{currency}"'


def _open_columns() -> list[ItemColumn]:
    return [
        ItemColumn("Creator", 26, lambda row: (name_of(row), "")),
        ItemColumn("Partnership", 18, lambda row: (partnership_of(row) or None, "")),
        ItemColumn(LOW_HEAD, 13, lambda row: (float(round(row.range[0])), WHOLE)),
        ItemColumn("Middle case", 13, lambda row: (float(round(row.range[1])), WHOLE)),
        ItemColumn(HIGH_HEAD, 13, lambda row: (float(round(row.range[2])), WHOLE)),
        ItemColumn("Status", 20, lambda row: (STATUS_WORDS[row.status], "")),
        ItemColumn("Why", 70, lambda row: (row.forecast["reason"] or None, ""), True),
        ItemColumn("What to know", 40, lambda row: (row.forecast["note"] or None, ""), True),
    ]


def _place(outcome: Outcome) -> str:
    return " ".join(PLACES[outcome.place])


def _often(outcome: Outcome) -> str:
    """Return how often as far an outcome is expected; blank inside of the range."""
    return unusual_words(outcome).partition(" are ")[0]


def _bar(scale: BarScale, row: ReviewRow) -> str | None:
    return scale.bar(row.range[0], row.range[1], row.range[2], now=engagements_of(row))
