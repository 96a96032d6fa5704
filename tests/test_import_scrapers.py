"""Records of tools that collect posts (yt-dlp, snscrape, twscrape, Apify's actors), invented in their forms."""

import pytest

from ingest.exports.record_finder import FoundRecord, find_records
from ingest.exports.record_parser import parse_record
from ingest.exports.rejections import Place, Rejection
from ingest.exports.row_faults import find_row_fault
from ingest.shapes.shape_catalog import SHAPES
from ingest.shapes.ytdlp import decode_short_code

HERE = Place("export.json", "record 1")
AT = "2026-01-02T03:04:05+00:00"
EPOCH = 1767323045


def reads(value):
    found = [one for one in find_records(value, HERE, SHAPES) if isinstance(one, FoundRecord)]
    return [parse_record(one.shape, one.record, one.place, one.context, None) for one in found]


def known(row):
    """Give what is known in a row but its moments, text and counts of words."""
    left_out = (
        "observed_at",
        "created_at",
        "text",
        "caption_words",
        "hashtags_count",
        "mentions_count",
        "hashtags",
    )
    return {
        name: value.isoformat() if name == "posted_at" else value
        for name, value in row.items()
        if value is not None and name not in left_out
    }


def info(key, **fields):
    return {
        "_type": "video", "extractor_key": key, "extractor": key.lower(), "timestamp": EPOCH, "like_count": 8,
        "comment_count": 2, "view_count": 900, "description": "hi #there", "formats": [{"format_id": "18"}], **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "post", "creator"),
    [
        (info("Youtube", id="v", channel_id="UC1", uploader_id="@One", channel_follower_count=50, title="t",
              webpage_url="https://www.youtube.com/shorts/v"),
         {"platform": "youtube", "post_id": "v", "likes": 8, "comments": 2, "views": 900, "format": "short"},
         {"creator_id": "UC1", "handle": "one", "followers": 50}),
        (info("TikTok", id="7", uploader="One", uploader_id="6", channel_id="MS4", repost_count=3, save_count=4,
              webpage_url="https://www.tiktok.com/@One/video/7"),
         {"platform": "tiktok", "post_id": "7", "likes": 8, "comments": 2, "views": 900, "shares": 3, "saves": 4,
          "format": "video"},
         {"creator_id": "6", "handle": "one"}),
        (info("Instagram", id="CKaOjxwBM_y", uploader="One Two", uploader_id="5", channel="One",
              webpage_url="https://www.instagram.com/p/CKaOjxwBM_y/"),
         {"platform": "instagram", "post_id": decode_short_code("CKaOjxwBM_y"), "likes": 8, "comments": 2, "format": "video"},
         {"creator_id": "5", "handle": "one"}),
        (info("Twitter", id="99", display_id="1", uploader="One Two", uploader_id="One", channel_id="5",
              repost_count=3, webpage_url="https://twitter.com/One/status/1"),
         {"platform": "x", "post_id": "1", "likes": 8, "comments": 2, "shares": 3, "format": "video"},
         {"creator_id": "5", "handle": "one"}),
        ({"_type": "snscrape.modules.twitter.Tweet", "id": 1, "date": AT, "rawContent": "hi", "likeCount": 8,
          "replyCount": 2, "retweetCount": 3, "viewCount": 900, "hashtags": None,
          "media": [{"_type": "snscrape.modules.twitter.Photo"}, {"_type": "snscrape.modules.twitter.Video"}],
          "user": {"_type": "snscrape.modules.twitter.User", "username": "One", "id": 5, "followersCount": 50}},
         {"platform": "x", "post_id": "1", "likes": 8, "comments": 2, "shares": 3, "views": 900, "repost": False,
          "format": "carousel"},
         {"creator_id": "5", "handle": "one", "followers": 50}),
        ({"id": 1, "id_str": "1", "date": "2026-01-02 03:04:05+00:00", "rawContent": "hi", "likeCount": 8,
          "replyCount": 2, "retweetCount": 3, "bookmarkedCount": 4, "viewCount": None, "hashtags": ["there"],
          "media": {"photos": [{"url": "u"}], "videos": [], "animated": []},
          "user": {"id": 5, "id_str": "5", "username": "One", "followersCount": 50, "friendsCount": 9,
                   "statusesCount": 7}},
         {"platform": "x", "post_id": "1", "likes": 8, "comments": 2, "shares": 3, "saves": 4, "repost": False,
          "format": "image"},
         {"creator_id": "5", "handle": "one", "followers": 50, "following": 9, "posts_count": 7}),
        ({"type": "tweet", "id": "1", "url": "https://x.com/One/status/1", "text": "hi", "likeCount": 8,
          "replyCount": 2, "retweetCount": 3, "viewCount": 900, "createdAt": "Fri Jan 02 03:04:05 +0000 2026",
          "author": {"type": "user", "userName": "One", "id": "5", "followers": 50, "following": 9}},
         {"platform": "x", "post_id": "1", "likes": 8, "comments": 2, "shares": 3, "views": 900, "repost": False},
         {"creator_id": "5", "handle": "one", "followers": 50, "following": 9}),
        ({"title": "t", "id": "v", "url": "https://www.youtube.com/watch?v=v", "viewCount": 900, "date": AT, "likes": 8,
          "channelName": "One Two", "channelUrl": "https://www.youtube.com/@One", "numberOfSubscribers": 50,
          "commentsCount": 2, "type": "shorts", "hashtags": ["#there"]},
         {"platform": "youtube", "post_id": "v", "likes": 8, "comments": 2, "views": 900, "format": "short"},
         {"creator_id": "@one", "handle": "one", "followers": 50}),
    ],
)  # fmt: skip
def test_a_post_and_its_account(record, post, creator):
    (read,) = reads([record])
    row, account = known(read.row), known(read.creator)
    assert read.invalid_values == []
    assert row == post | {"posted_at": AT, "creator_id": creator["creator_id"]}
    assert account == creator | {"platform": post["platform"]}


def test_a_channel_of_yt_dlp_gives_its_videos():
    flat = {
        "_type": "url",
        "ie_key": "Youtube",
        "id": "w",
        "url": "https://www.youtube.com/watch?v=w",
        "title": "t",
    }
    channel = {
        "_type": "playlist", "id": "UC1", "channel_id": "UC1", "uploader_id": "@One", "channel_follower_count": 50,
        "extractor_key": "YoutubeTab", "entries": [info("Youtube", id="v", channel_id="UC1"), flat],
    }  # fmt: skip
    account, video, undated = reads(channel)
    assert known(account.row) == {
        "platform": "youtube",
        "creator_id": "UC1",
        "handle": "one",
        "followers": 50,
    }
    assert (video.row["post_id"], undated.row["creator_id"]) == ("v", "UC1")
    said = f"has no time of posting{undated.shape.remedy}"
    assert find_row_fault("posts", undated.row, video.row["posted_at"], said) == (
        "has no time of posting: run yt-dlp without --flat-playlist"
    )


@pytest.mark.parametrize(
    ("day", "read"), [("20260301", "2026-03-01T00:00:00+00:00"), ("20269901", None)]
)
def test_a_day_of_upload_stands_for_the_time(day, read):
    (found,) = reads(
        info("Youtube", id="v", channel_id="UC1", upload_date=day) | {"timestamp": None}
    )
    posted = found.row.get("posted_at")
    assert (posted and posted.isoformat()) == read
    assert [fault.reason for fault in found.invalid_values] == (
        [] if read else ["is no day that exists"]
    )


@pytest.mark.parametrize(
    ("record", "fate"),
    [
        (info("Vimeo", id="7"), "is a record of Vimeo (of yt-dlp), which is not read"),
        (info("TwitchVod", id="v7"), "is a record of TwitchVod (of yt-dlp), which is not read"),
        ({"_type": "snscrape.modules.reddit.Submission", "id": "a", "date": AT, "title": "t"},
         "is a record of reddit (of snscrape), which is not read"),
        ({"category": "twitter", "subcategory": "user", "extension": "jpg", "tweet_id": 1, "favorite_count": 3},
         "is a record of gallery-dl, which is not read"),
        (info("Youtube", id="v", live_status="is_upcoming"), "broadcast that has not begun"),
        (info("Youtube", id="v", live_status="is_live"), "broadcast that still runs"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(record, fate):
    (one,) = find_records(record, HERE, SHAPES)
    assert (one.reason if isinstance(one, Rejection) else one.kind) == fate
