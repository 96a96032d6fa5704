"""Files of JSON in any dress are read value by value; what is no file of JSON is refused with one clear error."""

import codecs
import gzip
import json
import lzma
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.exports import json_stream
from ingest.exports.errors import SourceError
from ingest.exports.file_kind import detect_file_kind
from ingest.exports.json_stream import MalformedValue, read_json_values

ONE, TWO = {"id": "1", "text": 'é\n"{['}, {"id": "2", "n": [1.5, None, True]}


#: Without the time, which would give one and the same test two names.
packed = partial(gzip.compress, mtime=0)


@pytest.fixture
def values(tmp_path):
    """Write a file and give the values read from it, those that cannot be read by their reason."""

    def read(content, name="export.json"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return [
            value.reason if isinstance(value, MalformedValue) else value
            for _, value in read_json_values(path)
        ]

    return read


BOTH = [ONE, TWO]
LINES = "".join(json.dumps(one) + "\n" for one in BOTH)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(BOTH),
        json.dumps(BOTH, indent=2),
        LINES,
        "\n\n" + LINES.replace("\n", "\r\n\r\n"),
        LINES.rstrip(),
        json.dumps(ONE) + json.dumps(TWO),
        json.dumps(ONE, indent=1) + "\n" + json.dumps(TWO, indent=1),
        codecs.BOM_UTF8 + json.dumps(BOTH, ensure_ascii=False).encode(),
        LINES.encode("utf-16"),
        packed(LINES.encode()),
        packed(json.dumps(ONE).encode()) + packed(json.dumps(TWO).encode()),
        lzma.compress(json.dumps(BOTH).encode()),
    ],
)
def test_all_dresses_of_two_values(values, content):
    assert values(content) == BOTH


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (
            '{"a": 1}\n{"b":\n{"c": NaN}\n',
            [{"a": 1}, "is no JSON: Expecting value at character 6", None],
        ),
        (
            'oops\n{"a": 1}\n{"b": 2}',
            ["is no JSON: Expecting value at character 1", {"a": 1}, {"b": 2}],
        ),
        ('{"a": 1,\n{"a": 1}\n{"b": 2}', ["is no JSON", {"a": 1}, {"b": 2}]),
        (
            '{"a": 1}\n{"b": "cut',
            [{"a": 1}, "is no JSON: Unterminated string starting at at character 7"],
        ),
        ('{"a": 1, "a": 2}', [{"a": 2}]),
        (
            '[{"a": 1}, ' + "[" * 5000 + "]" * 5000 + ', {"b": 2}]',
            [{"a": 1}, "is nested too deeply", {"b": 2}],
        ),
        (
            '{"a": 1}\n' + "[" * 5000 + "]" * 5000 + '\n{"b": 2}',
            [{"a": 1}, "is nested too deeply", {"b": 2}],
        ),
        ("[1, " + "9" * 5000 + ', {"b": 2}]', [1, "cannot be held", {"b": 2}]),
        ("1\n" + "9" * 5000 + '\n{"b": 2}', [1, "is no JSON that can be held", {"b": 2}]),
    ],
)
def test_what_cannot_be_read_leaves_the_rest(values, content, read):
    found = values(content)
    assert len(found) == len(read)
    for got, wanted in zip(found, read, strict=True):
        assert wanted is None or (
            got.startswith(wanted) if isinstance(wanted, str) else got == wanted
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: expected an export with records"),
        (" \n ", "is empty"),
        (json.dumps(BOTH)[:-5], "is cut short: its JSON breaks off at character"),
        (json.dumps(BOTH, indent=2)[:30], "is cut short"),
        ('{"data": [', "is cut short"),
        ("[1, 2", "is cut short"),
        ('[{"a": 1} {"b": 2}]', r"is no JSON at character 11: ',' was expected, found '\{'"),
        ("hello", "is no JSON at character 1: Expecting value at 'hello'"),
        (packed(LINES.encode() * 99)[:-20], "is cut short or damaged"),
        (
            packed(b"[1" + b" " * (80 << 20)),
            "unpacks to more than 300 times its size: refused as a trap",
        ),
        ("[" * 5000 + '"a', "is cut short"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "is nested too deeply to be an export"),
    ],
)
def test_what_is_no_file_of_json_is_refused(values, content, message):
    with pytest.raises(SourceError, match=rf"export.json' {message}"):
        values(content)


def test_a_line_longer_than_can_be_held_is_told_and_passed(values, monkeypatch):
    monkeypatch.setattr(json_stream, "LONGEST", 1 << 20)
    read = values('{"a": 1}\n"' + "x" * (3 << 20) + '"\n{"b": 2}\n')
    assert read == [{"a": 1}, "is longer than 1 million characters", {"b": 2}]
    with pytest.raises(
        SourceError,
        match="holds one JSON value of more than 1 million characters: write its records",
    ):
        values('{"a": "' + "x" * (3 << 20) + '"}')


def test_progress_reaches_the_size(tmp_path):
    path, told = tmp_path / "export.json", []
    path.write_text(LINES)
    list(read_json_values(path, lambda done, total: told.append((done, total))))
    assert told[-1] == (len(LINES), len(LINES))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", b"[]", "json"),
        ("a.csv", b"a,b\n1,2", "sheet"),
        ("a", b' \n{"a": 1}', "json"),
        ("a.txt", b'oops\n{"a": 1}\n', "json"),
        ("a.txt", b"name;followers\n", "sheet"),
        ("a.xlsx", b"PK\x03\x04rest", "sheet"),
        ("a.json.gz", packed(b"[]"), "json"),
    ],
)
def test_kinds_of_files(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    assert detect_file_kind(tmp_path / name) == kind


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"", "is empty"),
        (
            "a.json",
            b"<!doctype html><html>",
            "is a web page, perhaps a log-in page saved by mistake",
        ),
        ("a.parquet", b"PAR1....", "is Parquet: tables in canonical columns need no import"),
        ("a.zip", b"PK\x03\x04rest", "is a zip archive: unpack it and name the files in it"),
        ("a.pdf", b"%PDF-1.7", "is a PDF"),
    ],
)
def test_strangers_are_told_what_they_are(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        detect_file_kind(tmp_path / name)
    with pytest.raises(SourceError, match="is a folder: name the files in it"):
        detect_file_kind(tmp_path)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    st.lists(JSON_VALUES.filter(lambda v: v is not None), min_size=1, max_size=8),
    st.integers(1, 40),
    st.booleans(),
)
def test_values_are_the_same_however_few_characters_are_read_at_a_time(
    tmp_path_factory, written, chunk, indented
):
    path = tmp_path_factory.mktemp("chunks") / "export.json"
    path.write_text(json.dumps(written, indent=1 if indented else None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK", chunk)
        assert [value for _, value in read_json_values(path)] == written
