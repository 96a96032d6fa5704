import gzip
import os
from pathlib import Path

import pandas as pd
import pytest

from features.tables.frames import DataFolderError
from features.tables.validate import validate
from ingest.exports.errors import SourceError
from ingest.exports.instagram_panel import PANEL_READ_AT, read_instagram_panel

HEAD = (
    "creator_id,posted_at,likes,comments,hidden_likes,followers,followers_old,follower_class,topic_post,topic_account,"
    "gender,followees,is_business,is_verified,account_age_months,has_location,n_hashtags,n_mentions,is_carousel,"
    "caption_words,sentiment"
)
POSTS = [
    "a,2023-01-02 03:04:05,120.0,7.0,False,5000.0,4900,nano,Fashion,Hair,f,300.0,True,False,14.0,True,2.0,1.0,True,9,P",
    "a,2023-03-17 00:00:00,3.0,4.0,True,5000.0,4900,nano,Giveaway,Hair,f,300.0,True,False,14.0,False,0.0,0.0,False,5,N",
    "b,2022-06-01 00:00:00,-1.0,0.0,True,20.0,,,Michigan,Michigan,m,1.0,False,True,2.0,False,0.0,0.0,,1,N",
    "c,,10.0,1.0,False,900.0,900,,Cooking,Cooking,m,1.0,False,True,,False,0.0,0.0,,1,N",
]
FOLLOWERS = ["creator_id,date,followers", "a,2023-02-01,4800", "a,2023-06-01,5100"]


@pytest.fixture
def panel(tmp_path):
    def write(*posts, followers=FOLLOWERS):
        (tmp_path / "posts.csv.gz").write_bytes(gzip.compress("\n".join([HEAD, *posts]).encode()))
        (tmp_path / "followers_monthly.csv").write_text("\n".join(followers) + "\n")
        return tmp_path

    return write


def known(frame):
    """Give the rows as dicts of what is known in them, times as text."""
    times = frame.select_dtypes("datetimetz").columns
    frame = frame.assign(**{c: frame[c].dt.strftime("%Y-%m-%d %H:%M:%S") for c in times})
    return [
        {name: value for name, value in row.items() if not pd.isna(value)}
        for row in frame.to_dict("records")
    ]


def test_posts_of_the_panel(panel):
    read = {"platform": "instagram", "observed_at": "2023-03-18 05:00:00"}
    assert known(validate(read_instagram_panel(panel(*POSTS))).posts) == [
        {
            **read,
            "post_id": "row000000",
            "creator_id": "a",
            "posted_at": "2023-01-02 03:04:05",
            "format": "carousel",
            "likes": 120.0,
            "comments": 7.0,
            "likes_hidden": False,
            "caption_words": 9.0,
            "hashtags_count": 2.0,
            "mentions_count": 1.0,
            "has_location": True,
            "topic": "Fashion",
        },
        {
            **read,
            "post_id": "row000001",
            "creator_id": "a",
            "posted_at": "2023-03-17 00:00:00",
            "comments": 4.0,
            "likes_hidden": True,
            "caption_words": 5.0,
            "hashtags_count": 0.0,
            "mentions_count": 0.0,
            "has_location": False,
            "topic": "Giveaway",
        },
        {
            **read,
            "post_id": "row000002",
            "creator_id": "b",
            "posted_at": "2022-06-01 00:00:00",
            "comments": 0.0,
            "likes_hidden": True,
            "caption_words": 1.0,
            "hashtags_count": 0.0,
            "mentions_count": 0.0,
            "has_location": False,
            "topic": "Michigan",
        },
    ]


def test_creators_of_the_panel_have_a_niche_and_an_age_only_where_they_are_told(panel):
    read = {"platform": "instagram", "observed_at": "2023-03-18 05:00:00"}
    assert known(validate(read_instagram_panel(panel(*POSTS))).creators) == [
        {
            **read,
            "creator_id": "a",
            "followers": 5000.0,
            "following": 300.0,
            "created_at": "2022-01-18 05:00:00",
            "niche": "beauty",
            "verified": False,
            "business": True,
        },
        {
            **read,
            "creator_id": "b",
            "followers": 20.0,
            "following": 1.0,
            "verified": True,
            "business": False,
        },
        {
            **read,
            "creator_id": "c",
            "followers": 900.0,
            "following": 1.0,
            "niche": "food",
            "verified": True,
            "business": False,
        },
    ]


def test_follower_readings_of_the_panel(panel):
    assert known(validate(read_instagram_panel(panel(*POSTS))).followers) == [
        {
            "creator_id": "a",
            "platform": "instagram",
            "observed_at": "2023-02-01 00:00:00",
            "followers": 4800.0,
        },
        {
            "creator_id": "a",
            "platform": "instagram",
            "observed_at": "2023-06-01 00:00:00",
            "followers": 5100.0,
        },
    ]


def test_repeated_and_timeless_rows_are_left_out_and_counted(panel):
    tables = read_instagram_panel(panel(*POSTS, POSTS[0]))
    assert tables.posts["post_id"].tolist() == ["row000000", "row000001", "row000002"]
    assert tables.trained_on == "real"
    assert tables.meta == {
        "timezone": "UTC",
        "source": "instagram_panel",
        "simulated": False,
        "read": {
            "rows": 5,
            "repeated_rows": 1,
            "rows_without_time": 1,
            "posts": 3,
            "posts_with_hidden_likes": 2,
            "creators": 3,
            "creators_with_niche": 2,
            "follower_readings": 2,
        },
    }


def test_a_folder_without_the_files_says_what_was_looked_for_and_found(tmp_path, panel):
    with pytest.raises(
        SourceError,
        match=r"absent' is no folder: expected one with posts.csv.gz and followers_month",
    ):
        read_instagram_panel(tmp_path / "absent")
    (tmp_path / "posts.csv").write_text("x\n")
    wanted = r"lacks posts.csv.gz and followers_monthly.csv: looked for .*, found posts.csv$"
    with pytest.raises(SourceError, match=wanted):
        read_instagram_panel(tmp_path)
    with pytest.raises(
        SourceError,
        match=r"followers_monthly.csv lacks the column.* date, followers: found creator_id, day$",
    ):
        read_instagram_panel(panel(*POSTS, followers=["creator_id,day", "a,2023-02-01"]))


def test_a_file_that_is_no_gzip_says_so(panel):
    folder = panel(*POSTS)
    (folder / "posts.csv.gz").write_text("creator_id\n")
    with pytest.raises(DataFolderError, match=r"posts.csv.gz' cannot be read"):
        read_instagram_panel(folder)


def test_the_real_panel_passes_validation():
    folder = os.environ.get("CREATORCAST_REAL_DATA")
    if not folder or not (Path(folder) / "instagram_panel").is_dir():
        pytest.skip(
            "needs the real panel: CREATORCAST_REAL_DATA must name the folder that holds instagram_panel/"
        )
    tables = validate(read_instagram_panel(Path(folder) / "instagram_panel"))
    read = tables.meta["read"]
    assert (read["rows"], read["rows_without_time"], read["repeated_rows"]) == (49_829, 6, 0)
    assert (len(tables.posts), len(tables.creators), len(tables.followers)) == (49_823, 491, 2_028)
    assert round(tables.posts["likes_hidden"].mean(), 3) == 0.068
    assert tables.posts.loc[tables.posts["likes_hidden"], "likes"].isna().all()
    assert tables.posts["posted_at"].max() < PANEL_READ_AT
