"""Long CSV lists: rows whose cells are all plain are read at once with Arrow, the others one by one
by the reader of spreadsheets.

How columns are read is decided once, from the first rows and from rows all over the file; a row
that contradicts it is rejected, with the reason.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from features.files.formula_escape import APOSTROPHE
from ingest.sheets.convert import convert_records
from ingest.sheets.delimited import split_records
from ingest.sheets.headers import Record
from ingest.sheets.labels import is_missing
from ingest.sheets.rows import SUMMARIES
from ingest.sheets.sheet_source import SheetSource
from serving.batch.chunks import Chunk
from serving.batch.csv_blocks import Block, read_blocks
from serving.batch.csv_columns import contains_word, parse_column
from serving.batch.csv_sample import sample_records
from serving.batch.merge_chunks import merge_chunks
from serving.batch.sheet_list import SheetList, fill_creator_id

#: Bytes of a block, at least.
MIN_BLOCK_BYTES = 1 << 12


class FastCsvList(SheetList):
    """A long CSV list in UTF-8. It gives the same rows as SheetList, in less than half the time."""

    def _sample(self, source: SheetSource) -> SheetSource:
        return replace(source, records=lambda: iter(sample_records(source)))

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the rows; a chunk has about so many lines."""
        source = self.plan.source
        bytes_per_line = max(self.path.stat().st_size // max(self.total or 0, 1), 1)
        block_bytes = max(rows * bytes_per_line, MIN_BLOCK_BYTES)
        for block in read_blocks(self.path, source.header_line, block_bytes):
            table = _parse_block(block, source) if block.one_line_records else None
            if table is None:
                yield self._convert(self._records(block))
            else:
                yield self._read_plain_rows(block, table)

    def _records(self, block: Block, lines: np.ndarray | None = None) -> list[Record]:
        """Return the records of a block, or of some of its lines, each of which is a record."""
        split = partial(
            split_records,
            delimiter=self.plan.source.delimiter,
            width=len(self.plan.source.header),
        )
        records: list[Record] = []
        if lines is None:
            for number, cells, fault in split(block.lines()):
                records.append((block.first + number - 1, list(cells), fault))
            return records
        for line in lines.tolist():
            _, cells, fault = next(split([block.line(line)]))
            records.append((block.first + line, list(cells), fault))
        return records

    def _convert(self, records: list[Record]) -> Chunk:
        """Return records as the reader of spreadsheets reads them."""
        return self._chunk(convert_records(self.plan, records))

    def _read_plain_rows(self, block: Block, table: pa.Table) -> Chunk:
        """Return a block's rows in order: the plain ones read at once, the others one by one."""
        lines = np.flatnonzero(~block.blank)
        columns, plain = self._parse_columns(table)
        plain &= _has_content(table) & ~_has_apostrophe(table) & _has_clear_fee(columns)
        plain &= ~np.isin(block.first + lines, list(self.plan.sums))
        if "currency" in columns:
            columns["currency"] = columns["currency"].where(columns["fee"].notna())
        rows = pd.DataFrame(columns, index=range(len(lines)))[plain]
        rows = fill_creator_id(self._fill_platform(rows)).reset_index(drop=True)
        blank = int(block.blank.sum())
        chunk = Chunk(
            rows,
            block.first + lines[plain],
            partial(_row_texts, table, np.flatnonzero(plain)),
            blank=blank,
            unread=self._mark_unread(table, plain),
            own=partial(_own_texts, table, np.flatnonzero(plain), self.kept),
        )
        if plain.all():
            return chunk
        return merge_chunks(chunk, self._convert(self._records(block, lines[~plain])), blank)

    def _parse_columns(self, table: pa.Table) -> tuple[dict[str, pd.Series], np.ndarray]:
        """Return the columns by name, and the rows (n,) whose cells are all plain and name a
        creator.
        """
        columns: dict[str, pd.Series] = {}
        plain = np.ones(len(table), dtype=bool)
        for plan in self.plan.plans:
            is_usd = plan.column == "fee" and not plan.has_currency_column
            parsed = parse_column(table.column(plan.index).combine_chunks(), plan)
            columns["fee_usd" if is_usd else plan.column] = parsed.values
            plain &= parsed.plain
        names = [columns[name] for name in ("creator_id", "handle") if name in columns]
        if names:
            plain &= np.logical_or.reduce([name.notna() for name in names])
        return columns, plain

    def _mark_unread(self, table: pa.Table, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Mark, of the chosen rows, those with a value in a column that stays unclear."""
        unread: dict[str, np.ndarray] = {}
        for index, name in self.plan.unread.items():
            encoded = table.column(index).combine_chunks().dictionary_encode()
            texts = encoded.dictionary.to_pylist()
            has_value = np.array([not is_missing(text.strip()) for text in texts], dtype=bool)
            marks = has_value[encoded.indices.to_numpy()][rows]
            unread[name] = unread.get(name, False) | marks
        return unread

    def _fill_platform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with the platform of the sheet where they name none."""
        platform = self.plan.platform
        if platform is None:
            return rows
        if "platform" not in rows:
            return rows.assign(platform=pd.Series(platform, index=rows.index, dtype="str"))
        return rows.assign(platform=rows["platform"].fillna(platform))


def _parse_block(block: Block, source: SheetSource) -> pa.Table | None:
    """Return a block's lines as columns of texts, None where some have other than the header's
    number of cells.
    """
    names = [str(number) for number in range(len(source.header))]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(block.content),
            pyarrow.csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(block.content) + 1
            ),
            pyarrow.csv.ParseOptions(delimiter=source.delimiter),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table if len(table) == int((~block.blank).sum()) else None


def _has_content(table: pa.Table) -> np.ndarray:
    """Mark the rows (n,) that hold something, and do not begin with a word that sums up others."""
    content = np.zeros(len(table), dtype=bool)
    first_text = pa.array([""] * len(table))
    for column in table.columns:
        if content.all():
            break
        cells = column.combine_chunks()
        first_text = pc.if_else(pa.array(content), first_text, cells)
        content |= pc.not_equal(cells, "").to_numpy(zero_copy_only=False)
    return content & ~contains_word(first_text, pa.array(sorted(SUMMARIES)))


def _has_apostrophe(table: pa.Table) -> np.ndarray:
    """Mark the rows (n,) with a cell that begins with an apostrophe, which may guard a formula."""
    marks = [pc.starts_with(column, APOSTROPHE).to_numpy() for column in table.columns]
    return np.logical_or.reduce(marks)


def _has_clear_fee(columns: dict[str, pd.Series]) -> np.ndarray:
    """Mark the rows (n,) with no fee, or with one fee that has a currency and is not 0.

    All rows are marked where no column names currencies.
    """
    if "currency" not in columns:
        return np.ones(len(next(iter(columns.values()))), dtype=bool) if columns else np.array(True)
    fee, currency = columns["fee"], columns["currency"]
    clear = (fee.isna() | currency.notna()) & (fee != 0)
    if "fee_usd" in columns:
        clear &= fee.isna() | columns["fee_usd"].isna()
    return clear.to_numpy()


def _own_texts(
    table: pa.Table, table_rows: np.ndarray, kept: list[int], rows: np.ndarray
) -> pa.Table:
    """Return the kept columns of some rows, null where a cell is empty."""
    places = pa.array(table_rows[rows], pa.int64())
    texts = [pc.utf8_trim_whitespace(table.column(place).take(places)) for place in kept]
    columns = [pc.if_else(pc.equal(column, ""), None, column) for column in texts]
    return pa.table(columns, names=[str(place) for place in kept])


def _row_texts(table: pa.Table, table_rows: np.ndarray, rows: list[int]) -> list[list[str]]:
    """Return the cells of rows as written; `table_rows`: where each row stands in the table."""
    columns = table.take(pa.array(table_rows[rows], pa.int64())).to_pydict()
    return [list(row) for row in zip(*columns.values(), strict=True)]
