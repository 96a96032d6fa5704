"""Old models, platforms and formats that nobody in training stands for, and averages that cannot be."""

import re
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, table

from features.derive.authenticity import AUTHENTICITY_PARTS, UNKNOWN_SCALE, SignNorm
from features.derive.market_priors import MarketPriors, Prior
from features.snapshot.reader import Snapshot
from features.snapshot.writer import write_snapshot
from features.tables.schema import POSTS
from features.tables.vocabulary import PLATFORMS
from serving.batch import BatchOptions, score_file
from serving.scoring.averages import FAR_BY_FOLLOWERS, MOST_BY_FOLLOWERS, TAIL
from serving.scoring.scorer import Scorer
from serving.scoring.warning_flags import MODEL_OLD_DAYS, warning_names

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
PROFILE = {"platform": "instagram", "followers": 20_000.0, "niche": "food", "format": "video"}
SIGNS = [sign for sign, _, _ in AUTHENTICITY_PARTS.values()]


def warned(scorer, *rows, as_of=AS_OF, own=None):
    answers, reasons = answers_of(scorer, rows, as_of, own)
    assert reasons == [[]] * len(rows)
    return answers["warnings"].tolist()


def without(bundle, platform):
    """Give a bundle of whose training the platform was no part."""
    reference = bundle.reference
    lean = {
        name: {key: value for key, value in getattr(reference, name).items() if key != platform}
        for name in ("part_shares", "views_shown", "formats_posted", "norms")
    }
    for what in ("engagements", "views"):
        market = getattr(reference, what)
        kept = (
            {key: value for key, value in own.items() if key != platform}
            for own in (market.priors, market.creators)
        )
        lean[what] = replace(market, **dict(zip(("priors", "creators"), kept, strict=True)))
    return replace(bundle, reference=replace(reference, **lean), benchmarks=None, market_fee=None)


@pytest.fixture(scope="module")
def scorer(bundle, tables):
    return Scorer(bundle, tables)


@pytest.fixture(scope="module")
def foreign(bundle):
    """Give a scorer of a model that TikTok was no part of."""
    return Scorer(without(bundle, "tiktok"))


def test_averages_of_a_platform_never_seen_are_used_and_it_is_told(foreign):
    told = {"platform": "tiktok", "avg_likes": 3000.0}
    whole = {**told, "avg_comments": 30.0, "avg_shares": 100.0}
    profile = {"platform": "tiktok", "followers": 20_000.0, "niche": "food"}
    answers, _ = answers_of(foreign, [told, whole, {**profile, **whole}, profile], AS_OF)
    assert answers["evidence"].tolist() == ["summary", "summary", "summary", "profile"]
    # nobody tells the age of an average: it counts as grown up
    platform = np.array([float(PLATFORMS.index("tiktok"))])
    at_horizon = np.exp(foreign.bundle.reference.growth("engagements", platform, np.nan))
    assert (answers["engagements_p50"][:3] / at_horizon > 2000).all()
    assert (answers["engagements_p50"][:3] / at_horizon < 4500).all()
    unknown = ("followers_unknown", "niche_unknown", "format_not_told", "platform_not_in_training")
    assert answers["warnings"].tolist() == [
        (*unknown, "part_shares_not_from_training"),
        unknown,
        ("format_not_told", "platform_not_in_training"),
        ("format_not_told", "platform_not_in_training"),
    ]


def test_averages_of_a_platform_never_seen_are_the_median_with_the_widest_spread(scorer, bundle):
    told = {"avg_likes": 900.0, "avg_comments": 50.0, "followers": 20_000.0, "niche": "food"}
    rows = [
        {**told, "platform": name, "avg_shares": 50.0}
        for name in ("x", "instagram", "tiktok", "youtube")
    ]
    forecasts, forecast = [], scorer._derive_and_forecast
    scorer._derive_and_forecast = lambda *rest: forecasts.append(forecast(*rest)) or forecasts[0]
    try:
        answers, _ = answers_of(scorer, rows, AS_OF)
    finally:
        del scorer._derive_and_forecast
    reference, platform = bundle.reference, np.array([float(PLATFORMS.index("x"))])
    (growth,) = reference.growth("engagements", platform, np.nan)
    level = np.log1p(1000) + growth + reference.engagements.summary_shift
    assert answers["engagements_p50"][0] == pytest.approx(np.expm1(level), rel=1e-9)
    # their scales differ besides, by what the priors of the platforms are
    spread = np.log1p(answers["engagements_p90"]) - np.log1p(answers["engagements_p10"])
    spread /= forecasts[0].joint.engagements.scale
    assert spread[0] == pytest.approx(spread[1:].max(), rel=1e-6)
    assert spread[0] > 1.1 * spread[1:].min()


def test_views_of_a_platform_never_seen_are_forecast_where_the_row_tells_them(foreign):
    row = {
        "platform": "tiktok",
        "followers": 20_000.0,
        "niche": "food",
        "format": "video",
        "avg_likes": 900.0,
    }
    posts = table(
        [
            {
                "creator_id": "new",
                "platform": "tiktok",
                "post_id": str(n),
                "posted_at": AS_OF - pd.Timedelta(days=20 + n),
                "format": "video",
                "likes": 900.0,
                "comments": 9.0,
                "shares": 30.0,
                "views": 30_000.0,
            }
            for n in range(6)
        ],
        POSTS,
    )
    rows = [row, {**row, "avg_views": 30_000.0}, {**row, "creator_id": "new"}]
    answers, _ = answers_of(foreign, rows, AS_OF, posts)
    assert np.isnan(answers["views_p50"][0])
    assert answers["views_p50"][1:].between(15_000, 60_000).all()
    told = ["views_of_platform_not_in_training" in names for names in answers["warnings"]]
    assert told == [False, True, True]


def test_few_creators_are_not_none(bundle):
    market = replace(
        bundle.reference.engagements, creators={"instagram": 29, "tiktok": 30, "youtube": 1}
    )
    few = Scorer(replace(bundle, reference=replace(bundle.reference, engagements=market)))
    rows = [{**PROFILE, "platform": name} for name in ("instagram", "tiktok", "youtube", "x")]
    found = [
        {name for name in names if name.startswith(("few_creators", "platform_not"))}
        for names in warned(few, *rows)
    ]
    some, none = {"few_creators_of_platform_in_training"}, {"platform_not_in_training"}
    assert found == [some, set(), some, none]


def test_a_format_or_niche_that_nobody_in_training_has_is_told(scorer, bundle):
    priors = bundle.reference.engagements.priors
    lean = {name: replace(prior, niche_effects={"food": 0.1}) for name, prior in priors.items()}
    market = replace(bundle.reference.engagements, priors=lean)
    few = Scorer(replace(bundle, reference=replace(bundle.reference, engagements=market)))
    assert warned(few, PROFILE, {**PROFILE, "niche": "pets"}) == [(), ("niche_not_in_training",)]
    assert warned(scorer, {**PROFILE, "format": "live"}) == [("format_not_in_training",)]


def test_a_format_of_the_creators_own_posts_is_known(scorer):
    post = {
        "creator_id": "new",
        "platform": "instagram",
        "format": "live",
        "likes": 90.0,
        "comments": 5.0,
    }
    posts = [
        {**post, "post_id": str(n), "posted_at": AS_OF - pd.Timedelta(days=9 + n)} for n in range(6)
    ]
    row = {**PROFILE, "creator_id": "new", "format": "live"}
    found = [warned(scorer, row, own=own)[0] for own in (table(posts, POSTS), None)]
    assert ["format_not_in_training" in names for names in found] == [False, True]


def test_a_model_is_old_after_so_many_days(scorer, bundle, tables, tmp_path):
    until = bundle.reference.platforms_until[PROFILE["platform"]]
    last = pd.Timestamp(until) + pd.Timedelta(days=MODEL_OLD_DAYS)
    for seconds, old in ((0, ()), (1, ("model_old",))):
        as_of = last + pd.Timedelta(seconds=seconds)
        assert warned(scorer, PROFILE, as_of=as_of) == [old]
        pd.DataFrame([PROFILE]).to_csv(tmp_path / "list.csv", index=False)
        score_file(tmp_path / "list.csv", tmp_path / "out.parquet", scorer, as_of, BatchOptions())
        assert pd.read_parquet(tmp_path / "out.parquet")["warnings"].tolist() == ["; ".join(old)]


def test_a_model_is_as_old_as_its_training_on_the_platform(bundle):
    """Panels of different years may stand in one folder."""
    own = {"instagram": "2024-01-01T00:00:00+00:00", "tiktok": bundle.reference.until}
    panels = Scorer(replace(bundle, reference=replace(bundle.reference, platforms_until=own)))
    found = warned(
        panels, *({**PROFILE, "platform": name} for name in ("instagram", "tiktok", "x"))
    )
    assert ["model_old" in names for names in found] == [True, False, False]
    ends = bundle.reference.platforms_until
    assert set(ends) == {"instagram", "tiktok", "youtube"}
    assert max(map(pd.Timestamp, ends.values())) == pd.Timestamp(bundle.reference.until)


def test_a_platform_of_which_no_later_post_set_the_intervals_is_told(bundle):
    forecaster = copy(bundle.forecasters["engagements"])
    n = forecaster.conformal_.n.copy()
    n[PLATFORMS.index("tiktok")] = 0
    forecaster.conformal_ = replace(forecaster.conformal_, n=n)
    lean = Scorer(replace(bundle, forecasters={**bundle.forecasters, "engagements": forecaster}))
    found = warned(lean, *({**PROFILE, "platform": name} for name in ("instagram", "tiktok", "x")))
    assert ["platform_not_calibrated" in names for names in found] == [False, True, False]


def test_a_platform_that_the_record_has_no_posts_of_is_told(bundle):
    platforms = bundle.manifest["platforms"]
    unjudged = {**platforms, "youtube": {**platforms["youtube"], "backtest": 0}}
    lean = Scorer(replace(bundle, manifest={**bundle.manifest, "platforms": unjudged}))
    found = warned(lean, *({**PROFILE, "platform": name} for name in ("instagram", "youtube", "x")))
    assert ["platform_not_backtested" in names for names in found] == [False, True, False]


def test_a_known_creator_of_a_snapshot_is_judged_by_the_moment_it_is_answered_as_of(
    scorer, bundle, tmp_path
):
    write_snapshot(
        scorer.creator_store.history,
        bundle.reference,
        AS_OF,
        tmp_path / "known.arrow",
        bundle.version,
    )
    mapped = Scorer(bundle, snapshot=Snapshot.open(tmp_path / "known.arrow"))
    platform, name = scorer.creator_store.history.accounts[0].split("/", 1)
    as_of = pd.Timestamp(bundle.reference.until) + pd.Timedelta(days=MODEL_OLD_DAYS + 1)
    found = warned(mapped, {"creator_id": name, "platform": platform}, PROFILE, as_of=as_of)
    assert ["model_old" in names for names in found] == [False, True]
    assert ["snapshot_stale" in names for names in found] == [True, False]


@pytest.fixture
def judge(bundle):
    """Give a function that scores rows of Instagram where 100 engagements are usual, whatever the followers.

    `scale` is that of every sign: the tail of engagements lies at 101 exp(3 scale) - 1.
    """

    def judged(*rows, scale=0.5, medians=None):
        line = Prior(np.log1p(100), 0.0, 0.0, np.log1p(100), {"food": 0.0}, 40)
        market = MarketPriors({"all": line, "instagram": line}, 4.0, 0.0, {"instagram": 40})
        middle = {"gap": 0.0, "views": -2.0, "comments": np.log(0.02), **(medians or {})}
        norms = {"all": {sign: SignNorm(middle.get(sign, 0.0), scale) for sign in SIGNS}}
        reference = replace(bundle.reference, engagements=market, norms=norms)
        odd = {"implausible_average", "rate_looks_like_percent"}
        found = warned(
            Scorer(replace(bundle, reference=reference)), *({**PROFILE, **row} for row in rows)
        )
        return [odd & set(names) for names in found]

    return judged


IMPLAUSIBLE, PERCENT = {"implausible_average"}, {"rate_looks_like_percent"}


def test_the_limits_are_those_that_the_readme_states():
    assert (TAIL, MOST_BY_FOLLOWERS, FAR_BY_FOLLOWERS, MODEL_OLD_DAYS) == (3.0, 1.0, 10.0, 180)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # the tail lies at 451 engagements
        ({"followers": 300.0, "avg_likes": 440.0, "avg_comments": 0.0}, set()),
        ({"followers": 300.0, "avg_likes": 460.0, "avg_comments": 0.0}, IMPLAUSIBLE),
        ({"followers": 500.0, "avg_likes": 460.0, "avg_comments": 0.0}, set()),
        ({"followers": 40.0, "avg_likes": 390.0, "avg_comments": 9.0}, set()),
        ({"followers": 40.0, "avg_likes": 390.0, "avg_comments": 11.0}, IMPLAUSIBLE),
        ({"followers": 0.0, "avg_likes": 3.0}, set()),
        ({"followers": 300.0, "engagement_rate_by_followers": 1.4}, set()),
        ({"followers": 300.0, "engagement_rate_by_followers": 1.6}, IMPLAUSIBLE),
        ({"followers": None, "avg_likes": 1e9}, set()),
        ({"avg_likes": 900.0, "avg_comments": 9.0, "avg_views": 910.0}, set()),
        ({"avg_likes": 900.0, "avg_comments": 9.0, "avg_views": 900.0}, IMPLAUSIBLE),
        ({"avg_likes": 0.0, "avg_comments": 0.0, "avg_views": 0.0}, set()),
        ({"avg_likes": 90.0, "avg_comments": 90.0}, set()),
        ({"avg_likes": 90.0, "avg_comments": 91.0}, IMPLAUSIBLE),
    ],
)
def test_averages_that_cannot_be_are_told(judge, told, expected):
    assert judge(told) == [expected]


def test_what_is_usual_on_a_platform_is_plausible_there(judge):
    """Where rates above 100 %, engagements above views and many comments are usual, they are no odd averages."""
    rows = [
        {"followers": 300.0, "avg_likes": 460.0},
        {"avg_likes": 900.0, "avg_views": 850.0},
        {"avg_likes": 9.0},
    ]
    rows[2] |= {"avg_comments": 10.0}
    assert judge(*rows) == [IMPLAUSIBLE, IMPLAUSIBLE, IMPLAUSIBLE]
    assert judge(*rows, scale=2.0, medians={"views": 0.5, "comments": np.log(0.4)}) == [set()] * 3


def test_without_a_known_tail_the_fixed_limits_decide(judge):
    rows = [
        {"followers": 300.0, "avg_likes": 299.0, "avg_comments": 0.0},
        {"followers": 300.0, "avg_likes": 301.0, "avg_comments": 0.0},
        {"avg_likes": 900.0, "avg_views": 800.0},
        {"avg_likes": 9.0, "avg_comments": 10.0},
        {"engagement_rate_by_followers": 0.9},
    ]
    assert judge(*rows, scale=UNKNOWN_SCALE) == [
        set(),
        IMPLAUSIBLE,
        IMPLAUSIBLE,
        IMPLAUSIBLE,
        set(),
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"followers": 5000.0, "engagement_rate_by_followers": 3.2},
            IMPLAUSIBLE | PERCENT,
        ),  # 160 as percent
        ({"followers": 5000.0, "engagement_rate_by_followers": 0.032}, set()),
        ({"followers": 20_000.0, "engagement_rate_by_followers": 0.9}, PERCENT),  # 180 as percent
        (
            {"followers": 20_000.0, "engagement_rate_by_followers": 9.0},
            IMPLAUSIBLE,
        ),  # 1,800, too many either way
        ({"followers": None, "engagement_rate_by_followers": 3.2}, IMPLAUSIBLE | PERCENT),
        ({"followers": None, "engagement_rate_by_followers": 0.9}, set()),
        ({"engagement_rate_by_views": 0.9, "avg_views": 900.0}, set()),
    ],
)
def test_a_rate_that_is_rather_a_percent_is_told(judge, told, expected):
    assert judge(told) == [expected]


def test_a_rate_by_views_that_is_rather_a_percent_is_told(judge):
    """Where 2 % is usual, 0.08 is ordinary, 0.2 high whichever way it was meant, and 0.9 rather 0.9 %."""
    rows = [{"engagement_rate_by_views": rate, "avg_views": 900.0} for rate in (0.08, 0.2, 0.9)]
    assert judge(*rows, medians={"views": np.log(0.02)}) == [set(), set(), PERCENT]


def test_rows_with_warnings_past_any_number_are_named_each():
    flags = {f"w{n}": np.array([n % 2 == 0, False, n == 63]) for n in range(64)}
    found = warning_names(flags)
    assert found[0] == tuple(f"w{n}" for n in range(0, 64, 2))
    assert found[1:].tolist() == [(), ("w63",)]


def test_the_readme_and_the_docs_hold_every_warning(scorer):
    """Those of the scorer by their names, and those of unused values by their columns."""
    root = Path(__file__).parents[1]
    told = {
        **PROFILE,
        "avg_likes": 9.0,
        "fee_usd": 9.0,
        "emv_like_usd": 0.1,
        **dict.fromkeys(("bio", "handle"), "a"),
    }
    told |= {
        "language": "en",
        "country": "DE",
        "topic": "a",
        "caption_words": 9.0,
        "brand_niche": "food",
    }
    found, figures = {}, scorer._forecast_flags
    scorer._forecast_flags = lambda *rest: found.setdefault("flags", figures(*rest))
    try:
        answers_of(scorer, [told], AS_OF)
    finally:
        del scorer._forecast_flags
    names = {*found["flags"], *_OF_WORTH}
    answers = (root / "docs" / "answers.md").read_text().split("| warning | meaning |")[1]
    listed = set(re.findall(r"`(\w+)`", answers))
    assert {name for name in names if not name.endswith("_not_used")} <= listed
    page = set(re.findall(r"`(\w+)`", (root / "docs" / "service.md").read_text()))
    assert {name.removesuffix("_not_used") for name in names if name.endswith("_not_used")} <= page


_OF_WORTH = (
    "few_posts",
    "old_history",
    "unusual_for_band",
    "followers_beyond_training",
    "benchmark_from_rate_card",
    "market_above_break_even",
    "break_even_above_market",
    "fee_far_below_market",
    "emv_shares_not_from_training",
)
