"""What columns of Parquet may hold, in lists and in tables: read, or refused in a sentence, and never decoded whole."""

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.files.parquet import MAX_BATCH_BYTES, decoded_size, open_parquet
from features.tables.folder import read_tables
from features.tables.validate import InvalidTables, validate
from serving.batch import BatchError, ProgressReporter, score_file

AS_OF = pd.Timestamp("2026-07-01T00:00:00Z")
PROFILE = {"platform": ["instagram"] * 3, "followers": [20_000.0, 30_000.0, 40_000.0]}
OUTSIDE, NO_ZONE = "lies outside 2004 to 2100", "has no time zone"
NEXT_MONTH = 1_785_000_000
#: A time, one far beyond what can be, and none: by the type that they are kept as.
BEYOND = {
    **{
        f"timestamp[{unit}]": (pa.timestamp(unit, "UTC"), NEXT_MONTH * size, -(2**62))
        for unit, size in {"ms": 10**3, "us": 10**6, "ns": 10**9}.items()
    },
    "timestamp of another zone": (pa.timestamp("ms", "Europe/Berlin"), NEXT_MONTH * 10**3, -(2**62)),
    "date32": (pa.date32(), NEXT_MONTH // 86_400, 2**31 - 1),
    "date32 of the year 9999": (pa.date32(), NEXT_MONTH // 86_400, 2_932_532),
    "date64": (pa.date64(), NEXT_MONTH // 86_400 * 86_400_000, 2**31 * 86_400_000),
}  # fmt: skip
REFUSED = {
    "duration": pa.array([1, 2, 3], pa.duration("s")),
    "time of a day": pa.array([1, 2, 3], pa.time32("s")),
    "binary": pa.array([b"a", b"b", b"c"]),
    "binary of a size": pa.array([b"a", b"b", b"c"], pa.binary(1)),
    "list": pa.array([["a"], ["b"], ["c"]]),
    "struct": pa.array([{"a": 1}] * 3),
    "map": pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int32())),
}


def scored(folder, scorer, columns, **options):
    pq.write_table(pa.table({**PROFILE, **columns}), folder / "list.parquet", **options)
    notes = []
    reporter = ProgressReporter(notify=notes.append)
    return score_file(
        folder / "list.parquet", folder / "out.csv", scorer, AS_OF, reporter=reporter
    ), notes


@pytest.mark.parametrize("name", BEYOND)
def test_a_time_beyond_the_range_rejects_its_row_alone(name, scorer, tmp_path):
    kind, near, far = BEYOND[name]
    tally, notes = scored(
        tmp_path, scorer, {"start_at": pa.array([near, far, None], kind)}, version="2.6"
    )
    assert (tally.scored, tally.rejected) == (2, 1)
    (row,) = pd.read_csv(tally.rejected_path).to_dict("records")
    assert row["row"] == 2
    assert row["reasons"].endswith(OUTSIDE)
    assert row["start_at"]
    assert row["start_at"].rstrip("Z")[:4] in row["reasons"]
    assert any("midnight in UTC" in note for note in notes) == pa.types.is_date(kind)


@pytest.mark.parametrize("name", BEYOND)
def test_a_time_beyond_the_range_in_a_table_is_a_fault(name, tmp_path):
    kind, near, far = BEYOND[name]
    table = {
        "creator_id": ["a", "b"],
        "platform": ["x", "x"],
        "created_at": pa.array([near, far], kind),
    }
    pq.write_table(pa.table(table), tmp_path / "creators.parquet", version="2.6")
    (tmp_path / "dataset.json").write_text('{"timezone": "UTC"}')
    with pytest.raises(InvalidTables) as caught:
        validate(read_tables(tmp_path), pd.Timestamp("2027-01-01", tz="UTC"))
    assert [(fault.row, fault.rule) for fault in caught.value.faults] == [(1, OUTSIDE)]
    assert len(str(caught.value).splitlines()) == 2


def test_times_without_a_zone_are_told_whatever_they_are(scorer, tmp_path):
    times = {"start_at": pa.array([NEXT_MONTH * 10**6, 2**62, None], pa.timestamp("us"))}
    for options in ({}, {"use_deprecated_int96_timestamps": True}):
        if options:
            times["start_at"] = pa.array(
                [NEXT_MONTH * 10**6, NEXT_MONTH * 10**6, None], pa.timestamp("us")
            )
        tally, _ = scored(tmp_path, scorer, times, **options)
        assert (tally.scored, tally.rejected) == (1, 2)
        assert pd.read_csv(tally.rejected_path)["reasons"].str.contains(NO_ZONE).all()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_value_is_refused_in_one_sentence(name, scorer, tmp_path):
    with pytest.raises(BatchError, match=r"column 'bio' of .* no plain values") as caught:
        scored(tmp_path, scorer, {"bio": REFUSED[name]})
    assert "\n" not in str(caught.value)
    pq.write_table(
        pa.table({**PROFILE, "creator_id": ["a", "b", "c"], "bio": REFUSED[name]}),
        tmp_path / "creators.parquet",
    )
    with pytest.raises(ValueError, match=r"column 'bio' of .* no plain values"):
        read_tables(tmp_path)


def test_a_column_that_is_not_read_may_hold_anything(scorer, tmp_path):
    tally, notes = scored(tmp_path, scorer, {"nested": REFUSED["list"], "deliverables": [1, 0, 2]})
    assert (tally.scored, tally.rejected) == (2, 1)
    assert notes[0] == "not read, because a list has no such columns: 'nested'"
    assert list(pd.read_csv(tally.rejected_path)) == [
        "platform",
        "followers",
        "deliverables",
        "row",
        "reasons",
    ]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (
            "fee_usd",
            pa.array(
                [decimal.Decimal("12.50"), None, decimal.Decimal("99.9")], pa.decimal128(10, 2)
            ),
        ),
        (
            "fee_usd",
            pa.array(
                [decimal.Decimal("12.50"), None, decimal.Decimal("99.9")], pa.decimal256(60, 2)
            ),
        ),
        ("avg_likes", pa.array([5, None, 2**40 // 2], pa.uint64())),
        ("avg_likes", pa.array(np.array([5, 6, 7], "float16"))),
        ("avg_likes", pa.nulls(3)),
        ("bio", pa.array(["a", None, "c"]).dictionary_encode()),
        ("bio", pa.array(["a", None, "c"], pa.large_string())),
        ("bio", pa.array(["a", None, "c"], pa.string_view())),
        (
            "start_at",
            pa.array(
                [NEXT_MONTH * 10**6, None, NEXT_MONTH * 10**6], pa.timestamp("us", "UTC")
            ).dictionary_encode(),
        ),
    ],
    ids=lambda one: str(getattr(one, "type", one)),
)
def test_what_is_plain_is_read(column, values, scorer, tmp_path):
    assert scored(tmp_path, scorer, {column: values})[0].scored == 3
    pq.write_table(
        pa.table({**PROFILE, "creator_id": ["a", "b", "c"], column: values}),
        tmp_path / "creators.parquet",
    )
    assert len(validate(read_tables(tmp_path)).creators) == 3


def bomb(folder, name, rows=20_000):
    """Write a small list that unpacks to much."""
    long, path = "x" * 900_000, folder / "list.parquet"
    texts = {
        "one text too long": pa.array(["x" * 2_000_000]),
        "a text in every row": pa.DictionaryArray.from_arrays(
            np.zeros(rows, "int32"), pa.array([long])
        ),
        "texts that share their beginnings": pa.array([f"{long}{at}" for at in range(400)]),
        "one large page": pa.array(["x" * 20_000] * 8_000),
    }[name]
    table = pa.table({"platform": ["instagram"] * len(texts), "bio": texts})
    options = {
        "texts that share their beginnings": {
            "use_dictionary": False,
            "column_encoding": {"bio": "DELTA_BYTE_ARRAY"},
        },
        "one large page": {
            "use_dictionary": False,
            "data_page_size": 1 << 30,
            "max_rows_per_page": 1 << 30,
        },
    }.get(name, {})
    pq.write_table(
        table, path, compression="zstd", row_group_size=rows, store_schema=False, **options
    )
    assert path.stat().st_size < 1 << 20
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("one text too long", "a text in column 'bio' of 2,000,000 bytes, at most 1,048,576"),
        ("one large page", r"a page of column 'bio' of .* bytes, at most 134,217,728"),
    ],
)
def test_what_unpacks_to_too_much_is_refused(name, message, scorer, tmp_path):
    with pytest.raises(BatchError, match=message):
        score_file(bomb(tmp_path, name), tmp_path / "out.csv", scorer, AS_OF)


@pytest.mark.parametrize("name", ["a text in every row", "texts that share their beginnings"])
def test_fewer_rows_are_decoded_at_a_time_where_one_may_repeat_much(name, tmp_path):
    path = bomb(tmp_path, name)
    with open_parquet(path) as parquet:
        rows = decoded_size(path, parquet, ["platform", "bio"]).rows(16_384)
        assert 1 <= rows < 400
        batch = next(parquet.iter_batches(rows, columns=["platform", "bio"]))
    assert batch.nbytes <= MAX_BATCH_BYTES
