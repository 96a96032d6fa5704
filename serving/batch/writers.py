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

    def finish(self, kept: Path) -> Path:
        """Return the path of the whole file, made of the kept bytes, in the folder of `kept`."""


class FileWriter(AnswerWriter, Protocol):
    """A kind of file."""

    def write(self, answers: Iterable[pa.Table], folder: Path) -> Path:
        """Write a file of tables that can be iterated over twice; return its path."""


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

    def finish(self, kept: Path) -> Path:
        """Return `kept`."""
        return kept

    def write(self, answers: Iterable[pa.Table], folder: Path) -> Path:
        """Write header and rows."""
        path = folder / "whole"
        with open(path, "wb") as file:
            file.write(self.encode_start())
            for table in answers:
                file.write(self.encode(table))
        return path


class _StreamedAnswerWriter:
    """Keeps chunks as Arrow streams, which become a file at the end, a chunk at a time."""

    notes: tuple[str, ...] = ()

    def __init__(self, schema: pa.Schema):
        self.schema = schema

    def encode_start(self) -> bytes:
        """Return nothing: streams need no header."""
        return b""

    def encode(self, answers: pa.Table) -> bytes:
        """Return the rows as an Arrow stream."""
        return encode_stream(answers)

    def finish(self, kept: Path) -> Path:
        """Write the file beside `kept`."""
        return self.write(AnswerStreams(kept), kept.parent)

    def write(self, answers: Iterable[pa.Table], folder: Path) -> Path:
        """Write the file; subclasses say how."""
        raise NotImplementedError


class ParquetAnswerWriter(_StreamedAnswerWriter):
    """Parquet: a row group a chunk. Dictionaries only for columns of few distinct values: the
    others take half the time without.
    """

    def write(self, answers: Iterable[pa.Table], folder: Path) -> Path:
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
    """XLSX: one worksheet."""

    def write(self, answers: Iterable[pa.Table], folder: Path) -> Path:
        """Write the worksheet. Raises BatchError where it would have too many rows."""
        from serving.batch.worksheet import write_worksheet

        path = folder / "whole"
        write_worksheet(self.schema.names, answers, path)
        return path


WRITERS: dict[str, type[CsvAnswerWriter] | type[_StreamedAnswerWriter]] = {
    ".csv": CsvAnswerWriter,
    ".parquet": ParquetAnswerWriter,
    ".xlsx": XlsxAnswerWriter,
}
#: Endings of the files that can be written.
ENDINGS = tuple(WRITERS)


def writer_for(ending: str, schema: pa.Schema) -> FileWriter:
    """Return the writer of files with one of ENDINGS."""
    return WRITERS[ending](schema)
