"""Posts of several accounts, and counts that cannot be: whose a post is, what stays unknown, and what is told."""

import csv
import json

import pytest
from messy_cases import MESSY, imported

from ingest.exports.plausibility import counts_above_views, find_implausible_counts
from ingest.shapes.coauthors import resolve_owner

OWNER, GUEST = {"pk": "7", "username": "owner"}, {"pk": "6", "username": "guest"}


def app_post(number, user="9", **counts):
    return {
        "pk": str(number), "id": f"{number}_{user}", "taken_at": 1700000000 + number, "media_type": 1,
        "user": {"pk": user, "username": f"u{user}"}, **counts,
    }  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def file(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return file


@pytest.mark.parametrize("order", [("owner", "guest"), ("guest", "owner"), ("guest",)])
def test_a_post_of_two_accounts_is_its_owners_in_any_order(order, tmp_path):
    found = imported(
        *(MESSY / f"62_collaboration_{name}.json" for name in order), out=tmp_path / "out"
    )
    assert found.column("posts", "creator_id") == ["7"]
    assert [(row["creator_id"], row["handle"]) for row in found["creators"]] == [("7", "owner")]
    assert "1 x post that 'guest' shares: it counts for its owner alone" in found.text


@pytest.mark.parametrize(
    ("record", "creator", "owner", "coauthors"),
    [
        ({"id": "301_7", "user": GUEST, "coauthor_producers": [GUEST]}, GUEST, {"creator_id": "7"}, ["guest"]),
        ({"id": "301", "user": GUEST, "coauthor_producers": [GUEST]}, GUEST, {}, ["guest"]),
        ({"id": "301", "ownerId": "7", "ownerUsername": "Owner",
          "coauthorProducers": [{"id": "6", "username": "Guest"}]},
         OWNER, {"creator_id": "7", "handle": "owner"}, ["guest"]),
        ({"id": "301", "owner": {"id": "7"}, "collaborators": {"data": [{"id": "6", "username": "guest"}]}},
         GUEST, {"creator_id": "7"}, ["guest"]),
        ({"id": "301_7", "user": OWNER}, OWNER, {"creator_id": "7", "handle": "owner"}, []),
        ({"id": "C_x", "coauthor_producers": []}, OWNER, {"creator_id": "7", "handle": "owner"}, []),
    ],
)  # fmt: skip
def test_the_owner_is_told_by_name_or_by_the_id_of_the_post(record, creator, owner, coauthors):
    account = {"creator_id": creator["pk"], "handle": creator["username"]}
    assert resolve_owner(record, account) == coauthors
    assert account == owner


def test_a_post_that_a_profile_only_shares_is_not_its_own(write, tmp_path):
    post = {
        "id": "301", "shortCode": "C", "likesCount": 5, "commentsCount": 1, "timestamp": "2026-03-01T12:00:00.000Z",
        "coauthorProducers": [{"id": "6", "username": "guest"}],
    }  # fmt: skip
    profile = {"id": "6", "username": "guest", "followersCount": 9, "latestPosts": [post]}
    found = imported(write("profile.json", [profile]), out=tmp_path / "out")
    assert (found["posts"], found.rejected) == ([], 1)
    assert "does not say whose it is" in found.text


def test_views_of_several_definitions_are_told(write, tmp_path):
    found = imported(MESSY / "63_impressions_and_views.json", out=tmp_path / "out")
    told = "views of Instagram are of 2 definitions, which are not the same count: impressions (1 post), views (1 post)"
    assert found.column("posts", "views") == [5000, 9000]
    assert told in found.text
    metric = {"period": "lifetime", "values": [{"value": 7}]}
    pages = [
        {"data": [metric | {"name": name, "id": f"{post}/insights/{name}/lifetime"}]}
        for name, post in (("plays", 1790), ("views", 1791))
    ]
    media = {"data": [{"id": str(n), "timestamp": "2026-03-01T10:00:00+0000", "media_type": "VIDEO", "username": "b"}
                      for n in (1790, 1791)]}  # fmt: skip
    found = imported(
        *(write(f"{n}.json", page) for n, page in enumerate([media, *pages])), out=tmp_path / "more"
    )
    assert "plays (1 post), views (1 post)" in found.text


@pytest.mark.parametrize(
    ("record", "used", "unused"),
    [
        (app_post(1, play_count=900, ig_play_count=6, fb_play_count=3), "play_count", "ig_play_count, fb_play_count"),
        ({"id": "1", "shortCode": "C", "timestamp": "2026-03-01T12:00:00Z", "likesCount": 1, "ownerUsername": "a",
          "videoPlayCount": 900, "videoViewCount": 400}, "videoPlayCount", "videoViewCount"),
        ({"id": "1", "timestamp": "2026-03-01T12:00:00+0000", "media_type": "VIDEO", "username": "a", "view_count": 900,
          "insights": {"data": [{"name": "impressions", "values": [{"value": 400}]}]}}, "view_count", "impressions"),
        (app_post(1, play_count=900, ig_play_count=900, fb_play_count=0, view_count=None), None, None),
    ],
)  # fmt: skip
def test_counts_of_views_of_one_post_that_differ_are_told(record, used, unused, write, tmp_path):
    found = imported(write("posts.json", [record]), out=tmp_path / "out")
    assert found.column("posts", "views") == [900]
    told = f"note: 1 x post with counts of views that differ: {used} is used, not {unused}"
    assert told in found.text if used else "views that differ" not in found.text


def test_x_had_no_views_before_it_showed_them(tmp_path):
    found = imported(MESSY / "64_x_before_view_counts.json", out=tmp_path / "out")
    assert found.column("posts", "views") == [None, 81234]
    assert "1 x views of a post from before 15 December 2022 are 0: unknown" in found.text


@pytest.mark.parametrize(
    ("counts", "above", "unknown"),
    [
        ({"views": 68, "likes": 3710, "comments": 44800}, ["likes", "comments"], ["views"]),
        ({"views": 0, "likes": 500, "comments": 3}, ["likes"], ["views"]),
        ({"views": 1000, "likes": 40, "comments": 5000}, ["comments"], ["views", "comments"]),
        ({"views": 1000, "likes": 40, "shares": 5000}, ["shares"], ["shares"]),
        ({"views": 3, "likes": 9, "comments": 2}, [], []),
        ({"views": 1000, "likes": 1050, "shares": 1500}, [], []),
        ({"likes": 1050, "comments": 5000}, [], []),
        ({"views": 1000}, [], []),
    ],
)
def test_counts_above_views(counts, above, unknown):
    assert counts_above_views(counts) == above
    assert (find_implausible_counts(above) if above else []) == unknown


def test_counts_that_cannot_be_are_named_one_by_one(write, tmp_path):
    found = imported(MESSY / "65_swapped_counts.json", out=tmp_path / "json")
    assert found.column("posts", "views") == [None, None, 4300000]
    assert found.column("posts", "likes") == [3710, 90000, 412000]
    assert (
        "implausible: document 1, collector 1, post 6907000000000000001: 68 views, 3,710 likes"
        in found.text
    )
    with (tmp_path / "json" / "rejected.csv").open(newline="") as file:
        listed = [(row["record"], row["field"], row["reason"]) for row in csv.DictReader(file)]
    reason = "implausible: the post has more likes and comments than views"
    assert listed == [(f"document 1, collector {number}", "views", reason) for number in (1, 2)]
    text = "Creator,Post ID,Posted at,Views,Likes,Comments\n@a,p71,2026-03-01,90,4000,12\n@a,p72,2026-03-02,9000,400,12\n"
    sheet = imported(write("posts.csv", text), out=tmp_path / "sheet", platform="tiktok")
    assert sheet.column("posts", "views") == [None, 9000]
    assert "implausible: line 2, post p71: 90 views, 4,000 likes, 12 comments" in sheet.text


def test_one_tiny_count_of_likes_in_many_posts_is_a_hidden_one(tmp_path):
    found = imported(MESSY / "61_likes_hidden_as_three.json", out=tmp_path / "out")
    assert (found.column("posts", "likes"), found.column("posts", "likes_hidden")) == (
        [None] * 6,
        [True] * 6,
    )
    assert (
        "6 post(s) of the instagram account 9 have a few likes each and far more comments: it hides"
        in found.text
    )
    assert (tmp_path / "out" / "rejected.csv").read_text().count(
        "hidden: many posts of this account"
    ) == 6


@pytest.mark.parametrize("hidden", [-1, "-1"])
def test_likes_below_0_of_the_graph_api_are_hidden(hidden, write, tmp_path):
    media = {
        "timestamp": "2026-03-01T10:00:00+0000",
        "media_type": "IMAGE",
        "username": "b",
        "comments_count": 3,
    }
    posts = [{"id": "17", **media, "like_count": hidden}, {"id": "18", **media, "like_count": 0}]
    found = imported(write("media.json", {"data": posts}), out=tmp_path / "out")
    assert found.column("posts", "likes") == [None, 0]
    assert [row.get("likes_hidden", False) for row in found["posts"]] == [True, False]
    assert (found.rejected, "below 0" in found.text) == (0, False)


def test_few_likes_that_differ_are_no_hidden_ones(write, tmp_path):
    posts = [app_post(number, like_count=number % 4, comment_count=40) for number in range(12)]
    found = imported(write("posts.json", posts), out=tmp_path / "out")
    assert sorted(found.column("posts", "likes")) == sorted([0, 1, 2, 3] * 3)
    assert not any(found.column("posts", "likes_hidden"))


def test_hidden_likes_are_found_over_files_and_in_later_ones(write, tmp_path):
    posts = [app_post(number, like_count=3, comment_count=40 + number) for number in range(6)]
    others = [app_post(20 + number, "8", like_count=3, comment_count=number) for number in range(6)]
    shown = app_post(30, like_count=900, comment_count=50)
    files = [write(f"{number}.json", [post, shown, *others]) for number, post in enumerate(posts)]
    out = tmp_path / "out"
    assert imported(*files[:3], out=out).column("posts", "likes").count(3) == 9
    for paths in (files[3:5], files[5:], files[:1]):
        found = imported(*paths, out=out)
        likes = {row["post_id"]: row.get("likes") for row in found["posts"]}
        hidden = {row["post_id"] for row in found["posts"] if row["likes_hidden"]}
        assert {likes[post] for post in hidden} == {None}
        assert hidden == {str(number) for number in range(6)} & set(likes)
        assert [likes[str(20 + number)] for number in range(6)] == [3] * 6
        assert likes["30"] == 900
