"""The scorer against the champion of the small market: what is answered, what is refused, and what must not matter."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, table

from features.history.post_readings import PostReadings
from features.tables.currency import CurrencyRates
from features.tables.model import Tables
from features.tables.schema import POSTS
from models.distribution import QUANTILES
from serving.scoring.answer_table import ANSWER_COLUMNS
from serving.scoring.deal_terms import DealTerms
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.scorer import Scorer

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
PROFILE = {"platform": "instagram", "followers": 20_000, "niche": "food", "format": "video"}
ENGAGEMENTS = [f"engagements_{name}" for name in (*QUANTILES, "mean")]
VIEWS = [f"views_{name}" for name in (*QUANTILES, "mean")]
CPE = ["cpe_usd_p10", "cpe_usd_p50", "cpe_usd_p90"]


def posts(creator_id, likes, platform="instagram", age_days=10):
    """Give weekly posts, the first `age_days` before the forecast."""
    rows = [
        {
            "creator_id": creator_id,
            "platform": platform,
            "post_id": f"{creator_id}-{n}",
            "posted_at": AS_OF - pd.Timedelta(days=age_days + 7 * n),
            "format": "video",
            "likes": value,
            "comments": 0,
        }
        for n, value in enumerate(likes)
    ]
    return table(rows, POSTS)


@pytest.fixture(scope="module")
def scorer(bundle, tables):
    return Scorer(bundle, tables)


@pytest.fixture(scope="module")
def known(tables):
    """Name the creator with the most posts: creator_id and platform."""
    busiest = tables.posts.groupby(["creator_id", "platform"]).size().idxmax()
    return dict(zip(("creator_id", "platform"), busiest, strict=True))


def answered(scorer, *rows, own=None):
    """Score rows all of which can be scored."""
    answers, reasons = answers_of(scorer, rows, AS_OF, own)
    assert reasons == [[]] * len(rows)
    return answers


def refused(scorer, row):
    """Give the reasons of a row that cannot be scored; it has no figures."""
    answers, (reasons,) = answers_of(scorer, [row], AS_OF)
    assert answers[[*ENGAGEMENTS, *VIEWS, *CPE]].isna().all(axis=None)
    return "; ".join(reasons)


def test_an_answer_has_the_columns_of_the_contract_in_order(scorer, bundle, known):
    answers = answered(
        scorer, known, {**PROFILE, "creator_id": "new", "deliverables": 2, "fee_usd": 300}
    )
    assert tuple(answers) == ANSWER_COLUMNS
    assert answers["partnership_id"].tolist() == ["p1", "p2"]
    row = answers.loc[
        1, ["creator_id", "platform", "band", "niche", "evidence", "deliverables", "fee_usd"]
    ]
    assert row.tolist() == ["new", "instagram", "micro", "food", "profile", 2.0, 300.0]
    said = answers[
        ["as_of", "start_at", "horizon_days", "model_version", "trained_on"]
    ].drop_duplicates()
    assert said.values.tolist() == [[AS_OF, AS_OF, 30, bundle.version, "simulated"]]


def test_figures_are_ordered_finite_and_not_negative(scorer, known):
    answers = answered(
        scorer,
        known,
        PROFILE,
        {**PROFILE, "platform": "tiktok"},
        {"platform": "x", "followers": 10},
    )
    quantiles = answers[ENGAGEMENTS[:-1]].to_numpy()
    assert np.isfinite(answers[ENGAGEMENTS]).all(axis=None)
    assert (np.diff(quantiles) >= 0).all()
    assert (quantiles >= 0).all()


def test_a_creator_of_the_tables_is_answered_from_its_posts(scorer, known):
    named, told = answered(scorer, {"creator_id": known["creator_id"]}, known).to_dict("records")
    assert {named["evidence"], told["evidence"]} == {"history"}
    assert named["platform"] == known["platform"]
    assert [named[name] for name in ENGAGEMENTS] == [told[name] for name in ENGAGEMENTS]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"creator_id": "nobody"}, "creator_id 'nobody' is unknown and the row names no platform"),
        (
            {"creator_id": "nobody", "platform": "x"},
            "'nobody' is unknown on x and the row has nothing to go by",
        ),
        (
            {"platform": "instagram"},
            "no creator_id is given on instagram and the row has nothing to go by",
        ),
        ({}, "no creator_id is given and the row names no platform"),
        ({"followers": 5000}, "no creator_id is given and the row names no platform"),
        (
            {**PROFILE, "start_at": AS_OF - pd.Timedelta(seconds=1)},
            "start_at 2026-06-14T23:59:59Z lies before as_of 2026-06-15T00:00:00Z: ask about what is to come",
        ),
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_reason(scorer, row, reason):
    assert reason in refused(scorer, row)


def test_all_reasons_of_a_row_are_given(scorer):
    reasons = refused(scorer, {"creator_id": "nobody", "start_at": AS_OF - pd.Timedelta(days=1)})
    assert "lies before as_of" in reasons
    assert "names no platform" in reasons


def test_a_refused_row_leaves_the_others_as_they_are(scorer, known):
    alone = answered(scorer, known)
    among, reasons = answers_of(scorer, [{}, known, {"creator_id": "nobody"}], AS_OF)
    assert [len(found) for found in reasons] == [1, 0, 1]
    assert among.loc[1, ENGAGEMENTS].tolist() == alone.loc[0, ENGAGEMENTS].tolist()


def test_a_handle_of_the_tables_finds_its_creator_where_it_is_one_accounts_alone(
    bundle, tables, known
):
    creators = tables.creators.copy()
    own = (creators["creator_id"] == known["creator_id"]) & (
        creators["platform"] == known["platform"]
    )
    creators.loc[own, "handle"] = "The.Busiest"
    scorer = Scorer(bundle, Tables(creators=creators, posts=tables.posts))
    found = answered(scorer, known, {**known, "creator_id": "@the.busiest"})[ENGAGEMENTS]
    assert found.iloc[0].tolist() == found.iloc[1].tolist()
    other = creators.index[~own & (creators["platform"] == known["platform"])][0]
    creators.loc[other, "handle"] = "the.busiest"
    scorer = Scorer(bundle, Tables(creators=creators, posts=tables.posts))
    refusal = refused(scorer, {**known, "creator_id": "@the.busiest"})
    assert "handle '@the.busiest' is unknown or not unique" in refusal


def test_a_creator_on_two_platforms_must_be_named_with_its_platform(bundle, tables, known):
    other = "tiktok" if known["platform"] != "tiktok" else "instagram"
    again = tables.creators[tables.creators["creator_id"] == known["creator_id"]].assign(
        platform=other
    )
    both = Tables(
        creators=pd.concat([tables.creators, again], ignore_index=True), posts=tables.posts
    )
    scorer = Scorer(bundle, both)
    assert "stands on several platforms: name the platform" in refused(
        scorer, {"creator_id": known["creator_id"]}
    )
    answers = answered(scorer, known, {**known, "platform": other})
    assert answers["platform"].tolist() == [known["platform"], other]
    assert answers["evidence"].tolist() == ["history", "profile"]


@pytest.mark.parametrize(
    ("told", "evidence"),
    [
        ({}, "profile"),
        ({"avg_likes": 500, "avg_comments": 20}, "summary"),
        ({"avg_likes": 500}, "summary"),
        ({"engagement_rate_by_followers": 0.03}, "summary"),
        ({"avg_comments": 20}, "profile"),  # comments alone say too little of the sum
    ],
)
def test_the_evidence_is_what_the_row_brings(scorer, told, evidence):
    assert answered(scorer, {**PROFILE, **told})["evidence"].tolist() == [evidence]


def test_averages_move_the_forecast_their_way(scorer):
    low, high = answered(scorer, {**PROFILE, "avg_likes": 50}, {**PROFILE, "avg_likes": 5000})[
        "engagements_p50"
    ]
    assert high > 5 * low


def test_posts_of_its_own_are_history(scorer):
    own = posts("new", [900, 1000, 1100, 1000])
    answers = answered(scorer, {**PROFILE, "creator_id": "new"}, own=own)
    assert answers["evidence"].tolist() == ["history"]
    assert 300 < answers["engagements_p50"][0] < 3000


def test_posts_younger_than_the_horizon_are_no_history(scorer):
    young = posts("new", [1000], age_days=6)
    assert answered(scorer, {**PROFILE, "creator_id": "new"}, own=young)["evidence"].tolist() == [
        "profile"
    ]


@pytest.mark.parametrize("name", ["shared", None])
def test_rows_of_one_name_do_not_share_what_they_bring(scorer, name):
    """Three rows, of one creator_id or of none, are answered as each would be alone."""
    rows = [
        {**PROFILE, "creator_id": name, "followers": 1_000},
        {**PROFILE, "creator_id": name, "followers": 90_000},
        {**PROFILE, "creator_id": name, "avg_likes": 777},
    ]
    with_posts = {**PROFILE, "creator_id": "with posts"}
    own = posts("with posts", [40, 50, 60])
    together = answered(scorer, *rows, with_posts, own=own)
    assert together["evidence"].tolist() == ["profile", "profile", "summary", "history"]
    for n, row in enumerate(rows):
        assert (
            together.loc[n, ENGAGEMENTS].tolist()
            == answered(scorer, row).loc[0, ENGAGEMENTS].tolist()
        )
    alone = answered(scorer, with_posts, own=own)
    assert together.loc[3, ENGAGEMENTS].tolist() == alone.loc[0, ENGAGEMENTS].tolist()


def test_scaling_the_fee_scales_the_cost_and_nothing_else(scorer, known):
    rows = [known, PROFILE, {**PROFILE, "avg_likes": 300}]
    once = answered(scorer, *({**row, "fee_usd": 250.0} for row in rows))
    many = answered(scorer, *({**row, "fee_usd": 1000.0} for row in rows))
    costs = [
        name
        for name in ANSWER_COLUMNS
        if name.startswith(("cpe_usd_", "cpm_usd_", "cost_per_view_usd_"))
    ]
    known = once[costs].notna()
    assert known[CPE].all(axis=None)
    assert ((many[costs] == 4 * once[costs]) | ~known).all(axis=None)
    np.testing.assert_allclose(many["cpe_index"], 4 * once["cpe_index"])
    judged = [
        "fee_usd",
        "probability_benchmark",
        "cpe_index",
        "cheaper_than_share",
        "verdict",
        "sentence",
        "warnings",
    ]
    rest = [name for name in ANSWER_COLUMNS if name not in (*costs, *judged)]
    pd.testing.assert_frame_equal(many[rest], once[rest])


def test_a_quantile_of_the_cost_is_the_fee_over_the_opposite_quantile(scorer, known):
    answers = answered(
        scorer, {**known, "fee_usd": 123.0}, {**PROFILE, "fee_usd": 77.0, "deliverables": 3}
    )
    for cost, count in {"p10": "p90", "p50": "p50", "p90": "p10"}.items():
        fee = answers["fee_usd"] / answers[f"engagements_{count}"]
        assert answers[f"cpe_usd_{cost}"].tolist() == fee.tolist()


def test_without_a_fee_there_is_no_cost(scorer, known):
    answers = answered(scorer, known, {**PROFILE, "fee_usd": 10})
    assert answers.loc[0, ["fee_usd", *CPE]].isna().all()
    assert answers.loc[1, CPE].notna().all()


def test_totals_grow_with_the_deliverables_and_spread_less(scorer, known):
    one, three = answered(
        scorer, {**known, "deliverables": 1}, {**known, "deliverables": 3}
    ).to_dict("records")
    assert three["engagements_mean"] == pytest.approx(3 * one["engagements_mean"])
    assert 1 < three["engagements_p50"] / one["engagements_p50"] < 6
    spread = [row["engagements_p90"] / row["engagements_p10"] for row in (one, three)]
    assert spread[1] <= spread[0]
    rates = [row["engagement_rate_by_followers_p50"] for row in (one, three)]
    assert rates[1] == pytest.approx(
        rates[0] * three["engagements_p50"] / one["engagements_p50"] / 3
    )


def test_deliverables_not_told_are_one(scorer):
    untold, one = answered(scorer, PROFILE, {**PROFILE, "deliverables": 1}).to_dict("records")
    assert untold["deliverables"] == 1.0
    assert untold["engagements_p50"] == one["engagements_p50"]


def test_views_are_given_only_where_the_platform_shows_them(scorer):
    answers = answered(scorer, PROFILE, {**PROFILE, "format": "image"})
    assert answers.loc[0, VIEWS].notna().all()
    assert answers.loc[1, VIEWS].isna().all()
    assert answers["engagement_rate_by_views_p50"].isna().tolist() == [False, True]
    assert answers["engagements_p50"].notna().all()


@pytest.mark.parametrize(
    ("told", "warning"),
    [
        ({"followers": None, "avg_likes": 100}, "followers_unknown"),
        ({"niche": None}, "niche_unknown"),
        ({"niche": None, "bio": "Vegan recipes, baking and street food"}, "niche_from_text"),
        ({"format": None}, "format_not_told"),
        ({"start_at": AS_OF + pd.Timedelta(days=121)}, "lead_beyond_training"),
        ({"platform": "x"}, "platform_not_in_training"),
        ({"format": "live"}, "format_not_in_training"),
        ({"topic": "cake"}, "topic_not_used"),
    ],
)
def test_what_a_forecast_suffers_from_is_named(scorer, told, warning):
    assert answered(scorer, PROFILE, {**PROFILE, **told})["warnings"].tolist() == [(), (warning,)]


def test_followers_of_zero_are_unknown(scorer):
    averages = {"avg_likes": 900, "avg_comments": 20}
    zero, unknown = answered(
        scorer, *({**PROFILE, **averages, "followers": number} for number in (0, None))
    ).to_dict("records")
    assert set(zero["warnings"]) - set(unknown["warnings"]) == {"followers_zero"}
    assert zero["engagements_p50"] == unknown["engagements_p50"]
    assert zero["band"] == "unknown"
    _, reasons = answers_of(scorer, [{**PROFILE, "followers": 0}], AS_OF)
    assert "(0 followers count as unknown)" in reasons[0][0]


def test_order_and_company_do_not_matter(scorer, known, tables):
    ids = tables.creators[["creator_id", "platform"]].drop_duplicates().head(6).to_dict("records")
    rows = [
        *ids,
        PROFILE,
        known,
        {**PROFILE, "avg_likes": 900, "fee_usd": 50},
        {**PROFILE, "followers": 3},
    ]
    figures = ["evidence", *ENGAGEMENTS, *VIEWS, *CPE]
    whole = answered(scorer, *rows)[figures]
    back = answered(scorer, *reversed(rows))[figures].iloc[::-1].reset_index(drop=True)
    single = pd.concat([answered(scorer, row)[figures] for row in rows], ignore_index=True)
    pd.testing.assert_frame_equal(back, whole, rtol=1e-12)
    pd.testing.assert_frame_equal(single, whole, rtol=1e-12)


def test_the_callers_arrays_are_not_changed(scorer, known):
    deal = {
        "deliverables": 2.0,
        "fee": 9.0,
        "currency": "USD",
        "completion_rate": 0.5,
        "emv_like_usd": 0.1,
    }
    asked = ProspectBatch.from_rows([{**known, **deal}, {**PROFILE, "creator_id": "new"}, {}])
    own = PostReadings.from_frame(posts("new", [10, 20]), np.array([1, 1]))
    given = (
        asked.numbers,
        asked.codes,
        asked.times,
        asked.texts,
        own.columns,
        {"account": own.account},
    )
    before = deepcopy(given)
    scorer.score(asked, microseconds(AS_OF), own)
    for kept, now in zip(before, given, strict=True):
        assert kept.keys() == now.keys()
        for name in kept:
            np.testing.assert_array_equal(now[name], kept[name])


def test_only_the_columns_wanted_are_made_and_they_are_the_same(scorer, known):
    asked = ProspectBatch.from_rows([{**known, "fee_usd": 400.0}, PROFILE, {"platform": "x"}])
    whole = scorer.score(asked, microseconds(AS_OF))
    for wanted in (
        ("engagements_p50",),
        ("verdict", "sentence"),
        ("warnings", "cpm_usd_p50"),
        ("partnership_id",),
    ):
        part = scorer.score(asked, microseconds(AS_OF), columns=wanted)
        assert set(part.columns) == set(wanted)
        assert part.reasons == whole.reasons
        for name in wanted:
            np.testing.assert_array_equal(part.columns[name], whole.columns[name])


def test_without_tables_profiles_are_answered_and_names_are_not(bundle, scorer, known):
    bare = Scorer(bundle)
    pd.testing.assert_frame_equal(answered(bare, PROFILE), answered(scorer, PROFILE))
    assert "is unknown" in refused(bare, {"creator_id": known["creator_id"]})


def test_no_rows_give_no_answers(scorer):
    answers, reasons = answers_of(scorer, [], AS_OF)
    assert (tuple(answers), len(answers), reasons) == (ANSWER_COLUMNS, 0, [])


@pytest.mark.parametrize("rows", [slice(1, 3), slice(None), np.array([False, True, True])])
def test_a_slice_of_prospects_and_terms_holds_its_rows(rows):
    prospects = ProspectBatch.from_rows(
        [
            {"partnership_id": name, "fee_usd": fee}
            for name, fee in zip("abc", (1, 2, 3), strict=True)
        ]
    )
    part = prospects[rows]
    fees = [1.0, 2.0, 3.0] if isinstance(rows, slice) and rows == slice(None) else [2.0, 3.0]
    assert (part.n, part.number("fee_usd").tolist()) == (len(fees), fees)
    assert part.text("partnership_id").tolist() == list("abc")[-len(fees) :]
    terms = DealTerms.of(prospects, np.zeros(3), CurrencyRates())
    assert terms[rows].fee_usd.tolist() == fees
    assert terms[rows].goal_engagements is None
