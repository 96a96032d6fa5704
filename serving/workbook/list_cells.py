"""The list's own cells in a workbook: a number or a date where the list has one, else its text."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from serving.workbook.contents import DAY, GENERAL, MOMENT
from serving.workbook.sheet_rows import Cells

if TYPE_CHECKING:
    from xlsxwriter.format import Format

    from serving.workbook.styles import Styles

#: A cell of a workbook: its text, and its number or moment where it is one; `shown_as`: "%" or the
#: code of a currency that the number is shown with.
CELL = pa.struct(
    [
        ("text", pa.string()),
        ("number", pa.float64()),
        ("time", pa.timestamp("us")),
        ("shown_as", pa.string()),
    ]
)
#: Keys of a field's metadata: the column's name as the file writes it, which need not be the only
#: one of that name; and what a point in the column's texts is, one of the values.
NAME, POINT = b"name", b"point"
DECIMAL, GROUPS, UNKNOWN, NO_NUMBERS = b"decimal", b"groups", b"unknown", b"no numbers"
_WHOLE = r"-?(?:0|[1-9]\d{0,14})"
#: Texts that are numbers in one way only, by what a point is; where that is unknown, one that could
#: group thousands is none.
_NUMBERS = {
    DECIMAL: rf"{_WHOLE}(?:\.\d{{1,10}})?",
    GROUPS: _WHOLE,
    UNKNOWN: rf"{_WHOLE}(?:\.(?:\d{{1,2}}|\d{{4,10}}))?|-?0\.\d{{1,10}}",
}
_MOST_DIGITS = 15


def list_name(field: pa.Field) -> str:
    """Return the name of one of the list's own columns as the file writes it."""
    return (field.metadata or {}).get(NAME, b"").decode() or field.name


def holds_text(column: pa.ChunkedArray, field: pa.Field) -> bool:
    """Return whether a column of texts of the list has one that is no number."""
    metadata = field.metadata or {}
    if POINT not in metadata or not pa.types.is_string(field.type):
        return False
    pattern = _NUMBERS.get(metadata[POINT])
    if pattern is None:
        return True
    is_number = pc.match_substring_regex(column, f"^(?:{pattern})$")
    return not pc.all(is_number, min_count=0).as_py()


def list_cells(values: pa.Array, field: pa.Field, styles: "Styles") -> Cells:
    """Return the cells of values of one of the list's own columns."""
    if values.type == CELL:
        return _workbook_cells(values, styles)
    if pa.types.is_string(values.type):
        return text_cells(values, field, styles)
    if pa.types.is_timestamp(values.type):
        return Cells(styles.number(MOMENT), (values,))
    number_format = DAY if pa.types.is_date(values.type) else GENERAL
    return Cells(styles.number(number_format), (values,))


def text_cells(texts: pa.Array, field: pa.Field | None, styles: "Styles") -> Cells:
    """Return the cells of texts, as numbers with their decimals where the list can only mean those,
    of no more digits than a number holds.
    """
    metadata = (field.metadata if field is not None else None) or {}
    pattern = _NUMBERS.get(metadata.get(POINT, UNKNOWN))
    if pattern is None:
        return Cells(styles.text(), (texts,))
    has_few_digits = pc.less_equal(pc.count_substring_regex(texts, "[0-9]"), _MOST_DIGITS)
    is_number = pc.and_(has_few_digits, pc.match_substring_regex(texts, f"^(?:{pattern})$"))
    numbers = pc.if_else(is_number, texts, None).cast(pa.float64())
    decimals = pc.binary_length(pc.replace_substring_regex(texts, r"^[^.]*\.?", ""))
    decimals = pc.if_else(is_number, decimals, None).to_pylist()
    style_of = {
        count: styles.text() if count is None else styles.number(_fixed_decimals(count))
        for count in set(decimals)
    }
    return Cells([style_of[count] for count in decimals], (numbers, _where_null(numbers, texts)))


def _fixed_decimals(count: int) -> str:
    return f"0.{'0' * count}" if count else "0"


def _where_null(values: pa.Array, texts: pa.Array) -> pa.Array:
    """Return the texts, (m,), null where there is a value."""
    return pc.if_else(values.is_null(), texts, None)


def _workbook_cells(cells: pa.Array, styles: "Styles") -> Cells:
    moments, numbers, texts, codes = (
        pc.struct_field(cells, name) for name in ("time", "number", "text", "shown_as")
    )
    numbers = _where_null(moments, numbers)
    texts = _where_null(numbers, _where_null(moments, texts))
    is_day = pc.equal(moments, pc.floor_temporal(moments, unit="day"))
    kinds = list(
        zip(is_day.to_pylist(), numbers.is_valid().to_pylist(), codes.to_pylist(), strict=True)
    )
    style_of = {kind: _workbook_style(*kind, styles) for kind in set(kinds)}
    return Cells([style_of[kind] for kind in kinds], (moments, numbers, texts))


def _workbook_style(
    is_day: bool | None, is_number: bool, shown_as: str | None, styles: "Styles"
) -> "Format":
    """Return the style of a cell; `is_day`: None where it is no moment."""
    if is_day is not None:
        return styles.number(DAY if is_day else MOMENT)
    if not is_number:
        return styles.text()
    if shown_as == "%":
        return styles.number("0.0#%")
    return styles.number(f'#,##0.00 "{shown_as}"' if shown_as else GENERAL)
