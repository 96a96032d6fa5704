"""Rows of a long worksheet: their cells, made column by column, and the XML of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.workbook.cell_xml import EMPTY_BODY, XML, cell_bodies, join_xml
from serving.workbook.cells import row_height

if TYPE_CHECKING:
    from xlsxwriter.format import Format


class Cells(NamedTuple):
    """The cells of a column, m of them.

    `styles`: of all cells, or of each; `values`: arrays (m,) of texts, numbers, truth values, days
    or moments: a cell has the first that is not null there, and is empty where all are.
    """

    styles: "Format | Sequence[Format]"
    values: tuple[pa.Array, ...]

    def replace(self, is_other: pa.Array, texts: pa.Array, style: "Format") -> "Cells":
        """Return the cells with texts in a style in place of some. `is_other`: of which (m,)."""
        others = is_other.to_pylist()
        before = self.styles if isinstance(self.styles, Sequence) else [self.styles] * len(others)
        styles = [style if other else one for one, other in zip(before, others, strict=True)]
        values = (pc.if_else(is_other, None, one) for one in self.values)
        return Cells(styles, (pc.if_else(is_other, texts, None), *values))


def rows_xml(
    columns: Sequence[Cells], first_row: int, lines: np.ndarray, draws_empty: bool
) -> pa.Buffer:
    """Return the XML of m rows, UTF-8. `first_row`: counted from 0; `lines`: those that each row
    (m,) needs; `draws_empty`: empty cells have their style as well, which takes time.
    """
    from xlsxwriter.utility import xl_col_to_name

    rows = np.arange(first_row + 1, first_row + 1 + len(lines))
    row_names = pa.array(rows).cast(XML)
    pieces = ['<row r="', row_names, _height_attributes(lines)]
    for place, cells in enumerate(columns):
        start = f'<c r="{xl_col_to_name(place)}'
        ends = _cell_ends(cells, draws_empty)
        if not ends.null_count:
            pieces += [start, row_names, ends]
        elif ends.null_count < len(ends):
            pieces.append(join_xml(start, row_names, ends))
    xml = join_xml(*pieces, "</row>", omit_null=True)
    _, offsets, data = xml.buffers()
    return data[: np.frombuffer(offsets, np.int64)[len(xml)]]


def _height_attributes(lines: np.ndarray) -> pa.Array:
    """Return what stands between the number of a row and its cells, (m,)."""
    attributes = {
        count: f'" ht="{row_height(count):g}" customHeight="1">' if count > 1 else '">'
        for count in set(lines.tolist())
    }
    return pa.array([attributes[count] for count in lines.tolist()], XML)


def _cell_ends(cells: Cells, draws_empty: bool) -> pa.Array:
    """Return what stands behind the places of cells, (m,), null for a cell that is left out."""
    bodies = [cell_bodies(values) for values in cells.values]
    body = pc.coalesce(*bodies, *([pa.scalar(EMPTY_BODY, XML)] if draws_empty else []))
    return join_xml('" s="', _style_numbers(cells.styles), body)


def _style_numbers(styles: "Format | Sequence[Format]") -> str | pa.Array:
    """Return the number of the style of all cells, or that of each, (m,)."""
    # XlsxWriter numbers styles as cells come to use them, and has no public name for that
    if not isinstance(styles, Sequence):
        return str(styles._get_xf_index())
    numbers = {style: str(style._get_xf_index()) for style in set(styles)}
    return pa.array([numbers[style] for style in styles], XML)
