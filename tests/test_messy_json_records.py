"""Records of JSON that look like a neighbour's: comments, other networks, and what is read, rejected or ignored."""

import json

import pytest
from messy_cases import MESSY, imported

from ingest.exports.record_finder import FoundRecord, IgnoredRecord, find_records
from ingest.exports.record_parser import parse_record
from ingest.exports.rejections import Place, Rejection
from ingest.shapes.record_shapes import Context
from ingest.shapes.shape_catalog import SHAPES

HERE = Place("export.json", "record 1")
AT = "2026-03-01T12:00:00+0000"


def fates(value):
    """Give what becomes of each record of a value: the name of its shape, the reason, or the kind ignored."""
    outcomes = {
        FoundRecord: lambda one: one.shape.name,
        Rejection: lambda one: one.reason,
        IgnoredRecord: lambda one: one.kind,
    }
    return [outcomes[type(one)](one) for one in find_records(value, HERE, SHAPES)]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("51_ig_comments.json", "holds no account and no post, only 2 x comment: leave it out"),
        ("53_threads.json", "1 is a record of Threads, which is not read"),
        ("58_not_of_x.json", "1 is a record of Mastodon, which is not read"),
    ],
)
@pytest.mark.parametrize("creator", [None, "@ana"])
def test_what_is_no_post_of_ours_is_refused_by_name(name, message, creator, tmp_path):
    assert message in imported(MESSY / name, out=tmp_path / "out", creator=creator).error


@pytest.mark.parametrize(
    ("record", "network"),
    [
        ({"pk": "1", "code": "C", "taken_at": 1767323045, "text_post_app_info": {"is_reply": False}}, "Threads"),
        ({"id": "1", "username": "a", "profile_image_url": "u", "threads_biography": ""}, "Threads"),
        ({"id": "1", "timestamp": AT, "like_count": 1, "permalink": "https://www.threads.com/@a/post/C"}, "Threads"),
        ({"id": "1", "username": "a", "acct": "a", "followers_count": 5, "statuses_count": 9}, "Mastodon"),
        ({"id": "1", "text": "t", "author_id": "5", "created_at": AT, "uri": "at://did:plc:1/app.bsky.feed.post/3"},
         "Bluesky"),
        ({"id": "1_2", "created_time": AT, "message": "t", "likes": {"summary": {"total_count": 3}}}, "Facebook"),
        ({"id": "1", "username": "shop", "followers_count": 5, "fan_count": 5}, "Facebook"),
        ({"id": "abc", "author": "a", "created_utc": 1, "subreddit": "r", "score": 5, "num_comments": 2}, "Reddit"),
        ({"id": 7, "screen_name": "a", "followers_count": 5, "statuses_count": 3, "idstr": "7"}, "Weibo"),
        ({"id": 7, "owner_id": -1, "from_id": -1, "date": 1767323045, "text": "t", "likes": {"count": 3}}, "VK"),
        ({"id": 7, "timestamp": 1767323045, "caption": "t", "blog_name": "a", "note_count": 4}, "Tumblr"),
        ({"account_type": "BUSINESS", "id": "1", "username": "a", "profile_image": "u", "board_count": 3}, "Pinterest"),
        ({"id": "1", "user_login": "a", "view_count": 3, "created_at": AT, "type": "archive"}, "Twitch"),
        ({"id": 1, "username": "a", "followers_count": 5, "track_count": 2}, "SoundCloud"),
        ({"id": "1", "timestamp": AT, "like_count": 1, "permalink": "https://pixel.example/p/a/1"}, "pixel.example"),
        ({"id": "1", "public_metrics": {}, "text": "t", "url": "https://www.linkedin.com/posts/1"}, "LinkedIn"),
        ({"urn": "urn:li:activity:1", "url": "u", "text": "t",
          "author": {"id": "a", "username": "a", "followersCount": 5}}, "LinkedIn"),
        ({"post": {"uri": "at://did:plc:1/3", "cid": "b", "author": {"did": "did:plc:1", "handle": "a"}}}, "Bluesky"),
        ({"id": "1", "text": "t", "timestamp": AT, "username": "a", "media_type": "TEXT_POST"}, "Threads"),
        ({"id": "7", "create_time": 1, "view_count": 3, "share_url": "https://www.youtube.com/shorts/a"}, "youtube"),
    ],
)  # fmt: skip
def test_a_record_of_another_network_is_refused_by_its_name(record, network):
    assert fates({"data": [record]}) == [f"is a record of {network}, which is not read"]


@pytest.mark.parametrize("record", [
    {"id": "1", "text": "t", "created_at": "2026-03-01T12:00:00Z"},
    {"id": "1", "text": "t", "created_at": "2026-03-01T12:00:00Z", "likes": 3, "user_id": "9"},
    {"id": "aaa", "timestamp": 1767323045, "like_count": 3, "title": "one", "uploader": "a"},
    {"id": "1", "name": "Ana", "username": "ana"},
    {"id": "1", "username": "ana", "followers_count": 5, "slug": "ana"},
    {"id": 77, "title": "hi", "created_at": "2026-02-01T10:00:00Z", "likes_count": 50},
    {"id": 77, "description": "hi", "likes_count": 50, "comments_count": 2},
    {"id": 77, "message": "hi", "likes_count": 50, "video_count": 2},
])  # fmt: skip
def test_what_could_be_of_any_network_is_nobodys(record):
    assert fates(record) == ["is no record of a known kind"]


BOB = {"id": "1", "username": "bob", "followers_count": 3}


@pytest.mark.parametrize("record", [
    {"id": "55", "content": "hi", "created_at": "2026-02-01T10:00:00Z", "like_count": 7, "user": BOB},
    {"id": 55, "like_count": 7, "account": BOB},
    {"id": 55, "like_count": 7, "account": BOB, "items": []},
    {"uuid": "5-5", "body": "hi", "createdAt": "2026-02-01T10:00:00Z", "owner": BOB},
    {"id": 77, "title": "hi", "created_at": "2026-02-01T10:00:00Z", "likes_count": 50, "author": BOB},
    {"id": 1, "slug": "kickbob", "user_id": 5, "username": "kickbob", "followersCount": 900, "livestream": None},
])  # fmt: skip
def test_a_record_of_no_known_kind_vanishes_behind_no_account(record):
    for page in (record, [record, record], {"data": [record, record]}):
        assert set(fates(page)) == {"is no record of a known kind"}


@pytest.mark.parametrize(("wrapper", "expected"), [
    ({"data": {"user": BOB}, "status": "ok"}, ["Instagram user"]),
    ({"business_discovery": BOB, "id": "17"}, ["Instagram user"]),
    ({"id": "7", "title": "t", "user": {"pk": "1", "username": "bob"},
      "items": [{"pk": "1", "taken_at": 1767323045, "like_count": 3}]}, ["Instagram app post"]),
    ({"data": {"user": {"username": "bob", "followersCount": 3, "fullName": "Bob"}}}, ["Apify Instagram profile"]),
])  # fmt: skip
def test_a_wrapper_with_an_account_is_searched(wrapper, expected):
    assert fates(wrapper) == expected


@pytest.mark.parametrize("record", [
    {"id": "1", "text": "t", "timestamp": AT, "from": {"id": "5", "username": "fan"}, "like_count": 2},
    {"id": "1", "text": "t", "timestamp": AT, "media": {"id": "17", "media_product_type": "FEED"}},
    {"id": "1", "text": "t", "timestamp": AT, "username": "fan", "parent_id": "0"},
    {"kind": "youtube#comment", "id": "U", "snippet": {"textDisplay": "t", "likeCount": 1}},
    {"kind": "youtube#commentThread", "id": "U", "snippet": {"channelId": "UC1", "videoId": "v"}},
    {"id": 7, "video_id": 8, "text": "t", "create_time": 1767323045, "like_count": 2, "reply_count": 0},
    {"cid": "7", "aweme_id": "8", "text": "t", "create_time": 1767323045, "digg_count": 2, "reply_comment_total": 0},
    {"pk": "1", "text": "t", "created_at": 1767323045, "content_type": "comment", "comment_like_count": 2},
    {"id": "1", "text": "t", "created_at": 1767323045, "owner": {"id": "5", "username": "fan"},
     "did_report_as_spam": False, "edge_liked_by": {"count": 1}},
    {"id": "1", "text": "t", "ownerUsername": "fan", "timestamp": "2026-03-01T12:00:00Z", "likesCount": 2},
    {"cid": "U", "text": "t", "time": "1 day ago", "author": "@a", "votes": "3", "channel": "UC1"},
    {"comment": "t", "cid": "U", "author": "@a", "videoId": "v", "type": "comment", "voteCount": 1},
    {"id": 1, "created_at": 1767323045, "text": "t", "owner": {"id": "5"}, "likes_count": 2, "answers": []},
    {"id": "U", "text": "t", "timestamp": 1767323045, "author_id": "UC1", "author_is_uploader": False, "like_count": 1},
])  # fmt: skip
def test_a_comment_is_nobodys_post(record):
    assert fates([record]) == ["comment"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"data": [{"id": "1", "text": "t", "created_at": "2026-03-01T12:00:00Z"}],
          "meta": {"newest_id": "1", "oldest_id": "1", "result_count": 1}}, ["X post"]),
        ({"data": [{"id": "1", "text": "t"}], "includes": {"users": [{"id": "5", "name": "A", "username": "a"}]}},
         ["X post", "X user"]),
        ({"data": [{"id": 1, "text": "t", "author_id": 5, "created_at": AT, "like_count": 3}]}, ["X post"]),
        ({"fan_count": 9, "id": "1", "instagram_business_account": {"id": "17", "followers_count": 5}},
         ["Instagram user"]),
        ({"id": "5", "username": "a", "name": "A", "url": "https://www.instagram.com/a", "public_metrics": {}},
         ["X user"]),
        ({"id": "1", "timestamp": AT, "caption": "t", "permalink": "https://www.instagram.com/p/C/"},
         ["Instagram media"]),
        ({"id": "1", "text": "t", "author_id": "5", "in_reply_to_user_id": "6", "created_at": "2026-03-01T12:00:00Z"},
         ["X post"]),
    ],
)  # fmt: skip
def test_what_its_page_or_its_own_fields_show_is_read(page, expected):
    assert fates(page) == expected


def video(state):
    snippet = {"channelId": "UC1", "publishedAt": AT, "liveBroadcastContent": state}
    return {
        "kind": "youtube#video",
        "id": f"v{state}",
        "snippet": snippet,
        "statistics": {"viewCount": "0"},
    }


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"items": [video("upcoming"), video("live"), video("none")]},
         ["broadcast that has not begun", "broadcast that still runs", "YouTube video"]),
        ({"items": [{"kind": "youtube#searchResult", "id": {"videoId": "v"},
                     "snippet": {"channelId": "UC1", "liveBroadcastContent": "upcoming"}}]},
         ["broadcast that has not begun"]),
        ({"username": "a", "followers_count": 3, "id": "17",
          "media": {"data": [{"id": "18"}, {"caption": "t", "id": "19"}]}},
         ["Instagram user", "Instagram media", "Instagram media"]),
        ({"data": [{"id": "5", "username": "a", "public_metrics": {}}],
          "includes": {"tweets": [{"id": "1", "text": "t"}]}},
         ["X user", "post that another record refers to"]),
        ({"id": "17", "media_type": "CAROUSEL_ALBUM", "children": {"data": [{"id": "18"}, {"id": "19"}]},
          "comments": {"data": [{"id": "20", "text": "t"}]}},
         ["Instagram media", "child of an album", "child of an album", "comment"]),
        ({"id_str": "5", "screen_name": "a", "followers_count": 3, "professional": {"category": []}}, ["X v1.1 user"]),
        ({"legacy": {"id_str": "5", "screen_name": "a", "followers_count": 3},
          "professional": {"category": [{"id": 958, "name": "n", "icon_name": "i"}]},
          "pictures": [{"url": "u", "width": 1, "height": 1}]}, ["X v1.1 user"]),
        ({"things": [{"id": "1", "name": "n", "size": 3}, {"id": "2", "name": "m", "size": 4}]},
         ["is no record of a known kind", "is no record of a known kind"]),
        ({"7": {"id": "7", "desc": "", "createTime": 1767323045, "stats": {}},
          "8": {"id": "8", "desc": "", "sound": 1}},
         ["TikTok web item", "is no record of a known kind"]),
    ],
)  # fmt: skip
def test_no_record_vanishes(page, expected):
    assert fates(page) == expected


def test_what_became_of_the_records_is_told(tmp_path):
    found = imported(MESSY / "60_pinned_in_includes.jsonl", out=tmp_path / "x")
    assert (
        "2 records: 1 read, 1 ignored\n  1 x X user\n  ignored: 1 x post that another record refers to"
        in found.text
    )
    found = imported(MESSY / "50_business_discovery_without_time.json", out=tmp_path / "ig")
    assert "3 records: 1 read, 2 rejected" in found.text
    assert "2 x has no time of posting" in found.text
    found = imported(MESSY / "57_upcoming_broadcast.json", out=tmp_path / "yt")
    assert (
        "holds no account and no post, only 1 x broadcast that has not begun: leave it out"
        in found.error
    )


def test_a_mapped_column_that_no_table_has_is_told(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Creator,Followers,Reposts\n@ana,12000,5\n@bo,9000,7\n")
    found = imported(
        path, out=tmp_path / "out", platform="instagram", columns={"Reposts": "shares"}
    )
    told = "it is shares, for which creators and prospects have no column"
    assert told in found.text


@pytest.mark.parametrize(("followers", "expected"), [(0, None), ("0", None), (5, 5.0)])
def test_no_followers_of_the_author_of_a_tiktok_post_are_unknown(followers, expected):
    made = {"desc": "t", "createTime": 1767323045, "create_time": 1767323045}
    counts = {"followers": followers, "followerCount": followers, "follower_count": followers}
    author = {
        "id": "5",
        "uid": "5",
        "name": "a",
        "fans": followers,
        "aweme_count": followers,
        **counts,
    }
    for record in (
        {"id": "7", **made, "authorMeta": author},
        {"id": "7", **made, "stats": {"playCount": 3}, "author": author, "authorStats": counts},
        {"aweme_id": "7", **made, "statistics": {"play_count": 3}, "author": author},
    ):
        (found,) = find_records(record, HERE, SHAPES)
        assert (
            parse_record(found.shape, record, HERE, Context(), None).creator.get("followers")
            == expected
        )


def test_the_address_of_a_tiktok_video_tells_its_account(tmp_path):
    page = tmp_path / "videos.json"
    video = {"create_time": 1767323045, "view_count": 30, "title": "t"}
    addresses = ("https://www.tiktok.com/@Zed.1/video/71?utm=a", "https://vm.tiktok.com/ZM/", None)
    videos = [
        {"id": f"7{number}", "share_url": address, **video}
        for number, address in enumerate(addresses, start=1)
    ]
    page.write_text(
        json.dumps({"data": {"videos": [*videos, videos[0] | {"id": "74", "username": "bo"}]}})
    )
    found = imported(page, out=tmp_path / "out", creator="@ana")
    assert dict(zip(found.column("posts", "post_id"), found.column("posts", "creator_id"), strict=True)) == {
        "71": "@zed.1", "72": "@ana", "73": "@ana", "74": "@bo",
    }  # fmt: skip


def web_post(number, user, **more):
    legacy = {
        "id_str": number, "full_text": "hi #one", "created_at": "Sun Feb 01 10:00:00 +0000 2026", "favorite_count": 50,
        "reply_count": 4, "retweet_count": 5, "bookmark_count": 6, "entities": {"hashtags": [{"text": "one"}]},
        "user_id_str": "9",
    }  # fmt: skip
    core = {"user_results": {"result": {"__typename": "User", "rest_id": "9", **user}}}
    views = {"count": "5000", "state": "EnabledWithCount"}
    return {
        "__typename": "Tweet",
        "rest_id": number,
        "core": core,
        "views": views,
        "legacy": legacy | more,
    }


def test_posts_of_web_pages_of_x_keep_their_author_and_views(tmp_path):
    old = {"legacy": {"screen_name": "Ana", "followers_count": 900}}
    new = {"core": {"screen_name": "Ana"}, "legacy": {"followers_count": 900}}
    other = web_post("70", old)
    results = [
        {"result": web_post("71", old)},
        {"result": {"__typename": "TweetWithVisibilityResults", "tweet": web_post("72", new)}},
        {"result": web_post("73", new, retweeted_status_result={"result": other})},
        {"result": web_post("74", new) | {"quoted_status_result": {"result": other}}},
        {"result": other},
    ]
    entries = [
        {"entryId": "e", "content": {"itemContent": {"tweet_results": result}}}
        for result in results
    ]
    entries[-1]["content"]["itemContent"]["promotedMetadata"] = {"impressionId": "1"}
    entries.append(
        {"entryId": "cursor-bottom-0", "content": {"value": "v", "cursorType": "Bottom"}}
    )
    instructions = [
        {"type": "TimelineClearCache"},
        {"type": "TimelineAddEntries", "entries": entries},
    ]
    page = tmp_path / "page.json"
    page.write_text(
        json.dumps({"data": {"user": {"result": {"timeline_v2": {"timeline": instructions}}}}})
    )
    found = imported(page, out=tmp_path / "out", creator="@bo")
    counts = ["post_id", "creator_id", "repost", "views", "likes", "comments", "shares", "saves"]
    assert [[row[name] for name in counts] for row in found["posts"]] == [
        [f"7{number}", "9", number == 3, 5000, 50, 4, 5, 6] for number in (1, 2, 3, 4)
    ]
    assert [(row["handle"], row["followers"]) for row in found["creators"]] == [("ana", 900)]
    assert found.rejected == 0
    for ignored in (
        "2 x post that another record refers to",
        "1 x promoted post",
        "2 x cursor or instruction",
    ):
        assert f"ignored: {ignored}" in found.text


def test_an_account_of_a_web_page_of_x_is_read():
    legacy = {"screen_name": "Ana", "followers_count": 900, "description": "hi"}
    page = {
        "data": {
            "user": {
                "result": {"__typename": "User", "id": "VXNlcjo5", "rest_id": "9", "legacy": legacy}
            }
        }
    }
    assert fates(page) == ["X web user"]
