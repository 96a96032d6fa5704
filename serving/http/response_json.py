"""AnswerTable rows as JSON text: unknown is null, times are ISO in UTC, distributions are objects
of their own.

The values of a column are written at once, and the rows put together of their pieces: an object for
each row, which is then written, takes three times as long.
"""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from itertools import chain, groupby, repeat

import numpy as np
import orjson

from serving.scoring.answer_table import EXTRA_COLUMNS, AnswerTable
from serving.scoring.prospect_batch import EPOCH

#: Columns that answers put into one object: engagements_p50 -> engagements: {p50: ...}.
_PART = re.compile(
    r"(engagements|views|(?:cpe|cpm|cost_per_view|emv)_usd|cpe|cpm)_(p\d\d|mean)"
    r"|(benchmark)_(.+)|(offer(?:_usd)?)_(.+)|(market_fee_usd)_(.+)|(market_fee)_(low|typical|high)"
)
_NULL = b"null"
#: What is written of a column: a text for all rows, or one a row.
EncodedColumn = bytes | list[bytes]


def result_fields(scored: AnswerTable) -> list[bytes]:
    """Give the fields of each row as JSON, without the braces about them.

    >>> cost = {"cpe_usd_p10": np.array([0.5, np.nan]), "cpe_usd_p50": np.array([1.0, np.nan])}
    >>> result_fields(AnswerTable(2, {**cost, "fee_usd": np.array([9.0, np.nan])}, {}))
    [b'"cpe_usd":{"p10":0.5,"p50":1.0},"fee_usd":9.0', b'"cpe_usd":null,"fee_usd":null']
    """
    written = _written(scored.columns)
    pieces: list[EncodedColumn] = []
    for start, names, keys in _layout(tuple(written)):
        pieces.append(start)
        pieces += _pieces([written[name] for name in names], keys)
    own = [repeat(piece) if isinstance(piece, bytes) else piece for piece in _merged(pieces)]
    return [b"".join(row) for row in zip(repeat(b"", scored.n), *own, strict=False)]


@cache
def _layout(names: tuple[str, ...]) -> list[tuple[bytes, list[str], list[bytes]]]:
    """Give for each field its start, its columns, and where it is an object of several what stands
    before each.
    """
    groups: dict[str, dict[str, str]] = {}
    for name in names:
        part = _PART.fullmatch(name)
        whole, key = filter(None, part.groups()) if part else (name, "")
        groups.setdefault(whole, {})[name] = key
    starts = [
        b'%s"%s":' % (b"," if number else b"", whole.encode())
        for number, whole in enumerate(groups)
    ]
    return [
        (start, list(own), _keys(own.values()))
        for start, own in zip(starts, groups.values(), strict=True)
    ]


def _keys(names: Iterable[str]) -> list[bytes]:
    return [
        b'%s"%s":' % (b"," if number else b"{", name.encode())
        for number, name in enumerate(names)
        if name
    ]


def _pieces(values: list[EncodedColumn], keys: list[bytes]) -> list[EncodedColumn]:
    """Give the value of a field: a column, or an object of several, null where nothing of them is
    known.
    """
    if not keys:
        return values
    if values.count(_NULL) == len(values):
        return [_NULL]
    if all(one == _NULL if isinstance(one, bytes) else _NULL in one for one in values):
        return [_objects(values, keys)]
    return [*chain.from_iterable(zip(keys, values, strict=True)), b"}"]


def _merged(pieces: list[EncodedColumn]) -> list[EncodedColumn]:
    """Put neighbours that all rows share together."""
    found: list[EncodedColumn] = []
    for shared, own in groupby(pieces, bytes.__instancecheck__):
        neighbours = list(own)
        found += [b"".join(neighbours)] if shared else neighbours
    return found


def _objects(values: list[EncodedColumn], keys: list[bytes]) -> list[bytes]:
    nothing = (_NULL,) * len(keys)
    shape = b"%b".join(keys) + b"%b}"
    columns = (repeat(one) if isinstance(one, bytes) else one for one in values)
    return [_NULL if row == nothing else shape % row for row in zip(*columns, strict=False)]


def _written(columns: dict[str, np.ndarray]) -> dict[str, EncodedColumn]:
    """Write each value of columns, in their order; one for all rows where they are known to share
    it.
    """
    numbers = [name for name, values in columns.items() if values.dtype == float]
    matrix = np.array([columns[name] for name in numbers])
    known = np.isfinite(matrix).any(axis=1).tolist()
    rows = iter(orjson.dumps(matrix[known], option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].split(b"],["))
    texts = {
        name: _cells(next(rows)) if some else _NULL
        for name, some in zip(numbers, known, strict=True)
    }
    return {
        name: texts[name] if name in texts else _others(name, values)
        for name, values in columns.items()
    }


def _cells(row: bytes) -> EncodedColumn:
    return row.split(b",") if b"," in row else row


def _others(name: str, values: np.ndarray) -> EncodedColumn:
    if values.dtype.kind == "M":
        return _each(values.view(np.int64).tolist(), _iso)
    found = values.tolist()
    return [orjson.dumps(one) for one in found] if name in EXTRA_COLUMNS else _each(found)


def _each(values: list, words: Callable = lambda value: value) -> EncodedColumn:
    """Write each of the distinct values once."""
    written = {value: orjson.dumps(words(value)) for value in set(values)}
    return [written[value] for value in values] if len(written) > 1 else written[values[0]]


def _iso(moment: int) -> str:
    return (EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")
