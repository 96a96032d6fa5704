"""A row is accepted or rejected, and for which reasons, whichever way its list is read."""

import numpy as np
import pandas as pd
from conftest import table
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from features.tables.schema import PROSPECTS
from features.tables.validate import clean_table
from ingest.sheets.sheet_types import SheetOptions
from serving.batch.csv_fast import FastCsvList
from serving.batch.score_chunk import validate_chunk
from serving.batch.sheet_list import SheetList

#: What is written plainly, some of it beyond the bounds of its column, and what is not.
CELLS = {
    "partnership_id": ["", "p 1", "007", "1.0", "1e5", "=x", "Total"],
    "platform": ["", "instagram", "IG", "myspace"],
    "followers": ["", "20000", "9999999999999", "-3", "1.2M", "20000.0", "none"],
    "avg_likes": ["", "500.25", "0.9999999", "-1"],
    "engagement_rate_by_followers": ["", "0.034", "3.4 %", "0.02", "7"],
    "format": ["", "video", "Reel", "film"],
    "deliverables": ["", "3", "0", "101", "2.5"],
    "start_at": [
        *(
            "",
            "2026-09-01",
            "2026-02-30",
            "2150-01-01",
            "01.09.2026",
            "2026-09-01 10:00:00.000000Z",
        ),
        *("2026-09-01 10:00:00+00:00", "2026-09-01T10:00:00.25Z", "2026-09-01T10:00:00+02:00"),
    ],
    "fee": [
        "",
        "450",
        "450.25",
        "0",
        "0.001",
        "9999999999999",
        "-1",
        "450 EUR",
        "$ 9",
        "n/a",
        "free",
    ],
    "currency": ["", "EUR", "usd", " EUR", "euro", "€", "X1", "n/a"],
    "confidence": ["", "0.8", "0.999", "2", "x"],
    "completion_rate": ["", "0.9", "0.01", "0", "1.5"],
    "brand_niche": ["", "food", "Essen", "nothing"],
    "verified": ["", "true", "ja", "maybe"],
}
USUAL = {
    **{
        "partnership_id": "p1",
        "platform": "instagram",
        "followers": "20000",
        "avg_likes": "500.25",
    },
    **{
        "engagement_rate_by_followers": "0.034",
        "format": "video",
        "deliverables": "3",
        "start_at": "2026-09-01",
    },
    **{
        "fee": "450",
        "currency": "EUR",
        "confidence": "0.8",
        "completion_rate": "0.9",
        "brand_niche": "food",
    },
    "verified": "true",
}
CHANGES = st.lists(
    st.dictionaries(st.sampled_from(list(CELLS)), st.integers(0, 11), min_size=1, max_size=3).map(
        lambda given: {name: CELLS[name][at % len(CELLS[name])] for name, at in given.items()}
    ),
    min_size=4,
    max_size=12,
)  # fmt: skip


def judged(chunks):
    """Give of every line its reasons, or what it was read as."""
    found, first = {}, 0
    for chunk in chunks:
        clean, reasons = validate_chunk(chunk, first, np.zeros(len(chunk.rows), dtype=bool))
        first += len(clean)
        rows = clean.astype(object).where(clean.notna(), None).to_dict("records")
        for row, place in enumerate(chunk.positions.tolist()):
            found[place] = reasons.get(row) or rows[row]
        found |= {misfit.position: misfit.reason for misfit in chunk.invalid_lines}
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(CHANGES)
@example(
    [
        {"fee": "450 EUR", "currency": "USD"},
        {"fee": "9999999999999"},
        {"deliverables": "0", "confidence": "2"},
    ]
)
def test_lines_read_with_arrow_get_the_verdict_of_the_reader_of_spreadsheets(tmp_path, changes):
    path = tmp_path / "list.csv"
    rows = [
        {**USUAL, "partnership_id": f"q{number}", **change}
        for number, change in enumerate([{}, {}, *changes])
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    wanted = judged(SheetList(path, SheetOptions()).chunks(1000))
    assert len(wanted) == len(rows)
    assert judged(FastCsvList(path, SheetOptions()).chunks(1000)) == wanted


def test_bounds_that_plain_cells_break_are_told_as_of_any_other(tmp_path):
    path = tmp_path / "list.csv"
    rows = [
        USUAL,
        {**USUAL, "partnership_id": "q", "deliverables": "101", "completion_rate": "1.5"},
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    (chunk,) = FastCsvList(path, SheetOptions()).chunks(1000)
    assert chunk.reasons == {}
    assert judged([chunk])[3] == [
        "deliverables 101.0 is above 100, the most accepted",
        "completion_rate 1.5 is above 1, the most accepted",
    ]


VALUES = {
    "text": ["a", " b ", "instagram", "food", "2026", ""],
    "count": [3.0, 0.0, -1.0, 1e13, 101.0, 0.5],
    "real": [0.5, 0.0, -1.0, 1e13, 7.0, 0.001],
    "flag": [True, False],
    "time": list(pd.to_datetime(["2026-09-01", "1999-01-01", "2150-01-01"], utc=True)),
}


@settings(max_examples=30)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(PROSPECTS.columns), st.integers(0, 5)),
        min_size=1,
        max_size=6,
    )
)
def test_a_table_gets_the_verdict_of_its_rows_one_by_one(given_):
    rows = [
        {c.name: VALUES[c.kind][at % len(VALUES[c.kind])] for c, at in row.items()}
        for row in given_
    ]
    clean, faults = clean_table(table(rows, PROSPECTS), PROSPECTS)
    alone = [clean_table(pd.DataFrame([row], dtype=object), PROSPECTS) for row in rows]
    told = sorted((fault.row, fault.column, str(fault.value), fault.rule) for fault in faults)
    assert told == sorted(
        (at, f.column, str(f.value), f.rule) for at, (_, own) in enumerate(alone) for f in own
    )
    pd.testing.assert_frame_equal(clean, pd.concat([own for own, _ in alone], ignore_index=True))
