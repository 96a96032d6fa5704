"""Answers as a workbook: what each sheet says, how it looks, and the list's own columns."""

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import serving.batch.runner
from features.number_text import format_estimates
from features.tables.currency import CurrencyRates
from ingest.sheets.sheet_types import SheetOptions
from serving.batch import BatchError, BatchOptions, parse_column_names, score_file
from serving.batch.csv_fast import FastCsvList
from serving.batch.sheet_list import SheetList
from serving.scoring.answer_table import ANSWER_COLUMNS, EXTRA_COLUMNS
from serving.scoring.column_meanings import column_meaning
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.measures import best_first
from serving.scoring.scorer import Scorer
from serving.scoring.warning_texts import WARNING_TEXTS
from serving.workbook.ranked_rows import RankedRows
from serving.workbook.styles import VERDICTS

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
DECISION = [
    *(
        "Verdict",
        "In words",
        "Engagements (middle case)",
        "Low (1 in 10 below)",
        "High (1 in 10 above)",
    ),
    *("Range: low to high, █ middle", "Cost per engagement", "Chance to beat the benchmark"),
    *("Highest fee that pays", "Usual fee", "Rests on", "What to know"),
]
OWN = ["Name", "Platform", "Followers", "Fee", "Currency", "Start", "Share", "Notes", "Notes"]


@pytest.fixture
def rated(bundle):
    return Scorer(bundle, rates=CurrencyRates({"USD": 1.0, "EUR": 1.25}))


def write_sheet(path, rows, formats=()):
    sheet = (book := openpyxl.Workbook()).active
    for row in rows:
        sheet.append(row)
    for column, number_format in formats:
        for cell in sheet[column][1:]:
            cell.number_format = number_format
    book.save(path)


@pytest.fixture
def scored(tmp_path, rated):
    """Score a workbook as a manager keeps it; give the workbook of its answers."""
    rows = [
        ("@dear", "Instagram", 20_000, 9_000, "EUR", datetime(2026, 9, 1), 0.125, "a 😀", "x"),
        ("@cheap", "Instagram", 20_000, 40.5, "EUR", datetime(2026, 9, 2), 0.5, "-5", None),
        ("@no fee", "Instagram", 20_000, None, None, datetime(2026, 9, 3), None, "'=1", None),
        ("@early", "Instagram", 20_000, 7, "EUR", datetime(2026, 1, 3), None, "late", None),
        ("@odd", "Myspace", "many", 7, "EUR", datetime(2026, 9, 3), None, None, None),
    ]
    write_sheet(tmp_path / "list.xlsx", [OWN, *rows], [("D", '#,##0.00 "€"'), ("G", "0.0%")])
    tally = score_file(tmp_path / "list.xlsx", tmp_path / "out.xlsx", rated, AS_OF)
    assert (tally.read, tally.scored, tally.rejected) == (5, 3, 2)
    return openpyxl.load_workbook(tmp_path / "out.xlsx")


def rows_of(sheet):
    header, *rows = sheet.values
    return list(header), rows


def test_the_first_sheet_has_the_list_as_it_was_and_what_to_do_best_first(scored):
    assert scored.sheetnames == ["Recommendation", "All columns", "Rejected rows", "About"]
    header, rows = rows_of(scored["Recommendation"])
    assert header == ["Rank", *OWN, *DECISION]
    assert [row[:10] for row in rows] == [
        (1, "@cheap", "Instagram", 20_000, 40.5, "EUR", datetime(2026, 9, 2), 0.5, "-5", None),
        (2, "@dear", "Instagram", 20_000, 9_000, "EUR", datetime(2026, 9, 1), 0.125, "a 😀", "x"),
        (None, "@no fee", "Instagram", 20_000, None, None, datetime(2026, 9, 3), None, "=1", None),
    ]
    answers = [dict(zip(DECISION, row[10:], strict=True)) for row in rows]
    words = [row["Verdict"] for row in answers]
    assert words == [VERDICTS["worth_it"][0], VERDICTS["overpriced"][0], "– No fee"]
    assert [row["Rests on"] for row in answers] == ["profile alone"] * 3
    assert all("The niche is not known" in row["What to know"] for row in answers)


def test_figures_are_rounded_as_the_sentence_is_and_in_the_currency_of_the_list(scored):
    header, rows = rows_of(scored["All columns"])
    exact = pd.DataFrame(rows, columns=header).set_index("creator_id")
    sheet = scored["Recommendation"]
    names = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, 5):
        cells = {name: sheet.cell(row, names[name]) for name in DECISION}
        whole = exact.loc[sheet.cell(row, 2).value]
        expected = cells["Engagements (middle case)"]
        assert f"{expected.value:,.0f}" == format_estimates(np.array([whole["engagements_p50"]]))[0]
        assert f"About {expected.value:,.0f} engagements" in cells["In words"].value
        assert expected.number_format == "#,##0"
        fee = cells["Highest fee that pays"]
        if pd.isna(whole["break_even_fee_usd"]):
            assert fee.value is None
        else:
            assert fee.value == pytest.approx(whole["break_even_fee_usd"] / 1.25, rel=0.005)
            assert fee.number_format.endswith('"EUR"')
        if whole["fee_usd"] > 0:
            cost = cells["Cost per engagement"]
            assert cost.value == pytest.approx(whole["cpe_p50"], rel=0.05)
            assert cells["Chance to beat the benchmark"].number_format.endswith("0%")
            assert 0 < cells["Chance to beat the benchmark"].value < 1
    assert sheet["E2"].number_format == '#,##0.00 "EUR"'
    assert sheet["H2"].number_format == "0.0#%"
    assert sheet["G2"].number_format == "yyyy-mm-dd"


@pytest.mark.parametrize("decided", [False, True])
def test_numbers_of_the_list_are_never_read_otherwise_than_by_the_reader(tmp_path, rated, decided):
    cells = ["5.600", "182.000", "1.234,5"] if decided else ["5.600", "182.000", "71.000"]
    lines = [f"@c{n};Instagram;20000;{cell};{cell}" for n, cell in enumerate(cells)]
    text = "\n".join(["Name;Platform;Followers;Avg likes;Avg views", *lines, ""])
    (tmp_path / "list.csv").write_text(text)
    score_file(tmp_path / "list.csv", tmp_path / "out.xlsx", rated, AS_OF)
    header, rows = rows_of(openpyxl.load_workbook(tmp_path / "out.xlsx")["Recommendation"])
    for name in ("Avg likes", "Avg views"):
        assert sorted(row[header.index(name)] for row in rows) == sorted(cells)


def test_sheets_have_what_is_read_on_a_screen_and_on_paper(scored):
    for name, frozen in (("Recommendation", "C2"), ("All columns", "B2"), ("Rejected rows", "B2")):
        sheet = scored[name]
        assert sheet.freeze_panes == frozen
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight in (0, "0")
        assert sheet.print_title_rows == "$1:$1"
        assert all(5 < column.width < 90 for column in sheet.column_dimensions.values())
    verdicts = {row[10].value: row[10].fill.fgColor.rgb for row in scored["Recommendation"].rows}
    assert verdicts[VERDICTS["worth_it"][0]] == "FF1F5A96"  # dark blue
    assert verdicts[VERDICTS["overpriced"][0]] == "FFB8530A"  # dark orange


def test_a_list_in_one_currency_is_answered_in_it_and_says_so(tmp_path, rated, scored):
    header, rows = rows_of(scored["Recommendation"])
    words = dict(zip(header, rows[2], strict=True))["In words"]
    assert " USD" not in words
    assert "up to " in words
    about = dict(scored["About"].values)
    assert about["exchange rates"] == "fees in EUR at 1.25 USD, as given by --rates"
    assert "The verdict: whether the fee is good" in about["rank and verdict"]
    assert "Rank and verdict" in scored["Recommendation"]["A1"].comment.text
    text = (
        "Name,Platform,Followers,Fee\n@a,Instagram,20000,500 EUR\n@b,Instagram,20000,on request\n"
    )
    (tmp_path / "list.csv").write_text(
        text + "@a,Instagram,20000,600 EUR\n@c,Instagram,20000,9 CHF\n"
    )
    counts = score_file(tmp_path / "list.csv", tmp_path / "out.xlsx", rated, AS_OF)
    assert any(line.startswith("cost per engagement, EUR, of 2") for line in counts.summary)
    remedy = "1 row has a fee in CHF: give --rates FILE (currency, usd_per_unit)"
    assert remedy in counts.summary
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert "'on request'" in dict(book["About"].values)["what was not read"]
    header, rows = rows_of(book["Recommendation"])
    again = [WARNING_TEXTS["same_offer_again"] in (row[-1] or "") for row in rows]
    fees = [row[header.index("Fee")] for row in rows]
    assert dict(zip(fees, again, strict=True)) == {
        "500 EUR": False,
        "600 EUR": True,
        "on request": False,
    }


def test_verdicts_differ_in_words_symbols_and_lightness():
    def light(colour):
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    words, grounds, letters = zip(*VERDICTS.values(), strict=True)
    assert len({word.split()[0] for word in words}) == len(words)
    assert all(
        abs(light(one) - light(other)) > 100 for one, other in zip(grounds, letters, strict=True)
    )


def test_rejected_rows_have_the_faulty_cells_marked_and_the_reason_last(scored):
    sheet = scored["Rejected rows"]
    header, rows = rows_of(sheet)
    assert header == [*OWN[:-1], "Notes (2)", "line", "Reasons"]
    assert [(row[0], row[9]) for row in rows] == [("@early", 5), ("@odd", 6)]
    marked = {
        cell.coordinate for row in sheet.iter_rows(min_row=2) for cell in row if is_marked(cell)
    }
    assert marked == {"F2", "B3", "C3"}
    assert "lies before as_of" in rows[0][-1]
    assert "'Myspace' is no platform" in rows[1][-1]


def is_marked(cell):
    return cell.border.left.style == "medium"


def test_the_last_sheet_says_what_it_rests_on(scored):
    lines = [
        (row[0] or "", row[1] or "")
        for row in scored["About"].iter_rows(max_col=2, values_only=True)
    ]
    about = dict(lines)
    assert about["rows"] == "5 read = 3 scored + 2 rejected"
    assert about["file"] == "list.xlsx"
    assert about["as of"].startswith("2026-06-15 00:00 UTC")
    assert about["trained on"] == "simulated"
    assert about["ranked by"].startswith(("fee_headroom", "cpe_usd"))
    assert about["how good it was"]
    assert about["niche_unknown"] == f"3 of 3: {WARNING_TEXTS['niche_unknown']}"
    shown = {*rows_of(scored["All columns"])[0], *DECISION} - {*OWN, "Notes (2)"}
    shown -= {f"list_{name}" for name in OWN}
    assert {name for name in shown if not about.get(name)} == set()


def test_every_column_of_an_answer_has_a_meaning():
    assert [name for name in (*ANSWER_COLUMNS, *EXTRA_COLUMNS) if not column_meaning(name)] == []


def test_the_docs_say_of_every_warning_what_the_workbook_says():
    text = (Path(__file__).parents[1] / "docs" / "answers.md").read_text(encoding="utf-8")
    table = text.split("| warning | meaning |")[1]
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", table, re.MULTILINE))
    assert told == WARNING_TEXTS


CSV_LIST = (
    'creator_id,platform,followers,"Likes, mean",verdict,=x,note\n'
    '@a,tiktok,5000,12.5,mine,1,"two\nlines"\n'
    "@b,tiktok,60000,,yours,,'=2\n"
)


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_columns_may_name_those_of_the_list(tmp_path, scorer, ending):
    (tmp_path / "list.csv").write_text(CSV_LIST)
    names = parse_column_names('note, band, "Likes, mean", verdict, list_verdict, followers')
    out = tmp_path / f"o.{ending}"
    options = BatchOptions(names, sheet=SheetOptions(columns={"verdict": ""}))
    score_file(tmp_path / "list.csv", out, scorer, AS_OF, options)
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[ending](out)
    read = read.drop(columns="Rank", errors="ignore").set_index("band")
    assert list(read) == [name for name in names if name != "band"]
    assert read["list_verdict"].to_dict() == {"nano": "mine", "micro": "yours"}
    assert read["note"].to_dict() == {
        "nano": "two\nlines",
        "micro": "'=2" if ending == "csv" else "=2",
    }
    assert read["Likes, mean"].astype(float).fillna(-1).to_dict() == {"nano": 12.5, "micro": -1}


def test_csv_keeps_the_list_and_prefixes_what_clashes(tmp_path, scorer):
    (tmp_path / "list.csv").write_text(CSV_LIST)
    options = BatchOptions(sheet=SheetOptions(columns={"verdict": ""}))
    score_file(tmp_path / "list.csv", tmp_path / "o.csv", scorer, AS_OF, options)
    read = pd.read_csv(tmp_path / "o.csv", dtype="str")
    own = [
        "list_creator_id",
        "list_platform",
        "followers",
        "Likes, mean",
        "list_verdict",
        "'=x",
        "note",
    ]
    assert list(read) == [*own, *ANSWER_COLUMNS]
    assert read["list_verdict"].tolist() == ["mine", "yours"]
    assert read["followers"].tolist() == ["5000", "60000"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("Likes, men",), r"column 'Likes, men' is unknown: did you mean Likes, mean\?"),
        (("note", "note"), r"column 'note' is wanted twice"),
        (("followers", "list_followers"), r"'list_followers' is unknown"),
    ],
)
def test_a_column_that_nobody_has_is_refused(tmp_path, scorer, columns, message):
    (tmp_path / "list.csv").write_text(CSV_LIST)
    with pytest.raises(BatchError, match=message):
        score_file(tmp_path / "list.csv", tmp_path / "o.csv", scorer, AS_OF, BatchOptions(columns))
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_parquet_lists_give_the_columns_that_are_named_with_their_types(tmp_path, scorer):
    frame = pd.DataFrame(
        {
            "followers": [5e3, 6e4],
            "platform": "tiktok",
            "score": np.array([7, 8], dtype="int64"),
            "signed": [True, None],
            "since": pd.to_datetime(["2026-01-01T10:00:00Z", None]),
            "tags": [["a"], ["b"]],
        }
    )
    frame.to_parquet(tmp_path / "list.parquet")
    names = ("band", "score", "signed", "since")
    for ending in ("parquet", "csv", "xlsx"):
        out = tmp_path / f"o.{ending}"
        score_file(tmp_path / "list.parquet", out, scorer, AS_OF, BatchOptions(names))
    read = pd.read_parquet(tmp_path / "o.parquet")
    assert read["score"].dtype == "int64"
    assert read["since"].tolist() == frame["since"].tolist()
    lines = (tmp_path / "o.csv").read_text().splitlines()
    assert lines[1:] == ['"nano",7,true,"2026-01-01T10:00:00Z"', '"micro",8,,']
    with pytest.raises(BatchError, match="column 'tags' is unknown"):
        score_file(tmp_path / "list.parquet", out, scorer, AS_OF, BatchOptions(("tags",)))
    score_file(tmp_path / "list.parquet", tmp_path / "all.parquet", scorer, AS_OF)
    assert tuple(pd.read_parquet(tmp_path / "all.parquet")) == ANSWER_COLUMNS


def test_long_lists_keep_the_same_texts_as_short_ones(tmp_path):
    cells = ["plain", " padded ", "", "café", "'=1", '"quoted, text"', "1.50", "007", "@me", "n/a"]
    rows = [f"@c{n},instagram,{1000 + n},{cells[n % len(cells)]},{n}" for n in range(60)]
    (tmp_path / "list.csv").write_text("\n".join(["Name,Platform,Followers,Note,Code", *rows]))
    tables = []
    for kind in (SheetList, FastCsvList):
        prospects = kind(tmp_path / "list.csv", SheetOptions())
        prospects.keep_columns(["Code", "Note", "Name"])
        parts = [chunk.own(np.arange(len(chunk.rows))[::2]) for chunk in prospects.chunks(16)]
        tables.append(sorted(pa.concat_tables(parts).to_pylist(), key=str))
    short, long = ({row["4"]: row for row in table} for table in tables)
    assert all(long[code] == short[code] for code in long.keys() & short.keys())
    assert len(long.keys() & short.keys()) > 10


def test_texts_that_a_cell_cannot_hold_do_not_break_the_workbook(tmp_path, scorer):
    notes = [
        "=1+1",
        "@sum",
        "-5",
        "😀" * 20_000,
        "\x01\x0b",
        "\ufffe",
        " padded ",
        "a\nb",
    ]
    frame = pd.DataFrame({"platform": "tiktok", "followers": 5e3, "partnership_id": notes})
    frame.to_parquet(tmp_path / "list.parquet")
    score_file(tmp_path / "list.parquet", tmp_path / "o.xlsx", scorer, AS_OF)
    header, rows = rows_of(openpyxl.load_workbook(tmp_path / "o.xlsx")["All columns"])
    read = [row[header.index("list_partnership_id")] for row in rows]
    assert read[:3] == notes[:3]
    assert read[3] == "😀" * 16_383
    assert read[4] is None
    assert read[5:] == [None, " padded ", "a\nb"]


def test_a_line_end_of_any_kind_does_not_end_a_rejected_row(tmp_path, scorer):
    ids = ["a\rb", "a\r\nb", "a\nb", "\r"]
    frame = pd.DataFrame({"platform": "myspace", "followers": 5e3, "partnership_id": ids})
    frame.to_parquet(tmp_path / "list.parquet")
    score_file(tmp_path / "list.parquet", tmp_path / "o.xlsx", scorer, AS_OF)
    header, rows = rows_of(openpyxl.load_workbook(tmp_path / "o.xlsx")["Rejected rows"])
    read = [row[header.index("partnership_id")] for row in rows]
    assert [text.replace("_x000D_", "\r") for text in read] == ids


@pytest.mark.parametrize("top", [0, 2])
def test_many_chunks_are_ranked_as_one(tmp_path, scorer, monkeypatch, top):
    monkeypatch.setattr(serving.batch.runner, "CHUNK_ROWS", 3)
    fees = [500.0, 90.0, np.nan, 700.0, 20.0, 60.0, 90.0, 3000.0]
    pd.DataFrame({"platform": "x", "followers": 9e3, "fee_usd": fees}).to_parquet(
        tmp_path / "list.parquet"
    )
    options = BatchOptions(top=top, rank_by="fee_usd")
    tally = score_file(tmp_path / "list.parquet", tmp_path / "o.xlsx", scorer, AS_OF, options)
    assert "fee_usd, lowest first" in tally.summary[-1]
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    header, rows = rows_of(book["Recommendation"])
    ranked = [(row[0], row[header.index("fee_usd")]) for row in rows]
    best = [(n, fee) for n, fee in enumerate(sorted(fee for fee in fees if fee == fee), 1)]
    assert ranked == (best[:2] if top else [*best, (None, None)])
    if not top:
        header, rows = rows_of(book["All columns"])
        assert [row[header.index("fee_usd")] for row in rows] == [
            None if fee != fee else fee for fee in fees
        ]


@settings(max_examples=30)
@given(st.lists(st.lists(st.none() | st.integers(0, 5), max_size=6), max_size=5))
def test_rows_come_in_the_order_of_the_measure(tmp_path_factory, chunks):
    tables = [
        pa.table(
            {"fee_usd": pa.array(chunk, pa.float64()), "n": [f"{k}-{n}" for n in range(len(chunk))]}
        )
        for k, chunk in enumerate(chunks)
        if chunk
    ]
    ranked = RankedRows(tables, ("fee_usd",), tmp_path_factory.mktemp("ranked"))
    found = [name for _, rows in ranked.blocks() for name in rows["n"].to_pylist()]
    whole = (
        pa.concat_tables(tables).to_pandas() if tables else pd.DataFrame({"fee_usd": [], "n": []})
    )
    order = best_first("fee_usd", whole["fee_usd"].to_numpy(float))
    assert found == whole["n"].to_numpy()[order].tolist()
    kept = [name for rows in ranked.in_list_order() for name in rows["n"].to_pylist()]
    assert kept == whole["n"].tolist()


def test_the_same_run_gives_the_same_bytes(tmp_path, scorer):
    pd.DataFrame({"platform": ["x"] * 3, "followers": 9e3}).to_parquet(tmp_path / "list.parquet")
    for name in ("a.xlsx", "b.xlsx"):
        score_file(tmp_path / "list.parquet", tmp_path / name, scorer, AS_OF)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_list_of_rejected_rows_alone_has_its_sheets_too(tmp_path, scorer):
    (tmp_path / "list.csv").write_text("Name,Platform,Followers\n@a,myspace,5\n@b,friendster,7\n")
    score_file(tmp_path / "list.csv", tmp_path / "o.xlsx", scorer, AS_OF)
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert [sheet.max_row for sheet in book][:3] == [1, 1, 3]
    assert (tmp_path / "o.xlsx.rejected.csv").exists()


def test_reasons_quantiles_and_goals_have_their_columns(tmp_path, scorer):
    frame = pd.DataFrame({"platform": "tiktok", "followers": [5e3], "goal_engagements": 100.0})
    frame.to_parquet(tmp_path / "list.parquet")
    options = BatchOptions(extras=AnswerOptions(explain=True, quantiles=(0.5,)))
    score_file(tmp_path / "list.parquet", tmp_path / "o.xlsx", scorer, AS_OF, options)
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    header, [row] = rows_of(book["Recommendation"])
    first = dict(zip(header, row, strict=True))
    assert 0 < first["Chance to reach the goal"] < 1
    assert first["Low (1 in 10 below)"] < first["Engagements (middle case)"]
    header, [row] = rows_of(book["All columns"])
    assert "engagements_p10" not in header
    assert dict(zip(header, row, strict=True))["reasons"]


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path, scorer, monkeypatch):
    monkeypatch.setattr("serving.batch.writers.MAX_SHEET_ROWS", 3)
    pd.DataFrame({"platform": ["x"] * 3, "followers": 9e3}).to_parquet(tmp_path / "list.parquet")
    with pytest.raises(BatchError, match=r"3 answers are more than a worksheet holds \(2\)"):
        score_file(tmp_path / "list.parquet", tmp_path / "o.xlsx", scorer, AS_OF)
    options = BatchOptions(top=2)
    score_file(tmp_path / "list.parquet", tmp_path / "o.xlsx", scorer, AS_OF, options)
