"""What an Excel number format shows and what the workbook stores are held against each other."""

import re

import openpyxl
import pytest

from ingest.sheets import ColumnMapping, SheetOptions, read_sheet
from ingest.sheets.number_formats import currency_of_format, number_display

MILLIONS = '[>=1000000]0.0,,"M";[>=1000]0.0,"K";0'


@pytest.fixture
def sheet_of(tmp_path):
    """Give the sheet of one column of numbers in a workbook: (number, format), beside its creators."""

    def read(header, *cells, columns=None, text=None):
        book = openpyxl.Workbook()
        book.active.append(["handle", "platform", header])
        for row, (number, number_format) in enumerate(cells, 2):
            book.active.append([f"@a{row}", "Instagram", number])
            book.active.cell(row, 3).number_format = number_format
        if text is not None:
            book.active.append(["@text", "Instagram", text])
        book.save(tmp_path / "list.xlsx")
        return read_sheet(tmp_path / "list.xlsx", SheetOptions(columns=columns or {}))

    return read


@pytest.mark.parametrize(
    ("number_format", "number", "shown"),
    [
        ('0.0"%"', 2.9, "2.9%"),
        (r"0.0\%", 2.9, "2.9%"),
        ("0.0%", 0.029, "2.9%"),
        ('0.0,"K"', 12500, "12.5K"),
        (MILLIONS, 2_500_000, "2.5M"),
        (MILLIONS, 2_500, "2.5K"),
        (MILLIONS, 25, "25"),
        ("#,##0,", 12500, "12.5"),
        ('0"000"', 12, "12000"),
        ('_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"??_);_(@_)', 450, "$450"),
        ("#,##0;[Red]-#,##0", 12, "12"),
        ('0;-0;"none";@', 0, "none"),
    ],
)
def test_a_number_as_it_is_shown(number_format, number, shown):
    assert number_display(number_format, number).text(number) == shown


@pytest.mark.parametrize(
    ("sign", "tag", "code"),
    [
        *(("$", tag, code) for tag, code in zip(
            ["409", "C09", "1009", "1409", "C04", "1004", "80A", "2C0A", "340A", "240A", "404", "4809", "en-AU"],
            ["USD", "AUD", "CAD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP", "TWD", "SGD", "AUD"],
            strict=True,
        )),
        ("kr", "41D", "SEK"),
        ("kr", "414", "NOK"),
        ("kr.", "406", "DKK"),
        ("¥", "411", "JPY"),
        ("¥", "804", "CNY"),
        ("USD", "", "USD"),
        ("CHF", "807", "CHF"),
        ("£", "809", "GBP"),
        ("€", "2", "EUR"),
        ("€", "x-euro2", "EUR"),
        ("Rp", "421", "IDR"),
        ("R$", "416", "BRL"),
        ("zł", "415", "PLN"),
        ("Kč", "405", "CZK"),
        ("R", "1C09", "ZAR"),
        ("$", "", "USD"),
        ("$", "FFFF", None),
        ("$", "414", None),
    ],
)  # fmt: skip
def test_currencies_of_excel_are_those_of_their_locale(sign, tag, code):
    assert currency_of_format(sign, tag) == code


@pytest.mark.parametrize(
    ("header", "number", "number_format", "value"),
    [
        ("followers", 12500, '0.0,"K"', 12500),
        ("followers", 12500, '0.0," mil"', 12500),
        ("followers", 2_500_000, MILLIONS, 2_500_000),
        ("followers", 12500, "#,##0,", 12500),
        ("followers", 12500, "#'##0", 12500),
        ("followers", 12500, r"#\ ##0", 12500),
        ("followers", 12500, r"#\.##0", 12500),
        ("followers", 12500, '#,##0 "Follower"', 12500),
        ("followers", 12500, "0.00E+00", 12500),
        ("followers", 12500, "#,##0_);(#,##0)", 12500),
        ("Followers (k)", 12.5, "0.0", 12500),
        ("Followers (k)", 12.5, '0.0"K"', 12500),
        ("Followers (k)", 12500, '0.0,"K"', 12500),
        ("Followers (k)", 12500, "0.0,", 12500),
        ("engagement rate by followers", 0.029, "0.0%", 0.029),
        ("engagement rate by followers", 2.9, '0.0"%"', 0.029),
        ("engagement rate by followers", 2.9, r"0.0\ \%", 0.029),
        ("ER by views", 2.9, '0.0" %"', 0.029),
    ],
)
def test_a_number_that_is_shown_as_it_is_stored(header, number, number_format, value, sheet_of):
    sheet = sheet_of(header, (number, number_format))
    assert sheet.rows.iloc[0, -1] == value
    assert [guess.ambiguous for guess in sheet.guesses] == [None] * 3


@pytest.mark.parametrize(
    ("header", "number", "number_format", "said"),
    [
        (
            "followers",
            2.9,
            '0.0"M"',
            "shows 2.9 as '2.9M', and does not scale it: map 'followers' with the unit m",
        ),
        ("followers", 12.5, r"0.0\k", "shows 12.5 as '12.5k'"),
        ("followers", 12500, '0.0,"M"', "shows 12500 as '12.5M'"),
        ("followers", 12, '0"000"', "shows 12 as '12000'.*: correct the number format"),
        ("followers", 12, '0".000"', "shows 12 as '12.000'"),
        ("followers", 1250, "00-00", "correct the number format"),
        ("followers", 12, ";;;", "shows 12 as ''"),
        ("followers", 12, '"TBC"', "shows 12 as 'TBC'"),
        ("followers", 12, r"\-0", "shows 12 as '-12'"),
        ("followers", 12, "(0)", "shows 12 as '.12.'"),
        ("Followers (k)", 12_500_000, '0.0,,"M"', None),
        ("Followers (k)", 12_500, "0.0,,", "shows 12500 as '0.0125'"),
        ("engagement rate by followers", 29, '0"‰"', "shows 29 as '29‰'"),
        (
            "engagement rate by followers",
            0.029,
            '0.0"%"',
            "less than 0.1%.* unit percent or fraction",
        ),
        ("fee (USD)", 1.2, '0.0"k"', "shows 1.2 as '1.2k'"),
    ],
)
def test_a_number_that_is_shown_as_another_is_unclear(
    header, number, number_format, said, sheet_of
):
    sheet = sheet_of(header, (number, number_format))
    if said is None:
        assert sheet.rows.iloc[0, -1] == number
    else:
        assert sheet.rows.iloc[0, -1:].isna().all()
        assert re.search(said, sheet.guesses[-1].ambiguous)


@pytest.mark.parametrize(
    ("column", "unit", "number", "number_format", "value"),
    [
        ("followers", "m", 2.9, '0.0"M"', 2_900_000),
        ("followers", "k", 12, '0"000"', 12_000),
        ("engagement_rate_by_followers", "percent", 0.029, '0.0"%"', 0.00029),
        ("engagement_rate_by_followers", "fraction", 0.029, '0.0"%"', 0.029),
    ],
)
def test_a_map_decides_what_is_meant(column, unit, number, number_format, value, sheet_of):
    sheet = sheet_of(
        "figure", (number, number_format), columns={"figure": ColumnMapping(column, unit)}
    )
    assert sheet.rows[column].tolist() == [pytest.approx(value)]
    assert sheet.guesses[-1].ambiguous is None


def test_numbers_shown_in_thousands_are_read_as_stored_and_that_is_told(sheet_of):
    sheet = sheet_of("followers", (12500, "#,##0,"), (1_200_000, "#,##0,"))
    assert sheet.rows["followers"].tolist() == [12500, 1_200_000]
    assert "read as stored" in sheet.guesses[-1].note


def test_only_the_numbers_that_are_shown_otherwise_stay_unknown(sheet_of):
    sheet = sheet_of("followers", (12500, "#,##0"), (2.9, '0.0"M"'), text="3.1M")
    assert sheet.rows["followers"].fillna(-1).tolist() == [12500, -1, 3_100_000]
    assert sheet.unread["followers"].tolist() == [False, True, False]


def test_money_is_no_count_and_a_date_no_number(sheet_of):
    sheet = sheet_of("followers", (12, '"$"0'), (46054, "d-mmm"), (7, "0"))
    assert [fault.reason for fault in sheet.faults] == [
        "is an amount of money, no count",
        "is a date, no number: the spreadsheet program may have made it of a number such as 1.2",
    ]


@pytest.mark.parametrize(
    ("number_format", "currency"),
    [
        ("[$$-C09]#,##0", "AUD"),
        ("#,##0 [$kr-414]", "NOK"),
        ("[$$-en-CA]0", "CAD"),
        ("[$¥-804]0", "CNY"),
    ],
)
def test_a_fee_is_in_the_currency_of_its_format(number_format, currency, sheet_of):
    assert sheet_of("Fee", (450, number_format)).guesses[-1].currency == currency


def test_a_dollar_of_no_known_locale_names_no_currency(sheet_of):
    assert "names no currency" in sheet_of("Fee", (450, "[$$-FFFF]0")).guesses[-1].ambiguous


def test_an_id_keeps_the_zeros_that_its_format_shows(sheet_of):
    assert sheet_of("creator_id", (123, "00000")).rows["creator_id"].tolist() == ["00123"]
