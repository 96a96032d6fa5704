"""The files that answers go to: how a chunk is kept until the list is done, and what is made of all
chunks.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from serving.batch.answer_streams import AnswerStreams, encode_stream
from serving.batch.arrow_answers import DICTIONARY_COLUMNS, csv_bytes
from serving.batch.errors import BatchError
from serving.batch.run_report import RunCounts
from serving.scoring.measures import RANKING_MEASURES
from serving.workbook.contents import (
    MAX_SHEET_COLUMNS,
    MAX_SHEET_ROWS,
    RowCounts,
    WorkbookPlan,
)


class AnswerWriter(Protocol):
    """Makes a file of the answers to a list. `schema`: of the answers; `notes`: for the user, once
    the file is written.
    """

    schema: pa.Schema

    @property
    def notes(self) -> Sequence[str]: ...

    def encode_start(self) -> bytes:
        """Return the bytes that stand before those of the first chunk."""

    def encode(self, answers: pa.Table) -> bytes:
        """Return the bytes of a chunk's answers, to be kept after those of the chunks before."""

    def finish(self, kept: Path, counts: RunCounts) -> Path:
        """Return the path of the whole file, made of the kept bytes, in the folder of `kept`, where
        the rejected rows lie too. `counts`: of all rows.
        """


class FileWriter(AnswerWriter, Protocol):
    """A kind of file."""

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write a file of tables; return its path."""


class CsvAnswerWriter:
    """CSV: what is kept of the chunks is the file."""

    notes: tuple[str, ...] = ()

    def __init__(self, schema: pa.Schema):
        self.schema = schema

    def encode_start(self) -> bytes:
        """Return the header."""
        return csv_bytes(self.schema.empty_table(), header=True)

    def encode(self, answers: pa.Table) -> bytes:
        """Return the rows as CSV."""
        return csv_bytes(answers, header=False)

    def finish(self, kept: Path, counts: RunCounts) -> Path:
        """Return `kept`."""
        return kept

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write header and rows."""
        path = folder / "whole"
        with open(path, "wb") as file:
            file.write(self.encode_start())
            for table in answers:
                file.write(self.encode(table))
        return path


class _StreamedAnswerWriter:
    """Keeps chunks as Arrow streams, which become a file at the end, a chunk at a time."""

    def __init__(self, schema: pa.Schema):
        self.schema = schema
        self.notes: tuple[str, ...] = ()

    def encode_start(self) -> bytes:
        """Return nothing: streams need no header."""
        return b""

    def encode(self, answers: pa.Table) -> bytes:
        """Return the rows as an Arrow stream."""
        return encode_stream(answers)

    def finish(self, kept: Path, counts: RunCounts) -> Path:
        """Write the file beside `kept`."""
        return self.write(AnswerStreams(kept), kept.parent, counts)

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write the file; subclasses say how."""
        raise NotImplementedError


class ParquetAnswerWriter(_StreamedAnswerWriter):
    """Parquet: a row group a chunk. Dictionaries only for columns of few distinct values: the
    others take half the time without.
    """

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write a row group a table."""
        path = folder / "whole"
        repeated = [
            field.name
            for field in self.schema
            if field.name in DICTIONARY_COLUMNS or pa.types.is_dictionary(field.type)
        ]
        with pq.ParquetWriter(
            path, self.schema, use_dictionary=repeated, store_schema=False
        ) as writer:
            for table in answers:
                writer.write_table(table, row_group_size=max(len(table), 1))
        return path


class XlsxAnswerWriter(_StreamedAnswerWriter):
    """XLSX: a workbook whose first sheet has the rows in rank order."""

    def __init__(self, schema: pa.Schema, plan: WorkbookPlan):
        """Raises BatchError where it would have too many columns."""
        super().__init__(schema)
        self.plan = plan
        columns = len(schema) + 1
        if columns > MAX_SHEET_COLUMNS:
            raise BatchError(
                f"{columns:,} columns are more than a worksheet holds ({MAX_SHEET_COLUMNS:,}): "
                f"name fewer by --columns, or write .csv or .parquet"
            )

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write the workbook. Raises BatchError where a sheet would have too many rows."""
        if self.plan.most_rows is None and counts.scored >= MAX_SHEET_ROWS:
            raise BatchError(
                f"{counts.scored:,} answers are more than a worksheet holds "
                f"({MAX_SHEET_ROWS - 1:,}): write .csv or .parquet, or the best alone by --top"
            )
        from serving.workbook.write_workbook import write_workbook

        path = folder / "whole"
        rows = RowCounts(counts.read, counts.scored, counts.rejected, counts.blank)
        measure = write_workbook(
            path, self.plan, self.schema, answers, folder / "rejected", rows, counts.notes
        )
        order = RANKING_MEASURES[measure].order
        self.notes = (f"the first sheet is in order of {measure}, {order}",)
        return path


WRITERS: dict[str, type[CsvAnswerWriter] | type[ParquetAnswerWriter]] = {
    ".csv": CsvAnswerWriter,
    ".parquet": ParquetAnswerWriter,
}
WORKBOOK = ".xlsx"
#: Endings of the files that can be written.
ENDINGS = (*WRITERS, WORKBOOK)


def writer_for(ending: str, schema: pa.Schema, workbook: WorkbookPlan | None = None) -> FileWriter:
    """Return the writer of files with one of ENDINGS. `workbook`: of one that ends in .xlsx."""
    if workbook is not None:
        return XlsxAnswerWriter(schema, workbook)
    return WRITERS[ending](schema)
