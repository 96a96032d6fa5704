"""Bodies that are no clear JSON, each with its literal error."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.errors import RequestRefused
from serving.http.strict_json import read_strict_json


@pytest.mark.parametrize(
    ("body", "code", "where", "what"),
    [
        (
            b"",
            "not_json",
            "body",
            "is not JSON: Input is a zero-length, empty document at character 0",
        ),
        (
            b'{"a": NaN}',
            "not_json",
            "body",
            "is not JSON: unexpected character, expected a JSON value at character 6",
        ),
        (
            b'{"a": -Infinity}',
            "not_json",
            "body",
            "is not JSON: no digit after sign at character 7",
        ),
        (
            b'{"a": 1e400}',
            "not_json",
            "body",
            "is not JSON: number is infinity when parsed as double at character 6",
        ),
        (
            b"[" * 5000 + b"]" * 5000,
            "not_json",
            "body",
            "is not JSON: depth limit exceeded at character 1025",
        ),
        (b"[" * 400 + b"]" * 400, "not_json", "body", "is nested too deeply"),
        (
            b'{"a": "\\ud800"}',
            "not_json",
            "body",
            "is not JSON: no low surrogate in string at character 7",
        ),
        (
            b'{"a": "\xff"}',
            "not_json",
            "body",
            "is not JSON: str is not valid UTF-8: surrogates not allowed at character 0",
        ),
        (b'{"a": 1, "a": 1}', "repeated_key", "a", "is given twice"),
        (
            b'{"a": [{"b": 1}, {"b": 1, "\\u0062": {"c": 2}}]}',
            "repeated_key",
            "a[1].b",
            "is given twice",
        ),
        (b'{"a\\u003a": 1, "b": 1, "b": 2}', "repeated_key", "b", "is given twice"),
        (b'{"x": ":", "x": "y"}', "repeated_key", "x", "is given twice"),
    ],
)
def test_what_is_no_clear_document_is_refused(body, code, where, what):
    with pytest.raises(RequestRefused) as caught:
        read_strict_json(body)
    (fault,) = caught.value.faults
    assert (caught.value.status, caught.value.code, fault.where) == (400, code, where)
    assert fault.what == what


@given(
    st.recursive(
        st.none()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        ),
    )
)
def test_a_clear_document_is_read_as_any_reader_would(value):
    for body in (
        json.dumps(value).encode(),
        json.dumps(value, ensure_ascii=False, indent=1).encode(),
    ):
        assert read_strict_json(body) == orjson.loads(body)


@given(
    st.lists(
        st.tuples(st.sampled_from([":", "a", 'b"', "\\u003a"]), st.sampled_from([":", "::", "\\"])),
        max_size=5,
    )
)
def test_repeats_are_seen_whatever_the_strings_hold(pairs):
    inner = ", ".join(
        f"{orjson.dumps(name).decode()}: {orjson.dumps(value).decode()}" for name, value in pairs
    )
    body = f"[{{{inner}}}]".encode()
    names = [name for name, _ in pairs]
    if len(set(names)) == len(names):
        assert read_strict_json(body) == [dict(pairs)]
    else:
        with pytest.raises(RequestRefused, match="repeated_key"):
            read_strict_json(body)
