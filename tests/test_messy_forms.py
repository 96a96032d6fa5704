"""What the rows of a sheet are, whose figure a column is, and publishers' forms."""

from pathlib import Path

import pytest
from messy_cases import MESSY, imported

from ingest.sheets import read_sheet
from ingest.sheets.hashtags import hashtags_in


@pytest.fixture
def sheet_of(tmp_path):
    """Give a function that reads a text as a sheet."""

    def read(text, name="sheet.csv"):
        path = Path(tmp_path / name)
        path.write_text(text, encoding="utf-8")
        return read_sheet(path)

    return read


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("#food,#recipe,#vegan", "food recipe vegan"),
        ("#food #recipe#vegan", "food recipe vegan"),
        ("food;home cooking;vegan", "food homecooking vegan"),
        ("food recipe", "food recipe"),
        ("[]", ""),
        ("{}", ""),
        ('["food", "vegan"]', "food vegan"),
        ("['food', 'vegan']", "food vegan"),
        ("[food, vegan]", "food vegan"),
        ('[{"id": 1, "name": "food", "cover": null}, {"name": "vegan"}]', "food vegan"),
    ],
)
def test_hashtags_are_read_in_the_forms_that_exports_have(cell, tags):
    assert hashtags_in(cell) == tags


def test_hashtags_of_a_column_are_counted(tmp_path):
    found = imported(MESSY / "18_hashtags_comma.csv", out=tmp_path / "out")
    assert found.column("posts", "hashtags_count") == [3, 0, 3]
    path = tmp_path / "list.csv"
    path.write_text(
        "handle,platform,posted,likes,hashtags\n@a,IG,2026-03-01,1,#x #y\n@a,IG,2026-03-02,1,[]\n"
    )
    assert imported(path, out=tmp_path / "other").column("posts", "hashtags_count") == [2, 0]


def test_a_dictionary_of_counts_is_no_niche(tmp_path):
    found = imported(MESSY / "34_dict_as_niche.csv", out=tmp_path / "out")
    assert found.column("creators", "niche") == ["food", "sports", "gaming"]


def test_two_posts_of_one_day_without_ids_are_two(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "handle,platform,posted,likes\n@a,IG,2026-03-01,10\n@a,IG,2026-03-01,20\n@a,IG,2026-03-01,10\n@a,IG,2026-03-02,5\n"
    )
    posts = imported(path, out=tmp_path / "out")["posts"]
    assert [(post["post_id"], post["likes"]) for post in posts] == [
        ("@a 2026-03-01T00:00:00Z", 10),
        ("@a 2026-03-01T00:00:00Z 2", 20),
        ("@a 2026-03-02T00:00:00Z", 5),
    ]


def import_of(tmp_path, text, name="list.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return imported(path, out=tmp_path / "out", **options)


def test_youtube_studio_names_its_videos_and_what_they_gained(tmp_path):
    found = imported(
        MESSY / "03_youtube_studio.csv", out=tmp_path / "out", platform="youtube", creator="@ana"
    )
    assert sorted(found.column("posts", "post_id")) == ["aaaaaaaaaa1", "aaaaaaaaaa2", "aaaaaaaaaa3"]
    assert sorted(found.column("posts", "comments")) == [2, 2, 3]
    assert found["followers"] == []


def test_the_moment_of_extraction_is_no_time_of_posting(tmp_path):
    found = imported(MESSY / "04_phantombuster_posts.csv", out=tmp_path / "out")
    assert found.column("posts", "posted_at") == ["2026-03-01T10:00:00Z", "2026-03-05T10:00:00Z"]
    assert found.column("posts", "observed_at") == ["2026-06-10T08:00:00Z", "2026-06-10T08:00:01Z"]


def test_follows_of_a_post_are_not_the_accounts(tmp_path):
    found = imported(MESSY / "06_meta_business_suite.csv", out=tmp_path / "out")
    assert found.column("creators", "following") == [None]
    assert found.column("posts", "format") == ["image", "short"]
    assert "column 'Follows' -> not read" in found.text


def test_on_x_reposts_are_shares_and_impressions_views(tmp_path):
    found = imported(MESSY / "07_x_analytics.csv", out=tmp_path / "out")
    assert found.column("posts", "shares") == [9, 7]
    assert found.column("posts", "views") == [5400, 122978]
    assert "column 'Shares' -> not read" in found.text


def test_created_at_of_tweets_is_their_posting(tmp_path):
    found = imported(MESSY / "08_tweets.csv", out=tmp_path / "out")
    assert found.column("posts", "posted_at") == ["2021-04-08T19:34:16Z", "2021-04-09T19:35:16Z"]
    assert found.column("posts", "likes") == [5, 7]
    assert found.column("creators", "created_at") == [None]
    assert found.column("creators", "platform") == ["x"]


def test_followers_at_posting_are_those_of_that_moment(tmp_path):
    found = imported(MESSY / "09_crowdtangle.csv", out=tmp_path / "out")
    assert found["partnerships"] == []
    assert found.column("posts", "likes") == [600, 200]
    assert [(row["observed_at"], row["followers"]) for row in found["followers"]] == [
        ("2021-03-01T17:00:00Z", 12000),
        ("2021-03-15T16:00:00Z", 12100),
    ]


def test_a_form_that_people_filled_in_lists_creators(tmp_path):
    found = imported(MESSY / "10_google_form.csv", out=tmp_path / "out")
    assert (found["posts"], found.column("creators", "created_at")) == ([], [None, None])
    assert found.column("prospects", "avg_likes") == [340, 1200]
    assert found.column("prospects", "fee_usd") == [450, 900]


def test_totals_of_one_video_are_its_counts(tmp_path):
    found = imported(MESSY / "29_tiktok_studio.csv", out=tmp_path / "out")
    counts = ("likes", "comments", "shares", "views")
    assert [[row[name] for name in counts] for row in found["posts"]] == [
        [300, 22, 15, 5000],
        [640, 48, 31, 9100],
    ]


def test_json_that_was_made_flat_is_read_by_its_paths(tmp_path):
    found = imported(MESSY / "30_apify_tiktok.csv", out=tmp_path / "out")
    assert found.column("posts", "saves") == [19123, 23627]
    assert found.column("creators", "followers") == [37600]


def test_followers_of_an_account_at_many_dates_are_a_history(tmp_path):
    found = imported(MESSY / "31_follower_history.csv", out=tmp_path / "out", platform="youtube")
    assert found["posts"] == []
    assert [(row["observed_at"][:10], row["followers"]) for row in found["followers"]] == [
        ("2026-01-17", 115000),
        ("2026-01-18", 115400),
        ("2026-01-19", 116000),
    ]


def test_a_mapped_column_that_no_table_has_is_told(tmp_path):
    columns = {"Likes": "likes", "Comments": "comments", "Impressions": "views"}
    found = imported(
        MESSY / "35_campaign_results_mapped.csv", out=tmp_path / "out", columns=columns
    )
    assert (
        "'Likes' -> not read (map file; it is likes, for which creators and prospects have no column)"
        in found.text
    )
