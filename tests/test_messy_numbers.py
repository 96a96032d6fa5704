"""What a figure is: marks and words of numbers, rows that sum up, what is hidden, dates that were exchanged."""

import re
from datetime import datetime

import openpyxl
import pandas as pd
import pytest
from messy_cases import MESSY, imported

from ingest.sheets.reader import iter_sheet, read_sheet
from ingest.sheets.sheet_types import ColumnMapping, SheetOptions
from serving.batch.csv_fast import FastCsvList
from serving.batch.sheet_list import SheetList

INSTAGRAM = SheetOptions(platform="instagram")


@pytest.fixture
def file_of(tmp_path):
    """Write rows, the header first, as CSV or XLSX."""

    def write(rows, kind="csv"):
        path = tmp_path / f"list.{kind}"
        if kind == "csv":
            path.write_text(
                "\n".join(";".join(map(str, row)) for row in rows) + "\n", encoding="utf-8"
            )
            return path
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([None if cell == "" else cell for cell in row])
        book.save(path)
        return path

    return write


# --- dates that a spreadsheet program exchanged -------------------------------------------------------------------

EXCHANGED = [
    datetime(2026, 4, 3),
    "25/03/2026",
    datetime(2026, 7, 2),
    "13/02/2026",
    datetime(2026, 1, 2),
    "28/02/2026",
]
TEXTS = ["2026-04-03", "25/03/2026", "2026-07-02", "13/02/2026"]
EPOCH = pd.Timestamp(0, tz="UTC")


def days(sheet, column="start_at"):
    return sheet.rows[column].dt.strftime("%d.%m").fillna("").tolist()


def dated(dates):
    return [
        ["handle", "platform", "followers", "start date"],
        *(["@a", "x", 1000, date] for date in dates),
    ]


@pytest.mark.parametrize(
    ("day_first", "expected"),
    [
        (None, ["", "25.03", "", "13.02", "", "28.02"]),
        (True, ["04.03", "25.03", "07.02", "13.02", "01.02", "28.02"]),
        (False, ["03.04", "25.03", "02.07", "13.02", "02.01", "28.02"]),
    ],
)
def test_posts_whose_dates_excel_exchanged(day_first, expected):
    sheet = read_sheet(MESSY / "66_dates_swapped_by_excel.xlsx", SheetOptions(day_first=day_first))
    assert days(sheet, "posted_at") == expected
    unclear = sheet.guesses[3].ambiguous
    assert (
        unclear is None
        if day_first is not None
        else re.search("exchanged day and month: say --day-first", unclear)
    )


@pytest.mark.parametrize(
    ("dates", "unclear"),
    [
        (EXCHANGED, True),
        ([datetime(2026, 4, 3, 18, 30), "03/25/2026", "02/13/2026", "02/28/2026"], True),
        (["2026-04-03 00:00:00", "25/03/2026", "2026-07-02 00:00:00", "13/02/2026"], True),
        (["3-Apr-26", "25.03.2026", "2-Jul-26", "13.02.2026"], True),
        ([datetime(2026, 4, 13), *EXCHANGED], False),
        ([*EXCHANGED, "05/06/2026"], False),
        ([datetime(2026, 4, 3), datetime(2026, 7, 2), "2026-03-25", "2026-02-13"], False),
        ([datetime(2026, 4, 3), datetime(2026, 7, 2), "25/03/2026"], False),
        (["2026-04-03T00:00:00Z", "25/03/2026", "2026-07-02T00:00:00Z", "13/02/2026"], False),
        (["25/03/2026", "13/02/2026", "28/02/2026", "03/04/2026"], False),
    ],
)
def test_dates_are_unclear_where_they_look_exchanged_and_nowhere_else(dates, unclear, file_of):
    sheet = read_sheet(file_of(dated(dates), "xlsx"))
    assert (sheet.guesses[3].ambiguous is not None) == unclear


def test_texts_of_exchanged_dates_are_exchanged_back(file_of):
    path = file_of(dated(TEXTS))
    mapped = {"start date": ColumnMapping("start_at", day_first=True)}
    assert days(read_sheet(path, SheetOptions(columns=mapped))) == [
        "04.03",
        "25.03",
        "07.02",
        "13.02",
    ]
    assert days(read_sheet(path, SheetOptions(day_first=False))) == [
        "03.04",
        "25.03",
        "02.07",
        "13.02",
    ]


# --- marks of several currencies, words of several languages ------------------------------------------------------


def fees(sheet):
    amounts = (
        pd.concat([sheet.rows, sheet.extra], axis=1)
        .filter(regex="^fee(_usd|_amount)?$")
        .max(axis=1)
    )
    return [None if amount != amount else amount for amount in amounts]


def test_the_mark_of_one_currency_says_nothing_of_another():
    sheet = read_sheet(MESSY / "12_fees_two_marks.csv")
    assert fees(sheet) == [None, 1500, None]
    assert re.match(
        "'.1,200' may be a decimal number or have a thousands mark: say --decimal",
        sheet.guesses[4].ambiguous,
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["€1.500,00", "$1,200", "$1,200.50"], [1500, 1200, 1200.5]),
        (["£1,500.00", "1.200 €", "1.200,50 €"], [1500, 1200, 1200.5]),
        (["Rp 1.500.000", "$1,500", "$12.50"], [1_500_000, 1500, 12.5]),
        (["€1.500,00", "€1.200"], [1500, 1200]),
        (["R$ 1.500,00", "$1.200"], [1500, None]),
        (["$1,200.50", "1,200"], [1200.5, 1200]),
    ],
)
def test_each_currency_is_written_in_its_own_way(cells, expected, file_of):
    path = file_of([["handle", "platform", "Fee"], *(["@a", "x", cell] for cell in cells)])
    assert fees(read_sheet(path)) == expected


def test_mil_under_english_headers_is_unclear_until_a_map_tells():
    path = MESSY / "13_english_mil.csv"
    sheet = read_sheet(path)
    assert sheet.rows["followers"].fillna(-1).tolist() == [-1, -1, 450_000]
    assert re.match(
        "'1.2 mil' may mean thousands or millions: write it with k", sheet.guesses[2].ambiguous
    )
    told = read_sheet(path, SheetOptions(columns={"followers": ColumnMapping("followers", "m")}))
    assert told.rows["followers"].tolist() == [1_200_000, 3_500_000, 450_000]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("Seguidores", ["1,2 mil", "450"], [1200, 450]),
        ("Suscriptores", ["10 mil", "1,2 millones"], [10_000, 1_200_000]),
        ("Inscritos", ["12,5 mil", "3 mi"], [12_500, 3_000_000]),
        ("Followers", ["12,5 mil", "2,1 milhões"], [12_500, 2_100_000]),
        ("Followers", ["12.5 mil", "2.1M"], [None, 2_100_000]),
        ("Abonnenten", ["12,5 mil", "800 Tsd."], [None, 800_000]),
        ("Followers", ["1.2 billion", "900k"], [1_200_000_000, 900_000]),
        ("Abonnenten", ["1,2 Billion", "900 Tsd"], [None, 900_000]),
        ("Abonnés", ["1,2 billion", "900 k"], [None, 900_000]),
        ("Abonnés", ["2 mille", "3,5 M"], [2000, 3_500_000]),
    ],
)
def test_a_word_for_a_power_of_ten_is_read_in_the_language_of_the_sheet(
    header, cells, expected, file_of
):
    sheet = read_sheet(file_of([["handle", header], *(["@a", cell] for cell in cells)]))
    assert [None if value != value else value for value in sheet.rows["followers"]] == expected
    assert (sheet.guesses[1].ambiguous is not None) == (None in expected)


# --- what is hidden -----------------------------------------------------------------------------------------------


def test_a_hidden_row_is_told_by_import(tmp_path):
    found = imported(MESSY / "44_hidden_row.xlsx", out=tmp_path / "out")
    assert len(found["creators"]) == 3
    assert "1 row(s) are hidden by hand, and read like the others: row 3" in found.text


def hide(path, rows=(), columns=(), filtered=None):
    book = openpyxl.load_workbook(path)
    for row in rows:
        book.active.row_dimensions[row].hidden = True
    for first, last in columns:
        book.active.column_dimensions.group(first, last, hidden=True)
    book.active.auto_filter.ref = filtered
    book.save(path)
    return path


CREATORS = [
    ["handle", "platform", "followers", "fee (USD)"],
    *([f"@a{k}", "tiktok", 1000 + k, 50] for k in range(20)),
]


@pytest.mark.parametrize(
    ("hidden", "told"),
    [
        ({"rows": [2, 5], "filtered": "A1:D21"}, 
            ["2 row(s) are hidden by a filter or by hand, and read like the others: row 2, 5"]),
        ({"columns": [("C", "D")]}, ["2 column(s) are hidden, and read like the others: 'followers', 'fee (USD)'"]),
        ({"rows": range(2, 16)},
            ["14 row(s) are hidden by hand, and read like the others: row 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, ..."]),
        ({"rows": [25, 26], "columns": [("F", "XFD")]}, []),
        ({"rows": [1]}, []),
    ],
)  # fmt: skip
def test_hidden_rows_and_columns_are_read_and_told(hidden, told, file_of):
    sheet = read_sheet(hide(file_of(CREATORS, "xlsx"), **hidden))
    assert [note for note in sheet.notes if "hidden" in note] == told
    assert len(sheet.rows) == 20


# --- rows that sum up others --------------------------------------------------------------------------------------

HEADER = ["handle", "platform", "followers", "avg likes", "fee (USD)"]
ANA, BO, CY = (
    ["@ana.k", "Instagram", 120_000, 3_400, 4_500],
    ["@bo.fit", "Instagram", 156_000, 4_200, 5_200],
    ["@cy", "TikTok", 30_500, 800, 0],
)


def left_out(path, **options):
    return [(fault.line, fault.reason) for fault in read_sheet(path, **options).left_out]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([ANA, BO, ["", "", 276_000, 7_600, 9_700]], [4]),
        ([ANA, BO, ["", "", 138_000, 3_800, 4_850]], [4]),
        ([ANA, BO, ["", "Instagram", 276_000, 3_800, 9_700]], [4]),
        ([ANA, BO, ["", "", "276k", "7.6k", 9_700]], [4]),
        ([ANA, BO, ["", "", "", "", 9_700]], [4]),
        ([ANA, BO, CY, ["", "", "", 2_800, ""]], [5]),
        ([ANA, BO, ["", "Total", 276_000, 7_600, 9_700]], [4]),
        ([ANA, BO, ["Total IG", "Instagram", 276_000, 7_600, 9_700]], [4]),
        ([ANA, BO, ["Total", "Instagram", 276_000, 7_600, 9_700]], [4]),
        ([ANA, BO, ["Média", "", 138_000, 3_800, 4_850]], [4]),
        ([ANA, BO, ["Summe:", "", 1, 1, 1]], [4]),
        ([ANA, BO, ["", "", 276_000, 7_600, 9_700], CY, CY, ["", "", 61_000, 1_600, 0]], [4, 7]),
        ([ANA, BO, ["", "", 276_000, 7_600, 9_700], CY, ["", "", 306_500, 8_400, 9_700]], [4, 6]),
        (
            [ANA, ["", "Subtotal", 120_000, 3_400, 4_500], BO, CY, ["", "", 306_500, 8_400, 9_700]],
            [3, 6],
        ),
        ([["", "", 276_000, 7_600, 9_700], ANA, BO], [2]),
        ([ANA, BO, ["", "TikTok", 99_000, 3_800, 700]], []),
        ([ANA, ["", "Instagram", 120_000, 3_400, 4_500], BO], []),
        ([ANA, BO, ["Total", "YouTube", 99_000, 1_000, 700]], []),
        ([ANA, BO, ["@total.fitness", "YouTube", 99_000, 1_000, 700]], []),
        ([ANA, BO, ["", "TikTok", "", "", 4_850]], []),
        ([["", "Instagram", 0, 0, 0], ["", "TikTok", 0, 0, 0]], []),
    ],
)
def test_rows_that_sum_up_others_are_left_out(rows, lines, kind, file_of):
    path = file_of([HEADER, *rows], kind)
    assert [line for line, _ in left_out(path)] == lines
    found = [
        line
        for sheet in iter_sheet(path, rows=2)
        for line in (*sheet.lines, *(f.line for f in sheet.left_out))
    ]
    assert sorted(found) == list(range(2, len(rows) + 2))
    assert [fault.line for sheet in iter_sheet(path, rows=2) for fault in sheet.left_out] == lines


def test_what_a_row_sums_up_is_said(file_of):
    assert left_out(MESSY / "14_totals_unlabelled.csv", options=INSTAGRAM) == [
        (4, "sums up the rows above")
    ]
    first = file_of([HEADER, ["", "", 276_000, 7_600, 9_700], ANA, BO])
    assert left_out(first) == [(2, "sums up the rows below")]


def test_a_creator_who_is_called_total_is_read_and_told(file_of):
    sheet = read_sheet(file_of([HEADER, ANA, BO, ["Total", "YouTube", 99_000, 1_000, 700]]))
    assert sheet.rows["handle"].tolist() == ["ana.k", "bo.fit", "Total"]
    assert "1 row(s) begin like a sum, but are none, and are read: line 4" in sheet.notes


def test_a_sum_of_posts_is_no_post_of_the_creator_who_is_named(file_of, tmp_path):
    posts = [
        ["Post ID", "Date", "Likes"],
        ["a1", "2026-01-05", 30],
        ["a2", "2026-01-16", 12],
        ["", "", 42],
    ]
    found = imported(file_of(posts), out=tmp_path / "out", platform="tiktok", creator="@ana")
    assert (len(found["posts"]), found.rejected) == (2, 1)
    assert "sums up the rows above" in found.text


@pytest.mark.parametrize("last", [",,276000,7600,9700", "Total IG,instagram,276000,7600,9700"])
def test_long_lists_leave_out_the_same_rows(last, tmp_path):
    lines = ["@ana,instagram,120000,3400,4500", "@bo,instagram,156000,4200,5200", last]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["handle,platform,followers,avg_likes,fee_usd", *lines]) + "\n")
    for listed in (FastCsvList(path, SheetOptions()), SheetList(path, SheetOptions())):
        lots = list(listed.chunks(1000))
        assert [(m.position, m.reason) for lot in lots for m in lot.invalid_lines] == [
            (4, "sums up the rows above")
        ]
        assert sum(len(lot.rows) for lot in lots) == 2


# --- the same in a list to score ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("12_fees_two_marks.csv", "UNCLEAR column 'Fee': '.1,200' may be a decimal number"),
        (
            "13_english_mil.csv",
            "UNCLEAR column 'followers': '1.2 mil' may mean thousands or millions",
        ),
        ("40_percent_literal.xlsx", "the % is only text of the number format: read as shown"),
        ("44_hidden_row.xlsx", "1 row.s. are hidden by hand, and read like the others: row 3"),
    ],
)
def test_a_list_to_score_tells_the_same(name, said):
    assert re.search(said, "\n".join(SheetList(MESSY / name, INSTAGRAM).notes))


def test_exchanged_dates_of_a_long_list_are_read_alike(file_of):
    path = file_of(
        [["partnership_id", "start_at"], *([f"p{k}", day] for k, day in enumerate(TEXTS))]
    )
    for day_first in (None, True, False):
        listed = (FastCsvList, SheetList)
        found = [next(one(path, SheetOptions(day_first=day_first)).chunks(1000)) for one in listed]
        assert (
            found[0].rows["start_at"].fillna(EPOCH).tolist()
            == found[1].rows["start_at"].fillna(EPOCH).tolist()
        )
