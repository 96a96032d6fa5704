"""Moments as users write them: ISO alone."""

from datetime import UTC, datetime

import pytest

from features.tables.timestamps import TimestampError, is_date_only, parse_timestamp

BOTH = "means one day where the month comes first and another where the day does: write "


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-02-01", datetime(2027, 2, 1, tzinfo=UTC)),
        (" 2027-02-01 ", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-02-01T12:30Z", datetime(2027, 2, 1, 12, 30, tzinfo=UTC)),
        ("2027-02-01 12:30:05", datetime(2027, 2, 1, 12, 30, 5, tzinfo=UTC)),
        ("2027-02-01T00:30:00.5+02:00", datetime(2027, 1, 31, 22, 30, 0, 500_000, tzinfo=UTC)),
        ("2027-02-01T00:30:00-0530", datetime(2027, 2, 1, 6, 0, tzinfo=UTC)),
    ],
)
def test_iso_dates_and_times_are_read_in_utc(text, moment):
    assert parse_timestamp(text) == moment
    assert is_date_only(text) == (len(text.strip()) == 10)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("01/02/2027", f"{BOTH}2027-02-01 or 2027-01-02"),
        ("1.2.2027", f"{BOTH}2027-02-01 or 2027-01-02"),
        ("01-02-2027 12:00", f"{BOTH}2027-02-01 or 2027-01-02"),
        ("31/01/2027", "is no ISO date: write 2027-01-31"),
        ("01/31/2027", "is no ISO date: write 2027-01-31"),
        ("02/02/2027", "is no ISO date: write 2027-02-02"),
        ("2027/02/01", "is no ISO date: write 2027-02-01"),
        ("20270201", "is no ISO date: write 2027-02-01"),
        ("2027-2-1", "is no ISO date: write 2027-02-01"),
        ("2027-13-01", "is no date that exists: write 2026-07-01 or 2026-07-01T12:00:00Z"),
        ("2027-02-30T12:00", "is no date that exists: write 2026-07-01 or 2026-07-01T12:00:00Z"),
        ("2027-02-01T25:00", "is no date that exists: write 2026-07-01 or 2026-07-01T12:00:00Z"),
        ("0001-01-01T00:00+23:00", "is no date that exists: write 2026-07-01 or 2026-07-01T12:00:00Z"),
        ("1926-07-01", "lies outside 2004 to 2100"),
        ("3026-07-01", "lies outside 2004 to 2100"),
        *((word, "is no date: write 2026-07-01 or 2026-07-01T12:00:00Z")
          for word in ("tomorrow", "now", "today", "NaT", "2027", "2027-02", "12:00", "1782864000", "Feb 1 2027", "")),
    ],
)  # fmt: skip
def test_all_else_is_refused_with_what_to_write(text, reason):
    with pytest.raises(TimestampError) as caught:
        parse_timestamp(text)
    assert str(caught.value) == f"{text!r} {reason}"
