"""What a vendor's averages tell: the level, what it rests on, and a platform that nobody in training stands on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import table

from features.derive.averages import AVERAGE_NAMES, summarise_averages
from features.derive.derive import derive
from features.derive.level_offset import HISTORY, PROFILE_ONLY, SUMMARY
from features.derive.market_priors import MarketPriors, Prior
from features.derive.platform_posts import PlatformPosts, fit_formats_posted, fit_views_shown
from features.maturation.maturation import AS_READ, published_maturation
from features.tables.model import Tables
from features.tables.schema import CREATORS, POSTS
from features.tables.vocabulary import (
    DEFAULT_PART_SHARES,
    ENGAGEMENT_PARTS,
    FORMATS,
    PLATFORM_FORMATS,
    PLATFORMS,
    TARGETS,
)

NAN = np.nan
AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
INSTAGRAM, TIKTOK, YOUTUBE, X = range(4)
#: Posts of Instagram alone trained the model.
POSTED = PlatformPosts({"instagram": {"likes": 0.8, "comments": 0.2}}, {}, {})


def read(platform, followers=NAN, **told):
    averages = {name: np.array([told.get(name, NAN)]) for name in AVERAGE_NAMES}
    return summarise_averages(
        averages, np.array([float(platform)]), np.array([followers]), POSTED.part_tables
    )


@pytest.mark.parametrize(
    ("platform", "told", "engagements", "basis", "shipped"),
    [
        (
            INSTAGRAM,
            {"avg_likes": 80, "avg_comments": 10},
            90,
            {"avg_likes", "avg_comments"},
            False,
        ),
        (INSTAGRAM, {"avg_likes": 80}, 100, {"avg_likes"}, False),
        (INSTAGRAM, {"avg_likes": 80, "avg_shares": 7}, 100, {"avg_likes"}, False),
        (INSTAGRAM, {"avg_comments": 10}, NAN, set(), False),
        (INSTAGRAM, {"avg_likes": 0, "avg_comments": 0}, 0, {"avg_likes", "avg_comments"}, False),
        (INSTAGRAM, {"engagement_rate_by_followers": 0.04}, NAN, set(), False),
        (INSTAGRAM, {"engagement_rate_by_views": 0.04}, NAN, set(), False),
        (
            INSTAGRAM,
            {"followers": 1000, "engagement_rate_by_followers": 0.04, "avg_comments": 9},
            40,
            {"engagement_rate_by_followers"},
            False,
        ),
        (
            TIKTOK,
            {"engagement_rate_by_views": 0.1, "avg_views": 5000},
            500,
            {"engagement_rate_by_views", "avg_views"},
            False,
        ),
        (TIKTOK, {"avg_likes": 3000}, 3000 / 0.94, {"avg_likes"}, True),
        (
            TIKTOK,
            {"avg_likes": 3000, "avg_shares": 200},
            3200 / 0.99,
            {"avg_likes", "avg_shares"},
            True,
        ),
        (
            TIKTOK,
            {"avg_likes": 3000, "avg_comments": 30, "avg_shares": 200},
            3230,
            {"avg_likes", "avg_comments", "avg_shares"},
            False,
        ),
        (YOUTUBE, {"avg_likes": 96}, 100, {"avg_likes"}, True),
        (X, {"avg_likes": 83}, 100, {"avg_likes"}, True),
    ],
)
def test_what_averages_tell_and_what_that_rests_on(platform, told, engagements, basis, shipped):
    found = read(platform, **told)
    assert found.engagements[0] == pytest.approx(engagements, nan_ok=True)
    assert {name for name, rows in found.basis.items() if rows[0]} == basis
    assert found.uses_default_shares.tolist() == [shipped]


@pytest.mark.parametrize("name", PLATFORMS)
def test_shipped_shares_are_of_what_the_platform_counts_and_add_up(name):
    assert set(DEFAULT_PART_SHARES[name]) == set(ENGAGEMENT_PARTS[name])
    assert sum(DEFAULT_PART_SHARES[name].values()) == pytest.approx(1)


def test_shares_of_training_stand_before_shipped_ones():
    assert POSTED.usual_shares["instagram"] == {"likes": 0.8, "comments": 0.2}
    assert POSTED.usual_shares["tiktok"] == DEFAULT_PART_SHARES["tiktok"]
    assert POSTED.part_tables.is_fitted.tolist() == [True, False, False, False]


@pytest.fixture(scope="module")
def reference(bundle):
    """Give a reference of Instagram alone: a prior of 100 whatever the followers, a shift of -0.2."""
    line = Prior(0.0, 0.0, 0.0, 0.0, {}, 40)
    prior = replace(line, intercept=np.log1p(100), without_followers=np.log1p(100))
    market = MarketPriors({"all": prior, "instagram": prior}, 4.0, -0.2, {"instagram": 40})
    return replace(
        bundle.reference,
        engagements=market,
        views=market,
        part_shares=POSTED.part_shares,
        maturation=AS_READ,
    )


def asked(reference, platform, posts=(), **told):
    creator = {"creator_id": "a", "platform": platform, "followers": 5000.0}
    tables = Tables(creators=table([creator], CREATORS), posts=table(posts, POSTS))
    question = {"creator_id": "a", "platform": platform, "as_of": AS_OF, "start_at": AS_OF, **told}
    return derive(tables, pd.DataFrame([question]), reference).iloc[0]


def test_averages_count_as_grown_up_and_are_brought_to_the_horizon(reference):
    told = {"avg_likes": 3000.0, "avg_comments": 30.0, "avg_views": 40_000.0}
    as_read = asked(reference, "youtube", **told)
    growing = replace(reference, maturation=published_maturation())
    brought = asked(growing, "youtube", **told)
    for target in TARGETS:
        curve = published_maturation().find("youtube", target).curve
        change = brought[f"{target}_log_offset"] - as_read[f"{target}_log_offset"]
        assert change == pytest.approx(curve.growth(90, 30)) == brought[f"{target}_log_growth"]


def test_averages_of_a_platform_that_trained_the_model_are_pulled_toward_its_prior(reference):
    row = asked(reference, "instagram", avg_likes=3000.0, avg_comments=30.0)
    level, prior = np.log1p(3030) - 0.2, np.log1p(100)
    assert row["engagements_log_offset"] == pytest.approx(prior + 12 / 16 * (level - prior))


@pytest.mark.parametrize(
    ("told", "engagements"),
    [
        ({"avg_likes": 3000.0}, 3000 / 0.94),
        ({"avg_likes": 3000.0, "avg_comments": 30.0, "avg_shares": 100.0}, 3130),
        ({"engagement_rate_by_followers": 0.2}, 1000),
        ({"engagement_rate_by_views": 0.1, "avg_views": 40_000.0}, 4000),
    ],
)
def test_averages_of_a_platform_never_seen_are_the_level_itself(reference, told, engagements):
    row = asked(reference, "tiktok", **told)
    assert row["engagements_evidence_code"] == SUMMARY
    assert row["engagements_log_offset"] == pytest.approx(np.log1p(engagements) - 0.2, abs=1e-12)
    if "avg_views" in told:
        assert row["views_log_offset"] == pytest.approx(np.log1p(40_000) - 0.2, abs=1e-12)


def test_posts_of_a_platform_never_seen_are_the_level_itself(reference):
    posts = [
        {
            "creator_id": "a",
            "platform": "tiktok",
            "post_id": "1",
            "posted_at": AS_OF - pd.Timedelta(days=20),
            "likes": 2000.0,
            "comments": 20.0,
            "shares": 80.0,
            "views": 30_000.0,
        }
    ]
    row = asked(reference, "tiktok", posts)
    assert (row["engagements_evidence_code"], row["views_evidence_code"]) == (HISTORY, HISTORY)
    assert row["engagements_log_offset"] == pytest.approx(np.log1p(2100), abs=1e-12)
    assert row["views_log_offset"] == pytest.approx(np.log1p(30_000), abs=1e-12)


def test_a_profile_of_a_platform_never_seen_keeps_the_prior_of_all(reference):
    row = asked(reference, "tiktok")
    assert row["engagements_evidence_code"] == PROFILE_ONLY
    assert row["engagements_log_offset"] == pytest.approx(np.log1p(100))


def test_a_reference_counts_the_creators_of_each_platform(bundle):
    counted = bundle.reference.engagements.creators
    assert sum(counted.values()) == bundle.reference.creators
    assert set(counted) == {"instagram", "tiktok", "youtube"}
    assert bundle.reference.engagements.has_creators(np.arange(4.0)).tolist() == [True] * 3 + [
        False
    ]


def test_a_reference_names_the_formats_of_posts(bundle, tables):
    posts = tables.posts.dropna(subset=["format"])
    own = {name: set(frame["format"]) for name, frame in posts.groupby("platform")}
    found = {name: set(formats) for name, formats in bundle.reference.formats_posted.items()}
    assert found == {**own, "x": set()}


def posts_of(platform, format_name, number, shown):
    return pd.DataFrame(
        {
            "platform": float(PLATFORMS.index(platform)),
            "format": float(FORMATS.index(format_name)) if format_name else NAN,
            "views_log_read": [5.0] * shown + [NAN] * (number - shown),
        }
    )


@pytest.mark.parametrize(
    ("platform", "groups", "shown"),
    [
        # every video on TikTok is a short one, and users write both
        ("tiktok", [("video", 40, 40)], {"video", "short", "carousel", "image", "live", None}),
        # enough posts of a format without views tell that it shows none, few do not
        ("tiktok", [("video", 90, 90), ("short", 40, 0)], {"video", "carousel", "image", "live", None}),
        ("tiktok", [("video", 90, 90), ("short", 9, 0)], {"video", "short", "carousel", "image", "live", None}),
        # a source without views tells nothing of the others
        ("youtube", [("video", 40, 0)], set()),
        ("youtube", [("video", 40, 40)], {"video", "short", "live", None}),
        ("x", [(None, 40, 30)], {"image", "carousel", "video", "live", None}),
        # Instagram shows views of reels and videos, not of images and carousels
        ("instagram", [("short", 40, 40)], {"short", "video", None}),
        ("instagram", [("short", 40, 40), ("image", 90, 0)], {"short", "video"}),
        ("instagram", [("image", 40, 40)], {"image", "short", "video", None}),
    ],
)  # fmt: skip
def test_views_of_a_format_without_posts_are_as_the_platform_shows_them(platform, groups, shown):
    frame = pd.concat([posts_of(platform, *group) for group in groups])
    columns = {name: frame[name].to_numpy() for name in frame}
    known = PlatformPosts({}, fit_views_shown(columns), fit_formats_posted(columns))
    asked = [*(name for name in FORMATS if name in PLATFORM_FORMATS[platform]), None]
    codes = np.array([NAN if name is None else float(FORMATS.index(name)) for name in asked])
    found = known.shows_views(np.full(len(asked), float(PLATFORMS.index(platform))), codes)
    assert {name for name, is_shown in zip(asked, found, strict=True) if is_shown} - {
        "story"
    } == shown
    elsewhere = known.shows_views(
        np.full(len(asked), float((PLATFORMS.index(platform) + 1) % 4)), codes
    )
    assert not elsewhere.any()
