"""Answers as an Arrow table of one schema, whatever a chunk holds, and as CSV."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from features.files.formula_escape import escape_formula, escape_formula_array
from models.reasons import reasons_text
from serving.scoring.answer_table import EXTRA_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS
from serving.scoring.sentences import comparables_text

#: Column -> what makes one text of its tuples.
_FORMATTERS: dict[str, Callable[..., str | None]] = {
    "warnings": "; ".join,
    "reasons": reasons_text,
    "comparables": comparables_text,
}
_TIME = pa.timestamp("us", "UTC")
#: Text columns in which nearly every row has a text of its own.
_DISTINCT_TEXTS = frozenset(
    {"partnership_id", "creator_id", "sentence", "cost_note", *EXTRA_COLUMNS}
)
#: Columns of numbers and times whose values stand in many rows each.
DICTIONARY_COLUMNS = frozenset(
    {
        *(
            "as_of",
            "start_at",
            "deliverables",
            "horizon_days",
            "confidence",
            "completion_rate",
            "target_cpe_usd",
        ),
        *("goal_engagements", "benchmark_creators", "benchmark_cpe_creators"),
    }
)


def answer_schema(columns: Sequence[str]) -> pa.Schema:
    """Return the schema of answers with these columns."""
    return pa.schema([pa.field(name, _dtype(name)) for name in columns])


def _dtype(name: str) -> pa.DataType:
    if name in TIME_COLUMNS:
        return _TIME
    if name not in TEXT_COLUMNS and name not in _FORMATTERS:
        return pa.float64()
    return pa.string() if name in _DISTINCT_TEXTS else pa.dictionary(pa.int32(), pa.string())


def answers_to_arrow(
    columns: dict[str, np.ndarray], schema: pa.Schema, own: Mapping[str, pa.ChunkedArray]
) -> pa.Table:
    """Return columns of serving.scoring.answer_table.AnswerTable, and the list's `own` by name, as
    a table; unknown is null.
    """
    arrays = [
        own[field.name] if field.name in own else _array(columns[field.name], field)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _array(values: np.ndarray, field: pa.Field) -> pa.Array:
    if pa.types.is_floating(field.type):
        return pa.array(values.astype(float, copy=False), from_pandas=True)
    if field.type == _TIME:
        return pa.array(values.astype("datetime64[us]")).cast(_TIME)
    formatter = _FORMATTERS.get(field.name)
    if pa.types.is_dictionary(field.type):
        return _dictionary_array(values, formatter)
    if formatter is None:
        return pa.array(values, pa.string(), from_pandas=True)
    texts = [None if value is None else formatter(value) for value in values]
    return pa.array(texts, pa.string())


def _dictionary_array(
    values: np.ndarray, formatter: Callable[..., str | None] | None
) -> pa.DictionaryArray:
    """Return values (n,) that stand in many rows each as text, unknown where they are None."""
    codes, distinct = pd.factorize(values)
    texts = distinct if formatter is None else [formatter(value) for value in distinct]
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, pa.string()))


def csv_bytes(table: pa.Table, header: bool) -> bytes:
    """Return a table as CSV, times in ISO form, texts guarded against being run as formulas;
    unknown is empty.
    """
    sink = pa.BufferOutputStream()
    columns = [_csv_column(column.combine_chunks()) for column in table.columns]
    pa.csv.write_csv(
        pa.table(columns, names=[escape_formula(name) for name in table.column_names]),
        sink,
        pa.csv.WriteOptions(include_header=header),
    )
    return sink.getvalue().to_pybytes()


def _csv_column(values: pa.Array) -> pa.Array:
    """Return values as CSV has them: of a time or a dictionary, each distinct one is made once."""
    if pa.types.is_timestamp(values.type):
        distinct = values.dictionary_encode()
        return _moments(distinct.dictionary).take(distinct.indices)
    if pa.types.is_dictionary(values.type):
        return _csv_column(values.dictionary).take(values.indices)
    return escape_formula_array(values) if pa.types.is_string(values.type) else values


def _moments(values: pa.Array) -> pa.Array:
    zone = values.type.tz
    seconds = values.cast(pa.timestamp("s", zone), safe=False)
    return pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ" if zone else "%Y-%m-%dT%H:%M:%S")
