"""The sheet of rejected rows: the list's own cells, those at fault marked, and every reason."""

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.files.formula_escape import unescape_formula
from serving.workbook.contents import MAX_SHEET_ROWS, RejectedList
from serving.workbook.list_cells import text_cells
from serving.workbook.ranked_rows import BLOCK_ROWS
from serving.workbook.sheet_rows import Cells
from serving.workbook.table_sheet import Block, SheetColumn, write_table

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from serving.workbook.styles import Styles

_REASONS_WIDTH = 80
#: A cell of a list may be as long as this.
_LONGEST_CELL = 1 << 24
#: Columns of a block behind the list's own, whose names are their places.
_POSITION, _REASONS = "position", "reasons"


def write_rejected(
    sheet: "Worksheet",
    rows_file: BinaryIO,
    path: Path,
    rejected: RejectedList,
    styles: "Styles",
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write the rows of a CSV file as `creatorcast score` writes it; those beyond the last row of a
    worksheet are counted in that row.
    """
    own = [_own_column(place, rejected, styles) for place in range(len(rejected.header))]
    position = SheetColumn(
        rejected.position_name,
        lambda block: Cells(styles.number("0"), (block.column(_POSITION).cast(pa.int64()),)),
    )
    reasons = SheetColumn(
        "Reasons",
        lambda block: Cells(styles.wrapped(), (block.column(_REASONS),)),
        _REASONS_WIDTH,
        wraps=True,
    )
    blocks = _blocks(path, len(own), check)
    write_table(sheet, rows_file, [*own, position, reasons], blocks, styles, 1, True)


def _own_column(place: int, rejected: RejectedList, styles: "Styles") -> SheetColumn:
    name = rejected.header[place]
    field = rejected.fields.get(name)
    faulty_names = [one for one, its_place in rejected.faulty_names.items() if its_place == place]

    def cells(block: Block) -> Cells:
        texts = block.column(str(place))
        usual = text_cells(texts, field, styles)
        is_faulty = is_at_fault(block.column(_REASONS), faulty_names)
        if not pc.any(is_faulty).as_py():
            return usual
        # a cell at fault is shown as it was written
        written = pc.if_else(pc.equal(texts, ""), "(empty)", texts)
        return usual.replace(is_faulty, written, styles.faulty())

    return SheetColumn(name, cells, is_own=True)


def is_at_fault(reasons: pa.Array, names: Collection[str]) -> pa.Array:
    """Return whether one of the reasons of each row, (m,), begins with a name of a column.

    >>> reasons = pa.array(["Fee 'x' is no number; start_at lies before", "Fee is unknown"])
    >>> is_at_fault(reasons, ["start_at"]).to_pylist()
    [True, False]
    """
    if not names:
        return pa.array(np.zeros(len(reasons), dtype=bool))
    pattern = "|".join(map(re.escape, names))
    return pc.match_substring_regex(reasons, f"(?:^|; )(?:{pattern})[ :]")


def _blocks(path: Path, own: int, check: Callable[[], None]) -> Iterator[Block]:
    """Yield blocks of the rows of the file, the last with a row that counts those left out. `own`:
    how many columns the list has.
    """
    names = [*map(str, range(own)), _POSITION, _REASONS]
    left = MAX_SHEET_ROWS - 2
    rows = _read_rows(path)
    while left and (texts := list(islice(rows, min(BLOCK_ROWS, left)))):
        check()
        left -= len(texts)
        yield _block(dict(zip(names, zip(*texts, strict=True), strict=True)))
    left_out = sum(1 for _ in rows)
    if left_out:
        text = f"{left_out:,} more rows were rejected: they stand in the CSV file of rejected rows"
        yield _block({name: [text if name == names[0] else None] for name in names})


def _block(columns: Mapping[str, Sequence[str | None]]) -> Block:
    arrays = {name: pa.array(texts, pa.string()) for name, texts in columns.items()}
    table = pa.table(arrays)
    return Block(np.full(len(table), np.nan), table)


def _read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of the file without its header, as they were before they were guarded; what is
    no character is left out.
    """
    csv.field_size_limit(_LONGEST_CELL)
    with open(path, encoding="utf-8", errors="ignore", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for row in rows:
            yield [unescape_formula(cell) for cell in row]
