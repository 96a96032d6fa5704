"""A review as a workbook: the partnerships with an outcome, those without, and what it means."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitoring.review import Outcome, Review, ReviewRow
from serving.review.rows import day_of
from serving.review.terminal import review_sentences
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
from serving.workbook.cells import write_cell
from serving.workbook.contents import WHOLE
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


def write_review_workbook(review: Review, path: Path, hide_fees: bool = False) -> None:
    """Write a review to `path`: the sheets Outcomes, Without an outcome, and About."""
    import xlsxwriter

    done = [row for row in review.rows if row.outcome is not None]
    others = [row for row in review.rows if row.outcome is None]
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        styles = Styles(book)
        _write_outcomes(book, styles, review, done, hide_fees)
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
    title, *sentences = review_sentences(review, hide_fees)
    write_cell(sheet, 0, 0, f"{review.campaign}: {title}", styles.section())
    for row, sentence in enumerate(sentences, start=1):
        write_cell(sheet, row, 0, sentence, styles.plain())
    columns = _columns(done, hide_fees)
    below = write_items(sheet, styles, columns, done, len(sentences) + 2)
    if review.total is None:
        return
    total = review.total
    cells: dict[str, Cell] = {
        "Creator": (f"all {len(done)}", ""),
        "Low (1 in 10 below)": (float(total.low), WHOLE),
        "Middle case": (float(total.middle), WHOLE),
        "High (1 in 10 above)": (float(total.high), WHOLE),
        "Came": (float(total.engagements), WHOLE),
        "Where it lies": (_place(total), ""),
    }
    for place, column in enumerate(columns):
        value, number_format = cells.get(column.head, (None, ""))
        write_cell(sheet, below, place, value, styles.total(number_format))


def _columns(done: list[ReviewRow], hide_fees: bool) -> list[ItemColumn]:
    ends = [value for row in done for value in (row.range[0], row.range[2], _came(row))]
    known = [max(value, 1.0) for value in ends]
    scale = BarScale(min(known, default=1.0), max(known, default=1.0))

    def text(head: str, width: float, value: Callable[[ReviewRow], Any]) -> ItemColumn:
        return ItemColumn(head, width, lambda row: (value(row) or None, ""))

    def count(head: str, value: Callable[[ReviewRow], float]) -> ItemColumn:
        return ItemColumn(head, 11, lambda row: (float(round(value(row))), WHOLE))

    columns = [
        text("Creator", 20, name_of),
        *([text("Partnership", 14, partnership_of)] if any(map(partnership_of, done)) else []),
        text("Booked", 12, booked_of),
        text("Forecast made", 11, lambda row: day_of(row.forecast["made_at"])),
        count("Low (1 in 10 below)", lambda row: row.range[0]),
        count("Middle case", lambda row: row.range[1]),
        count("High (1 in 10 above)", lambda row: row.range[2]),
        count("Came", _came),
        ItemColumn(
            "Range (steps grow), and what came: |",
            29,
            lambda row: (_bar(scale, row), ""),
            is_bar=True,
        ),
        text("Where it lies", 27, _place_of),
    ]
    if not hide_fees:
        columns += [
            ItemColumn("Fee", 11, lambda row: money_cell(row.forecast["fee_usd"], "USD")),
            ItemColumn("Cost per engagement", 15, lambda row: money_cell(row.cost, "USD")),
            ItemColumn("Compared with", 11, lambda row: money_cell(row.yardstick, "USD")),
            text("Verdict before", 23, verdict_words),
            text("It was", 12, right_words),
        ]
    if any(row.forecast["note"] for row in done):
        columns.append(
            ItemColumn("What to know", 40, lambda row: (row.forecast["note"] or None, ""), True)
        )
    return columns


def _open_columns() -> list[ItemColumn]:
    return [
        ItemColumn("Creator", 26, lambda row: (name_of(row), "")),
        ItemColumn("Partnership", 18, lambda row: (partnership_of(row) or None, "")),
        ItemColumn("Low (1 in 10 below)", 13, lambda row: (float(round(row.range[0])), WHOLE)),
        ItemColumn("Middle case", 13, lambda row: (float(round(row.range[1])), WHOLE)),
        ItemColumn("High (1 in 10 above)", 13, lambda row: (float(round(row.range[2])), WHOLE)),
        ItemColumn("Status", 20, lambda row: (STATUS_WORDS[row.status], "")),
        ItemColumn("Why", 70, lambda row: (row.forecast["reason"] or None, ""), True),
        ItemColumn("What to know", 40, lambda row: (row.forecast["note"] or None, ""), True),
    ]


def _came(row: ReviewRow) -> float:
    return 0.0 if row.outcome is None else row.outcome.engagements


def _place_of(row: ReviewRow) -> str:
    """Return where an outcome lies and how unusual that is."""
    return "" if row.outcome is None else _place(row.outcome)


def _place(outcome: Outcome) -> str:
    unusual = unusual_words(outcome).partition(" are ")[0]
    return ", ".join(filter(None, (" ".join(PLACES[outcome.place]), unusual)))


def _bar(scale: BarScale, row: ReviewRow) -> str | None:
    return scale.bar(*row.range, now=_came(row))
