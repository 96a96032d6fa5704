"""Engagements and views forecast as one: in order at every probability, and of one level where one is not known."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of, table
from scipy.special import ndtri

from features.derive.catalog import COLUMNS
from features.history.post_readings import PostReadings
from features.tables.schema import POSTS
from features.tables.vocabulary import PLATFORM_FORMATS, PLATFORMS, UNCOUNTED_FORMATS
from models.bounded_distribution import BoundedDistribution
from models.conformal import GRID, ConformalTables
from models.distribution import FEW_FORECASTS, QUANTILES, PredictiveDistribution
from models.joint import joint_forecast
from models.reasons import reasons
from models.totals import TotalsTables
from serving.batch import score_file
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.registered_model.model import PartnershipModel
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.prospect_batch import ProspectBatch, microseconds
from serving.scoring.quantiles import quantile_name
from serving.scoring.row_features import RowSources
from serving.scoring.scorer import Scorer
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
NORMAL = ConformalTables(
    ndtri(GRID)[None, :], np.array([10.0]), np.zeros((4, 3), dtype=int), np.full((4, 3), 1000)
)
TOTALS = TotalsTables.fit(NORMAL, 0.3)
FIGURES = [*QUANTILES, "mean"]
VIDEO = {"platform": "tiktok", "followers": 20_000.0, "format": "video"}
OUTERMOST = (0.001, 0.01, 0.99, 0.999)


def normal(location, scale, deliverables=1.0):
    """Forecasts whose ln(1 + count) of one deliverable is normal."""
    arrays = np.broadcast_arrays(*np.atleast_1d(location, scale), 0, float(deliverables))
    return PredictiveDistribution(*arrays, TOTALS)


def lowered(engagements, views, ceiling=10.0):
    every, ceilings = (
        np.ones(len(engagements.location), dtype=bool),
        np.full(len(engagements.location), ceiling),
    )
    own = (
        engagements.location,
        engagements.scale,
        engagements.table,
        engagements.deliverables,
        engagements.totals,
    )
    return BoundedDistribution(*own, views, every, True, ceilings, ceilings)


@pytest.mark.parametrize("copies", [1, FEW_FORECASTS + 1])
@pytest.mark.parametrize("deliverables", [1.0, 3.0])
def test_of_two_curves_that_cross_the_lower_one_is_kept_at_every_probability(copies, deliverables):
    location = np.full(copies, 5.0)
    free, views = (normal(location, scale, deliverables) for scale in (1.0, 0.4))
    kept = lowered(free, views)
    expected = np.minimum(free.quantile(GRID), views.quantile(GRID))
    np.testing.assert_allclose(kept.quantile(GRID), expected, rtol=1e-12)
    np.testing.assert_allclose(kept.totals_at(np.arange(len(GRID))), expected, rtol=1e-12)
    np.testing.assert_allclose(
        list(kept.quantiles_by_name.values()), expected[:, np.isin(GRID, [*QUANTILES.values()])].T
    )
    for probability in (0.02, 0.5, 0.9, 0.985):
        at = kept.interpolated_quantile([probability])[:, 0]
        np.testing.assert_allclose(kept.interpolated_probability(at), probability, rtol=1e-9)
        np.testing.assert_allclose(kept.cdf(at), probability, rtol=1e-9)


def test_the_mean_is_that_of_the_lower_curve():
    free, views = normal(5.0, 1.0), normal(5.0, 0.4)
    z = np.random.default_rng(0).normal(size=1_000_000)
    drawn = np.expm1(np.minimum(5 + z, 5 + 0.4 * z)).mean()
    assert lowered(free, views).mean()[0] == pytest.approx(drawn, rel=0.005)
    assert lowered(free, views).mean()[0] < min(free.mean()[0], views.mean()[0])


def test_a_bound_that_nothing_crosses_changes_nothing():
    free, views = normal([3.0] * 20, 0.5), normal([9.0] * 20, 0.5)
    kept = lowered(free, views)
    np.testing.assert_array_equal(
        kept.totals_at(np.arange(len(GRID))), free.totals_at(np.arange(len(GRID)))
    )
    np.testing.assert_array_equal(kept.mean(), free.mean())
    assert not kept.rows_moved_by_bound(OUTERMOST).any()
    assert not kept.median_log_ratio().any()


def test_only_what_is_told_counts_as_moved():
    """Curves of one median that cross beyond p95 alone: 5 + s z against 5.3 + t z where (s - t) z = 0.3."""
    far, views = normal([5.0] * 20, 0.45), normal([5.3] * 20, 0.32)
    kept = lowered(far, views)
    assert not kept.rows_moved_by_bound().any()
    assert kept.rows_moved_by_bound([0.999]).all()
    assert lowered(normal(5.0, 0.6), normal(5.3, 0.32)).rows_moved_by_bound().tolist() == [True]


class Fixed:
    """A forecaster that gives what it was made with."""

    conformal_ = NORMAL

    def __init__(self, predictive):
        self.predictive = predictive

    def predict_distribution(self, x, deliverables):
        return replace(self.predictive, deliverables=np.asarray(deliverables, dtype=float))


def matrix(bundle, rows):
    """Give derived columns of a TikTok video without averages, so many rows."""
    return pd.concat([brought(bundle, VIDEO)] * rows, ignore_index=True)


def test_the_weaker_evidence_is_moved_and_of_the_same_the_engagements(bundle):
    evidence = np.array([[0, 1], [1, 0], [1, 1], [2, 2], [0, 2]])
    engagements, views = normal([6.0] * 5, 0.5), normal([5.0] * 5, 0.5)
    names = {
        f"{what}_evidence_code": evidence[:, n] for n, what in enumerate(("engagements", "views"))
    }
    x = matrix(bundle, 5).assign(**names)
    joint = joint_forecast(
        {"engagements": Fixed(engagements), "views": Fixed(views)}, bundle.reference, x, np.ones(5)
    )
    flags = joint.warnings()
    assert flags["views_raised_to_engagements"].tolist() == [True, False, False, False, True]
    assert flags["engagements_lowered_to_views"].tolist() == [False, True, True, True, False]
    for name, own in joint.engagements.quantiles_by_name.items():
        np.testing.assert_array_equal(own, joint.views.quantiles_by_name[name])
    np.testing.assert_array_equal(
        joint.engagements.quantiles_by_name["p50"][[0, 4]],
        engagements.quantiles_by_name["p50"][[0, 4]],
    )
    np.testing.assert_array_equal(
        joint.views.quantiles_by_name["p50"][1:4], views.quantiles_by_name["p50"][1:4]
    )


def test_every_crossing_is_seen_however_small(bundle):
    random = np.random.default_rng(1)
    n = 4000
    engagements = normal(random.normal(5, 0.7, n), random.uniform(0.1, 1.5, n))
    views = normal(random.normal(6.5, 0.7, n), random.uniform(0.1, 1.5, n))
    names = {f"{what}_evidence_code": random.integers(0, 3, n) for what in ("engagements", "views")}
    x, knots = matrix(bundle, n).assign(**names), np.arange(len(GRID))
    joint = joint_forecast(
        {"engagements": Fixed(engagements), "views": Fixed(views)}, bundle.reference, x, np.ones(n)
    )
    crossed = (engagements.totals_at(knots) > views.totals_at(knots)).any(axis=1)
    assert 0.2 < crossed.mean() < 0.8
    assert (joint.engagements.totals_at(knots) <= joint.views.totals_at(knots)).all()
    assert (joint.engagements.mean() <= joint.views.mean()).all()
    np.testing.assert_array_equal(
        joint.engagements.totals_at(knots)[~crossed], engagements.totals_at(knots)[~crossed]
    )
    np.testing.assert_array_equal(
        joint.views.totals_at(knots)[~crossed], views.totals_at(knots)[~crossed]
    )


def brought(bundle, *rows, posts=None):
    """Derive the columns of rows that bring what they are known by."""
    asked, nobody = ProspectBatch.from_rows(rows), np.full(len(rows), -1)
    features = Scorer(bundle).rows
    x, _ = features.derive(
        asked, RowSources(nobody, posts, {}), asked.code("platform"), microseconds(AS_OF)
    )
    return pd.DataFrame(x, columns=list(COLUMNS))


@pytest.mark.parametrize(
    ("averages", "known", "lacking"),
    [
        ({"avg_likes": 90_000.0}, "engagements", "views"),
        ({"avg_views": 300.0}, "views", "engagements"),
    ],
)
def test_a_count_that_is_not_known_is_moved_as_far_as_the_other_lies_from_its_prior(
    bundle, averages, known, lacking
):
    x = brought(bundle, VIDEO, {**VIDEO, **averages})
    joint = joint_forecast(bundle.forecasters, bundle.reference, x, np.ones(2))
    shift = x[f"{known}_log_offset"][1] - x[f"{known}_log_prior"][1]
    assert abs(shift) > 1
    plain = {what: own.predict_distribution(x).location for what, own in bundle.forecasters.items()}
    np.testing.assert_allclose(
        getattr(joint, lacking).location - plain[lacking], [0.0, shift], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_array_equal(getattr(joint, known).location, plain[known])
    flags = {name: rows.tolist() for name, rows in joint.warnings().items() if rows.any()}
    assert flags == ({"engagements_from_views": [False, True]} if lacking == "engagements" else {})


def test_posts_that_show_no_views_tell_their_level_too(bundle):
    rows = [
        {
            "creator_id": "c",
            "platform": "tiktok",
            "post_id": str(n),
            "posted_at": AS_OF - pd.Timedelta(days=10 + n),
        }
        | {"likes": 90_000.0, "comments": 10.0, "shares": 10.0}
        for n in range(12)
    ]
    x = brought(
        bundle, VIDEO, posts=PostReadings.from_frame(table(rows, POSTS), np.zeros(12, dtype=int))
    )
    assert x[["engagements_evidence_code", "views_evidence_code"]].values.tolist() == [[0, 2]]
    joint = joint_forecast(bundle.forecasters, bundle.reference, x, np.ones(1))
    assert joint.shifts["views"].tolist() == x["engagements_log_offset_by_prior"].tolist()
    assert joint.shifts["views"][0] > 1


def test_priors_of_other_accounts_are_not_compared(bundle):
    """The views' prior is of all platforms where a platform has too few: it says nothing of the engagements' level."""
    pooled = replace(bundle.reference.views, priors={"all": bundle.reference.views.priors["all"]})
    reference = replace(bundle.reference, views=pooled)
    assert bundle.reference.same_prior_scope.tolist() == [True] * 4
    assert not reference.same_prior_scope[PLATFORMS.index("tiktok")]
    x = brought(bundle, {**VIDEO, "avg_likes": 90_000.0})
    joint = joint_forecast(bundle.forecasters, reference, x, np.ones(1))
    assert joint.shifts["views"].tolist() == [0.0]


def odd_partnerships(n=8000, seed=0):
    """Make valid partnerships that are odd: averages that disagree, tiny accounts, rates of all sizes."""
    random = np.random.default_rng(seed)
    shares = {
        "followers": (0.8, lambda: np.round(10 ** random.uniform(0, 8))),
        "avg_likes": (0.35, lambda: np.round(10 ** random.uniform(0, 9))),
        "avg_comments": (0.25, lambda: np.round(10 ** random.uniform(0, 8))),
        "avg_shares": (0.15, lambda: np.round(10 ** random.uniform(0, 8))),
        "avg_views": (0.35, lambda: np.round(10 ** random.uniform(0, 9))),
        "engagement_rate_by_followers": (0.2, lambda: 10 ** random.uniform(-4, 1)),
        "engagement_rate_by_views": (0.2, lambda: 10 ** random.uniform(-4, 0)),
        "fee_usd": (0.6, lambda: np.round(10 ** random.uniform(0, 6), 2)),
        "completion_rate": (0.2, lambda: random.uniform(0.05, 1)),
        "goal_engagements": (0.3, lambda: np.round(10 ** random.uniform(0, 9))),
    }
    rows = []
    for _ in range(n):
        row = {
            "platform": random.choice(PLATFORMS),
            "deliverables": float(random.choice([1, 1, 2, 3, 10, 100])),
        }
        row |= {
            name: float(draw()) for name, (share, draw) in shares.items() if random.random() < share
        }
        formats = [
            name for name in PLATFORM_FORMATS[row["platform"]] if name not in UNCOUNTED_FORMATS
        ]
        share = random.random()
        if share < 0.6:
            row["format"] = random.choice(formats)
        elif share < 0.7:
            del row["deliverables"]
            first, second = random.choice(formats, 2, replace=False)
            row["package"] = f"{random.integers(1, 4)} {first} + {random.integers(1, 9)} {second}"
        rows.append(
            row
            if row.keys() & {*shares} - {"fee_usd", "completion_rate", "goal_engagements"}
            else VIDEO
        )
    return rows


def test_no_odd_partnership_is_told_more_engagements_than_views(bundle):
    rows, extras = odd_partnerships(), AnswerOptions(quantiles=OUTERMOST)
    found = Scorer(bundle).score(ProspectBatch.from_rows(rows), microseconds(AS_OF), extras=extras)
    assert not found.reasons
    columns, names = found.columns, [*FIGURES, *map(quantile_name, OUTERMOST)]
    shown = ~np.isnan(columns["views_p50"])
    assert shown.sum() > 2000
    for name in names:
        assert (columns[f"engagements_{name}"] <= columns[f"views_{name}"])[shown].all(), name
    assert (columns["engagement_rate_by_views_p50"][shown & (columns["views_p50"] > 0)] <= 1).all()
    for name in ("p10", "p50", "p90"):
        each, a_view = columns[f"cpe_usd_{name}"], columns[f"cost_per_view_usd_{name}"]
        assert (a_view <= each * (1 + 1e-9))[~np.isnan(each) & ~np.isnan(a_view)].all(), name
    told = [set(one) for one in columns["warnings"]]
    moved = {"engagements_lowered_to_views", "views_raised_to_engagements"}
    # a package without views may have a format that is lowered to its own
    assert not any(
        one & moved
        for one, views, row in zip(told, shown, rows, strict=True)
        if not views and "package" not in row
    )
    assert 0.02 < np.mean([bool(one & moved) for one in told]) < 0.1


def test_goals_agree_with_the_quantiles_of_odd_partnerships(bundle):
    rows = [
        {name: value for name, value in row.items() if name != "completion_rate"}
        for row in odd_partnerships(600)
    ]
    scorer = Scorer(bundle)
    before = scorer.score(ProspectBatch.from_rows(rows), microseconds(AS_OF)).columns
    for name, probability in QUANTILES.items():
        goals = np.maximum(before[f"engagements_{name}"], 1.0)
        asked = [
            {**row, "goal_engagements": goal}
            for row, goal in zip(rows, goals.tolist(), strict=True)
        ]
        found = scorer.score(ProspectBatch.from_rows(asked), microseconds(AS_OF)).columns[
            "probability_goal"
        ]
        certain = (goals > 1) & (before["engagements_p05"] < before["engagements_p95"])
        np.testing.assert_allclose(found[certain], 1 - probability, atol=1e-6)


def test_averages_that_disagree_lower_the_engagements_to_the_views(bundle):
    one, alike = (
        {**VIDEO, "avg_likes": likes, "avg_comments": 0.0, "avg_shares": 0.0}
        for likes in (1e6, 10.0)
    )
    found, _ = answers_of(
        Scorer(bundle), [{**one, "avg_views": 100.0}, {**alike, "avg_views": 100.0}, one], AS_OF
    )
    odd, agreed, no_views = found.to_dict("records")
    assert [odd[f"engagements_{name}"] for name in FIGURES] == [
        odd[f"views_{name}"] for name in FIGURES
    ]
    assert odd["engagement_rate_by_views_p50"] == 1.0
    assert {*odd["warnings"]} - {*agreed["warnings"]} == {
        "engagements_lowered_to_views",
        "implausible_average",
    }
    assert odd["views_p50"] == pytest.approx(agreed["views_p50"], rel=0.3)
    assert {*no_views["warnings"]} - {*agreed["warnings"]} == {
        "break_even_above_market",
        "implausible_average",
    }
    assert no_views["views_p50"] > 1e6


def test_engagements_and_views_keep_their_usual_rate_where_one_is_not_known(bundle):
    scorer = Scorer(bundle)
    rows = [
        VIDEO,
        {**VIDEO, "avg_likes": 90_000.0},
        {**VIDEO, "avg_views": 1_000_000.0},
        {**VIDEO, "avg_views": 50.0},
    ]
    found, _ = answers_of(scorer, rows, AS_OF)
    rate = found["engagement_rate_by_views_p50"]
    assert rate[1:].between(rate[0] / 2, rate[0] * 2).all()
    assert found["evidence"].tolist() == ["profile", "summary", "profile", "profile"]
    assert (
        found["engagements_p50"][2]
        > 10 * found["engagements_p50"][0]
        > 100 * found["engagements_p50"][3]
    )


def test_reasons_lead_to_the_forecast_that_is_told(bundle):
    x = brought(
        bundle, VIDEO, {**VIDEO, "avg_views": 50.0}, {**VIDEO, "avg_likes": 1e6, "avg_views": 100.0}
    )
    forecaster = bundle.forecasters["engagements"]
    joint = joint_forecast(bundle.forecasters, bundle.reference, x, np.ones(3))
    found = reasons(forecaster, x, besides=joint.reasons())
    logs = [
        np.log1p(told["per_post"]) + np.log([one["factor"] for one in told["factors"]]).sum()
        for told in found
    ]
    free = np.log1p(forecaster.predict_distribution(x).quantiles_by_name["p50"])
    # the median lies a little off the location, alike with and without what moves it
    lowered = np.log1p(joint.engagements.quantiles_by_name["p50"]) - free
    np.testing.assert_allclose(logs, forecaster.predict(x) + lowered, rtol=1e-9)
    words = [{one["reason"]: one["factor"] for one in told["factors"]} for told in found]
    assert (lowered[0], {*words[0]} & {"no more than its views"}) == (0.0, set())
    assert words[1]["its views"] < 0.1
    assert words[2]["no more than its views"] == pytest.approx(np.exp(lowered[2]), rel=1e-9)
    assert words[2]["no more than its views"] < 0.01


def test_the_model_of_the_registry_says_what_the_service_says(bundle):
    rows = [VIDEO, {**VIDEO, "avg_views": 50.0}, {**VIDEO, "avg_likes": 1e6, "avg_views": 100.0}]
    found, _ = answers_of(Scorer(bundle), rows, AS_OF)
    columns = [f"engagements_{name}" for name in QUANTILES]
    told = PartnershipModel(bundle).predict(brought(bundle, *rows))
    np.testing.assert_allclose(told[columns], found[columns], rtol=1e-9)


def test_every_door_says_the_same_of_odd_partnerships(bundle, home, tmp_path):
    rows = [
        {**row, "partnership_id": f"p{number}"}
        for number, row in enumerate(odd_partnerships(300, seed=3))
    ]
    # of a rate in a CSV file the reader first asks whether it is in percent
    rows = [
        {name: row[name] for name in row if "rate_by" not in name} | {"followers": 900.0}
        for row in rows
    ]
    frame, tables = pd.DataFrame(rows), []
    for name in ("list.csv", "list.parquet"):
        frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(
            tmp_path / name
        )
        out = tmp_path / f"scored {name}.parquet"
        assert score_file(tmp_path / name, out, Scorer(bundle), AS_OF).scored == 300
        tables.append(pd.read_parquet(out))
    pd.testing.assert_frame_equal(*tables)
    by_csv = tables[0]
    champion = ModelStore(Settings(home))
    champion.start()
    try:
        client = TestClient(build_app(champion))
        question = {"as_of": AS_OF.isoformat(), "partnerships": rows}
        over_http = client.post("/v1/predict", json=question).json()["results"]
        ranked = client.post(
            "/v1/rank", json={**question, "by": "engagement_rate_by_views_p50"}
        ).json()["results"]
    finally:
        champion.stop()
    for one, row in zip(over_http, by_csv.to_dict("records"), strict=True):
        assert "; ".join(one["warnings"]) == row["warnings"]
        for what in ("engagements", "views"):
            own = one[what] or dict.fromkeys(FIGURES, np.nan)
            for name in FIGURES:
                assert own[name] == pytest.approx(row[f"{what}_{name}"], rel=1e-9, nan_ok=True)
    assert max(one["value"] for one in ranked if one["rank"]) <= 1
    assert json.dumps(over_http).count("engagements_lowered_to_views") > 3
