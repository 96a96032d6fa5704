"""The sheet that says what the answers rest on and what each column means."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from features.tables.currency import USD
from serving.scoring.measures import RANKING_MEASURES
from serving.scoring.warning_texts import warning_text
from serving.workbook.cells import row_height, text_lines, write_cell
from serving.workbook.contents import RANK_AND_VERDICT, AboutLine, RowCounts
from serving.workbook.ranked_rows import ListFacts
from serving.workbook.table_sheet import SheetColumn

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from serving.workbook.styles import Styles

_WIDTHS = (34, 110)


def about_lines(
    facts: Sequence[AboutLine],
    counts: RowCounts,
    measure: str,
    list_facts: ListFacts,
    notes: Sequence[str],
    shown: Iterable[tuple[str, Sequence[SheetColumn]]],
) -> Iterator[AboutLine]:
    """Yield the lines: how the list fared, `notes` on its rows, `facts` of the run, warnings, and
    the columns of the sheets that are `shown`, by their names.
    """
    yield AboutLine("The list", "")
    blank = f"; {counts.blank:,} blank lines besides" if counts.blank else ""
    yield AboutLine(
        "rows",
        f"{counts.read:,} read = {counts.scored:,} scored + {counts.rejected:,} rejected{blank}",
    )
    if list_facts.rows < counts.scored:
        yield AboutLine("shown", f"the {list_facts.rows:,} best of them")
    ranking = RANKING_MEASURES[measure]
    yield AboutLine(
        "ranked by",
        f"{measure} ({ranking.meaning}), {ranking.order}; rows without it come last and have no "
        "rank",
    )
    yield AboutLine("rank and verdict", RANK_AND_VERDICT)
    currencies = sorted(one for one in list_facts.currencies if one[0] != USD)
    if currencies:
        rates = ", ".join(f"fees in {code} at {rate:g} USD" for code, rate in currencies)
        yield AboutLine("exchange rates", f"{rates}, as given by --rates")
    for number, note in enumerate(notes):
        yield AboutLine("" if number else "what was not read", note)
    yield from facts
    if list_facts.warnings:
        yield AboutLine("Warnings, and of how many rows", "")
    for name, rows in list_facts.warnings.most_common():
        yield AboutLine(name, f"{rows:,} of {list_facts.rows:,}: {warning_text(name)}")
    for title, columns in shown:
        yield AboutLine(f"Columns of the sheet '{title}'", "")
        own = [column.header for column in columns if column.is_own]
        if own:
            yield AboutLine("your own columns", ", ".join(own))
        for column in columns:
            if not column.is_own:
                yield AboutLine(column.header, column.meaning)


def write_about(sheet: "Worksheet", lines: Iterable[AboutLine], styles: "Styles") -> None:
    """Write the lines, a row each."""
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    for row, (label, text) in enumerate(lines):
        if not text:
            write_cell(sheet, row, 0, label, styles.section())
            continue
        lines_of_text = max(text_lines(label, _WIDTHS[0]), text_lines(text, _WIDTHS[1]))
        sheet.set_row(row, row_height(lines_of_text))
        write_cell(sheet, row, 0, label, styles.label())
        write_cell(sheet, row, 1, text, styles.wrapped())
    sheet.set_portrait()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RPage &P of &N")
