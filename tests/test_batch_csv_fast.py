"""Long texts are read with Arrow and say the same as the reader of spreadsheets says of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.sheets.sheet_types import SheetOptions
from serving.batch.csv_blocks import has_uniform_newlines, read_blocks
from serving.batch.csv_fast import FastCsvList
from serving.batch.sheet_list import SheetList

HEADER = "partnership_id,platform,followers,avg_likes,engagement_rate_by_followers,format,start_at,fee_usd,verified,bio"
USUAL = "p1,instagram,20000,500.25,0.034,video,2026-09-01T12:00:00Z,450,true,cook"
CELLS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                " ",
                "instagram",
                "IG",
                "myspace",
                "1234",
                "1.234",
                "12.5",
                "1.2M",
                "1,5",
                "-3",
                "0.034",
                "3.4 %",
                "1e5",
            ),
            *(
                "video",
                "Reel",
                "film",
                "2026-09-01",
                "01.09.2026",
                "2026-02-30",
                "2150-01-01",
                "true",
                "ja",
                "maybe",
            ),
            *(
                "$450",
                "450 €",
                "n/a",
                "none",
                "Total",
                "=1+1",
                "1.0",
                "007",
                "café",
                "CafÃ©",
                "@me",
                'say "hi"',
                "two\nlines",
            ),
            *(
                "https://instagram.com/me",
                "p 1",
                "9999999999999999",
                "0.9999999",
                "12.000",
                "20000.0",
                "x,y",
                ".",
            ),
        ]
    ),
    st.text(alphabet='abcXYZ0123456789.,-@ $%€é"\n', max_size=8),
)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\n\r') else cell


def read(listed, rows=1000):
    """Give everything that is told of the rows of a list, line by line."""
    found = []
    for chunk in listed.chunks(rows):
        texts = chunk.text(list(range(len(chunk.rows))))
        told = chunk.rows.astype(object).where(chunk.rows.notna(), None).to_dict("records")
        for row, place in enumerate(chunk.positions.tolist()):
            given = {name: value for name, value in told[row].items() if value is not None}
            unread = sorted(name for name, rows in chunk.unread.items() if rows[row])
            found.append((place, given, chunk.reasons.get(row, []), texts[row], unread))
        found += [
            (misfit.position, misfit.reason, [], misfit.cells) for misfit in chunk.invalid_lines
        ]
        found += [("blank", "", [], [])] * chunk.blank
    return sorted(found, key=lambda one: (str(one[0]), str(one[1])))


def both(path, rows=1000):
    fast = read(FastCsvList(path, SheetOptions()), rows)
    assert fast == read(SheetList(path, SheetOptions()))
    return fast


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 9), CELLS), max_size=12),
    st.sampled_from([1, 1000]),
    st.booleans(),
)
def test_any_cell_is_read_as_the_reader_of_spreadsheets_reads_it(tmp_path, changes, rows, returns):
    lines = [HEADER, USUAL, USUAL.replace("p1", "p2")]
    for number, (column, cell) in enumerate(changes):
        cells = USUAL.replace("p1", f"q{number}").split(",")
        cells[column] = quoted(cell)
        lines.append(",".join(cells))
    path = tmp_path / "list.csv"
    path.write_bytes((("\r\n" if returns else "\n").join(lines) + "\n").encode())
    both(path, rows)


OFFERS = ["500-700", "from 9", "3 reels for 90", "9 per post", "on request", "€9", "9 seashells"]
FEES = st.sampled_from(
    [
        "",
        "0",
        "450",
        "12.50",
        "1.234",
        "1,5",
        "$450",
        "9 EUR",
        "-1",
        "n/a",
        "free",
        "1e3",
        " 7",
        *OFFERS,
    ]
)
CODES = st.one_of(
    st.sampled_from(["", "USD", "eur", " GBP ", "n/a", "€", "Euro", "US Dollar"]),
    st.text("aB1 é$", max_size=4),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(FEES, CODES), max_size=8), st.sampled_from([None, ".", ","]))
def test_fees_beside_their_currency_are_read_alike(tmp_path, fees, decimal):
    path, options = tmp_path / "list.csv", SheetOptions(decimal=decimal)
    lines = [
        f"q{n},instagram,{quoted(fee)},{quoted(code)}"
        for n, (fee, code) in enumerate([("9", "USD"), *fees])
    ]
    path.write_text("\n".join(["partnership_id,platform, FEE,Currency ", *lines]) + "\n")
    assert read(FastCsvList(path, options)) == read(SheetList(path, options))


@pytest.mark.parametrize("end", ["\n", ""])
def test_plain_rows_blank_lines_and_rows_that_do_not_fit(tmp_path, end):
    lines = [
        HEADER,
        USUAL,
        "",
        USUAL,
        ",,,,,,,,,",
        "a,b",
        "Total,,30000,,,,,,,",
        USUAL + ",more",
        HEADER,
        USUAL,
    ]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines) + end)
    found = both(path)
    assert [place for place, *_ in found if place != "blank"] == [10, 2, 4, 6, 7, 8, 9]
    assert sum(place == "blank" for place, *_ in found) == 2


def test_what_is_plain_takes_no_row_by_row_reading(tmp_path, monkeypatch):
    path = tmp_path / "list.csv"
    lines = [f"{USUAL},,".replace("p1", f"p{n}").replace("450", "") for n in range(0, 500, 2)]
    priced = [
        f"{USUAL},12.5,eur".replace("p1", f"p{n}").replace("450", "") for n in range(1, 500, 2)
    ]
    path.write_text("\n".join([f"{HEADER},Fee,Currency", *lines, *priced]) + "\n")
    listed = FastCsvList(path, SheetOptions())
    monkeypatch.setattr(FastCsvList, "_convert", None)
    chunks = list(listed.chunks(100))
    assert sum(len(chunk.rows) for chunk in chunks) == 500
    assert len(chunks) > 3
    rows = pd.concat([chunk.rows for chunk in chunks], ignore_index=True)
    assert rows["followers"].tolist() == [20000.0] * 500
    assert rows["fee"].isna().tolist() == [True] * 250 + [False] * 250
    assert rows["currency"].dropna().tolist() == ["EUR"] * 250
    assert rows["start_at"].tolist() == [pd.Timestamp("2026-09-01T12:00:00Z")] * 500
    assert np.concatenate([chunk.positions for chunk in chunks]).tolist() == list(range(2, 502))


@pytest.mark.parametrize(
    "written", ["2026-09-01 12:00:00.000000Z", "2026-09-01 12:00:00+00:00", "2026-09-01T12:00:00Z"]
)
def test_times_as_arrow_and_pandas_write_them_are_plain(tmp_path, monkeypatch, written):
    path = tmp_path / "list.csv"
    lines = [
        USUAL.replace("p1", f"p{n}").replace("2026-09-01T12:00:00Z", written) for n in range(50)
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    listed = FastCsvList(path, SheetOptions())
    monkeypatch.setattr(FastCsvList, "_convert", None)
    (chunk,) = listed.chunks(100)
    assert chunk.rows["start_at"].tolist() == [pd.Timestamp("2026-09-01T12:00:00Z")] * 50


def test_blocks_hold_whole_records(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text('h,i\na,"x\ny"\nb,"z"\nc,"p\nq\nr"\nd,1\n')
    for size in range(1, 40):
        blocks = list(read_blocks(path, 1, size))
        assert b"".join(block.content for block in blocks) == path.read_bytes()[4:]
        assert all(block.content.count(b'"') % 2 == 0 for block in blocks)
        assert [block.first for block in blocks] == [
            2 + sum(len(block.starts) for block in blocks[:k]) for k in range(len(blocks))
        ]


@pytest.mark.parametrize(
    ("content", "alike"),
    [(b"a\nb\n", True), (b"a\r\nb", True), (b"a\rb\n", False), (b"a\r", False)],
)
def test_ends_of_lines(tmp_path, monkeypatch, content, alike):
    (tmp_path / "list.csv").write_bytes(content)
    for size in (1, 2, 100):
        monkeypatch.setattr("serving.batch.csv_blocks.BLOCK_BYTES", size)
        assert has_uniform_newlines(tmp_path / "list.csv") is alike
