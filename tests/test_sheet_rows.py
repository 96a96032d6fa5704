"""Rows of long sheets, made column by column: the same cells as XlsxWriter writes one by one."""

import errno
import math
from datetime import UTC, date, datetime

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.workbook import row_files
from serving.workbook.cells import write_cell
from serving.workbook.row_files import RowFiles
from serving.workbook.sheet_rows import Cells, rows_xml
from serving.workbook.styles import Styles
from serving.workbook.table_sheet import Block, SheetColumn, write_header, write_table

TEXTS = [
    *("=1+1", "@sum", "-5", "a < b & c > d", "&amp;", '"quoted"', "😀", "\ufffe", "", None),
    *(" before", "behind ", "a\nb", "a\r\nb", "\r", "\t", "\u00a0wide", "\x01\x0b", "\x1f x"),
    *("_x000D_", "_xABCD_ literally", "_xABC", "x" * 40_000, "é" * 32_768, "😀" * 20_000),
]
NUMBERS = [0.1 + 0.2, 1 / 3, -0.0, 1e300, 5e-324, 1e15, 123456789012345678.0, math.nan, math.inf]
WHOLES = [1, -5, 10**15 - 1, 10**15, -(10**15), 2**62, -(2**63), None]
DAYS = [date(1899, 12, 31), date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1), None]
MOMENTS = [
    *(datetime(1850, 1, 2, 3, 4, 5, 6), datetime(1900, 1, 1), datetime(1900, 1, 1, 13, 30)),
    *(datetime(1900, 2, 28, 23, 59, 59, 999_999), datetime(1900, 3, 1), None),
    *(datetime(1969, 12, 31, 23, 59, 59), datetime(2026, 7, 1, 12, 30, 15, 123_456)),
]
COLUMNS = {
    "texts": (TEXTS, pa.string()),
    "numbers": (NUMBERS, pa.float64()),
    "wholes": (WHOLES, pa.int64()),
    "large": ([0, 2**64 - 1, None], pa.uint64()),
    "flags": ([True, False, None], pa.bool_()),
    "days": (DAYS, pa.date32()),
    "moments": (MOMENTS, pa.timestamp("us")),
    "utc": ([one and one.replace(tzinfo=UTC) for one in MOMENTS], pa.timestamp("us", "UTC")),
    "nothing": ([None], pa.null()),
}


def both_sheets(folder, columns):
    """Return worksheets of the same columns: made column by column, and cell by cell."""
    frame, rows = folder / "frame", RowFiles(folder)
    most = max(len(values) for values, _ in columns.values())
    table = pa.table(
        {
            name: pa.array([*values, *[None] * (most - len(values))], dtype)
            for name, (values, dtype) in columns.items()
        }
    )
    with xlsxwriter.Workbook(str(frame), {"constant_memory": True}) as book:
        styles = Styles(book)
        columns = [
            SheetColumn(name, lambda block, name=name: Cells(styles.text(), (block.column(name),)))
            for name in table.column_names
        ]
        sheet = book.add_worksheet("columns")
        blocks = [Block(np.full(most, np.nan), table)]
        with rows.open(sheet) as file:
            write_table(sheet, file, columns, blocks, styles, 1, True)
        sheet = book.add_worksheet("cells")
        write_header(sheet, [(name, False) for name in table.column_names], styles)
        for row, values in enumerate(table.to_pylist(), 1):
            for place, value in enumerate(values.values()):
                write_cell(sheet, row, place, value, styles.text())
    rows.insert(frame, folder / "book.xlsx", lambda: None)
    assert [path.name for path in folder.iterdir()] == ["book.xlsx"]
    read = openpyxl.load_workbook(folder / "book.xlsx")
    return read["columns"], read["cells"]


def assert_same_cells(by_column, by_cell):
    assert by_column.dimensions == by_cell.dimensions
    for ours, theirs in zip(by_column.iter_rows(2), by_cell.iter_rows(2), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert (one.data_type, one.style_id) == (other.data_type, other.style_id)
            if isinstance(other.value, float):
                # XlsxWriter writes 16 digits of a number
                assert one.value == pytest.approx(other.value, rel=1e-15, abs=0)
            else:
                assert one.value == other.value


def test_cells_are_those_that_xlsxwriter_writes(tmp_path):
    by_column, by_cell = both_sheets(tmp_path, COLUMNS)
    assert_same_cells(by_column, by_cell)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20))
def test_any_text_is_the_one_that_xlsxwriter_writes(tmp_path_factory, texts):
    columns = {"texts": (texts, pa.string()), "n": (list(range(len(texts))), pa.int64())}
    assert_same_cells(*both_sheets(tmp_path_factory.mktemp("texts"), columns))


def test_a_number_is_read_back_as_the_same_float(tmp_path):
    random = np.random.default_rng(3)
    values = random.choice([-1, 1], 3_000) * 10.0 ** random.uniform(-300, 300, 3_000)
    by_column, _ = both_sheets(tmp_path, {"numbers": (values.tolist(), pa.float64())})
    assert [cell for (cell,) in by_column.iter_rows(2, values_only=True)] == values.tolist()


def test_a_text_that_looks_like_markup_stays_a_text(tmp_path):
    text = "<r><t>rich</t></r>"
    by_column, _ = both_sheets(tmp_path, {"texts": ([text], pa.string())})
    assert by_column["A2"].value == text


def test_a_cell_has_the_first_value_that_is_known_and_else_is_left_out():
    class Style:
        def _get_xf_index(self):
            return 7

    columns = [
        Cells(Style(), (pa.array([1.5, None, None]), pa.array(["a", "b", None]))),
        Cells([Style()] * 3, (pa.array([None, True, None]),)),
    ]
    xml = rows_xml(columns, 1, np.array([1, 3, 40]), draws_empty=False).to_pybytes().decode()
    text = '<c r="A3" s="7" t="inlineStr"><is><t>b</t></is></c>'
    assert xml.split("<row")[1:] == [
        ' r="2"><c r="A2" s="7"><v>1.5</v></c></row>',
        f' r="3" ht="45" customHeight="1">{text}<c r="B3" s="7" t="b"><v>1</v></c></row>',
        ' r="4" ht="405" customHeight="1"></row>',
    ]


def test_a_sheet_that_is_larger_than_xlsx_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "ZIP64_LIMIT", 10)
    with pytest.raises(OSError, match="File too large") as refused:
        both_sheets(tmp_path, COLUMNS)
    assert refused.value.errno == errno.EFBIG
