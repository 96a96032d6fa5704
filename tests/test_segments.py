"""SegmentBenchmarks of tables written by hand: one figure a creator, shrunk toward the parent, and too few say so."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from features.derive.fit_reference import fit_reference
from features.fit_segments import DEFAULT_SHRINKAGE, fit_benchmarks
from features.history.deals import completed_deals
from features.history.history import History
from features.maturation.maturation import AS_READ
from features.segments import (
    MIN_SEGMENT_CREATORS,
    QUANTILE_LEVELS,
    SegmentBenchmarks,
)
from features.tables.model import Tables
from features.tables.validate import validate
from features.tables.vocabulary import lookup_indexes
from models.bundle import Bundle
from serving.http.benchmark_listing import BenchmarkListingError, benchmarks_text, filter_benchmarks
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

UNTIL = pd.Timestamp("2026-06-01T00:00:00Z")
POSTED = "2026-05-01T00:00:00Z"
MEDIAN = int(np.searchsorted(QUANTILE_LEVELS, 0.5))


def market(*groups, deals=()):
    """Give tables of groups (platform, followers, niche, likes of each creator), three video posts a creator."""
    creators, posts = [], []
    for platform, followers, niche, likes in groups:
        for value in likes:
            name = f"c{len(creators)}"
            creators.append(
                {"creator_id": name, "platform": platform, "followers": followers, "niche": niche}
            )
            posts += [
                {
                    "creator_id": name,
                    "platform": platform,
                    "post_id": f"{name}-{n}",
                    "posted_at": POSTED,
                }
                | {"format": "video", "likes": value, "comments": 0, "shares": 0}
                for n in range(3)
            ]
    own = {"partnerships": pd.DataFrame(deals)} if deals else {}
    return validate(Tables(pd.DataFrame(creators), posts=pd.DataFrame(posts), **own))


def deal(number, **rest):
    return {"partnership_id": f"d{number}", "creator_id": f"c{number}", **rest}


def fitted(tables):
    history = History.from_tables(tables)
    deals = completed_deals(history, tables.partnerships, int(UNTIL.timestamp() * 1e6))
    return fit_benchmarks(history, fit_reference(history, UNTIL, maturation=AS_READ), UNTIL, deals)


def cell(found, *parts):
    return found.segments.index((*parts, *[""] * (4 - len(parts))))


def test_a_cell_has_the_median_of_its_creators_shrunk_toward_its_parent():
    found = fitted(
        market(("instagram", 5000, "food", [100] * 20), ("instagram", 5000, "travel", [400] * 30))
    )
    middle = found.quantiles["engagements"][:, MEDIAN]
    everyone = cell(found, "instagram", "nano")
    assert middle[everyone] == pytest.approx(400)
    food = cell(found, "instagram", "nano", "food")
    assert found.creators["engagements"][food] == 20
    expected = np.exp(
        (20 * np.log(100) + DEFAULT_SHRINKAGE * np.log(400)) / (20 + DEFAULT_SHRINKAGE)
    )
    assert middle[food] == pytest.approx(expected)
    assert found.quantiles["engagement_rate_by_followers"][food, MEDIAN] == pytest.approx(
        expected / 5000
    )


def test_a_cell_of_too_few_creators_says_so_and_its_parent_answers():
    few = MIN_SEGMENT_CREATORS - 1
    found = fitted(
        market(("instagram", 5000, "food", [100] * few), ("instagram", 5000, "travel", [400] * 30))
    )
    rows = found.to_frame().set_index(["measure", "platform", "band", "niche", "format"])
    row = rows.loc[("engagements", "instagram", "nano", "food", "")]
    assert (row["creators"], row["enough"]) == (few, False)
    codes = {"platform": [0.0, 0.0, 1.0], "band": [1.0, 1.0, 1.0], "niche": [14.0, 27.0, np.nan]}
    places = found.find_segment(
        "engagements", lookup_indexes({name: np.array(values) for name, values in codes.items()})
    )
    assert places.tolist() == [
        cell(found, "instagram", "nano"),
        cell(found, "instagram", "nano", "travel"),
        -1,
    ]
    assert np.isnan(found.quantiles_at("engagements", places)[2]).all()


def test_a_format_has_a_cell_of_its_own_where_it_is_asked_for():
    found = fitted(market(("instagram", 5000, "food", [100] * 20)))
    codes = {"platform": np.zeros(2), "band": np.ones(2), "niche": np.array([14.0, np.nan])}
    with_format = found.find_segment(
        "engagements", lookup_indexes({**codes, "format": np.array([2.0, 2.0])})
    )
    assert [found.segments[place] for place in with_format] == [
        ("instagram", "nano", "food", "video"),
        ("instagram", "nano", "", ""),
    ]
    assert found.segments[found.find_segment("engagements", lookup_indexes(codes))[0]] == (
        "instagram",
        "nano",
        "food",
        "",
    )


def test_costs_are_those_of_own_deals_a_creator_once_and_gifts_are_no_price():
    groups = ("instagram", 5000, "food", [100] * 12)
    deals = [deal(n, fee_usd=50, engagements=200, views=1000) for n in range(11)]
    deals += [{**deal(10, fee_usd=150, engagements=200), "partnership_id": "again"}]
    deals += [deal(11, fee_usd=0, engagements=200)]
    found = fitted(market(groups, deals=deals))
    place = cell(found, "instagram", "nano", "food")
    assert found.creators["cpe_usd"][place] == found.creators["cpm_usd"][place] == 11
    assert found.quantiles["cpe_usd"][place, MEDIAN] == pytest.approx(0.25)
    assert found.quantiles["cpm_usd"][place, MEDIAN] == pytest.approx(50)


def test_deals_that_are_not_over_are_not_known():
    tables = market(
        ("instagram", 5000, "food", [100] * 3),
        deals=[
            deal(0, start_at="2026-05-24T00:00:00Z", fee_usd=10, engagements=100),
            deal(1, start_at="2026-05-26T00:00:00Z", fee_usd=10, engagements=100),
            deal(2, fee_usd=10, engagements=100),
        ],
    )
    known = completed_deals(
        History.from_tables(tables), tables.partnerships, int(UNTIL.timestamp() * 1e6)
    )
    assert known["partnership_id"].tolist() == ["d0", "d2"]
    assert known["account"].tolist() == [0, 2]


@pytest.mark.parametrize(("followers", "niche"), [(None, "food"), (5000, None), (None, None)])
def test_where_nobody_has_a_band_or_niche_the_platform_stays(followers, niche):
    found = fitted(market(("instagram", followers, niche, [100] * 20)))
    codes = {
        "platform": np.zeros(1),
        "band": np.array([1.0]),
        "niche": np.full(1, np.nan),
        "format": np.full(1, np.nan),
    }
    assert found.quantiles_at(
        "engagements", found.find_segment("engagements", lookup_indexes(codes))
    )[0, MEDIAN] == pytest.approx(100)
    assert len(found.segments) == (3 if followers else 2)


def test_without_deals_there_are_no_costs():
    found = fitted(market(("instagram", 5000, "food", [100] * 20)))
    assert "cpe_usd" not in set(found.to_frame()["measure"])
    assert found.find_segment(
        "cpe_usd", lookup_indexes({"platform": np.zeros(1), "band": np.ones(1)})
    ) == [-1]


def test_json_brings_back_the_same(trained):
    found = trained.bundle.benchmarks
    back = SegmentBenchmarks.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    pd.testing.assert_frame_equal(back.to_frame(), found.to_frame())
    assert (back.segments, back.bands, back.followers) == (
        found.segments,
        found.bands,
        found.followers,
    )


def test_a_list_is_narrowed_and_unknown_values_are_named(trained):
    cells = filter_benchmarks(
        trained.bundle, platform="tiktok", measure="engagements", band="nano", niche=None
    )
    assert set(cells["platform"]) == {"tiktok"}
    assert set(cells["band"]) == {"nano"}
    lines = benchmarks_text(cells).splitlines()
    assert len(lines) == len(cells) + 2
    assert any(line.endswith("  too few") for line in lines)
    with pytest.raises(
        BenchmarkListingError, match=r"niche 'kochen' is unknown: expected one of art, automotive"
    ):
        filter_benchmarks(trained.bundle, niche="kochen")
    with pytest.raises(
        BenchmarkListingError, match="made before there were benchmarks: train and promote anew"
    ):
        filter_benchmarks(Bundle({"version": "old"}, None, {}))


def test_the_service_lists_them(home):
    champion = ModelStore(Settings(home))
    champion.refresh()
    client = TestClient(build_app(champion))
    body = client.get("/v1/benchmarks", params={"platform": "tiktok", "measure": "cpe_usd"}).json()
    assert body["trained_on"] == "simulated"
    assert body["enough_creators"] == MIN_SEGMENT_CREATORS
    assert body["cells"] == filter_benchmarks(
        champion.current.scorer.bundle, platform="tiktok", measure="cpe_usd"
    ).to_dict("records")
    wrong = client.get("/v1/benchmarks?platform=myspace")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")
    assert wrong.json()["errors"] == [
        {"code": "not_accepted", "where": "query.platform", "what": "is unknown"}
        | {"expected": "one of instagram, tiktok, youtube, x", "got": "myspace"}
    ]
    assert (
        client.get("/v1/benchmarks?plattform=x").json()["errors"][0]["where"] == "query.plattform"
    )
