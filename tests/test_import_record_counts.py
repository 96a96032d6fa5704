"""Nothing vanishes: items = read + rejected + ignored, and each record is one of its items, in every reader."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from messy_cases import imported

from ingest.exports import instagram_panel, json_reader, sheet_reader
from ingest.exports.errors import SourceError
from ingest.exports.import_job import ImportJob, ImportOptions
from ingest.exports.instagram_panel import PANEL_FOLLOWERS, PANEL_POSTS
from ingest.exports.part_writer import PartWriter
from ingest.exports.record_finder import FoundRecord, PartialPage, find_records
from ingest.exports.record_signs import is_empty_page, looks_like_record
from ingest.exports.rejections import Place
from ingest.exports.report import FileReport, RejectionWriter
from ingest.shapes.shape_catalog import SHAPES
from ingest.sheets.sheet_types import SheetError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
AT = "2026-03-01T12:00:00Z"
COMMENT = {"id": "9", "text": "t", "timestamp": AT, "username": "fan", "like_count": 2}
#: One record of each sort, with what may stand in it.
RECORDS = [
    {"id": "1", "text": "t", "author_id": "5", "created_at": AT, "public_metrics": {"like_count": 3}},
    {"id": "5", "username": "a", "name": "A", "public_metrics": {"followers_count": 3}},
    {"id_str": "1", "full_text": "t", "created_at": AT, "user": {"id_str": "5", "screen_name": "a"},
     "quoted_status": {"id_str": "2", "full_text": "u", "created_at": AT}},
    {"id": "17", "media_type": "CAROUSEL_ALBUM", "timestamp": AT, "like_count": 3, "username": "a",
     "children": {"data": [{"id": "18"}, {"id": "19"}]}, "comments": {"data": [COMMENT]}},
    {"id": "1784", "username": "a", "followers_count": 3,
     "media": {"data": [{"id": "17"}, {"id": "18", "caption": "t"}]}},
    {"pk": "31", "id": "31_5", "code": "C", "taken_at": 1767323045, "like_count": 3, "user": {"pk": "5"},
     "carousel_media": [{"pk": "32"}]},
    {"id": "5", "username": "a", "followersCount": 3, "latestPosts": [{"id": "31", "shortCode": "C", "likesCount": 1,
     "timestamp": AT, "childPosts": [{"id": "32", "shortCode": "D"}]}]},
    {"id": "7", "create_time": 1767323045, "view_count": 3, "username": "a"},
    {"id": "7", "text": "t", "createTime": 1767323045, "playCount": 3, "authorMeta": {"id": "6", "name": "a"}},
    {"kind": "youtube#video", "id": "v", "snippet": {"channelId": "UC1", "publishedAt": AT,
     "liveBroadcastContent": "upcoming"}},
    {"kind": "youtube#channel", "id": "UC1", "statistics": {"subscriberCount": "3"}},
    {"id": "8", "media_product_type": "THREADS", "media_type": "IMAGE", "timestamp": AT, "username": "a"},
    {"error": {"message": "gone", "code": 1}},
    {"id": "1", "score": 3, "tags": []},
    COMMENT,
]  # fmt: skip
WRAPPERS = (
    lambda records: records,
    lambda records: {"data": records, "paging": {"next": "u"}},
    lambda records: {"data": records, "includes": {"tweets": [{"id": "3", "text": "u"}]}},
    lambda records: {"status": "ok", "response": {"items": records}},
    lambda records: [{"data": records}, {"data": []}],
)


@st.composite
def mutated(draw):
    """Give a record from which some of its fields are missing."""
    record = draw(st.sampled_from(RECORDS))
    lost = draw(st.sets(st.sampled_from(sorted(record)), max_size=2))
    return {name: value for name, value in record.items() if name not in lost}


def assert_identity(report):
    fates = (report.records, report.rejected, report.ignored_records)
    assert report.items == sum(sum(fate.values()) for fate in fates)


def read_by(reader, path, folder):
    """Read a file as far as it can be, and give the report; what is refused as a whole is counted before."""
    report, options = (
        FileReport(path.name, ""),
        ImportOptions(platform="instagram" if reader is sheet_reader else None, creator="7"),
    )
    with RejectionWriter(folder / "rejected.csv") as rejected, suppress(SourceError, SheetError):
        reader.read(
            ImportJob(
                path,
                PartWriter(folder / "parts"),
                report,
                rejected,
                options,
                NOW,
                NOW,
                NOW,
                lambda done, total: None,
            )
        )
    return report


@settings(max_examples=60)
@given(st.lists(mutated(), min_size=1, max_size=4), st.sampled_from(WRAPPERS), st.booleans())
def test_items_of_json_are_read_rejected_or_ignored(tmp_path_factory, records, wrap, as_lines):
    folder = tmp_path_factory.mktemp("json")
    path = folder / "export.json"
    lines = records if as_lines else [wrap(records)]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    report = read_by(json_reader, path, folder)
    assert_identity(report)
    assert report.items >= sum(map(looks_like_record, records))


@settings(max_examples=200)
@given(st.lists(mutated(), min_size=1, max_size=4), st.sampled_from(WRAPPERS))
def test_every_record_of_a_list_is_told_of(records, wrap):
    events = list(find_records(wrap(records), Place("export.json", "document 1"), SHAPES))
    places = "\n".join(one.place.record for one in events if not isinstance(one, PartialPage))
    fruitful = any(isinstance(one, FoundRecord) for one in events)
    for number, record in enumerate(records, start=1):
        if (fruitful and not is_empty_page(record)) or looks_like_record(record):
            assert re.search(rf"(data|items|^document 1) {number}(,|$)", places, re.MULTILINE), (
                number,
                places,
            )


CELLS = st.sampled_from(
    ["", "@ana", "@bo", "12000", "x", "-5", "Total", "2026-03-01", "2031-01-01"]
)


@settings(max_examples=40)
@given(
    st.sampled_from(
        [
            "Creator,Followers,Likes",
            "Creator,Post ID,Posted at,Likes,Followers",
            "Handle,Fee,Deliverables",
        ]
    ),
    st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=6),
)
def test_rows_of_a_sheet_are_read_rejected_or_ignored(tmp_path_factory, header, rows):
    folder = tmp_path_factory.mktemp("sheet")
    path = folder / "list.csv"
    first = ",".join(["@zoe", *["7"] * header.count(",")])
    path.write_text("\n".join([header, first, *(",".join(row) for row in rows), header]) + "\n")
    report = read_by(sheet_reader, path, folder)
    assert_identity(report)
    if report.items:
        assert report.items == 2 + len(rows)


def test_rows_of_the_panel_are_read_or_ignored(tmp_path):
    post = {
        "creator_id": "ig1", "posted_at": "2023-01-01 10:00:00", "likes": "5.0", "comments": "1.0",
        "hidden_likes": "False", "caption_words": "3", "n_hashtags": "0", "n_mentions": "0", "has_location": "False",
        "topic_post": "Food", "followers": "100", "followees": "5", "topic_account": "Food", "is_verified": "False",
        "is_business": "False", "is_carousel": "False", "account_age_months": "60",
    }  # fmt: skip
    rows = [post, post, post | {"posted_at": ""}, post | {"likes": "6.0"}]
    pd.DataFrame(rows).to_csv(tmp_path / PANEL_POSTS, index=False)
    pd.DataFrame([{"creator_id": "ig1", "date": "2023-01-01", "followers": "90"}]).to_csv(
        tmp_path / PANEL_FOLLOWERS, index=False
    )
    (tmp_path / "work").mkdir()
    report = read_by(instagram_panel, tmp_path, tmp_path / "work")
    assert_identity(report)
    assert report.items == 4
    assert report.ignored_records == {"row that repeats another": 1, "row without a time": 1}


def test_a_post_that_is_there_twice_is_told(tmp_path):
    path = tmp_path / "posts.json"
    path.write_text(json.dumps([RECORDS[0], RECORDS[0]]))
    found = imported(path, out=tmp_path / "out")
    assert len(found["posts"]) == 1
    assert "; 1 readings of posts were there twice and are kept once" in found.text
