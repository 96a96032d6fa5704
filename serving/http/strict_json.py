"""Request bodies as JSON documents, read strictly: NaN, infinities, numbers past float64 and
repeated keys are refused.

A repeated key is ambiguous: readers take the first or the last. orjson keeps the last silently, but
written out again a document that lost one has fewer colons than its text, which costs a tenth of
what reading with every pair does.

A value takes up to a hundred times its text in memory, so they are counted before anything is read.
"""

import json
from collections.abc import Iterable

import numpy as np
import orjson

from serving.http.errors import ErrorDetail, RequestRefused, field_path, shorten_value
from serving.settings import Limits

#: Bytes of a text that are looked at together.
_PIECE = 2**18


def read_strict_json(body: bytes) -> object:
    """Return the document of a body.

    Raises RequestRefused where it is no JSON, has too many values, or an object with a key twice.
    """
    _check_values(body)
    try:
        document = orjson.loads(body)
        again = orjson.dumps(document)
    except orjson.JSONDecodeError as error:
        raise _refused(
            "not_json", "body", f"is not JSON: {error.msg} at character {error.pos}"
        ) from None
    except orjson.JSONEncodeError:
        raise _refused("not_json", "body", "is nested too deeply") from None
    if b"\\u003" in body or body.count(b":") != again.count(b":"):  # \u003a is a colon too
        _check_keys(body, again)
    return document


def _check_values(body: bytes) -> None:
    """Refuse a body with too many values: each but the first follows a comma, or begins what holds
    it.
    """
    signs = b",[{"
    if sum(map(body.count, (signs[:1], signs[1:2], signs[2:]))) < Limits.values:
        return
    count = _outside_texts(body, signs) + 1
    if count > Limits.values:
        most = f"at most {Limits.values:,}: send fewer partnerships at a time"
        raise RequestRefused.for_error(
            413, ErrorDetail("too_large", "body", f"holds {count:,} values", most)
        )


def _check_keys(body: bytes, again: bytes) -> None:
    """Refuse a body that lost keys when it was written again, as `again`."""
    if _outside_texts(body, b":") != _outside_texts(again, b":"):
        repeat = _repeat_in(json.loads(body, object_pairs_hook=_Pairs))
        if repeat:
            raise _refused(
                "repeated_key",
                str(shorten_value(field_path("", repeat))),
                "is given twice",
                "each field once",
            )


def _outside_texts(body: bytes, signs: bytes) -> int:
    """Count signs of a JSON text that stand outside of its strings; a piece at a time, so that
    memory does not matter.

    >>> _outside_texts(rb'{"a:\\"[": [1, "}"]}', b":[")
    2
    """
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    is_sign, inside, count = np.isin(np.arange(256), list(signs)), False, 0
    for start in range(0, len(body), _PIECE):
        piece = np.frombuffer(body[start : start + _PIECE], dtype=np.uint8)
        within = np.logical_xor.accumulate(piece == ord('"')) ^ inside
        count += int(np.count_nonzero(is_sign[piece] & ~within))
        inside = within[-1]
    return count


class _Pairs(dict):
    """An object that remembers the first key it was given twice."""

    repeated: str | None = None

    def __init__(self, pairs: list[tuple[str, object]]):
        super().__init__(pairs)
        if len(self) < len(pairs):
            seen = set()
            for name, _ in pairs:
                if name in seen:
                    self.repeated = name
                    break
                seen.add(name)


def _repeat_in(value: object, steps: tuple[str | int, ...] = ()) -> tuple[str | int, ...] | None:
    """Return the place of the first key that is repeated, as steps from the top."""
    if isinstance(value, _Pairs) and value.repeated is not None:
        return (*steps, value.repeated)
    members: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    repeats = (_repeat_in(member, (*steps, name)) for name, member in members)
    return next(filter(None, repeats), None)


def _refused(code: str, where: str, words: str, expected: str = "a JSON object") -> RequestRefused:
    return RequestRefused.for_error(400, ErrorDetail(code, where, words, expected))
