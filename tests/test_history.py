import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import build_tables
from hypothesis import given, settings
from hypothesis import strategies as st

from features.history.arrays import DAY_US, NAT_US, encode_categories, to_us
from features.history.history import History
from features.history.panel import Panel
from features.history.post_readings import PostReadings, public_engagements
from features.history.profiles import profile_at
from features.maturation.maturation import AS_READ, published_maturation
from features.tables.vocabulary import FORMATS, NICHES, PLATFORMS

START = pd.Timestamp("2026-01-01", tz="UTC")
POST = {"platform": "instagram", "post_id": "p", "creator_id": "a", "likes": 90.0, "comments": 9.0}
CREATOR = {"creator_id": "a", "platform": "instagram", "followers": 1000.0}


def day(number):
    return START + pd.Timedelta(days=number)


def tables_of(*posts, creators=(CREATOR,), followers=()):
    named = [
        {**POST, "post_id": f"p{i}", "posted_at": START, **post} for i, post in enumerate(posts)
    ]
    return build_tables(creators, named, followers)


def likes_of(*posts, **rest):
    return History.from_tables(tables_of(*posts, **rest)).posts.columns["likes"].tolist()


def known_of(panel, name, number):
    """Give the values of the posts known on a day, newest first."""
    rows = panel.known_rows(np.array([0]), to_us(pd.Series([day(number)])), 96)
    assert panel.known_count(np.array([0]), to_us(pd.Series([day(number)]))) == (rows >= 0).sum()
    return panel.at(rows)[name][rows >= 0].tolist()


def known_likes(number, *posts):
    return known_of(History.from_tables(tables_of(*posts)).posts, "likes", number)


def profile_on(number, *, creators=(CREATOR,), followers=()):
    history = History.from_tables(tables_of(creators=creators, followers=followers))
    profile = profile_at(history, np.array([0]), to_us(pd.Series([day(number)])))
    return {name: values[0] for name, values in profile.items()}


def test_the_first_reading_at_a_week_or_later_counts_whenever_it_was_made():
    readings = [
        {"post_id": "p", "observed_at": day(age), "likes": likes}
        for age, likes in [(30, 300), (7, 70), (6.99, 69), (8, 80)]
    ]
    for rows in (readings, readings[::-1]):
        assert known_likes(7, *rows) == known_likes(99, *rows) == [70]
    # read after the moment: so it counts only where nothing was read before
    assert [known_likes(age, readings[0], readings[2]) for age in (7, 29, 30)] == [
        [69],
        [69],
        [300],
    ]
    assert known_likes(7, readings[0]) == [300]


def test_a_younger_post_counts_from_a_day_on_by_what_was_read_until_then():
    readings = [
        {"post_id": "p", "observed_at": day(age), "likes": likes}
        for age, likes in [(0.5, 5), (1, 10), (3, 30), (6.99, 69), (40, 400)]
    ]
    for rows in (readings, readings[::-1]):
        known = {age: known_likes(age, *rows) for age in (0.9, 1, 2.9, 3, 6, 6.99, 7)}
        assert known == {0.9: [], 1: [10], 2.9: [10], 3: [30], 6: [30], 6.99: [69], 7: [69]}
        assert [known_likes(age, *rows) for age in (39.9, 40, 99)] == [[69], [400], [400]]


def test_a_post_that_was_never_read_at_a_week_counts_by_its_last_reading():
    readings = [
        {"post_id": "p", "observed_at": day(age), "likes": age * 10.0} for age in (0.5, 2, 6)
    ]
    assert [known_likes(age, *readings) for age in (1, 2, 6, 7, 90)] == [[], [20], [60], [60], [60]]


def test_an_early_reading_without_likes_does_not_hide_an_earlier_one():
    history = History.from_tables(
        tables_of(
            {"post_id": "p", "observed_at": day(2), "likes": 20.0, "views": None},
            {"post_id": "p", "observed_at": day(3), "likes": None, "views": 900.0},
        )
    )
    assert known_of(history.posts_with_engagements, "likes", 4) == [20]
    assert known_of(history.posts_with_views, "views", 4) == [900]
    assert known_of(history.posts_with_views, "views", 2.5) == []


def test_newer_posts_come_first_whatever_their_age():
    posts = [
        {"post_id": f"p{at}", "posted_at": day(at), "observed_at": day(at + read), "likes": at}
        for at, read in [(1.0, 30), (9.0, 2), (2.0, 7), (8.0, 1.5), (10.0, 1.0), (10.5, 3)]
    ]
    assert known_likes(12, *posts) == [10, 9, 8, 2, 1]


def test_the_first_mature_reading_counts_even_where_a_later_one_knows_more():
    assert np.isnan(
        likes_of(
            {"post_id": "p", "observed_at": day(8), "likes": None},
            {"post_id": "p", "observed_at": day(9), "likes": 5},
        )
    )


def test_a_reading_without_a_moment_counts_from_a_week_on_and_as_grown_up():
    untold = {"observed_at": None}
    assert [known_likes(age, untold) for age in (6.99, 7)] == [[], [90]]
    grown_up = growth_of(untold)
    assert grown_up == growth_of({"observed_at": day(90)}) == growth_of({"observed_at": day(900)})
    assert grown_up[0] < 0 < growth_of({"observed_at": day(29)})[0]


def growth_of(*posts, days=30):
    history = History.from_tables(tables_of(*posts)).at_horizon(published_maturation(), days)
    return history.posts.columns["engagements_growth"].tolist()


def test_counts_are_brought_to_a_horizon_and_another_one_starts_from_what_was_read():
    curve = published_maturation().find("instagram", "engagements").curve
    history = History.from_tables(tables_of({"observed_at": day(8)}))
    first = history.at_horizon(published_maturation(), 30)
    for found in (
        first,
        history.at_horizon(published_maturation(), 90).at_horizon(published_maturation(), 30),
    ):
        columns = found.panel("engagements").columns
        assert columns["engagements_log"] == pytest.approx(np.log1p(99) + curve.growth(8, 30))
        growth = columns["engagements_growth"][None]
        assert found.growth_variance("engagements", np.array([0]), growth) == pytest.approx(
            0.25 * curve.growth(8, 30)
        )
    assert first.at_horizon(published_maturation(), 30) is first
    assert history.at_horizon(AS_READ, 30).posts.columns["engagements_log"] == np.log1p(99)


def test_the_growth_to_no_horizon_is_an_error_that_says_what_to_do():
    history = History.from_tables(tables_of({"observed_at": day(8)}))
    with pytest.raises(ValueError, match=r"bring them to a horizon by History\.at_horizon"):
        history.growth_variance("engagements", np.array([0]), np.ones((1, 1)))


def test_no_count_falls_below_nothing():
    history = History.from_tables(tables_of({"likes": 0.0, "comments": 0.0, "observed_at": None}))
    assert history.at_horizon(published_maturation(), 1).posts.columns["engagements_log"] == 0


def test_a_reading_with_a_moment_goes_before_one_without_whatever_the_row_order():
    readings = [
        {"post_id": "p", "observed_at": None, "likes": 1},
        {"post_id": "p", "observed_at": day(7), "likes": 2},
    ]
    assert likes_of(*readings) == likes_of(*readings[::-1]) == [2]


def test_a_post_read_within_its_first_day_is_not_in_the_history():
    assert likes_of({"observed_at": day(0.99)}) == []


def test_reposts_are_left_out_and_untold_ones_are_not():
    assert likes_of(
        {"repost": True, "likes": 1}, {"repost": False, "likes": 2}, {"repost": None, "likes": 3}
    ) == [2, 3]


def test_what_a_request_brings_is_the_same_history_without_frames():
    creators = [{**CREATOR, "creator_id": name, "platform": on, "observed_at": day(99), **more} for name, on, more in [
        ("a", "instagram", {"following": 10.0, "niche": "food", "bio": "bread", "created_at": day(-9)}),
        ("b", "tiktok", {"followers": None, "verified": True}),
    ]]  # fmt: skip
    posts = [
        {
            "likes": 5.0,
            "views": 70.0,
            "format": "video",
            "text": "soup",
            "hashtags": "pasta",
            "topic": "cake",
        },
        {"likes_hidden": True, "comments": 2.0, "sponsored": True, "topic": "bread"},
        {"repost": True},
        {"observed_at": day(3)},
        {
            "creator_id": "b",
            "platform": "tiktok",
            "shares": 4.0,
            "has_location": True,
            "caption_words": 3.0,
        },
    ]
    posts = [{**post, "posted_at": day(-index % 3)} for index, post in enumerate(posts)]
    tables = tables_of(*posts, creators=creators)
    given, nan = History.from_tables(tables), np.nan
    times = to_us(tables.posts["posted_at"]), to_us(tables.posts["observed_at"])
    told = {
        "likes": np.array([5.0, 90, 90, 90, 90]), "comments": np.array([9.0, 2, 9, 9, 9]),
        "shares": np.array([nan, nan, nan, nan, 4]), "views": np.array([70, nan, nan, nan, nan]),
        "format": np.array([FORMATS.index("video"), nan, nan, nan, nan]),
        "sponsored": np.array([nan, 1, nan, nan, nan]),
        "likes_hidden": np.arange(5) == 1, "repost": np.arange(5) == 2,
        "has_location": np.array([nan] * 4 + [1]), "caption_words": np.array([nan] * 4 + [3]),
    }  # fmt: skip
    written = {"text": ["soup"], "hashtags": ["pasta"], "topic": ["cake", "bread"]}
    written = {
        name: pa.array(said + [None] * (5 - len(said)), pa.large_string())
        for name, said in written.items()
    }
    readings = PostReadings(
        np.array([0, 0, 0, 0, 1]), *times, np.array(list("01234"), dtype=object), told, written
    )
    profile = {
        "followers": np.array([1000.0, nan]), "following": np.array([10.0, nan]), "verified": np.array([nan, 1]),
        "niche": np.array([NICHES.index("food"), nan]), "created_us": np.array([day(-9).value // 1000, NAT_US]),
    }  # fmt: skip
    platform, observed = np.array([0.0, 1.0]), np.full(2, day(99).value // 1000)
    made = History.from_profiles(platform, observed, profile, ["bread", None], readings)
    assert made.topics == given.topics == ("bread", "cake")
    assert made.bios == given.bios
    rows = np.arange(len(made.posts.post) + len(made.posts.early.post))
    assert made.captions.take(rows) == given.captions.take(rows)
    for name in ("posts", "posts_with_engagements", "posts_with_views", "followers", "profiles"):
        one, other = getattr(made, name), getattr(given, name)
        np.testing.assert_array_equal(one.start, other.start)
        np.testing.assert_array_equal(one.time, other.time)
        assert one.columns.keys() == other.columns.keys()
        for column, values in other.columns.items():
            np.testing.assert_array_equal(one.columns[column], values, column)
            assert one.columns[column].dtype == values.dtype


def test_hidden_likes_are_unknown_and_so_are_the_engagements():
    history = History.from_tables(tables_of({"likes_hidden": True, "views": 1000.0}))
    assert np.isnan(history.posts.columns["likes"]).all()
    assert len(history.posts_with_engagements.time) == 0
    assert len(history.posts_with_views.time) == 1


@pytest.mark.parametrize(
    ("platform", "engagements"),
    [("instagram", 99), ("youtube", 99), ("tiktok", np.nan), ("x", np.nan)],
)
def test_tiktok_and_x_need_shares(platform, engagements):
    counts = {"likes": np.array([90.0]), "comments": np.array([9.0]), "shares": np.array([np.nan])}
    code = np.array([PLATFORMS.index(platform)])
    np.testing.assert_array_equal(public_engagements(counts, code), [engagements])
    counts["shares"] = np.array([1.0])
    assert public_engagements(counts, code).tolist() == [100 if platform in ("tiktok", "x") else 99]


def test_engagements_and_views_have_tracks_of_their_own():
    history = History.from_tables(
        tables_of({"comments": None, "views": 10.0}, {"views": None}, {"views": 20.0})
    )
    assert np.expm1(
        history.panel("engagements").take("engagements_log_read", np.arange(2))
    ) == pytest.approx([99, 99])
    assert np.expm1(history.panel("views").take("views_log_read", np.arange(2))) == pytest.approx(
        [10, 20]
    )


def test_posts_are_sorted_by_account_and_time():
    creators = [CREATOR, {**CREATOR, "creator_id": "b"}]
    posts = [
        {"creator_id": owner, "posted_at": day(at), "likes": likes}
        for owner, at, likes in [("b", 3, 4), ("a", 2, 2), ("b", 1, 3), ("a", 1, 1)]
    ]
    history = History.from_tables(tables_of(*posts, creators=creators))
    assert history.posts.columns["likes"].tolist() == [1, 2, 3, 4]
    assert history.posts.start.tolist() == [0, 2, 4]


@settings(max_examples=20, derandomize=True)
@given(st.permutations(range(6)))
def test_posts_of_one_moment_keep_one_order_whatever_the_row_order(order):
    posts = [{"post_id": f"p{i}", "likes": float(i), "posted_at": day(i // 3)} for i in range(6)]
    assert likes_of(*(posts[i] for i in order)) == [0, 1, 2, 3, 4, 5]


def test_one_id_on_two_platforms_is_two_accounts():
    creators = [CREATOR, {**CREATOR, "platform": "youtube"}]
    history = History.from_tables(
        tables_of({"likes": 1.0}, {"platform": "youtube", "likes": 2.0}, creators=creators)
    )
    asked = pd.DataFrame({"creator_id": ["a", "a"], "platform": ["youtube", "instagram"]})
    accounts = history.account_indexes(asked)
    assert history.posts.columns["likes"][history.posts.start[accounts]].tolist() == [2, 1]
    assert history.platform[accounts].tolist() == [
        PLATFORMS.index("youtube"),
        PLATFORMS.index("instagram"),
    ]


def test_an_unknown_creator_is_named():
    asked = pd.DataFrame({"creator_id": ["a", "b"], "platform": ["instagram", "instagram"]})
    with pytest.raises(
        KeyError,
        match="no creators row for 'b' on instagram: add the creator to the creators table",
    ):
        History.from_tables(tables_of()).account_indexes(asked)


tracks = st.lists(st.lists(st.integers(-20, 20), max_size=9), min_size=1, max_size=5)


@settings(max_examples=100, derandomize=True)
@given(tracks, st.lists(st.tuples(st.integers(0, 4), st.integers(-25, 25)), max_size=8))
def test_until_counts_like_brute_force(times, asked):
    start = np.cumsum([0, *(len(own) for own in times)])
    track = Panel(
        start, np.array([time for own in times for time in sorted(own)], dtype=np.int64), {}
    )
    asked = [(account % len(times), moment) for account, moment in asked]
    account = np.array([account for account, _ in asked], dtype=int)
    until = track.end_row(account, np.array([moment for _, moment in asked], dtype=np.int64))
    assert until.tolist() == [
        start[i] + sum(time <= moment for time in times[i]) for i, moment in asked
    ]


def test_until_leaves_the_track_alone():
    track = Panel(np.array([0, 2]), np.array([1, 2]), {})
    assert track.end_row(np.array([0]), np.array([2])).tolist() == [2]
    assert track.start.tolist() == [0, 2]


def test_times_are_microseconds_and_none_is_the_smallest():
    times = pd.Series([START, START + pd.Timedelta(days=1), pd.NaT])
    first, second, none = to_us(times)
    assert second - first == DAY_US
    assert none == NAT_US


def test_codes_are_positions_and_unknown_otherwise():
    np.testing.assert_array_equal(
        encode_categories(pd.Series(["b", "z", None, "a"]), ("a", "b")), [1, np.nan, np.nan, 0]
    )


def test_followers_are_the_newest_reading_by_then():
    followers = [
        {"creator_id": "a", "platform": "instagram", "observed_at": day(at), "followers": count}
        for at, count in [(20, 2000.0), (10, 1500.0)]
    ]
    creators = [{**CREATOR, "observed_at": day(0)}]
    known = {
        at: profile_on(at, creators=creators, followers=followers)
        for at in (0, 9.99, 10, 19, 20, 99)
    }
    assert {at: profile["followers"] for at, profile in known.items()} == {
        0: 1000, 9.99: 1000, 10: 1500, 19: 1500, 20: 2000, 99: 2000
    }  # fmt: skip
    assert {profile["followers_late"] for profile in known.values()} == {0}


def test_a_snapshot_read_later_is_used_and_flagged():
    profile = profile_on(5, creators=[{**CREATOR, "observed_at": day(10)}])
    assert (profile["followers"], profile["followers_late"]) == (1000, 1)


def test_a_snapshot_without_a_moment_was_always_known():
    profile = profile_on(5)
    assert (profile["followers"], profile["followers_late"]) == (1000, 0)
    assert np.isnan(profile["followers_growth"])


def test_unknown_followers_stay_unknown():
    profile = profile_on(5, creators=[{**CREATOR, "followers": None}])
    assert np.isnan(profile["followers"])
    assert profile["followers_late"] == 0


def test_growth_is_ln_per_90_days_over_the_last_90():
    counts = [(0, 999.0), (45, 1999.0), (100, 3999.0)]
    followers = [
        {"creator_id": "a", "platform": "instagram", "observed_at": day(at), "followers": count}
        for at, count in counts
    ]
    creators = [{**CREATOR, "followers": None}]
    assert profile_on(50, creators=creators, followers=followers)[
        "followers_growth"
    ] == pytest.approx(2 * np.log(2))
    # 90 days before the reading of day 100 the one of day 0 was the newest
    assert profile_on(100, creators=creators, followers=followers)[
        "followers_growth"
    ] == pytest.approx(0.9 * np.log(4))
    assert np.isnan(profile_on(20, creators=creators, followers=followers)["followers_growth"])


def test_readings_a_few_days_apart_tell_no_growth():
    followers = [
        {"creator_id": "a", "platform": "instagram", "observed_at": day(at), "followers": count}
        for at, count in [(0, 1000.0), (13, 2000.0)]
    ]
    profile = profile_on(20, creators=[{**CREATOR, "followers": None}], followers=followers)
    assert profile["followers"] == 2000
    assert np.isnan(profile["followers_growth"])


def test_profile_fields_are_those_of_the_newest_snapshot_by_then():
    creators = [
        {
            **CREATOR,
            "observed_at": day(at),
            "verified": verified,
            "niche": niche,
            "created_at": day(-100),
        }
        for at, verified, niche in [(20, True, "food"), (10, False, "art")]
    ]
    seen = [profile_on(at, creators=creators) for at in (5, 15, 25)]
    assert [profile["verified"] for profile in seen] == [0, 0, 1]
    assert seen[0]["niche"] == seen[1]["niche"] != seen[2]["niche"]
    assert [profile["age_days"] for profile in seen] == [105, 115, 125]
