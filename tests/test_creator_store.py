"""Known creators from a snapshot: the same answers as from the tables, its own moment, and which bundle it fits."""

import warnings

import pandas as pd
import pytest

from features.history.history import History
from features.snapshot.writer import write_snapshot
from features.tables.folder import read_tables
from features.tables.validate import validate
from models.bundle import load_bundle
from models.champion import champion_folder
from serving.http.model_store import ModelStore
from serving.http.routes import build_app
from serving.settings import Settings, SettingsError, settings_from

with warnings.catch_warnings():  # starlette would rather have httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

AS_OF = pd.Timestamp("2026-06-15T00:00:00Z")
START = "2026-06-20T18:00:00Z"


@pytest.fixture(scope="module")
def snapshot(home, trained, market_folder, tmp_path_factory):
    bundle = load_bundle(champion_folder(home))
    history = History.from_tables(validate(read_tables(market_folder)))
    out = tmp_path_factory.mktemp("snapshot") / "known.arrow"
    write_snapshot(history, bundle.reference, AS_OF, out, bundle.version)
    return out


def client_of(settings):
    champion = ModelStore(settings)
    champion.start()
    champion.stop()
    assert champion.reason == ""
    return TestClient(build_app(champion))


@pytest.fixture(scope="module")
def mapped(home, snapshot):
    return client_of(Settings(home, snapshot=snapshot))


@pytest.fixture(scope="module")
def tabled(home, market_folder):
    return client_of(Settings(home, market_folder))


@pytest.fixture(scope="module")
def known(market_folder):
    posts = pd.read_parquet(market_folder / "posts.parquet", columns=["creator_id", "platform"])
    rows = posts.drop_duplicates().head(12).to_dict("records")
    return [{**row, "start_at": START, "fee_usd": 300.0, "format": "video"} for row in rows]


def ask(client, rows, as_of=AS_OF, path="/v1/predict", **rest):
    return client.post(path, json={"as_of": as_of.isoformat(), "partnerships": rows, **rest})


def test_a_snapshot_answers_what_the_tables_answer(mapped, tabled, known):
    rows = [*known, {"platform": "tiktok", "followers": 9000}]
    assert ask(mapped, rows).json() == ask(tabled, rows).json()
    assert {one["evidence"] for one in ask(mapped, known).json()["results"]} == {"history"}


def test_later_questions_are_answered_as_of_the_snapshot_and_told_when_it_is_stale(mapped, known):
    for seconds, stale in ((0, False), (1, True)):
        later = AS_OF + pd.Timedelta(days=7, seconds=seconds)
        start = (later + pd.Timedelta(days=1)).isoformat()
        found, inline = ask(
            mapped, [{**known[0], "start_at": start}, {"platform": "x", "followers": 10}], later
        ).json()["results"]
        assert found["as_of"] == "2026-06-15T00:00:00Z"
        assert ("snapshot_stale" in found["warnings"]) == stale
        assert (pd.Timestamp(inline["as_of"]) == later, "snapshot_stale" in inline["warnings"]) == (
            True,
            False,
        )


def test_a_question_from_before_the_snapshot_would_know_the_future(mapped, known):
    response = ask(mapped, known[:1], AS_OF - pd.Timedelta(days=1))
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "code": "before_snapshot",
            "where": "as_of",
            "what": "lies before the snapshot of known creators, which is of 2026-06-15T00:00:00Z",
            "expected": "2026-06-15T00:00:00Z or later, or the creator's profile",
            "got": "2026-06-14T00:00:00Z",
        }
    ]


def test_comparables_are_those_of_the_tables_but_for_deals(mapped, tabled, known):
    from_snapshot, from_tables = (
        [
            [{**other, "deals": None, "cpe_usd": None} for other in one["comparables"]]
            for one in answer.json()["results"]
        ]
        for answer in (ask(client, known, path="/v1/explain") for client in (mapped, tabled))
    )
    assert from_snapshot == from_tables
    assert len(from_snapshot[0]) == 5


def test_a_creator_is_told_as_of_the_snapshot(mapped, tabled, known):
    body = mapped.get(f"/v1/creators/{known[0]['creator_id']}").json()
    assert (body["as_of"], body["stale"], body["platform"]) == (
        "2026-06-15T00:00:00Z",
        True,
        known[0]["platform"],
    )
    assert {one["name"] for one in body["features"]} == {
        one["name"]
        for one in tabled.get(f"/v1/creators/{known[0]['creator_id']}").json()["features"]
    }
    assert mapped.get("/v1/creators/nobody").status_code == 404


def test_a_snapshot_that_does_not_fit_the_champion_keeps_it_out_until_one_does(
    home, snapshot, tmp_path, caplog
):
    path = tmp_path / "known.arrow"
    path.write_bytes(snapshot.read_bytes())
    champion = ModelStore(Settings(home, snapshot=path))
    champion.refresh()
    first = champion.current
    broken = bytearray(snapshot.read_bytes())
    broken[len(broken) // 2] ^= 255
    (tmp_path / "new").write_bytes(broken)
    (tmp_path / "new").replace(path)
    champion.refresh()
    champion.refresh()
    assert champion.current is first
    assert (
        len([r for r in caplog.records if "SnapshotError" in r.message and "stays" in r.message])
        == 1
    )
    (tmp_path / "new").write_bytes(snapshot.read_bytes())
    (tmp_path / "new").replace(path)
    champion.refresh()
    assert champion.current is not first
    assert champion.reason == ""


def test_settings_that_contradict_or_are_no_days_are_refused():
    both = {"CREATORCAST_DATA": "data", "CREATORCAST_SNAPSHOT": "known.arrow"}
    with pytest.raises(SettingsError, match="are both set: give tables, or a snapshot of them"):
        settings_from(both)
    with pytest.raises(
        SettingsError, match="CREATORCAST_SNAPSHOT_DAYS 'soon' is no number of days"
    ):
        settings_from({"CREATORCAST_SNAPSHOT_DAYS": "soon"})
    assert settings_from({"CREATORCAST_SNAPSHOT_DAYS": "0.5"}).stale_days == 0.5
