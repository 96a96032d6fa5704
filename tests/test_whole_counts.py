"""Counts are whole numbers, whichever way they come in; averages, rates and fees may have a fraction."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from features.tables.schema import NOT_WHOLE, POSTS, PROSPECTS, TABLE_SPECS
from features.tables.validate import clean_table
from ingest.shapes.value_parsers import InvalidValue, parse_value
from serving.batch import score_file
from serving.http.request_reader import read_partnerships

NOW = datetime(2026, 7, 1, tzinfo=UTC)
COUNTS = [
    (name, column)
    for name, spec in TABLE_SPECS.items()
    for column in spec.columns
    if column.kind == "count"
]
PROFILE = {"platform": "instagram", "followers": 20_000}
ASKED = [column.name for column in PROSPECTS.columns if column.kind == "count"]
OF_POSTS = [column.name for column in POSTS.columns if column.kind == "count"]


@pytest.mark.parametrize(("table", "column"), COUNTS, ids=lambda one: getattr(one, "name", one))
def test_every_count_of_every_table_is_whole(table, column):
    values = pd.DataFrame({column.name: [3.0, 1.5, None, 1009.99]})
    broken = [
        (fault.row, fault.rule)
        for fault in clean_table(values, TABLE_SPECS[table])[1]
        if fault.column == column.name
    ]
    expected = [(1, NOT_WHOLE), (3, NOT_WHOLE)]
    assert [one for one in broken if one[1] == NOT_WHOLE] == expected
    with pytest.raises(InvalidValue, match=NOT_WHOLE):
        parse_value(1.5, column)
    assert parse_value("3.0", column) == 3.0


@pytest.mark.parametrize("name", ASKED)
def test_a_request_says_which_count_is_not_whole(name):
    ((fault,),) = read_partnerships([{**PROFILE, name: 2.5}], NOW).faults.values()
    assert (fault.code, fault.where, fault.got) == ("not_whole", f"partnerships[0].{name}", 2.5)
    assert fault.expected.startswith("a whole number from ")
    prospects = read_partnerships([{**PROFILE, name: 2.5}, {**PROFILE, name: 3.0}], NOW)
    assert (prospects.valid_positions, list(prospects.faults)) == ([1], [0])


@pytest.mark.parametrize("name", OF_POSTS)
def test_the_counts_of_a_post_are_whole(name):
    posts = [{"posted_at": "2026-05-01T00:00:00Z", name: value} for value in (2.0, 2.5)]
    ((fault,),) = read_partnerships([{**PROFILE, "recent_posts": posts}], NOW).faults.values()
    assert (fault.code, fault.where) == ("not_whole", f"partnerships[0].recent_posts[1].{name}")


def test_averages_rates_and_fees_may_have_a_fraction():
    asked = {
        **PROFILE,
        "avg_likes": 500.25,
        "engagement_rate_by_followers": 0.034,
        "fee_usd": 450.5,
        "confidence": 0.9,
    }
    assert read_partnerships([asked], NOW).faults == {}
    assert clean_table(pd.DataFrame([asked]), PROSPECTS)[1] == []


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_lists_of_every_kind_reject_the_same_rows(ending, scorer, tmp_path):
    frame = pd.DataFrame(
        {
            "platform": "instagram",
            "followers": [20_000, 1009.99, 30_000.0],
            "deliverables": [1.5, 2.0, 3.0],
        }
    )
    write = {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}[ending]
    write(tmp_path / f"list.{ending}", index=False)
    tally = score_file(tmp_path / f"list.{ending}", tmp_path / "out.csv", scorer, pd.Timestamp(NOW))
    assert (tally.scored, tally.rejected) == (1, 2)
    assert pd.read_csv(tally.rejected_path)["reasons"].str.contains("is no whole number").all()
