"""Long CSV lists: what is written plainly is read by Arrow, everything else by the reader of
spreadsheets, row by row.

Plain is what that reader could only read in one way: digits with a decimal point, ISO dates, texts
of ASCII letters, and words of a list, each of which it reads once. So that both say the same of the
same text. What the columns hold is decided from the first rows and from rows all over the file; a
row that contradicts it is rejected, with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from features.files.formula_escape import APOSTROPHE
from features.tables.currency import USD
from features.tables.schema import DTYPES, EARLIEST, LATEST
from ingest.sheets.column_plans import ColumnPlan
from ingest.sheets.convert import convert_records
from ingest.sheets.delimited import split_records
from ingest.sheets.fee_text import ParsedFee
from ingest.sheets.headers import Record
from ingest.sheets.labels import MISSING, is_missing
from ingest.sheets.rows import SUMMARIES
from ingest.sheets.sheet_source import SheetSource
from ingest.sheets.text_files import LONGEST_LINE
from serving.batch.chunks import Chunk
from serving.batch.csv_blocks import Block, read_blocks
from serving.batch.sheet_list import SheetList, fill_creator_id

#: Records from the beginning, and places all over the file with so many records each, that decide.
SAMPLE_HEAD_ROWS, SAMPLE_POSITIONS, SAMPLE_ROWS_EACH = 5_000, 200, 20
#: Bytes of the end, where sums stand, that decide too.
SAMPLE_TAIL_BYTES = 4096
#: Distinct words of a column that are read one by one.
MAX_DISTINCT_WORDS = 5_000
_WHOLE, _SAFE, _ANY = (
    r"^\d{1,15}(\.0)?$",
    r"^\d{1,15}(\.(\d{1,2}|\d{4,17}))?$",
    r"^\d{1,15}(\.\d{1,17})?$",
)
_DAY, _MOMENT = r"^\d{4}-\d\d-\d\d$", r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.0{1,6})?(Z|\+00:00)$"
_TEXTS = {
    "creator_id": r"^[A-Za-z0-9_\-][A-Za-z0-9_\-]*$",
    "partnership_id": r"^[A-Za-z0-9_\-]([A-Za-z0-9_\- ]*[A-Za-z0-9_\-])?$",
    "handle": r"^@?[A-Za-z0-9_]+$",
}
_TEXT = r"^[!#-~]([ !#-~]*[!#-~])?$"
_WORDS = ("platform", "currency", "niche", "brand_niche", "country", "language", "format")
_SAID_NOTHING = pa.array(sorted(MISSING | SUMMARIES))


@dataclass(frozen=True)
class ParsedColumn:
    """A column as read: its values, and which of the cells were plain, (n,) each."""

    values: pd.Series
    plain: np.ndarray


class FastCsvList(SheetList):
    """A long CSV list in UTF-8."""

    def _decided_from(self, source: SheetSource) -> SheetSource:
        return replace(source, records=lambda: iter(_sampled(source)))

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Give the rows; `rows` is how many lines the lots have, about."""
        source = self.decided.source
        size = max(rows * max(self.path.stat().st_size // max(self.total, 1), 1), 1 << 12)
        for block in read_blocks(self.path, source.header_line, size):
            table = _parsed(block, source) if block.plain else None
            yield self._slow(self._records(block)) if table is None else self._mixed(block, table)

    def _records(self, block: Block, lines: np.ndarray | None = None) -> list[Record]:
        """Give the records of a block, or of some of its lines, each of which is a record."""
        split = partial(
            split_records,
            delimiter=self.decided.source.delimiter,
            width=len(self.decided.source.header),
        )
        if lines is None:
            return [(block.first + number - 1, *rest) for number, *rest in split(block.text())]
        return [(block.first + int(at), *next(split([block.line(at)]))[1:]) for at in lines]

    def _slow(self, found: list[Record]) -> Chunk:
        return self._lot(convert_records(self.decided, found))

    def _mixed(self, block: Block, table: pa.Table) -> Chunk:
        """Read the plain rows of a block at once and the others one by one, and put them in order."""
        lines = np.flatnonzero(~block.blank)
        columns, plain = {}, _given(table)
        for name, read in self._planned(table):
            columns[name], plain = read.values, plain & read.plain
        who = [columns[name].notna() for name in ("creator_id", "handle") if name in columns]
        plain &= np.logical_or.reduce(who) if who else True
        plain &= (
            ~_guarded(table)
            & _priced(columns)
            & ~np.isin(block.first + lines, list(self.decided.sums))
        )
        fast = fill_creator_id(self._placed(pd.DataFrame(columns, index=range(len(lines)))[plain]))
        at = np.flatnonzero(plain)
        slow = self._slow(self._records(block, lines[~plain])) if not plain.all() else None
        places, text = block.first + lines[plain], partial(_text, table, at)
        lot = Chunk(fast.reset_index(drop=True), places, text, unread=self._unread(table, plain))
        blank = int(block.blank.sum())
        return replace(lot, blank=blank) if slow is None else _merged(lot, slow, blank)

    def _planned(self, table: pa.Table) -> Iterator[tuple[str, ParsedColumn]]:
        for plan in self.decided.plans:
            name = (
                "fee_usd" if plan.column == "fee" and not plan.has_currency_column else plan.column
            )
            yield name, _read(table.column(plan.index).combine_chunks(), plan)

    def _unread(self, table: pa.Table, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Say by column which of the rows marked hold something in a column that stays unclear."""
        unread: dict[str, np.ndarray] = {}
        for index, name in self.decided.unread.items():
            cells = table.column(index).combine_chunks().dictionary_encode()
            told = np.array(
                [not is_missing(text.strip()) for text in cells.dictionary.to_pylist()], dtype=bool
            )
            unread[name] = unread.get(name, False) | told[cells.indices.to_numpy()][rows]
        return unread

    def _placed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Name the platform of rows that name none, where the sheet is of one."""
        if self.decided.platform is None:
            return rows
        told = (
            rows["platform"]
            if "platform" in rows
            else pd.Series(None, index=rows.index, dtype="str")
        )
        return rows.assign(platform=told.fillna(self.decided.platform))


def _sampled(source: SheetSource) -> list[Record]:
    """Give the first records and, where there are more, some from all over the file, and the last
    ones.
    """
    found = list(islice(source.records(), SAMPLE_HEAD_ROWS))
    if len(found) < SAMPLE_HEAD_ROWS:
        return found
    size = source.path.stat().st_size
    width = len(source.header)
    with open(source.path, "rb") as file:
        for place, most in [
            *((n * size // SAMPLE_POSITIONS, SAMPLE_ROWS_EACH) for n in range(1, SAMPLE_POSITIONS)),
            (max(size - SAMPLE_TAIL_BYTES, 0), SAMPLE_TAIL_BYTES),
        ]:
            file.seek(place)
            file.readline(LONGEST_LINE)
            ahead = islice(iter(partial(file.readline, LONGEST_LINE), b""), most)
            lines = [line.decode("utf-8", "replace").rstrip("\r\n") for line in ahead]
            near = split_records(lines, source.delimiter, width)
            found += [
                (0, cells, wrong) for _, cells, wrong in near if len(cells) == width and not wrong
            ]
    return found


def _parsed(block: Block, source: SheetSource) -> pa.Table | None:
    """Split a block's lines into cells with Arrow, None where they have not all as many as the
    header.
    """
    names = [str(k) for k in range(len(source.header))]
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


def _given(table: pa.Table) -> np.ndarray:
    """Mark the rows that hold something, and do not begin with a word that sums others up."""
    given = np.zeros(len(table), dtype=bool)
    first = pa.array([""] * len(table))
    for column in table.columns:
        if given.all():
            break
        cells = column.combine_chunks()
        first = pc.if_else(pa.array(given), first, cells)
        given |= pc.not_equal(cells, "").to_numpy(zero_copy_only=False)
    return given & ~_among(first, pa.array(sorted(SUMMARIES)))


def _guarded(table: pa.Table) -> np.ndarray:
    """Mark the rows in which a cell begins with an apostrophe, which may be a guard."""
    marks = [pc.starts_with(column, APOSTROPHE).to_numpy() for column in table.columns]
    return np.logical_or.reduce(marks)


def _priced(columns: dict[str, pd.Series]) -> np.ndarray | bool:
    """Mark the rows whose fee is one alone and has a currency, where a column names it; others have
    none there.
    """
    if "currency" not in columns:
        return True
    amount, currency = columns["fee"].notna(), columns["currency"]
    columns["currency"] = currency.where(amount)
    doubled = amount & columns["fee_usd"].notna() if "fee_usd" in columns else False
    return ((~amount | currency.notna()) & ~doubled & (columns["fee"] != 0)).to_numpy()


def _among(cells: pa.Array, words: pa.Array) -> np.ndarray:
    lower = pc.utf8_lower(pc.utf8_trim(cells, characters=" :"))
    return pc.is_in(lower, value_set=words).to_numpy(zero_copy_only=False)


def _matches(cells: pa.Array, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(cells, pattern).to_numpy(zero_copy_only=False)


def _read(cells: pa.Array, plan: ColumnPlan) -> ParsedColumn:
    """Read the plain cells of a column; the values of others are not to be used."""
    empty = pc.equal(cells, "").to_numpy(zero_copy_only=False)
    if empty.all():
        return ParsedColumn(
            pd.Series(None, index=range(len(cells)), dtype=DTYPES.get(plan.kind, "str")), empty
        )
    if plan.column in _WORDS or plan.kind == "flag":
        return _words(cells, plan)
    if plan.kind in ("count", "real"):
        return _numbers(cells, plan, empty)
    if plan.kind == "time":
        return _times(cells, plan, empty)
    if plan.column == "link":
        return ParsedColumn(pd.Series(None, index=range(len(cells)), dtype="str"), empty)
    plain = _matches(cells, _TEXTS.get(plan.column, _TEXT)) & ~_among(cells, _SAID_NOTHING)
    told = pc.if_else(pa.array(plain), cells, None)
    told = pc.utf8_ltrim(told, characters="@") if plan.column == "handle" else told
    return ParsedColumn(told.to_pandas().astype("str"), plain | empty)


def _numbers(cells: pa.Array, plan: ColumnPlan, empty: np.ndarray) -> ParsedColumn:
    pattern, money = _pattern(plan), plan.column in ("fee", "fee_usd")
    plain = _matches(cells, pattern) if pattern else np.zeros(len(cells), dtype=bool)
    values = (
        pc.if_else(pa.array(plain), cells, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
    )
    if not money and not plan.column.startswith("engagement_rate"):
        whole = np.rint(values)
        values = np.where(np.abs(values - whole) < 1e-6, whole, values)
    return ParsedColumn(pd.Series(values), plain | empty)


def _pattern(plan: ColumnPlan) -> str | None:
    """Give what plain numbers of a column look like, "" where its numbers mean something else than
    they say.
    """

    def says(text: str) -> bool:
        value, wrong = plan.read(text)
        if isinstance(value, ParsedFee):
            odd = value.per_post or value.currency != (None if plan.has_currency_column else USD)
            value = None if odd else value.amount
        return not wrong and value == float(text)

    if not (says("1234") and says("20000.0")):
        return None
    if plan.kind == "count":
        return _WHOLE
    if not says("12.5") or not says("0.0345"):
        return None
    return _ANY if says("1.234") else _SAFE


def _times(cells: pa.Array, plan: ColumnPlan, empty: np.ndarray) -> ParsedColumn:
    plain = _matches(cells, _DAY) | _matches(cells, _MOMENT)
    plain &= plan.read("2026-02-01")[0] == datetime(2026, 2, 1, tzinfo=UTC)
    texts = pc.utf8_slice_codeunits(pc.if_else(pa.array(plain), cells, None), 0, 19)
    times = pd.Series(
        pd.to_datetime(texts.to_pandas(), errors="coerce", utc=True, format="ISO8601")
    )
    inside = ((times >= pd.Timestamp(EARLIEST)) & (times < pd.Timestamp(LATEST))).to_numpy()
    return ParsedColumn(times.astype(DTYPES["time"]), (plain & inside) | empty)


def _words(cells: pa.Array, plan: ColumnPlan) -> ParsedColumn:
    """Read words of a list, each once; those that stand for nothing are not plain."""
    coded = cells.dictionary_encode()
    words = coded.dictionary.to_pylist()
    if len(words) > MAX_DISTINCT_WORDS:
        return ParsedColumn(
            pd.Series(None, index=range(len(cells)), dtype=DTYPES[plan.kind]),
            np.zeros(len(cells), dtype=bool),
        )
    read = [plan.read(word.strip()) for word in words]
    sound = np.array(
        [
            not wrong and (value is not None or not word) and word == word.strip()
            for word, (value, wrong) in zip(words, read, strict=True)
        ]
    )
    codes = coded.indices.to_numpy()
    values = pd.Series([value for value, _ in read], dtype=DTYPES.get(plan.kind, "str"))
    return ParsedColumn(values.take(codes).reset_index(drop=True), sound[codes])


def _text(table: pa.Table, at: np.ndarray, rows: list[int]) -> list[list[str]]:
    found = table.take(pa.array(at[rows], pa.int64())).to_pydict()
    return [list(row) for row in zip(*found.values(), strict=True)]


def _merged(one: Chunk, other: Chunk, blank: int) -> Chunk:
    """Put the rows of two lots in the order of their lines."""
    places = np.concatenate([one.positions, other.positions])
    order = np.argsort(places, kind="stable")
    count, now = len(one.positions), np.empty(len(order), dtype=int)
    now[order] = np.arange(len(order))

    def text(rows: list[int]) -> list[list[str]]:
        before = order[rows]
        own, others = before[before < count], before[before >= count] - count
        texts = dict(zip(own.tolist(), one.text(own.tolist()), strict=True)) if len(own) else {}
        if len(others):
            texts |= dict(zip((others + count).tolist(), other.text(others.tolist()), strict=True))
        return [texts[row] for row in before.tolist()]

    rows = pd.concat(
        [frame for frame in (one.rows, other.rows) if len(frame)] or [one.rows], ignore_index=True
    )
    return Chunk(
        rows.take(order).reset_index(drop=True),
        places[order],
        text,
        {int(now[count + row]): found for row, found in other.reasons.items()},
        other.invalid_lines,
        other.blank + blank,
        other.notes,
        *(
            {name: np.concatenate(pair)[order] for name, pair in found.items()}
            for found in _pairs(one, other)
        ),
    )


def _pairs(one: Chunk, other: Chunk) -> Iterator[dict[str, tuple]]:
    """Give what each of two lots marks, by name: values that could not be read, then remarks."""
    for mine, theirs in ((one.unread, other.unread), (one.remarks, other.remarks)):
        counts = len(one.positions), len(other.positions)
        yield {
            name: tuple(
                marks.get(name, np.zeros(n, dtype=bool))
                for marks, n in zip((mine, theirs), counts, strict=True)
            )
            for name in mine | theirs
        }
