"""Records in the publishers' documented forms that the real exports lack, invented: read as they are to be read."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.tables.schema import TABLE_SPECS
from ingest.exports.record_finder import FoundRecord, find_records
from ingest.exports.record_parser import parse_record
from ingest.exports.rejections import Place, Rejection
from ingest.exports.row_faults import find_row_fault
from ingest.shapes.captions import join_hashtags
from ingest.shapes.record_paths import get_path
from ingest.shapes.record_shapes import RECORD_SPECS, Context
from ingest.shapes.shape_catalog import SHAPES

REPORTED = "is an error reported instead of data"
HERE = Place("export.json", "record 1")
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def found(value):
    return [
        one
        for one in find_records(json.loads(json.dumps(value)), HERE, SHAPES)
        if isinstance(one, FoundRecord)
    ]


def refused(value):
    return [
        (one.place.record, one.reason)
        for one in find_records(value, HERE, SHAPES)
        if isinstance(one, Rejection)
    ]


def reads(value):
    return [
        parse_record(one.shape, one.record, one.place, one.context, None) for one in found(value)
    ]


def known(row):
    """Give what is known in a row, but what every row says."""
    return {
        name: value
        for name, value in row.items()
        if value is not None and name not in ("platform", "observed_at")
    }


def rows(value):
    """Give (name of the shape, what is known of the row, and of its account) of each record."""
    return [(one.shape.name, known(one.row), known(one.creator or {})) for one in reads(value)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_maps_name_columns_of_their_tables(shape):
    assert set(shape.fields) <= set(RECORD_SPECS[shape.table].names)
    assert set(shape.creator) <= set(TABLE_SPECS["creators"].names)
    assert {name for name, _, _ in (*shape.row_readers, *shape.creator_readers)} == {
        *shape.fields,
        *shape.creator,
    }


def test_hidden_subscribers_are_unknown():
    channel = {
        "kind": "youtube#channel",
        "id": "UC123",
        "snippet": {
            "customUrl": "@One.Two",
            "publishedAt": "2026-01-02T03:04:05Z",
            "defaultLanguage": "en-GB",
        },
        "statistics": {
            "viewCount": "5",
            "subscriberCount": "0",
            "hiddenSubscriberCount": True,
            "videoCount": "12",
        },
        "topicDetails": {"topicCategories": ["https://en.wikipedia.org/wiki/Food"]},
    }
    assert rows({"items": [channel]}) == [
        (
            "YouTube channel",
            {
                "creator_id": "UC123",
                "handle": "one.two",
                "posts_count": 12.0,
                "created_at": AT,
                "niche": "food",
                "language": "en",
            },
            {},
        )
    ]


@pytest.mark.parametrize(
    ("duration", "title", "format_"),
    [
        ("PT45S", "a #shorts clip", "short"),
        ("PT45S", "a clip", "video"),
        ("PT4M", "no #Shorts", "video"),
    ],
)
def test_a_short_is_what_says_so_and_is_short(duration, title, format_):
    video = {
        "kind": "youtube#video",
        "id": "v",
        "snippet": {
            "title": title,
            "channelId": "UC1",
            "publishedAt": "2026-01-02T03:04:05Z",
            "liveBroadcastContent": "none",
        },
        "contentDetails": {"duration": duration},
        "paidProductPlacementDetails": {"hasPaidProductPlacement": True},
    }
    ((_, post, creator),) = rows(video)
    assert (post["format"], post["sponsored"], creator) == (format_, True, {"creator_id": "UC1"})


def test_likes_that_a_channel_does_not_show_are_hidden():
    statistics = {"viewCount": "5", "commentCount": "1"}
    video = {
        "kind": "youtube#video",
        "id": "v",
        "snippet": {"channelId": "UC1"},
        "statistics": statistics,
    }
    ((_, post, _),) = rows(video)
    assert (post["likes_hidden"], post.get("likes"), post["views"]) == (True, None, 5.0)


def test_collectors_tell_when_they_read():
    tweet = {"id": "1", "text": "t", "author_id": "5", "created_at": "2025-12-01T00:00:00Z"}
    page = {"data": [tweet], "includes": {"users": [{"id": "5", "name": "A", "username": "one"}]}}
    page["__twarc"] = {
        "url": "https://api.twitter.com/2",
        "version": "2.1",
        "retrieved_at": "2026-01-02T03:04:05+00:00",
    }
    assert [read.row["observed_at"] for read in reads(page)] == [AT, AT]
    assert [read.row["observed_at"] for read in reads(tweet | {"scraped_at": 1767323045})] == [AT]
    assert [read.row["observed_at"] for read in reads(tweet | {"scraped_at": "lately"})] == [None]


def test_a_playlist_item_is_dated_by_the_video():
    item = {
        "kind": "youtube#playlistItem",
        "id": "x",
        "snippet": {
            "publishedAt": "2026-05-05T00:00:00Z",
            "channelId": "UC1",
            "title": "t",
            "videoOwnerChannelId": "UC2",
        },
        "contentDetails": {"videoId": "v", "videoPublishedAt": "2026-01-02T03:04:05Z"},
    }
    ((_, post, creator),) = rows({"items": [item]})
    assert (post["post_id"], post["posted_at"], creator["creator_id"]) == ("v", AT, "UC2")


def test_business_discovery_gives_the_account_asked_about_and_its_media():
    media = {
        "id": "17",
        "caption": "New #shoes with @brand",
        "media_type": "VIDEO",
        "media_product_type": "REELS",
        "timestamp": "2026-01-02T03:04:05+0000",
        "comments_count": 2,
        "children": {"data": [{"id": "18", "media_type": "IMAGE"}]},
        "insights": {
            "data": [
                {
                    "name": "saved",
                    "period": "lifetime",
                    "values": [{"value": 4}],
                    "id": "17/insights/saved",
                }
            ]
        },
    }
    page = {
        "business_discovery": {
            "username": "Some.One",
            "followers_count": 10,
            "follows_count": 0,
            "media_count": 1,
            "media": {"data": [media], "paging": {}},
            "id": "1784",
        },
        "id": "999",
    }
    assert rows(page) == [
        (
            "Instagram user",
            {
                "creator_id": "1784",
                "handle": "some.one",
                "followers": 10.0,
                "following": 0.0,
                "posts_count": 1.0,
            },
            {},
        ),
        (
            "Instagram media",
            {
                "post_id": "17",
                "creator_id": "1784",
                "posted_at": AT,
                "format": "short",
                "comments": 2.0,
                "saves": 4.0,
                "text": "New #shoes with @brand",
                "hashtags": "shoes",
                "caption_words": 4.0,
                "hashtags_count": 1.0,
                "mentions_count": 1.0,
            },
            {"creator_id": "1784", "handle": "some.one"},
        ),
    ]


def test_insights_are_metrics_of_a_post_views_before_impressions():
    def metric(name, value, **more):
        return {
            "name": name,
            "period": "lifetime",
            "values": [{"value": value}],
            "id": f"17/insights/{name}/lifetime",
        } | more

    page = {
        "data": [
            metric("impressions", 9),
            metric("views", 7),
            metric("saved", 0),
            metric("reach", 5),
        ]
    }
    assert rows(page) == [("Instagram metrics", {"post_id": "17", "views": 7.0, "saves": 0.0}, {})]
    single = metric("shares", None) | {"total_value": {"value": 3}}
    assert rows(single) == [("Instagram metrics", {"post_id": "17", "shares": 3.0}, {})]


def test_hidden_likes_of_scrapers_are_unknown_and_flagged():
    post = {
        "id": "31",
        "type": "Sidecar",
        "shortCode": "C",
        "caption": "",
        "hashtags": [],
        "likesCount": -1,
        "commentsCount": 3,
        "timestamp": "2026-01-02T03:04:05.000Z",
        "ownerUsername": "One",
        "ownerId": "5",
        "isSponsored": True,
        "locationName": None,
        "childPosts": [{"id": "32", "type": "Image", "shortCode": "D", "likesCount": None}],
    }
    profile = {
        "id": "5",
        "username": "One",
        "followersCount": 7,
        "followsCount": 1,
        "postsCount": 1,
        "businessCategoryName": "None,Artist",
        "isBusinessAccount": False,
        "verified": False,
        "latestPosts": [post],
    }
    assert rows([profile]) == [
        (
            "Apify Instagram profile",
            {
                "creator_id": "5",
                "handle": "one",
                "followers": 7.0,
                "following": 1.0,
                "posts_count": 1.0,
                "niche": "art",
                "verified": False,
                "business": False,
            },
            {},
        ),
        (
            "Apify Instagram post",
            {
                "post_id": "31",
                "creator_id": "5",
                "posted_at": AT,
                "format": "carousel",
                "comments": 3.0,
                "likes_hidden": True,
                "sponsored": True,
                "caption_words": 0.0,
                "hashtags_count": 0.0,
                "mentions_count": 0.0,
                "has_location": False,
            },
            {"creator_id": "5", "handle": "one"},
        ),
    ]


def test_instaloader_and_the_app_tell_the_same_post():
    web = {
        "node": {
            "__typename": "GraphVideo",
            "id": "31",
            "shortcode": "C",
            "taken_at_timestamp": 1767323045,
            "edge_media_to_caption": {"edges": [{"node": {"text": "hi #there"}}]},
            "edge_media_preview_like": {"count": 8},
            "edge_media_to_comment": {"count": 2},
            "video_view_count": 90,
            "video_play_count": 100,
            "product_type": "clips",
            "is_video": True,
            "owner": {"id": "5", "username": "one"},
            "is_paid_partnership": False,
            "location": None,
        },
        "instaloader": {"version": "4.14", "node_type": "Post"},
    }
    app = {
        "pk": 31,
        "id": "31_5",
        "code": "C",
        "taken_at": 1767323045,
        "media_type": 2,
        "product_type": "clips",
        "like_count": 8,
        "comment_count": 2,
        "play_count": 100,
        "like_and_view_counts_disabled": False,
        "caption": {"text": "hi #there", "user": {"pk": 5}},
        "user": {"pk": 5, "username": "one"},
        "is_paid_partnership": False,
        "location": None,
    }
    (_, one, owner), (_, other, user) = rows(web) + rows(
        {"items": [app], "num_results": 1, "status": "ok"}
    )
    assert one == other
    assert owner == user == {"creator_id": "5", "handle": "one"}
    assert (one["format"], one["views"], one["likes_hidden"]) == ("short", 100.0, False)


def test_counts_that_the_app_must_not_show_are_unknown():
    post = {
        "pk": "31",
        "taken_at": 1767323045,
        "like_count": 3,
        "like_and_view_counts_disabled": True,
        "user": {"pk": "5"},
    }
    ((_, row, _),) = rows(post)
    assert row["likes_hidden"]
    assert "likes" not in row


def test_tiktok_display_api():
    video = {
        "id": "7",
        "create_time": 1767323045,
        "title": "t",
        "like_count": 1,
        "comment_count": 0,
        "share_count": 2,
        "view_count": 9,
    }
    user = {
        "open_id": "o",
        "display_name": "D",
        "username": "One",
        "follower_count": 3,
        "likes_count": 4,
        "video_count": 1,
    }
    ok = {"code": "ok", "message": ""}
    pages = [
        {"data": {"user": user}, "error": ok},
        {"data": {"videos": [video], "has_more": False}, "error": ok},
    ]
    assert refused(pages) == []
    (_, profile, _), (_, post, creator) = rows(pages)
    assert profile == {"creator_id": "o", "handle": "one", "followers": 3.0, "posts_count": 1.0}
    assert creator == {}
    assert {name: post[name] for name in ("post_id", "likes", "comments", "shares", "views", "format")} == {
        "post_id": "7", "likes": 1.0, "comments": 0.0, "shares": 2.0, "views": 9.0, "format": "video",
    }  # fmt: skip


def test_tiktok_scrapers_tell_the_same_video():
    apify = {
        "id": "7",
        "text": "hi #there",
        "createTime": 1767323045,
        "isAd": True,
        "diggCount": 1,
        "commentCount": 2,
        "shareCount": 3,
        "collectCount": 4,
        "playCount": 5,
        "hashtags": [{"name": "there"}],
        "authorMeta": {
            "id": "6",
            "name": "One",
            "fans": 10,
            "following": 2,
            "video": 3,
            "verified": True,
            "signature": "b",
        },
    }
    web = {
        "id": "7",
        "desc": "hi #there",
        "createTime": "1767323045",
        "isAd": True,
        "stats": {
            "diggCount": 1,
            "commentCount": 2,
            "shareCount": 3,
            "collectCount": "4",
            "playCount": 5,
        },
        "statsV2": {
            "diggCount": "1",
            "commentCount": "2",
            "shareCount": "3",
            "collectCount": "4",
            "playCount": "5",
        },
        "textExtra": [{"hashtagName": "there", "userUniqueId": ""}],
        "author": {"id": "6", "uniqueId": "one", "verified": True, "signature": "b"},
        "authorStats": {"followerCount": 10, "followingCount": 2, "videoCount": 3},
    }
    app = {
        "aweme_id": "7",
        "desc": "hi #there",
        "create_time": 1767323045,
        "is_ads": True,
        "statistics": {"digg_count": 1, "comment_count": 2, "share_count": 3, "collect_count": 4, "play_count": 5},
        "text_extra": [{"hashtag_name": "there"}],
        "author": {
            "uid": "6", "unique_id": "one", "follower_count": 10, "following_count": 2, "aweme_count": 3,
        },
    }  # fmt: skip
    wrapped = {
        "__DEFAULT_SCOPE__": {
            "webapp.video-detail": {"itemInfo": {"itemStruct": web}, "statusCode": 0}
        }
    }
    (_, one, _), (_, two, _), (_, three, _) = (
        rows([apify]) + rows(wrapped) + rows({"aweme_list": [app], "status_code": 0})
    )
    assert one == two == three
    assert (one["saves"], one["sponsored"], one["hashtags"]) == (4.0, True, "there")
    creators = [known(read.creator) for read in reads([apify]) + reads(wrapped)]
    assert creators[0] == creators[1]
    assert creators[0]["followers"] == 10.0


def test_a_tiktok_profile_with_its_counts_beside_it():
    page = {
        "userInfo": {
            "user": {"id": "6", "uniqueId": "One", "createTime": 0, "verified": False},
            "stats": {"followerCount": 10},
        }
    }
    assert rows(page) == [
        (
            "TikTok web user",
            {"creator_id": "6", "handle": "one", "followers": 10.0, "verified": False},
            {},
        )
    ]


def test_items_keyed_by_id_are_found():
    item = {
        "id": "7",
        "desc": "",
        "createTime": 1767323045,
        "author": "one",
        "stats": {"playCount": 5},
    }
    ((_, post, creator),) = rows({"ItemModule": {"7": item}})
    assert (post["views"], post["caption_words"], creator["handle"]) == (5.0, 0.0, "one")


def test_x_tells_format_by_its_expansions_and_who_retweets():
    page = {
        "data": [
            {"id": "1", "text": "two pictures", "author_id": "5", "created_at": "2026-01-02T03:04:05.000Z",
             "attachments": {"media_keys": ["a", "b"]}, "public_metrics": {"retweet_count": 1, "reply_count": 2,
             "like_count": 3, "quote_count": 9, "bookmark_count": 4, "impression_count": 5}},
            {"id": "2", "text": "a clip", "author_id": "5", "created_at": "2026-01-02T03:04:05.000Z",
             "attachments": {"media_keys": ["c"]}, "referenced_tweets": [{"type": "quoted", "id": "9"}]},
            {"id": "3", "text": "shared", "author_id": "6", "created_at": "2026-01-02T03:04:05.000Z",
             "referenced_tweets": [{"type": "retweeted", "id": "1"}]},
        ],
        "includes": {
            "media": [{"media_key": "a", "type": "photo"}, {"media_key": "b", "type": "photo"},
                      {"media_key": "c", "type": "video"}],
            "users": [{"id": "5", "name": "A", "username": "One", "public_metrics": {"followers_count": 8}}],
            "tweets": [{"id": "9", "text": "older", "author_id": "7", "created_at": "2025-01-02T03:04:05.000Z"}],
        },
        "errors": [{"title": "Not Found Error", "detail": "no such post", "type": "about:blank"}],
    }  # fmt: skip
    posts = [row for name, row, _ in rows(page) if name == "X post"]
    assert [(post["post_id"], post.get("format"), post["repost"]) for post in posts] == [
        ("1", "carousel", False), ("2", "video", False), ("3", None, True),
    ]  # fmt: skip
    assert [posts[0][name] for name in ("likes", "comments", "shares", "saves", "views")] == [
        3,
        2,
        1,
        4,
        5,
    ]
    assert [row for name, row, _ in rows(page) if name == "X user"] == [
        {"creator_id": "5", "handle": "one", "followers": 8.0}
    ]
    assert refused(page) == [
        (
            "record 1",
            "is an error reported instead of data: no such post Not Found Error about:blank",
        )
    ]


def test_x_v1():
    user = {"id_str": "5", "screen_name": "One", "followers_count": 8, "friends_count": 1, "statuses_count": 2,
            "created_at": "Fri Jan 02 03:04:05 +0000 2026", "lang": "en"}  # fmt: skip
    tweet = {"id": 1, "id_str": "1", "full_text": "RT @two: x #y", "created_at": "Fri Jan 02 03:04:05 +0000 2026",
             "favorite_count": 3, "retweet_count": 1, "user": user, "retweeted_status": {"id_str": "9"},
             "entities": {"hashtags": [{"text": "y"}]}}  # fmt: skip
    ((_, post, creator),) = rows([tweet])
    assert (post["posted_at"], post["likes"], post["repost"], post["hashtags"]) == (
        AT,
        3.0,
        True,
        "y",
    )
    assert (creator["creator_id"], creator["followers"], creator["language"]) == ("5", 8.0, "en")


def test_ids_beyond_2_to_the_53_stay_exact():
    video = {
        "video_id": 7234567890123456789,
        "create_time": 1767323045,
        "view_count": 1,
        "username": "one",
    }
    ((_, post, creator),) = rows({"data": {"videos": [video]}})
    assert (post["post_id"], creator["creator_id"]) == ("7234567890123456789", "@one")
    (read,) = reads({"data": {"videos": [video | {"video_id": 7.2e18}]}})
    assert read.row.get("post_id") is None
    assert [(fault.field, fault.reason) for fault in read.invalid_values] == [
        ("post_id", "is a number with a point: its digits may be lost")
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": 1}, "is an object, no number"),
        ([1], "is a list, no number"),
        (True, "is true or false, no number"),
        ("many", "is no number"),
        (-5, "is no count"),
        (10**400, "is above every count"),
        (float("inf"), "is no finite number"),
        ("9" * 400, "is no number"),
    ],
)
def test_what_is_no_count_stays_unknown_and_is_told(value, reason):
    (one,) = found(
        {
            "id": "31",
            "shortCode": "C",
            "timestamp": "2026-01-02T03:04:05Z",
            "ownerId": "5",
            "likesCount": 1,
        }
    )
    read = parse_record(one.shape, one.record | {"likesCount": value}, HERE, Context(), None)
    assert read.row.get("likes") is None
    assert [(fault.field, fault.reason) for fault in read.invalid_values] == [("likes", reason)]
    assert find_row_fault("posts", read.row, AT) is None


@pytest.mark.parametrize("value", [None, "", float("nan"), "null", "N/A"])
def test_what_says_nothing_is_unknown_and_no_fault(value):
    (one,) = found({"id": "31", "taken_at": 1767323045, "pk": "31", "user": {"pk": "5"}})
    read = parse_record(one.shape, one.record | {"comment_count": value}, HERE, Context(), None)
    assert read.row.get("comments") is None
    assert read.invalid_values == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"created_at": None}, "has no time of posting"),
        ({"created_at": "2031-01-01T00:00:00Z"}, "was posted in the future: 2031-01-01 00:00"),
        ({"id": {}}, "has no id of the post"),
    ],
)
def test_a_record_that_cannot_be_a_post_says_why(changes, reason):
    post = {
        "id": "1",
        "text": "t",
        "author_id": "5",
        "created_at": "2026-01-01T00:00:00Z",
    } | changes
    (read,) = reads(post)
    assert find_row_fault("posts", read.row, AT) == reason


def test_a_post_after_its_reading_says_so():
    row = {"post_id": "1", "posted_at": AT, "observed_at": datetime(2025, 1, 1, tzinfo=UTC)}
    assert (
        find_row_fault("posts", row, AT)
        == "was posted after it was read: 2026-01-02 03:04, read 2025-01-01 00:00"
    )


@pytest.mark.parametrize(
    ("value", "reasons"),
    [
        ({"error": {"message": "Invalid token", "code": 190}}, [f"{REPORTED}: Invalid token 190"]),
        ({"username": "x", "error": "not_found"}, [f"{REPORTED}: not_found"]),
        ({"data": {}, "error": {"code": "access_token_invalid"}}, [f"{REPORTED}: access_token_invalid"]),
        ({"foo": 1}, ["is no record of a known kind"]),
        (5, ["is no record: int instead of an object"]),
        ({"data": [], "meta": {"result_count": 0}}, []),
        ([], ["is no record: list instead of an object"]),
    ],
)  # fmt: skip
def test_what_is_no_record_is_told(value, reasons):
    assert found(value) == []
    assert [reason for _, reason in refused(value)] == reasons


def test_garbage_in_a_page_is_told_by_its_place():
    good = {"id": "1", "text": "t", "author_id": "5", "created_at": "2026-01-01T00:00:00Z"}
    page = {"data": [good, {"error": "gone"}, None, {"x": 1}]}
    assert len(found(page)) == 1
    assert refused(page) == [
        ("record 1, data 2", "is an error reported instead of data: gone"),
        ("record 1, data 3", "is no record: NoneType instead of an object"),
        ("record 1, data 4", "is no record of a known kind"),
    ]


@pytest.mark.parametrize("wrap", [
    lambda r: r, lambda r: [r], lambda r: {"data": [r]}, lambda r: {"items": [r]}, lambda r: {"response": {"all": [r]}},
    lambda r: {"status": "ok", "data": {"result": r}}, lambda r: [{"data": [r]}, {"data": []}], lambda r: {"31": r},
])  # fmt: skip
def test_any_wrapper_will_do(wrap):
    record = {"pk": "31", "taken_at": 1767323045, "user": {"pk": "5"}, "like_count": 2}
    ((name, post, _),) = rows(wrap(record))
    assert (name, post["likes"]) == ("Instagram app post", 2.0)


def test_halves_of_characters_and_nul_do_not_pass():
    (read,) = reads(
        {"id": "1", "text": "a\ud83c b\x00", "author_id": "5", "created_at": "2026-01-01T00:00:00Z"}
    )
    assert read.row["text"] == "a� b"


def test_small_parts():
    assert get_path({"a": [{"b": 1}]}, "a.0.b") == 1
    assert get_path({"a": [{"b": 1}]}, "a.1.b") is None
    assert join_hashtags(["#one", "two words", 3]) == "one twowords"


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["youtube#video", -1]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "kind", "text", "edges"]), inner)
    ),
    max_leaves=4,
)
PATHS = sorted(
    {path for shape in SHAPES for path in shape.paths}
    | {"media", "kind", "edges", "count", "user", "text"}
)


def put(record, path, value):
    """Put a value at a dotted path of an object, as far as what is there allows."""
    *steps, last = path.split(".")
    for step in steps:
        if not isinstance(record.setdefault(step, {}), dict):
            return
        record = record[step]
    record[last] = value


@settings(max_examples=300)
@given(st.sampled_from(SHAPES), st.data())
def test_no_garbage_in_any_field_stops_a_reader(shape, data):
    record = {}
    for path in shape.paths:
        put(record, path, data.draw(ANYTHING))
    if shape.table == "metrics" and not shape.matches(record):
        return
    read = parse_record(shape, record, HERE, Context(), None)
    find_row_fault(shape.table, read.row, AT)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(PATHS), ANYTHING, max_size=8))
def test_no_garbage_stops_the_search_for_records(values):
    record = {}
    for path, value in values.items():
        put(record, path, value)
    for one in find_records({"data": [record]}, HERE, SHAPES):
        if isinstance(one, FoundRecord):
            parse_record(one.shape, one.record, one.place, one.context, None)
