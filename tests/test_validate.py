import numpy as np
import pandas as pd
import pytest

from features.tables.folder import read_tables, write_tables
from features.tables.frames import DataFolderError
from features.tables.model import Tables
from features.tables.schema import POSTS, PROSPECTS
from features.tables.validate import InvalidTables, clean_table, validate

NOW = pd.Timestamp("2026-03-01", tz="UTC")
CREATORS = pd.DataFrame(
    {"creator_id": ["a", "b"], "platform": ["instagram", "tiktok"], "followers": [1000.0, None]}
)
POST = {
    "platform": "instagram",
    "post_id": "p1",
    "creator_id": "a",
    "posted_at": "2026-01-01T00:00:00Z",
    "likes": "7",
}


def faults_of(*posts, meta=None, creators=CREATORS):
    with pytest.raises(InvalidTables) as caught:
        validate(
            Tables(
                creators=creators,
                posts=pd.DataFrame([{**POST, **p} for p in posts]),
                meta=meta or {},
            ),
            now=NOW,
        )
    return [(f.table, f.row, f.column, f.rule.split(":")[0]) for f in caught.value.faults]


def test_clean_tables_come_back_in_canonical_columns_and_dtypes():
    tables = validate(Tables(creators=CREATORS, posts=pd.DataFrame([POST])), now=NOW)
    assert list(tables.posts) == POSTS.names
    assert tables.posts["posted_at"][0] == pd.Timestamp("2026-01-01", tz="UTC")
    assert tables.posts["likes"].tolist() == [7.0]
    assert np.isnan(tables.posts["comments"][0])


def test_every_fault_of_every_row_is_reported_together():
    assert faults_of(
        {"likes": "-1", "post_id": "p1"},
        {"likes": "many", "post_id": "p2", "creator_id": "nobody"},
        {"format": "reel", "post_id": "p3", "posted_at": "2026-02-30T00:00:00Z"},
    ) == [
        ("posts", 0, "likes", "is below 0, the least possible"),
        ("posts", 1, "creator_id", "is no creator of that platform in the creators table"),
        ("posts", 1, "likes", "is not a finite number"),
        ("posts", 2, "format", "is not one of image, carousel, video, short, story, live"),
        ("posts", 2, "posted_at", "is no date that exists"),
    ]


def test_times_without_a_zone_are_faults_unless_declared_utc():
    assert faults_of({"posted_at": "2026-01-01 00:00:00"}) == [
        ("posts", 0, "posted_at", "has no time zone")
    ]
    assert faults_of({"posted_at": pd.Timestamp("2026-01-01")}) == [
        ("posts", 0, "posted_at", "has no time zone")
    ]
    posts = pd.DataFrame([{**POST, "posted_at": "2026-01-01 00:00:00"}])
    tables = validate(Tables(creators=CREATORS, posts=posts, meta={"timezone": "UTC"}), now=NOW)
    assert tables.posts["posted_at"][0] == pd.Timestamp("2026-01-01", tz="UTC")


def test_offsets_are_converted_to_utc():
    posts = pd.DataFrame([{**POST, "posted_at": "2026-01-01T02:00:00+02:00"}])
    assert validate(Tables(creators=CREATORS, posts=posts), now=NOW).posts["posted_at"][
        0
    ] == pd.Timestamp("2026-01-01", tz="UTC")


def test_impossible_dates():
    assert faults_of({"posted_at": "1970-01-01T00:00:00Z"}) == [
        ("posts", 0, "posted_at", "lies outside 2004 to 2100")
    ]
    assert faults_of({"posted_at": "2026-04-01T00:00:00Z"})[0] == (
        "posts",
        0,
        "posted_at",
        "lies in the future",
    )
    assert faults_of({"observed_at": "2025-12-31T00:00:00Z"}) == [
        ("posts", 0, "posted_at", "is after observed_at 2025-12-31 00")
    ]


def test_an_outcome_is_read_after_the_start():
    deal = {"partnership_id": "d", "creator_id": CREATORS["creator_id"][0]}
    start, read = pd.Timestamp("2026-01-05", tz="UTC"), pd.Timestamp("2026-01-04", tz="UTC")
    planned = {**deal, "partnership_id": "e", "start_at": NOW + pd.Timedelta(days=40)}
    deals = pd.DataFrame([{**deal, "start_at": start, "observed_at": read}, planned])
    with pytest.raises(InvalidTables) as raised:
        validate(Tables(creators=CREATORS, partnerships=deals), now=NOW)
    (fault,) = raised.value.faults
    assert (fault.table, fault.row, fault.column) == ("partnerships", 0, "start_at")
    assert fault.rule.startswith("is after observed_at 2026-01-04")


def test_several_readings_are_ordinary_and_an_exact_repeat_is_a_fault():
    first, second = {"observed_at": "2026-01-02T00:00:00Z"}, {"observed_at": "2026-01-09T00:00:00Z"}
    posts = pd.DataFrame([{**POST, **first}, {**POST, **second}])
    assert len(validate(Tables(creators=CREATORS, posts=posts), now=NOW).posts) == 2
    repeats = "repeats an earlier row with the same platform, post_id, observed_at"
    assert faults_of(first, second, first) == [("posts", 2, "platform", repeats)]
    assert faults_of({}, {}) == [("posts", 1, "platform", repeats)]


def test_missing_required_column_and_value():
    with pytest.raises(
        InvalidTables, match="creators: platform None is missing: the column is required"
    ):
        validate(Tables(creators=CREATORS.drop(columns="platform")), now=NOW)
    assert ("posts", 0, "creator_id", "is missing") in faults_of({"creator_id": ""})


def test_numbers_as_ids_are_refused():
    with pytest.raises(InvalidTables, match="keep the column as text"):
        validate(Tables(creators=CREATORS.assign(creator_id=[1, 2])), now=NOW)


def test_partnership_of_a_creator_on_two_platforms_needs_the_platform():
    creators = pd.DataFrame({"creator_id": ["a", "a"], "platform": ["instagram", "tiktok"]})
    deals = pd.DataFrame(
        {
            "partnership_id": ["1", "2", "3"],
            "creator_id": ["a", "a", "z"],
            "platform": [None, "tiktok", None],
        }
    )
    with pytest.raises(InvalidTables) as caught:
        validate(Tables(creators=creators, partnerships=deals), now=NOW)
    assert [(f.row, f.rule) for f in caught.value.faults] == [
        (0, "stands on several platforms: name the platform"),
        (2, "is no creator of that platform in the creators table: add a row there"),
    ]


def test_check_leaves_the_callers_frame_alone():
    frame = pd.DataFrame({"followers": ["10", "x"], "extra": [1, 2]}, index=[5, 6])
    before = frame.copy()
    clean, faults = clean_table(frame, PROSPECTS)
    pd.testing.assert_frame_equal(frame, before)
    assert clean["followers"].tolist()[0] == 10.0
    assert [(f.row, f.value) for f in faults] == [(1, "x")]


def test_folder_round_trip(tmp_path):
    tables = validate(
        Tables(creators=CREATORS, posts=pd.DataFrame([POST]), meta={"simulated": True}), now=NOW
    )
    write_tables(tables, tmp_path / "data")
    again = validate(read_tables(tmp_path / "data"), now=NOW)
    pd.testing.assert_frame_equal(again.posts, tables.posts)
    pd.testing.assert_frame_equal(again.creators, tables.creators)
    assert again.trained_on == "simulated"


def test_rows_longer_than_the_header_are_refused_and_empty_surplus_shifts_nothing(tmp_path):
    (tmp_path / "creators.csv").write_text("creator_id,platform\na,instagram,\nb,tiktok,\n")
    assert read_tables(tmp_path).creators["creator_id"].tolist() == ["a", "b"]
    (tmp_path / "creators.csv").write_text("creator_id,platform\na,b,c,d\n")
    with pytest.raises(DataFolderError, match="more fields than its header"):
        read_tables(tmp_path)


def test_readings_of_one_post_agree_on_when_it_was_posted_and_by_whom():
    first, second = {"observed_at": "2026-01-02T00:00:00Z"}, {"observed_at": "2026-01-09T00:00:00Z"}
    rule = "differs from an earlier reading of the same post"
    assert faults_of(first, {**second, "posted_at": "2026-01-01T01:00:00Z"}) == [
        ("posts", 1, "posted_at", rule)
    ]
