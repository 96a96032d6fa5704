"""Columns of a long CSV list whose cells are plain, read at once with Arrow.

A cell is plain where the reader of spreadsheets could read it in one way only: digits with a
decimal point, ISO dates, texts of ASCII letters, and words that its plan reads, each once. What is
not plain is left to that reader, so that both read the same from the same text.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.tables.column_checks import BrokenRule, broken_rules
from features.tables.currency import USD
from features.tables.schema import DTYPES, PROSPECTS
from ingest.sheets.column_plans import ColumnPlan
from ingest.sheets.fee_text import ParsedFee
from ingest.sheets.labels import MISSING
from ingest.sheets.package_columns import is_package
from ingest.sheets.rows import SUMMARIES

#: Distinct words of a column that are read one by one.
MAX_DISTINCT_WORDS = 5_000
#: Numbers: whole ones, those whose point cannot group thousands, and all.
_WHOLE_NUMBER = r"^\d{1,15}(\.0)?$"
_UNGROUPED_NUMBER = r"^\d{1,15}(\.(\d{1,2}|\d{4,17}))?$"
_NUMBER = r"^\d{1,15}(\.\d{1,17})?$"
#: Days and moments in ISO form of the years 1900 to 2099.
_DAY = r"^(19|20)\d\d-\d\d-\d\d$"
_MOMENT = r"^(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.0{1,6})?(Z|\+00:00)$"
_TEXT_PATTERNS = {
    "creator_id": r"^[A-Za-z0-9_\-][A-Za-z0-9_\-]*$",
    "partnership_id": r"^[A-Za-z0-9_\-]([A-Za-z0-9_\- ]*[A-Za-z0-9_\-])?$",
    "handle": r"^@?[A-Za-z0-9_]+$",
}
_ANY_TEXT = r"^[!#-~]([ !#-~]*[!#-~])?$"
_WORD_COLUMNS = ("platform", "currency", "niche", "brand_niche", "country", "language", "format")
#: Read by the reader of spreadsheets, which settles packages with the columns beside them.
_NOT_PLAIN_COLUMNS = ("package",)
#: A column of times; those of all tables have one range.
_ANY_TIME = PROSPECTS["start_at"]
_UNKNOWN_WORDS = pa.array(sorted(MISSING | SUMMARIES))


@dataclass(frozen=True)
class ParsedColumn:
    """A column as read: its values (n,), of no meaning where a cell is not plain, and which cells
    are, (n,).
    """

    values: pd.Series
    plain: np.ndarray


def parse_column(cells: pa.Array, plan: ColumnPlan) -> ParsedColumn:
    """Return the plain cells of a column, read as planned; empty ones are unknown."""
    empty = pc.equal(cells, "").to_numpy(zero_copy_only=False)
    if empty.all():
        return _unknown_column(len(cells), DTYPES.get(plan.kind, "str"), empty)
    if plan.column in _NOT_PLAIN_COLUMNS:
        return _unknown_column(len(cells), "str", empty)
    if plan.column in _WORD_COLUMNS or plan.kind == "flag":
        return _parse_words(cells, plan)
    if plan.kind in ("count", "real"):
        return _parse_numbers(cells, plan, empty)
    if plan.kind == "time":
        return _parse_times(cells, plan, empty)
    if plan.column == "link":
        return _unknown_column(len(cells), "str", empty)
    return _parse_texts(cells, plan, empty)


def contains_word(cells: pa.Array, words: pa.Array) -> np.ndarray:
    """Mark the cells (n,) that are one of some words in lower case, but for blanks and colons."""
    trimmed = pc.utf8_lower(pc.utf8_trim(cells, characters=" :"))
    return pc.is_in(trimmed, value_set=words).to_numpy(zero_copy_only=False)


def _unknown_column(rows: int, dtype: object, plain: np.ndarray) -> ParsedColumn:
    return ParsedColumn(pd.Series(None, index=range(rows), dtype=dtype), plain)


def _matches(cells: pa.Array, pattern: str) -> np.ndarray:
    return pc.match_substring_regex(cells, pattern).to_numpy(zero_copy_only=False)


def _parse_texts(cells: pa.Array, plan: ColumnPlan, empty: np.ndarray) -> ParsedColumn:
    plain = _matches(cells, _TEXT_PATTERNS.get(plan.column, _ANY_TEXT))
    plain &= ~contains_word(cells, _UNKNOWN_WORDS)
    texts = pc.if_else(pa.array(plain), cells, None)
    if plan.column == "handle":
        texts = pc.utf8_ltrim(texts, characters="@")
    return ParsedColumn(texts.to_pandas().astype("str"), plain | empty)


def _parse_numbers(cells: pa.Array, plan: ColumnPlan, empty: np.ndarray) -> ParsedColumn:
    pattern = _number_pattern(plan)
    plain = _matches(cells, pattern) if pattern else np.zeros(len(cells), dtype=bool)
    numbers = pc.if_else(pa.array(plain), cells, None).cast(pa.float64())
    values = numbers.to_numpy(zero_copy_only=False)
    is_count = plan.column not in ("fee", "fee_usd")
    if is_count and not plan.column.startswith("engagement_rate"):
        whole = np.rint(values)
        values = np.where(np.abs(values - whole) < 1e-6, whole, values)
    return ParsedColumn(pd.Series(values), plain | empty)


def _number_pattern(plan: ColumnPlan) -> str | None:
    """Return the pattern of plain numbers, None where the plan reads digits as another number."""
    if not (_reads_as_written(plan, "1234") and _reads_as_written(plan, "20000.0")):
        return None
    if plan.kind == "count":
        return _WHOLE_NUMBER
    if not (_reads_as_written(plan, "12.5") and _reads_as_written(plan, "0.0345")):
        return None
    return _NUMBER if _reads_as_written(plan, "1.234") else _UNGROUPED_NUMBER


def _reads_as_written(plan: ColumnPlan, text: str) -> bool:
    """Tell whether the plan reads a number as Python does; a fee, as one in USD for all posts."""
    value, fault = plan.read(text)
    if isinstance(value, ParsedFee):
        currency = None if plan.has_currency_column else USD
        is_plain = not value.per_post and value.currency == currency
        value = value.amount if is_plain else None
    return not fault and value == float(text)


def _parse_times(cells: pa.Array, plan: ColumnPlan, empty: np.ndarray) -> ParsedColumn:
    plain = _matches(cells, _DAY) | _matches(cells, _MOMENT)
    plain &= plan.read("2026-02-01")[0] == datetime(2026, 2, 1, tzinfo=UTC)
    seconds = pc.utf8_slice_codeunits(pc.if_else(pa.array(plain), cells, None), 0, 19)
    times = pd.Series(
        pd.to_datetime(seconds.to_pandas(), errors="coerce", utc=True, format="ISO8601")
    )
    outside = broken_rules(_ANY_TIME, times)[BrokenRule.TIME_OUT_OF_RANGE]
    plain &= times.notna().to_numpy() & ~outside
    return ParsedColumn(times.astype(DTYPES["time"]), plain | empty)


def _parse_words(cells: pa.Array, plan: ColumnPlan) -> ParsedColumn:
    """Have the plan read each distinct word once; those that stand for nothing are not plain."""
    encoded = cells.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    if len(words) > MAX_DISTINCT_WORDS:
        return _unknown_column(len(cells), DTYPES[plan.kind], np.zeros(len(cells), dtype=bool))
    values, plain = [], np.zeros(len(words), dtype=bool)
    for number, word in enumerate(words):
        value, fault = plan.read(word.strip())
        values.append(value)
        is_known = value is not None or not word
        is_one = plan.column != "format" or not is_package(value)
        plain[number] = not fault and is_known and is_one and word == word.strip()
    codes = encoded.indices.to_numpy()
    column = pd.Series(values, dtype=DTYPES.get(plan.kind, "str"))
    return ParsedColumn(column.take(codes).reset_index(drop=True), plain[codes])
