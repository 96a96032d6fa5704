"""The answer to POST /v1/lists/read: how each column was read, the rows that can be used, and the
others with what is wrong at each cell; and its types for the OpenAPI document.
"""

from typing import Any

from pydantic import BaseModel, Field


class ListCounts(BaseModel):
    """What became of the rows: read = usable + rejected."""

    read: int = Field(description="rows of the list")
    usable: int = Field(description="rows that can be used")
    rejected: int = Field(description="rows that cannot be used, each with its reasons")
    blank: int = Field(description="blank lines besides")


class ListColumn(BaseModel):
    """What a column of the list was read as."""

    source: str = Field(description="its name in the list")
    column: str | None = Field(description="what it is read as; null where it is not read")
    how: str = Field(description="by what it was recognised")
    note: str = Field(description="what else is to be known of it")
    ambiguous: str | None = Field(
        description="what is unclear of it, and how to settle it; unclear values are not read"
    )
    may_be: list[str] = Field(
        description="the columns that an unclear one may be, where they are known"
    )
    settled_by: str | None = Field(
        description="what settles an unclear column: decimal, dates or column; else null"
    )
    unit: str | None = Field(description="unit of the list's values")
    currency: str | None = Field(description="currency of the list's amounts")
    samples: list[str] = Field(description="values as the list has them, most frequent first")


class ListChoice(BaseModel):
    """A column that one of the list may be read as."""

    name: str = Field(description="as `sheet.columns` takes it")
    meaning: str = Field(description="what it holds")
    units: list[str] = Field(description="units that its values may have in the list")
    allowed: list[str] | None = Field(description="the values that it may hold; null for any")


class ListCellFault(BaseModel):
    """What is wrong with a cell, or with the whole row."""

    column: str | None = Field(description="name in the list; null for the row as a whole")
    value: str | None = Field(description="the cell as it was written")
    reason: str = Field(description="what is wrong, and what is right")


class RejectedListRow(BaseModel):
    """A row that cannot be used."""

    line: int = Field(description="line or row of the file")
    cells: list[str] = Field(description="as they were written, in the order of `columns`")
    faults: list[ListCellFault] = Field(description="all that is wrong with it")


class ListReadAs(BaseModel):
    """How the file was read."""

    header_row: int = Field(description="line of the header, from 1")
    worksheets: list[str] = Field(description="of a workbook")
    worksheet: str | None = Field(description="the one that is read")
    platform: str | None = Field(description="taken for rows that name none")


class PastStarts(BaseModel):
    """Rows that start before the moment of the forecast."""

    rows: int = Field(description="how many")
    day: str = Field(description="the day before the earliest start: as_of that suits all of them")


class ListAnswer(BaseModel):
    """How a list was read."""

    counts: ListCounts = Field(description="what became of the rows")
    notes: list[str] = Field(description="what else is to be known of how it was read")
    past_starts: PastStarts | None = Field(
        description="rows that start before as_of; null where there are none"
    )
    read_as: ListReadAs = Field(description="how the file was read")
    columns: list[ListColumn] = Field(description="of the list, in its order")
    choices: list[ListChoice] = Field(description="what a column may be read as")
    rejected: list[RejectedListRow] = Field(description="rows that cannot be used, in order")
    lines: list[int] = Field(description="line of each partnership; of its first row for track")
    names: list[str | None] = Field(description="of the creator of each, where the list has one")
    partnerships: list[dict[str, Any]] = Field(
        description="as /v1/predict (score), /v1/plan (plan) or /v1/track (track) take them"
    )
    model_version: str = Field(description="the model that says which creators are known")
