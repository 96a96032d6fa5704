"""Known creators over HTTP: the search by id or handle, the posts of one, and further quantiles."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.history.history import History
from features.history.known_posts import known_posts
from features.history.post_use import PostUse
from features.snapshot.writer import write_snapshot
from features.tables.folder import read_tables
from features.tables.model import Tables
from features.tables.validate import validate
from models.bundle import load_bundle
from models.champion import champion_folder
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.scoring.creator_index import CreatorIndex
from serving.settings import Settings

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

NAMES = pa.array(["zoe", "ana", "ana.cooks", "banana", None], pa.large_string())
HANDLES = pa.array(["@ZOE_eats", None, "Ana", "x", "ANAIS"], pa.large_string())
INDEX = CreatorIndex(
    np.array([0.0, 0, 0, 1, 1]), [NAMES, HANDLES], np.array([5.0, 1, 2, np.nan, 9])
)


@pytest.mark.parametrize(
    ("text", "platform", "found", "total"),
    [
        ("ana", None, [2, 1, 4, 3], 4),  # the two exact ones by followers, then a prefix, a part
        (" @ANA ", None, [2, 1, 4, 3], 4),
        ("ana", 1, [4, 3], 2),
        ("_EATS", None, [0], 1),
        ("", None, [4, 0, 2, 1], 5),  # at most four
        ("(", None, [], 0),
        ("ana%", None, [], 0),
    ],
)
def test_creators_are_found_by_any_part_of_a_name(text, platform, found, total):
    accounts, count = INDEX.search(text, platform, 4)
    assert (accounts.tolist(), count) == (found, total)


#: Days before the forecast at which the posts of a test were posted.
AGES = {
    "later": -2,
    "fresh": 2,
    "young": 3,
    "repost": 12,
    "early": 15,
    "no comments": 20,
    "two readings": 30,
}


def client_of(settings):
    champion = ModelStore(settings)
    champion.start()
    champion.stop()
    return TestClient(build_app(champion))


@pytest.fixture(scope="module")
def tabled(home, trained, market_folder):
    return client_of(Settings(home, market_folder))


@pytest.fixture(scope="module")
def mapped(home, trained, market_folder, tmp_path_factory):
    bundle = load_bundle(champion_folder(home))
    history = History.from_tables(validate(read_tables(market_folder)))
    out = tmp_path_factory.mktemp("snapshot") / "known.arrow"
    write_snapshot(
        history, bundle.reference, pd.Timestamp("2026-06-15", tz="UTC"), out, bundle.version
    )
    return client_of(Settings(home, snapshot=out))


@pytest.fixture(scope="module")
def creators(market_folder):
    return pd.read_parquet(market_folder / "creators.parquet")


def test_the_largest_creators_come_first_and_all_are_counted(tabled, mapped, creators):
    for client in (tabled, mapped):
        body = client.get("/v1/creators", params={"limit": 5}).json()
        assert body["total"] == len(creators[["platform", "creator_id"]].drop_duplicates())
        followers = [one["followers"] for one in body["creators"]]
        assert followers == sorted(followers, reverse=True)
        assert len(followers) == 5
        for one in body["creators"]:
            known = client.get(
                f"/v1/creators/{one['creator_id']}", params={"platform": one["platform"]}
            ).json()
            assert one == {name: known[name] for name in one}


def test_a_search_finds_ids_of_tables_and_snapshot(tabled, mapped, creators):
    name = creators["creator_id"].iloc[7]
    for client in (tabled, mapped):
        body = client.get("/v1/creators", params={"search": f"@{name.upper()}"}).json()
        assert body["creators"][0]["creator_id"] == name
        assert client.get("/v1/creators", params={"search": "no such name"}).json() == {
            "total": 0,
            "creators": [],
        }


def test_a_service_without_creators_finds_none(home, trained):
    body = client_of(Settings(home)).get("/v1/creators").json()
    assert body == {"total": 0, "creators": []}


@pytest.mark.parametrize(
    ("query", "where", "code"),
    [
        ({"limit": "0"}, "query.limit", "below_minimum"),
        ({"limit": "101"}, "query.limit", "above_maximum"),
        ({"limit": "٣"}, "query.limit", "wrong_type"),
        ({"limit": "9" * 5000}, "query.limit", "wrong_type"),
        ({"platform": "myspace"}, "query.platform", "not_accepted"),
        ({"serch": "a"}, "query.serch", "unknown_field"),
    ],
)
def test_a_search_that_cannot_be_is_refused(tabled, query, where, code):
    response = tabled.get("/v1/creators", params=query)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["where"], error["code"]) == (400, where, code)


def test_the_last_posts_are_given_with_their_use(tabled, market_folder):
    posts = pd.read_parquet(market_folder / "posts.parquet")
    creator_id = posts["creator_id"].iloc[0]
    body = tabled.get(f"/v1/creators/{creator_id}", params={"posts": 6}).json()
    own = posts[posts["creator_id"] == creator_id]
    assert body["posts_known"] == own["post_id"].nunique()
    assert len(body["posts"]) == 6
    newest = own.drop_duplicates("post_id").sort_values("posted_at", ascending=False)
    assert [one["post_id"] for one in body["posts"]] == newest["post_id"].head(6).tolist()
    for one in body["posts"]:
        rows = own[own["post_id"] == one["post_id"]]
        assert pd.Timestamp(one["posted_at"]) == rows["posted_at"].iloc[0]
        assert one["counts"] == (one["reason"] is None)
        if one["counts"]:
            assert one["engagements"] > 0
            assert one["engagements_read"] > 0
    assert any(one["counts"] for one in body["posts"])
    assert tabled.get(f"/v1/creators/{creator_id}").json()["posts"] is None


def test_a_snapshot_says_that_it_has_no_posts(mapped, creators):
    body = mapped.get(f"/v1/creators/{creators['creator_id'].iloc[0]}", params={"posts": 6}).json()
    assert body["posts"] is None
    assert "holds no posts" in body["posts_note"]


def test_each_post_has_one_use(scorer):
    """Readings too early, later than the forecast, of a repost: each post once, with its use."""
    day = pd.Timedelta(days=1)
    now = pd.Timestamp("2026-06-15", tz="UTC")

    def reading(name, age, read_at, **more):
        row = {"platform": "instagram", "creator_id": "c", "post_id": name, "likes": 9.0}
        posted = now - age * day
        observed = None if read_at is None else posted + read_at * day
        return row | {"posted_at": posted, "observed_at": observed, "comments": 1.0} | more

    rows = [
        reading("two readings", 30, 2),
        reading("two readings", 30, 9),
        reading("no comments", 20, None, comments=None),
        reading("early", 15, 0.5),
        reading("young", 3, 0.5),
        reading("fresh", 2, 1.5),
        reading("repost", 12, 9, repost=True),
        reading("later", -2, None),
    ]
    creators_table = pd.DataFrame(
        [{"creator_id": "c", "platform": "instagram", "observed_at": now, "followers": 100.0}]
    )
    tables = Tables(creators=creators_table, posts=pd.DataFrame(rows))
    tables = validate(tables, now + 60 * day)
    history = scorer.bundle.reference.at_horizon(History.from_tables(tables, details=True))
    posts = known_posts(history, 0, int(now.timestamp() * 1e6))
    told = dict(zip(posts.posted_at.tolist(), map(PostUse, posts.use.tolist()), strict=True))
    age = {name: int((now - days * day).timestamp() * 1e6) for name, days in AGES.items()}
    assert {name: told[age[name]] for name in AGES} == {
        "later": PostUse.AFTER_AS_OF,
        "fresh": PostUse.COUNTS,
        "young": PostUse.TOO_YOUNG,
        "repost": PostUse.REPOST,
        "early": PostUse.READ_TOO_EARLY,
        "no comments": PostUse.INCOMPLETE,
        "two readings": PostUse.COUNTS,
    }
    assert len(posts) == len(AGES)


def test_further_quantiles_stand_beside_the_usual_ones(tabled):
    row = {"platform": "tiktok", "followers": 9000}
    shares = [0.001, 0.025, 0.1, 0.5, 0.99]
    for path in ("/v1/predict", "/v1/explain", "/v1/rank"):
        body = {"partnerships": [row], "quantiles": shares}
        (result,) = tabled.post(path, json=body).json()["results"]
        (usual,) = tabled.post(path, json={"partnerships": [row]}).json()["results"]
        for target in ("engagements", "views"):
            found = result[target]
            assert usual[target].items() <= found.items()
            assert found.keys() - usual[target].keys() == {"p00_1", "p02_5", "p99"}
            assert found["p00_1"] < found["p02_5"] < found["p05"] < found["p95"] < found["p99"]


@pytest.mark.parametrize(
    ("quantiles", "code"),
    [
        ([0.5, 0.5], "not_ascending"),
        ([0.9, 0.1], "not_ascending"),
        ([0.0], "below_minimum"),
        ([0.9991], "above_maximum"),
        (["0.1"], "wrong_type"),
        ([n / 200 for n in range(1, 101)], "too_many"),
    ],
)
def test_quantiles_that_cannot_be_are_refused(tabled, quantiles, code):
    body = {"partnerships": [{"platform": "x", "followers": 9000}], "quantiles": quantiles}
    response = tabled.post("/v1/predict", json=body)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, code)
    assert error["where"].startswith("quantiles")
