"""The files that answers go to: how a chunk is kept until the list is done, and what is made of all
chunks.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from serving.batch.answer_streams import AnswerStreams, decode_stream, encode_stream
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


class AnswerFile(Protocol):
    """The file of a run while its chunks are done one after the other."""

    def add(self, answers: bytes) -> None:
        """Take the bytes of the next chunk, which are kept already."""

    def finish(self, counts: RunCounts) -> Path:
        """Return the path of the whole file, in the folder of the kept bytes, where the rejected
        rows lie too. `counts`: of all rows.
        """


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

    def open(self, kept: Path) -> AbstractContextManager[AnswerFile]:
        """Open the file of the chunks whose bytes are in `kept`, and of those that follow."""


class FileWriter(AnswerWriter, Protocol):
    """A kind of file."""

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write a file of tables; return its path."""


class WriterAtEnd(Protocol):
    """Makes a file once all chunks are there."""

    def finish(self, kept: Path, counts: RunCounts) -> Path:
        """Return what `AnswerFile.finish` does, made of all `kept` bytes."""


@dataclass(frozen=True)
class FileAtEnd:
    """A file that is made of all kept bytes at the end."""

    writer: WriterAtEnd
    kept: Path

    def add(self, answers: bytes) -> None:
        """Leave the bytes where they are kept."""

    def finish(self, counts: RunCounts) -> Path:
        """Have the file made."""
        return self.writer.finish(self.kept, counts)


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

    def open(self, kept: Path) -> AbstractContextManager[AnswerFile]:
        """Open the file, which is `kept`."""
        return nullcontext(FileAtEnd(self, kept))

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
    """Keeps chunks as Arrow streams, of which a file is made a chunk at a time."""

    def __init__(self, schema: pa.Schema):
        self.schema = schema
        self.notes: tuple[str, ...] = ()

    def encode_start(self) -> bytes:
        """Return nothing: streams need no header."""
        return b""

    def encode(self, answers: pa.Table) -> bytes:
        """Return the rows as an Arrow stream."""
        return encode_stream(answers)


class _ParquetFile:
    """A Parquet file to which a row group a chunk is added."""

    def __init__(self, path: Path, writer: pq.ParquetWriter):
        self.path, self.writer = path, writer

    def add(self, answers: bytes) -> None:
        """Write the answers of a chunk, which are a stream."""
        if answers:
            self.add_table(decode_stream(answers))

    def add_table(self, answers: pa.Table) -> None:
        """Write the answers of a chunk."""
        self.writer.write_table(answers, row_group_size=max(len(answers), 1))

    def finish(self, counts: RunCounts) -> Path:
        """Write the end of the file."""
        self.writer.close()
        return self.path


class ParquetAnswerWriter(_StreamedAnswerWriter):
    """Parquet: a row group a chunk, written while the chunks after it are scored. Dictionaries only
    for columns of few distinct values: the others take half the time without.
    """

    @contextmanager
    def open(self, kept: Path) -> Iterator[AnswerFile]:
        """Open the file beside `kept`."""
        with self._new_file(kept.parent) as file:
            for table in AnswerStreams(kept):
                file.add_table(table)
            yield file

    def write(self, answers: Iterable[pa.Table], folder: Path, counts: RunCounts) -> Path:
        """Write a row group a table."""
        with self._new_file(folder) as file:
            for table in answers:
                file.add_table(table)
            return file.finish(counts)

    @contextmanager
    def _new_file(self, folder: Path) -> Iterator[_ParquetFile]:
        path = folder / "whole"
        repeated = [
            field.name
            for field in self.schema
            if field.name in DICTIONARY_COLUMNS or pa.types.is_dictionary(field.type)
        ]
        with pq.ParquetWriter(
            path, self.schema, use_dictionary=repeated, store_schema=False
        ) as writer:
            yield _ParquetFile(path, writer)


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

    def open(self, kept: Path) -> AbstractContextManager[AnswerFile]:
        """Open the file, which is made at the end: its rows are in rank order."""
        return nullcontext(FileAtEnd(self, kept))

    def finish(self, kept: Path, counts: RunCounts) -> Path:
        """Write the file beside `kept`."""
        return self.write(AnswerStreams(kept), kept.parent, counts)

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
