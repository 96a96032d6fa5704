"""One way to a figure: the training matrix by hand, the batch file and the HTTP answer are the same."""

import warnings

import numpy as np
import pandas as pd
import pytest

from features.derive.derive import derive
from features.tables.model import Tables, empty_table
from features.tables.schema import CREATORS, POSTS
from features.tables.validate import validate
from features.tables.vocabulary import FORMATS_WITH_VIEWS, PLATFORM_FORMATS
from models.delivery import DeliveredTotals
from models.distribution import QUANTILES
from models.joint import joint_forecast
from models.reasons import reasons_text
from serving.batch import BatchOptions, score_file
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.answer_table import scatter_values
from serving.scoring.deal_terms import AnswerOptions
from serving.scoring.scorer import Scorer
from serving.scoring.sentences import comparables_text
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-06-10T09:30:00Z")
PARTS = (*QUANTILES, "mean")
FIGURES = [f"{what}_{part}" for what in ("engagements", "views") for part in PARTS] + [
    f"cpe_usd_{part}" for part in ("p10", "p50", "p90")
]
#: What is judged of a deal: figures, and words.
JUDGED = [
    "probability_goal",
    *(f"{what}_usd_{part}" for what in ("cpm", "cost_per_view") for part in ("p10", "p50", "p90")),
    "probability_target",
    "benchmark_creators",
    "benchmark_engagements_p50",
    "benchmark_cpe_usd",
    "benchmark_cpe_creators",
    "probability_benchmark",
    "cpe_index",
    "cheaper_than_share",
    "confidence",
    "break_even_fee_usd",
    "offer_usd_open",
    "offer_usd_walk_away",
    *(f"market_fee_usd_{part}" for part in ("low", "typical", "high")),
    *(f"emv_usd_{part}" for part in ("p10", "p50", "p90")),
]
WORDS = [
    "cost_note",
    "benchmark_cell",
    "benchmark_cpe_cell",
    "benchmark_cpe_source",
    "break_even_against",
    "market_fee_source",
    "verdict",
    "sentence",
]
INLINE = [
    {
        "platform": "instagram",
        "followers": 30_000.0,
        "niche": "food",
        "avg_likes": 800.0,
        "avg_comments": 15.0,
    },
    {
        "platform": "tiktok",
        "followers": 250_000.0,
        "engagement_rate_by_followers": 0.04,
        "avg_views": 60_000.0,
    },
    {"platform": "tiktok", "avg_likes": 3_000.0, "avg_views": 50_000.0, "niche": "comedy"},
    {
        "platform": "instagram",
        "followers": 1_200_000.0,
        "niche": "fashion",
        "verified": True,
        "posts_count": 900.0,
    },
    {"platform": "youtube", "followers": 8_000.0, "niche": "gaming"},
    {"platform": "x", "followers": 500.0},
]
DEALS = [
    {"format": "video", "deliverables": 1.0, "fee_usd": 450.0, "start_at": "2026-06-20T18:00:00Z"},
    {"format": "image", "deliverables": 3.0, "fee_usd": 99.5, "start_at": "2026-08-01T00:00:00Z"}
    | {"completion_rate": 0.7, "target_cpe_usd": 0.5, "goal_engagements": 900.0, "confidence": 0.6}
    | {"emv_like_usd": 0.1, "emv_view_usd": 0.01},
    {"deliverables": 7.0, "start_at": "2026-06-10T09:30:00Z"},
]


@pytest.fixture(scope="module")
def partnerships(tables):
    """Give known creators of every platform with and without posts, averages, and profiles alone."""
    accounts = tables.creators[["creator_id", "platform"]].drop_duplicates()
    with_posts = accounts["creator_id"].isin(tables.posts["creator_id"])
    known = pd.concat([accounts[with_posts].head(12), accounts[~with_posts].head(3)]).to_dict(
        "records"
    )
    rows = [*known, *({**row, "creator_id": f"inline {n}"} for n, row in enumerate(INLINE))]
    return [
        {**row, **deal_for(row["platform"], n), "partnership_id": f"p{n}"}
        for n, row in enumerate(rows)
    ]


def deal_for(platform, number):
    """Give one of DEALS, a Short where the platform has no images."""
    deal = DEALS[number % 3]
    return (
        deal
        if deal.get("format") in (None, *PLATFORM_FORMATS[platform])
        else {**deal, "format": "short"}
    )


@pytest.fixture(scope="module")
def by_hand(tables, trained, partnerships):
    """Do what training does: derive from the tables, predict with the bundle."""
    frame = pd.DataFrame(partnerships)
    frame["start_at"] = pd.to_datetime(frame["start_at"], utc=True)
    frame = frame.assign(as_of=AS_OF, sponsored=1.0)
    inline = frame["creator_id"].str.startswith("inline")
    features = pd.concat(
        [
            derive(tables, frame[~inline], trained.bundle.reference),
            derive(creators_of(frame[inline]), frame[inline], trained.bundle.reference),
        ]
    )
    bundle, figures = trained.bundle, {}
    joint = joint_forecast(
        bundle.forecasters, bundle.reference, features, frame["deliverables"].to_numpy()
    )
    for what, predictive in (("engagements", joint.engagements), ("views", joint.views)):
        quantiles = predictive.quantile(list(QUANTILES.values()))
        told = {name: quantiles[:, n] for n, name in enumerate(QUANTILES)} | {
            "mean": predictive.mean()
        }
        rows = np.ones(len(frame), dtype=bool) if what == "engagements" else joint.has_views
        figures |= {f"{what}_{name}": scatter_values(values, rows) for name, values in told.items()}
    delivered = DeliveredTotals.of(joint.engagements, frame["completion_rate"].to_numpy()).quantile(
        [0.9, 0.5, 0.1]
    )
    for n, name in enumerate(("p10", "p50", "p90")):
        figures[f"cpe_usd_{name}"] = (
            frame["fee_usd"].to_numpy() / np.where(delivered > 0, delivered, np.nan)[:, n]
        )
    shown, posted = bundle.reference.views_shown, bundle.reference.formats_posted
    told = zip(frame["platform"], frame["format"].fillna("unknown"), strict=True)
    assert joint.has_views.tolist() == [
        name in shown[platform]
        or (name not in (*posted[platform], "unknown") and name in FORMATS_WITH_VIEWS[platform])
        for platform, name in told
    ]
    return pd.DataFrame(figures)


def creators_of(frame):
    """Make the creators table of rows that bring their own profile, read at the moment of the forecast."""
    profiles = frame.assign(observed_at=AS_OF).reindex(columns=CREATORS.names)
    return validate(
        Tables(
            creators=profiles.dropna(axis=1, how="all").reset_index(drop=True),
            posts=empty_table(POSTS),
        )
    )


@pytest.fixture(scope="module")
def batch(tmp_path_factory, tables, trained, partnerships):
    folder = tmp_path_factory.mktemp("batch")
    pd.DataFrame(partnerships).to_parquet(folder / "list.parquet", index=False)
    scorer, extras = Scorer(trained.bundle, tables), AnswerOptions(explain=True, comparables=True)
    tally = score_file(
        folder / "list.parquet",
        folder / "scored.parquet",
        scorer,
        AS_OF,
        BatchOptions(extras=extras),
    )
    assert (tally.scored, tally.rejected) == (len(partnerships), 0)
    return pd.read_parquet(folder / "scored.parquet")


@pytest.fixture(scope="module")
def over_http(market_folder, home, trained, partnerships):
    champion = ModelStore(Settings(home, market_folder))
    champion.start()
    try:
        extras = {"explain": True, "comparables": True}
        question = {"as_of": AS_OF.isoformat(), "partnerships": partnerships, **extras}
        response = TestClient(build_app(champion)).post("/v1/predict", json=question)
    finally:
        champion.stop()
    assert response.status_code == 200
    return response.json()["results"]


def flat(result):
    """Lay one HTTP result out as a row of a batch file."""
    groups = {what: result[what] or {} for what in ("engagements", "views", "cpe_usd")}
    return {name: groups[name.rpartition("_")[0]].get(name.rpartition("_")[2]) for name in FIGURES}


def same(got, wanted):
    np.testing.assert_allclose(
        got[FIGURES].to_numpy(float), wanted[FIGURES].to_numpy(float), rtol=1e-9, atol=0
    )


def test_the_partnerships_rest_on_all_there_is(batch):
    assert set(batch["evidence"]) == {"history", "summary", "profile"}
    assert batch[FIGURES].isna().mean().between(0, 1, inclusive="left").all()


def test_the_batch_file_says_what_the_training_matrix_gives(batch, by_hand):
    same(batch, by_hand)


def test_the_service_says_what_the_training_matrix_gives(over_http, by_hand):
    same(pd.DataFrame([flat(result) for result in over_http]), by_hand)


def test_the_service_and_the_batch_file_say_the_same_of_all_else(over_http, batch):
    shared = [
        "partnership_id",
        "creator_id",
        "platform",
        "band",
        "niche",
        "evidence",
        "deliverables",
        "definition",
    ]
    for result, row in zip(over_http, batch.to_dict("records"), strict=True):
        assert [result[name] for name in shared] == [row[name] for name in shared]
        assert "; ".join(result["warnings"]) == row["warnings"]
        for name in ("as_of", "start_at"):
            assert pd.Timestamp(result[name]) == row[name]
        for name in ("engagement_rate_by_followers_p50", "engagement_rate_by_views_p50", "fee_usd"):
            assert result[name] == pytest.approx(row[name], rel=1e-9) or (
                result[name] is None and np.isnan(row[name])
            )


def test_the_service_and_the_batch_file_judge_alike(over_http, batch):
    """Costs, chances, benchmarks, fees to offer and the words of the verdict."""

    def flattened(result):
        nested = {name: part for name, part in result.items() if isinstance(part, dict)}
        return result | {
            f"{name}_{key}": value for name, part in nested.items() for key, value in part.items()
        }

    over = pd.DataFrame([flattened(result) for result in over_http])
    np.testing.assert_allclose(
        over[JUDGED].to_numpy(float), batch[JUDGED].to_numpy(float), rtol=1e-9, atol=0
    )
    assert batch[JUDGED].notna().any().all()
    assert [reasons_text(told) for told in over["reasons"]] == batch["reasons"].tolist()
    assert [comparables_text(told) for told in over["comparables"]] == batch["comparables"].tolist()
    assert over[WORDS].fillna("none").values.tolist() == batch[WORDS].fillna("none").values.tolist()
