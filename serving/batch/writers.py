"""The files that answers go to: how the answers of a lot are encoded, and what makes one file of
all of them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.batch.arrow_answers import DICTIONARY_COLUMNS, csv_bytes
from serving.batch.checkpoint import Checkpoint
from serving.batch.errors import BatchError
from serving.batch.parquet_row_groups import MAGIC, encode_row_group, join_row_groups
from serving.scoring.measures import RANKING_MEASURES, best_first, measure_columns, measure_values

ENDINGS = (".csv", ".parquet", ".xlsx")
#: Rows of a worksheet, the header among them.
LARGEST_SHEET = 1 << 20


class AnswerWriter(Protocol):
    """A kind of file. `notes`: what there is to say of it once it is whole."""

    notes: Sequence[str]

    def start(self) -> bytes:
        """Give what it begins with."""

    def encode(self, answers: pa.Table) -> tuple[bytes, bytes]:
        """Give the bytes of a lot's answers, and what must be kept beside them."""

    def finish(self, work: Checkpoint) -> Path:
        """Make the whole file of what was appended; give where it is."""

    def write(self, answers: pa.Table, folder: Path) -> Path:
        """Write a file of these answers alone into a folder; give where it is."""


class CsvAnswerWriter:
    """CSV: the lots one after the other."""

    notes = ()

    def __init__(self, schema: pa.Schema):
        self.schema = schema

    def start(self) -> bytes:
        return csv_bytes(self.schema.empty_table(), header=True)

    def encode(self, answers: pa.Table) -> tuple[bytes, bytes]:
        return csv_bytes(answers, header=False), b""

    def finish(self, work: Checkpoint) -> Path:
        work.close()
        return work.folder / "answers"

    def write(self, answers: pa.Table, folder: Path) -> Path:
        path = folder / "whole"
        path.write_bytes(csv_bytes(answers, header=True))
        return path


class ParquetAnswerWriter:
    """ParquetAnswerWriter: a row group a lot, and at the end one footer over all of them."""

    notes = ()

    def __init__(self, schema: pa.Schema):
        self.schema = schema

    def start(self) -> bytes:
        return MAGIC

    def encode(self, answers: pa.Table) -> tuple[bytes, bytes]:
        return encode_row_group(answers, DICTIONARY_COLUMNS) if len(answers) else (b"", b"")

    def finish(self, work: Checkpoint) -> Path:
        work.append("answers", join_row_groups(self.schema, _parts(work)))
        work.close()
        return work.folder / "answers"

    def write(self, answers: pa.Table, folder: Path) -> Path:
        path = folder / "whole"
        pq.write_table(answers, path, store_schema=False)
        return path


class XlsxAnswerWriter(ParquetAnswerWriter):
    """XLSX: kept as ParquetAnswerWriter, and written as a worksheet at the end."""

    def finish(self, work: Checkpoint) -> Path:
        return _worksheet(super().finish(work), work.folder / "worksheet")

    def write(self, answers: pa.Table, folder: Path) -> Path:
        return _worksheet(super().write(answers, folder), folder / "worksheet")


class TopAnswerWriter:
    """The best answers alone, best first: of each lot its own best are kept, and at the end the
    best of those.

    Of several measures the first counts that any answer has; that is known at the end, so the best
    by each are kept.
    """

    def __init__(self, schema: pa.Schema, whole: AnswerWriter, measures: Sequence[str], count: int):
        """`whole`: the kind of file; `measures`: those whose columns `schema` has."""
        self.kept, self.whole, self.measures, self.count = (
            ParquetAnswerWriter(schema),
            whole,
            measures,
            count,
        )
        self.notes: list[str] = []

    def start(self) -> bytes:
        return self.kept.start()

    def encode(self, answers: pa.Table) -> tuple[bytes, bytes]:
        best = np.unique(np.concatenate([self._best(by, answers) for by in self.measures]))
        return self.kept.encode(answers.take(pa.array(best)))

    def finish(self, work: Checkpoint) -> Path:
        kept = pq.ParquetFile(self.kept.finish(work))
        by = self._measure(kept)
        best = self.kept.schema.empty_table()
        for batch in kept.iter_batches():
            lot = pa.Table.from_batches([batch]).cast(self.kept.schema)
            both = pa.concat_tables([best, lot])
            best = both.take(pa.array(self._best(by, both)))
        others = (
            f" (the first that any row has of {', '.join(self.measures)})"
            if len(self.measures) > 1
            else ""
        )
        self.notes.append(f"the best by {by}, {RANKING_MEASURES[by].order}{others}")
        return self.whole.write(best.select(self.whole.schema.names), work.folder)

    def _measure(self, kept: pq.ParquetFile) -> str:
        *first, last = self.measures
        for by in first:
            lots = kept.iter_batches(columns=list(measure_columns(by)))
            if any(np.isfinite(_figure(by, lot)).any() for lot in lots):
                return by
        return last

    def _best(self, by: str, answers: pa.Table) -> np.ndarray:
        """Give the places of the best answers by a measure."""
        return best_first(by, _figure(by, answers))[: self.count]


def _figure(by: str, answers: pa.Table | pa.RecordBatch) -> np.ndarray:
    return measure_values(
        by, {name: answers[name].to_numpy(zero_copy_only=False) for name in measure_columns(by)}
    )


def _parts(work: Checkpoint) -> Iterator[tuple[int, bytes]]:
    """Give where each lot's bytes begin, and its footer."""
    held = (work.folder / "footers").read_bytes()
    for before, line in zip(work.lines, work.lines[1:], strict=False):
        footer = held[before.ends["footers"] : line.ends["footers"]]
        if footer:
            yield before.ends["answers"], footer


def _worksheet(source: Path, path: Path) -> Path:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet("answers")

    def cell(value: object) -> object:
        if not isinstance(value, str):
            return value
        written = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:32_767])
        written.data_type = "s"  # a text that begins with = is no formula
        return written

    parquet = pq.ParquetFile(source)
    if parquet.metadata.num_rows >= LARGEST_SHEET:
        raise BatchError(
            f"{parquet.metadata.num_rows:,} answers are more than a worksheet holds ({LARGEST_SHEET - 1:,}): write "
            f".csv or .parquet"
        )
    sheet.append(parquet.schema_arrow.names)
    for batch in parquet.iter_batches(batch_size=5_000):
        columns = [_for_sheet(column).to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            sheet.append([cell(value) for value in row])
    book.save(path)
    return path


def _for_sheet(column: pa.Array) -> pa.Array:
    if not pa.types.is_timestamp(column.type):
        return column
    return pc.strftime(column.cast(pa.timestamp("s", "UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ")


def writer_for(ending: str, schema: pa.Schema) -> AnswerWriter:
    """Give the kind of file that an ending of ENDINGS says."""
    return {".csv": CsvAnswerWriter, ".parquet": ParquetAnswerWriter, ".xlsx": XlsxAnswerWriter}[
        ending
    ](schema)
