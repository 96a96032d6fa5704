"""Forecasts of another day than the model's horizon: figures, prices and words of answers."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import answers_of

from features.maturation.maturation import AS_READ
from features.tables.vocabulary import PLATFORMS
from models.distribution import QUANTILES
from serving.batch import BatchOptions, score_file
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.scorer import Scorer
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
PROFILE = {
    "platform": "instagram",
    "followers": 60_000.0,
    "niche": "food",
    "format": "video",
    "avg_likes": 1500.0,
    "avg_comments": 30.0,
}
DEAL = {"fee_usd": 900.0, "confidence": 0.7, "start_at": AS_OF + pd.Timedelta(days=9)}
DAYS = (1.0, 7.0, None, 30.0, 90.0)


def asked_for(days, **row):
    return {**PROFILE, **row} | ({} if days is None else {"horizon_days": days})


def growth_to(bundle, target, platform, days):
    code = np.array([float(PLATFORMS.index(platform))])
    days = bundle.reference.horizon_days if days is None else days
    return bundle.reference.maturation.growth(target, code, bundle.reference.horizon_days, days)[0]


@pytest.mark.parametrize("deliverables", [1.0, 3.0])
def test_counts_are_moved_by_the_growth_of_the_curve(scorer, bundle, deliverables):
    """Of one post ln(1 + count), and of several the same of a post of them."""
    rows = [asked_for(days, deliverables=deliverables) for days in DAYS]
    found, _ = answers_of(scorer, rows, AS_OF)
    usual = found.iloc[DAYS.index(None)]
    for answer, days in zip(found.to_dict("records"), DAYS, strict=True):
        assert answer["horizon_days"] == (days or 30)
        for target in ("engagements", "views"):
            growth = growth_to(bundle, target, "instagram", days)
            for name in QUANTILES:
                count = usual[f"{target}_{name}"] / deliverables
                moved = deliverables * np.expm1(np.log1p(count) + growth)
                if "engagements_lowered_to_views" in answer["warnings"]:
                    assert answer[f"{target}_{name}"] <= moved * (1 + 1e-6)
                else:
                    assert answer[f"{target}_{name}"] == pytest.approx(moved, rel=1e-6)
    assert found["engagements_p50"].is_monotonic_increasing


def test_engagements_exceed_views_on_no_day(scorer):
    """Views need months, engagements days: on the first day the two come close."""
    rows = [asked_for(days, avg_views=2500.0, deliverables=2.0) for days in DAYS]
    found, _ = answers_of(scorer, rows, AS_OF)
    for name in (*QUANTILES, "mean"):
        assert (found[f"engagements_{name}"] <= found[f"views_{name}"] * (1 + 1e-9)).all(), name
    assert "engagements_lowered_to_views" in found["warnings"][0]


def test_costs_follow_and_verdicts_stay(scorer, bundle):
    rows = [asked_for(days, avg_views=90_000.0, **DEAL) for days in DAYS]
    found, _ = answers_of(scorer, rows, AS_OF)
    usual = found.iloc[DAYS.index(None)]
    by_growth = np.exp([growth_to(bundle, "engagements", "instagram", days) for days in DAYS])
    by_views = np.exp([growth_to(bundle, "views", "instagram", days) for days in DAYS])
    np.testing.assert_allclose(found["cpe_usd_p50"] * by_growth, usual["cpe_usd_p50"], rtol=2e-3)
    np.testing.assert_allclose(found["cpm_usd_p50"] * by_views, usual["cpm_usd_p50"], rtol=2e-3)
    for name in ("benchmark_engagements_p50", "benchmark_engagement_rate_by_followers_p50"):
        np.testing.assert_allclose(found[name] / by_growth, usual[name], rtol=1e-9)
    np.testing.assert_allclose(
        found["benchmark_cpe_usd"] * by_growth, usual["benchmark_cpe_usd"], rtol=1e-9
    )
    for name in ("probability_benchmark", "cheaper_than_share", "cpe_index", "break_even_fee_usd"):
        np.testing.assert_allclose(found[name], usual[name], rtol=5e-3, err_msg=name)
    same = [name for name in found if name.startswith("market_fee")]
    assert len(found[[*same, "verdict"]].drop_duplicates()) == 1


def test_a_goal_is_one_of_the_day_asked_for(scorer):
    rows = [asked_for(days, goal_engagements=1500.0) for days in (1.0, 30.0)]
    found, _ = answers_of(scorer, rows, AS_OF)
    assert found["probability_goal"][0] < found["probability_goal"][1] - 0.02


def test_what_no_curve_leads_to_is_null_or_refused(scorer, bundle):
    """Views on X have no curve: null on another day. Without one of engagements the row is refused."""
    video = {"platform": "x", "avg_shares": 20.0, "avg_views": 90_000.0}
    rows = [asked_for(days, **video) for days in (None, 30.0, 7.0)]
    found, _ = answers_of(scorer, rows, AS_OF)
    assert found["views_p50"].isna().tolist() == [False, False, True]
    told = ["views_without_curve" in names for names in found["warnings"]]
    assert told == [False, False, True]
    assert found["engagements_p50"][2] < found["engagements_p50"][1]
    as_read = replace(bundle, reference=replace(bundle.reference, maturation=AS_READ))
    found, reasons = answers_of(Scorer(as_read), rows, AS_OF)
    words = "cannot be forecast on x: no curve tells how counts grow: give 30, the model's own, or"
    assert reasons == [[], [], [f"horizon_days 7 {words} nothing"]]
    assert found["maturation_source"].tolist() == ["none"] * 3


def test_the_sentence_and_the_reasons_name_the_day(scorer, bundle):
    rows = [asked_for(days, deliverables=2.0) for days in (None, 1.0, 90.0)]
    found, _ = answers_of(scorer, rows, AS_OF, extras=AnswerOptions(explain=True))
    assert " over 2 posts (80 %" in found["sentence"][0]
    assert " over 2 posts by day 1 (80 %" in found["sentence"][1]
    factors = [{f["reason"]: f["factor"] for f in told["factors"]} for told in found["reasons"]]
    grown = np.exp(growth_to(bundle, "engagements", "instagram", 1.0))
    assert factors[1]["counted on day 1"] == pytest.approx(grown)
    assert not any(name.startswith("counted on") for name in factors[0])
    products = [np.prod(list(one.values())) for one in factors]
    assert products[1] / products[0] == pytest.approx(grown)


def test_averages_of_unknown_age_count_as_read_later(scorer):
    row = {**PROFILE, "platform": "tiktok", "avg_shares": 20.0}
    found, _ = answers_of(scorer, [row], AS_OF, extras=AnswerOptions(explain=True))
    factors = {f["reason"]: f["factor"] for f in found["reasons"][0]["factors"]}
    assert factors["its posts were read after day 30"] < 0.98


BAD = {
    "0": "is below 1, the least possible",
    "1000": "is above 90, the most accepted",
    "7.5": "is no whole number",
    "a month": "is no number",
}


def test_lists_take_whole_days_from_1_to_90(scorer, tmp_path):
    header = "partnership_id,platform,followers,horizon_days\n"
    lines = [f"{n},instagram,60000,{value}\n" for n, value in enumerate(["", "14", *BAD])]
    (tmp_path / "list.csv").write_text(header + "".join(lines))
    for suffix in ("csv", "parquet"):
        out = tmp_path / f"out.{suffix}"
        report = score_file(tmp_path / "list.csv", out, scorer, AS_OF, BatchOptions())
        read = pd.read_csv if suffix == "csv" else pd.read_parquet
        found, rejected = read(out), pd.read_csv(report.rejected_path)
        assert found["horizon_days"].tolist() == [30, 14]
        assert found["maturation_source"].isin(["published", "fitted"]).all()
        place = list(found).index("horizon_days")
        assert list(found)[place + 1] == "maturation_source"
        for words, reason in zip(BAD.values(), rejected.iloc[:, -1], strict=True):
            assert "horizon_days" in reason
            assert words in reason, reason


def test_requests_take_whole_days_from_1_to_90(home):
    champion = ModelStore(Settings(home))
    champion.start()
    champion.stop()
    client = TestClient(build_app(champion))
    values = [14, None, 0, 1000, 7.5, "a month", True]
    body = {"partnerships": [{**PROFILE, "horizon_days": value} for value in values]}
    results = client.post("/v1/predict", json=body).json()["results"]
    assert [one.get("horizon_days") for one in results[:2]] == [14, 30]
    codes = [one["errors"][0]["code"] for one in results[2:]]
    assert codes == ["below_minimum", "above_maximum", "not_whole", "wrong_type", "wrong_type"]
    for one in results[2:]:
        assert one["errors"][0]["where"].endswith(".horizon_days")
        assert "from 1 to 90" in one["errors"][0]["expected"], one
    assert client.get("/v1/benchmarks?platform=instagram").json()["horizon_days"] == 30
