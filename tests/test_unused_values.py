"""No given value is dropped without a word: what a forecast does not use is named, through every door alike."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, table

from features.derive.catalog import COLUMNS, feature_column
from features.snapshot.reader import Snapshot
from features.snapshot.writer import write_snapshot
from features.tables.model import Tables
from features.tables.schema import CREATORS, POSTS
from features.tables.vocabulary import PLATFORMS
from models.dependence import column_dependence
from serving.batch import BatchOptions, score_file
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.scorer import Scorer
from serving.scoring.unused import SAME_RATE
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
PROFILE = {"platform": "instagram", "followers": 20_000.0, "niche": "food", "format": "video"}
LIKES = {"avg_likes": 380.0, "avg_comments": 20.0}
FIGURES = [
    f"{what}_{q}"
    for what in ("engagements", "views")
    for q in ("p05", "p10", "p50", "p90", "p95", "mean")
]
#: What a row brings besides PROFILE, and the columns that its forecast does not use.
CASES = [
    ({}, set()),
    (LIKES, set()),
    ({"avg_comments": 20.0}, {"avg_comments"}),
    ({"avg_shares": 20.0}, {"avg_shares"}),
    ({**LIKES, "avg_shares": 20.0}, {"avg_shares"}),
    ({**LIKES, "engagement_rate_by_followers": 0.02}, set()),
    ({**LIKES, "engagement_rate_by_followers": 0.05}, {"engagement_rate_by_followers"}),
    (
        {"followers": None, "engagement_rate_by_followers": 0.05, **LIKES},
        {"engagement_rate_by_followers"},
    ),
    ({"engagement_rate_by_followers": 0.02, "avg_comments": 9.0}, {"avg_comments"}),
    ({"engagement_rate_by_views": 0.05}, {"engagement_rate_by_views"}),
    ({"engagement_rate_by_views": 0.05, "avg_views": 8000.0}, set()),
    ({"engagement_rate_by_views": 0.05, "avg_views": 8000.0, **LIKES}, set()),
    (
        {"engagement_rate_by_views": 0.09, "avg_views": 8000.0, **LIKES},
        {"engagement_rate_by_views"},
    ),
    ({"avg_views": 8000.0}, set()),
    ({"avg_views": 8000.0, "format": "image"}, set()),
    ({"avg_views": 8000.0, "format": "image", "engagement_rate_by_views": 0.05}, set()),
    ({"language": "en", "country": "DE"}, {"language", "country"}),
    ({"bio": "recipes and baking"}, {"bio"}),
    ({"niche": None, "bio": "Vegan recipes, baking and street food"}, set()),
    ({"niche": None, "bio": "hm"}, {"bio"}),
    ({"topic": "cake"}, {"topic"}),
    ({"handle": "ana"}, {"handle"}),
    ({"handle": "ana", "creator_id": "new"}, set()),
    ({"niche": None, "brand_niche": "food"}, {"brand_niche"}),
    ({"emv_share_usd": 0.1, "emv_like_usd": 0.1, "emv_view_usd": 0.1}, {"emv_share_usd"}),
    ({"emv_view_usd": 0.1, "format": "image"}, {"emv_view_usd"}),
]


def unused(names):
    return {name.removesuffix("_not_used") for name in names if name.endswith("_not_used")}


@pytest.fixture(scope="module")
def scorer(bundle, tables):
    return Scorer(bundle, tables)


@pytest.fixture(scope="module")
def known(tables):
    """Name the creator of Instagram with the most posts: creator_id and platform."""
    posts = tables.posts[tables.posts["platform"] == "instagram"]
    return {"creator_id": posts["creator_id"].value_counts().idxmax(), "platform": "instagram"}


def warned(scorer, *rows, own=None):
    answers, reasons = answers_of(scorer, rows, AS_OF, own)
    assert reasons == [[]] * len(rows)
    return answers["warnings"].tolist()


@pytest.mark.parametrize(("told", "expected"), CASES)
def test_what_a_profile_brings_and_no_forecast_rests_on_is_named(scorer, told, expected):
    assert unused(warned(scorer, {**PROFILE, **told})[0]) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (told, expected)
        for told, expected in CASES
        if expected and not expected & {"avg_views", "emv_view_usd"}
    ],
)
def test_a_value_that_is_named_changes_no_figure(scorer, told, expected):
    with_it = {**PROFILE, **told}
    without = {name: value for name, value in with_it.items() if name not in expected}
    answers, _ = answers_of(scorer, [with_it, without], AS_OF)
    pd.testing.assert_series_equal(
        answers.loc[0, FIGURES], answers.loc[1, FIGURES], check_names=False
    )


def test_company_does_not_matter(scorer):
    rows = [{**PROFILE, **told} for told, _ in CASES]
    assert [unused(names) for names in warned(scorer, *rows)] == [expected for _, expected in CASES]


def test_a_rate_says_the_same_up_to_what_rounding_does(scorer):
    just, over = (0.02 * (1 + SAME_RATE * share) for share in (0.99, 1.01))
    rows = [{**PROFILE, **LIKES, "engagement_rate_by_followers": rate} for rate in (just, over)]
    assert [unused(names) for names in warned(scorer, *rows)] == [
        set(),
        {"engagement_rate_by_followers"},
    ]


def test_of_a_known_creator_what_differs_from_what_is_known_is_named(bundle):
    born = AS_OF - pd.Timedelta(days=900)
    shown = {
        "followers": 9000.0,
        "niche": "food",
        "following": 70.0,
        "posts_count": 40.0,
        "created_at": born,
    }
    shown |= {"verified": True, "business": False}
    creator = {
        "creator_id": "a",
        "platform": "instagram",
        "observed_at": AS_OF - pd.Timedelta(days=3),
        **shown,
    }
    scorer = Scorer(bundle, Tables(creators=table([creator], CREATORS), posts=table([], POSTS)))
    for depends in scorer._unused._depends.values():
        depends[:] = True
    other = {
        "followers": 77.0,
        "niche": "pets",
        "following": 7.0,
        "posts_count": 4.0,
        "created_at": AS_OF,
    }
    other |= {"verified": False, "business": True}
    rows = [
        {"creator_id": "a", **told}
        for told in ({}, shown, other, {"bio": "cook", "country": "DE"}, LIKES)
    ]
    expected = [set(), set(), set(other), {"bio", "country"}, set()]
    assert [unused(names) for names in warned(scorer, *rows)] == expected


def test_averages_of_a_creator_whose_posts_are_known_are_named(scorer, known):
    averages = {"avg_likes": 5.0, "avg_views": 9.0, "engagement_rate_by_followers": 0.3}
    rows = [known, {**known, **averages}, {**known, "topic": "never posted"}]
    assert [unused(names) for names in warned(scorer, *rows)] == [set(), set(averages), {"topic"}]


def test_a_topic_that_posts_are_on_is_used(bundle):
    """Whether the small model splits on it is another matter: depended on, it is used from the first such post."""
    creators = table(
        [{"creator_id": "a", "platform": "instagram", "followers": 9000.0, "niche": "food"}],
        CREATORS,
    )
    posts = [
        {
            "creator_id": "a",
            "platform": "instagram",
            "post_id": str(n),
            "posted_at": AS_OF - pd.Timedelta(days=9 + n),
            "likes": 100.0 + 30 * n,
            "comments": 5.0,
            "topic": "cake" if n % 2 else "soup",
        }
        for n in range(6)
    ]
    scorer = Scorer(bundle, Tables(creators=creators, posts=table(posts, POSTS)))
    scorer._unused._depends["engagements"][..., COLUMNS.index("engagements_dev_mean_by_topic")] = (
        True
    )
    rows = [{"creator_id": "a", "topic": topic} for topic in ("cake", "soup", "tax")]
    assert ["topic" in unused(names) for names in warned(scorer, *rows)] == [False, False, True]


def test_averages_beside_posts_that_count_are_named(scorer):
    posts = [
        {
            "creator_id": "new",
            "platform": "instagram",
            "post_id": str(n),
            "posted_at": AS_OF - pd.Timedelta(days=9 + n),
            "format": "video",
            "likes": 100.0,
            "comments": 5.0,
            "views": 900.0,
        }
        for n in range(3)
    ]
    row = {**PROFILE, "creator_id": "new", **LIKES, "avg_views": 5.0}
    assert unused(warned(scorer, row, own=table(posts, POSTS))[0]) == {
        "avg_likes",
        "avg_comments",
        "avg_views",
    }
    hidden = table([{**post, "likes": None, "views": None} for post in posts], POSTS)
    assert unused(warned(scorer, row, own=hidden)[0]) == set()


def test_a_bundle_without_views_names_averages_of_them(bundle):
    lean = replace(
        bundle,
        reference=replace(bundle.reference, views=None),
        forecasters={"engagements": bundle.forecasters["engagements"]},
    )
    rows = [
        {**PROFILE, "avg_views": 8000.0},
        {**PROFILE, "avg_views": 8000.0, "engagement_rate_by_views": 0.05},
    ]
    answers, _ = answers_of(Scorer(lean), rows, AS_OF)
    assert answers["views_p50"].isna().all()
    assert [unused(names) for names in answers["warnings"]] == [{"avg_views"}, set()]


def test_a_snapshot_names_what_the_tables_name(bundle, tables, scorer, known, tmp_path):
    write_snapshot(
        scorer.creator_store.history,
        bundle.reference,
        AS_OF,
        tmp_path / "known.arrow",
        bundle.version,
    )
    mapped = Scorer(bundle, snapshot=Snapshot.open(tmp_path / "known.arrow"))
    profile = {
        "followers": 5.0,
        "posts_count": 3.0,
        "verified": True,
        "created_at": AS_OF - pd.Timedelta(days=9),
    }
    rows = [
        {**known, **LIKES, **profile},
        {**known, "avg_views": 3.0, "topic": "cake", "bio": "x"},
        PROFILE,
    ]
    assert warned(mapped, *rows) == warned(scorer, *rows)
    assert unused(warned(mapped, rows[0])[0]) >= {
        "avg_likes",
        "avg_comments",
        "followers",
        "created_at",
    }


@pytest.mark.parametrize("what", ["engagements", "views"])
def test_a_forecast_depends_on_the_columns_that_are_said_and_on_no_other(bundle, tables, what):
    scorer, forecaster = Scorer(bundle, tables), bundle.forecasters[what]
    ids = tables.creators[["creator_id", "platform"]].drop_duplicates().head(60)
    rows = [
        *ids.to_dict("records"),
        *({**PROFILE, "avg_likes": 30.0 * n, "avg_views": 9.0 * n} for n in range(1, 30)),
    ]
    rows += [{**PROFILE, "platform": "x", "avg_likes": 30.0 * n} for n in range(9)]
    x = matrix(scorer, rows)
    platform, evidence = (
        feature_column(x, name).astype(int) for name in ("platform_code", f"{what}_evidence_code")
    )
    depends = column_dependence(forecaster)
    location, scale, *_ = forecaster.distribution_parts(pd.DataFrame(x, columns=COLUMNS))
    moved, random = np.zeros(len(COLUMNS), dtype=bool), np.random.default_rng(4)
    for place, name in enumerate(COLUMNS):
        if name in (
            forecaster.offset,
            forecaster.evidence,
            forecaster.platform,
            forecaster.posts,
            forecaster.mad,
        ):
            continue
        for spread in (1.0, 8.0):
            other = x.copy()
            other[:, place] = np.nan_to_num(x[:, place]) + spread * random.normal(size=len(x))
            found = forecaster.distribution_parts(pd.DataFrame(other, columns=COLUMNS))
            changed = (found[0] != location) | (found[1] != scale)
            assert not (changed & ~depends[platform, evidence, place]).any()
            moved[place] |= changed.any()
    assert moved.sum() > 0.6 * depends.any(axis=(0, 1)).sum()
    assert depends[PLATFORMS.index("x")].sum() < depends[PLATFORMS.index("instagram")].sum()


def matrix(scorer, rows):
    """Give the derived matrix of rows, as the scorer makes it."""
    found = []
    figures = scorer._figures

    def kept(rows, *rest):
        found.append(rows.x)
        return figures(rows, *rest)

    scorer._figures = kept
    answers_of(scorer, rows, AS_OF)
    return found[0]


@pytest.fixture(scope="module")
def over_http(home, market_folder):
    champion = ModelStore(Settings(home, market_folder))
    champion.start()
    champion.stop()
    return TestClient(build_app(champion))


def test_every_door_names_the_same(over_http, scorer, tmp_path):
    told = [{**PROFILE, **told} for told, _ in CASES if "handle" not in told]
    told += [
        {**PROFILE, "engagement_rate_by_followers": rate}
        for rate in (0.05, 0.03, 0.041, 0.02, 0.01)
    ]
    rows = [
        {"partnership_id": f"p{n}", "creator_id": f"new {n}", **row} for n, row in enumerate(told)
    ]
    expected = warned(scorer, *rows)
    question = {"as_of": AS_OF.isoformat(), "partnerships": rows}
    results = over_http.post("/v1/predict", json=question).json()["results"]
    assert [tuple(result["warnings"]) for result in results] == expected
    frame = pd.DataFrame(rows)
    frame.to_parquet(tmp_path / "list.parquet", index=False)
    frame.to_csv(tmp_path / "list.csv", index=False)
    frame.to_excel(tmp_path / "list.xlsx", index=False)
    for kind in ("parquet", "csv", "xlsx"):
        out = tmp_path / f"{kind}.parquet"
        assert score_file(
            tmp_path / f"list.{kind}", out, scorer, AS_OF, BatchOptions()
        ).scored == len(rows)
        assert pd.read_parquet(out)["warnings"].tolist() == ["; ".join(names) for names in expected]


@pytest.mark.parametrize(
    ("name", "value", "cell", "most"),
    [
        ("engagement_rate_by_followers", 12.0, "1200 %", 10),
        ("engagement_rate_by_views", 3.2, "320 %", 1),
    ],
)
def test_a_rate_that_no_fraction_reaches_is_refused_with_the_remedy(
    over_http, scorer, tmp_path, name, value, cell, most
):
    remedy = "a rate is a fraction, 3.2 % is 0.032"
    response = over_http.post("/v1/predict", json={"partnerships": [{**PROFILE, name: value}]})
    (fault,) = response.json()["results"][0]["errors"]
    assert fault["what"] == f"is above {most}, the most accepted"
    assert fault["expected"] == f"a number from 0 to {most}: {remedy}"
    pd.DataFrame([{**PROFILE, name: value}]).to_parquet(tmp_path / "list.parquet", index=False)
    pd.DataFrame([{**PROFILE, name: cell}]).to_csv(tmp_path / "list.csv", index=False)
    for kind in ("parquet", "csv"):
        out = tmp_path / f"{kind}.csv"
        assert (
            score_file(tmp_path / f"list.{kind}", out, scorer, AS_OF, BatchOptions()).rejected == 1
        )
        rejected = pd.read_csv(f"{out}.rejected.csv")["reasons"].tolist()
        assert rejected == [f"{name} {value} is above {most}, the most accepted: {remedy}"]
