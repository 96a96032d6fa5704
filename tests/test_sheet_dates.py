from datetime import UTC, datetime

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from ingest.sheets.dates import (
    NO_DATE,
    OTHER_ZONE,
    OUT_OF_RANGE,
    UNCLEAR_DATE,
    DateStats,
    parse_date,
    read_date,
)
from ingest.sheets.word_lists import LANGUAGES


def on(year, month, day, *time):
    return datetime(year, month, day, *time, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", on(2026, 3, 1)),
        ("2026/3/1", on(2026, 3, 1)),
        ("20260301", on(2026, 3, 1)),
        ("2026-03-01T12:00:00Z", on(2026, 3, 1, 12)),
        ("2026-03-01T12:00:00.250+02:00", on(2026, 3, 1, 10, 0, 0, 250_000)),
        ("2026-03-01 12:00:00+0000", on(2026, 3, 1, 12)),
        ("2026-03-01 23:30:00-05", on(2026, 3, 2, 4, 30)),
        ("2026-03-01 12:00:00 UTC", on(2026, 3, 1, 12)),
        ("31/12/2025", on(2025, 12, 31)),
        ("12/31/2025 3:04 PM", on(2025, 12, 31, 15, 4)),
        ("13.2.26", on(2026, 2, 13)),
        ("01.02.2026 14:05 Uhr", on(2026, 2, 1, 14, 5)),
        ("Mar 1, 2026", on(2026, 3, 1)),
        ("March 1st, 2026 at 9:30 am", on(2026, 3, 1, 9, 30)),
        ("Sunday, 1 March 2026", on(2026, 3, 1)),
        ("1. März 2026", on(2026, 3, 1)),
        ("12 de março de 2026", on(2026, 3, 12)),
        ("1er avril 2026", on(2026, 4, 1)),
        ("5 ene 2026", on(2026, 1, 5)),
        ("5 Agustus 2026", on(2026, 8, 5)),
        ("1-Mar-26", on(2026, 3, 1)),
        ("1772366400", on(2026, 3, 1, 12)),
        ("1772366400000", on(2026, 3, 1, 12)),
        ("46082", on(2026, 3, 1)),
        ("46082.5", on(2026, 3, 1, 12)),
        ("2026-03-01 12:00 CET", on(2026, 3, 1, 11)),
        ("2021-03-01 12:00:00 EST", on(2021, 3, 1, 17)),
        ("2021-03-15 12:00:00 EDT", on(2021, 3, 15, 16)),
        ("2026-03-01 19:00 WIB", on(2026, 3, 1, 12)),
        ("Tue, Jul 14, 2026", on(2026, 7, 14)),
        ("03/27/2026 06:08", on(2026, 3, 27, 6, 8)),
        ("19 févr. 2026", on(2026, 2, 19)),
        ("2026年2月19日", on(2026, 2, 19)),
        ("2026년 2월 19일", on(2026, 2, 19)),
        ('"2021-03-01"', on(2021, 3, 1)),
        ("'2021-03-01T12:00:00Z'", on(2021, 3, 1, 12)),
        ("Wed Oct 10 20:19:24 +0000 2018", on(2018, 10, 10, 20, 19, 24)),
        ("Mon Mar 02 2026 10:00:00 GMT+0100", on(2026, 3, 2, 9)),
    ],
)
def test_a_date_as_people_write_it(text, moment):
    assert read_date(text, None) == (moment, "")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("soon", NO_DATE),
        ("3 days ago", NO_DATE),
        ("2026", NO_DATE),
        ("2026-03-01 12:00 IST", OTHER_ZONE),
        ("2026-03-01 12:00:00 (BST)", OTHER_ZONE),
        ("soon IST", NO_DATE),
        ("01/02/2026", UNCLEAR_DATE),
        ("30/02/2026", "is no date that exists"),
        ("2026-13-01", "is no date that exists"),
        ("1999-01-01", OUT_OF_RANGE),
        ("1/1/0026", OUT_OF_RANGE),
    ],
)
def test_what_is_no_date_says_why(text, wrong):
    assert read_date(text, None) == (None, wrong)


def test_the_order_is_a_property_of_the_column():
    survey = DateStats()
    survey.add({"01/02/2026": 3, "25/02/2026": 1, "03/03/2026": 1})
    assert (survey.day_first, survey.unclear) == (True, "01/02/2026")
    assert read_date("01/02/2026", True)[0] == on(2026, 2, 1)
    assert read_date("01/02/2026", False)[0] == on(2026, 1, 2)
    survey.add({"12/31/2025": 1})
    assert survey.day_first is None


def test_excel_counts_from_1904_in_old_macintosh_files():
    assert read_date("44620", None, epoch=1904) == read_date("46082", None)


@given(st.dates(datetime(2004, 1, 2).date(), datetime(2099, 12, 30).date()), st.sampled_from(LANGUAGES),
       st.sampled_from(["long", "d MMM y", "d MMMM y", "yyyy-MM-dd"]))  # fmt: skip
def test_any_date_written_in_a_languages_way_comes_back(day, language, form):
    text = format_date(day, form, locale=language)
    assert read_date(text, None) == (datetime(day.year, day.month, day.day, tzinfo=UTC), "")


@given(st.text(alphabet="0123456789/-.: TZ+amMärz", max_size=24))
def test_no_text_breaks_it(text):
    found = parse_date(text)
    if found is not None:
        read_date(text, True)
        read_date(text, False)
