"""What reading a sheet gives: its rows in canonical columns, and everything that was decided or
refused on the way.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import CreatorcastError

if TYPE_CHECKING:
    from ingest.sheets.workbook import Cell


class SheetError(CreatorcastError):
    """A file cannot be read as a spreadsheet of creators, posts or partnerships at all."""


@dataclass(frozen=True)
class ColumnMapping:
    """What a map file says of one source column.

    `column`: canonical name, "" to leave it out. `unit`: "fraction", "percent", "k", "m", "b" or a
    currency code. `decimal`: "." or ",". `day_first`: of dates such as 01/02/2026. None leaves the
    detection to it. `values`: the sheet's own words of a column with a closed list -> what they
    mean there; case and blanks do not count.
    """

    column: str
    unit: str | None = None
    decimal: str | None = None
    day_first: bool | None = None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SheetOptions:
    """What is known of a sheet beforehand; everything left None or empty is detected and told.

    `delimiter` one character; `encoding` a codec's name; `decimal` "." or ","; `day_first` of dates
    such as 01/02/2026; `sheet` the worksheet's name; `header_row` its line, from 1; `columns`
    source column -> canonical column (or Mapped), "" or "-" to leave it out; `platform` of rows
    that name none.
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    day_first: bool | None = None
    sheet: str | None = None
    header_row: int | None = None
    columns: dict[str, str | ColumnMapping] = field(default_factory=dict)
    platform: str | None = None


@dataclass(frozen=True)
class Guess:
    """What one source column was taken for, by which evidence, and what is unclear of it.

    `column` None: not read. `ambiguous` names what is unclear and how to settle it; the column's
    unclear values are missing until then. `unit` and `currency` are those of the source.
    """

    source: str
    column: str | None
    kind: str | None
    how: str
    note: str = ""
    ambiguous: str | None = None
    unit: str | None = None
    currency: str | None = None

    @property
    def unread(self) -> bool:
        """Return whether the whole column is left out because it is unclear."""
        return self.column is None and self.ambiguous is not None


@dataclass(frozen=True)
class SheetFault:
    """One value, or with `column` "" one whole row, that could not be read; the value is missing,
    the row left out.

    `cells`: those of a row that is left out.
    """

    line: int
    column: str
    value: str
    reason: str
    cells: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Remark:
    """A value that is read, but says more than is kept of it: of which row (from 0), and in `fault`
    where and what.

    `code` is the warning that the answer about the row gets.
    """

    row: int
    code: str
    fault: SheetFault


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet and how they were read.

    `rows`: canonical columns that the sheet has, dtypes as in `features.tables.schema.DTYPES`.
    `lines` (n,): where each row stands in the file. `original`: its text under the source's
    headers. `cells` (n,): the same as the file has it, numbers and dates of a
    workbook as such. `labels`: the source's own words of columns that are translated into a list
    (niche, country, language, platform, format), under canonical names. `extra`: figures that are
    read but have no canonical column (total_likes, followers_at_posting). `unread`: by
    canonical column the rows (n,) that hold a value of it which is missing in `rows`, because it
    is unclear or not in a list; `engagement_rate` where its base is open, `unclear_column`
    where the column itself is. `remarks`: values of which only a part is kept, such as the
    upper end of a range of fees. Rows read = rows + blank_rows + left_out.
    """

    rows: pd.DataFrame
    lines: np.ndarray
    original: pd.DataFrame
    cells: "list[list[Cell]]"
    guesses: list[Guess]
    faults: list[SheetFault]
    notes: list[str]
    labels: pd.DataFrame
    extra: pd.DataFrame
    left_out: list[SheetFault]
    blank_rows: int
    table: str
    unread: dict[str, np.ndarray]
    remarks: list[Remark]
